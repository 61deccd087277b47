#include "set_watch.hpp"

#include <algorithm>

namespace orilla::sim {

namespace {

/// What is decided by what was seen a moment ago shows a moment later, on a slow disk too.
constexpr int64_t notice_ms_max = 10'000;

const api::OwnerReference* owner_of(const api::Pod& pod, std::string_view kind) {
    for (const auto& owner : pod.metadata.owner_references)
        if (owner.kind == kind && owner.controller.value_or(false)) return &owner;
    return nullptr;
}

bool says_ready(const api::Pod& pod) {
    return std::any_of(pod.status.conditions.begin(), pod.status.conditions.end(),
                       [](const auto& one) { return one.type == "Ready" && one.status == "True"; });
}

bool surges(const api::DaemonSet& set) {
    const auto& rolling = set.spec.update_strategy.rolling_update;
    return rolling && rolling->max_surge && rolling->max_surge->number > 0;
}

std::string path_of(const std::string& ns, const std::string& name) { return ns + "/" + name; }

int32_t first_of(const api::StatefulSet& set) { return set.spec.ordinals ? set.spec.ordinals->start : 0; }

}  // namespace

SetWatch::SetWatch(loop::Loop& loop, objects::Objects& objects, Host& host)
    : loop_(loop),
      objects_(objects),
      host_(host),
      sets_(objects, api::kind_of<api::StatefulSet>(),
            [this](const objects::FeedEvent& event) {
                for (const auto* set : {event.as<api::StatefulSet>(), event.before_as<api::StatefulSet>()})
                    for (int32_t i = 0; set && i < set->spec.replicas.value_or(1); ++i)
                        wanted_ms_[set->metadata.uid.str()][first_of(*set) + i] = loop_.now_ms();
            }),
      daemons_(objects, api::kind_of<api::DaemonSet>(),
               [this](const objects::FeedEvent& event) {
                   for (const auto* set : {event.as<api::DaemonSet>(), event.before_as<api::DaemonSet>()})
                       if (set && surges(*set)) surged_ms_[set->metadata.uid.str()] = loop_.now_ms();
               }),
      pods_(objects, api::kind_of<api::Pod>(), [this](const objects::FeedEvent& event) { pod_changed(event); }) {}

void SetWatch::start() {
    sets_.start();
    daemons_.start();
    pods_.start();
    started_ = true;
}

void SetWatch::pod_changed(const objects::FeedEvent& event) {
    for (const auto* pod : {event.as<api::Pod>(), event.before_as<api::Pod>()})
        if (pod && says_ready(*pod)) ready_ms_[path_of(event.entry->key.ns, event.entry->key.name)] = loop_.now_ms();
    // The first listing tells what was made long ago.
    if (event.type == store::WatchEvent::Type::added && started_ && event.as<api::Pod>()) check_made(*event.as<api::Pod>());
}

void SetWatch::check_made(const api::Pod& pod) {
    check_daemon(pod);
    const auto* owner = owner_of(pod, "StatefulSet");
    const auto set = owner ? objects_.get<api::StatefulSet>(pod.metadata.namespace_, owner->name) : nullptr;
    if (!set || set->metadata.uid != owner->uid) return;
    const std::string name = pod.metadata.name.str();
    const std::string digits = name.substr(set->metadata.name.size() + 1);
    const int32_t ordinal = atoi(digits.c_str());
    if (!was_wanted_lately(*set, ordinal))
        host_.trace().fail("StatefulSet " + set->metadata.name.str() + " makes " + name + ", which is out of range");
    if (set->spec.pod_management_policy != "Parallel") check_order(*set, pod, ordinal);
}

/// There is one node.
void SetWatch::check_daemon(const api::Pod& pod) {
    const auto* owner = owner_of(pod, "DaemonSet");
    const auto set = owner ? objects_.get<api::DaemonSet>(pod.metadata.namespace_, owner->name) : nullptr;
    if (!set || set->metadata.uid != owner->uid) return;
    const auto surged = surged_ms_.find(owner->uid.str());
    const bool may_surge = surges(*set) || (surged != surged_ms_.end() && surged->second >= loop_.now_ms() - notice_ms_max);
    int others = 0;
    for (const auto& one : objects_.list<api::Pod>(pod.metadata.namespace_)) {
        const auto* other = owner_of(*one, "DaemonSet");
        others += other && other->uid == owner->uid && one->metadata.uid != pod.metadata.uid &&
                  !one->metadata.deletion_timestamp && one->status.phase != "Failed" && one->status.phase != "Succeeded";
    }
    if (others > (may_surge ? 1 : 0))
        host_.trace().fail("DaemonSet " + set->metadata.name.str() + " makes " + pod.metadata.name.str() + " beside " +
                           std::to_string(others) + " others");
}

void SetWatch::check_order(const api::StatefulSet& set, const api::Pod& pod, int32_t ordinal) {
    // A full disk takes no status either, and a clock that jumps makes ages of readiness meaningless.
    const int64_t since_ms = loop_.now_ms() - 12 * notice_ms_max;
    if (host_.weather().disk_full || host_.disk_full_ms >= since_ms || host_.clock_jumped_ms >= since_ms) return;
    for (int32_t lower = first_of(set); lower < ordinal; ++lower) {
        const std::string name = set.metadata.name.str() + "-" + std::to_string(lower);
        if (was_ready_lately(pod.metadata.namespace_.str(), name)) continue;
        host_.trace().fail("StatefulSet " + set.metadata.name.str() + " makes " + pod.metadata.name.str() + " while " + name +
                           " is not ready");
    }
}

bool SetWatch::was_ready_lately(const std::string& ns, const std::string& name) {
    const auto pod = objects_.get<api::Pod>(ns, name);
    if (pod && says_ready(*pod)) return true;
    const auto found = ready_ms_.find(path_of(ns, name));
    return found != ready_ms_.end() && found->second >= loop_.now_ms() - notice_ms_max;
}

bool SetWatch::was_wanted_lately(const api::StatefulSet& set, int32_t ordinal) {
    if (ordinal >= first_of(set) && ordinal - first_of(set) < set.spec.replicas.value_or(1)) return true;
    const auto& wanted = wanted_ms_[set.metadata.uid.str()];
    const auto found = wanted.find(ordinal);
    return found != wanted.end() && found->second >= loop_.now_ms() - notice_ms_max;
}

}  // namespace orilla::sim
