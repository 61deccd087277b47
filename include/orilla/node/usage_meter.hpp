// Measures what pods and the node use when somebody asks, from the counters of their cgroups. Who asks after a time of quiet
// waits for a second, the shortest time that an average is taken over; who asks again is answered from what was measured.
// Between questions it does nothing.
#pragma once

#include <memory>

#include "orilla/loop/gate.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/objects/usage_meter.hpp"
#include "orilla/runtime/pod_runtime.hpp"

namespace orilla::node {

class UsageHistory;

class UsageMeter final : public objects::UsageMeter {
  public:
    /// Both outlive it.
    UsageMeter(loop::Loop& loop, runtime::PodRuntime& runtime, std::string node_name, int64_t cpus);
    ~UsageMeter() override;
    loop::Task<std::vector<std::optional<objects::PodUsage>>> pods(std::vector<std::string> uids) override;
    loop::Task<std::optional<objects::NodeUsage>> node(std::string name) override;

  private:
    struct Wanted;
    std::vector<Wanted> running(const std::vector<std::string>& uids) const;
    loop::Task<void> measure(std::vector<Wanted> wanted);
    loop::Task<void> measure_due(const std::vector<Wanted>& wanted);
    std::optional<objects::PodUsage> summarise(const std::string& uid) const;
    objects::UsageWindow window_of(int64_t taken_ns, int64_t window_ns) const;

    loop::Loop& loop_;
    runtime::PodRuntime& runtime_;
    const std::string node_name_;
    const std::unique_ptr<UsageHistory> history_;
    loop::Gate gate_;  ///< what one measures another one need not
};

}  // namespace orilla::node
