#include "orilla/scheduler/scheduler.hpp"

#include <fmt/core.h>

#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/objects/queue_key.hpp"
#include "orilla/objects/terms.hpp"
#include "orilla/objects/unless_gone.hpp"
#include "placements.hpp"
#include "schedule_plan.hpp"

namespace orilla::scheduler {
namespace {

std::string event_key(const objects::FeedEvent& event) { return objects::key_of(event.entry->key); }

/// A pod that still does not fit says so again no sooner than this, however often others come and go.
constexpr int64_t tell_again_ms = 300'000;

bool is_placed(const api::Pod& pod) { return !pod.spec.node_name.empty() && !is_finished(pod); }

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
    const std::string key = event_key(event);
    const bool gone = event.is_deleted();
    const auto *pod = gone ? nullptr : event.as<api::Pod>(), *before = event.before_as<api::Pod>();
    const bool waits = pod && pod->spec.node_name.empty() && !is_finished(*pod);
    if (pod) placements_->put(key, *pod);
    else placements_->drop(key);
    if (waits && !pod->status.nominated_node_name.empty())
        placements_->nominate(key, pod->status.nominated_node_name.str(), share_of(*pod));
    else placements_->drop_nomination(key);
    if (gone) stop_waiting(key);
    // What this scheduler itself wrote, that no node fits, is no reason to look again.
    const bool may_fit_now = !before || !(pod && before->spec == pod->spec);
    if (waits && may_fit_now) worker_.queue().add(key);
    // Of one that is seen for the first time as it ends nobody knows where it was.
    const bool was_there = before ? is_placed(*before) : !waits && !(pod && is_placed(*pod));
    const bool is_there = pod && is_placed(*pod);
    const bool has_other_labels = was_there && is_there && before && before->metadata.labels != pod->metadata.labels;
    if ((was_there && !is_there) || has_other_labels) retry_waiting([](const Told& told) { return told.room_would_do; });
    if ((is_there && !was_there) || has_other_labels)
        for (const std::string& waiting : waiting_for_company_) worker_.queue().add(waiting);
}

void Scheduler::stop_waiting(const std::string& key) {
    waiting_.erase(key);
    waiting_for_company_.erase(key);
}

/// A heartbeat makes no room.
void Scheduler::node_changed(const objects::FeedEvent& event) {
    const auto *now = event.as<api::Node>(), *before = event.before_as<api::Node>();
    if (!now || !before || !offer_the_same(*now, *before)) retry_waiting([](const Told&) { return true; });
}

void Scheduler::claim_changed(std::string_view ns, std::string_view claim) {
    for (const auto& pod : objects_.feed<api::Pod>().find<api::Pod>(objects::using_claim(ns, claim)))
        if (pod->spec.node_name.empty()) worker_.queue().add(scheduler::key_of(*pod));
}

void Scheduler::volume_changed(const objects::FeedEvent& event) {
    const auto* volume = event.as<api::PersistentVolume>();
    if (volume && !volume->spec.claim_ref) retry_waiting([](const Told& told) { return told.wants_volume; });
    if (volume && volume->spec.claim_ref) claim_changed(volume->spec.claim_ref->namespace_, volume->spec.claim_ref->name);
}

/// The most important first.
void Scheduler::retry_waiting(bool (*helps)(const Told& told)) {
    std::multimap<int64_t, const std::string*> keys;
    for (const auto& [key, told] : waiting_)
        if (helps(told)) keys.emplace(-int64_t{told.priority}, &key);
    for (const auto& [rank, key] : keys) worker_.queue().add(*key);
}

loop::Task<Result<loop::Outcome>> Scheduler::reconcile(std::string key) {
    AWAIT_VOID(pods_.catch_up());
    const size_t slash = key.find('/');
    auto pod = objects_.get<api::Pod>(key.substr(0, slash), key.substr(slash + 1));
    const bool wanted = pod && pod->spec.node_name.empty() && pod->spec.scheduling_gates.empty() &&
                        !pod->metadata.deletion_timestamp && !is_finished(*pod) &&
                        (pod->spec.scheduler_name.empty() || pod->spec.scheduler_name == "default-scheduler");
    if (!wanted) {
        stop_waiting(key);
        co_return loop::Outcome{};
    }
    CO_RETURN_AWAIT(schedule(std::move(pod)));
}

Neighbours Scheduler::gather_others(const std::vector<NodePtr>& nodes) {
    Neighbours others;
    others.nodes = nodes;
    others.namespaces = objects_.list<api::Namespace>();
    others.budgets = objects_.list<api::PodDisruptionBudget>();
    for (const auto& node : nodes)
        for (auto& pod : objects_.feed<api::Pod>().find<api::Pod>(objects::on_node(node->metadata.name)))
            if (!is_finished(*pod)) others.pods.push_back(std::move(pod));
    return others;
}

loop::Task<Result<loop::Outcome>> Scheduler::schedule(std::shared_ptr<const api::Pod> pod) {
    const auto nodes = objects_.list<api::Node>();
    const Neighbours others = needs_others(*pod, nodes, *placements_) ? gather_others(nodes) : Neighbours{};
    const VolumeNeeds volumes = find_volume_needs(objects_, *pod);
    ScheduleDecision decision = plan_schedule(*pod, nodes, *placements_, others, volumes);
    if (auto* chosen = std::get_if<Bind>(&decision)) {
        if (volumes.waiting.empty()) CO_RETURN_AWAIT(bind(std::move(pod), std::move(chosen->node)));
        CO_TRY_VOID(ask_for_volumes(pod->metadata.namespace_.str(), volumes.waiting, chosen->node));
        co_return loop::Outcome{};  // the last of them that is bound brings the pod back
    }
    const std::string key = scheduler::key_of(*pod);
    if (wants_company(*pod)) waiting_for_company_.insert(key);
    Told& told = waiting_[key];
    told.priority = priority_of(*pod);
    told.wants_volume = volumes.has_no_volume;
    auto* room = std::get_if<Preempt>(&decision);
    const auto* none = std::get_if<Unschedulable>(&decision);
    told.room_would_do = room || none->room_would_do;
    const std::string why = room ? room->message : none->message;
    // As long as those go who make room for it, it keeps its claim.
    const std::string nominated = room ? room->node : none->room_is_coming ? pod->status.nominated_node_name.str() : "";
    const int64_t now_ms = loop_.now_ms();
    if (told.message != why || told.nominated != nominated || now_ms >= told.at_ms + tell_again_ms) {
        told.message = why;
        told.nominated = nominated;
        told.at_ms = now_ms;
        CO_TRY_VOID(tell_unschedulable(pod, why, nominated));
    }
    if (room) CO_TRY_VOID(preempt(pod, std::move(*room)));
    co_return loop::Outcome{};  // tried again when a pod goes or a node changes
}

loop::Task<Result<loop::Outcome>> Scheduler::bind(std::shared_ptr<const api::Pod> pod, std::string node) {
    const std::string ns = pod->metadata.namespace_.str(), name = pod->metadata.name.str();
    AWAIT(auto bound, objects_.bind(ns, name, node));
    const bool was_deleted = !bound && bound.error().code() == Code::not_found;
    if (!bound && !was_deleted) co_return std::move(bound).error();
    stop_waiting(ns + "/" + name);
    if (was_deleted) co_return loop::Outcome{};
    events_.record(*pod, "default-scheduler", "Normal", "Scheduled",
                   fmt::format("Successfully assigned {}/{} to {}", ns, name, node));
    co_return loop::Outcome{};
}

loop::Task<Result<void>> Scheduler::preempt(std::shared_ptr<const api::Pod> pod, Preempt decision) {
    for (auto& victim : decision.victims) {
        if (victim->metadata.deletion_timestamp) continue;  // it is on its way
        events_.record(*victim, "default-scheduler", "Normal", "Preempted",
                       fmt::format("Preempted by pod {} on node {}", pod->metadata.uid.view(), decision.node));
        CO_TRY_VOID(end_victim(victim));
    }
    co_return ok();
}

/// Says why, then lets it end in its own grace period.
loop::Task<Result<void>> Scheduler::end_victim(std::shared_ptr<const api::Pod> victim) {
    const int64_t now_s = loop_.clock().wall_s();
    std::function<Result<void>(api::Pod&)> change = [now_s](api::Pod& edited) -> Result<void> {
        api::PodCondition& condition = api::ensure_pod_condition(edited, "DisruptionTarget");
        condition.status = "True";
        condition.reason = "PreemptionByScheduler";
        condition.message = "default-scheduler: preempting to accommodate a higher priority pod";
        condition.last_transition_time = api::Time(now_s);
        return ok();
    };
    const std::string ns = victim->metadata.namespace_.str(), name = victim->metadata.name.str();
    auto telling = objects_.modify_status<api::Pod>(ns, name, std::move(change));
    CO_TRY_VOID(objects::unless_gone(std::move(telling)));
    objects::DeleteOptions options;
    options.uid = victim->metadata.uid.str();
    auto removing = objects_.remove<api::Pod>(ns, name, std::move(options));
    CO_RETURN_AWAIT(objects::unless_gone(std::move(removing)));
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

loop::Task<Result<void>> Scheduler::tell_unschedulable(std::shared_ptr<const api::Pod> pod, std::string message,
                                                       std::string nominated) {
    events_.record(*pod, "default-scheduler", "Warning", "FailedScheduling", message);
    const int64_t now_s = loop_.clock().wall_s();
    std::function<Result<void>(api::Pod&)> change = [message, nominated, now_s](api::Pod& edited) -> Result<void> {
        api::PodCondition& condition = api::ensure_pod_condition(edited, "PodScheduled");
        if (condition.status != "False") condition.last_transition_time = api::Time(now_s);
        condition.status = "False";
        condition.reason = "Unschedulable";
        condition.message = message;
        edited.status.nominated_node_name = nominated;
        return ok();
    };
    auto task = objects_.modify_status<api::Pod>(pod->metadata.namespace_.str(), pod->metadata.name.str(), std::move(change));
    CO_RETURN_AWAIT(objects::unless_gone(std::move(task)));
}

}  // namespace orilla::scheduler
