// GatewayClasses.
#include "gateway_checks.hpp"
#include "orilla/kinds/gateway_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

constexpr size_t description_bytes_max = 64;

void check_gateway_class(const GatewayClass& one, FieldErrors& errors) {
    const Path spec("spec");
    if (one.spec == GatewayClassSpec{}) errors.required(spec / "controllerName");
    if (!one.spec.controller_name.empty()) check_controller_name(one.spec.controller_name, spec / "controllerName", errors);
    if (one.spec.description && one.spec.description->size() > description_bytes_max)
        errors.too_long(spec / "description", description_bytes_max);
    if (!one.spec.parameters_ref) return;
    const Path parameters = spec / "parametersRef";
    check_group(one.spec.parameters_ref->group, parameters / "group", errors);
    check_kind_name(one.spec.parameters_ref->kind, parameters / "kind", errors);
}

void check_gateway_class_update(const GatewayClass& updated, const GatewayClass& old, FieldErrors& errors) {
    const Path spec("spec");
    if (!(updated.spec.controller_name == old.spec.controller_name))
        errors.invalid(spec / "controllerName", updated.spec.controller_name, "Value is immutable");
}

void prepare_gateway_class(Object& object) {
    auto& status = object.as<GatewayClass>().status;
    status = GatewayClassStatus{};
    status.conditions.push_back(waiting_condition("Accepted"));
}

Row render_gateway_class(const GatewayClass& one, int64_t now) {
    return {one.metadata.name.view(), one.spec.controller_name.view(), condition_status(one.status.conditions, "Accepted"),
            render_age(one.metadata.creation_timestamp, now), one.spec.description.value_or("")};
}

}  // namespace

bool is_ours(const GatewayClass& gateway_class) { return gateway_class.spec.controller_name == gateway_controller; }

const KindRules gateway_class_rules = {
    .check = checked<GatewayClass, check_gateway_class>,
    .check_update = checked_update<GatewayClass, check_gateway_class_update>,
    .prepare_create = prepare_gateway_class,
    .row = rendered<GatewayClass, render_gateway_class>,
};

}  // namespace orilla::api
