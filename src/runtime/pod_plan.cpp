#include <fmt/core.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/sched.h>

#include <algorithm>
#include <string_view>

#include "container_plan.hpp"
#include "mount_plan.hpp"

namespace orilla::runtime {

namespace {

constexpr size_t pod_id_bytes_max = 63;
constexpr size_t container_id_bytes_max = 95;
constexpr uint64_t propagation_slave_recursive = (1 << 19) | (1 << 14);

bool is_file_name(std::string_view text, size_t bytes_max) {
    if (text.empty() || text.size() > bytes_max || text.front() == '.') return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    });
}

/// Absolute, without "." and ".." components and without a NUL.
bool is_clean_path(std::string_view path) {
    if (path.empty() || path.front() != '/' || path.find('\0') != std::string_view::npos) return false;
    for (size_t start = 1; start <= path.size();) {
        const size_t end = std::min(path.find('/', start), path.size());
        const std::string_view part = path.substr(start, end - start);
        if (part == "." || part == "..") return false;
        start = end + 1;
    }
    return true;
}

Error invalid(const std::string& what) { return Error(Code::invalid, what); }

/// Words of lower-case letters, digits, - and _, with one separator between two: so neither "" nor "." nor ".." can be a
/// component of the path.
bool is_sysctl_name(std::string_view name) {
    const auto is_edge = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    for (size_t start = 0; start <= name.size();) {
        const size_t end = std::min(name.find_first_of("./", start), name.size());
        const std::string_view word = name.substr(start, end - start);
        if (word.empty() || !is_edge(word.front()) || !is_edge(word.back())) return false;
        if (!std::all_of(word.begin(), word.end(), [&](char c) { return is_edge(c) || c == '-' || c == '_'; })) return false;
        start = end + 1;
    }
    return true;
}

/// "net/ipv4/conf/eth0.1/x" and "net.ipv4.conf.eth0/1.x" are the same: the first separator is the one between components,
/// the other one stands for a dot in a component. Here as the first form.
std::string to_sysctl_path(std::string name) {
    const size_t first = name.find_first_of("./");
    if (first == std::string::npos || name[first] == '/') return name;
    for (char& c : name)
        if (c == '.' || c == '/') c = c == '.' ? '/' : '.';
    return name;
}

/// Sysctls that belong to a namespace the pod owns; others would change the host.
Result<void> check_sysctl(const PodSandboxSpec& spec, const std::string& name) {
    if (!is_sysctl_name(name)) return invalid(fmt::format("sysctl \"{}\" is not a name such as net.ipv4.tcp_syncookies", name));
    const std::string path = to_sysctl_path(name);
    const std::string_view ipc[] = {"kernel/shm", "kernel/msg", "kernel/sem", "fs/mqueue/"};
    const bool in_network = path.starts_with("net/") && !spec.network_namespace.empty();
    const bool in_ipc =
        !spec.host_ipc && std::any_of(std::begin(ipc), std::end(ipc), [&](auto prefix) { return path.starts_with(prefix); });
    if (in_network || in_ipc) return ok();
    return invalid(fmt::format("sysctl {} does not belong to a namespace of the pod's own", name));
}

Result<void> check_mount(const MountSpec& mount) {
    const std::string destination = clean_path(mount.destination);
    if (!is_clean_path(mount.destination) || destination == "/")
        return invalid(fmt::format("mount destination \"{}\" is not an absolute path below /", mount.destination));
    if (lies_below(destination, "/proc"))
        return invalid(fmt::format("mount destination {} is inside /proc", mount.destination));
    if (mount.kind == MountKind::bind && !is_clean_path(mount.source))
        return invalid(fmt::format("mount source \"{}\" is not an absolute path", mount.source));
    if (!mount.sub_path.empty() && (!is_clean_path("/" + mount.sub_path) || mount.sub_path.front() == '/'))
        return invalid(fmt::format("subPath \"{}\" is not a relative path without ..", mount.sub_path));
    return ok();
}

Result<void> check_texts(const ContainerSpec& spec) {
    for (const auto* list : {&spec.args, &spec.env})
        for (const auto& text : *list)
            if (text.find('\0') != std::string::npos) return invalid("arguments and environment cannot hold a NUL");
    for (const auto& text : spec.env)
        if (text.find('=') == std::string::npos) return invalid(fmt::format("environment entry \"{}\" has no =", text));
    for (int64_t id : {spec.uid, spec.gid})
        if (id < -1 || id > 0x7fffffff) return invalid("user and group ids go from 0 to 2147483647");
    for (int64_t id : spec.supplemental_groups)
        if (id < 0 || id > 0x7fffffff) return invalid("user and group ids go from 0 to 2147483647");
    return ok();
}

}  // namespace

Result<void> check_spec(const PodSandboxSpec& spec) {
    if (!is_file_name(spec.id, pod_id_bytes_max)) return invalid(fmt::format("pod id \"{}\" is not a file name", spec.id));
    if (spec.hostname.size() > 64) return invalid(fmt::format("hostname {} is longer than 64 characters", spec.hostname));
    if (spec.hostname.empty() && !spec.network_namespace.empty())
        return invalid("a pod with a network namespace of its own needs a hostname");
    if (spec.host_pid && spec.share_process_namespace) return invalid("hostPID and shareProcessNamespace exclude each other");
    if (!spec.cgroup_parent.empty() && !is_clean_path("/" + spec.cgroup_parent))
        return invalid(fmt::format("cgroup parent \"{}\" is not a relative path without ..", spec.cgroup_parent));
    for (const auto& [name, value] : spec.sysctls) TRY_VOID(check_sysctl(spec, name));
    return ok();
}

Result<void> check_spec(const ContainerSpec& spec) {
    if (!is_file_name(spec.id, container_id_bytes_max))
        return invalid(fmt::format("container id \"{}\" is not a file name", spec.id));
    if (spec.args.empty() || spec.args[0].empty()) return invalid("no command specified");
    if (spec.layers.empty()) return invalid("no image layers");
    if (!is_clean_path(spec.cwd)) return invalid(fmt::format("working directory \"{}\" is not an absolute path", spec.cwd));
    if (!is_clean_path(spec.scratch_dir) || spec.scratch_dir.size() >= 256)
        return invalid(fmt::format("scratch directory \"{}\" is not an absolute path of at most 255 bytes", spec.scratch_dir));
    if (!spec.log_path.empty() && (!is_clean_path(spec.log_path) || spec.log_path.size() >= 510))
        return invalid(fmt::format("log path \"{}\" is not an absolute path of at most 509 bytes", spec.log_path));
    if (!spec.termination_message_path.empty() &&
        (!is_clean_path(spec.termination_message_path) || lies_below(clean_path(spec.termination_message_path), "/proc")))
        return invalid(fmt::format("terminationMessagePath \"{}\" is not an absolute path", spec.termination_message_path));
    for (const auto& mount : spec.mounts) TRY_VOID(check_mount(mount));
    const auto shared = std::ranges::count(spec.mounts, MountPropagation::bidirectional, &MountSpec::propagation);
    if (static_cast<size_t>(shared) > shared_mounts_max)
        return invalid(fmt::format("more than {} mounts with Bidirectional propagation", shared_mounts_max));
    if (spec.seccomp == SeccompMode::local && !is_clean_path(spec.seccomp_profile))
        return invalid(fmt::format("seccomp profile \"{}\" is not an absolute path", spec.seccomp_profile));
    for (const auto& device : spec.devices)
        if (!is_clean_path(device.source) || !is_clean_path(device.destination) || !lies_below(device.destination, "/dev"))
            return invalid(fmt::format("device {} at {} is not below /dev", device.source, device.destination));
    return check_texts(spec);
}

StartPlan plan_pod(const PodSandboxSpec& spec, const std::vector<std::string>& join_files) {
    StartPlan plan;
    plan.id = spec.id;
    for (const auto& file : join_files) plan.steps.push_back({StepKind::join_cgroup, {}, {file}});
    // Safe from the OOM killer where we may ask for that: it would take the pod's exit codes with it.
    PlanStep adjust{StepKind::write_file, {}, {"/proc/self/oom_score_adj", "-998"}};
    adjust.flags = supervisor::step_best_effort;
    plan.steps.push_back(adjust);
    uint64_t flags = 0;
    if (!spec.host_ipc) flags |= CLONE_NEWIPC;
    if (!spec.hostname.empty()) flags |= CLONE_NEWUTS;
    if (!spec.network_namespace.empty())
        plan.steps.push_back({StepKind::enter_namespace, {CLONE_NEWNET}, {spec.network_namespace}});
    if (flags) plan.steps.push_back({StepKind::unshare, {flags}});
    if (!spec.hostname.empty()) plan.steps.push_back({StepKind::set_host_name, {}, {spec.hostname}});
    std::vector<std::pair<std::string, std::string>> sysctls;
    if (!spec.network_namespace.empty()) {
        sysctls.emplace_back("net.ipv4.ip_unprivileged_port_start", "0");
        sysctls.emplace_back("net.ipv4.ping_group_range", "0 2147483647");
    }
    sysctls.insert(sysctls.end(), spec.sysctls.begin(), spec.sysctls.end());
    for (const auto& [name, value] : sysctls)
        plan.steps.push_back({StepKind::write_file, {PROC_SUPER_MAGIC}, {"/proc/sys/" + to_sysctl_path(name), value}});
    return plan;
}

StartPlan plan_pod_init(const std::string& empty_dir) {
    StartPlan plan;
    plan.clone_flags = CLONE_NEWPID | CLONE_NEWNS;
    // Containers of the pod see this process: through /proc/1/root there must be nothing to find, and nothing to take
    // over for one that may trace.
    plan.steps = {
        {StepKind::set_propagation, {propagation_slave_recursive}},
        {StepKind::new_mount,
         {MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0},
         {"tmpfs", "size=4k,nr_inodes=1"}},
        {StepKind::attach_at_path, {0, 1}, {empty_dir}},
        {StepKind::pivot, {1}},
        {StepKind::new_session},
        {StepKind::set_bounding_set, {0}},
        {StepKind::set_capabilities, {0}},
        {StepKind::die_with_parent},
        {StepKind::set_no_new_privs},
        {StepKind::wait_for_ever},
    };
    return plan;
}

}  // namespace orilla::runtime
