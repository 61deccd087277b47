#include "pod_entry.hpp"

namespace orilla::runtime {

ContainerEntry* PodEntry::find(const std::string& container_id) {
    for (auto& container : containers)
        if (container.state.id == container_id) return &container;
    return nullptr;
}

ContainerEntry* PodEntry::find(uint32_t handle) {
    for (auto& container : containers)
        if (container.handle == handle) return &container;
    return nullptr;
}

PodState PodEntry::state() const {
    PodState state{id, alive, supervisor_pid, record.created_ms, {}};
    for (const auto& container : containers) state.containers.push_back(container.state);
    return state;
}

}  // namespace orilla::runtime
