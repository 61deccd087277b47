#include "orilla/kinds/kinds.hpp"

#include <algorithm>

namespace orilla::api {

const SubresourceInfo* KindInfo::find_subresource(std::string_view wanted) const {
    for (const SubresourceInfo& subresource : subresources)
        if (subresource.name == wanted) return &subresource;
    return nullptr;
}

bool KindInfo::has_verb(std::string_view verb) const { return std::ranges::find(verbs, verb) != verbs.end(); }

const KindInfo* find_builtin_kind(const TypeInfo& type) {
    for (const KindInfo& info : builtin_kinds())
        if (info.type == &type) return &info;
    return nullptr;
}

}  // namespace orilla::api
