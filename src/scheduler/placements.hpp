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

/// Summed requests, as the scheduler counts them: containers and sidecars together, or what the largest step of the start takes
/// if that is more.
struct PodRequests {
    int64_t cpu_milli = 0;
    int64_t memory_bytes = 0;
    int64_t storage_bytes = 0;                                ///< ephemeral-storage
    std::map<std::string, int64_t, std::less<>> others = {};  ///< extended resources, huge pages
    /// Requests come from manifests: a sum stops at the top instead of wrapping.
    PodRequests& operator+=(const PodRequests& more);
    PodRequests at_least(const PodRequests& other) const;
    /// What is said of the pod as a whole goes before the sum.
    void override_with(const api::Map<api::Quantity>& whole);
};
PodRequests count_requests(const api::PodSpec& spec);

int32_t priority_of(const api::Pod& pod);
/// "NS/NAME".
std::string key_of(const api::Pod& pod);

/// What one pod takes of its node.
struct PodShare {
    PodRequests requests;
    std::vector<api::ContainerPort> host_ports;
    int32_t priority = 0;
    bool keeps_others_off = false;  ///< it has required anti-affinity
};
PodShare share_of(const api::Pod& pod);

/// What the pods of one node take of it.
struct NodeLoad {
    int64_t pods = 0;
    PodRequests requests;
    std::vector<api::ContainerPort> host_ports;
    int32_t lowest_priority = INT32_MAX;
    bool keeps_others_off = false;  ///< somebody on it does
    void add(const PodShare& share);
    void add(const NodeLoad& more);
};

class Placements {
  public:
    /// Takes in a pod as it is now: it counts while it is on a node and has not ended.
    void put(const std::string& key, const api::Pod& pod);
    void drop(const std::string& key);
    const NodeLoad& on(std::string_view node) const;

    /// Room is being made on the node for a pod that waits: until it is there, or no longer meant for it.
    void nominate(const std::string& key, const std::string& node, PodShare share);
    void drop_nomination(const std::string& key);
    /// Those who are nominated for it and are not less important than the pod that asks, itself left out.
    NodeLoad nominated_on(std::string_view node, std::string_view asking_key, int32_t priority) const;
    bool has_nominations() const { return !nominated_.empty(); }
    /// Anywhere.
    bool somebody_keeps_others_off() const { return keeping_off_ > 0; }

  private:
    struct NodeShares {
        std::map<std::string, PodShare> pods;
        mutable NodeLoad load;
        mutable bool counted = false;
    };
    std::map<std::string, std::string> nodes_;  ///< of each pod
    std::map<std::string, NodeShares, std::less<>> shares_;
    std::map<std::string, std::pair<std::string, PodShare>> nominated_;  ///< the node and the share of each pod
    int64_t keeping_off_ = 0;
};

}  // namespace orilla::scheduler
