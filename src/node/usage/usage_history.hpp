// What containers had used at two moments each, from which follows what they use. It decides when a container is to be looked
// at again, and believes no counter that went back and no start that cannot be. It knows no clock: times are CLOCK_MONOTONIC
// in nanoseconds, given by whoever measures.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "orilla/runtime/pod_runtime.hpp"

namespace orilla::node {

/// Which container of which pod; both empty: the node.
using UsageKey = std::pair<std::string, std::string>;

struct UsageRate {
    int64_t cpu_nanocores = 0;
    int64_t memory_bytes = 0;
    int64_t taken_ns = 0;
    int64_t window_ns = 0;
    bool operator==(const UsageRate&) const = default;
};

class UsageHistory {
  public:
    static constexpr int64_t second_ns = 1'000'000'000;
    static constexpr int64_t window_ns_min = 10 * second_ns;  ///< those who ask more often are told the same again
    static constexpr int64_t short_window_ns = second_ns;     ///< of an answer to who asks after a time of quiet
    static constexpr int64_t kept_ns_max = 60 * second_ns;    ///< an average over a longer time tells nothing of now

    /// What the node can use in all: more is not believed.
    explicit UsageHistory(int64_t cpus) : nanocores_max_(cpus * second_ns) {}

    /// Whether it has to be measured for an answer.
    bool is_due(const UsageKey& key, int64_t now_ns) const;
    /// `started_ns`: when it had used nothing yet; nothing where that is not known.
    void put(const UsageKey& key, const runtime::UsageSample& sample, std::optional<int64_t> started_ns);
    /// It cannot be measured any more.
    void forget(const UsageKey& key) { known_.erase(key); }
    /// Measured, but once: when it can be measured for the second time.
    std::optional<int64_t> again_at(const UsageKey& key) const;
    std::optional<UsageRate> find(const UsageKey& key) const;
    /// Forgets what is too old to be of use.
    void prune(int64_t now_ns);
    size_t size() const { return known_.size(); }

  private:
    struct Known {
        std::optional<runtime::UsageSample> before;
        runtime::UsageSample last;
    };
    bool is_possible(const runtime::UsageSample& before, const runtime::UsageSample& last) const;
    const int64_t nanocores_max_;
    std::map<UsageKey, Known> known_;
};

}  // namespace orilla::node
