#include "sandboxes.hpp"

#include <fmt/core.h>
#include <set>

#include "cgroup_files.hpp"
#include "container_plan.hpp"
#include "orilla/base/log.hpp"
#include "orilla/loop/gate.hpp"
#include "user_namespace.hpp"

namespace orilla::runtime {

loop::Task<Result<std::string>> Sandboxes::make_namespaces(std::string pod_id) {
    PodSandboxSpec spec{.id = pod_id, .hostname = pod_id};
    CO_CHECK_VOID(check_spec(spec));
    if (pods_.find(pod_id)) co_return Error(Code::already_exists, fmt::format("pod {} exists", pod_id));
    std::set<uint32_t> used;
    for (const auto& [id, pod] : pods_.all()) used.insert(pod->record.facts.first_id);
    for (const auto& [id, first] : first_ids_) used.insert(first);
    uint32_t& first_id = first_ids_[pod_id];
    if (first_id == 0) first_id = find_free_ids(used);
    if (first_id == 0) co_return Error(Code::unavailable, "no user ids left for pod " + pod_id);
    CO_CHECK_VOID(make_directories(pods_.dir(pod_id), 0700));
    CO_CHECK_VOID(make_user_namespace(pods_.dir(pod_id), first_id));
    co_return network_namespace_path(pods_.dir(pod_id));
}

loop::Task<Result<void>> Sandboxes::create(PodSandboxSpec spec) {
    CO_CHECK_VOID(check_spec(spec));
    if (pods_.find(spec.id)) co_return Error(Code::already_exists, fmt::format("pod {} exists", spec.id));
    const PodPtr pod = pods_.add(spec.id);
    AWAIT(auto started, set_up(pod, spec));
    if (started) co_return ok();
    AWAIT(auto removed, remove_entry(pod));
    if (!removed) log::warning(removed.error().message());
    co_return std::move(started).error().with_context("create pod " + spec.id);
}

Result<void> Sandboxes::prepare(PodEntry& pod, const PodSandboxSpec& spec) {
    const std::string parent = spec.cgroup_parent.empty() ? "" : "/" + spec.cgroup_parent;
    const std::string cgroup = pods_cgroup + parent + "/" + spec.id;
    const std::string dir = pods_.dir(spec.id);
    // Known before anything exists, so that a failure on the way can be undone.
    pod.record.cgroup = cgroup;
    pod.record.facts.dir = dir;
    const auto ids = first_ids_.find(spec.id);
    if (!spec.host_users && ids == first_ids_.end())
        return Error(Code::invalid, fmt::format("pod {} has no user namespace", spec.id));
    TRY(pod.record, make_pod_dir(dir, spec, cgroup, spec.host_users ? 0 : ids->second, loop_.now_ms()));
    CgroupSettings settings;
    settings.resources = spec.resources;
    settings.has_children = true;
    TRY_VOID(cgroups_.create(cgroup, settings));
    return cgroups_.create(supervisors_cgroup, {});
}

loop::Task<Result<void>> Sandboxes::set_up(PodPtr pod, PodSandboxSpec spec) {
    CO_CHECK_VOID(prepare(*pod, spec));
    CO_RETURN_AWAIT(supervisors_.start(pod, std::move(spec)));
}

loop::Task<Result<void>> Sandboxes::remove(std::string pod_id) {
    PodPtr pod = pods_.find(pod_id);
    // Who asks second must not go on before it is done.
    while (pod && pod->removing) {
        co_await pod->changed.wait();
        pod = pods_.find(pod_id);
    }
    if (!pod && first_ids_.contains(pod_id)) {
        AWAIT(auto removed, removal_.remove_pod_dir(pods_.dir(pod_id)));
        if (removed) first_ids_.erase(pod_id);
        co_return removed;
    }
    if (!pod) co_return ok();
    AWAIT(auto removed, remove_entry(pod));
    if (!removed) co_return std::move(removed).error().with_context("remove pod " + pod_id);
    co_return ok();
}

loop::Task<Result<void>> Sandboxes::remove_entry(PodPtr pod) {
    pod->removing = true;
    // Also when this is cancelled: who waits for it begins anew.
    const loop::Pass over([pod] {
        pod->removing = pod->removed;
        pod->changed.notify_all();
    });
    CO_RETURN_AWAIT(take_down(pod));
}

loop::Task<Result<void>> Sandboxes::take_down(PodPtr pod) {
    AWAIT_VOID(supervisors_.end(pod));
    AWAIT(auto removed, removal_.remove_cgroup(pod->record.cgroup));
    if (!removed) co_return std::move(removed).error();
    std::vector<std::string> scratch_dirs;
    for (const auto& container : pod->containers) scratch_dirs.push_back(container.scratch_dir);
    for (const auto& scratch_dir : scratch_dirs) {
        AWAIT(auto deleted, removal_.remove_tree(scratch_dir));
        if (!deleted) log::warning(deleted.error().message());
    }
    AWAIT(auto deleted, removal_.remove_pod_dir(pod->dir()));
    pods_.remove(pod->id);
    pod->removed = true;
    first_ids_.erase(pod->id);
    co_return deleted;
}

}  // namespace orilla::runtime
