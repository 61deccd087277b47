// Who is on which node and what they ask for together, so that a decision costs what the pod itself asks for, not a walk
// over all pods. Pure book keeping.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/kinds/types.hpp"

namespace orilla::scheduler {

/// Summed requests, as the scheduler counts them: containers together, or the largest init container if that is more.
struct PodRequests {
    int64_t cpu_milli = 0;
    int64_t memory_bytes = 0;
    int64_t storage_bytes = 0;  ///< ephemeral-storage
    /// Requests come from manifests: a sum stops at the top instead of wrapping.
    PodRequests& operator+=(const PodRequests& more);
    PodRequests at_least(const PodRequests& other) const;
};
PodRequests count_requests(const api::PodSpec& spec);

/// What the pods of one node take of it.
struct NodeLoad {
    int64_t pods = 0;
    PodRequests requests;
    std::vector<api::ContainerPort> host_ports;
};

class Placements {
  public:
    /// Takes in a pod as it is now: it counts while it is on a node and has not ended.
    void put(const std::string& key, const api::Pod& pod);
    void drop(const std::string& key);
    const NodeLoad& on(std::string_view node) const;

  private:
    struct Share {
        PodRequests requests;
        std::vector<api::ContainerPort> host_ports;
    };
    struct NodeShares {
        std::map<std::string, Share> pods;
        mutable NodeLoad load;
        mutable bool counted = false;
    };
    std::map<std::string, std::string> nodes_;  ///< of each pod
    std::map<std::string, NodeShares, std::less<>> shares_;
};

}  // namespace orilla::scheduler
