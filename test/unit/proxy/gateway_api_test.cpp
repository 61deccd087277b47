#include "gateway/route_plan.hpp"
#include "gateway_world.hpp"
#include "orilla/kinds/gateway_facts.hpp"

using namespace orilla;
using orilla::test::keys_of;

namespace {

struct ApiWorld : test::GatewayWorld {
    ApiWorld() {
        make_class("orilla");
        service("web", {{"http", 80}});
        make(slice("web", "http", 8080, "r"));
        start();
    }
    void make_class(const std::string& name, const std::string& controller = std::string(api::gateway_controller)) {
        api::GatewayClass out;
        out.metadata.name = api::Str(name);
        out.spec.controller_name = api::Str(controller);
        make(out);
    }
    void make_namespace(const std::string& name, const std::string& team = "") {
        api::Namespace out;
        out.metadata.name = api::Str(name);
        if (!team.empty()) out.metadata.labels["team"] = api::Str(team);
        make(out);
    }
    static api::Gateway gateway(std::vector<std::pair<std::string, std::string>> sections,
                                const std::string& class_ = "orilla") {
        api::Gateway out;
        out.metadata.name = "edge";
        out.metadata.namespace_ = "default";
        out.spec.gateway_class_name = api::Str(class_);
        for (const auto& [name, host] : sections) {
            auto& listener = out.spec.listeners.emplace_back();
            listener.name = api::Str(name);
            if (!host.empty()) listener.hostname = host;
            listener.port = 80;
            listener.protocol = "HTTP";
        }
        return out;
    }
    static api::HTTPRoute route(const std::string& name, const std::string& host = "", const std::string& service = "web",
                                const std::string& ns = "default") {
        api::HTTPRoute out;
        out.metadata.name = api::Str(name);
        out.metadata.namespace_ = api::Str(ns);
        auto& parent = out.spec.parent_refs.emplace_back();
        parent.name = "edge";
        parent.namespace_ = "default";
        if (!host.empty()) out.spec.hostnames.push_back(api::Str(host));
        auto& ref = out.spec.rules.emplace_back().backend_refs.emplace_back();
        ref.name = api::Str(service);
        ref.port = 80;
        return out;
    }
    /// "Accepted=True:Accepted ResolvedRefs=False:BackendNotFound"
    static std::string shown(const api::List<api::Condition>& conditions) {
        std::string out;
        for (const auto& one : conditions)
            out += (out.empty() ? "" : " ") + one.type.str() + "=" + one.status.str() + ":" + one.reason.str();
        return out;
    }
    std::string of_route(const std::string& name, const std::string& ns = "default") {
        const auto found = objects.get<api::HTTPRoute>(ns, name);
        return found->status.parents.empty() ? "none" : shown(found->status.parents[0].conditions);
    }
    std::string of_gateway() { return shown(objects.get<api::Gateway>("default", "edge")->status.conditions); }
    const api::ListenerStatus& listener(size_t index) {
        held = objects.get<api::Gateway>("default", "edge");
        return held->status.listeners[index];
    }
    std::shared_ptr<const api::Gateway> held;
};

const std::string attached = "Accepted=True:Accepted ResolvedRefs=True:ResolvedRefs";

}  // namespace

TEST_CASE("ApiRoutes: our class is accepted and says what it can, another's is left alone") {
    ApiWorld w;
    w.make_class("other", "acme.io/gw");
    const auto ours = w.objects.get<api::GatewayClass>("orilla");
    CHECK(ApiWorld::shown(ours->status.conditions) == "Accepted=True:Accepted");
    CHECK(ours->status.conditions[0].observed_generation == ours->metadata.generation);
    CHECK(ours->status.supported_features.size() > 20);
    CHECK(std::ranges::is_sorted(ours->status.supported_features, {}, [](const auto& one) { return one.name.view(); }));
    CHECK(ApiWorld::shown(w.objects.get<api::GatewayClass>("other")->status.conditions) == "Accepted=Unknown:Pending");
    w.make(ApiWorld::gateway({{"http", ""}}, "other"));
    CHECK(w.of_gateway() == "Accepted=Unknown:Pending Programmed=Unknown:Pending");
    CHECK(keys_of(w.sink.listeners).empty());
}

TEST_CASE("ApiRoutes: a route attaches to a Gateway, and both say so") {
    ApiWorld w;
    w.make(ApiWorld::gateway({{"http", ""}}));
    CHECK(w.of_gateway() == "Accepted=True:Accepted Programmed=True:Programmed");
    w.make(ApiWorld::route("app", "app.empresa.com"));
    CHECK(keys_of(w.sink.listeners) == "gateway/default/edge/http");
    CHECK(keys_of(w.sink.routes) == "httproute/default/app");
    CHECK(w.endpoints("default/web:80") == "10.42.0.2:8080");
    CHECK(w.of_route("app") == attached);
    CHECK(w.listener(0).attached_routes == 1);
    CHECK(w.listener(0).supported_kinds.size() == 2);
    CHECK(ApiWorld::shown(w.listener(0).conditions) ==
          "Conflicted=False:NoConflicts Accepted=True:Accepted ResolvedRefs=True:ResolvedRefs Programmed=True:Programmed");
    const auto& gateway = *w.held;
    REQUIRE(gateway.status.addresses.size() == 1);
    CHECK(gateway.status.addresses[0].value == "192.0.2.2");
    const gateway::Route& route = w.sink.routes["httproute/default/app"];
    CHECK(route.listeners == std::vector<std::string>{"gateway/default/edge/http"});
    CHECK(route.hosts == std::vector<gateway::HostPattern>{{"app.empresa.com", false}});
    CHECK(route.rules[0].matches[0].path == gateway::PathMatch{gateway::PathMatch::Type::prefix, "/"});

    w.drop<api::HTTPRoute>("app");
    CHECK(keys_of(w.sink.routes).empty());
    CHECK(keys_of(w.sink.backends).empty());
    CHECK(w.listener(0).attached_routes == 0);
    w.drop<api::Gateway>("edge");
    CHECK(keys_of(w.sink.listeners).empty());
}

TEST_CASE("ApiRoutes: what a route names may come later, and go") {
    ApiWorld w;
    w.make(ApiWorld::route("app", "", "late"));
    CHECK(w.of_route("app") == "none");
    w.make(ApiWorld::gateway({{"http", ""}}));
    CHECK(w.of_route("app") == "Accepted=True:Accepted ResolvedRefs=False:BackendNotFound");
    CHECK(w.sink.routes["httproute/default/app"].rules[0].shares[0].backend.empty());
    w.service("late", {{"http", 80}});
    CHECK(w.of_route("app") == attached);
    CHECK(w.sink.routes["httproute/default/app"].rules[0].shares[0].backend == "default/late:80");
    w.drop<api::Service>("late");
    CHECK(w.of_route("app") == "Accepted=True:Accepted ResolvedRefs=False:BackendNotFound");
    w.drop<api::Gateway>("edge");
    CHECK(w.of_route("app") == "none");
    CHECK(keys_of(w.sink.routes).empty());
}

TEST_CASE("ApiRoutes: sections, ports, hosts and namespaces decide about attachment") {
    ApiWorld w;
    w.make(ApiWorld::gateway({{"a", "*.a.com"}, {"b", "b.com"}}));
    const auto with_parent = [&](const std::string& name, const std::string& host,
                                 const std::function<void(api::ParentReference&)>& edit) {
        api::HTTPRoute route = ApiWorld::route(name, host);
        edit(route.spec.parent_refs[0]);
        w.make(route);
        return w.of_route(name);
    };
    CHECK(with_parent("r1", "x.a.com", [](auto&) {}) == attached);
    CHECK(w.sink.routes["httproute/default/r1"].listeners == std::vector<std::string>{"gateway/default/edge/a"});
    CHECK(with_parent("r2", "", [](auto&) {}) == attached);
    CHECK(w.sink.routes["httproute/default/r2"].listeners.size() == 2);
    CHECK(with_parent("r3", "c.com", [](auto&) {}).starts_with("Accepted=False:NoMatchingListenerHostname"));
    CHECK(with_parent("r4", "", [](auto& parent) { parent.section_name = "b"; }) == attached);
    CHECK(
        with_parent("r5", "", [](auto& parent) { parent.section_name = "c"; }).starts_with("Accepted=False:NoMatchingParent"));
    CHECK(with_parent("r6", "", [](auto& parent) { parent.port = 81; }).starts_with("Accepted=False:NoMatchingParent"));
    w.make_namespace("shop", "blue");
    w.make(ApiWorld::route("far", "b.com", "web", "shop"));
    CHECK(w.of_route("far", "shop").starts_with("Accepted=False:NotAllowedByListeners"));
    w.change<api::Gateway>("edge", [](auto& gateway) {
        auto& namespaces = gateway.spec.listeners[1].allowed_routes.ensure().namespaces.ensure();
        namespaces.from = "Selector";
        namespaces.selector.ensure().match_labels["team"] = "blue";
    });
    CHECK(w.of_route("far", "shop").starts_with("Accepted=True:Accepted"));
    w.change<api::Namespace>(
        "shop", [](auto& ns) { ns.metadata.labels["team"] = "red"; }, "");
    CHECK(w.of_route("far", "shop").starts_with("Accepted=False:NotAllowedByListeners"));
}

TEST_CASE("ApiRoutes: a backend of another namespace needs a grant, for as long as it is used") {
    ApiWorld w;
    w.make(ApiWorld::gateway({{"http", ""}}));
    w.make_namespace("data");
    api::Service far;
    far.metadata.name = "web";
    far.metadata.namespace_ = "data";
    far.spec.ports.emplace_back().port = 80;
    w.make(far);
    api::HTTPRoute route = ApiWorld::route("app");
    route.spec.rules[0].backend_refs[0].namespace_ = "data";
    w.make(route);
    CHECK(w.of_route("app") == "Accepted=True:Accepted ResolvedRefs=False:RefNotPermitted");
    api::ReferenceGrant grant;
    grant.metadata.name = "ok";
    grant.metadata.namespace_ = "data";
    auto& from = grant.spec.from.emplace_back();
    from.group = api::gateway_group;
    from.kind = "HTTPRoute";
    from.namespace_ = "default";
    grant.spec.to.emplace_back().kind = "Service";
    w.make(grant);
    CHECK(w.of_route("app") == attached);
    CHECK(w.sink.routes["httproute/default/app"].rules[0].shares[0].backend == "data/web:80");
    w.drop<api::ReferenceGrant>("ok", "data");
    CHECK(w.of_route("app") == "Accepted=True:Accepted ResolvedRefs=False:RefNotPermitted");
}

TEST_CASE("ApiRoutes: listeners that cannot be served say why, the others are served") {
    ApiWorld w;
    api::Gateway gateway = ApiWorld::gateway({{"http", ""}, {"tcp", ""}, {"tls", "s.com"}});
    gateway.spec.listeners[1].protocol = "TCP";
    gateway.spec.listeners[1].port = 9000;
    gateway.spec.listeners[2].protocol = "HTTPS";
    gateway.spec.listeners[2].port = 443;
    gateway.spec.listeners[2].tls.ensure().certificate_refs.emplace_back().name = "keys";
    w.make(gateway);
    CHECK(w.of_gateway() == "Accepted=True:ListenersNotValid Programmed=True:Programmed");
    CHECK(keys_of(w.sink.listeners) == "gateway/default/edge/http");
    CHECK(ApiWorld::shown(w.listener(1).conditions).find("Accepted=False:UnsupportedProtocol") != std::string::npos);
    CHECK(ApiWorld::shown(w.listener(2).conditions).find("ResolvedRefs=False:InvalidCertificateRef Programmed=False:Invalid") !=
          std::string::npos);
    w.change<api::Gateway>("edge", [](auto& edited) { edited.spec.listeners[2].tls->certificate_refs[0].namespace_ = "far"; });
    CHECK(ApiWorld::shown(w.listener(2).conditions).find("ResolvedRefs=False:RefNotPermitted") != std::string::npos);
    w.change<api::Gateway>("edge", [](auto& edited) {
        edited.spec.listeners.pop_back();
        edited.spec.listeners.pop_back();
        edited.spec.listeners[0].allowed_routes.ensure().kinds.emplace_back().kind = "TCPRoute";
    });
    CHECK(w.listener(0).supported_kinds.empty());
    CHECK(ApiWorld::shown(w.listener(0).conditions).find("ResolvedRefs=False:InvalidRouteKinds") != std::string::npos);
}

TEST_CASE("ApiRoutes: listeners of one port that exclude each other are conflicted, all of them") {
    ApiWorld w;
    api::Gateway gateway = ApiWorld::gateway({{"plain", "a.com"}, {"tls", "b.com"}});
    gateway.spec.listeners[1].protocol = "HTTPS";
    gateway.spec.listeners[1].tls.ensure().certificate_refs.emplace_back().name = "keys";
    w.make(gateway);
    for (const size_t i : {0, 1})
        CHECK(ApiWorld::shown(w.listener(i).conditions)
                  .starts_with("Conflicted=True:ProtocolConflict Accepted=False:ProtocolConflict"));
    CHECK(w.of_gateway() == "Accepted=False:ListenersNotValid Programmed=False:Invalid");
    CHECK(keys_of(w.sink.listeners).empty());
}

TEST_CASE("ApiRoutes: addresses are the node's, or none") {
    ApiWorld w;
    api::Gateway gateway = ApiWorld::gateway({{"http", ""}});
    gateway.spec.addresses.emplace_back().value = "192.0.2.99";
    w.make(gateway);
    CHECK(w.of_gateway() == "Accepted=True:Accepted Programmed=False:AddressNotUsable");
    w.change<api::Gateway>("edge", [](auto& edited) { edited.spec.addresses[0].value = "192.0.2.2"; });
    CHECK(w.of_gateway() == "Accepted=True:Accepted Programmed=True:Programmed");
    w.change<api::Gateway>("edge", [](auto& edited) {
        edited.spec.addresses[0].type = "Hostname";
        edited.spec.addresses[0].value = "x.com";
    });
    CHECK(w.of_gateway() == "Accepted=False:UnsupportedAddress Programmed=False:Invalid");
}

TEST_CASE("plan_route: a route with a filter that is not done here is not accepted, and nothing of it is served") {
    ApiWorld w;
    w.make(ApiWorld::gateway({{"http", ""}}));
    api::HTTPRoute route = ApiWorld::route("app");
    auto& rule = route.spec.rules[0];
    auto& mirror = rule.filters.emplace_back();
    mirror.type = "RequestMirror";
    mirror.request_mirror.ensure().backend_ref.name = "web";
    mirror.request_mirror->backend_ref.port = 80;
    mirror.request_mirror->percent = 10;
    w.make(route);
    CHECK(w.of_route("app") == "Accepted=False:UnsupportedValue ResolvedRefs=True:ResolvedRefs");
    CHECK_FALSE(w.sink.routes.contains("httproute/default/app"));
}

TEST_CASE("plan_route: matches, filters, weights and timeouts become the gateway's") {
    ApiWorld w;
    w.make(ApiWorld::gateway({{"http", ""}}));
    api::HTTPRoute route = ApiWorld::route("app");
    auto& rule = route.spec.rules[0];
    auto& match = rule.matches.emplace_back();
    match.path.ensure().type = "Exact";
    match.path->value = "/x";
    match.method = "GET";
    match.headers.emplace_back().name = "Version";
    match.headers[0].value = "one";
    match.headers.emplace_back().name = "version";
    match.headers[1].value = "two";
    match.query_params.emplace_back().name = "q";
    match.query_params[0].value = "1";
    auto& change = rule.filters.emplace_back();
    change.type = "RequestHeaderModifier";
    change.request_header_modifier.ensure().remove.push_back("cookie");
    auto& rewrite = rule.filters.emplace_back();
    rewrite.type = "URLRewrite";
    rewrite.url_rewrite.ensure().path.ensure().type = "ReplaceFullPath";
    rewrite.url_rewrite->path->replace_full_path = "/y";
    rule.backend_refs[0].weight = 3;
    rule.backend_refs.emplace_back().name = "gone";
    rule.backend_refs[1].port = 80;
    rule.timeouts.ensure().request = "10s";
    rule.timeouts->backend_request = "500ms";
    w.make(route);
    const gateway::Rule& made = w.sink.routes["httproute/default/app"].rules[0];
    CHECK(made.matches[0].path == gateway::PathMatch{gateway::PathMatch::Type::exact, "/x"});
    CHECK(made.matches[0].method == "GET");
    CHECK(made.matches[0].headers == std::vector<gateway::ValueMatch>{{"Version", "one", false}});
    CHECK(made.matches[0].query == std::vector<gateway::ValueMatch>{{"q", "1", false}});
    REQUIRE(made.filters.size() == 2);
    CHECK(std::get<gateway::RequestHeaders>(made.filters[0]).change.remove == std::vector<std::string>{"cookie"});
    CHECK(std::get<gateway::Rewrite>(made.filters[1]).path == gateway::PathChange{false, "/y"});
    CHECK(made.shares == std::vector<gateway::Share>{{"default/web:80", 3, {}}, {"", 1, {}}});
    CHECK(made.request_timeout_ms == 10'000);
    CHECK(made.try_timeout_ms == 500);
    CHECK(w.of_route("app") == "Accepted=True:Accepted ResolvedRefs=False:BackendNotFound");
}

TEST_CASE("plan_route: a filter of a kind that is not known answers 500, and a gRPC route matches methods") {
    ApiWorld w;
    w.make(ApiWorld::gateway({{"http", ""}}));
    api::HTTPRoute route = ApiWorld::route("ext");
    auto& filter = route.spec.rules[0].filters.emplace_back();
    filter.type = "ExtensionRef";
    filter.extension_ref.ensure().group = "acme.io";
    filter.extension_ref->kind = "Own";
    filter.extension_ref->name = "x";
    w.make(route);
    CHECK(std::get<gateway::Respond>(w.sink.routes["httproute/default/ext"].rules[0].filters.at(0)).status == 500);

    api::GRPCRoute grpc;
    grpc.metadata.name = "calls";
    grpc.metadata.namespace_ = "default";
    grpc.spec.parent_refs.emplace_back().name = "edge";
    auto& method = grpc.spec.rules.emplace_back().matches.emplace_back().method.ensure();
    method.service = "shop.Cart";
    method.method = "Add";
    auto& ref = grpc.spec.rules[0].backend_refs.emplace_back();
    ref.name = "web";
    ref.port = 80;
    w.make(grpc);
    const gateway::Match& match = w.sink.routes["grpcroute/default/calls"].rules.at(0).matches.at(0);
    CHECK(match.is_grpc);
    CHECK(match.grpc_service.value == "shop.Cart");
    CHECK(match.grpc_method.value == "Add");
    CHECK(w.listener(0).attached_routes == 2);
}

TEST_CASE("ApiRoutes: statuses of other controllers stay") {
    ApiWorld w;
    w.make(ApiWorld::gateway({{"http", ""}}));
    w.make(ApiWorld::route("app"));
    std::function<Result<void>(api::HTTPRoute&)> add = [](api::HTTPRoute& edited) -> Result<void> {
        auto& other = edited.status.parents.emplace_back();
        other.parent_ref.name = "theirs";
        other.controller_name = "acme.io/gw";
        return ok();
    };
    REQUIRE(w.run(w.objects.modify_status<api::HTTPRoute>("default", "app", add)));
    w.drop<api::Gateway>("edge");
    const auto route = w.objects.get<api::HTTPRoute>("default", "app");
    REQUIRE(route->status.parents.size() == 1);
    CHECK(route->status.parents[0].controller_name == "acme.io/gw");
}

TEST_CASE("intersect_hosts: the more specific of both") {
    using proxy::intersect_hosts;
    CHECK(intersect_hosts("", "a.com") == "a.com");
    CHECK(intersect_hosts("*.a.com", "x.y.a.com") == "x.y.a.com");
    CHECK(intersect_hosts("*.a.com", "*.y.a.com") == "*.y.a.com");
    CHECK(intersect_hosts("*.a.com", "*.a.com") == "*.a.com");
    CHECK_FALSE(intersect_hosts("*.a.com", "a.com").has_value());
    CHECK_FALSE(intersect_hosts("b.com", "a.com").has_value());
    CHECK_FALSE(intersect_hosts("*.a.com", "xa.com").has_value());
}
