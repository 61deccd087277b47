#include "container_plan.hpp"

#include <linux/sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <string_view>

#include "mount_plan.hpp"
#include "user_namespace.hpp"

namespace orilla::runtime {

using namespace std::string_literals;

namespace {

constexpr uint64_t open_files_soft = 1024;
constexpr size_t layers_max = 128;  // as descriptors they fit the page that mount(2) takes
constexpr uint64_t as_it_is = ~0ULL;

PlanStep attach_plain(const std::string& destination) {
    return {StepKind::attach_plain, {mount_slot, root_slot}, {destination}};
}

/// The deepest directory that all of them are in, or are.
std::string find_shared_directory(const std::vector<std::string>& paths) {
    std::string shared = paths.empty() ? "" : paths.front();
    for (const auto& path : paths)
        while (!lies_below(path, shared)) shared.resize(shared.rfind('/'));
    return shared;
}

class Planner {
  public:
    Planner(const ContainerSpec& spec, const ContainerFacts& facts, const PodFacts& pod, const KernelFacts& kernel)
        : spec_(spec), facts_(facts), pod_(pod), kernel_(kernel) {}

    StartPlan container();
    StartPlan exec();

  private:
    void add(PlanStep step) { plan_.steps.push_back(std::move(step)); }
    void join_cgroups();
    void open_user_namespace();
    std::string show_mapped(const std::string& directory, const std::string& name);
    void mount_root();
    void mount_system();
    void mount_cgroups();
    void mount_dev();
    void mount_volumes();
    void hide_paths();
    void resolve_user(uint64_t slot);
    void become_user();
    void run(std::vector<std::string> args);

    const ContainerSpec& spec_;
    const ContainerFacts& facts_;
    const PodFacts& pod_;
    const KernelFacts& kernel_;
    StartPlan plan_;
};

void Planner::join_cgroups() {
    // First of all, so that everything the child uses from here on is charged to the container, and while the host's
    // file systems are still in sight.
    plan_.into_cgroup = facts_.into_cgroup;
    for (const auto& file : facts_.join_files) add({StepKind::join_cgroup, {}, {file}});
    PlanStep adjust{StepKind::write_file, {}, {"/proc/self/oom_score_adj", std::to_string(spec_.oom_score_adj)}};
    adjust.flags = supervisor::step_best_effort;
    add(std::move(adjust));
}

void Planner::open_user_namespace() {
    if (pod_.first_id) add({StepKind::open_user_namespace, {user_slot, pod_.first_id}, {user_namespace_path(pod_.dir)}});
}

/// `directory` with the pod's ids, at a place of ours.
std::string Planner::show_mapped(const std::string& directory, const std::string& name) {
    const std::string place = pod_.dir + "/" + name;
    add(clone_tree(directory, "", false, 0));
    add(map_ids(directory));
    add({StepKind::attach_at_path, {mount_slot, stage_slot}, {place}});
    return place;
}

void Planner::mount_root() {
    // Slave, not private: a volume that asks for host_to_container propagation still hears of the host's mounts, and
    // nothing of ours ever reaches the host but what is mounted in a volume that was made to stay one with the host's.
    for (auto& step : plan_shared(spec_)) add(std::move(step));
    add({StepKind::set_propagation, {propagation_slave | propagation_recursive}});
    open_user_namespace();
    // overlayfs refuses a directory twice. Of equal layers the topmost says all that the others could.
    std::vector<std::string> layers;
    for (const auto& layer : spec_.layers)
        if (std::find(layers.begin(), layers.end(), layer) == layers.end()) layers.push_back(layer);
    std::string scratch = spec_.scratch_dir;
    if (pod_.first_id) {
        // An overlay cannot be mapped, but what it is made of can: all layers by the directory that they share.
        const std::string shared = find_shared_directory(layers), place = show_mapped(shared, "layers");
        for (auto& layer : layers) layer.replace(0, shared.size(), place);
        scratch = show_mapped(scratch, "scratch");
    } else if (!facts_.base_layer.empty() && layers.size() < layers_max) {
        layers.push_back(facts_.base_layer);
    }
    std::string lower;
    for (const auto& layer : layers) lower += (lower.empty() ? "" : "\0"s) + layer;
    // volatile: the writable layer never outlives a crash of the box, so syncing it would only wear the flash.
    add({StepKind::mount_overlay,
         {layers.size(), root_slot, kernel_.overlay_lowerdir_add ? 1U : 0U, 1},
         {lower, scratch + "/upper", scratch + "/work", pod_.dir + "/rootfs"}});
}

void Planner::mount_cgroups() {
    const uint64_t attributes = confined | (spec_.privileged ? 0U : MOUNT_ATTR_RDONLY);
    if (kernel_.unified_cgroups) {
        add(new_mount("cgroup2", "", attributes));
        add(attach_plain("/sys/fs/cgroup"));
        return;
    }
    if (kernel_.v1_controllers.empty()) return;
    add(new_mount("tmpfs", "mode=755,size=64k", confined));
    for (const auto& controller : kernel_.v1_controllers) add({StepKind::make_dir, {mount_slot, 0755}, {controller}});
    add(attach_plain("/sys/fs/cgroup"));
    for (const auto& controller : kernel_.v1_controllers) {
        add(new_mount("cgroup", controller, attributes));
        add(attach_plain("/sys/fs/cgroup/" + controller));
    }
    if (!spec_.privileged) add({StepKind::make_read_only, {root_slot, 1}, {"/sys/fs/cgroup"}});
}

void Planner::mount_system() {
    // No component of these destinations may be a link: an image whose /proc leads elsewhere would have its masks, and
    // what is later written to /proc, land there too.
    add(new_mount("proc", "", confined));
    add(attach_plain("/proc"));
    add(new_mount("sysfs", "", confined | (spec_.privileged ? 0U : MOUNT_ATTR_RDONLY)));
    add(attach_plain("/sys"));
    if (kernel_.cgroup_namespace) mount_cgroups();
    mount_dev();
}

void Planner::mount_dev() {
    struct Node {
        const char* name;
        unsigned major, minor;
    };
    constexpr Node nodes[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
                              {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
    constexpr std::pair<const char*, const char*> links[] = {{"fd", "/proc/self/fd"},
                                                             {"stdin", "/proc/self/fd/0"},
                                                             {"stdout", "/proc/self/fd/1"},
                                                             {"stderr", "/proc/self/fd/2"},
                                                             {"ptmx", "pts/ptmx"}};
    add(new_mount("tmpfs", "mode=755,size=64m", MOUNT_ATTR_NOSUID));
    for (const Node& node : nodes)
        add({StepKind::make_node, {mount_slot, S_IFCHR | 0666, makedev(node.major, node.minor)}, {node.name}});
    for (const char* name : {"pts", "shm", "mqueue"}) add({StepKind::make_dir, {mount_slot, 0755}, {name}});
    for (auto [name, target] : links) add({StepKind::make_link, {mount_slot}, {name, target}});
    add(attach_plain("/dev"));
    const std::string tty_group = std::to_string(pod_.first_id + 5);
    add(new_mount("devpts", "newinstance,ptmxmode=0666,mode=0620,gid=" + tty_group, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC));
    add(attach_plain("/dev/pts"));
    add(clone_tree(pod_.own_ipc ? pod_.dir + "/shm" : "/dev/shm", "", false, 0));
    add(attach_plain("/dev/shm"));
    if (kernel_.mqueue) {
        add(new_mount("mqueue", "", confined));
        add(attach_plain("/dev/mqueue"));
    }
}

void Planner::mount_volumes() {
    for (auto& step : plan_mounts(spec_, facts_, pod_)) add(std::move(step));
    for (const auto* list : {&facts_.devices, &spec_.devices})
        for (const auto& device : *list) add({StepKind::clone_node, {root_slot}, {device.destination, device.source}});
}

void Planner::hide_paths() {
    if (!spec_.privileged) {
        for (const auto& path : spec_.masked_paths)
            add({StepKind::mask, {root_slot}, {path, "/dev/null", pod_.dir + "/empty"}});
        for (const auto& path : spec_.read_only_paths) add({StepKind::make_read_only, {root_slot}, {path}});
    }
    if (spec_.read_only_root) add({StepKind::make_read_only, {root_slot}});
}

void Planner::resolve_user(uint64_t slot) {
    std::string groups;
    const uint64_t count = spec_.supplemental_groups.size();
    groups.append(reinterpret_cast<const char*>(&count), sizeof count);
    for (int64_t group : spec_.supplemental_groups) {
        const auto gid = static_cast<uint32_t>(group);
        groups.append(reinterpret_cast<const char*>(&gid), sizeof gid);
    }
    PlanStep step{
        StepKind::resolve_user, {slot, static_cast<uint64_t>(spec_.uid), static_cast<uint64_t>(spec_.gid)}, {spec_.image_user}};
    step.blob = std::move(groups);
    step.blob_at = 3;
    if (spec_.only_given_groups) step.flags = supervisor::step_given_groups;
    add(std::move(step));
}

void Planner::become_user() {
    const std::string& program = facts_.seccomp.program;
    PlanStep seccomp{StepKind::set_seccomp, {0, program.size() / 8, facts_.seccomp.flags}};
    seccomp.blob = program;
    seccomp.blob_at = 0;
    const bool filtered = !program.empty();
    add({StepKind::set_limit, {RLIMIT_NOFILE, open_files_soft, as_it_is}});
    // After everything that needs the host's root, and before the rights are dropped that it gives anew.
    if (pod_.first_id) add({StepKind::enter_user_namespace, {user_slot}});
    // Dropping from the bounding set needs SETPCAP, changing to a directory may need to pass others': while root.
    add({StepKind::set_bounding_set, {spec_.capabilities}});
    add({StepKind::change_dir, {}, {spec_.cwd}});
    // Without no_new_privs a filter needs SYS_ADMIN, which the next two steps take away.
    if (filtered && !spec_.no_new_privs) add(seccomp);
    add({StepKind::set_user});
    add({StepKind::set_capabilities, {spec_.capabilities}});
    // After the change of ids, which clears it.
    add({StepKind::die_with_parent});
    if (spec_.no_new_privs) {
        add({StepKind::set_no_new_privs});
        // Last: from here on only exec has to pass it.
        if (filtered) add(seccomp);
    }
}

std::string find_variable(const std::vector<std::string>& env, std::string_view name) {
    std::string value;
    for (const auto& entry : env)
        if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name))
            value = entry.substr(name.size() + 1);
    return value;
}

bool has_variable(const std::vector<std::string>& env, std::string_view name) {
    return std::any_of(env.begin(), env.end(), [&](const std::string& entry) {
        return entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name);
    });
}

void Planner::run(std::vector<std::string> args) {
    PlanStep step{StepKind::run};
    step.args = std::move(args);
    step.env = spec_.env;
    step.text[0] = find_variable(spec_.env, "PATH");
    if (step.text[0].empty()) {
        step.text[0] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        step.env.push_back("PATH=" + step.text[0]);
    }
    if (spec_.tty && !has_variable(spec_.env, "TERM")) step.env.emplace_back("TERM=xterm");
    if (!has_variable(spec_.env, "HOME")) step.flags = supervisor::step_add_home;
    add(std::move(step));
}

StartPlan Planner::container() {
    plan_.id = spec_.id;
    plan_.name = spec_.name;
    plan_.log_path = spec_.log_path;
    plan_.scratch_dir = spec_.scratch_dir;
    plan_.stop_signal = spec_.stop_signal;
    plan_.clone_flags = CLONE_NEWNS;
    if (pod_.share_process_namespace) plan_.flags |= supervisor::plan_in_pod_pid_namespace;
    else if (!pod_.host_pid) plan_.clone_flags |= CLONE_NEWPID;
    if (spec_.tty) plan_.flags |= supervisor::plan_terminal;
    else if (spec_.stdin_open) plan_.flags |= supervisor::plan_stdin;
    join_cgroups();
    if (kernel_.cgroup_namespace) add({StepKind::unshare, {CLONE_NEWCGROUP}});
    mount_root();
    mount_system();
    mount_volumes();
    add({StepKind::make_dir, {root_slot, 0755}, {spec_.cwd}});
    resolve_user(root_slot);
    // After every mount that a volume or the image could slip under them.
    hide_paths();
    add({StepKind::pivot, {root_slot}});
    add({StepKind::new_session});
    add({spec_.tty ? StepKind::open_terminal : StepKind::open_stdio});
    become_user();
    run(spec_.args);
    return std::move(plan_);
}

StartPlan Planner::exec() {
    plan_.flags = supervisor::plan_in_target_pid_namespace;
    join_cgroups();
    open_user_namespace();  // while the pod's directory is in sight
    // The pod's other namespaces are the supervisor's own.
    add({StepKind::enter_container, {CLONE_NEWNS | (kernel_.cgroup_namespace ? CLONE_NEWCGROUP : 0U)}});
    resolve_user(supervisor::own_root_slot);
    add({StepKind::new_session});
    add({StepKind::open_stdio});
    become_user();
    run({});
    return std::move(plan_);
}

}  // namespace

StartPlan plan_container(const ContainerSpec& spec, const ContainerFacts& facts, const PodFacts& pod,
                         const KernelFacts& kernel) {
    return Planner(spec, facts, pod, kernel).container();
}

StartPlan plan_exec(const ContainerSpec& spec, const ContainerFacts& facts, const PodFacts& pod, const KernelFacts& kernel) {
    return Planner(spec, facts, pod, kernel).exec();
}

}  // namespace orilla::runtime
