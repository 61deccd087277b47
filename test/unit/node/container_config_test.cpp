#include "container_config.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::node;

namespace {
const std::string* find(const EnvList& env, std::string_view name) {
    for (const auto& [have, value] : env)
        if (have == name) return &value;
    return nullptr;
}
}  // namespace

TEST_CASE("expand_variables: known names, unknown names and escapes") {
    const EnvList env{{"A", "1"}, {"B", "two"}};
    CHECK(*expand_variables("$(A)-$(B)", env) == "1-two");
    CHECK(*expand_variables("$(C) $A $$(A) $(A", env) == "$(C) $A $(A) $(A");
    CHECK(*expand_variables("$", env) == "$");
}

TEST_CASE("expand_variables: stops where no program could be started with the outcome") {
    const EnvList env{{"A", std::string(1000, 'x')}};
    std::string text;
    for (int i = 0; i < 131; ++i) text += "$(A)";
    CHECK(expand_variables(text, env)->size() == 131'000);
    const auto refused = expand_variables(text + "$(A)", env);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == Code::invalid);
}

TEST_CASE("resolve_env: references upon references are bounded") {
    api::Pod pod;
    api::Container container;
    container.name = "c";
    auto add = [&container](std::string name, std::string value) {
        auto& variable = container.env.emplace_back();
        variable.name = api::Str(name);
        variable.value = api::Str(value);
    };
    add("A0", std::string(1000, 'x'));
    for (int i = 1; i < 9; ++i) {
        std::string ten;
        for (int k = 0; k < 10; ++k) ten += "$(A" + std::to_string(i - 1) + ")";
        add("A" + std::to_string(i), ten);
    }
    const auto refused = resolve_env(pod, container, {}, {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == Code::invalid);
    CHECK(refused.error().message().find("expanding \"$(A2)$(A2)") != std::string::npos);
}

TEST_CASE("resolve_env: values, references and envFrom in order") {
    api::Pod pod;
    pod.metadata.name = "p";
    pod.metadata.namespace_ = "ns";
    pod.metadata.labels["app"] = "web";
    api::Container container;
    container.name = "c";
    container.env_from.emplace_back().config_map_ref.ensure().name = "cm";
    auto& a = container.env.emplace_back();
    a.name = "A";
    a.value = "$(FROM_MAP)!";
    auto& secret = container.env.emplace_back();
    secret.name = "S";
    secret.value_from.ensure().secret_key_ref.ensure().name = "sec";
    secret.value_from->secret_key_ref->key = "pw";
    auto& label = container.env.emplace_back();
    label.name = "L";
    label.value_from.ensure().field_ref.ensure().field_path = "metadata.labels['app']";
    EnvSources sources;
    auto map = std::make_shared<api::ConfigMap>();
    map->data["FROM_MAP"] = "x";
    sources.config_maps["cm"] = map;
    auto pw = std::make_shared<api::Secret>();
    pw->data["pw"] = "aHVudGVyMg==";
    sources.secrets["sec"] = pw;
    const auto env = resolve_env(pod, container, sources, {});
    REQUIRE(env);
    CHECK(*find(*env, "A") == "x!");
    CHECK(*find(*env, "S") == "hunter2");
    CHECK(*find(*env, "L") == "web");
    sources.secrets.clear();
    const auto missing = resolve_env(pod, container, sources, {});
    REQUIRE(!missing);
    CHECK(missing.error().message() == "secret \"sec\" not found");
}

TEST_CASE("resolve_env: services give their variables") {
    api::Pod pod;
    auto service = std::make_shared<api::Service>();
    service->metadata.name = "my-db";
    service->spec.cluster_ip = "10.43.0.7";
    service->spec.ports.emplace_back().port = 3306;
    EnvSources sources;
    sources.services.push_back(service);
    const auto env = resolve_env(pod, api::Container(), sources, {});
    REQUIRE(env);
    CHECK(*find(*env, "MY_DB_SERVICE_HOST") == "10.43.0.7");
    CHECK(*find(*env, "MY_DB_PORT") == "tcp://10.43.0.7:3306");
}

TEST_CASE("resolve_resource_ref: divided and rounded up") {
    api::Pod pod;
    auto& container = pod.spec.containers.emplace_back();
    container.name = "c";
    container.resources.limits["cpu"] = *api::Quantity::parse("1500m");
    container.resources.limits["memory"] = *api::Quantity::parse("64Mi");
    api::ResourceFieldSelector ref;
    ref.resource = "limits.cpu";
    CHECK(*resolve_resource_ref(pod, "c", ref, {}) == "2");
    ref.divisor = *api::Quantity::parse("1m");
    CHECK(*resolve_resource_ref(pod, "c", ref, {}) == "1500");
    ref.resource = "limits.memory";
    ref.divisor = *api::Quantity::parse("1Mi");
    CHECK(*resolve_resource_ref(pod, "c", ref, {}) == "64");
}

TEST_CASE("render_resolv_conf: ClusterFirst searches the pod's namespace") {
    api::Pod pod;
    pod.metadata.namespace_ = "shop";
    CHECK(render_resolv_conf(pod, "10.43.0.10", "cluster.local", "nameserver 1.1.1.1\n") ==
          "nameserver 10.43.0.10\nsearch shop.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n");
    pod.spec.dns_policy = "Default";
    CHECK(render_resolv_conf(pod, "10.43.0.10", "cluster.local", "nameserver 1.1.1.1\n") == "nameserver 1.1.1.1\n");
}
