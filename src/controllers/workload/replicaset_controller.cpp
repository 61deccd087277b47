#include "workload/replicaset_controller.hpp"

namespace orilla::controllers {
namespace {

ReplicaSetPtr get_replica_set(objects::Objects& objects, std::string_view ns, std::string_view name) {
    return objects.get<api::ReplicaSet>(ns, name);
}

constexpr ReplicaKind replica_set_kind = {
    .info = api::kind_of<api::ReplicaSet>,
    .component = "replicaset-controller",
    .get = get_replica_set,
    .write = write_status<api::ReplicaSet, api::ReplicaSetStatus>,
    .queue_adopters = queue_adopters<api::ReplicaSet>,
};

}  // namespace

ReplicaSetController::ReplicaSetController(const Surroundings& with) : ReplicaController(with, replica_set_kind, "replicaset") {
    objects_.feed<api::ReplicaSet>().keep(objects::selector_terms<api::ReplicaSet>);
}

ReplicaController::ReplicaController(const Surroundings& with, const ReplicaKind& kind, std::string worker)
    : Controller(with),
      kind_(kind),
      pods_(with.objects.feed<api::Pod>()),
      worker_(with.loop, *this, {.name = std::move(worker), .concurrency = 2}) {
    pods_.keep(objects::owner_terms);
    follow(kind.info(), [this](const objects::FeedEvent& event) { worker_.queue().add(key_of(event.entry->key)); });
    follow<api::Pod>([this](const objects::FeedEvent& event) { pod_changed(event); });
}

/// The pods that the plan may have to do with.
loop::Task<std::vector<PodPtr>> ReplicaController::pods_of(ReplicaSetPtr set) {
    AWAIT_VOID(pods_.catch_up());
    co_return objects::find_claimed<api::Pod>(objects_, set->metadata, set->spec.selector);
}

void ReplicaController::pod_changed(const objects::FeedEvent& event) {
    const auto *pod = event.as<api::Pod>(), *before = event.before_as<api::Pod>();
    const bool modified = event.type == objects::FeedEvent::Type::modified;
    if (modified && pod && before && looks_the_same_to_owner(*pod, *before)) return;
    queue_owner(event, kind_.info(), worker_.queue());
    kind_.queue_adopters(objects_, event, worker_.queue());
}

api::OwnerReference ReplicaController::reference_to(const api::ReplicaSet& set) const {
    return make_controller_reference(kind_.info().api_version, kind_.info().kind, set.metadata);
}

void ReplicaController::tell(const api::ReplicaSet& set, std::string_view type, std::string_view reason,
                             const std::string& message) {
    events_.record(api::reference_to(kind_.info(), set.metadata), kind_.component, type, reason, message);
}

loop::Task<Result<loop::Outcome>> ReplicaController::reconcile(std::string key) {
    const auto [ns, name] = split_key(key);
    const ReplicaSetPtr set = kind_.get(objects_, ns, name);
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

loop::Task<Result<void>> ReplicaController::apply(ReplicaSetPtr set, ReplicaSetAction action) {
    const api::KindInfo& pod = api::kind_of<api::Pod>();
    const std::string ns = set->metadata.namespace_.str();
    loop::Task<Result<void>> task;
    if (const auto* create = std::get_if<CreatePods>(&action)) task = create_pods(set, create->count);
    else if (const auto* remove = std::get_if<DeletePod>(&action)) task = delete_pod(set, remove->name);
    else if (const auto* found = std::get_if<AdoptPod>(&action))
        task = adopt(objects_, pod, ns, found->name, reference_to(*set));
    else task = release(objects_, pod, ns, std::get<ReleasePod>(action).name, set->metadata.uid.str());
    co_return co_await std::move(task);
}

loop::Task<Result<void>> ReplicaController::create_pods(ReplicaSetPtr set, int count) {
    for (int i = 0; i < count; ++i) {
        AWAIT(auto created, objects_.create<api::Pod>(make_pod(*set, reference_to(*set))));
        if (!created) {
            tell(*set, "Warning", "FailedCreate", "Error creating: " + created.error().message());
            co_return std::move(created).error();
        }
        tell(*set, "Normal", "SuccessfulCreate", "Created pod: " + (*created)->metadata.name.str());
    }
    co_return ok();
}

loop::Task<Result<void>> ReplicaController::delete_pod(ReplicaSetPtr set, std::string name) {
    AWAIT(auto removed, objects_.remove<api::Pod>(set->metadata.namespace_.str(), name));
    if (!removed && removed.error().code() == Code::not_found) co_return ok();
    if (!removed) {
        tell(*set, "Warning", "FailedDelete", "Error deleting: " + removed.error().message());
        co_return std::move(removed).error();
    }
    tell(*set, "Normal", "SuccessfulDelete", "Deleted pod: " + name);
    co_return ok();
}

loop::Task<Result<loop::Outcome>> ReplicaController::summarise(ReplicaSetPtr set) {
    const auto failure = failures_.find(key_of(set->metadata));
    int64_t again_after_s = -1;
    const std::string why = failure == failures_.end() ? "" : failure->second;
    AWAIT(const std::vector<PodPtr> pods, pods_of(set));
    api::ReplicaSetStatus status = summarise_replicaset(*set, pods, why, loop_.clock().wall_s(), &again_after_s);
    const loop::Outcome outcome{again_after_s < 0 ? -1 : again_after_s * 1000};
    CO_TRY_VOID(kind_.write(objects_, set, std::move(status)));
    co_return outcome;
}

}  // namespace orilla::controllers
