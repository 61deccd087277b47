#include "mount_plan.hpp"

#include <sys/stat.h>

#include <algorithm>

namespace orilla::runtime {

namespace {

/// One mount before it has its place.
struct Mount {
    std::string destination;          ///< clean
    std::string source{}, beneath{};  ///< of which kind its mount point has to be; no source: a directory
    std::vector<PlanStep> prepare{};  ///< makes the source
    PlanStep show{};                  ///< leaves it in mount_slot, writable
    bool read_only = false;
    bool all_read_only = false;  ///< with what is mounted below the source
    bool is_volume = false;      ///< its files have the host's ids
};

size_t depth(const std::string& path) { return static_cast<size_t>(std::ranges::count(path, '/')); }

bool is_shared(const MountSpec& spec) {
    return spec.kind == MountKind::bind && spec.propagation == MountPropagation::bidirectional;
}

/// `shared_before`: how many of the mounts before it are shared, which is its own place among them.
Mount plan_volume(const MountSpec& spec, uint64_t shared_before) {
    Mount mount{.destination = clean_path(spec.destination), .read_only = spec.read_only};
    if (spec.kind == MountKind::tmpfs) {
        char mode[16];
        snprintf(mode, sizeof mode, "mode=%o", spec.tmpfs_mode);
        std::string options = mode;
        if (spec.tmpfs_bytes > 0) options += ",size=" + std::to_string(spec.tmpfs_bytes);
        mount.show = new_mount("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
        return mount;
    }
    mount.source = spec.source;
    mount.is_volume = true;
    mount.beneath = spec.sub_path;
    mount.all_read_only = spec.recursive && spec.recursive_read_only;
    if (is_shared(spec)) {
        mount.show = {StepKind::take_shared, {spec.recursive ? 1U : 0U, mount_slot, 0, shared_before}};
        return mount;
    }
    const bool listens = spec.propagation == MountPropagation::host_to_container;
    mount.show = clone_tree(spec.source, spec.sub_path, spec.recursive, 0, listens ? propagation_slave : propagation_private);
    mount.show.text[2] = spec.label;
    return mount;
}

/// A copy of the container's own, in a file system of its own: filling one takes room from no other.
Mount plan_file(const PodFile& file, const PodFacts& pod, bool read_only) {
    Mount mount{.destination = "/etc/" + file.name, .source = file.path, .read_only = read_only};
    const std::string stage = pod.dir + "/stage", copy = stage + "/" + file.name;
    const std::string options = "mode=755,size=" + std::to_string(file.content.size() + file_room_bytes);
    mount.prepare = {new_mount("tmpfs", options, confined),
                     {StepKind::attach_at_path, {mount_slot, stage_slot}, {stage}},
                     {StepKind::make_node, {stage_slot, S_IFREG | 0644}, {file.name}},
                     {StepKind::write_file, {}, {copy, file.content}}};
    mount.show = clone_tree(copy, "", false, confined);
    return mount;
}

/// Everything that has a place, outer ones first: later they would cover the inner ones.
std::vector<Mount> collect_mounts(const ContainerSpec& spec, const ContainerFacts& facts, const PodFacts& pod) {
    std::vector<Mount> mounts;
    uint64_t shared = 0;
    for (const auto& volume : spec.mounts) {
        mounts.push_back(plan_volume(volume, shared));
        shared += is_shared(volume) ? 1 : 0;
    }
    const auto is_taken = [&](const std::string& destination) {
        return std::ranges::any_of(mounts, [&](const Mount& mount) { return mount.destination == destination; });
    };
    std::vector<Mount> ours;
    for (const auto& file : facts.files) ours.push_back(plan_file(file, pod, spec.read_only_root));
    if (!facts.termination_file.empty()) {
        Mount message{.destination = clean_path(spec.termination_message_path), .source = facts.termination_file};
        message.show = clone_tree(facts.termination_file, "", false, confined);
        ours.push_back(std::move(message));
    }
    std::erase_if(ours, [&](const Mount& mount) { return is_taken(mount.destination); });
    std::ranges::move(ours, std::back_inserter(mounts));
    std::ranges::stable_sort(mounts, {}, [](const Mount& mount) { return depth(mount.destination); });
    return mounts;
}

/// Those that lie in `outer` with no other between.
std::vector<const Mount*> find_inner(const std::vector<Mount>& mounts, const Mount& outer) {
    std::vector<const Mount*> inner;
    for (const auto& mount : mounts) {
        if (mount.destination == outer.destination || !lies_below(mount.destination, outer.destination)) continue;
        const bool between = std::ranges::any_of(inner, [&](const Mount* other) {
            return other->destination != mount.destination && lies_below(mount.destination, other->destination);
        });
        if (!between) inner.push_back(&mount);
    }
    return inner;
}

void set_read_only(PlanStep& show, bool all) {
    const bool of_tree = show.kind == StepKind::clone_tree || show.kind == StepKind::take_shared;
    show.number[of_tree ? 2 : 0] |= MOUNT_ATTR_RDONLY;
    if (of_tree && show.number[0] && !all) show.flags |= supervisor::step_root_only;
}

void add_mount(std::vector<PlanStep>& steps, const Mount& mount, const std::vector<Mount>& mounts, bool maps_ids) {
    steps.insert(steps.end(), mount.prepare.begin(), mount.prepare.end());
    steps.push_back(mount.show);
    const auto inner = mount.read_only ? find_inner(mounts, mount) : std::vector<const Mount*>();
    if (mount.read_only && inner.empty()) set_read_only(steps.back(), mount.all_read_only);
    for (const Mount* one : inner) {
        PlanStep point{StepKind::make_mount_point,
                       {mount_slot},
                       {one->destination.substr(mount.destination.size() + 1), one->source, one->beneath}};
        // What cannot be made (the volume itself is read-only) may be there: attaching will tell.
        point.flags = supervisor::step_best_effort;
        steps.push_back(std::move(point));
    }
    if (maps_ids && mount.is_volume) steps.push_back(map_ids(mount.source));
    if (!inner.empty())
        steps.push_back({StepKind::set_attributes, {mount_slot, MOUNT_ATTR_RDONLY, mount.all_read_only ? 1U : 0U}});
    steps.push_back({StepKind::attach, {mount_slot, root_slot}, {mount.destination}});
}

}  // namespace

PlanStep new_mount(const std::string& type, const std::string& options, uint64_t attributes) {
    return {StepKind::new_mount, {attributes, mount_slot}, {type, options}};
}

PlanStep clone_tree(const std::string& source, const std::string& beneath, bool recursive, uint64_t attributes,
                    uint64_t propagation) {
    return {StepKind::clone_tree, {recursive ? 1U : 0U, mount_slot, attributes, propagation}, {source, beneath}};
}

PlanStep map_ids(const std::string& what) { return {StepKind::map_ids, {mount_slot, user_slot}, {what}}; }

std::string clean_path(std::string_view path) {
    std::string out;
    for (char c : path)
        if (c != '/' || !out.ends_with('/')) out += c;
    if (out.size() > 1 && out.ends_with('/')) out.pop_back();
    return out;
}

bool lies_below(std::string_view path, std::string_view directory) {
    return path == directory ||
           (path.starts_with(directory) && path.size() > directory.size() && path[directory.size()] == '/');
}

std::vector<PlanStep> plan_shared(const ContainerSpec& spec) {
    std::vector<PlanStep> steps;
    for (const auto& mount : spec.mounts) {
        if (!is_shared(mount)) continue;
        steps.push_back(
            {StepKind::keep_shared, {mount.recursive ? 1U : 0U, steps.size()}, {mount.source, mount.sub_path, mount.label}});
    }
    return steps;
}

std::vector<PlanStep> plan_mounts(const ContainerSpec& spec, const ContainerFacts& facts, const PodFacts& pod) {
    const std::vector<Mount> mounts = collect_mounts(spec, facts, pod);
    std::vector<PlanStep> steps;
    for (const auto& mount : mounts) add_mount(steps, mount, mounts, pod.first_id != 0);
    return steps;
}

}  // namespace orilla::runtime
