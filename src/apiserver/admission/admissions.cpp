#include "admission/plugins.hpp"

namespace orilla::apiserver {

namespace {
/// All there are, in the order in which they are asked: what refuses at once, what fills in, and last what counts.
constexpr struct {
    const char* name;
    Plugin (*make)(objects::Objects& objects, const AdmissionOptions& options);
} all_plugins[] = {
    {"NamespaceLifecycle", make_namespace_lifecycle},
    {"ServiceAllocation", make_service_allocation},
    {"LimitRanger", make_limit_ranges},
    {"Priority", make_priority},
    {"DefaultTolerationSeconds", make_toleration_seconds},
    {"StorageClaims", make_storage_claims},
    {"DefaultIngressClass", make_default_ingress_class},
    {"ResourceQuota", make_resource_quotas},
};
}  // namespace

Admissions::Admissions(objects::Objects& objects, const AdmissionOptions& options) {
    for (const auto& [name, make] : all_plugins) {
        auto plugin = make(objects, options);
        if (!plugin) continue;
        objects.add_admission(*plugin);
        plugins_.push_back(std::move(plugin));
    }
}
Admissions::~Admissions() = default;

}  // namespace orilla::apiserver
