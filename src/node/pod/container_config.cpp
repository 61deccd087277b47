#include "pod/container_config.hpp"

#include <algorithm>

#include "orilla/base/base64.hpp"
#include "orilla/schema/codec.hpp"

namespace orilla::node {
namespace {

/// The text between the quotes of metadata.labels['KEY']; nothing for another form.
std::optional<std::string_view> subscript(std::string_view path, std::string_view field) {
    if (!path.starts_with(field)) return std::nullopt;
    path.remove_prefix(field.size());
    if (path.size() < 4 || !path.starts_with("['") || !path.ends_with("']")) return std::nullopt;
    return path.substr(2, path.size() - 4);
}

std::string render_map(const api::Map<api::Str>& map) {
    std::string out;
    for (const auto& [key, value] : map) {
        if (!out.empty()) out += "\n";
        out += std::string(key.view()) + "=\"";
        for (char c : value.view()) {
            if (c == '"' || c == '\\') out += '\\';
            if (c == '\n') out += "\\n";
            else out += c;
        }
        out += "\"";
    }
    return out;
}

int64_t quantity_of(const api::Map<api::Quantity>& map, std::string_view name, bool milli) {
    const auto* quantity = map.get(name);
    if (!quantity) return 0;
    return milli ? quantity->milli_value() : quantity->value();
}

std::vector<int64_t> supplemental_groups(const api::PodSecurityContext& context) {
    std::vector<int64_t> groups;
    for (int64_t group : context.supplemental_groups) groups.push_back(group);
    if (context.fs_group) groups.push_back(*context.fs_group);
    return groups;
}

template <class T>
T pick(const api::Opt<T>& own, const api::Opt<T>& of_pod, T otherwise) {
    if (own) return *own;
    return of_pod ? *of_pod : otherwise;
}

bool is_sys_admin(std::string name) {
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return toupper(c); });
    return name == "SYS_ADMIN" || name == "CAP_SYS_ADMIN";
}

SecurityConfig plan_security(const api::Pod& pod, const api::Container& container, bool hardened) {
    static const api::PodSecurityContext no_pod_context;
    static const api::SecurityContext no_context;
    const auto& of_pod = pod.spec.security_context ? *pod.spec.security_context : no_pod_context;
    const auto& own = container.security_context ? *container.security_context : no_context;
    SecurityConfig out;
    out.uid = pick<int64_t>(own.run_as_user, of_pod.run_as_user, -1);
    out.gid = pick<int64_t>(own.run_as_group, of_pod.run_as_group, -1);
    out.run_as_non_root = pick<bool>(own.run_as_non_root, of_pod.run_as_non_root, false);
    out.supplemental_groups = supplemental_groups(of_pod);
    out.privileged = own.privileged.value_or(false);
    out.read_only_root = own.read_only_root_filesystem.value_or(false);
    if (own.capabilities) {
        for (const auto& name : own.capabilities->add) out.add_capabilities.emplace_back(name.view());
        for (const auto& name : own.capabilities->drop) out.drop_capabilities.emplace_back(name.view());
    }
    out.hardened = hardened;
    // Privileged and CAP_SYS_ADMIN imply escalation, as the API says.
    const bool implied = !hardened || out.privileged || std::ranges::any_of(out.add_capabilities, is_sys_admin);
    out.allow_privilege_escalation = own.allow_privilege_escalation.value_or(implied);
    const auto& seccomp = own.seccomp_profile ? own.seccomp_profile : of_pod.seccomp_profile;
    out.seccomp_unconfined = out.privileged || (seccomp && seccomp->type == "Unconfined");
    out.unmasked_proc = out.privileged || own.proc_mount == "Unmasked";
    return out;
}

const api::Volume* find_volume(const api::Pod& pod, std::string_view name) {
    for (const auto& volume : pod.spec.volumes)
        if (volume.name == name) return &volume;
    return nullptr;
}

/// Below the volume: without empty parts and ".", refused with "..".
Result<std::string> plan_sub_path(const api::VolumeMount& mount, const EnvList& env) {
    std::string text(mount.sub_path.view()), missing;
    if (!mount.sub_path_expr.empty()) {
        TRY(text, expand_variables(mount.sub_path_expr.view(), env, &missing));
    }
    if (!missing.empty()) return Error(Code::invalid, "missing value for \"" + missing + "\"");
    if (text.starts_with('/')) return Error(Code::invalid, "error SubPath `" + text + "` must not be an absolute path");
    std::string out;
    for (size_t from = 0; from < text.size();) {
        const size_t end = std::min(text.find('/', from), text.size());
        const std::string part = text.substr(from, end - from);
        if (part == "..") return Error(Code::invalid, "unable to provision SubPath `" + text + "`: must not contain '..'");
        if (!part.empty() && part != ".") out += (out.empty() ? "" : "/") + part;
        from = end + 1;
    }
    return out;
}

Result<std::vector<MountConfig>> plan_mounts(const api::Pod& pod, const api::Container& container, const EnvList& env,
                                             const PodPlacement& placement) {
    std::vector<MountConfig> mounts;
    for (const auto& mount : container.volume_mounts) {
        const api::Volume* volume = find_volume(pod, mount.name.view());
        if (!volume) return Error(Code::invalid, "volume \"" + std::string(mount.name.view()) + "\" not found");
        MountConfig out;
        out.source = volume->host_path ? std::string(volume->host_path->path.view())
                                       : placement.pod_dir + "/volumes/" + std::string(mount.name.view());
        out.destination = mount.mount_path.view();
        TRY(out.sub_path, plan_sub_path(mount, env));
        out.label = "volumeMount \"" + std::string(mount.name.view()) + "\" of container \"" + std::string(container.name.view()) + "\"";
        out.recursive_read_only = mount.recursive_read_only.value_or("Disabled") != "Disabled";
        // What the API projects is never the container's to write.
        out.read_only = mount.read_only || volume->config_map || volume->secret || volume->downward_api;
        mounts.push_back(std::move(out));
    }
    return mounts;
}

Result<void> add_expanded(std::vector<std::string>& words, std::string_view word, const EnvList& env, size_t& bytes) {
    TRY(std::string expanded, expand_variables(word, env));
    bytes += expanded.size();
    if (bytes > arguments_bytes_max)
        return Error(Code::invalid, "command and args are larger than the " + std::to_string(arguments_bytes_max) +
                                        " bytes that a program can be started with");
    words.push_back(std::move(expanded));
    return ok();
}

}  // namespace

Result<std::string> resolve_field_ref(const api::Pod& pod, std::string_view path, const PodPlacement& placement) {
    const auto& meta = pod.metadata;
    if (auto key = subscript(path, "metadata.labels")) {
        const api::Str* value = meta.labels.get(*key);
        return std::string(value ? value->view() : "");
    }
    if (auto key = subscript(path, "metadata.annotations")) {
        const api::Str* value = meta.annotations.get(*key);
        return std::string(value ? value->view() : "");
    }
    if (path == "metadata.labels") return render_map(meta.labels);
    if (path == "metadata.annotations") return render_map(meta.annotations);
    if (path == "metadata.name") return std::string(meta.name.view());
    if (path == "metadata.namespace") return std::string(meta.namespace_.view());
    if (path == "metadata.uid") return std::string(meta.uid.view());
    if (path == "spec.nodeName") return placement.node_name;
    if (path == "spec.serviceAccountName")
        return std::string(pod.spec.service_account_name.empty() ? "default" : pod.spec.service_account_name.view());
    if (path == "status.hostIP" || path == "status.hostIPs") return placement.node_ip;
    if (path == "status.podIP" || path == "status.podIPs") return placement.pod_ip;
    return Error(Code::invalid, "unsupported fieldPath: " + std::string(path));
}

Result<std::string> resolve_resource_ref(const api::Pod& pod, std::string_view default_container,
                                         const api::ResourceFieldSelector& ref, const PodPlacement& placement) {
    const std::string_view wanted = ref.container_name.empty() ? default_container : ref.container_name.view();
    const api::Container* found = nullptr;
    for (const auto* list : {&pod.spec.init_containers, &pod.spec.containers})
        for (const auto& container : *list)
            if (container.name == wanted) found = &container;
    if (!found) return Error(Code::invalid, "container " + std::string(wanted) + " not found");
    const std::string_view resource = ref.resource.view();
    const bool limit = resource.starts_with("limits.");
    const std::string_view name = resource.substr(resource.find('.') + 1);
    const auto& map = limit ? found->resources.limits : found->resources.requests;
    const bool cpu = name == "cpu";
    int64_t value = quantity_of(map, name, cpu);
    if (value == 0 && limit) value = cpu ? placement.node_cpu_milli : name == "memory" ? placement.node_memory_bytes : 0;
    int64_t divisor = cpu ? 1000 : 1;
    if (!ref.divisor.empty()) {
        const int64_t given = cpu ? ref.divisor.milli_value() : ref.divisor.value();
        if (given > 0) divisor = given;
    }
    return std::to_string((value + divisor - 1) / divisor);
}

std::vector<std::string> find_docker_configs(const api::PodSpec& spec, const EnvSources& sources) {
    std::vector<std::string> out;
    for (const auto& ref : spec.image_pull_secrets) {
        const api::Secret* secret = sources.secret(ref.name.view());
        for (std::string_view key : {".dockerconfigjson", ".dockercfg"}) {
            const api::Str* value = secret ? secret->data.get(key) : nullptr;
            auto plain = value ? decode_base64(value->view()) : Result<std::string>(std::string());
            if (plain && !plain->empty()) out.push_back(std::move(*plain));
        }
    }
    return out;
}

std::string plan_hostname(const api::Pod& pod) {
    constexpr size_t hostname_bytes_max = 63;
    std::string name = pod.spec.hostname.empty() ? pod.metadata.name.str() : pod.spec.hostname.str();
    if (name.size() <= hostname_bytes_max) return name;
    name.resize(hostname_bytes_max);
    name.resize(name.find_last_not_of("-.") + 1);
    return name;
}

ResourceConfig plan_resources(const api::ResourceRequirements& resources) {
    ResourceConfig out;
    out.cpu_request_milli = quantity_of(resources.requests, "cpu", true);
    out.cpu_limit_milli = quantity_of(resources.limits, "cpu", true);
    out.memory_limit_bytes = quantity_of(resources.limits, "memory", false);
    return out;
}

ResourceConfig plan_pod_resources(const api::PodSpec& spec) {
    ResourceConfig sum;
    bool cpu_open = false, memory_open = false;
    for (const auto& container : spec.containers) {
        const ResourceConfig one = plan_resources(container.resources);
        sum.cpu_request_milli += one.cpu_request_milli;
        sum.cpu_limit_milli += one.cpu_limit_milli;
        sum.memory_limit_bytes += one.memory_limit_bytes;
        cpu_open |= one.cpu_limit_milli == 0;
        memory_open |= one.memory_limit_bytes == 0;
    }
    for (const auto& container : spec.init_containers) {
        const ResourceConfig one = plan_resources(container.resources);
        sum.cpu_request_milli = std::max(sum.cpu_request_milli, one.cpu_request_milli);
        sum.cpu_limit_milli = std::max(sum.cpu_limit_milli, one.cpu_limit_milli);
        sum.memory_limit_bytes = std::max(sum.memory_limit_bytes, one.memory_limit_bytes);
        cpu_open |= one.cpu_limit_milli == 0;
        memory_open |= one.memory_limit_bytes == 0;
    }
    if (cpu_open) sum.cpu_limit_milli = 0;
    if (memory_open) sum.memory_limit_bytes = 0;
    return sum;
}

Result<ContainerConfig> plan_container_config(const api::Pod& pod, const api::Container& container, int attempt,
                                              const EnvSources& sources, const PodPlacement& placement) {
    ContainerConfig out;
    out.pod_uid = pod.metadata.uid.view();
    out.name = container.name.view();
    out.attempt = attempt;
    out.image = container.image.view();
    TRY(out.env, resolve_env(pod, container, sources, placement));
    size_t bytes = 0;
    for (const auto& word : container.command) TRY_VOID(add_expanded(out.command, word.view(), out.env, bytes));
    for (const auto& word : container.args) TRY_VOID(add_expanded(out.args, word.view(), out.env, bytes));
    out.working_dir = container.working_dir.view();
    TRY(out.mounts, plan_mounts(pod, container, out.env, placement));
    out.resources = plan_resources(container.resources);
    out.security = plan_security(pod, container, placement.hardened);
    out.termination_message_path = container.termination_message_path.empty() ? "/dev/termination-log"
                                                                              : container.termination_message_path.view();
    out.hostname = plan_hostname(pod);
    if (pod.spec.host_network) out.hostname = placement.node_name;
    if (container.lifecycle) out.stop_signal = std::string(container.lifecycle->stop_signal.value_or(""));
    out.tty = container.tty;
    out.stdin_open = container.stdin_;
    return out;
}

namespace {

std::string render_own_hosts(const api::Pod& pod, const std::string& hostname, const std::string& pod_ip,
                             const std::string& cluster_domain) {
    std::string out = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
                      "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n";
    std::string names = hostname;
    if (!pod.spec.subdomain.empty())
        names = hostname + "." + pod.spec.subdomain.str() + "." + pod.metadata.namespace_.str() + ".svc." + cluster_domain + "\t" + hostname;
    if (!pod_ip.empty()) out += pod_ip + "\t" + names + "\n";
    return out;
}

/// On the node's network the node's names are the right ones.
std::string render_host_hosts(const std::string& host_hosts) {
    std::string out = "# Kubernetes-managed hosts file (host network).\n" + host_hosts;
    if (out.back() != '\n') out += '\n';
    return out;
}

}  // namespace

PodConfig plan_pod_config(const api::Pod& pod, const std::string& resolv_conf, const std::string& pod_ip,
                          const std::string& cluster_domain, const std::string& host_hosts) {
    PodConfig out;
    const std::string ns(pod.metadata.namespace_.view()), name(pod.metadata.name.view());
    out.uid = pod.metadata.uid.view();
    out.ns = ns;
    out.name = name;
    out.hostname = plan_hostname(pod);
    out.resolv_conf = resolv_conf;
    out.host_network = pod.spec.host_network;
    out.host_users = pod.spec.host_users.value_or(true);
    out.host_pid = pod.spec.host_pid;
    out.host_ipc = pod.spec.host_ipc;
    out.share_process_namespace = pod.spec.share_process_namespace.value_or(false);
    out.resources = plan_pod_resources(pod.spec);
    if (pod.spec.security_context)
        for (const auto& sysctl : pod.spec.security_context->sysctls)
            out.sysctls.emplace_back(sysctl.name.view(), sysctl.value.view());
    out.hosts = out.host_network ? render_host_hosts(host_hosts) : render_own_hosts(pod, out.hostname, pod_ip, cluster_domain);
    if (!pod.spec.host_aliases.empty()) out.hosts += "\n# Entries added by HostAliases.\n";
    for (const auto& alias : pod.spec.host_aliases) {
        out.hosts += std::string(alias.ip.view());
        for (const auto& host : alias.hostnames) out.hosts += "\t" + std::string(host.view());
        out.hosts += "\n";
    }
    return out;
}

}  // namespace orilla::node
