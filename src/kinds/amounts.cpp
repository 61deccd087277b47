#include "amounts.hpp"

#include <algorithm>

namespace orilla::api {
namespace {

constexpr std::string_view quota_resources[] = {"configmaps",
                                                "cpu",
                                                "ephemeral-storage",
                                                "limits.cpu",
                                                "limits.ephemeral-storage",
                                                "limits.memory",
                                                "memory",
                                                "persistentvolumeclaims",
                                                "pods",
                                                "replicationcontrollers",
                                                "requests.cpu",
                                                "requests.ephemeral-storage",
                                                "requests.memory",
                                                "requests.storage",
                                                "resourcequotas",
                                                "secrets",
                                                "services",
                                                "services.loadbalancers",
                                                "services.nodeports"};
/// Those of them that count objects.
constexpr std::string_view whole_resources[] = {"configmaps",
                                                "persistentvolumeclaims",
                                                "pods",
                                                "replicationcontrollers",
                                                "resourcequotas",
                                                "secrets",
                                                "services",
                                                "services.loadbalancers",
                                                "services.nodeports"};
constexpr std::string_view huge_pages_prefix = "hugepages-", requested = "requests.";

bool is_huge_pages(std::string_view name) {
    if (name.starts_with(requested)) name.remove_prefix(requested.size());
    return name.starts_with(huge_pages_prefix);
}

}  // namespace

bool is_quota_resource(std::string_view name) {
    return std::ranges::find(quota_resources, name) != std::end(quota_resources) || is_huge_pages(name);
}

bool is_extended_resource(std::string_view name) {
    const size_t slash = name.find('/');
    if (slash == name.npos || name.starts_with(requested)) return false;
    return name.substr(0, slash).find("kubernetes.io") == name.npos;
}

bool is_overcommitted(std::string_view name) {
    return name.find('/') == name.npos ? !name.starts_with(huge_pages_prefix) : !is_extended_resource(name);
}

void check_resource(std::string_view name, const Path& path, FieldErrors& errors) {
    const Complaints complaints = check_qualified_name(name);
    errors.complain(path, name, complaints);
    if (complaints.empty() && name.find('/') == name.npos && name != "storage" && !is_quota_resource(name))
        errors.invalid(path, name, "must be a standard resource type or fully qualified");
}

void check_container_resource(std::string_view name, const Path& path, FieldErrors& errors) {
    const Complaints complaints = check_qualified_name(name);
    errors.complain(path, name, complaints);
    if (!complaints.empty() || name == "cpu" || name == "memory" || name == "ephemeral-storage") return;
    if (name.find('/') == name.npos && !name.starts_with(huge_pages_prefix))
        errors.invalid(path, name, "must be a standard resource for containers");
}

void check_amount(std::string_view name, const Quantity& amount, const Path& path, FieldErrors& errors) {
    if (amount.compare(Quantity()) < 0) errors.invalid(path, amount.text, "must be greater than or equal to 0");
    const bool whole = std::ranges::find(whole_resources, name) != std::end(whole_resources) || is_extended_resource(name);
    if (whole && amount.milli_value() % 1000 != 0) errors.invalid(path, amount.text, "must be an integer");
}

void round_to_milli(Map<Quantity>& amounts) {
    for (auto& [name, amount] : amounts) {
        const std::string_view text = amount.text;
        if (text.ends_with('n') || text.ends_with('u')) amount = Quantity::from_milli(amount.milli_value());
    }
}

}  // namespace orilla::api
