#include "cluster/taint_eviction.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "cluster/taint_eviction_plan.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "owned.hpp"

namespace orilla::controllers {
namespace {
constexpr std::string_view taint_component = "taint-eviction-controller";
constexpr int64_t stay_s_max = std::numeric_limits<int32_t>::max();
}  // namespace

TaintEviction::TaintEviction(const Surroundings& with)
    : Controller(with), worker_(with.loop, *this, {.name = "taint-eviction", .concurrency = 4}) {
    objects_.feed<api::Pod>().keep(objects::node_terms);
    follow<api::Node>([this](const objects::FeedEvent& event) { node_changed(event); });
    follow<api::Pod>([this](const objects::FeedEvent& event) { pod_changed(event); });
}

void TaintEviction::pod_changed(const objects::FeedEvent& event) {
    const std::string key = key_of(event.entry->key);
    if (event.is_deleted()) {
        if (stays_.contains(key)) worker_.queue().add(key);  // nothing waits for it any more
        return;
    }
    const auto *pod = event.as<api::Pod>(), *before = event.before_as<api::Pod>();
    if (!pod || pod->spec.node_name.empty() || (before && before->spec == pod->spec)) return;
    const auto node = objects_.get<api::Node>(pod->spec.node_name);
    if (node && has_evicting_taint(*node)) worker_.queue().add(key);
}

void TaintEviction::node_changed(const objects::FeedEvent& event) {
    const auto *node = event.as<api::Node>(), *before = event.before_as<api::Node>();
    if (event.is_deleted() || !node || (before && before->spec.taints == node->spec.taints)) return;
    if (!has_evicting_taint(*node) && !(before && has_evicting_taint(*before))) return;
    for (const auto& pod : objects_.feed<api::Pod>().find<api::Pod>(objects::on_node(node->metadata.name)))
        worker_.queue().add(key_of(pod->metadata));
}

void TaintEviction::let_stay(const std::string& key, const api::Pod& pod) {
    if (stays_.erase(key) == 0) return;
    events_.record(pod, taint_component, "Normal", "TaintManagerEviction", fmt::format("Cancelling deletion of Pod {}", key));
}

loop::Task<Result<loop::Outcome>> TaintEviction::reconcile(std::string key) {
    const auto [ns, name] = split_key(key);
    const auto pod = objects_.get<api::Pod>(ns, name);
    const auto node = pod ? objects_.get<api::Node>(pod->spec.node_name) : nullptr;
    if (!pod || !node || pod->metadata.deletion_timestamp) {
        stays_.erase(key);
        co_return loop::Outcome{};
    }
    const auto stay_s = plan_stay_s(*pod, *node);
    if (!stay_s) {
        let_stay(key, *pod);
        co_return loop::Outcome{};
    }
    Stay& stay = stays_[key];
    if (pod->metadata.uid != stay.uid) stay = {pod->metadata.uid.str(), loop_.now_ms()};
    const int64_t left_ms = stay.since_ms + std::min(*stay_s, stay_s_max) * 1000 - loop_.now_ms();
    if (left_ms > 0) co_return loop::Outcome{left_ms};
    CO_TRY_VOID(evict(pod));
    stays_.erase(key);
    co_return loop::Outcome{};
}

/// Says who ends it, then lets it end in its own grace period.
loop::Task<Result<void>> TaintEviction::evict(std::shared_ptr<const api::Pod> pod) {
    const std::string ns = pod->metadata.namespace_.str(), name = pod->metadata.name.str();
    events_.record(*pod, taint_component, "Normal", "TaintManagerEviction",
                   fmt::format("Marking for deletion Pod {}/{}", ns, name));
    const int64_t now_s = loop_.clock().wall_s();
    std::function<void(api::Pod&)> mark = [now_s](api::Pod& edited) {
        if (api::is_finished(edited)) return;
        api::PodCondition& condition = api::ensure_pod_condition(edited, api::disruption_target_condition);
        condition.status = "True";
        condition.reason = "DeletionByTaintManager";
        condition.message = "Taint manager: deleting due to NoExecute taint";
        condition.last_transition_time = api::Time(now_s);
    };
    CO_TRY_VOID(edit_status<api::Pod>(objects_, pod, std::move(mark)));
    objects::DeleteOptions options;
    options.uid = pod->metadata.uid.str();
    auto removing = objects_.remove<api::Pod>(ns, name, std::move(options));
    CO_RETURN_AWAIT(objects::unless_gone(std::move(removing)));
}

}  // namespace orilla::controllers
