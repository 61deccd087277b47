#include <catch2/catch.hpp>

#include "../../support/admitted_world.hpp"

using namespace orilla;
using orilla::test::AdmittedWorld;

namespace {

api::IngressClass routing_class(std::string_view name, bool is_default) {
    api::IngressClass out;
    out.metadata.name = api::Str(name);
    out.spec.controller = "acme.io/proxy";
    if (is_default) out.metadata.annotations["ingressclass.kubernetes.io/is-default-class"] = "true";
    return out;
}

api::Ingress unclassed(std::string_view name) {
    api::Ingress out;
    out.metadata.name = api::Str(name);
    out.metadata.namespace_ = "default";
    auto& service = out.spec.default_backend.ensure().service.ensure();
    service.name = "web";
    service.port.number = 80;
    return out;
}

std::string made_with(AdmittedWorld& w, api::Ingress ingress) {
    const auto made = w.run(w.objects.create(std::move(ingress)));
    REQUIRE(made.has_value());
    return std::string((*made)->spec.ingress_class_name.value_or("none"));
}

}  // namespace

TEST_CASE("DefaultIngressClass: an Ingress that names no class gets the newest default one") {
    AdmittedWorld w;
    CHECK(made_with(w, unclassed("early")) == "none");
    REQUIRE(w.run(w.objects.create(routing_class("b-old", true))));
    REQUIRE(w.run(w.objects.create(routing_class("plain", false))));
    CHECK(made_with(w, unclassed("first")) == "b-old");
    w.pass(2'000);
    REQUIRE(w.run(w.objects.create(routing_class("c-new", true))));
    CHECK(made_with(w, unclassed("second")) == "c-new");

    api::Ingress named = unclassed("named");
    named.spec.ingress_class_name = "plain";
    CHECK(made_with(w, named) == "plain");
    api::Ingress older = unclassed("older");
    older.metadata.annotations["kubernetes.io/ingress.class"] = "nginx";
    CHECK(made_with(w, older) == "none");
}
