#include "orilla/node/usage_meter.hpp"

#include <algorithm>

#include "usage/usage_history.hpp"

namespace orilla::node {
namespace {

constexpr int64_t ms_ns = 1'000'000;
constexpr size_t containers_at_once_max = 64;  ///< measured in one go

bool runs(const runtime::ContainerState& container) { return container.phase == runtime::ContainerPhase::running; }

}  // namespace

/// A container that runs, or the node.
struct UsageMeter::Wanted {
    UsageKey key;
    std::optional<int64_t> started_ns;
};

UsageMeter::UsageMeter(loop::Loop& loop, runtime::PodRuntime& runtime, std::string node_name, int64_t cpus)
    : loop_(loop),
      runtime_(runtime),
      node_name_(std::move(node_name)),
      history_(std::make_unique<UsageHistory>(cpus)),
      gate_(loop, 1) {}
UsageMeter::~UsageMeter() = default;

std::vector<UsageMeter::Wanted> UsageMeter::running(const std::vector<std::string>& uids) const {
    std::vector<Wanted> wanted;
    // By the wall clock, which may have jumped since the start: the history does not believe everything.
    const int64_t since_wall_ns = loop_.clock().monotonic_ns() - loop_.clock().wall_ns();
    for (const std::string& uid : uids) {
        const auto pod = runtime_.find_pod(uid);
        if (!pod || !pod->alive) continue;
        for (const auto& container : pod->containers)
            if (runs(container)) wanted.push_back({{uid, container.id}, container.started_wall_ns + since_wall_ns});
    }
    return wanted;
}

loop::Task<void> UsageMeter::measure_due(const std::vector<Wanted>& wanted) {
    AWAIT(const loop::Pass pass, gate_.enter());
    const int64_t now_ns = loop_.clock().monotonic_ns();
    for (size_t at = 0; at < wanted.size();) {
        std::vector<const Wanted*> due;
        std::vector<runtime::UsageOf> which;
        for (; at < wanted.size() && which.size() < containers_at_once_max; ++at) {
            if (!history_->is_due(wanted[at].key, now_ns)) continue;
            due.push_back(&wanted[at]);
            which.push_back({wanted[at].key.first, wanted[at].key.second});
        }
        if (which.empty()) continue;
        AWAIT(const auto samples, runtime_.read_usage(std::move(which)));
        for (size_t i = 0; i < due.size(); ++i) {
            if (samples[i]) history_->put(due[i]->key, *samples[i], due[i]->started_ns);
            else history_->forget(due[i]->key);
        }
    }
}

loop::Task<void> UsageMeter::measure(std::vector<Wanted> wanted) {
    history_->prune(loop_.clock().monotonic_ns());
    AWAIT_VOID(measure_due(wanted));
    std::erase_if(wanted, [this](const Wanted& one) { return !history_->again_at(one.key); });
    if (wanted.empty()) co_return;
    int64_t again_ns = 0;
    for (const Wanted& one : wanted) again_ns = std::max(again_ns, *history_->again_at(one.key));
    co_await loop_.sleep_for((again_ns - loop_.clock().monotonic_ns()) / ms_ns + 1);
    AWAIT_VOID(measure_due(wanted));
}

objects::UsageWindow UsageMeter::window_of(int64_t taken_ns, int64_t window_ns) const {
    const int64_t age_ns = loop_.clock().monotonic_ns() - taken_ns;
    return {(loop_.clock().wall_ns() - age_ns) / UsageHistory::second_ns, window_ns / ms_ns};
}

/// Of those that run now: who was started meanwhile has to be measured, too.
std::optional<objects::PodUsage> UsageMeter::summarise(const std::string& uid) const {
    const auto pod = runtime_.find_pod(uid);
    if (!pod) return std::nullopt;
    objects::PodUsage usage;
    std::optional<UsageRate> oldest;
    for (const auto& container : pod->containers) {
        if (!runs(container)) continue;
        const auto rate = history_->find({uid, container.id});
        if (!rate) return std::nullopt;
        if (!oldest || rate->taken_ns < oldest->taken_ns) oldest = rate;
        usage.containers.push_back({container.name, {rate->cpu_nanocores, rate->memory_bytes}});
    }
    if (!oldest) return std::nullopt;
    std::ranges::sort(usage.containers, {}, &objects::ContainerUsage::name);
    static_cast<objects::UsageWindow&>(usage) = window_of(oldest->taken_ns, oldest->window_ns);
    return usage;
}

loop::Task<std::vector<std::optional<objects::PodUsage>>> UsageMeter::pods(std::vector<std::string> uids) {
    AWAIT_VOID(measure(running(uids)));
    std::vector<std::optional<objects::PodUsage>> found;
    found.reserve(uids.size());
    for (const std::string& uid : uids) found.push_back(summarise(uid));
    co_return found;
}

loop::Task<std::optional<objects::NodeUsage>> UsageMeter::node(std::string name) {
    if (name != node_name_) co_return std::nullopt;
    std::vector<Wanted> wanted(1);
    AWAIT_VOID(measure(std::move(wanted)));
    const auto rate = history_->find({});
    if (!rate) co_return std::nullopt;
    objects::NodeUsage found;
    static_cast<objects::UsageWindow&>(found) = window_of(rate->taken_ns, rate->window_ns);
    found.usage = {rate->cpu_nanocores, rate->memory_bytes};
    co_return found;
}

}  // namespace orilla::node
