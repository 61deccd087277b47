#include "orilla/kinds/kinds.hpp"

#include <algorithm>
#include <string>

#include "orilla/base/text.hpp"

namespace orilla::api {
namespace {
bool answers_to(const KindInfo& kind, std::string_view name) {
    return name == kind.plural || name == kind.singular || name == lowered(kind.kind) ||
           std::ranges::find(kind.short_names, name) != kind.short_names.end();
}

// "apps" or "v1.apps" after the first dot of deployments.v1.apps.
bool is_in_group(const KindInfo& kind, std::string_view group) {
    std::string versioned = std::string(kind.version) + "." + std::string(kind.group);
    return group == kind.group || group == versioned;
}
}  // namespace

const SubresourceInfo* KindInfo::find_subresource(std::string_view wanted) const {
    for (const SubresourceInfo& subresource : subresources)
        if (subresource.name == wanted) return &subresource;
    return nullptr;
}

bool KindInfo::has_verb(std::string_view verb) const { return std::ranges::find(verbs, verb) != verbs.end(); }

const KindInfo* find_kind(std::string_view group, std::string_view version, std::string_view kind) {
    for (const KindInfo& info : all_kinds())
        if (info.kind == kind && info.group == group && info.version == version) return &info;
    return nullptr;
}

const KindInfo* find_kind(std::string_view api_version, std::string_view kind) {
    for (const KindInfo& info : all_kinds())
        if (info.kind == kind && info.api_version == api_version) return &info;
    return nullptr;
}

const KindInfo* find_kind(const TypeInfo& type) {
    for (const KindInfo& info : all_kinds())
        if (info.type == &type) return &info;
    return nullptr;
}

const KindInfo* find_resource(std::string_view group, std::string_view version, std::string_view plural) {
    for (const KindInfo& info : all_kinds())
        if (info.plural == plural && info.group == group && info.version == version) return &info;
    return nullptr;
}

const KindInfo* find_resource(std::string_view resource) {
    for (const KindInfo& info : all_kinds())
        if (info.resource == resource) return &info;
    return nullptr;
}

const KindInfo* find_kind_by_any_name(std::string_view name) {
    std::string wanted = lowered(name);
    size_t dot = wanted.find('.');
    std::string_view group = dot == std::string::npos ? "" : std::string_view(wanted).substr(dot + 1);
    for (const KindInfo& info : all_kinds())
        if (answers_to(info, std::string_view(wanted).substr(0, dot)) &&
            (dot == std::string::npos || is_in_group(info, group)))
            return &info;
    return nullptr;
}

}  // namespace orilla::api
