#include "cluster/pod_gc.hpp"

#include "owned.hpp"

namespace orilla::controllers {
namespace {
constexpr int64_t node_missing_ms_max = 40'000;

void fail(api::Pod& pod, const api::PodCondition& condition) {
    pod.status.phase = "Failed";
    auto& conditions = pod.status.conditions;
    for (size_t i = conditions.size(); i-- > 0;)
        if (conditions[i].type == condition.type) conditions.erase(conditions.begin() + i);
    conditions.push_back(condition);
}
}  // namespace

PodCollector::PodCollector(const Surroundings& with)
    : Controller(with), own_node_(with.options.node_name), worker_(with.loop, *this, {.name = "pod-garbage-collector"}) {
    follow<api::Pod>([this](const objects::FeedEvent& event) { pod_changed(event); });
    follow<api::Node>([this](const objects::FeedEvent& event) { node_changed(event); });
}

bool PodCollector::has_node(const api::Pod& pod) const {
    if (pod.spec.node_name.empty() || pod.spec.node_name == own_node_) return true;
    return objects_.store().find({"nodes", "", pod.spec.node_name.str()}) != nullptr;
}

void PodCollector::pod_changed(const objects::FeedEvent& event) {
    if (event.is_deleted()) {
        due_ms_.erase(key_of(event.entry->key));
        return;
    }
    const auto* pod = event.as<api::Pod>();
    if (pod && !has_node(*pod)) worker_.queue().add(key_of(event.entry->key));
}

void PodCollector::node_changed(const objects::FeedEvent& event) {
    if (!event.is_deleted() || event.entry->key.name == own_node_) return;
    for (const auto& pod : objects_.feed<api::Pod>().find<api::Pod>(objects::on_node(event.entry->key.name)))
        worker_.queue().add(key_of(pod->metadata));
}

loop::Task<Result<loop::Outcome>> PodCollector::reconcile(std::string key) {
    const auto [ns, name] = split_key(key);
    const auto pod = objects_.get<api::Pod>(ns, name);
    if (!pod || has_node(*pod)) {
        due_ms_.erase(key);
        co_return loop::Outcome{};
    }
    const int64_t due_ms = due_ms_.try_emplace(key, loop_.now_ms() + node_missing_ms_max).first->second;
    if (due_ms > loop_.now_ms()) co_return loop::Outcome{due_ms - loop_.now_ms()};
    for (auto& action : plan_pod_gc(*pod, loop_.clock().wall_s())) {
        CO_TRY_VOID(apply(pod, std::move(action)));
    }
    co_return loop::Outcome{};
}

loop::Task<Result<void>> PodCollector::apply(std::shared_ptr<const api::Pod> pod, PodGcAction action) {
    if (auto* failing = std::get_if<FailPod>(&action)) {
        std::function<void(api::Pod&)> edit = [condition = std::move(failing->condition)](api::Pod& edited) {
            fail(edited, condition);
        };
        return edit_status<api::Pod>(objects_, std::move(pod), std::move(edit));
    }
    objects::DeleteOptions options;
    options.grace_period_seconds = 0;
    options.uid = std::get<RemovePod>(action).uid;
    return objects::unless_gone(
        objects_.remove<api::Pod>(pod->metadata.namespace_.str(), pod->metadata.name.str(), std::move(options)));
}

}  // namespace orilla::controllers
