#include "workload/deployment_controller.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/kinds/well_known.hpp"
#include "owned.hpp"

namespace orilla::controllers {
namespace {
constexpr std::string_view deployment_component = "deployment-controller";
}

DeploymentController::DeploymentController(const Surroundings& with)
    : Controller(with),
      sets_(with.objects.feed<api::ReplicaSet>()),
      pods_(with.objects.feed<api::Pod>()),
      worker_(with.loop, *this, {.name = "deployment", .concurrency = 2}) {
    sets_.keep(objects::owner_terms);
    objects_.feed<api::Deployment>().keep(objects::selector_terms<api::Deployment>);
    follow<api::Deployment>([this](const objects::FeedEvent& event) { worker_.queue().add(key_of(event.entry->key)); });
    follow<api::ReplicaSet>([this](const objects::FeedEvent& event) { set_changed(event); });
    follow<api::Pod>([this](const objects::FeedEvent& event) { pod_changed(event); });
}

void DeploymentController::set_changed(const objects::FeedEvent& event) {
    queue_owner(event, api::kind_of<api::Deployment>(), worker_.queue());
    queue_adopters<api::Deployment>(objects_, event, worker_.queue());
}

/// Recreate waits for the old pods' end, which no ReplicaSet shows.
void DeploymentController::pod_changed(const objects::FeedEvent& event) {
    if (!event.is_deleted()) return;
    const auto& sets = api::kind_of<api::ReplicaSet>();
    const auto* controller = event.object() ? find_controller(event.object()->meta(), sets) : nullptr;
    if (!controller) return;
    const auto set = objects_.get<api::ReplicaSet>(event.entry->key.ns, controller->name);
    const auto* owner = set ? find_controller(set->metadata, api::kind_of<api::Deployment>()) : nullptr;
    if (owner) worker_.queue().add(key_of(event.entry->key.ns, owner->name));
}

loop::Task<DeploymentObserved> DeploymentController::observe(DeploymentPtr deployment) {
    for (objects::Feed* feed : {&sets_, &pods_}) {
        AWAIT_VOID(feed->catch_up());
    }
    DeploymentObserved seen;
    for (auto& set : objects::find_claimed<api::ReplicaSet>(objects_, deployment->metadata, deployment->spec.selector)) {
        // One that is on its way out is nobody's to adopt.
        if (find_controller(set->metadata) || !set->metadata.deletion_timestamp) seen.replica_sets.push_back(std::move(set));
    }
    std::sort(seen.replica_sets.begin(), seen.replica_sets.end(),
              [](const auto& a, const auto& b) { return a->metadata.name < b->metadata.name; });
    if (deployment->spec.strategy.type == "Recreate")
        for (const auto& set : seen.replica_sets)
            for (auto& pod : pods_.find<api::Pod>(objects::owned_by(set->metadata.uid))) seen.pods.push_back(std::move(pod));
    seen.since_progress_s = (loop_.now_ms() - progressed_ms(*deployment)) / 1000;
    co_return seen;
}

/// Starts now for a Deployment that was not seen yet, also after a restart.
int64_t& DeploymentController::progressed_ms(const api::Deployment& deployment) {
    Progress& progress = progress_[key_of(deployment.metadata)];
    if (deployment.metadata.uid != progress.uid) progress = {deployment.metadata.uid.str(), loop_.now_ms()};
    return progress.at_ms;
}

loop::Task<Result<loop::Outcome>> DeploymentController::reconcile(std::string key) {
    const auto [ns, name] = split_key(key);
    DeploymentPtr deployment = objects_.get<api::Deployment>(ns, name);
    if (!deployment) {
        progress_.erase(key);
        co_return loop::Outcome{};
    }
    AWAIT(const DeploymentObserved seen, observe(deployment));
    for (auto& action : plan_deployment(*deployment, seen)) {
        CO_TRY_VOID(apply(deployment, std::move(action)));
    }
    // The acts may have changed it (revision, collisions).
    deployment = objects_.get<api::Deployment>(ns, name);
    if (!deployment) co_return loop::Outcome{};
    auto task = summarise(deployment);
    co_return co_await std::move(task);
}

loop::Task<Result<void>> DeploymentController::apply(DeploymentPtr deployment, DeploymentAction action) {
    const std::string ns = deployment->metadata.namespace_.str();
    auto owner = make_controller_reference("apps/v1", "Deployment", deployment->metadata);
    loop::Task<Result<void>> task;
    if (auto* one = std::get_if<AdoptReplicaSet>(&action))
        task = adopt(objects_, api::kind_of<api::ReplicaSet>(), ns, one->name, std::move(owner));
    else if (auto* create = std::get_if<CreateReplicaSet>(&action)) task = create_set(deployment, std::move(create->object));
    else if (auto* bump = std::get_if<BumpCollisionCount>(&action)) task = set_collision_count(deployment, bump->to);
    else if (auto* update = std::get_if<UpdateReplicaSet>(&action)) task = update_set(deployment, std::move(*update));
    else if (auto* remove = std::get_if<DeleteReplicaSet>(&action))
        task = objects::unless_gone(objects_.remove<api::ReplicaSet>(ns, remove->name));
    else task = set_revision(deployment, std::get<SetRevision>(action).revision);
    co_return co_await std::move(task);
}

loop::Task<Result<void>> DeploymentController::create_set(DeploymentPtr deployment, api::ReplicaSet set) {
    const std::string name = set.metadata.name.str();
    const int32_t replicas = set.spec.replicas.value_or(0);
    AWAIT(auto created, objects_.create<api::ReplicaSet>(std::move(set)));
    if (created) {
        if (replicas > 0)
            events_.record(*deployment, deployment_component, "Normal", "ScalingReplicaSet",
                           fmt::format("Scaled up replica set {} from 0 to {}", name, replicas));
        co_return ok();
    }
    if (created.error().code() != Code::already_exists) {
        events_.record(*deployment, deployment_component, "Warning", "ReplicaSetCreateError",
                       fmt::format("Failed to create new replica set \"{}\": {}", name, created.error().message()));
        co_return std::move(created).error();
    }
    // Somebody else's has the name that our hash gives.
    AWAIT(auto bumped, set_collision_count(deployment, deployment->status.collision_count.value_or(0) + 1));
    if (!bumped) co_return bumped;
    worker_.queue().add(key_of(deployment->metadata));
    co_return ok();
}

loop::Task<Result<void>> DeploymentController::update_set(DeploymentPtr deployment, UpdateReplicaSet update) {
    std::function<Result<void>(api::ReplicaSet&)> change = [update](api::ReplicaSet& set) -> Result<void> {
        set.spec.replicas = update.replicas;
        set.spec.min_ready_seconds = update.min_ready_seconds;
        set.metadata.annotations = update.annotations;
        return ok();
    };
    AWAIT(auto changed,
          objects_.modify<api::ReplicaSet>(deployment->metadata.namespace_.str(), update.name, std::move(change)));
    if (!changed && changed.error().code() == Code::not_found) co_return ok();
    if (!changed) co_return std::move(changed).error();
    if (!update.event.empty()) events_.record(*deployment, deployment_component, "Normal", "ScalingReplicaSet", update.event);
    co_return ok();
}

loop::Task<Result<void>> DeploymentController::set_revision(DeploymentPtr deployment, std::string revision) {
    // Beside the status, where an annotation does not count as a new generation.
    return edit_status<api::Deployment>(objects_, std::move(deployment), [revision](api::Deployment& edited) {
        edited.metadata.annotations[api::revision_annotation] = revision;
    });
}

loop::Task<Result<void>> DeploymentController::set_collision_count(DeploymentPtr deployment, int32_t count) {
    return edit_status<api::Deployment>(objects_, std::move(deployment),
                                        [count](api::Deployment& edited) { edited.status.collision_count = count; });
}

loop::Task<Result<loop::Outcome>> DeploymentController::summarise(DeploymentPtr deployment) {
    AWAIT(const DeploymentObserved seen, observe(deployment));
    const DeploymentSummary summary = summarise_deployment(*deployment, seen, loop_.clock().wall_s());
    if (summary.progressed) progressed_ms(*deployment) = loop_.now_ms();
    CO_TRY_VOID(write_status(objects_, deployment, summary.status));
    co_return loop::Outcome{summary.again_after_s < 0 ? -1 : summary.again_after_s * 1000};
}

}  // namespace orilla::controllers
