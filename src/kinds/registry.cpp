#include "orilla/kinds/registry.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <string>

#include "orilla/base/text.hpp"

namespace orilla::api {
namespace {

bool answers_to(const KindInfo& kind, std::string_view name) {
    return name == kind.plural || name == kind.singular || name == lowered(kind.kind) ||
           std::ranges::find(kind.short_names, name) != kind.short_names.end();
}

/// "apps" or "v1.apps" after the first dot of deployments.v1.apps.
bool is_in_group(const KindInfo& kind, std::string_view group) {
    const std::string versioned = fmt::format("{}.{}", kind.version, kind.group);
    return group == kind.group || group == versioned;
}

template <class Test>
const KindInfo* first_of(const std::vector<KindRef>& kinds, const Test& test) {
    for (const KindInfo& kind : kinds)
        if (test(kind)) return &kind;
    return nullptr;
}

}  // namespace

KindRegistry::KindRegistry(std::span<const KindInfo> first) : kinds_(first.begin(), first.end()) {}

Result<void> KindRegistry::add(std::unique_ptr<AddedKind> kind) {
    // From here on its references own it.
    const KindRef added(kind.release()->info);
    const std::string name = fmt::format("{} of {}", added->kind, added->api_version);
    if (find(added->group, added->version, added->kind) || find_resource(added->group, added->version, added->plural))
        return Error(Code::already_exists, name + " is served already");
    if (kinds_.size() >= kinds_max)
        return Error(Code::too_many_requests, fmt::format("{}: {} kinds are served already", name, kinds_max));
    size_t group_end = 0, version_end = 0;
    for (size_t i = 0; i < kinds_.size(); ++i) {
        if (kinds_[i]->group != added->group) continue;
        group_end = i + 1;
        if (kinds_[i]->version == added->version) version_end = i + 1;
    }
    const size_t place = version_end ? version_end : group_end ? group_end : kinds_.size();
    kinds_.insert(kinds_.begin() + static_cast<std::ptrdiff_t>(place), added);
    tell(Change::Type::added, added);
    return ok();
}

Result<void> KindRegistry::remove(const KindInfo& kind) {
    const KindRef removed(kind);
    if (!kind.added) return Error(Code::forbidden, std::string(kind.resource) + " is built in");
    if (std::erase(kinds_, removed) == 0) return Error(Code::not_found, std::string(kind.resource) + " is not served");
    tell(Change::Type::removed, removed);
    return ok();
}

KindRegistry::Subscription KindRegistry::on_change(Listener listener) {
    auto kept = std::make_shared<const Listener>(std::move(listener));
    listeners_.push_back(kept);
    return kept;
}

/// Those who subscribe meanwhile are told of later changes alone, and those who let go are not told any more.
void KindRegistry::tell(Change::Type type, KindRef kind) {
    ++revision_;
    std::erase_if(listeners_, [](const auto& listener) { return listener.expired(); });
    const auto now = listeners_;
    for (const auto& weak : now)
        if (const auto listener = weak.lock()) (*listener)({type, kind});
}

const KindInfo* KindRegistry::find(std::string_view group, std::string_view version, std::string_view kind) const {
    return first_of(kinds_,
                    [&](const KindInfo& info) { return info.kind == kind && info.group == group && info.version == version; });
}

const KindInfo* KindRegistry::find(std::string_view api_version, std::string_view kind) const {
    return first_of(kinds_, [&](const KindInfo& info) { return info.kind == kind && info.api_version == api_version; });
}

const KindInfo* KindRegistry::find(const TypeInfo& type) const {
    return first_of(kinds_, [&](const KindInfo& info) { return info.type == &type; });
}

const KindInfo* KindRegistry::find_resource(std::string_view group, std::string_view version, std::string_view plural) const {
    return first_of(
        kinds_, [&](const KindInfo& info) { return info.plural == plural && info.group == group && info.version == version; });
}

const KindInfo* KindRegistry::find_resource(std::string_view resource) const {
    return first_of(kinds_, [&](const KindInfo& info) { return info.resource == resource; });
}

const KindInfo* KindRegistry::find_by_any_name(std::string_view name) const {
    const std::string wanted = lowered(name);
    const size_t dot = wanted.find('.');
    const std::string_view type = std::string_view(wanted).substr(0, dot);
    const std::string_view group = dot == std::string::npos ? std::string_view() : std::string_view(wanted).substr(dot + 1);
    return first_of(kinds_, [&](const KindInfo& info) {
        return answers_to(info, type) && (dot == std::string::npos || is_in_group(info, group));
    });
}

std::vector<KindRef> KindRegistry::resources() const {
    std::vector<KindRef> found;
    for (const KindInfo& kind : kinds_)
        if (find_resource(kind.resource) == &kind) found.emplace_back(kind);
    return found;
}

std::vector<KindRef> KindRegistry::find_category(std::string_view category) const {
    std::vector<KindRef> found;
    for (const KindInfo& kind : kinds_)
        if (std::ranges::find(kind.categories, category) != kind.categories.end()) found.emplace_back(kind);
    return found;
}

std::set<std::string, std::less<>> resources_with(const KindRegistry& kinds, Payload payload) {
    std::set<std::string, std::less<>> found;
    for (const KindInfo& kind : kinds.all())
        if (kind.payload == payload) found.emplace(kind.resource);
    return found;
}

}  // namespace orilla::api
