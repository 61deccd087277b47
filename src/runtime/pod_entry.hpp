// One pod as the runtime knows it, kept in step with what its supervisor says. A value that everything of the runtime shares,
// and that outlives the pod for as long as somebody waits for it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "orilla/base/unique_fd.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/runtime/pod_runtime.hpp"
#include "pod_dir.hpp"
#include "supervisor_client.hpp"

namespace orilla::runtime {

struct ContainerEntry {
    ContainerState state;
    uint32_t handle = 0;
    std::string scratch_dir;
};

struct Exit {
    int exit_code = 0;
    int signal = 0;
    int64_t wall_ns = 0;
};

struct PodEntry {
    PodEntry(loop::Loop& loop, std::string pod_id) : id(std::move(pod_id)), changed(loop) {}

    std::string id;
    PodRecord record;
    pid_t supervisor_pid = 0;
    UniqueFd supervisor_pidfd;
    bool recorded = true;  ///< false: its file in the run directory is lost or damaged
    bool alive = false;
    bool removing = false;
    bool removed = false;
    bool recovering = false;  ///< the connection was lost; looking for the supervisor
    std::shared_ptr<SupervisorClient> client;
    std::vector<ContainerEntry> containers;
    std::set<std::string> starting;  ///< scratch directories of containers on their way
    /// Exits of handles that nobody knows yet: the answer to their start is still on its way to the waiting task.
    std::map<uint32_t, Exit> early_exits;
    loop::Event changed;  ///< some process has exited, or the supervisor is gone

    bool takes_containers() const { return alive && !removing; }
    const std::string& dir() const { return record.facts.dir; }
    std::string container_cgroup(const std::string& container_id) const { return record.cgroup + "/" + container_id; }
    ContainerEntry* find(const std::string& container_id);
    ContainerEntry* find(uint32_t handle);
    PodState state() const;
};
using PodPtr = std::shared_ptr<PodEntry>;

}  // namespace orilla::runtime
