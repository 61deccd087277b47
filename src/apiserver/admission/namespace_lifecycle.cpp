// What is in a namespace comes and goes with it: nothing is created in one that does not exist or is on its way out, and those
// that every cluster has stay.
#include <fmt/core.h>

#include <algorithm>

#include "admission/plugins.hpp"
#include "orilla/schema/field_errors.hpp"

namespace orilla::apiserver {

namespace {
/// Those among the standard ones that may not be deleted.
constexpr std::string_view lasting_namespaces[] = {"default", "kube-system", "kube-public"};

class NamespaceLifecycle final : public objects::Admission {
  public:
    explicit NamespaceLifecycle(objects::Objects& objects) : objects_(objects) {}

    bool handles(const objects::WriteInfo& write) const override {
        if (write.operation == objects::Operation::create) return write.kind.namespaced;
        return write.operation == objects::Operation::remove && &write.kind == &api::kind_of<api::Namespace>();
    }
    bool changes_objects() const override { return false; }
    objects::Task<Result<void>> on_create(api::Object& object, const objects::AdmissionRequest&) override {
        co_return check_create(object);
    }
    objects::Task<Result<void>> on_delete(const api::Object& old, const objects::AdmissionRequest&) override {
        co_return check_delete(old);
    }

  private:
    Result<void> check_create(const api::Object& object) const {
        const std::string ns = object.meta().namespace_.str();
        const auto found = objects_.get<api::Namespace>(ns);
        if (!found) return store::not_found_error({"namespaces", "", ns});
        if (!found->metadata.deletion_timestamp) return ok();
        return api::make_forbidden_error(
                   object.kind().group, object.kind().plural, object.meta().name,
                   fmt::format("unable to create new content in namespace {} because it is being terminated", ns))
            .with_cause({"NamespaceTerminating", fmt::format("namespace {} is being terminated", ns), "metadata.namespace"});
    }
    static Result<void> check_delete(const api::Object& ns) {
        const std::string_view name = ns.meta().name;
        if (std::ranges::find(lasting_namespaces, name) == std::end(lasting_namespaces)) return ok();
        return api::make_forbidden_error("", "namespaces", name, "this namespace may not be deleted");
    }
    objects::Objects& objects_;
};
}  // namespace

Plugin make_namespace_lifecycle(objects::Objects& objects, const AdmissionOptions&) {
    return std::make_unique<NamespaceLifecycle>(objects);
}

}  // namespace orilla::apiserver
