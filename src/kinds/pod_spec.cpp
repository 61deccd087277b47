// The rules of a pod's spec as a whole.
#include <fmt/core.h>
#include <algorithm>
#include <set>

#include "pod_spec.hpp"

namespace orilla::api {
namespace {

constexpr int64_t id_max = 2147483647;
constexpr size_t nameservers_max = 3;
constexpr size_t pod_containers_max = 60;  ///< init containers included
constexpr size_t searches_max = 32;
constexpr size_t searches_bytes_max = 2048;

void check_id(const Opt<int64_t>& id, const Path& path, FieldErrors& errors) {
    if (id && (*id < 0 || *id > id_max)) errors.invalid(path, *id, "must be between 0 and 2147483647, inclusive");
}

/// Names may be written net/ipv4/x too: the first separator tells which one is which.
std::string normalise_sysctl(std::string_view name) {
    std::string out(name);
    const size_t first = out.find_first_of("./");
    if (first == std::string::npos || out[first] == '.') return out;
    for (char& c : out)
        if (c == '.' || c == '/') c = c == '.' ? '/' : '.';
    return out;
}

/// The documented safe list ("Using sysctls in a Kubernetes Cluster").
bool is_safe_sysctl(std::string_view name) {
    static constexpr std::string_view safe[] = {"kernel.shm_rmid_forced",
                                                "net.ipv4.ip_local_port_range",
                                                "net.ipv4.tcp_syncookies",
                                                "net.ipv4.ping_group_range",
                                                "net.ipv4.ip_unprivileged_port_start",
                                                "net.ipv4.ip_local_reserved_ports",
                                                "net.ipv4.tcp_keepalive_time",
                                                "net.ipv4.tcp_fin_timeout",
                                                "net.ipv4.tcp_keepalive_intvl",
                                                "net.ipv4.tcp_keepalive_probes",
                                                "net.ipv4.tcp_rmem",
                                                "net.ipv4.tcp_wmem"};
    return std::find(std::begin(safe), std::end(safe), name) != std::end(safe);
}

void check_seccomp(const Box<SeccompProfile>& profile, const Path& path, FieldErrors& errors) {
    if (!profile) return;
    const Path at = path / "localhostProfile";
    const bool local = profile->type == "Localhost";
    if (local && !profile->localhost_profile) return errors.required(at, "must be set when seccomp type is Localhost");
    if (local) return check_descending_path(*profile->localhost_profile, at, errors);
    if (profile->localhost_profile)
        errors.invalid(at, *profile->localhost_profile, "can only be set when seccomp type is Localhost");
}

void check_pod_security(const PodSpec& spec, const Path& path, FieldErrors& errors) {
    if (spec.share_process_namespace.value_or(false) && spec.host_pid)
        errors.invalid_json(path / "shareProcessNamespace", "true", "ShareProcessNamespace and HostPID cannot both be enabled");
    if (!spec.security_context) return;
    const PodSecurityContext& context = *spec.security_context;
    const Path at = path / "securityContext";
    check_seccomp(context.seccomp_profile, at / "seccompProfile", errors);
    check_id(context.run_as_user, at / "runAsUser", errors);
    check_id(context.run_as_group, at / "runAsGroup", errors);
    check_id(context.fs_group, at / "fsGroup", errors);
    const Path groups = at / "supplementalGroups";
    for (size_t i = 0; i < context.supplemental_groups.size(); ++i) check_id(context.supplemental_groups[i], groups[i], errors);
    std::set<std::string> names;
    const Path sysctls = at / "sysctls";
    for (size_t i = 0; i < context.sysctls.size(); ++i) {
        const Path one = sysctls[i];
        const std::string name = normalise_sysctl(context.sysctls[i].name);
        if (!is_safe_sysctl(name)) errors.forbidden(one / "name", "only the safe sysctls of the documentation may be set");
        else if (spec.host_network && name.starts_with("net."))
            errors.invalid(one / "name", context.sysctls[i].name, "may not be set with host network enabled");
        else if (spec.host_ipc && name.starts_with("kernel.shm"))
            errors.invalid(one / "name", context.sysctls[i].name, "may not be set with host IPC enabled");
        if (!names.insert(name).second) errors.duplicate(one / "name", context.sysctls[i].name);
    }
}

void check_container_security(const Container& container, const PodSpec& spec, const Path& path, FieldErrors& errors) {
    if (!container.security_context) return;
    const SecurityContext& context = *container.security_context;
    const Path at = path / "securityContext";
    // Without users of its own the container's root could write to what is the node's in there.
    if (context.proc_mount == std::string_view("Unmasked") && spec.host_users.value_or(true))
        errors.invalid(at / "procMount", *context.proc_mount, "`hostUsers` must be false to use `Unmasked`");
    check_id(context.run_as_user, at / "runAsUser", errors);
    check_id(context.run_as_group, at / "runAsGroup", errors);
    check_seccomp(context.seccomp_profile, at / "seccompProfile", errors);
    if (context.allow_privilege_escalation.value_or(true)) return;
    if (context.privileged.value_or(false))
        errors.invalid_json(at, "{}", "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
    if (!context.capabilities) return;
    const List<Str>& added = context.capabilities->add;
    if (std::find(added.begin(), added.end(), std::string_view("CAP_SYS_ADMIN")) != added.end())
        errors.invalid_json(at, "{}", "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
}

void check_dns(const PodSpec& spec, const Path& path, FieldErrors& errors) {
    const Path at = path / "dnsConfig";
    bool none = spec.dns_policy == "None";
    if (none && (!spec.dns_config || spec.dns_config->nameservers.empty()))
        errors.required(at / "nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None");
    if (!spec.dns_config) return;
    const PodDNSConfig& config = *spec.dns_config;
    const Path servers = at / "nameservers";
    if (config.nameservers.size() > nameservers_max)
        errors.invalid(servers, static_cast<int64_t>(config.nameservers.size()), "must not have more than 3 nameservers");
    for (size_t i = 0; i < config.nameservers.size(); ++i)
        errors.complain(servers[i], config.nameservers[i], check_ip(config.nameservers[i]));
    const Path searches = at / "searches";
    size_t bytes = 0;
    for (size_t i = 0; i < config.searches.size(); ++i) {
        std::string_view search = config.searches[i];
        bytes += search.size() + 1;
        if (search.ends_with('.') && search.size() > 1) search.remove_suffix(1);
        if (search != ".") errors.complain(searches[i], search, check_dns1123_subdomain(search));
    }
    if (config.searches.size() > searches_max)
        errors.invalid(searches, static_cast<int64_t>(config.searches.size()), "must not have more than 32 search paths");
    if (bytes > searches_bytes_max + 1) errors.too_long(searches, searches_bytes_max);
    const Path options = at / "options";
    for (size_t i = 0; i < config.options.size(); ++i) {
        const Path one = options[i];
        if (config.options[i].name.empty()) errors.required(one / "name", "must not be empty");
    }
}

void check_tolerations(const List<Toleration>& tolerations, const Path& path, FieldErrors& errors) {
    for (size_t i = 0; i < tolerations.size(); ++i) {
        const Toleration& toleration = tolerations[i];
        const Path at = path[i];
        std::string_view op = toleration.operator_;
        if (!toleration.key.empty()) errors.complain(at / "key", toleration.key, check_qualified_name(toleration.key));
        if (toleration.key.empty() && op != "Exists")
            errors.invalid(at / "operator", op,
                           "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
        if (toleration.toleration_seconds && toleration.effect != "NoExecute")
            errors.invalid(at / "effect", toleration.effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
        if (op == "Exists" && !toleration.value.empty())
            errors.invalid(at / "operator", op, "value must be empty when `operator` is 'Exists'");
        if (op == "Lt" || op == "Gt")
            errors.forbidden(at / "operator", "numeric tolerations are not supported by this scheduler");
        if (op.empty() || op == "Equal")
            errors.complain(at / "operator", toleration.value, check_label_value(toleration.value));
    }
}

void check_host_aliases(const List<HostAlias>& aliases, const Path& path, FieldErrors& errors) {
    for (size_t i = 0; i < aliases.size(); ++i) {
        const Path at = path[i];
        errors.complain(at / "ip", aliases[i].ip, check_ip(aliases[i].ip));
        const Path names = at / "hostnames";
        for (size_t j = 0; j < aliases[i].hostnames.size(); ++j)
            errors.complain(names[j], aliases[i].hostnames[j], check_dns1123_subdomain(aliases[i].hostnames[j]));
    }
}

/// Ids of the pod's own mean nothing in a namespace that is the host's.
void check_host_users(const PodSpec& spec, const Path& path, FieldErrors& errors) {
    if (spec.host_users.value_or(true)) return;
    const std::pair<bool, const char*> others[] = {
        {spec.host_network, "hostNetwork"}, {spec.host_pid, "hostPID"}, {spec.host_ipc, "hostIPC"}};
    for (const auto& [shares, field] : others)
        if (shares) errors.forbidden(path / field, "when `hostUsers` is false");
}

void check_hostname(const PodSpec& spec, const Path& path, FieldErrors& errors) {
    constexpr size_t hostname_bytes_max = 64;
    if (!spec.hostname.empty()) errors.complain(path / "hostname", spec.hostname, check_dns1123_label(spec.hostname));
    if (!spec.subdomain.empty()) errors.complain(path / "subdomain", spec.subdomain, check_dns1123_label(spec.subdomain));
    if (!spec.hostname_override) return;
    const Path at = path / "hostnameOverride";
    const std::string_view name = *spec.hostname_override;
    errors.complain(at, name, check_dns1123_subdomain(name));
    if (name.size() > hostname_bytes_max) errors.too_long(at, hostname_bytes_max);
    if (spec.set_hostname_as_fqdn.value_or(false)) errors.forbidden(at, "may not be set when `setHostnameAsFQDN` is true");
    if (spec.host_network) errors.forbidden(at, "may not be set when `hostNetwork` is true");
}

void check_readiness_gates(const List<PodReadinessGate>& gates, const Path& path, FieldErrors& errors) {
    for (size_t i = 0; i < gates.size(); ++i) {
        const Path one = path[i];
        const std::string_view type = gates[i].condition_type;
        if (!type.empty()) errors.complain(one / "conditionType", type, check_qualified_name(type));
    }
}

void check_containers(const PodSpec& spec, const Path& path, FieldErrors& errors) {
    std::set<std::string_view> names;
    std::set<std::string> host_ports;
    auto check_list = [&](const List<Container>& list, const Path& at) {
        for (size_t i = 0; i < list.size(); ++i) {
            const Path one = at[i];
            if (!list[i].name.empty() && !names.insert(list[i].name).second) errors.duplicate(one / "name", list[i].name);
            check_container_fields(list[i], spec, one, errors);
            check_container_security(list[i], spec, one, errors);
        }
    };
    check_list(spec.init_containers, path / "initContainers");
    const Path containers = path / "containers";
    // What a pod's supervisor keeps records for; the reference server names no limit, and nobody comes near it.
    if (const size_t count = spec.init_containers.size() + spec.containers.size(); count > pod_containers_max)
        errors.too_many(containers, count, pod_containers_max);
    check_list(spec.containers, containers);
    for (size_t i = 0; i < spec.containers.size(); ++i) {
        const Path one = containers[i];
        const Path ports = one / "ports";
        for (size_t j = 0; j < spec.containers[i].ports.size(); ++j) {
            const ContainerPort& port = spec.containers[i].ports[j];
            std::string key = fmt::format("{}/{}/{}", port.protocol, port.host_ip, port.host_port);
            const Path port_path = ports[j];
            if (port.host_port > 0 && !host_ports.insert(key).second) errors.duplicate(port_path / "hostPort", key);
        }
    }
}

}  // namespace

void check_pod_spec(const PodSpec& spec, const Path& path, FieldErrors& errors) {
    check_containers(spec, path, errors);
    check_volumes(spec.volumes, path / "volumes", errors);
    if (spec.restart_policy.empty()) errors.required(path / "restartPolicy");
    if (spec.termination_grace_period_seconds)
        check_not_negative(*spec.termination_grace_period_seconds, path / "terminationGracePeriodSeconds", errors);
    if (spec.active_deadline_seconds && (*spec.active_deadline_seconds < 1 || *spec.active_deadline_seconds > id_max))
        errors.invalid(path / "activeDeadlineSeconds", *spec.active_deadline_seconds,
                       "must be between 1 and 2147483647, inclusive");
    check_labels(spec.node_selector, path / "nodeSelector", errors);
    if (!spec.node_name.empty()) errors.complain(path / "nodeName", spec.node_name, check_dns1123_subdomain(spec.node_name));
    check_hostname(spec, path, errors);
    check_readiness_gates(spec.readiness_gates, path / "readinessGates", errors);
    check_tolerations(spec.tolerations, path / "tolerations", errors);
    check_placement(spec, path, errors);
    check_host_aliases(spec.host_aliases, path / "hostAliases", errors);
    check_host_users(spec, path, errors);
    check_dns(spec, path, errors);
    check_pod_security(spec, path, errors);
    check_pod_resources(spec, path, errors);
}

}  // namespace orilla::api
