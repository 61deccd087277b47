#include "usage/usage_history.hpp"

namespace orilla::node {
namespace {

int64_t nanocores(const runtime::UsageSample& before, const runtime::UsageSample& last) {
    const double used_ns = static_cast<double>(last.cpu_ns - before.cpu_ns);
    return static_cast<int64_t>(used_ns * UsageHistory::second_ns / static_cast<double>(last.taken_ns - before.taken_ns));
}

}  // namespace

bool UsageHistory::is_due(const UsageKey& key, int64_t now_ns) const {
    const auto found = known_.find(key);
    if (found == known_.end()) return true;
    const int64_t passed_ns = now_ns - found->second.last.taken_ns;
    return passed_ns >= (found->second.before ? window_ns_min : short_window_ns);
}

/// A tenth more than there is: ticks are counted a little late.
bool UsageHistory::is_possible(const runtime::UsageSample& before, const runtime::UsageSample& last) const {
    if (last.taken_ns <= before.taken_ns || last.taken_ns - before.taken_ns > kept_ns_max) return false;
    return last.cpu_ns >= before.cpu_ns && nanocores(before, last) <= nanocores_max_ + nanocores_max_ / 10;
}

void UsageHistory::put(const UsageKey& key, const runtime::UsageSample& sample, std::optional<int64_t> started_ns) {
    const auto found = known_.find(key);
    std::optional<runtime::UsageSample> before;
    if (found != known_.end() && is_possible(found->second.last, sample)) {
        before = found->second.last;
    } else if (found == known_.end() && started_ns && sample.taken_ns - *started_ns >= short_window_ns) {
        const runtime::UsageSample start{.taken_ns = *started_ns};
        if (is_possible(start, sample)) before = start;
    }
    known_[key] = {before, sample};
}

std::optional<int64_t> UsageHistory::again_at(const UsageKey& key) const {
    const auto found = known_.find(key);
    if (found == known_.end() || found->second.before) return std::nullopt;
    return found->second.last.taken_ns + short_window_ns;
}

std::optional<UsageRate> UsageHistory::find(const UsageKey& key) const {
    const auto found = known_.find(key);
    if (found == known_.end() || !found->second.before) return std::nullopt;
    const runtime::UsageSample &before = *found->second.before, &last = found->second.last;
    return UsageRate{nanocores(before, last), static_cast<int64_t>(last.memory_bytes), last.taken_ns,
                     last.taken_ns - before.taken_ns};
}

void UsageHistory::prune(int64_t now_ns) {
    std::erase_if(known_, [now_ns](const auto& one) { return now_ns - one.second.last.taken_ns > kept_ns_max; });
}

}  // namespace orilla::node
