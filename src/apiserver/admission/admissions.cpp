#include "admission/namespace_lifecycle.hpp"
#include "admission/service_allocation.hpp"
#include "admission/storage_claims.hpp"
#include "orilla/apiserver/admission.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::apiserver {

namespace {
using Plugin = std::unique_ptr<objects::Admission>;

Plugin make_namespace_lifecycle(objects::Objects& objects, const AdmissionOptions&) {
    return std::make_unique<NamespaceLifecycle>(objects);
}

Plugin make_service_allocation(objects::Objects& objects, const AdmissionOptions& options) {
    return options.service_cidr.empty() ? nullptr : std::make_unique<ServiceAllocation>(objects, options.service_cidr);
}

Plugin make_storage_claims(objects::Objects& objects, const AdmissionOptions&) {
    return std::make_unique<StorageClaims>(objects);
}

/// All there are, in the order in which they are asked. Null: not wanted.
constexpr struct {
    const char* name;
    Plugin (*make)(objects::Objects& objects, const AdmissionOptions& options);
} all_plugins[] = {
    {"NamespaceLifecycle", make_namespace_lifecycle},
    {"ServiceAllocation", make_service_allocation},
    {"StorageClaims", make_storage_claims},
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
