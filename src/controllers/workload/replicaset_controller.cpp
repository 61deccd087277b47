#include "workload/replicaset_controller.hpp"

#include "orilla/kinds/selectors.hpp"
#include "pod_facts.hpp"
#include "terms.hpp"

namespace orilla::controllers {
namespace {
constexpr std::string_view replicaset_component = "replicaset-controller";
}  // namespace

ReplicaSetController::ReplicaSetController(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events,
                                           objects::TermIndex& sets, objects::TermIndex& pods)
    : loop_(loop),
      objects_(objects),
      events_(events),
      pods_(pods),
      worker_(loop, *this, {.name = "replicaset", .concurrency = 2}) {
    sets.subscribe([this](const store::WatchEvent& event) { worker_.queue().add(key_of(event.entry->key)); });
    pods.subscribe([this](const store::WatchEvent& event) { pod_changed(event); });
}

/// The pods that the plan may have to do with: its own, and those without a controller that match.
loop::Task<std::vector<PodPtr>> ReplicaSetController::pods_of(std::shared_ptr<const api::ReplicaSet> set) {
    auto catching_up = pods_.catch_up();
    co_await std::move(catching_up);
    std::vector<PodPtr> out = pods_.find<api::Pod>(owned_by(set->metadata.uid));
    const auto selector = api::selector_of(set->spec.selector);
    for (auto& pod : pods_.find<api::Pod>(orphans_in(set->metadata.namespace_)))
        if (selector && selector->matches(pod->metadata.labels)) out.push_back(std::move(pod));
    co_return out;
}

void ReplicaSetController::pod_changed(const store::WatchEvent& event) {
    const auto pod = object_of(objects_, api::kind_of<api::Pod>(), event.entry);
    const auto before = object_of(objects_, api::kind_of<api::Pod>(), event.previous);
    const bool modified = event.type == store::WatchEvent::Type::modified;
    if (modified && pod && before && looks_the_same_to_owner(pod->as<api::Pod>(), before->as<api::Pod>())) return;
    queue_owner(objects_, api::kind_of<api::Pod>(), "ReplicaSet", event, worker_.queue());
    if (!pod || find_controller(pod->meta()) || pod->meta().labels.empty()) return;
    // An orphan: whoever matches it adopts it.
    for (const auto& set : objects_.list<api::ReplicaSet>(event.entry->key.ns))
        if (selects(set->spec.selector, pod->meta().labels)) worker_.queue().add(key_of(set->metadata));
}

loop::Task<Result<loop::Outcome>> ReplicaSetController::reconcile(std::string key) {
    const auto [ns, name] = split_key(key);
    const auto set = objects_.get<api::ReplicaSet>(ns, name);
    if (!set) {
        failures_.erase(key);
        co_return loop::Outcome{};
    }
    Result<void> failed = ok();
    auto looking = pods_of(set);
    const std::vector<PodPtr> pods = co_await std::move(looking);
    for (auto& action : plan_replicaset(*set, pods)) {
        auto task = apply(set, std::move(action));
        failed = co_await std::move(task);
        if (!failed) break;
    }
    if (failed) failures_.erase(key);
    else failures_[key] = failed.error().message();
    auto status = write_status(set);
    auto outcome = co_await std::move(status);
    if (!failed) co_return std::move(failed).error();
    co_return outcome;
}

loop::Task<Result<void>> ReplicaSetController::apply(std::shared_ptr<const api::ReplicaSet> set, ReplicaSetAction action) {
    loop::Task<Result<void>> task;
    if (const auto* create = std::get_if<CreatePods>(&action)) task = create_pods(set, create->count);
    else if (const auto* remove = std::get_if<DeletePod>(&action)) task = delete_pod(set, remove->name);
    else if (const auto* adopt = std::get_if<AdoptPod>(&action)) task = set_owner(set, adopt->name, true);
    else task = set_owner(set, std::get<ReleasePod>(action).name, false);
    co_return co_await std::move(task);
}

loop::Task<Result<void>> ReplicaSetController::create_pods(std::shared_ptr<const api::ReplicaSet> set, int count) {
    for (int i = 0; i < count; ++i) {
        auto task = objects_.create<api::Pod>(make_pod(*set));
        auto created = co_await std::move(task);
        if (!created) {
            events_.record(*set, replicaset_component, "Warning", "FailedCreate", "Error creating: " + created.error().message());
            co_return std::move(created).error();
        }
        events_.record(*set, replicaset_component, "Normal", "SuccessfulCreate", "Created pod: " + (*created)->metadata.name.str());
    }
    co_return ok();
}

loop::Task<Result<void>> ReplicaSetController::delete_pod(std::shared_ptr<const api::ReplicaSet> set, std::string name) {
    auto task = objects_.remove<api::Pod>(set->metadata.namespace_.str(), name);
    auto removed = co_await std::move(task);
    if (!removed && removed.error().code() == Code::not_found) co_return ok();
    if (!removed) {
        events_.record(*set, replicaset_component, "Warning", "FailedDelete", "Error deleting: " + removed.error().message());
        co_return std::move(removed).error();
    }
    events_.record(*set, replicaset_component, "Normal", "SuccessfulDelete", "Deleted pod: " + name);
    co_return ok();
}

loop::Task<Result<void>> ReplicaSetController::set_owner(std::shared_ptr<const api::ReplicaSet> set, std::string pod, bool adopt) {
    std::function<Result<void>(api::Pod&)> change = [set, adopt](api::Pod& edited) -> Result<void> {
        auto& owners = edited.metadata.owner_references;
        for (size_t i = owners.size(); i-- > 0;)
            if (owners[i].uid == set->metadata.uid) owners.erase(owners.begin() + i);
        if (adopt && !find_controller(edited.metadata))
            owners.push_back(make_controller_reference("apps/v1", "ReplicaSet", set->metadata));
        return ok();
    };
    auto task = objects_.modify<api::Pod>(set->metadata.namespace_.str(), pod, std::move(change));
    auto changed = co_await std::move(task);
    if (!changed && changed.error().code() != Code::not_found) co_return std::move(changed).error();
    co_return ok();
}

loop::Task<Result<loop::Outcome>> ReplicaSetController::write_status(std::shared_ptr<const api::ReplicaSet> set) {
    const std::string ns = set->metadata.namespace_.str(), key = key_of(set->metadata);
    const auto failure = failures_.find(key);
    int64_t again_after_s = -1;
    const std::string why = failure == failures_.end() ? "" : failure->second;
    auto looking = pods_of(set);
    const std::vector<PodPtr> pods = co_await std::move(looking);
    api::ReplicaSetStatus status = summarise_replicaset(*set, pods, why, loop_.clock().wall_s(), &again_after_s);
    const loop::Outcome outcome{again_after_s < 0 ? -1 : again_after_s * 1000};
    if (status == set->status) co_return outcome;
    std::function<Result<void>(api::ReplicaSet&)> change = [status](api::ReplicaSet& edited) -> Result<void> {
        edited.status = status;
        return ok();
    };
    auto task = objects_.modify_status<api::ReplicaSet>(ns, set->metadata.name.str(), std::move(change));
    auto written = co_await std::move(task);
    if (!written && written.error().code() != Code::not_found) co_return std::move(written).error();
    co_return outcome;
}

}  // namespace orilla::controllers
