// ResourceQuotas.
#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <span>

#include "amounts.hpp"
#include "checks.hpp"
#include "orilla/schema/codec.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

using Names = std::set<std::string_view>;

constexpr std::string_view pod_amounts[] = {"cpu",  "limits.cpu",   "limits.memory",  "memory",
                                            "pods", "requests.cpu", "requests.memory"};
constexpr std::string_view claim_amounts[] = {"persistentvolumeclaims", "requests.storage"};
constexpr std::string_view scopes[] = {
    "BestEffort",  "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass",
    "Terminating", "VolumeAttributesClass"};
constexpr std::string_view valued_scopes[] = {"PriorityClass", "VolumeAttributesClass"};
constexpr std::pair<std::string_view, std::string_view> opposite_scopes[] = {{"BestEffort", "NotBestEffort"},
                                                                             {"Terminating", "NotTerminating"}};

bool is_among(std::string_view name, std::span<const std::string_view> names) {
    return std::ranges::find(names, name) != names.end();
}

std::string names_json(const List<Str>& names) {
    std::string text = "[";
    for (const Str& name : names) text += (text.size() > 1 ? "," : "") + quote(name);
    return text + "]";
}

/// Of what a scope says something. Counts of other objects are taken, and nothing falls under them.
bool fits(std::string_view scope, std::string_view resource) {
    if (!is_quota_resource(resource)) return true;
    if (scope == "BestEffort") return resource == "pods";
    if (scope == "VolumeAttributesClass") return is_among(resource, claim_amounts);
    return is_among(resource, pod_amounts);
}

void check_hard(const Map<Quantity>& hard, const Path& path, FieldErrors& errors) {
    for (const auto& [name, amount] : hard) {
        if (errors.full()) return;
        const Path at = path.key(name);
        check_resource(name, at, errors);
        if (name.view().find('/') == std::string_view::npos && !is_quota_resource(name))
            errors.invalid(at, name, "must be a standard resource for quota");
        check_amount(name, amount, at, errors);
    }
}

void check_scopes(const ResourceQuotaSpec& spec, const Path& path, FieldErrors& errors) {
    const std::string all = names_json(spec.scopes);
    Names names;
    for (const Str& scope : spec.scopes) {
        names.insert(scope.view());
        if (!is_among(scope, scopes)) errors.invalid_json(path, all, "unsupported scope");
        for (const auto& amount : spec.hard)
            if (is_among(scope, scopes) && !fits(scope, amount.key))
                errors.invalid_json(path, all, "unsupported scope applied to resource");
    }
    for (const auto& [one, other] : opposite_scopes)
        if (names.contains(one) && names.contains(other)) errors.invalid_json(path, all, "conflicting scopes");
}

void check_operator(const ScopedResourceSelectorRequirement& one, const Path& path, FieldErrors& errors) {
    const Path chosen = path / "operator", values = path / "values";
    const std::string_view how = one.operator_;
    if (is_among(one.scope_name, scopes) && !is_among(one.scope_name, valued_scopes) && how != "Exists")
        errors.invalid(chosen, how,
                       "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
                       "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or "
                       "ResourceQuotaScopeCrossNamespacePodAffinity");
    if (how == "In" || how == "NotIn") {
        if (one.values.empty())
            errors.required(values, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
    } else if (how == "Exists" || how == "DoesNotExist") {
        if (!one.values.empty())
            errors.invalid_json(values, names_json(one.values),
                                "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
    } else if (!how.empty()) {
        errors.invalid(chosen, how, "not a valid selector operator");
    }
}

void check_scope_selector(const ResourceQuotaSpec& spec, const Path& path, FieldErrors& errors) {
    if (!spec.scope_selector) return;
    const Path selector = path / "scopeSelector";
    const Path at = selector / "matchExpressions";
    const std::string all = encode(*spec.scope_selector);
    Names names;
    for (const auto& one : spec.scope_selector->match_expressions) {
        if (errors.full()) return;
        const bool known = is_among(one.scope_name, scopes);
        if (!known && !one.scope_name.empty()) errors.invalid(at / "scopeName", one.scope_name, "unsupported scope");
        for (const auto& amount : spec.hard)
            if (known && !fits(one.scope_name, amount.key))
                errors.invalid_json(at, all, "unsupported scope applied to resource");
        check_operator(one, at, errors);
        names.insert(one.scope_name.view());
    }
    for (const auto& [one, other] : opposite_scopes)
        if (names.contains(one) && names.contains(other)) errors.invalid_json(at, all, "conflicting scopes");
}

void complete_resource_quota(ResourceQuota& quota) {
    for (Map<Quantity>* amounts : {&quota.spec.hard, &quota.status.hard, &quota.status.used}) round_to_milli(*amounts);
}

void check_resource_quota(const ResourceQuota& quota, FieldErrors& errors) {
    const Path spec("spec");
    check_hard(quota.spec.hard, spec / "hard", errors);
    check_scopes(quota.spec, spec / "scopes", errors);
    check_scope_selector(quota.spec, spec, errors);
}

void check_resource_quota_update(const ResourceQuota& updated, const ResourceQuota& old, FieldErrors& errors) {
    const Path spec("spec");
    const Names now(updated.spec.scopes.begin(), updated.spec.scopes.end());
    const Names before(old.spec.scopes.begin(), old.spec.scopes.end());
    if (now != before) errors.invalid_json(spec / "scopes", names_json(updated.spec.scopes), "field is immutable");
}

Row render_resource_quota(const ResourceQuota& quota, int64_t now) {
    std::string requests, limits;
    for (const auto& [name, hard] : quota.status.hard) {
        const Quantity* used = quota.status.used.get(name);
        std::string& text = name.view().starts_with("limits.") ? limits : requests;
        text +=
            fmt::format("{}{}: {}/{}", text.empty() ? "" : ", ", name.view(), used ? used->text.view() : "0", hard.text.view());
    }
    return {quota.metadata.name.view(), requests, limits, render_age(quota.metadata.creation_timestamp, now)};
}

}  // namespace

const KindRules resource_quota_rules = {
    .complete = completed<ResourceQuota, complete_resource_quota>,
    .check = checked<ResourceQuota, check_resource_quota>,
    .check_update = checked_update<ResourceQuota, check_resource_quota_update>,
    .row = rendered<ResourceQuota, render_resource_quota>,
};

}  // namespace orilla::api
