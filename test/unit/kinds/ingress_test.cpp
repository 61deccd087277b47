#include <catch2/catch.hpp>

#include "../../support/kinds.hpp"
#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/defaults.hpp"
#include "orilla/kinds/ingress_facts.hpp"
#include "orilla/kinds/table.hpp"
#include "orilla/kinds/validation.hpp"

using namespace orilla::api;

namespace {

Object ingress_object(const std::string& json) {
    auto object = decode_object(orilla::test::builtin(), json);
    INFO((object ? std::string() : object.error().message()) << json);
    REQUIRE(object.has_value());
    apply_defaults(*object);
    return std::move(*object);
}

std::string flaws_of(const orilla::Result<void>& result) {
    if (result) return {};
    const std::string& message = result.error().message();
    return message.substr(message.find(" is invalid: ") + 13);
}
std::string why_no_ingress(const std::string& json) { return flaws_of(validate_create(ingress_object(json))); }

std::string ingress(const std::string& spec, const std::string& metadata = "") {
    return R"({"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"app","namespace":"default")" +
           metadata + R"(},"spec":{)" + spec + "}}";
}
std::string backend(const std::string& port) { return R"("service":{"name":"wordpress","port":{)" + port + "}}"; }
std::string path(const std::string& text, const std::string& type) {
    return R"({"path":")" + text + R"(","pathType":")" + type + R"(","backend":{)" + backend(R"("number":87)") + "}}";
}
std::string rule(const std::string& host, const std::string& paths) {
    return R"("rules":[{"host":")" + host + R"(","http":{"paths":[)" + paths + "]}}]";
}
std::string with_path(const std::string& text, const std::string& type) {
    return ingress(rule("app.empresa.com", path(text, type)));
}
std::string ingress_class(const std::string& spec, const std::string& annotations = "{}") {
    return R"({"apiVersion":"networking.k8s.io/v1","kind":"IngressClass","metadata":{"name":"c","annotations":)" + annotations +
           R"(},"spec":{)" + spec + "}}";
}
std::string ingress_row(const std::string& json) {
    std::string out;
    for (const Cell& cell : render_row(ingress_object(json), 1'700'000'000)) out += cell.text + "|";
    return out;
}

const std::string at_path = "spec.rules[0].http.paths[0]";

}  // namespace

TEST_CASE("Ingress: the one of the notes is good as it stands") {
    CHECK(why_no_ingress(with_path("/", "Prefix")).empty());
    CHECK(ingress_row(with_path("/", "Prefix")) == "app|<none>|app.empresa.com||80|<unknown>|");
}

TEST_CASE("Ingress: hosts are names, and a wildcard stands for the first label") {
    CHECK(why_no_ingress(ingress(rule("*.foo.com", path("/", "Prefix")))).empty());
    CHECK(why_no_ingress(ingress(rule("", path("/", "Prefix")))).empty());
    for (const char* host : {"*.*.foo.com", "*foo.com", "f*.foo.com", "*"})
        CHECK(why_no_ingress(ingress(rule(host, path("/", "Prefix"))))
                  .starts_with("spec.rules[0].host: Invalid value: \"" + std::string(host) +
                               "\": a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain"));
    CHECK(why_no_ingress(ingress(rule("192.0.2.1", path("/", "Prefix"))))
              .starts_with("spec.rules[0].host: Invalid value: \"192.0.2.1\": must be a DNS name, not an IP address"));
    CHECK(why_no_ingress(ingress(rule("App.example.com", path("/", "Prefix"))))
              .starts_with("spec.rules[0].host: Invalid value: \"App.example.com\": a lowercase RFC 1123 subdomain"));
    CHECK(why_no_ingress(ingress(rule("a.com:80", path("/", "Prefix")))).find("a lowercase RFC 1123") != std::string::npos);
}

TEST_CASE("Ingress: paths are absolute and in their shortest form, but where the type is free") {
    for (const char* type : {"Exact", "Prefix"}) {
        CHECK(why_no_ingress(with_path("/a/b/", type)).empty());
        CHECK(why_no_ingress(with_path("/a..b/.c", type)).empty());
        CHECK(why_no_ingress(with_path("a", type)) == at_path + R"(.path: Invalid value: "a": must be an absolute path)");
        CHECK(why_no_ingress(with_path("", type)) == at_path + R"(.path: Invalid value: "": must be an absolute path)");
        for (const char* part : {"//", "/./", "/../", "%2f", "%2F"})
            CHECK(why_no_ingress(with_path("/a" + std::string(part) + "b", type)) ==
                  at_path + ".path: Invalid value: \"/a" + part + "b\": must not contain '" + part + "'");
        for (const char* end : {"/..", "/."})
            CHECK(why_no_ingress(with_path("/a" + std::string(end), type)) ==
                  at_path + ".path: Invalid value: \"/a" + end + "\": cannot end with '" + end + "'");
    }
    CHECK(why_no_ingress(with_path("", "ImplementationSpecific")).empty());
    CHECK(why_no_ingress(with_path("/a//b", "ImplementationSpecific")).empty());
    CHECK(why_no_ingress(with_path("a", "ImplementationSpecific")) ==
          at_path + R"(.path: Invalid value: "a": must be an absolute path)");
    CHECK(why_no_ingress(with_path("/", "Regex")) ==
          at_path + R"(.pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix")");
    CHECK(why_no_ingress(ingress(rule("a.com", R"({"path":"/","backend":{)" + backend(R"("number":87)") + "}}"))) ==
          at_path + ".pathType: Required value: pathType must be specified");
}

TEST_CASE("Ingress: a backend is a port of a Service, by name or by number") {
    const auto with_backend = [](const std::string& text) { return ingress(R"("defaultBackend":{)" + text + "}"); };
    CHECK(why_no_ingress(with_backend(backend(R"("name":"http")"))).empty());
    CHECK(why_no_ingress(with_backend(backend(R"("name":"http","number":80)"))) ==
          R"(spec.defaultBackend: Invalid value: "": cannot set both port name & port number)");
    CHECK(why_no_ingress(with_backend(backend(""))) == "spec.defaultBackend: Required value: port name or number is required");
    CHECK(why_no_ingress(with_backend(backend(R"("number":70000)"))) ==
          "spec.defaultBackend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive");
    CHECK(why_no_ingress(with_backend("")) ==
          R"(spec.defaultBackend: Invalid value: "": resource or service backend is required)");
    CHECK(why_no_ingress(with_backend(R"("resource":{"kind":"Bucket","name":"static"})")) ==
          "spec.defaultBackend.resource: Forbidden: requests go to Services only: name a service");
    CHECK(why_no_ingress(ingress("")) == "spec: Invalid value: []: either `defaultBackend` or `rules` must be specified");
    CHECK(why_no_ingress(ingress(rule("a.com", ""))) == "spec.rules[0].http.paths: Required value");
}

TEST_CASE("Ingress: TLS is for hosts, from a Secret or without one") {
    const auto with_tls = [](const std::string& text) {
        return ingress(R"("tls":[{)" + text + "}]," + rule("a.com", path("/", "Prefix")));
    };
    CHECK(why_no_ingress(with_tls(R"("hosts":["a.com","*.b.com"],"secretName":"keys")")).empty());
    CHECK(why_no_ingress(with_tls("")).empty());
    CHECK(why_no_ingress(with_tls(R"("hosts":["a b"])")).starts_with("spec.tls[0].hosts[0]: Invalid value: \"a b\""));
    CHECK(why_no_ingress(with_tls(R"("secretName":"A")")).starts_with("spec.tls[0].secretName: Invalid value: \"A\""));
    CHECK(ingress_row(with_tls("")) == "app|<none>|a.com||80, 443|<unknown>|");
}

TEST_CASE("Ingress: the older annotation says the same class as the field, or nothing") {
    const std::string annotation = R"(,"annotations":{"kubernetes.io/ingress.class":"nginx"})";
    const std::string rules = rule("a.com", path("/", "Prefix"));
    CHECK(why_no_ingress(ingress(rules, annotation)).empty());
    CHECK(why_no_ingress(ingress(R"("ingressClassName":"nginx",)" + rules, annotation)).empty());
    CHECK(why_no_ingress(ingress(R"("ingressClassName":"orilla",)" + rules, annotation)) ==
          "annotations.kubernetes.io/ingress.class: Invalid value: \"nginx\": must match `ingressClassName` when both are "
          "specified");
    CHECK(class_of(ingress_object(ingress(rules, annotation)).as<Ingress>()) == "nginx");
    CHECK(class_of(ingress_object(ingress(R"("ingressClassName":"orilla",)" + rules)).as<Ingress>()) == "orilla");
}

TEST_CASE("Ingress: more than three hosts are counted") {
    std::string rules;
    for (const char* host : {"a.com", "b.com", "c.com", "d.com", "e.com"})
        rules += (rules.empty() ? "" : ",") + (R"({"host":")" + std::string(host) + R"("})");
    CHECK(ingress_row(ingress(R"("ingressClassName":"orilla","rules":[)" + rules + "]")) ==
          "app|orilla|a.com,b.com,c.com + 2 more...||80|<unknown>|");
}

TEST_CASE("IngressClass: a controller that stays, and parameters of its own") {
    CHECK(why_no_ingress(ingress_class(R"("controller":"acme.io/foo")")).empty());
    CHECK(why_no_ingress(ingress_class("")) == "spec.controller: Required value");
    CHECK(why_no_ingress(ingress_class(R"("controller":"foo")")) ==
          R"(spec.controller: Invalid value: "foo": must be a domain-prefixed path (such as "acme.io/foo"))");
    const std::string parameters = R"(,"parameters":{"apiGroup":"k.acme.io","kind":"Params","name":"p")";
    const std::string other = R"("controller":"acme.io/foo")" + parameters;
    CHECK(why_no_ingress(ingress_class(other + "}")).empty());
    CHECK(ingress_row(ingress_class(other + "}")) == "c|acme.io/foo|Params.k.acme.io/p|<unknown>|");
    CHECK(why_no_ingress(ingress_class(other + R"(,"scope":"Namespace"})")) ==
          "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'");
    CHECK(why_no_ingress(ingress_class(other + R"(,"namespace":"default"})")) ==
          "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'");
    CHECK(why_no_ingress(ingress_class(R"("controller":"orilla.dev/gateway")" + parameters + "}")) ==
          "spec.parameters: Forbidden: orilla.dev/gateway takes no parameters; leave them out");
    CHECK(flaws_of(validate_update(ingress_object(ingress_class(R"("controller":"a.io/b")")),
                                   ingress_object(ingress_class(R"("controller":"a.io/c")")))) ==
          R"(spec.controller: Invalid value: "a.io/b": field is immutable)");
    const auto marked = [](const char* value) {
        const std::string annotations = R"({"ingressclass.kubernetes.io/is-default-class":")" + std::string(value) + "\"}";
        return is_default_class(
            ingress_object(ingress_class(R"("controller":"orilla.dev/gateway")", annotations)).as<IngressClass>());
    };
    CHECK(marked("true"));
    CHECK_FALSE(marked("false"));
}
