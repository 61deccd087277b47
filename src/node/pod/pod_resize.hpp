// What a pod's containers may use, changed while they run: whether the node has room for what the spec says by now, and what is
// then done. The status tells what a container has (resources); where it differs from the spec, something is to be done.
// Nothing in here has to survive the daemon.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "pod/agent_pod.hpp"
#include "pod/pod_plan.hpp"

namespace orilla::node {

/// What a pod asks of the node.
struct ComputeShare {
    int64_t cpu_milli = 0;
    int64_t memory_bytes = 0;
    bool operator==(const ComputeShare&) const = default;
};
ComputeShare compute_share(const api::PodSpec& spec);
ComputeShare compute_share(const api::Map<api::Quantity>& amounts);

/// What the node's pods have together, and who waits for some of it.
class NodeRoom {
  public:
    explicit NodeRoom(std::function<void(const std::string& uid)> look) : look_(std::move(look)) {}
    /// Looks after those who wait when it is less than before.
    void put(const std::string& uid, ComputeShare share);
    void drop(const std::string& uid);
    ComputeShare of_others(const std::string& uid) const;
    void wait(const std::string& uid, bool waits);

  private:
    void change(ComputeShare before, ComputeShare now);
    std::map<std::string, ComputeShare> shares_;
    ComputeShare sum_;
    std::set<std::string> waiting_;
    std::function<void(const std::string& uid)> look_;
};

struct ResizeJudgement {
    ResizeVerdict verdict = ResizeVerdict::granted;
    std::string message;
    bool operator==(const ResizeJudgement&) const = default;
};
/// `node`: what it has for pods; 0 of something: nobody knows.
ResizeJudgement judge_resize(ComputeShare wanted, ComputeShare had, ComputeShare others, ComputeShare node);

/// The spec with what the containers have.
api::PodSpec given_spec(const api::Pod& pod, const PodObserved& seen);
/// What the container has: as this daemon gave it, else as its status says. Null: nobody knows, and nothing is to be done.
const api::ResourceRequirements* find_given(const ContainerSeen& seen, const api::List<api::ContainerStatus>& statuses);
/// The container's policy for something that changes is to be started anew.
bool restarts_for(const api::Container& spec, const api::ResourceRequirements& given);

class PodResize {
  public:
    explicit PodResize(AgentPod& pod) : me_(pod) {}

    /// Decides, tells of it, and shows the outcome in `seen`.
    void follow(const api::Pod& pod, NodeRoom& room, PodObserved& seen);
    /// The pod as containers and sandbox are to be made: what waits for room has what it had.
    std::shared_ptr<const api::Pod> given(std::shared_ptr<const api::Pod> pod, const PodObserved& seen) const;
    /// What the container was started with.
    void note_started(const api::Pod& pod, const std::string& container);
    loop::Task<Result<void>> run(std::shared_ptr<const api::Pod> pod, std::vector<ResizedContainer> containers,
                                 bool restarts_left);

  private:
    void tell(const api::Pod& pod, const ResizeSeen& now);
    loop::Task<Result<void>> change(std::shared_ptr<const api::Pod> pod, std::vector<ResizedContainer> containers,
                                    bool restarts_left);

    AgentPod& me_;
    std::map<std::string, api::ResourceRequirements> given_;  ///< until the status tells it
    ResizeVerdict told_ = ResizeVerdict::none;
    std::string told_message_;
    std::string error_;
    int64_t retry_at_ms_ = 0;
    bool due_ = false;  ///< the pod's own limits
};

}  // namespace orilla::node
