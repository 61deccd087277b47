#include "pod/sandbox_spec.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/kinds/pod_facts.hpp"

namespace orilla::node {

int64_t quantity_of(const api::Map<api::Quantity>& map, std::string_view name, bool milli) {
    const auto* quantity = map.get(name);
    if (!quantity) return 0;
    return milli ? quantity->milli_value() : quantity->value();
}

namespace {

std::string short_hostname(const api::Pod& pod) {
    constexpr size_t hostname_bytes_max = 63;
    if (pod.spec.hostname_override) return std::string(*pod.spec.hostname_override);
    std::string name = pod.spec.hostname.empty() ? pod.metadata.name.str() : pod.spec.hostname.str();
    if (name.size() <= hostname_bytes_max) return name;
    name.resize(hostname_bytes_max);
    name.resize(name.find_last_not_of("-.") + 1);
    return name;
}

/// As DNS knows the pod; empty when it does not, or the pod goes by another name.
std::string full_hostname(const api::Pod& pod, std::string_view cluster_domain) {
    if (pod.spec.subdomain.empty() || pod.spec.hostname_override) return "";
    return fmt::format("{}.{}.{}.svc.{}", short_hostname(pod), pod.spec.subdomain.view(), pod.metadata.namespace_.view(),
                       cluster_domain);
}

}  // namespace

Result<std::string> plan_hostname(const api::Pod& pod, std::string_view cluster_domain) {
    constexpr size_t kernel_name_bytes_max = 64;
    std::string full = pod.spec.set_hostname_as_fqdn.value_or(false) ? full_hostname(pod, cluster_domain) : "";
    if (full.empty()) return short_hostname(pod);
    if (full.size() > kernel_name_bytes_max)
        return Error(Code::invalid, fmt::format("failed to construct FQDN from pod hostname and cluster domain, FQDN {} is too "
                                                "long ({} characters is the max, {} characters requested)",
                                                full, kernel_name_bytes_max, full.size()));
    return full;
}

runtime::Resources plan_resources(const api::ResourceRequirements& resources) {
    runtime::Resources out;
    out.cpu_request_milli = quantity_of(resources.requests, "cpu", true);
    out.cpu_limit_milli = quantity_of(resources.limits, "cpu", true);
    out.memory_limit_bytes = quantity_of(resources.limits, "memory", false);
    return out;
}

namespace {

void add(runtime::Resources& sum, const runtime::Resources& one) {
    sum.cpu_request_milli += one.cpu_request_milli;
    sum.cpu_limit_milli += one.cpu_limit_milli;
    sum.memory_limit_bytes += one.memory_limit_bytes;
}

/// To what a step needs with those that run beside it.
void raise(runtime::Resources& most, const runtime::Resources& step, const runtime::Resources& beside) {
    most.cpu_request_milli = std::max(most.cpu_request_milli, step.cpu_request_milli + beside.cpu_request_milli);
    most.cpu_limit_milli = std::max(most.cpu_limit_milli, step.cpu_limit_milli + beside.cpu_limit_milli);
    most.memory_limit_bytes = std::max(most.memory_limit_bytes, step.memory_limit_bytes + beside.memory_limit_bytes);
}

}  // namespace

runtime::Resources plan_pod_resources(const api::PodSpec& spec) {
    runtime::Resources sidecars, steps, sum;
    bool cpu_open = false, memory_open = false;
    const auto look = [&](const api::Container& container) {
        const runtime::Resources one = plan_resources(container.resources);
        cpu_open |= one.cpu_limit_milli == 0;
        memory_open |= one.memory_limit_bytes == 0;
        return one;
    };
    for (const auto& container : spec.init_containers) {
        const runtime::Resources one = look(container);
        if (api::is_sidecar(container)) add(sidecars, one);
        else raise(steps, one, sidecars);
    }
    for (const auto& container : spec.containers) add(sum, look(container));
    add(sum, sidecars);
    raise(sum, steps, {});
    if (cpu_open) sum.cpu_limit_milli = 0;
    if (memory_open) sum.memory_limit_bytes = 0;
    if (!spec.resources) return sum;
    // What is said of the whole goes before the sum.
    const runtime::Resources whole = plan_resources(*spec.resources);
    if (spec.resources->requests.contains("cpu")) sum.cpu_request_milli = whole.cpu_request_milli;
    if (whole.cpu_limit_milli > 0) sum.cpu_limit_milli = whole.cpu_limit_milli;
    if (whole.memory_limit_bytes > 0) sum.memory_limit_bytes = whole.memory_limit_bytes;
    return sum;
}

namespace {

std::string render_own_hosts(const api::Pod& pod, const std::string& pod_ip, const std::string& cluster_domain) {
    std::string out =
        "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
        "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n";
    const std::string full = full_hostname(pod, cluster_domain);
    const std::string names = full.empty() ? short_hostname(pod) : full + "\t" + short_hostname(pod);
    if (!pod_ip.empty()) out += fmt::format("{}\t{}\n", pod_ip, names);
    return out;
}

/// On the node's network the node's names are the right ones.
std::string render_host_hosts(const std::string& host_hosts) {
    std::string out = "# Kubernetes-managed hosts file (host network).\n" + host_hosts;
    if (out.back() != '\n') out += '\n';
    return out;
}

}  // namespace

runtime::PodSandboxSpec plan_sandbox_spec(const api::Pod& pod, const std::string& resolv_conf, const std::string& pod_ip,
                                          const std::string& cluster_domain, const std::string& host_hosts) {
    runtime::PodSandboxSpec out;
    const bool host_network = pod.spec.host_network;
    out.id = pod.metadata.uid.view();
    if (!host_network) out.hostname = plan_hostname(pod, cluster_domain).value_or("");  // one that is too long was refused
    out.resolv_conf = resolv_conf;
    out.host_users = pod.spec.host_users.value_or(true);
    out.host_pid = pod.spec.host_pid;
    out.host_ipc = pod.spec.host_ipc;
    out.share_process_namespace = pod.spec.share_process_namespace.value_or(false);
    out.resources = plan_pod_resources(pod.spec);
    out.resources.pids_max = runtime::pod_pids_max_default;
    if (pod.spec.security_context)
        for (const auto& sysctl : pod.spec.security_context->sysctls)
            out.sysctls.emplace_back(sysctl.name.view(), sysctl.value.view());
    out.hosts = host_network ? render_host_hosts(host_hosts) : render_own_hosts(pod, pod_ip, cluster_domain);
    if (!pod.spec.host_aliases.empty()) out.hosts += "\n# Entries added by HostAliases.\n";
    for (const auto& alias : pod.spec.host_aliases) {
        out.hosts += std::string(alias.ip.view());
        for (const auto& host : alias.hostnames) out.hosts += "\t" + std::string(host.view());
        out.hosts += "\n";
    }
    return out;
}

}  // namespace orilla::node
