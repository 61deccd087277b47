// What pods and their node use, which the API server tells, an autoscaler decides by and the node measures. It is measured
// while somebody asks, and never else. Nothing here blocks: what takes time is a Task.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orilla/loop/task.hpp"

namespace orilla::objects {

struct Usage {
    int64_t cpu_nanocores = 0;  ///< on average over a window
    int64_t memory_bytes = 0;   ///< the working set: what cannot be freed at once
    bool operator==(const Usage&) const = default;
};

/// Between which two moments.
struct UsageWindow {
    int64_t taken_wall_s = 0;  ///< the later one
    int64_t window_ms = 0;     ///< their distance
    bool operator==(const UsageWindow&) const = default;
};

struct ContainerUsage {
    std::string name;
    Usage usage;
    bool operator==(const ContainerUsage&) const = default;
};

struct PodUsage : UsageWindow {
    std::vector<ContainerUsage> containers;  ///< those that run, by name
    bool operator==(const PodUsage&) const = default;
};

struct NodeUsage : UsageWindow {
    Usage usage;
    bool operator==(const NodeUsage&) const = default;
};

class UsageMeter {
  public:
    virtual ~UsageMeter() = default;
    /// One answer a uid, in their order; nothing of a pod that does not run here, or of which a running container was not
    /// measured twice yet.
    virtual loop::Task<std::vector<std::optional<PodUsage>>> pods(std::vector<std::string> uids) = 0;
    /// Nothing of a node that is not this one.
    virtual loop::Task<std::optional<NodeUsage>> node(std::string name) = 0;
};

}  // namespace orilla::objects
