#include "workload/daemonset_controller.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "owned.hpp"
#include "workload/owned_revisions.hpp"

namespace orilla::controllers {
namespace {
constexpr std::string_view daemonset_component = "daemonset-controller";
constexpr int64_t failed_pod_wait_ms_min = 1'000;
constexpr int64_t failed_pod_wait_ms_max = 900'000;
}  // namespace

DaemonSetController::DaemonSetController(const Surroundings& with)
    : Controller(with),
      pods_(with.objects.feed<api::Pod>()),
      revisions_(with.objects.feed<api::ControllerRevision>()),
      worker_(with.loop, *this, {.name = "daemonset", .concurrency = 2}) {
    pods_.keep(objects::owner_terms);
    revisions_.keep(objects::owner_terms);
    objects_.feed<api::DaemonSet>().keep(objects::selector_terms<api::DaemonSet>);
    follow<api::DaemonSet>([this](const objects::FeedEvent& event) { worker_.queue().add(key_of(event.entry->key)); });
    follow<api::Pod>([this](const objects::FeedEvent& event) { pod_changed(event); });
    follow<api::Node>([this](const objects::FeedEvent& event) { node_changed(event); });
    follow<api::ControllerRevision>(
        [this](const objects::FeedEvent& event) { queue_owner(event, api::kind_of<api::DaemonSet>(), worker_.queue()); });
}

void DaemonSetController::pod_changed(const objects::FeedEvent& event) {
    const auto *pod = event.as<api::Pod>(), *before = event.before_as<api::Pod>();
    const bool modified = event.type == store::WatchEvent::Type::modified;
    if (modified && pod && before && looks_the_same_to_owner(*pod, *before) && pod->spec.node_name == before->spec.node_name)
        return;
    queue_owner(event, api::kind_of<api::DaemonSet>(), worker_.queue());
    queue_adopters<api::DaemonSet>(objects_, event, worker_.queue());
}

/// A heartbeat moves no daemon.
void DaemonSetController::node_changed(const objects::FeedEvent& event) {
    const auto *node = event.as<api::Node>(), *before = event.before_as<api::Node>();
    const bool modified = event.type == store::WatchEvent::Type::modified;
    if (modified && node && before && looks_the_same_to_daemons(*node, *before)) return;
    for (const auto& set : objects_.list<api::DaemonSet>()) worker_.queue().add(key_of(set->metadata));
}

loop::Task<DaemonSetObserved> DaemonSetController::observe(SetPtr set) {
    for (objects::Feed* feed : {&pods_, &revisions_}) {
        AWAIT_VOID(feed->catch_up());
    }
    DaemonSetObserved seen;
    seen.nodes = objects_.list<api::Node>();
    seen.pods = objects::find_claimed<api::Pod>(objects_, set->metadata, set->spec.selector);
    seen.revisions = objects::find_claimed<api::ControllerRevision>(objects_, set->metadata, set->spec.selector);
    seen.now_s = loop_.clock().wall_s();
    if (const auto found = back_offs_.find(set->metadata.uid.str()); found != back_offs_.end())
        for (const auto& [node, back_off] : found->second)
            if (loop_.now_ms() < back_off.failed_ms + back_off.wait_ms) seen.backing_off.insert(node);
    co_return seen;
}

loop::Task<Result<loop::Outcome>> DaemonSetController::reconcile(std::string key) {
    const auto [ns, name] = split_key(key);
    SetPtr set = objects_.get<api::DaemonSet>(ns, name);
    if (!set) co_return loop::Outcome{};
    AWAIT(const DaemonSetObserved seen, observe(set));
    Result<void> failed = ok();
    auto actions = plan_daemonset(*set, seen);
    for (auto& action : actions) {
        AWAIT(failed, apply(set, std::move(action)));
        if (!failed) break;
    }
    // The acts may have changed it (collisions).
    set = objects_.get<api::DaemonSet>(ns, name);
    if (!set) co_return loop::Outcome{};
    AWAIT(auto outcome, summarise(set));
    if (!failed) co_return std::move(failed).error();
    // Not every act is heard of again, and what it allows is for the next turn. Only now: a status that cannot be written
    // has to wait longer each time.
    if (outcome && !actions.empty()) worker_.queue().add(key);
    co_return outcome;
}

loop::Task<Result<void>> DaemonSetController::apply(SetPtr set, DaemonSetAction action) {
    const api::KindInfo& pod = api::kind_of<api::Pod>();
    const std::string ns = set->metadata.namespace_.str();
    auto owner = make_controller_reference("apps/v1", "DaemonSet", set->metadata);
    loop::Task<Result<void>> task;
    if (const auto* create = std::get_if<CreateDaemonPod>(&action)) task = create_pod(set, create->node);
    else if (const auto* remove = std::get_if<DeletePod>(&action)) task = delete_pod(set, remove->name);
    else if (const auto* ended = std::get_if<DeleteEndedPod>(&action)) task = delete_ended(set, *ended);
    else if (const auto* found = std::get_if<AdoptPod>(&action)) task = adopt(objects_, pod, ns, found->name, std::move(owner));
    else if (const auto* free = std::get_if<ReleasePod>(&action))
        task = release(objects_, pod, ns, free->name, set->metadata.uid.str());
    else task = apply_revision<api::DaemonSet>(objects_, set, std::move(owner), std::move(action));
    co_return co_await std::move(task);
}

loop::Task<Result<void>> DaemonSetController::create_pod(SetPtr set, std::string node) {
    AWAIT(const DaemonSetObserved seen, observe(set));
    AWAIT(auto created, objects_.create<api::Pod>(make_daemon_pod(*set, seen, node)));
    if (!created) {
        events_.record(*set, daemonset_component, "Warning", "FailedCreate", "Error creating: " + created.error().message());
        co_return std::move(created).error();
    }
    events_.record(*set, daemonset_component, "Normal", "SuccessfulCreate", "Created pod: " + (*created)->metadata.name.str());
    co_return ok();
}

loop::Task<Result<void>> DaemonSetController::delete_pod(SetPtr set, std::string name) {
    AWAIT(auto removed, objects_.remove<api::Pod>(set->metadata.namespace_.str(), name));
    if (!removed && removed.error().code() == Code::not_found) co_return ok();
    if (!removed) {
        events_.record(*set, daemonset_component, "Warning", "FailedDelete", "Error deleting: " + removed.error().message());
        co_return std::move(removed).error();
    }
    events_.record(*set, daemonset_component, "Normal", "SuccessfulDelete", "Deleted pod: " + name);
    co_return ok();
}

loop::Task<Result<void>> DaemonSetController::delete_ended(SetPtr set, DeleteEndedPod ended) {
    const std::string pod = fmt::format("daemon pod {}/{} on node {}", set->metadata.namespace_.view(), ended.name, ended.node);
    if (ended.failed) {
        note_failure(*set, ended.node);
        events_.record(*set, daemonset_component, "Warning", "FailedDaemonPod",
                       fmt::format("Found failed {}, will try to kill it", pod));
    } else {
        events_.record(*set, daemonset_component, "Normal", "SucceededDaemonPod",
                       fmt::format("Found succeeded {}, will try to delete it", pod));
    }
    return delete_pod(std::move(set), std::move(ended.name));
}

void DaemonSetController::note_failure(const api::DaemonSet& set, const std::string& node) {
    // Of those that are gone nothing is to be remembered.
    std::erase_if(back_offs_, [this](const auto& one) {
        return std::ranges::none_of(one.second, [this](const auto& node_and_back_off) {
            return loop_.now_ms() < node_and_back_off.second.failed_ms + 2 * failed_pod_wait_ms_max;
        });
    });
    BackOff& back_off = back_offs_[set.metadata.uid.str()][node];
    const bool is_new = back_off.wait_ms == 0 || loop_.now_ms() > back_off.failed_ms + 2 * failed_pod_wait_ms_max;
    back_off.wait_ms = is_new ? failed_pod_wait_ms_min : std::min(back_off.wait_ms * 2, failed_pod_wait_ms_max);
    back_off.failed_ms = loop_.now_ms();
}

int64_t DaemonSetController::shortest_wait_ms(const api::DaemonSet& set) const {
    const auto found = back_offs_.find(set.metadata.uid.str());
    int64_t shortest_ms = -1;
    if (found == back_offs_.end()) return shortest_ms;
    for (const auto& [node, back_off] : found->second) {
        const int64_t left_ms = back_off.failed_ms + back_off.wait_ms - loop_.now_ms();
        if (left_ms > 0 && (shortest_ms < 0 || left_ms < shortest_ms)) shortest_ms = left_ms;
    }
    return shortest_ms;
}

loop::Task<Result<loop::Outcome>> DaemonSetController::summarise(SetPtr set) {
    AWAIT(const DaemonSetObserved seen, observe(set));
    int64_t again_after_s = -1;
    api::DaemonSetStatus status = summarise_daemonset(*set, seen, &again_after_s);
    CO_TRY_VOID(write_status(objects_, set, std::move(status)));
    int64_t again_ms = shortest_wait_ms(*set);
    if (again_after_s >= 0) again_ms = again_ms < 0 ? again_after_s * 1000 : std::min(again_ms, again_after_s * 1000);
    co_return loop::Outcome{again_ms};
}

}  // namespace orilla::controllers
