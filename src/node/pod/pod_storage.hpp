// What the containers and volumes of a pod take of the node's disk, where the pod has limits on that: counted from time to time
// on a thread, as the kubelet does, and a pod that takes more is evicted. A pod without such limits costs nothing.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pod/agent_pod.hpp"

namespace orilla::node {

struct StorageLimit {
    std::string name;  ///< of a volume or a container
    api::Quantity most;
};

struct StorageLimits {
    std::vector<StorageLimit> volumes;  ///< emptyDirs on the disk
    std::vector<StorageLimit> containers;
    std::optional<api::Quantity> pod;  ///< what its containers may take together, volumes and logs included
    bool empty() const { return volumes.empty() && containers.empty(); }
};

/// In bytes of the disk.
struct StorageUse {
    std::map<std::string, int64_t> volumes;     ///< emptyDirs on the disk
    std::map<std::string, int64_t> containers;  ///< their writable layers and logs
};

/// Pure.
StorageLimits plan_storage_limits(const api::PodSpec& spec);
/// The first limit that is exceeded, in the kubelet's words; empty when none is.
std::string describe_excess(const StorageLimits& limits, const StorageUse& use);

/// What all that lies in a directory takes of its file system, that of other file systems left out. May block. What moves
/// meanwhile may be missed; `stop` ends it early.
int64_t count_disk_bytes(const std::string& directory, const std::atomic<bool>& stop);

class PodStorage {
  public:
    PodStorage(AgentPod& pod, StorageLimits limits);
    ~PodStorage() { *stop_ = true; }

    /// Why the pod is to be evicted; empty: it is not.
    const std::string& excess() const { return excess_; }

  private:
    /// Directories, and whose they are.
    struct Places {
        std::vector<std::pair<std::string, std::string>> volumes, containers;
    };
    struct Look {
        StorageUse use;
        int64_t processor_ms = 0;  ///< that it took
    };
    Places find_places() const;
    static Look count(const Places& places, const std::atomic<bool>& stop);
    loop::Task<void> watch();

    AgentPod& pod_;
    const StorageLimits limits_;
    std::string excess_;
    std::shared_ptr<std::atomic<bool>> stop_;  ///< shared with the job
    loop::Scope tasks_;
};

}  // namespace orilla::node
