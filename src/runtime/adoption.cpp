#include "adoption.hpp"

#include <fmt/core.h>

#include "cgroup_files.hpp"
#include "orilla/base/log.hpp"

namespace orilla::runtime {

namespace {

constexpr size_t pod_record_bytes_max = 8192;

loop::Task<void> count_down(loop::Task<void> task, size_t* left, loop::Event* changed) {
    co_await std::move(task);
    --*left;
    changed->notify_all();
}

}  // namespace

loop::Task<void> Adoption::adopt(std::string run_dir) {
    cgroups_.thaw(supervisors_cgroup);
    size_t asked = 0;
    loop::Event answered(loop_);
    // All at once: each may be silent for the time an answer may take, and together they are not for longer.
    loop::Scope adopting(loop_);
    for (const auto& name : list_directories(run_dir)) {
        ++asked;
        adopting.spawn(count_down(adopt_pod(read_pod(name)), &asked, &answered));
    }
    while (asked > 0) co_await answered.wait();
    supervisors_.end_strangers();
    for (const auto& [id, pod] : pods_.all()) {
        if (pod->alive) continue;
        pod->client.reset();
        // What it recorded is still to be had, also of one that has just been killed.
        exits_.read_records(*pod);
        supervisors_.lose(pod);
    }
}

/// What is known of it without asking anybody: not alive yet.
PodPtr Adoption::read_pod(const std::string& pod_id) {
    const PodPtr pod = pods_.add(pod_id);
    const std::string dir = pods_.dir(pod_id);
    auto text = read_own_file(dir + "/pod", pod_record_bytes_max);
    auto record = text ? parse_pod_record(*text) : Result<PodRecord>(text.error());
    if (record) pod->record = std::move(*record);
    else log::warning(fmt::format("pod {}: {}", pod_id, record.error().message()));
    pod->recorded = record.has_value();
    pod->record.facts.dir = dir;
    if (!record) pod->record.cgroup = std::string(pods_cgroup) + "/" + pod_id;
    return pod;
}

loop::Task<void> Adoption::adopt_pod(PodPtr pod) {
    cgroups_.thaw(pod->record.cgroup);
    // Without its record nothing could be started in it.
    if (!pod->recorded) co_return;
    AWAIT(pod->alive, supervisors_.reach(pod));
    // After the hello: an exit from here on is told as an event, one before is in the file.
    if (pod->alive) exits_.read_records(*pod);
}

}  // namespace orilla::runtime
