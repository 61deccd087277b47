#include "pod/container_spec.hpp"

#include <catch2/catch.hpp>

#include "pod/sandbox_spec.hpp"

using namespace orilla;
using namespace orilla::node;

namespace {
const std::string* find(const EnvList& env, std::string_view name) {
    for (const auto& [have, value] : env)
        if (have == name) return &value;
    return nullptr;
}
images::ImageConfig shell() {
    images::ImageConfig image;
    image.entrypoint = {"sh"};
    return image;
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

TEST_CASE("resolve_resource_ref: a container without a limit has what the node gives to pods") {
    api::Pod pod;
    pod.spec.containers.emplace_back().name = "c";
    const auto node = std::make_shared<api::Node>();
    node->status.allocatable["cpu"] = *api::Quantity::parse("2500m");
    node->status.allocatable["memory"] = *api::Quantity::parse("96Mi");
    node->status.allocatable["ephemeral-storage"] = *api::Quantity::parse("3Gi");
    PodPlacement placement;
    placement.node = node;
    const auto value = [&](const char* resource) {
        api::ResourceFieldSelector ref;
        ref.resource = resource;
        return *resolve_resource_ref(pod, "c", ref, placement);
    };
    CHECK(value("limits.cpu") == "3");
    CHECK(value("limits.memory") == "100663296");
    CHECK(value("limits.ephemeral-storage") == "3221225472");
    CHECK(value("requests.ephemeral-storage") == "0");
}

TEST_CASE("render_resolv_conf: ClusterFirst searches the pod's namespace") {
    api::Pod pod;
    pod.metadata.namespace_ = "shop";
    CHECK(render_resolv_conf(pod, "10.43.0.10", "cluster.local", "nameserver 1.1.1.1\n") ==
          "nameserver 10.43.0.10\nsearch shop.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n");
    pod.spec.dns_policy = "Default";
    CHECK(render_resolv_conf(pod, "10.43.0.10", "cluster.local", "nameserver 1.1.1.1\n") == "nameserver 1.1.1.1\n");
}

TEST_CASE("render_resolv_conf: dnsConfig adds to the policy's servers and searches, and its options win") {
    api::Pod pod;
    pod.metadata.namespace_ = "shop";
    pod.spec.dns_policy = "Default";
    auto& config = pod.spec.dns_config.ensure();
    config.searches.push_back("own.example");
    config.searches.push_back("lan");
    config.nameservers.push_back("9.9.9.9");
    auto& option = config.options.emplace_back();
    option.name = "ndots";
    option.value = api::Str("2");
    const std::string host = "# hand-made\nnameserver 1.1.1.1\nsearch old\nsearch lan home.example\noptions ndots:1 rotate\n";
    CHECK(render_resolv_conf(pod, "10.43.0.10", "cluster.local", host) ==
          "nameserver 1.1.1.1\nnameserver 9.9.9.9\nsearch lan home.example own.example\noptions ndots:2 rotate\n");
    pod.spec.dns_policy = "ClusterFirst";
    CHECK(render_resolv_conf(pod, "10.43.0.10", "c.d", host) ==
          "nameserver 10.43.0.10\nnameserver 9.9.9.9\nsearch shop.svc.c.d svc.c.d c.d own.example lan\noptions ndots:2\n");
    pod.spec.dns_policy = "None";
    CHECK(render_resolv_conf(pod, "10.43.0.10", "c.d", host) ==
          "nameserver 9.9.9.9\nsearch own.example lan\noptions ndots:2\n");
    config.nameservers.push_back("8.8.8.8");
    config.nameservers.push_back("8.8.4.4");
    pod.spec.dns_policy = "Default";
    CHECK(render_resolv_conf(pod, "10.43.0.10", "c.d", host).find("8.8.4.4") == std::string::npos);
}

TEST_CASE("plan_sandbox_spec: host aliases follow the pod's own names, or the node's") {
    api::Pod pod;
    pod.metadata.name = "web";
    auto& alias = pod.spec.host_aliases.emplace_back();
    alias.ip = "10.0.0.9";
    alias.hostnames.push_back("db");
    alias.hostnames.push_back("db.example");
    const std::string own = plan_sandbox_spec(pod, "", "10.42.0.5", "cluster.local", "").hosts;
    CHECK(own.find("10.42.0.5\tweb\n") != std::string::npos);
    CHECK(own.ends_with("10.0.0.9\tdb\tdb.example\n"));
    pod.spec.host_network = true;
    CHECK(
        own.starts_with("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost "
                        "ip6-loopback\nfe00::0\tip6-localnet\n"));
    const std::string host =
        plan_sandbox_spec(pod, "", "192.0.2.1", "cluster.local", "127.0.0.1 localhost\n192.0.2.7 printer").hosts;
    CHECK(host.starts_with("# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n"));
    CHECK(host.ends_with("192.0.2.7 printer\n\n# Entries added by HostAliases.\n10.0.0.9\tdb\tdb.example\n"));
}

TEST_CASE("plan_container_spec: mounts say what the API says") {
    api::Pod pod;
    auto& volume = pod.spec.volumes.emplace_back();
    volume.name = "v";
    volume.host_path.ensure().path = "/srv";
    auto& container = pod.spec.containers.emplace_back();
    container.name = "c";
    auto& mount = container.volume_mounts.emplace_back();
    mount.name = "v";
    mount.mount_path = "/v";
    mount.read_only = true;
    auto plain = plan_container_spec(pod, container, 0, {}, {}, shell());
    REQUIRE(plain);
    CHECK(plain->mounts[0].read_only);
    CHECK_FALSE(plain->mounts[0].recursive_read_only);
    mount.recursive_read_only = api::Str("IfPossible");
    CHECK(plan_container_spec(pod, container, 0, {}, {}, shell())->mounts[0].recursive_read_only);
    mount.recursive_read_only = api::Str("Disabled");
    CHECK_FALSE(plan_container_spec(pod, container, 0, {}, {}, shell())->mounts[0].recursive_read_only);
    CHECK(plain->mounts[0].propagation == runtime::MountPropagation::none);
    mount.mount_propagation = api::Str("HostToContainer");
    CHECK(plan_container_spec(pod, container, 0, {}, {}, shell())->mounts[0].propagation ==
          runtime::MountPropagation::host_to_container);
    mount.mount_propagation = api::Str("Bidirectional");
    CHECK(plan_container_spec(pod, container, 0, {}, {}, shell())->mounts[0].propagation ==
          runtime::MountPropagation::bidirectional);
    mount.sub_path_expr = "a/$(WHO)/$$(b)";
    const auto missing = plan_container_spec(pod, container, 0, {}, {}, shell());
    REQUIRE_FALSE(missing);
    CHECK(missing.error().message() == "missing value for \"WHO\"");
    auto& who = container.env.emplace_back();
    who.name = "WHO";
    who.value = "me";
    CHECK(plan_container_spec(pod, container, 0, {}, {}, shell())->mounts[0].sub_path == "a/me/$(b)");
    mount.sub_path_expr = "./$(WHO)//x/.";
    CHECK(plan_container_spec(pod, container, 0, {}, {}, shell())->mounts[0].sub_path == "me/x");
    CHECK(plan_container_spec(pod, container, 0, {}, {}, shell())->mounts[0].label == "volumeMount \"v\" of container \"c\"");
    mount.sub_path_expr = "$(WHO)";
    const std::pair<const char*, const char*> refused[] = {
        {"/tmp", "error SubPath `/tmp` must not be an absolute path"},
        {"..", "unable to provision SubPath `..`: must not contain '..'"},
        {"a/../../b", "unable to provision SubPath `a/../../b`: must not contain '..'"}};
    for (const auto& [value, message] : refused) {
        who.value = value;
        const auto config = plan_container_spec(pod, container, 0, {}, {}, shell());
        REQUIRE_FALSE(config);
        CHECK(config.error().message() == message);
    }
}

TEST_CASE("plan_hostname: 63 characters at most, and none at the end that may not be there") {
    api::Pod pod;
    pod.metadata.name = "web-0";
    CHECK(*plan_hostname(pod, "x") == "web-0");
    const std::string a60(60, 'a');
    pod.metadata.name = a60 + "-b-c-d-with-more.and-dots";
    CHECK(*plan_hostname(pod, "x") == a60 + "-b");
    pod.metadata.name = a60 + "bc";
    CHECK(*plan_hostname(pod, "x") == a60 + "bc");
    pod.metadata.name = a60 + "b.-c";
    CHECK(*plan_hostname(pod, "x") == a60 + "b");
    pod.spec.hostname = "own";
    CHECK(*plan_hostname(pod, "x") == "own");
}

namespace {
runtime::ContainerSpec spec_of(bool hardened, api::Opt<bool> escalation, std::vector<std::string> capabilities = {}) {
    api::Pod pod;
    api::Container container;
    container.name = "c";
    auto& context = container.security_context.ensure();
    context.allow_privilege_escalation = escalation;
    for (const auto& name : capabilities) context.capabilities.ensure().add.emplace_back(name);
    PodPlacement placement;
    placement.hardened = hardened;
    return *plan_container_spec(pod, container, 0, {}, placement, shell());
}
}  // namespace

TEST_CASE("plan_container_spec: what a pod leaves open is what Kubernetes gives, or less on a hardened node") {
    CHECK_FALSE(spec_of(false, {}).no_new_privs);
    CHECK(spec_of(false, false).no_new_privs);
    CHECK(spec_of(false, {}).capabilities == runtime::default_capabilities());
    CHECK(spec_of(true, {}).capabilities == runtime::hardened_capabilities());
    CHECK(spec_of(true, {}).no_new_privs);
    CHECK_FALSE(spec_of(true, true).no_new_privs);
    for (const char* name : {"SYS_ADMIN", "CAP_SYS_ADMIN", "sys_admin"}) CHECK_FALSE(spec_of(true, {}, {name}).no_new_privs);
}

TEST_CASE("plan_oom_score_adj: by the class of service, and among Burstable pods by what is asked for") {
    constexpr int64_t node_bytes = 1LL << 30;
    api::PodSpec pod;
    auto& container = pod.containers.emplace_back();
    auto adj = [&] { return plan_oom_score_adj(pod, container, node_bytes); };
    CHECK(adj() == 1000);
    container.resources.requests["memory"] = *api::Quantity::parse("256Mi");
    CHECK(adj() == 750);
    container.resources.requests["memory"] = *api::Quantity::parse("1Ki");
    CHECK(adj() == 999);
    container.resources.requests["memory"] = *api::Quantity::parse("8Gi");
    CHECK(adj() == 3);
    container.resources.requests["memory"] = *api::Quantity::parse("64Mi");
    container.resources.limits["memory"] = *api::Quantity::parse("64Mi");
    container.resources.requests["cpu"] = container.resources.limits["cpu"] = *api::Quantity::parse("1");
    CHECK(adj() == -997);
}

TEST_CASE("plan_hostname: the full name where the pod wants it, or another one altogether") {
    api::Pod pod;
    pod.metadata.name = "web-0";
    pod.metadata.namespace_ = "ns";
    pod.spec.set_hostname_as_fqdn = true;
    CHECK(*plan_hostname(pod, "cluster.local") == "web-0");  // without a subdomain it has none
    pod.spec.subdomain = "group";
    CHECK(*plan_hostname(pod, "cluster.local") == "web-0.group.ns.svc.cluster.local");
    pod.spec.subdomain = "a-subdomain-that-is-far-too-long-for-a-kernel";
    const auto refused = plan_hostname(pod, "cluster.local");
    REQUIRE(!refused);
    CHECK(refused.error().message().find("is too long (64 characters is the max, 72 characters requested)") !=
          std::string::npos);
    pod.spec.hostname_override = "other.example.com";
    CHECK(*plan_hostname(pod, "cluster.local") == "other.example.com");
}

TEST_CASE("plan_oom_score_adj: a sidecar does not go before the containers that need it") {
    constexpr int64_t gib = int64_t{1} << 30;
    api::PodSpec spec;
    spec.containers.emplace_back().resources.requests["memory"] = *api::Quantity::parse("512Mi");
    auto& side = spec.init_containers.emplace_back();
    CHECK(plan_oom_score_adj(spec, side, gib) == 999);
    side.restart_policy = "Always";
    CHECK(plan_oom_score_adj(spec, side, gib) == plan_oom_score_adj(spec, spec.containers[0], gib));
}

TEST_CASE("plan_container_spec: a seccomp profile of the node's own, the container's before the pod's") {
    api::Pod pod;
    auto& container = pod.spec.containers.emplace_back();
    container.name = "c";
    PodPlacement placement;
    placement.seccomp_dir = "/data/seccomp";
    auto& of_pod = pod.spec.security_context.ensure().seccomp_profile.ensure();
    of_pod.type = "Localhost";
    of_pod.localhost_profile = api::Str("profiles/audit.json");
    const auto planned = [&] { return *plan_container_spec(pod, container, 0, {}, placement, shell()); };
    CHECK(planned().seccomp == runtime::SeccompMode::local);
    CHECK(planned().seccomp_profile == "/data/seccomp/profiles/audit.json");
    auto& own = container.security_context.ensure();
    own.seccomp_profile.ensure().type = "RuntimeDefault";
    CHECK(planned().seccomp == runtime::SeccompMode::runtime_default);
    own.seccomp_profile->type = "Localhost";
    own.seccomp_profile->localhost_profile = api::Str("own.json");
    CHECK(planned().seccomp_profile == "/data/seccomp/own.json");
    own.privileged = true;
    CHECK(planned().seccomp == runtime::SeccompMode::unconfined);
}
