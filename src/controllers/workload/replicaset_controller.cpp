#include "workload/replicaset_controller.hpp"

#include "owned.hpp"

namespace orilla::controllers {
namespace {
constexpr std::string_view replicaset_component = "replicaset-controller";
}  // namespace

ReplicaSetController::ReplicaSetController(const Surroundings& with)
    : Controller(with),
      pods_(with.objects.feed<api::Pod>()),
      worker_(with.loop, *this, {.name = "replicaset", .concurrency = 2}) {
    pods_.keep(objects::owner_terms);
    objects_.feed<api::ReplicaSet>().keep(objects::selector_terms<api::ReplicaSet>);
    follow<api::ReplicaSet>([this](const objects::FeedEvent& event) { worker_.queue().add(key_of(event.entry->key)); });
    follow<api::Pod>([this](const objects::FeedEvent& event) { pod_changed(event); });
}

/// The pods that the plan may have to do with.
loop::Task<std::vector<PodPtr>> ReplicaSetController::pods_of(std::shared_ptr<const api::ReplicaSet> set) {
    AWAIT_VOID(pods_.catch_up());
    co_return objects::find_claimed<api::Pod>(objects_, set->metadata, set->spec.selector);
}

void ReplicaSetController::pod_changed(const objects::FeedEvent& event) {
    const auto *pod = event.as<api::Pod>(), *before = event.before_as<api::Pod>();
    const bool modified = event.type == store::WatchEvent::Type::modified;
    if (modified && pod && before && looks_the_same_to_owner(*pod, *before)) return;
    queue_owner(event, "ReplicaSet", worker_.queue());
    queue_adopters<api::ReplicaSet>(objects_, event, worker_.queue());
}

loop::Task<Result<loop::Outcome>> ReplicaSetController::reconcile(std::string key) {
    const auto [ns, name] = split_key(key);
    const auto set = objects_.get<api::ReplicaSet>(ns, name);
    if (!set) {
        failures_.erase(key);
        co_return loop::Outcome{};
    }
    Result<void> failed = ok();
    AWAIT(const std::vector<PodPtr> pods, pods_of(set));
    for (auto& action : plan_replicaset(*set, pods)) {
        AWAIT(failed, apply(set, std::move(action)));
        if (!failed) break;
    }
    if (failed) failures_.erase(key);
    else failures_[key] = failed.error().message();
    AWAIT(auto outcome, summarise(set));
    if (!failed) co_return std::move(failed).error();
    co_return outcome;
}

loop::Task<Result<void>> ReplicaSetController::apply(std::shared_ptr<const api::ReplicaSet> set, ReplicaSetAction action) {
    const api::KindInfo& pod = api::kind_of<api::Pod>();
    const std::string ns = set->metadata.namespace_.str();
    auto owner = make_controller_reference("apps/v1", "ReplicaSet", set->metadata);
    loop::Task<Result<void>> task;
    if (const auto* create = std::get_if<CreatePods>(&action)) task = create_pods(set, create->count);
    else if (const auto* remove = std::get_if<DeletePod>(&action)) task = delete_pod(set, remove->name);
    else if (const auto* found = std::get_if<AdoptPod>(&action)) task = adopt(objects_, pod, ns, found->name, std::move(owner));
    else task = release(objects_, pod, ns, std::get<ReleasePod>(action).name, set->metadata.uid.str());
    co_return co_await std::move(task);
}

loop::Task<Result<void>> ReplicaSetController::create_pods(std::shared_ptr<const api::ReplicaSet> set, int count) {
    for (int i = 0; i < count; ++i) {
        AWAIT(auto created, objects_.create<api::Pod>(make_pod(*set)));
        if (!created) {
            events_.record(*set, replicaset_component, "Warning", "FailedCreate",
                           "Error creating: " + created.error().message());
            co_return std::move(created).error();
        }
        events_.record(*set, replicaset_component, "Normal", "SuccessfulCreate",
                       "Created pod: " + (*created)->metadata.name.str());
    }
    co_return ok();
}

loop::Task<Result<void>> ReplicaSetController::delete_pod(std::shared_ptr<const api::ReplicaSet> set, std::string name) {
    AWAIT(auto removed, objects_.remove<api::Pod>(set->metadata.namespace_.str(), name));
    if (!removed && removed.error().code() == Code::not_found) co_return ok();
    if (!removed) {
        events_.record(*set, replicaset_component, "Warning", "FailedDelete", "Error deleting: " + removed.error().message());
        co_return std::move(removed).error();
    }
    events_.record(*set, replicaset_component, "Normal", "SuccessfulDelete", "Deleted pod: " + name);
    co_return ok();
}

loop::Task<Result<loop::Outcome>> ReplicaSetController::summarise(std::shared_ptr<const api::ReplicaSet> set) {
    const auto failure = failures_.find(key_of(set->metadata));
    int64_t again_after_s = -1;
    const std::string why = failure == failures_.end() ? "" : failure->second;
    AWAIT(const std::vector<PodPtr> pods, pods_of(set));
    api::ReplicaSetStatus status = summarise_replicaset(*set, pods, why, loop_.clock().wall_s(), &again_after_s);
    const loop::Outcome outcome{again_after_s < 0 ? -1 : again_after_s * 1000};
    CO_TRY_VOID(write_status(objects_, set, std::move(status)));
    co_return outcome;
}

}  // namespace orilla::controllers
