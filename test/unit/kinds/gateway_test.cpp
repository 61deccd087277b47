#include <catch2/catch.hpp>

#include "../../support/kinds.hpp"
#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/defaults.hpp"
#include "orilla/kinds/gateway_facts.hpp"
#include "orilla/kinds/table.hpp"
#include "orilla/kinds/validation.hpp"

using namespace orilla::api;

namespace {

Object gateway_object(const std::string& kind, const std::string& spec, const std::string& version = "v1") {
    const std::string json = R"({"apiVersion":"gateway.networking.k8s.io/)" + version + R"(","kind":")" + kind +
                             R"(","metadata":{"name":"x")" + (kind == "GatewayClass" ? "" : R"(,"namespace":"n")") +
                             R"(},"spec":{)" + spec + "}}";
    auto object = decode_object(orilla::test::builtin(), json);
    INFO((object ? std::string() : object.error().message()) << json);
    REQUIRE(object.has_value());
    apply_defaults(*object);
    return std::move(*object);
}
std::string gateway_flaws(const std::string& kind, const std::string& spec) {
    const auto result = validate_create(gateway_object(kind, spec));
    if (result) return {};
    const std::string& message = result.error().message();
    return message.substr(message.find(" is invalid: ") + 13);
}
std::string listeners(const std::string& text) { return R"("gatewayClassName":"orilla","listeners":[)" + text + "]"; }
std::string http_rule(const std::string& text) { return R"("parentRefs":[{"name":"g"}],"rules":[{)" + text + "}]"; }

}  // namespace

TEST_CASE("Gateway: defaults, and what its listeners say together") {
    const Object made = gateway_object("Gateway", listeners(R"({"name":"http","port":80,"protocol":"HTTP"})"));
    CHECK(made.as<Gateway>().spec.listeners[0].allowed_routes->namespaces->from == "Same");
    CHECK(validate_create(made).has_value());
    CHECK(gateway_flaws("Gateway",
                        listeners(R"({"name":"a","port":80,"protocol":"HTTP"},{"name":"a","port":81,"protocol":"HTTP"})")) ==
          R"(spec.listeners: Invalid value: "array": Listener name must be unique within the Gateway)");
    CHECK(
        gateway_flaws("Gateway",
                      listeners(R"({"name":"a","port":80,"protocol":"HTTP"},{"name":"b","port":80,"protocol":"HTTP"})")) ==
        R"(spec.listeners: Invalid value: "array": Combination of port, protocol and hostname must be unique for each listener)");
    CHECK(
        gateway_flaws("Gateway", listeners(R"({"name":"a","port":443,"protocol":"HTTPS","tls":{}})")) ==
        R"(spec.listeners[0].tls: Invalid value: "object": certificateRefs or options must be specified when mode is Terminate)");
    CHECK(gateway_flaws("Gateway", listeners(R"({"name":"a","port":0,"protocol":"HTTP"})")) ==
          "spec.listeners[0].port: Invalid value: 0: spec.listeners[0].port in body should be greater than or equal to 1");
    CHECK(gateway_flaws("Gateway", listeners(R"({"name":"a","port":80,"protocol":"HTTP","hostname":"A.com"})"))
              .starts_with(
                  R"(spec.listeners[0].hostname: Invalid value: "A.com": spec.listeners[0].hostname in body should match)"));
    CHECK(gateway_flaws("Gateway", R"("gatewayClassName":"orilla","listeners":[])") == "spec.listeners: Required value");
    CHECK(gateway_flaws("Gateway", listeners(R"({"name":"a","port":80,"protocol":"HTTP"})") + R"(,"tls":{"frontend":{}})")
              .starts_with("spec.tls: Forbidden: "));
}

TEST_CASE("HTTPRoute: what is not said is filled in") {
    const Object made = gateway_object("HTTPRoute", R"("parentRefs":[{"name":"g"}],"hostnames":["a.com","*.b.com"])");
    const HTTPRoute& route = made.as<HTTPRoute>();
    REQUIRE(route.spec.rules.size() == 1);
    CHECK(route.spec.rules[0].matches[0].path->type == "PathPrefix");
    CHECK(route.spec.rules[0].matches[0].path->value == "/");
    CHECK(route.spec.parent_refs[0].kind == "Gateway");
    CHECK(validate_create(made).has_value());
    const auto row = render_row(made, 1'700'000'000);
    CHECK(row[1].text == R"(["a.com","*.b.com"])");
}

TEST_CASE("HTTPRoute: the CRD's rules") {
    const std::string at = "spec.rules[0]";
    CHECK(
        gateway_flaws("HTTPRoute", http_rule(R"("matches":[{"path":{"value":"x"}}])")) ==
        at +
            R"(.matches[0].path: Invalid value: "object": value must be an absolute path and start with '/' when type one of ['Exact', 'PathPrefix'])");
    CHECK(gateway_flaws("HTTPRoute", http_rule(R"("backendRefs":[{"name":"web"}])")) ==
          at + R"(.backendRefs[0]: Invalid value: "object": Must have port for Service reference)");
    CHECK(
        gateway_flaws(
            "HTTPRoute",
            http_rule(
                R"("filters":[{"type":"RequestRedirect","requestRedirect":{"scheme":"https"}}],"backendRefs":[{"name":"web","port":80}])")) ==
        at + R"(: Invalid value: "object": RequestRedirect filter must not be used together with backendRefs)");
    CHECK(gateway_flaws("HTTPRoute", http_rule(R"("filters":[{"type":"CORS"}])")) ==
          at + R"(.filters[0]: Invalid value: "object": filter.cors must be specified for CORS filter.type)");
    CHECK(
        gateway_flaws(
            "HTTPRoute",
            http_rule(
                R"("filters":[{"type":"URLRewrite","urlRewrite":{"hostname":"a.com"}},{"type":"URLRewrite","urlRewrite":{"hostname":"b.com"}}])")) ==
        at + R"(.filters: Invalid value: "array": URLRewrite filter cannot be repeated)");
    CHECK(
        gateway_flaws(
            "HTTPRoute",
            http_rule(
                R"("matches":[{"path":{"type":"Exact","value":"/a"}}],"filters":[{"type":"URLRewrite","urlRewrite":{"path":{"type":"ReplacePrefixMatch","replacePrefixMatch":"/b"}}}])")) ==
        at +
            R"(: Invalid value: "object": When using URLRewrite filter with path.replacePrefixMatch, exactly one PathPrefix match must be specified)");
    CHECK(gateway_flaws("HTTPRoute", http_rule(R"("timeouts":{"request":"1s","backendRequest":"2s"})")) ==
          at + R"(.timeouts: Invalid value: "object": backendRequest timeout cannot be longer than request timeout)");
    CHECK(gateway_flaws("HTTPRoute", http_rule(R"("timeouts":{"request":"soon"})"))
              .starts_with(at + R"(.timeouts.request: Invalid value: "soon": )"));
    CHECK(
        gateway_flaws("HTTPRoute", R"("parentRefs":[{"name":"g"},{"name":"g","sectionName":"a"}])") ==
        R"(spec.parentRefs: Invalid value: "array": sectionName must be specified when parentRefs includes 2 or more references to the same parent)");
}

TEST_CASE("GRPCRoute: methods are names") {
    CHECK(gateway_flaws("GRPCRoute", http_rule(R"("matches":[{"method":{"service":"shop.Cart","method":"Add"}}])")).empty());
    CHECK(gateway_flaws("GRPCRoute", http_rule(R"("matches":[{"method":{"method":"a b"}}])"))
              .find("method must only contain valid characters") != std::string::npos);
}

TEST_CASE("GatewayClass: its controller stays, and a new one waits for it") {
    Object made = gateway_object("GatewayClass", R"("controllerName":"acme.io/gw")");
    CHECK(validate_create(made).has_value());
    CHECK(gateway_flaws("GatewayClass", R"("controllerName":"acme")")
              .starts_with(R"(spec.controllerName: Invalid value: "acme": )"));
    const auto changed = validate_update(gateway_object("GatewayClass", R"("controllerName":"acme.io/other")"), made);
    REQUIRE_FALSE(changed.has_value());
    CHECK(changed.error().message().find(R"(spec.controllerName: Invalid value: "acme.io/other": Value is immutable)") !=
          std::string::npos);
}

TEST_CASE("ReferenceGrant: the older version is the same object") {
    const std::string spec =
        R"("from":[{"group":"gateway.networking.k8s.io","kind":"HTTPRoute","namespace":"a"}],"to":[{"group":"","kind":"Service"}])";
    CHECK(gateway_flaws("ReferenceGrant", spec).empty());
    CHECK(gateway_object("ReferenceGrant", spec, "v1beta1").kind().version == "v1beta1");
    CHECK(gateway_flaws("ReferenceGrant", R"("from":[],"to":[])").find("spec.from: Required value") != std::string::npos);
}

TEST_CASE("gateway_duration_ms: as GEP-2257 writes them") {
    CHECK(gateway_duration_ms("1h30m") == 5'400'000);
    CHECK(gateway_duration_ms("500ms") == 500);
    for (const char* bad : {"", "1", "-1s", "1d", "1s1s1s1s1s", "123456s"}) CHECK_FALSE(gateway_duration_ms(bad).has_value());
}
