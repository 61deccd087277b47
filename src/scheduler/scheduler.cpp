#include "orilla/scheduler/scheduler.hpp"

#include <fmt/core.h>

#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/objects/terms.hpp"
#include "orilla/objects/unless_gone.hpp"
#include "placements.hpp"
#include "schedule_plan.hpp"

namespace orilla::scheduler {
namespace {

std::string key_of(const objects::FeedEvent& event) { return fmt::format("{}/{}", event.entry->key.ns, event.entry->key.name); }

/// A pod that still does not fit says so again no sooner than this, however often others come and go.
constexpr int64_t tell_again_ms = 300'000;

api::PodCondition* find_condition(api::PodStatus& status, std::string_view type) {
    for (auto& condition : status.conditions)
        if (condition.type == type) return &condition;
    return nullptr;
}

}  // namespace

Scheduler::Scheduler(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events)
    : loop_(loop),
      objects_(objects),
      events_(events),
      placements_(std::make_unique<Placements>()),
      pods_(objects, api::kind_of<api::Pod>(), [this](const objects::FeedEvent& event) { pod_changed(event); }),
      nodes_(objects, api::kind_of<api::Node>(), [this](const objects::FeedEvent& event) { node_changed(event); }),
      claims_(objects, api::kind_of<api::PersistentVolumeClaim>(),
              [this](const objects::FeedEvent& event) { claim_changed(event.entry->key.ns, event.entry->key.name); }),
      volumes_(objects, api::kind_of<api::PersistentVolume>(),
               [this](const objects::FeedEvent& event) { volume_changed(event); }),
      worker_(loop, *this, {.name = "scheduler"}) {
    objects_.feed<api::Pod>().keep(objects::claim_user_terms);
}

Scheduler::~Scheduler() = default;

void Scheduler::start() {
    nodes_.start();
    pods_.start();
    claims_.start();
    volumes_.start();
}

void Scheduler::pod_changed(const objects::FeedEvent& event) {
    const std::string key = key_of(event);
    const bool gone = event.is_deleted();
    const auto *pod = gone ? nullptr : event.as<api::Pod>(), *before = event.before_as<api::Pod>();
    if (pod) placements_->put(key, *pod);
    else placements_->drop(key);
    if (gone) waiting_.erase(key);
    // What this scheduler itself wrote, that no node fits, is no reason to look again.
    const bool may_fit_now = !before || !(pod && before->spec == pod->spec);
    if (pod && pod->spec.node_name.empty() && may_fit_now) worker_.queue().add(key);
    // A pod that ended or went made room.
    const bool was_there = !before || (!before->spec.node_name.empty() && !is_finished(*before));
    if (was_there && (gone || (pod && is_finished(*pod)))) retry_waiting(true);
}

/// A heartbeat makes no room.
void Scheduler::node_changed(const objects::FeedEvent& event) {
    const auto *now = event.as<api::Node>(), *before = event.before_as<api::Node>();
    if (!now || !before || !offer_the_same(*now, *before)) retry_waiting(false);
}

void Scheduler::claim_changed(std::string_view ns, std::string_view claim) {
    for (const auto& pod : objects_.feed<api::Pod>().find<api::Pod>(objects::using_claim(ns, claim)))
        if (pod->spec.node_name.empty()) worker_.queue().add(pod->metadata.namespace_.str() + "/" + pod->metadata.name.str());
}

void Scheduler::volume_changed(const objects::FeedEvent& event) {
    const auto* volume = event.as<api::PersistentVolume>();
    if (volume && volume->spec.claim_ref) claim_changed(volume->spec.claim_ref->namespace_, volume->spec.claim_ref->name);
}

void Scheduler::retry_waiting(bool room_only) {
    for (const auto& [key, told] : waiting_)
        if (told.room_would_do || !room_only) worker_.queue().add(key);
}

loop::Task<Result<loop::Outcome>> Scheduler::reconcile(std::string key) {
    AWAIT_VOID(pods_.catch_up());
    const size_t slash = key.find('/');
    auto pod = objects_.get<api::Pod>(key.substr(0, slash), key.substr(slash + 1));
    const bool wanted = pod && pod->spec.node_name.empty() && !pod->metadata.deletion_timestamp && !is_finished(*pod) &&
                        (pod->spec.scheduler_name.empty() || pod->spec.scheduler_name == "default-scheduler");
    if (!wanted) {
        waiting_.erase(key);
        co_return loop::Outcome{};
    }
    CO_RETURN_AWAIT(schedule(std::move(pod)));
}

loop::Task<Result<loop::Outcome>> Scheduler::schedule(std::shared_ptr<const api::Pod> pod) {
    const std::string ns = pod->metadata.namespace_.str(), name = pod->metadata.name.str();
    const VolumeNeeds volumes = find_volume_needs(objects_, *pod);
    const ScheduleDecision decision = plan_schedule(*pod, objects_.list<api::Node>(), *placements_, volumes);
    if (const auto* bind = std::get_if<Bind>(&decision)) {
        if (!volumes.waiting.empty()) {
            CO_TRY_VOID(ask_for_volumes(ns, volumes.waiting, bind->node));
            co_return loop::Outcome{};  // the last of them that is bound brings the pod back
        }
        AWAIT(auto bound, objects_.bind(ns, name, bind->node));
        const bool was_deleted = !bound && bound.error().code() == Code::not_found;
        if (!bound && !was_deleted) co_return std::move(bound).error();
        waiting_.erase(fmt::format("{}/{}", ns, name));
        if (was_deleted) co_return loop::Outcome{};
        events_.record(*pod, "default-scheduler", "Normal", "Scheduled",
                       fmt::format("Successfully assigned {}/{} to {}", ns, name, bind->node));
        co_return loop::Outcome{};
    }
    const auto& [why, room_would_do] = std::get<Unschedulable>(decision);
    Told& told = waiting_[fmt::format("{}/{}", ns, name)];
    told.room_would_do = room_would_do;
    const int64_t now_ms = loop_.now_ms();
    if (told.message == why && now_ms < told.at_ms + tell_again_ms) co_return loop::Outcome{};
    told.message = why;
    told.at_ms = now_ms;
    CO_TRY_VOID(tell_unschedulable(pod, why));
    co_return loop::Outcome{};  // tried again when a pod goes or a node changes
}

loop::Task<Result<void>> Scheduler::ask_for_volumes(std::string ns, std::vector<std::string> claims, std::string node) {
    for (const auto& claim : claims) {
        std::function<Result<void>(api::PersistentVolumeClaim&)> change = [node](api::PersistentVolumeClaim& edited) {
            edited.metadata.annotations[api::selected_node_annotation] = std::string_view(node);
            return ok();
        };
        CO_TRY_VOID(objects::unless_gone(objects_.modify<api::PersistentVolumeClaim>(ns, claim, std::move(change))));
    }
    co_return ok();
}

loop::Task<Result<void>> Scheduler::tell_unschedulable(std::shared_ptr<const api::Pod> pod, std::string message) {
    events_.record(*pod, "default-scheduler", "Warning", "FailedScheduling", message);
    const int64_t now_s = loop_.clock().wall_s();
    std::function<Result<void>(api::Pod&)> change = [message, now_s](api::Pod& edited) -> Result<void> {
        api::PodCondition* condition = find_condition(edited.status, "PodScheduled");
        if (!condition) condition = &edited.status.conditions.emplace_back();
        if (condition->status != "False") condition->last_transition_time = api::Time(now_s);
        condition->type = "PodScheduled";
        condition->status = "False";
        condition->reason = "Unschedulable";
        condition->message = message;
        return ok();
    };
    auto task = objects_.modify_status<api::Pod>(pod->metadata.namespace_.str(), pod->metadata.name.str(), std::move(change));
    CO_RETURN_AWAIT(objects::unless_gone(std::move(task)));
}

}  // namespace orilla::scheduler
