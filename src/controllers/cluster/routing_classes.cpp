#include "cluster/routing_classes.hpp"

#include "orilla/kinds/well_known.hpp"

namespace orilla::controllers {
namespace {

/// One that is missing. Who made it meanwhile has it as he wants it.
template <class T>
loop::Task<Result<void>> make_class(objects::Objects& objects, T missing) {
    if (objects.get<T>(missing.metadata.name)) co_return ok();
    AWAIT(auto made, objects.create<T>(std::move(missing)));
    if (!made && made.error().code() != Code::already_exists) co_return std::move(made).error();
    co_return ok();
}

}  // namespace

api::IngressClass make_ingress_class() {
    api::IngressClass out;
    out.metadata.name = api::Str(api::gateway_class);
    out.metadata.annotations[api::default_ingress_class_annotation] = "true";
    out.spec.controller = api::Str(api::gateway_controller);
    return out;
}

api::GatewayClass make_gateway_class() {
    api::GatewayClass out;
    out.metadata.name = api::Str(api::gateway_class);
    out.spec.controller_name = api::Str(api::gateway_controller);
    out.spec.description = "The gateway that is built in.";
    return out;
}

RoutingClassesController::RoutingClassesController(const Surroundings& with)
    : Controller(with), worker_(with.loop, *this, {.name = "routing-classes"}) {}

void RoutingClassesController::start() {
    Controller::start();
    worker_.queue().add("all");  // the only key
}

loop::Task<Result<loop::Outcome>> RoutingClassesController::reconcile(std::string) {
    CO_TRY_VOID(make_class(objects_, make_ingress_class()));
    CO_TRY_VOID(make_class(objects_, make_gateway_class()));
    co_return loop::Outcome{};
}

}  // namespace orilla::controllers
