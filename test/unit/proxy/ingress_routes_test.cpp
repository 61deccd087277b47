#include <filesystem>
#include <tuple>

#include "gateway/ingress_plan.hpp"
#include "gateway_world.hpp"
#include "orilla/base/base64.hpp"
#include "orilla/pki/pki.hpp"

using namespace orilla;
using orilla::test::GatewayWorld;
using orilla::test::keys_of;

namespace {

/// Of the notes: app.empresa.com, Prefix /, service wordpress, port 87.
api::Ingress of_the_notes() { return GatewayWorld::ingress("app", "app.empresa.com", "/", "wordpress", 87); }

const std::string notes_route = "ingress/default/app/app.empresa.com";

void make_wordpress(GatewayWorld& w) {
    w.service("wordpress", {{"http", 87}});
    w.make(GatewayWorld::slice("wordpress", "http", 8080, "r"));
}

api::Secret secret_of(const std::string& name, const std::string& certificate, const std::string& key) {
    api::Secret out;
    out.metadata.name = api::Str(name);
    out.metadata.namespace_ = "default";
    out.type = "kubernetes.io/tls";
    out.data["tls.crt"] = api::Str(encode_base64(certificate));
    out.data["tls.key"] = api::Str(encode_base64(key));
    return out;
}

const pki::Pki& some_pki() {
    static const pki::Pki made = [] {
        const auto directory = std::filesystem::temp_directory_path() / ("routes_test." + std::to_string(getpid()));
        auto pki = pki::ensure_pki(directory, {{"app.empresa.com"}, {}});
        std::filesystem::remove_all(directory);
        return *pki;
    }();
    return made;
}

void add_tls(api::Ingress& ingress, const std::string& host, const std::string& secret) {
    auto& tls = ingress.spec.tls.emplace_back();
    tls.hosts.push_back(api::Str(host));
    tls.secret_name = api::Str(secret);
}

}  // namespace

TEST_CASE("IngressRoutes: the Ingress of the notes leads to its Service, and says where it is reached") {
    GatewayWorld w;
    make_wordpress(w);
    w.start();
    REQUIRE(w.sink.changes.size() == 1);
    CHECK(w.sink.changes[0] == gateway::Change{.is_whole = true});

    w.make(of_the_notes());
    CHECK(keys_of(w.sink.listeners) == "ingress/80");
    CHECK(keys_of(w.sink.routes) == notes_route);
    CHECK(keys_of(w.sink.backends) == "default/wordpress:87");
    const gateway::Route& route = w.sink.routes[notes_route];
    CHECK(route.hosts == std::vector<gateway::HostPattern>{{"app.empresa.com", true}});
    CHECK(route.listeners == std::vector<std::string>{"ingress/80"});
    REQUIRE(route.rules.size() == 1);
    CHECK(route.rules[0].matches[0].path == gateway::PathMatch{gateway::PathMatch::Type::prefix, "/"});
    CHECK(route.rules[0].shares == std::vector<gateway::Share>{{"default/wordpress:87", 1, {}}});
    CHECK(w.endpoints("default/wordpress:87") == "10.42.0.2:8080");
    // All of it in one change: the route never stood there without its backend.
    CHECK(w.sink.changes.at(1).routes.size() == 1);
    CHECK(w.sink.changes.at(1).backends.size() == 1);
    const auto served = w.objects.get<api::Ingress>("default", "app");
    REQUIRE(served->status.load_balancer.ingress.size() == 1);
    CHECK(served->status.load_balancer.ingress[0].ip == "192.0.2.2");
    CHECK(w.told("app").empty());

    w.drop<api::Ingress>("app");
    CHECK(keys_of(w.sink.listeners).empty());
    CHECK(keys_of(w.sink.routes).empty());
    CHECK(keys_of(w.sink.backends).empty());
}

TEST_CASE("IngressRoutes: what was there before the start comes in one whole change") {
    GatewayWorld w;
    make_wordpress(w);
    w.make(of_the_notes());
    w.make(GatewayWorld::ingress("b", "b.com", "/", "wordpress", 87));
    w.start();
    REQUIRE(!w.sink.changes.empty());
    CHECK(w.sink.changes[0].is_whole);
    CHECK(w.sink.changes[0].routes.size() == 2);
    CHECK(w.sink.changes[0].backends.size() == 1);
    CHECK(w.sink.changes[0].listeners.size() == 1);
}

TEST_CASE("IngressRoutes: endpoints that end are drained, those that are not ready are left out") {
    GatewayWorld w;
    w.service("wordpress", {{"http", 87}});
    w.make(GatewayWorld::slice("wordpress", "http", 8080, "rnd"));
    w.start();
    w.make(of_the_notes());
    CHECK(w.endpoints("default/wordpress:87") == "10.42.0.2:8080 10.42.0.4:8080 drains");
    const size_t before = w.sink.changes.size();
    w.change<api::EndpointSlice>("wordpress-slice", [](auto& slice) { slice.endpoints[1].conditions.ready = true; });
    CHECK(w.endpoints("default/wordpress:87") == "10.42.0.2:8080 10.42.0.3:8080 10.42.0.4:8080 drains");
    // The change is of the one backend.
    REQUIRE(w.sink.changes.size() == before + 1);
    CHECK(w.sink.changes.back().routes.empty());
}

TEST_CASE("IngressRoutes: headless services, and those without a selector, are backends as others are") {
    GatewayWorld w;
    w.service("headless", {{"http", 80}}, [](api::Service& one) { one.spec.cluster_ip = "None"; });
    w.make(GatewayWorld::slice("headless", "http", 8080, "r"));
    w.start();
    w.make(GatewayWorld::ingress("a", "a.com", "/", "headless", 80));
    CHECK(w.endpoints("default/headless:80") == "10.42.0.2:8080");
}

TEST_CASE("IngressRoutes: an ExternalName is not followed, and that is told") {
    GatewayWorld w;
    w.service("elsewhere", {{"http", 80}}, [](api::Service& one) {
        one.spec.type = "ExternalName";
        one.spec.external_name = "example.com";
    });
    w.start();
    w.make(GatewayWorld::ingress("a", "a.com", "/", "elsewhere", 80));
    CHECK(keys_of(w.sink.backends).empty());
    CHECK(w.told("a") ==
          std::vector<std::string>{"ExternalName service \"default/elsewhere\" is an ExternalName, which is not followed"});
}

TEST_CASE("IngressRoutes: a port by its name is the Service's port, wherever that is") {
    GatewayWorld w;
    make_wordpress(w);
    w.start();
    api::Ingress named = of_the_notes();
    auto& port = named.spec.rules[0].http->paths[0].backend.service->port;
    port.number = 0;
    port.name = "http";
    w.make(named);
    CHECK(w.sink.routes[notes_route].rules[0].shares[0].backend == "default/wordpress:87");
    w.change<api::Service>("wordpress", [](auto& service) { service.spec.ports[0].port = 90; });
    CHECK(w.sink.routes[notes_route].rules[0].shares[0].backend == "default/wordpress:90");
    CHECK(keys_of(w.sink.backends) == "default/wordpress:90");
    w.change<api::Service>("wordpress", [](auto& service) { service.spec.ports[0].name = "web"; });
    CHECK(w.told("app") == std::vector<std::string>{"PortNotFound service \"wordpress\" has no port http"});
}

TEST_CASE("IngressRoutes: a Service that is missing is told, and found when it comes") {
    GatewayWorld w;
    w.start();
    w.make(of_the_notes());
    CHECK(keys_of(w.sink.routes) == notes_route);
    CHECK(keys_of(w.sink.backends).empty());
    CHECK(w.told("app") == std::vector<std::string>{"ServiceNotFound service \"wordpress\" not found"});
    make_wordpress(w);
    CHECK(w.endpoints("default/wordpress:87") == "10.42.0.2:8080");
    w.drop<api::Service>("wordpress");
    CHECK(keys_of(w.sink.backends).empty());
}

TEST_CASE("IngressRoutes: another class is left alone, and a class that is changed away gives its address back") {
    GatewayWorld w;
    make_wordpress(w);
    api::IngressClass nginx;
    nginx.metadata.name = "nginx";
    nginx.spec.controller = "k8s.io/ingress-nginx";
    w.make(nginx);
    w.start();
    api::Ingress foreign = of_the_notes();
    foreign.spec.ingress_class_name = "nginx";
    w.make(foreign);
    CHECK(keys_of(w.sink.routes).empty());
    CHECK(w.objects.get<api::Ingress>("default", "app")->status.load_balancer.ingress.empty());

    w.change<api::Ingress>("app", [](auto& one) { one.spec.ingress_class_name = "orilla"; });
    CHECK(keys_of(w.sink.routes) == notes_route);
    CHECK(w.objects.get<api::Ingress>("default", "app")->status.load_balancer.ingress.size() == 1);
    w.change<api::Ingress>("app", [](auto& one) { one.spec.ingress_class_name = "nginx"; });
    CHECK(keys_of(w.sink.routes).empty());
    CHECK(w.objects.get<api::Ingress>("default", "app")->status.load_balancer.ingress.empty());
}

TEST_CASE("IngressRoutes: the older annotation names the class, too, and a class may come later") {
    GatewayWorld w;
    make_wordpress(w);
    w.start();
    api::Ingress annotated = of_the_notes();
    annotated.metadata.annotations["kubernetes.io/ingress.class"] = "mine";
    w.make(annotated);
    CHECK(keys_of(w.sink.routes).empty());
    api::IngressClass mine;
    mine.metadata.name = "mine";
    mine.spec.controller = api::Str(api::gateway_controller);
    w.make(mine);
    CHECK(keys_of(w.sink.routes) == notes_route);
    w.drop<api::IngressClass>("mine", "");
    CHECK(keys_of(w.sink.routes).empty());
}

TEST_CASE("IngressRoutes: of two that claim a path the older is served, and the younger is told") {
    GatewayWorld w;
    make_wordpress(w);
    w.make(GatewayWorld::ingress("old", "a.com", "/shop/", "wordpress", 87));
    w.pass(5'000);
    w.make(GatewayWorld::ingress("a-young", "a.com", "/shop", "wordpress", 87));
    w.make(GatewayWorld::ingress("other", "a.com", "/other", "wordpress", 87));
    w.start();
    CHECK(w.told("a-young") ==
          std::vector<std::string>{"PathConflict a.com Prefix /shop is served by the older ingress default/old"});
    CHECK(w.told("old").empty());
    CHECK(w.told("other").empty());
    // The gateway decides by what the routes say of their age.
    CHECK(w.sink.routes["ingress/default/old/a.com"].created_s < w.sink.routes["ingress/default/a-young/a.com"].created_s);
}

TEST_CASE("IngressRoutes: hosts, and what goes to the default backend") {
    GatewayWorld w;
    make_wordpress(w);
    w.service("rest", {{"", 80}});
    w.start();
    api::Ingress ingress = of_the_notes();
    GatewayWorld::add_path(ingress, "*.foo.com", "/", "wordpress", 87);
    GatewayWorld::add_path(ingress, "", "/any", "wordpress", 87);
    ingress.spec.rules.emplace_back().host = "bare.com";
    auto& rest = ingress.spec.default_backend.ensure().service.ensure();
    rest.name = "rest";
    rest.port.number = 80;
    w.make(ingress);
    CHECK(keys_of(w.sink.routes) ==
          "ingress/default/app/ ingress/default/app/*.foo.com ingress/default/app/app.empresa.com ingress/default/app?default "
          "ingress/default/app?hosts");
    CHECK(w.sink.routes["ingress/default/app/"].hosts.empty());
    CHECK(w.sink.routes["ingress/default/app/*.foo.com"].hosts[0] == gateway::HostPattern{"*.foo.com", true});
    CHECK_FALSE(w.sink.routes["ingress/default/app/"].is_default);
    CHECK(w.sink.routes["ingress/default/app?hosts"].hosts.size() == 3);
    CHECK(w.sink.routes["ingress/default/app?hosts"].is_default);
    CHECK(w.sink.routes["ingress/default/app?default"].hosts.empty());
    CHECK(w.sink.routes["ingress/default/app?default"].rules[0].shares[0].backend == "default/rest:80");
}

TEST_CASE("IngressRoutes: a host without paths and without a default backend is told") {
    GatewayWorld w;
    w.start();
    api::Ingress ingress;
    ingress.metadata.name = "a";
    ingress.metadata.namespace_ = "default";
    ingress.spec.rules.emplace_back().host = "bare.com";
    w.make(ingress);
    CHECK(w.told("a") == std::vector<std::string>{"NoPaths host \"bare.com\" has no paths, and there is no default backend"});
}

TEST_CASE("IngressRoutes: TLS is served for its hosts from the Secret, and from another one when that changes") {
    GatewayWorld w;
    make_wordpress(w);
    w.start();
    api::Ingress ingress = of_the_notes();
    add_tls(ingress, "app.empresa.com", "keys");
    GatewayWorld::add_path(ingress, "plain.com", "/", "wordpress", 87);
    w.make(ingress);
    CHECK(keys_of(w.sink.listeners) == "ingress/443 ingress/80");
    CHECK(w.sink.routes[notes_route].listeners == std::vector<std::string>{"ingress/80", "ingress/443"});
    CHECK(w.sink.routes["ingress/default/app/plain.com"].listeners == std::vector<std::string>{"ingress/80"});
    CHECK(w.sink.listeners["ingress/443"].certificates.empty());
    CHECK(w.told("app") == std::vector<std::string>{"CertificateNotUsable secret \"default/keys\" not found: a self-signed "
                                                    "certificate is shown"});

    w.make(secret_of("keys", some_pki().server_certificate, some_pki().server_key));
    CHECK(keys_of(w.sink.certificates) == "default/keys");
    CHECK(w.sink.certificates["default/keys"].hosts == std::vector<std::string>{"app.empresa.com"});
    CHECK(w.sink.listeners["ingress/443"].certificates == std::vector<std::string>{"default/keys"});
    w.change<api::Secret>("keys", [](auto& secret) {
        secret.data["tls.crt"] = api::Str(encode_base64(some_pki().admin_certificate));
        secret.data["tls.key"] = api::Str(encode_base64(some_pki().admin_key));
    });
    CHECK(w.sink.certificates["default/keys"].private_key == some_pki().admin_key);

    w.change<api::Secret>("keys",
                          [](auto& secret) { secret.data["tls.key"] = api::Str(encode_base64(some_pki().server_key)); });
    CHECK(keys_of(w.sink.certificates).empty());
    CHECK(w.sink.listeners["ingress/443"].certificates.empty());
    CHECK(
        w.told("app").back() ==
        "CertificateNotUsable secret \"default/keys\": tls.key is not the key of tls.crt: a self-signed certificate is shown");

    w.change<api::Ingress>("app", [](auto& one) { one.spec.tls.clear(); });
    CHECK(keys_of(w.sink.listeners) == "ingress/80");
}

TEST_CASE("IngressRoutes: annotations set the queue, balancing and timeouts, and bad values are told") {
    GatewayWorld w;
    make_wordpress(w);
    w.start();
    api::Ingress ingress = of_the_notes();
    for (const auto& [name, value] : {std::pair{"max-in-flight", "8"},
                                      {"max-wait", "1m30s"},
                                      {"affinity-cookie", "stick"},
                                      {"retries", "3"},
                                      {"request-timeout", "5s"},
                                      {"backend-protocol", "GRPC"},
                                      {"scale-from-zero", "true"},
                                      {"max-waiting", "many"},
                                      {"max-wating", "5"}})
        ingress.metadata.annotations["orilla.dev/" + std::string(name)] = value;
    w.make(ingress);
    const gateway::Backend& backend = w.sink.backends["default/wordpress:87"];
    CHECK(backend.queue.in_flight_max == 8);
    CHECK(backend.queue.wait_ms_max == 90'000);
    CHECK(backend.queue.waiting_max == gateway::QueuePolicy().waiting_max);
    CHECK(backend.balance.affinity_cookie == "stick");
    CHECK(backend.balance.retries_max == 3);
    CHECK(backend.protocol == gateway::BackendProtocol::h2c);
    CHECK(backend.is_on_demand);
    CHECK(w.sink.routes[notes_route].rules[0].request_timeout_ms == 5'000);
    const auto told = w.told("app");
    REQUIRE(told.size() == 2);
    CHECK(told[0] == "InvalidAnnotation annotation orilla.dev/max-waiting: \"many\" must be a whole number from 0 to 1000000");
    CHECK(
        told[1].starts_with("InvalidAnnotation annotation orilla.dev/max-wating is not known: after orilla.dev/ there may "
                            "stand affinity-cookie, "));
}

TEST_CASE("IngressRoutes: of one backend the oldest decides, below it the Service's own annotations") {
    GatewayWorld w;
    make_wordpress(w);
    w.change<api::Service>("wordpress", [](auto& service) {
        service.metadata.annotations["orilla.dev/max-in-flight"] = "5";
        service.metadata.annotations["orilla.dev/retries"] = "0";
        service.metadata.annotations["orilla.dev/bogus"] = "0";
    });
    w.start();
    api::Ingress old = of_the_notes();
    old.metadata.annotations["orilla.dev/max-in-flight"] = "8";
    w.make(old);
    w.pass(5'000);
    api::Ingress young = GatewayWorld::ingress("b", "b.com", "/", "wordpress", 87);
    young.metadata.annotations["orilla.dev/max-in-flight"] = "9";
    w.make(young);
    const auto& backend = w.sink.backends["default/wordpress:87"];
    CHECK(backend.queue.in_flight_max == 8);
    CHECK(backend.balance.retries_max == 0);
    CHECK(w.told("b") ==
          std::vector<std::string>{"SettingsNotUsed what an older object says of service default/wordpress:87 counts"});
    CHECK(w.told("wordpress").at(0).starts_with("InvalidAnnotation annotation orilla.dev/bogus is not known"));
    w.drop<api::Ingress>("app");
    CHECK(backend.queue.in_flight_max == 9);
}

TEST_CASE("IngressRoutes: appProtocol says how the backend is spoken to") {
    using enum gateway::BackendProtocol;
    for (const auto& [text, wanted] : {std::pair{"kubernetes.io/h2c", h2c},
                                       {"kubernetes.io/ws", http1},
                                       {"https", https},
                                       {"kubernetes.io/wss", https},
                                       {"grpc", h2c},
                                       {"acme.io/own", http1}}) {
        GatewayWorld w;
        w.service("web", {{"http", 80}}, [&](api::Service& one) { one.spec.ports[0].app_protocol = text; });
        w.start();
        w.make(GatewayWorld::ingress("a", "a.com", "/", "web", 80));
        CHECK(w.sink.backends["default/web:80"].protocol == wanted);
    }
}

TEST_CASE("IngressRoutes: http can be sent to https, where there is TLS") {
    GatewayWorld w;
    make_wordpress(w);
    w.start();
    api::Ingress ingress = of_the_notes();
    ingress.metadata.annotations["orilla.dev/force-ssl-redirect"] = "true";
    w.make(ingress);
    CHECK(keys_of(w.sink.routes) == notes_route);
    CHECK(w.told("app") == std::vector<std::string>{"NoTls host \"app.empresa.com\" is not redirected to https: it is in no "
                                                    "entry of spec.tls"});
    w.change<api::Ingress>("app", [](auto& one) { one.spec.tls.emplace_back(); });
    CHECK(keys_of(w.sink.routes) == notes_route + " " + notes_route + "?redirect");
    CHECK(w.sink.routes[notes_route].listeners == std::vector<std::string>{"ingress/443"});
    const gateway::Rule& rule = w.sink.routes[notes_route + "?redirect"].rules[0];
    CHECK(rule.shares.empty());
    REQUIRE(rule.filters.size() == 1);
    CHECK(std::get<gateway::Redirect>(rule.filters[0]).scheme == "https");
    CHECK(std::get<gateway::Redirect>(rule.filters[0]).status == 308);
}

TEST_CASE("IngressRoutes: a free path is a prefix, and a pattern is told to be none") {
    GatewayWorld w;
    make_wordpress(w);
    w.start();
    api::Ingress ingress = GatewayWorld::ingress("a", "a.com", "/x(/|$)(.*)", "wordpress", 87);
    ingress.spec.rules[0].http->paths[0].path_type = "ImplementationSpecific";
    w.make(ingress);
    CHECK(w.told("a") ==
          std::vector<std::string>{"PathIsNoPattern path \"/x(/|$)(.*)\" of type ImplementationSpecific is taken "
                                   "as a prefix, letter by letter: patterns are not supported"});
}

TEST_CASE("IngressRoutes: durations are read as the Gateway API writes them") {
    CHECK(proxy::read_duration_ms("1h") == 3'600'000);
    CHECK(proxy::read_duration_ms("1m30s") == 90'000);
    CHECK(proxy::read_duration_ms("500ms") == 500);
    CHECK(proxy::read_duration_ms("0s") == 0);
    for (const char* bad : {"", "5", "s", "-1s", "1.5s", "1d", "100000s", "1s1s1s1s1s", "25h"})
        CHECK_FALSE(proxy::read_duration_ms(bad).has_value());
}

TEST_CASE("GatewayRoutes: requests that wait start what has no replicas, and nothing else") {
    GatewayWorld w;
    w.service("wordpress", {{"http", 87}}, [](api::Service& one) { one.spec.selector["app"] = "wordpress"; });
    w.start();
    for (const auto& [name, app, replicas] :
         {std::tuple{"asleep", "wordpress", 0}, std::tuple{"awake", "wordpress", 3}, std::tuple{"other", "other", 0}}) {
        api::Deployment one;
        one.metadata.name = name;
        one.metadata.namespace_ = "default";
        one.spec.replicas = replicas;
        one.spec.selector.ensure().match_labels["app"] = app;
        one.spec.template_.metadata.labels["app"] = app;
        auto& container = one.spec.template_.spec.containers.emplace_back();
        container.name = "c";
        container.image = "busybox:1";
        w.make(one);
    }
    w.routes->want("default/wordpress:87");
    w.settle();
    const auto replicas = [&](const char* name) { return *w.objects.get<api::Deployment>("default", name)->spec.replicas; };
    CHECK(replicas("asleep") == 1);
    CHECK(replicas("awake") == 3);
    CHECK(replicas("other") == 0);
    CHECK(w.told("asleep") ==
          std::vector<std::string>{"ScaledFromZero Scaled from 0 to 1: requests wait for service wordpress"});
}
