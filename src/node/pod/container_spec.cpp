#include "pod/container_spec.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/base/base64.hpp"
#include "orilla/kinds/defaults.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/runtime/pod_runtime.hpp"
#include "orilla/schema/codec.hpp"
#include "pod/sandbox_spec.hpp"
#include "pod/stop_signal.hpp"
#include "volumes/driver.hpp"

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

/// The security context that container and pod give together.
struct Security {
    bool run_as_non_root = false;
    std::vector<std::string> add, drop;  ///< capabilities
};

Security plan_security(runtime::ContainerSpec& spec, const api::Pod& pod, const api::Container& container,
                       const PodPlacement& placement) {
    static const api::PodSecurityContext no_pod_context;
    static const api::SecurityContext no_context;
    const auto& of_pod = pod.spec.security_context ? *pod.spec.security_context : no_pod_context;
    const auto& own = container.security_context ? *container.security_context : no_context;
    Security out;
    out.run_as_non_root = pick<bool>(own.run_as_non_root, of_pod.run_as_non_root, false);
    if (own.capabilities) {
        for (const auto& name : own.capabilities->add) out.add.emplace_back(name.view());
        for (const auto& name : own.capabilities->drop) out.drop.emplace_back(name.view());
    }
    spec.uid = pick<int64_t>(own.run_as_user, of_pod.run_as_user, -1);
    spec.gid = pick<int64_t>(own.run_as_group, of_pod.run_as_group, -1);
    spec.supplemental_groups = supplemental_groups(of_pod);
    spec.only_given_groups = of_pod.supplemental_groups_policy == std::string_view("Strict");
    spec.privileged = own.privileged.value_or(false);
    spec.read_only_root = own.read_only_root_filesystem.value_or(false);
    // Privileged and CAP_SYS_ADMIN imply escalation, as the API says.
    const bool implied = !placement.hardened || spec.privileged || std::ranges::any_of(out.add, is_sys_admin);
    spec.no_new_privs = !own.allow_privilege_escalation.value_or(implied);
    const auto& seccomp = own.seccomp_profile ? own.seccomp_profile : of_pod.seccomp_profile;
    const bool unconfined = spec.privileged || (seccomp && seccomp->type == "Unconfined");
    spec.seccomp = unconfined ? runtime::SeccompMode::unconfined : runtime::SeccompMode::runtime_default;
    if (!unconfined && seccomp && seccomp->type == "Localhost") {
        spec.seccomp = runtime::SeccompMode::local;
        spec.seccomp_profile = fmt::format("{}/{}", placement.seccomp_dir, seccomp->localhost_profile.value_or(""));
    }
    if (spec.privileged || own.proc_mount == "Unmasked") {
        spec.masked_paths.clear();
        spec.read_only_paths.clear();
    }
    return out;
}

Result<void> plan_capabilities(runtime::ContainerSpec& spec, const Security& security, bool hardened) {
    if (spec.privileged) {
        spec.capabilities = runtime::all_capabilities();
        return ok();
    }
    const auto base = hardened ? runtime::hardened_capabilities() : runtime::default_capabilities();
    TRY(spec.capabilities, runtime::plan_capabilities(security.add, security.drop, base));
    return ok();
}

Result<void> check_non_root(int64_t uid, const images::ImageConfig& image) {
    if (uid > 0) return ok();
    const std::string user = image.user.substr(0, image.user.find(':'));
    if (uid == 0 || user.empty() || user == "0" || user == "root")
        return Error(Code::bad_request, "container has runAsNonRoot and image will run as root");
    if (user.find_first_not_of("0123456789") != std::string::npos)
        return Error(
            Code::bad_request,
            fmt::format("container has runAsNonRoot and image has non-numeric user ({}), cannot verify user is non-root",
                        user));
    return ok();
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
    if (!missing.empty()) return Error(Code::invalid, fmt::format("missing value for \"{}\"", missing));
    if (text.starts_with('/'))
        return Error(Code::invalid, fmt::format("error SubPath `{}` must not be an absolute path", text));
    std::string out;
    for (size_t from = 0; from < text.size();) {
        const size_t end = std::min(text.find('/', from), text.size());
        const std::string part = text.substr(from, end - from);
        if (part == "..")
            return Error(Code::invalid, fmt::format("unable to provision SubPath `{}`: must not contain '..'", text));
        if (!part.empty() && part != ".") out += (out.empty() ? "" : "/") + part;
        from = end + 1;
    }
    return out;
}

Result<std::vector<runtime::MountSpec>> plan_mounts(const api::Pod& pod, const api::Container& container, const EnvList& env,
                                                    const PodPlacement& placement) {
    std::vector<runtime::MountSpec> mounts;
    for (const auto& mount : container.volume_mounts) {
        const api::Volume* volume = find_volume(pod, mount.name.view());
        if (!volume) return Error(Code::invalid, fmt::format("volume \"{}\" not found", mount.name.view()));
        runtime::MountSpec out;
        out.source = find_volume_path(*volume, placement.pod_dir);
        out.destination = mount.mount_path.view();
        TRY(out.sub_path, plan_sub_path(mount, env));
        out.label = fmt::format("volumeMount \"{}\" of container \"{}\"", mount.name.view(), container.name.view());
        const std::string_view propagation = mount.mount_propagation.value_or("None");
        if (propagation == "HostToContainer") out.propagation = runtime::MountPropagation::host_to_container;
        else if (propagation == "Bidirectional") out.propagation = runtime::MountPropagation::bidirectional;
        out.recursive_read_only = mount.recursive_read_only.value_or("Disabled") != "Disabled";
        // What the API projects is never the container's to write.
        const bool claimed_read_only = volume->persistent_volume_claim && volume->persistent_volume_claim->read_only;
        out.read_only = mount.read_only || claimed_read_only || find_driver(*volume).projected;
        mounts.push_back(std::move(out));
    }
    return mounts;
}

Result<void> add_expanded(std::vector<std::string>& words, std::string_view word, const EnvList& env, size_t& bytes) {
    TRY(std::string expanded, expand_variables(word, env));
    bytes += expanded.size();
    if (bytes > arguments_bytes_max)
        return Error(Code::invalid,
                     fmt::format("command and args are larger than the {} bytes that a program can be started with",
                                 arguments_bytes_max));
    words.push_back(std::move(expanded));
    return ok();
}

/// Its own command and args, or the image's: args of its own go with the image's entrypoint, the image's cmd with none of both.
Result<std::vector<std::string>> plan_args(const api::Container& container, const EnvList& env,
                                           const images::ImageConfig& image) {
    std::vector<std::string> args;
    size_t bytes = 0;
    for (const auto& word : container.command) TRY_VOID(add_expanded(args, word.view(), env, bytes));
    if (args.empty()) args = image.entrypoint;
    for (const auto& word : container.args) TRY_VOID(add_expanded(args, word.view(), env, bytes));
    if (container.command.empty() && container.args.empty()) args.insert(args.end(), image.cmd.begin(), image.cmd.end());
    return args;
}

/// The image's, with the container's own over it.
std::vector<std::string> render_env(const EnvList& own, const images::ImageConfig& image, const std::string& hostname) {
    std::vector<std::string> env;
    for (const auto& entry : image.env) {
        const std::string name = entry.substr(0, entry.find('='));
        if (std::ranges::none_of(own, [&](const auto& one) { return one.first == name; })) env.push_back(entry);
    }
    const auto has = [&env](const std::string& start) {
        return std::ranges::any_of(env, [&](const auto& entry) { return entry.starts_with(start); });
    };
    for (const auto& [name, value] : own) env.push_back(fmt::format("{}={}", name, value));
    if (!has("HOSTNAME=") && !hostname.empty()) env.push_back("HOSTNAME=" + hostname);
    if (!has("PATH=")) env.emplace_back("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    return env;
}

/// What the pod alone says of environment, command and mounts: what is wrong here is the pod's.
Result<void> plan_from_pod(runtime::ContainerSpec& spec, const api::Pod& pod, const api::Container& container,
                           const EnvSources& sources, const PodPlacement& placement, const images::ImageConfig& image) {
    TRY(const EnvList env, resolve_env(pod, container, sources, placement));
    TRY(spec.args, plan_args(container, env, image));
    TRY(spec.mounts, plan_mounts(pod, container, env, placement));
    TRY(const std::string hostname, plan_hostname(pod, placement.cluster_domain));
    spec.env = render_env(env, image, pod.spec.host_network ? placement.node_name : hostname);
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
    if (!found) return Error(Code::invalid, fmt::format("container {} not found", wanted));
    const std::string_view resource = ref.resource.view();
    const bool limit = resource.starts_with("limits.");
    const std::string_view name = resource.substr(resource.find('.') + 1);
    const auto& map = limit ? found->resources.limits : found->resources.requests;
    const bool cpu = name == "cpu";
    int64_t value = quantity_of(map, name, cpu);
    if (value == 0 && limit && pod.spec.resources) value = quantity_of(pod.spec.resources->limits, name, cpu);
    if (value == 0 && limit && placement.node) value = quantity_of(placement.node->status.allocatable, name, cpu);
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

int plan_oom_score_adj(const api::PodSpec& pod, const api::Container& container, int64_t node_memory_bytes) {
    constexpr int guaranteed = -997, best_effort = 1000;
    const std::string_view qos = api::qos_class(pod);
    if (qos == "Guaranteed") return guaranteed;
    if (qos == "BestEffort" || node_memory_bytes <= 0) return best_effort;
    const auto request = [](const api::Container& one) { return quantity_of(one.resources.requests, "memory", false); };
    int64_t asked = request(container);
    // What the pod asks for beyond its containers is for all of them.
    const int64_t whole = pod.resources ? quantity_of(pod.resources->requests, "memory", false) : 0;
    int64_t of_containers = 0;
    for (const auto& one : pod.containers) of_containers += request(one);
    if (whole > of_containers && !pod.containers.empty())
        asked += (whole - of_containers) / static_cast<int64_t>(pod.containers.size());
    // The containers need their sidecars: those do not go before them.
    if (api::is_sidecar(container))
        for (const auto& one : pod.containers) asked = std::max(asked, request(one));
    // Between the two: who asks for more of the memory is killed later.
    const double share = static_cast<double>(asked) / static_cast<double>(node_memory_bytes);
    return std::clamp(best_effort - static_cast<int>(std::min(share, 1.0) * best_effort), best_effort + guaranteed,
                      best_effort - 1);
}

Result<runtime::ContainerSpec> plan_container_spec(const api::Pod& pod, const api::Container& container, int attempt,
                                                   const EnvSources& sources, const PodPlacement& placement,
                                                   const images::ImageConfig& image) {
    runtime::ContainerSpec spec;
    spec.name = container.name.view();
    spec.id = runtime::attempt_id(spec.name, attempt);
    if (auto planned = plan_from_pod(spec, pod, container, sources, placement, image); !planned)
        return std::move(planned).error().with_code(Code::bad_request);
    const Security security = plan_security(spec, pod, container, placement);
    if (security.run_as_non_root) TRY_VOID(check_non_root(spec.uid, image));
    if (spec.args.empty())
        return Error(Code::invalid, "no command specified: neither the container nor the image says what to run");
    TRY_VOID(plan_capabilities(spec, security, placement.hardened));
    if (!container.working_dir.empty()) spec.cwd = container.working_dir.view();
    else if (!image.working_dir.empty()) spec.cwd = image.working_dir;
    spec.image_user = image.user;
    spec.resources = plan_resources(container.resources);
    spec.oom_score_adj = plan_oom_score_adj(pod.spec, container, placement.node_memory_bytes);
    spec.termination_message_path =
        container.termination_message_path.empty() ? "/dev/termination-log" : container.termination_message_path.view();
    std::string stop_signal;
    if (container.lifecycle) stop_signal = std::string(container.lifecycle->stop_signal.value_or(""));
    spec.stop_signal = parse_stop_signal(stop_signal.empty() ? image.stop_signal : stop_signal);
    spec.tty = container.tty;
    spec.stdin_open = container.stdin_;
    return spec;
}

}  // namespace orilla::node
