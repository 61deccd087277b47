// IngressClasses.
#include <fmt/core.h>
#include <algorithm>

#include "checks.hpp"
#include "orilla/kinds/ingress_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/names.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

constexpr size_t controller_bytes_max = 250;

using ClassParameters = IngressClassParametersReference;

void check_parameters_namespace(const ClassParameters& parameters, const Path& path, FieldErrors& errors) {
    const auto& ns = parameters.namespace_;
    if (parameters.scope == "Cluster" && ns) return errors.forbidden(path, "`parameters.scope` is set to 'Cluster'");
    if (parameters.scope != "Namespace") return;
    if (!ns) return errors.required(path, "`parameters.scope` is set to 'Namespace'");
    errors.complain(path, *ns, check_dns1123_label(*ns));
}

void check_class_parameters(const ClassParameters& parameters, const Path& path, FieldErrors& errors) {
    if (parameters.api_group)
        errors.complain(path / "apiGroup", *parameters.api_group, check_dns1123_subdomain(*parameters.api_group));
    if (!parameters.kind.empty()) errors.complain(path / "kind", parameters.kind, check_path_segment(parameters.kind));
    if (!parameters.name.empty()) errors.complain(path / "name", parameters.name, check_path_segment(parameters.name));
    check_parameters_namespace(parameters, path / "namespace", errors);
}

void check_ingress_class(const IngressClass& one, FieldErrors& errors) {
    const Path spec("spec");
    const Path controller = spec / "controller", parameters = spec / "parameters";
    if (one.spec.controller.empty()) errors.required(controller);
    else if (one.spec.controller.size() > controller_bytes_max) errors.too_long(controller, controller_bytes_max);
    else errors.complain(controller, one.spec.controller, check_domain_prefixed_path(one.spec.controller));
    if (!one.spec.parameters) return;
    check_class_parameters(*one.spec.parameters, parameters, errors);
    if (one.spec.controller == gateway_controller)
        errors.forbidden(parameters, fmt::format("{} takes no parameters; leave them out", gateway_controller));
}

void check_ingress_class_update(const IngressClass& updated, const IngressClass& old, FieldErrors& errors) {
    const Path spec("spec");
    check_immutable(updated.spec.controller, old.spec.controller, spec / "controller", updated.spec.controller, errors);
}

Row render_ingress_class(const IngressClass& one, int64_t now) {
    std::string parameters(nothing_text);
    if (const auto& named = one.spec.parameters) {
        const std::string group = named->api_group ? fmt::format(".{}", named->api_group->view()) : "";
        parameters = fmt::format("{}{}/{}", named->kind.view(), group, named->name.view());
    }
    return {one.metadata.name.view(), one.spec.controller.view(), parameters, render_age(one.metadata.creation_timestamp, now)};
}

}  // namespace

bool is_default_class(const IngressClass& ingress_class) {
    const Str* value = ingress_class.metadata.annotations.get(default_ingress_class_annotation);
    return value && *value == "true";
}

bool is_ours(const IngressClass& ingress_class) { return ingress_class.spec.controller == gateway_controller; }

const KindRules ingress_class_rules = {
    .check = checked<IngressClass, check_ingress_class>,
    .check_update = checked_update<IngressClass, check_ingress_class_update>,
    .row = rendered<IngressClass, render_ingress_class>,
};

}  // namespace orilla::api
