#include "admission/namespace_lifecycle.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/schema/field_errors.hpp"

namespace orilla::apiserver {

namespace {
/// Those among the standard ones that may not be deleted.
constexpr std::string_view lasting_namespaces[] = {"default", "kube-system", "kube-public"};

Result<void> check_delete(const api::Object& ns) {
    const std::string_view name = ns.meta().name;
    if (std::ranges::find(lasting_namespaces, name) == std::end(lasting_namespaces)) return ok();
    return api::make_forbidden_error("", "namespaces", name, "this namespace may not be deleted");
}
}  // namespace

bool NamespaceLifecycle::handles(const api::KindInfo& kind, objects::Operation operation) const {
    if (operation == objects::Operation::create) return kind.namespaced;
    return operation == objects::Operation::remove && &kind == &api::kind_of<api::Namespace>();
}

objects::Task<Result<void>> NamespaceLifecycle::on_create(api::Object& object, const objects::WriteContext&) {
    co_return check_create(object);
}

objects::Task<Result<void>> NamespaceLifecycle::on_delete(const api::Object& old, const objects::WriteContext&) {
    co_return check_delete(old);
}

Result<void> NamespaceLifecycle::check_create(const api::Object& object) const {
    const std::string ns = object.meta().namespace_.str();
    const auto found = objects_.get<api::Namespace>(ns);
    if (!found) return store::not_found_error({"namespaces", "", ns});
    if (!found->metadata.deletion_timestamp) return ok();
    return api::make_forbidden_error(
               object.kind().group, object.kind().plural, object.meta().name,
               fmt::format("unable to create new content in namespace {} because it is being terminated", ns))
        .with_cause({"NamespaceTerminating", fmt::format("namespace {} is being terminated", ns), "metadata.namespace"});
}

}  // namespace orilla::apiserver
