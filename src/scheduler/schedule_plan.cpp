#include "schedule_plan.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "orilla/kinds/pod_facts.hpp"

namespace orilla::scheduler {
namespace {

/// "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable."
class Reasons {
  public:
    explicit Reasons(size_t nodes) : nodes_(nodes) {}
    void add(const std::string& reason) { ++counts_[reason]; }
    std::string text() const {
        std::string list;
        for (const auto& [reason, count] : counts_) list += fmt::format("{}{} {}", list.empty() ? "" : ", ", count, reason);
        return fmt::format("0/{} nodes are available: {}.", nodes_, list);
    }

  private:
    size_t nodes_;
    std::map<std::string, int> counts_;
};

/// More important first: higher priority, then who has been here for longer.
bool is_more_important(const PodPtr& a, const PodPtr& b) {
    const auto rank = [](const PodPtr& pod) {
        const auto& started = pod->status.start_time;
        return std::tuple(-int64_t{priority_of(*pod)}, started ? started.unix_s : INT64_MAX, pod->metadata.name.view());
    };
    return rank(a) < rank(b);
}

struct Victims {
    std::vector<PodPtr> pods;  ///< the most important one first
    size_t violations = 0;     ///< how many of them go in spite of a budget
};

/// A node without those who are less important than the pod.
class WithoutLesser {
  public:
    WithoutLesser(const api::Pod& pod, const api::Node& node, const Placements& placements, const Neighbours& others,
                  const VolumeNeeds& volumes)
        : pod_(pod), node_(node), wanted_(count_requests(pod.spec)), others_(others), volumes_(volumes) {
        load_ = placements.nominated_on(node.metadata.name, key_of(pod), priority_of(pod));
        std::erase_if(others_.pods, [&](const PodPtr& other) {
            if (other->spec.node_name != node.metadata.name) return false;
            const bool is_lesser = priority_of(*other) < priority_of(pod);
            if (is_lesser) lesser_.push_back(other);
            else load_.add(share_of(*other));
            return is_lesser;
        });
        std::sort(lesser_.begin(), lesser_.end(), is_more_important);
    }

    /// Those who have to go all the same, when those stay who can: first of all whom a budget protects, then the more
    /// important; none: it would not help.
    Victims find_victims() {
        if (lesser_.empty() || !fits()) return {};
        const std::vector<bool> is_protected = find_violations(lesser_, others_.budgets);
        std::vector<bool> goes(lesser_.size());
        Victims victims;
        for (const bool round : {true, false})
            for (size_t i = 0; i < lesser_.size(); ++i)
                if (is_protected[i] == round) goes[i] = !reprieve(lesser_[i]);
        for (size_t i = 0; i < lesser_.size(); ++i) {
            if (!goes[i]) continue;
            victims.pods.push_back(lesser_[i]);
            victims.violations += is_protected[i] ? 1 : 0;
        }
        return victims;
    }

  private:
    bool fits() const { return find_objection({pod_, wanted_, node_, load_, others_, volumes_}).reasons.empty(); }
    bool reprieve(const PodPtr& other) {
        NodeLoad before = load_;
        load_.add(share_of(*other));
        others_.pods.push_back(other);
        if (fits()) return true;
        load_ = std::move(before);
        others_.pods.pop_back();
        return false;
    }

    const api::Pod& pod_;
    const api::Node& node_;
    const PodRequests wanted_;
    NodeLoad load_;
    Neighbours others_;
    const VolumeNeeds& volumes_;
    std::vector<PodPtr> lesser_;  ///< the most important one first
};

using Cost = std::tuple<size_t, int64_t, int64_t, size_t>;

/// The smaller the better: how many budgets are broken, the highest priority that goes, the sum of them, how many.
Cost cost_of(const Victims& victims) {
    int64_t highest = INT32_MIN, sum = 0;
    for (const auto& pod : victims.pods) {
        highest = std::max<int64_t>(highest, priority_of(*pod));
        sum += int64_t{priority_of(*pod)} - INT32_MIN;
    }
    return {victims.violations, highest, sum, victims.pods.size()};
}

/// Room was made for it already, and is not there yet.
bool waits_for_victims(const api::Pod& pod, const Neighbours& others) {
    if (pod.status.nominated_node_name.empty()) return false;
    return std::any_of(others.pods.begin(), others.pods.end(), [&](const PodPtr& other) {
        return other->spec.node_name == pod.status.nominated_node_name && other->metadata.deletion_timestamp &&
               priority_of(*other) < priority_of(pod);
    });
}

/// Where the pod does not fit, and why.
struct Rejected {
    NodePtr node;
    bool helpless = false;
};

struct Preemption {
    std::optional<Preempt> chosen;
    std::string text = {};  ///< of the event
    bool room_is_coming = false;
};

Preemption plan_preemption(const api::Pod& pod, const std::vector<Rejected>& rejected, const Placements& placements,
                           const Neighbours& others, const VolumeNeeds& volumes) {
    if (pod.spec.preemption_policy == std::string_view("Never")) return {{}, "not eligible due to preemptionPolicy=Never."};
    if (waits_for_victims(pod, others)) return {{}, "not eligible due to a terminating pod on the nominated node.", true};
    Preemption out;
    Cost lowest;
    Reasons reasons(rejected.size());
    for (const auto& [node, helpless] : rejected) {
        if (helpless) {
            reasons.add("Preemption is not helpful for scheduling");
            continue;
        }
        auto victims = placements.on(node->metadata.name).lowest_priority < priority_of(pod)
                           ? WithoutLesser(pod, *node, placements, others, volumes).find_victims()
                           : Victims();
        if (victims.pods.empty()) {
            reasons.add("No preemption victims found for incoming pod");
        } else if (const Cost cost = cost_of(victims); !out.chosen || cost < lowest) {
            lowest = cost;
            out.chosen = Preempt{node->metadata.name.str(), std::move(victims.pods), ""};
        }
    }
    if (!out.chosen) out.text = reasons.text();
    return out;
}

}  // namespace

ScheduleDecision plan_schedule(const api::Pod& pod, const std::vector<NodePtr>& nodes, const Placements& placements,
                               const Neighbours& others, const VolumeNeeds& volumes) {
    if (nodes.empty()) return Unschedulable{"no nodes available to schedule pods", false};
    if (!volumes.refusal.empty()) {
        std::vector<Rejected> nowhere;
        for (const auto& node : nodes) nowhere.push_back({node, true});
        const Preemption preemption = plan_preemption(pod, nowhere, placements, others, volumes);
        return Unschedulable{
            fmt::format("0/{} nodes are available: {}. preemption: {}", nodes.size(), volumes.refusal, preemption.text), false};
    }
    const PodRequests wanted = count_requests(pod.spec);
    Reasons reasons(nodes.size());
    std::vector<Rejected> rejected;
    bool room_would_do = false;
    for (const auto& node : nodes) {
        const NodeLoad* load = &placements.on(node->metadata.name);
        NodeLoad with_expected;
        if (placements.has_nominations()) {
            with_expected = *load;
            with_expected.add(placements.nominated_on(node->metadata.name, key_of(pod), priority_of(pod)));
            load = &with_expected;
        }
        const Objection objection = find_objection({pod, wanted, *node, *load, others, volumes});
        if (objection.reasons.empty()) return Bind{node->metadata.name.str()};
        for (const auto& reason : objection.reasons) reasons.add(reason);
        room_would_do |= !objection.helpless;
        rejected.push_back({node, objection.helpless});
    }
    Preemption preemption = plan_preemption(pod, rejected, placements, others, volumes);
    std::string message = reasons.text();
    if (preemption.chosen) {
        preemption.chosen->message = std::move(message);
        return std::move(*preemption.chosen);
    }
    return Unschedulable{fmt::format("{} preemption: {}", message, preemption.text), room_would_do, preemption.room_is_coming};
}

bool needs_others(const api::Pod& pod, const std::vector<NodePtr>& nodes, const Placements& placements) {
    if (asks_about_others(pod) || placements.somebody_keeps_others_off()) return true;
    return std::any_of(nodes.begin(), nodes.end(), [&](const NodePtr& node) {
        return placements.on(node->metadata.name).lowest_priority < priority_of(pod);
    });
}

}  // namespace orilla::scheduler
