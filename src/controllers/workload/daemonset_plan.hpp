// DaemonSet: a pod on every node that its template is for, and on no other. Decides only, from what is there; see
// daemonset_controller for the acts.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "workload/replicaset_plan.hpp"
#include "workload/revisions.hpp"

namespace orilla::controllers {

/// At most so many pods are made or stopped in one turn: the rest follows in the next.
constexpr int daemonset_burst_max = 250;

using NodePtr = std::shared_ptr<const api::Node>;

struct DaemonSetObserved {
    std::vector<NodePtr> nodes;
    std::vector<PodPtr> pods;            ///< its own, and those that it selects and nobody controls
    std::vector<RevisionPtr> revisions;  ///< the same
    std::set<std::string> backing_off;   ///< nodes where pods failed so lately that the next one has to wait
    int64_t now_s = 0;
};

struct CreateDaemonPod {
    std::string node;
    bool operator==(const CreateDaemonPod&) const = default;
};
/// It came to its end, which a daemon's pod should not: another takes its place.
struct DeleteEndedPod {
    std::string name;
    std::string node;
    bool failed = false;
    bool operator==(const DeleteEndedPod&) const = default;
};
using DaemonSetAction = std::variant<AdoptPod, ReleasePod, AdoptRevision, CreateRevision, RenumberRevision, DeleteRevision,
                                     CreateDaemonPod, DeletePod, DeleteEndedPod>;

std::vector<DaemonSetAction> plan_daemonset(const api::DaemonSet& desired, const DaemonSetObserved& seen);
/// `*again_after_s`: when a pod becomes available by waiting (minReadySeconds), else -1.
api::DaemonSetStatus summarise_daemonset(const api::DaemonSet& desired, const DaemonSetObserved& seen, int64_t* again_after_s);
/// The newest template's pod for this node.
api::Pod make_daemon_pod(const api::DaemonSet& owner, const DaemonSetObserved& seen, std::string_view node);

/// Whether a pod is to be made on a node, and whether one that is there may stay.
struct NodeVerdict {
    bool runs = false;
    bool stays = false;
    bool operator==(const NodeVerdict&) const = default;
};
NodeVerdict judge_node(const api::DaemonSet& set, const api::Node& node);
/// Whether to every DaemonSet the two states of a node are one.
bool looks_the_same_to_daemons(const api::Node& a, const api::Node& b);

}  // namespace orilla::controllers
