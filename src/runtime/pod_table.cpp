#include "pod_table.hpp"

#include <fmt/core.h>
#include <algorithm>

namespace orilla::runtime {

PodPtr PodTable::add(const std::string& pod_id) {
    auto pod = std::make_shared<PodEntry>(loop_, pod_id);
    pods_[pod_id] = pod;
    return pod;
}

PodPtr PodTable::find(const std::string& pod_id) const {
    auto found = pods_.find(pod_id);
    return found == pods_.end() ? nullptr : found->second;
}

Result<PodPtr> PodTable::find_alive(const std::string& pod_id) const {
    PodPtr pod = find(pod_id);
    if (!pod) return Error(Code::not_found, "no pod " + pod_id);
    if (!pod->takes_containers()) return Error(Code::unavailable, fmt::format("pod {} has no supervisor", pod_id));
    return pod;
}

std::vector<PodState> PodTable::states() const {
    std::vector<PodState> states;
    for (const auto& [id, pod] : pods_) states.push_back(pod->state());
    return states;
}

bool PodTable::wants_cgroup(const std::string& path) const {
    return std::any_of(pods_.begin(), pods_.end(), [&path, below = path + "/"](const auto& pod) {
        return pod.second->record.cgroup == path || pod.second->record.cgroup.starts_with(below);
    });
}

bool PodTable::wants_scratch(const std::string& path) const {
    return std::any_of(pods_.begin(), pods_.end(), [&path](const auto& pod) {
        const auto& containers = pod.second->containers;
        return pod.second->starting.contains(path) ||
               std::any_of(containers.begin(), containers.end(),
                           [&path](const auto& container) { return container.scratch_dir == path; });
    });
}

void PodTable::tell(const std::string& pod_id) const {
    if (listener_) listener_(pod_id);
}

}  // namespace orilla::runtime
