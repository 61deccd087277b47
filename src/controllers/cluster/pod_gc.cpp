#include "cluster/pod_gc.hpp"

namespace orilla::controllers {
namespace {
constexpr int64_t node_missing_ms_max = 40'000;
}  // namespace

PodCollector::PodCollector(loop::Loop& loop, objects::Objects& objects, std::string own_node)
    : loop_(loop),
      objects_(objects),
      own_node_(std::move(own_node)),
      nodes_(loop, objects.store(), "nodes",
             [this](const store::WatchEvent& event) {
                 if (event.type == store::WatchEvent::Type::deleted) node_gone();
             }),
      worker_(loop, *this, {.name = "pod-garbage-collector"}) {}

bool PodCollector::has_node(const api::Pod& pod) const {
    if (pod.spec.node_name.empty() || pod.spec.node_name == own_node_) return true;
    return objects_.store().find({"nodes", "", pod.spec.node_name.str()}) != nullptr;
}

void PodCollector::pod_changed(const store::WatchEvent& event) {
    if (event.type == store::WatchEvent::Type::deleted) {
        due_ms_.erase(key_of(event.entry->key));
        return;
    }
    const auto pod = object_of(objects_, api::kind_of<api::Pod>(), event.entry);
    if (pod && !has_node(pod->as<api::Pod>())) worker_.queue().add(key_of(event.entry->key));
}

void PodCollector::node_gone() {
    for (const auto& pod : objects_.list<api::Pod>())
        if (!has_node(*pod)) worker_.queue().add(key_of(pod->metadata));
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
        CO_TRY_VOID(apply(ns, name, std::move(action)));
    }
    co_return loop::Outcome{};
}

loop::Task<Result<void>> PodCollector::apply(std::string ns, std::string name, PodGcAction action) {
    if (auto* failing = std::get_if<FailPod>(&action)) {
        auto task = fail(ns, name, std::move(failing->condition));
        co_return co_await std::move(task);
    }
    objects::DeleteOptions options;
    options.grace_period_seconds = 0;
    options.uid = std::get<RemovePod>(action).uid;
    auto removing = objects_.remove<api::Pod>(ns, name, std::move(options));
    auto removed = co_await std::move(removing);
    if (!removed && removed.error().code() != Code::not_found) co_return std::move(removed).error();
    co_return ok();
}

loop::Task<Result<void>> PodCollector::fail(std::string ns, std::string name, api::PodCondition condition) {
    std::function<Result<void>(api::Pod&)> change = [condition](api::Pod& pod) -> Result<void> {
        pod.status.phase = "Failed";
        auto& conditions = pod.status.conditions;
        for (size_t i = conditions.size(); i-- > 0;)
            if (conditions[i].type == condition.type) conditions.erase(conditions.begin() + i);
        conditions.push_back(condition);
        return ok();
    };
    auto writing = objects_.modify_status<api::Pod>(ns, name, std::move(change));
    auto written = co_await std::move(writing);
    if (!written && written.error().code() != Code::not_found) co_return std::move(written).error();
    co_return ok();
}

}  // namespace orilla::controllers
