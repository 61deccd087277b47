#include "rollout_watch.hpp"

#include <algorithm>

namespace orilla::sim {

namespace {

/// A change of size takes so long to reach everybody, on a slow disk too.
constexpr int64_t change_ms_max = 10'000;
/// What a fault or a client does to a pod is felt for so long.
constexpr int64_t disturbance_ms_max = 120'000;
/// A pod that became ready is counted by its ReplicaSet, and that by its Deployment, within so long.
constexpr int64_t notice_s_max = 5;

const api::OwnerReference* find_owner(const api::ObjectMeta& meta, std::string_view kind) {
    for (const auto& owner : meta.owner_references)
        if (owner.kind == kind && owner.controller.value_or(false)) return &owner;
    return nullptr;
}

struct Bounds {
    int32_t replicas, surge, unavailable;
};
Bounds bounds_of(const api::Deployment& deployment) {
    Bounds out{deployment.spec.replicas.value_or(1), 0, 0};
    if (deployment.spec.strategy.type == "Recreate") return out.unavailable = out.replicas, out;
    const auto& rolling = deployment.spec.strategy.rolling_update;
    if (rolling && rolling->max_surge) out.surge = rolling->max_surge->resolve(out.replicas, true).value_or(0);
    if (rolling && rolling->max_unavailable)
        out.unavailable = rolling->max_unavailable->resolve(out.replicas, false).value_or(0);
    if (out.surge == 0 && out.unavailable == 0) out.unavailable = 1;
    return out;
}

bool ready_since(const api::Pod& pod, int64_t wall_s) {
    return std::any_of(pod.status.conditions.begin(), pod.status.conditions.end(), [wall_s](const auto& one) {
        return one.type == "Ready" && one.status == "True" && one.last_transition_time.unix_s <= wall_s;
    });
}
bool has_pod_ended(const api::Pod& pod) { return pod.status.phase == "Succeeded" || pod.status.phase == "Failed"; }

}  // namespace

RolloutWatch::RolloutWatch(loop::Loop& loop, objects::Objects& objects, Host& host, RolloutHistory& history)
    : loop_(loop),
      objects_(objects),
      host_(host),
      history_(history),
      deployments_(objects, api::kind_of<api::Deployment>(),
                   [this](const store::WatchEvent& event) { deployment_changed(event); }),
      sets_(objects, api::kind_of<api::ReplicaSet>(), [this](const store::WatchEvent& event) { set_changed(event); }),
      pods_(objects, api::kind_of<api::Pod>(), [this](const store::WatchEvent& event) { pod_changed(event); }) {}

void RolloutWatch::start() {
    deployments_.start();
    sets_.start();
    pods_.start();
    started_ = true;
}

template <class T>
std::shared_ptr<const T> RolloutWatch::object_of(const store::EntryPtr& entry) {
    if (!entry || !entry->json) return nullptr;
    auto object = objects_.decode(api::kind_of<T>(), entry);
    if (!object) return nullptr;
    const T* value = &(*object)->template as<T>();
    return std::shared_ptr<const T>(*object, value);
}

void RolloutWatch::allow(const std::string& uid, int32_t pods) {
    auto& list = history_.allowed[uid];
    if (!list.empty() && list.back().pods == pods) return;
    // What held until now still counts for a moment.
    if (!list.empty()) list.back().at_ms = loop_.now_ms();
    list.push_back({loop_.now_ms(), pods});
    while (list.size() > 1 && list.front().at_ms < loop_.now_ms() - change_ms_max) list.pop_front();
    history_.changed_ms[uid] = loop_.now_ms();
}

int32_t RolloutWatch::allowed(const std::string& uid) {
    int32_t most = 0;
    const auto& list = history_.allowed[uid];
    for (size_t i = 0; i < list.size(); ++i)
        if (i + 1 == list.size() || list[i].at_ms >= loop_.now_ms() - change_ms_max) most = std::max(most, list[i].pods);
    return most;
}

bool RolloutWatch::changed_lately(const std::string& uid) {
    const auto found = history_.changed_ms.find(uid);
    return found != history_.changed_ms.end() && found->second >= loop_.now_ms() - disturbance_ms_max;
}

void RolloutWatch::deployment_changed(const store::WatchEvent& event) {
    const auto deployment = object_of<api::Deployment>(event.entry);
    if (deployment && event.type != store::WatchEvent::Type::deleted) note(*deployment);
}

void RolloutWatch::note(const api::Deployment& deployment) {
    const std::string uid = deployment.metadata.uid.str();
    const Bounds bounds = bounds_of(deployment);
    allow(uid, bounds.replicas + (bounds.replicas > 0 ? bounds.surge : 0));
    std::string& strategy = history_.strategies[uid];
    const std::string now = deployment.spec.strategy.type.str() + std::to_string(bounds.unavailable);
    if (strategy != now) history_.changed_ms[uid] = loop_.now_ms();
    strategy = now;
}

void RolloutWatch::set_changed(const store::WatchEvent& event) {
    const auto set = object_of<api::ReplicaSet>(event.entry);
    if (!set) return;
    if (event.type != store::WatchEvent::Type::deleted) allow(set->metadata.uid.str(), set->spec.replicas.value_or(1));
    const DeploymentPtr deployment = deployment_of(set->metadata);
    if (!deployment) return;
    int32_t sum = 0;
    for (const auto& one : objects_.list<api::ReplicaSet>(deployment->metadata.namespace_)) {
        const auto* owner = find_owner(one->metadata, "Deployment");
        if (owner && owner->uid == deployment->metadata.uid) sum += one->spec.replicas.value_or(1);
    }
    const std::string uid = deployment->metadata.uid.str();
    auto [before, first] = history_.wanted.try_emplace(uid, sum);
    // Adopting what is there already raises the sum as well, but makes no pods.
    const auto previous = object_of<api::ReplicaSet>(event.previous);
    const bool grew = set->spec.replicas.value_or(1) > (previous ? previous->spec.replicas.value_or(1) : 0);
    if (!first && started_ && grew && sum > before->second && sum > allowed(uid))
        host_.trace().fail("the ReplicaSets of " + deployment->metadata.name.str() + " want " + std::to_string(sum) +
                           " pods, " + std::to_string(allowed(uid)) + " are allowed");
    if (!previous || previous->spec.replicas != set->spec.replicas)
        host_.trace().add("rollout: " + deployment->metadata.namespace_.str() + "/" + deployment->metadata.name.str() + ": " +
                          set->metadata.name.str() + " wants " + std::to_string(set->spec.replicas.value_or(1)) +
                          ", available " + std::to_string(set->status.available_replicas));
    before->second = sum;
}

void RolloutWatch::pod_changed(const store::WatchEvent& event) {
    const auto pod = object_of<api::Pod>(event.entry);
    if (!pod || history_.touched.contains(pod->metadata.uid.str())) return;
    // The first listing tells what was made long ago.
    if (event.type == store::WatchEvent::Type::added) return started_ ? check_made(*pod) : void();
    const auto before = object_of<api::Pod>(event.previous);
    const bool was_there = before && !before->metadata.deletion_timestamp;
    const bool goes = event.type == store::WatchEvent::Type::deleted || pod->metadata.deletion_timestamp;
    if (was_there && goes)
        host_.trace().add("rollout: " + pod->metadata.name.str() + " (" + pod->metadata.uid.str().substr(0, 8) + ") goes"),
            check_taken(*pod);
}

std::shared_ptr<const api::ReplicaSet> RolloutWatch::set_of(const api::Pod& pod) {
    const auto* owner = find_owner(pod.metadata, "ReplicaSet");
    const auto set = owner ? objects_.get<api::ReplicaSet>(pod.metadata.namespace_, owner->name) : nullptr;
    return set && set->metadata.uid == owner->uid ? set : nullptr;
}

RolloutWatch::DeploymentPtr RolloutWatch::deployment_of(const api::ObjectMeta& set) {
    const auto* owner = find_owner(set, "Deployment");
    const DeploymentPtr deployment = owner ? objects_.get<api::Deployment>(set.namespace_, owner->name) : nullptr;
    if (!deployment || deployment->metadata.uid != owner->uid) return nullptr;
    // Its own event may come after that of what it led to.
    note(*deployment);
    return deployment;
}

std::vector<RolloutWatch::PodPtr> RolloutWatch::pods_of(const api::Deployment& deployment) {
    std::vector<PodPtr> out;
    for (const auto& pod : objects_.list<api::Pod>(deployment.metadata.namespace_)) {
        const auto set = set_of(*pod);
        const auto* owner = set ? find_owner(set->metadata, "Deployment") : nullptr;
        if (owner && owner->uid == deployment.metadata.uid) out.push_back(pod);
    }
    return out;
}

void RolloutWatch::check_made(const api::Pod& pod) {
    const auto set = set_of(pod);
    if (!set) return;
    int32_t active = 0;
    for (const auto& one : objects_.list<api::Pod>(pod.metadata.namespace_)) {
        const auto* owner = find_owner(one->metadata, "ReplicaSet");
        const bool counts =
            owner && owner->uid == set->metadata.uid && !one->metadata.deletion_timestamp && !has_pod_ended(*one);
        active += counts && !history_.touched.contains(one->metadata.uid.str());
    }
    if (active > allowed(set->metadata.uid.str()))
        host_.trace().fail("ReplicaSet " + set->metadata.name.str() + " makes pod " + std::to_string(active) + " of " +
                           std::to_string(set->spec.replicas.value_or(1)));
    if (const DeploymentPtr deployment = deployment_of(set->metadata)) check_recreate(*deployment, *set, pod);
}

void RolloutWatch::check_recreate(const api::Deployment& deployment, const api::ReplicaSet& set, const api::Pod& pod) {
    // A paused one is only scaled, whatever its strategy says.
    if (deployment.spec.strategy.type != "Recreate" || deployment.spec.paused || changed_lately(deployment.metadata.uid.str()))
        return;
    for (const auto& one : pods_of(deployment)) {
        const auto* owner = find_owner(one->metadata, "ReplicaSet");
        if (owner->uid == set.metadata.uid || !runs_anything(*one) || history_.touched.contains(one->metadata.uid.str()))
            continue;
        host_.trace().fail("Recreate: " + pod.metadata.name.str() + " is made while " + one->metadata.name.str() + " runs");
    }
}

/// As the host knows it, whatever the status says.
bool RolloutWatch::runs(const api::Pod& pod) {
    const auto found = host_.pods().find(pod.metadata.uid.str());
    if (found == host_.pods().end() || !found->second.alive) return false;
    for (const auto& spec : pod.spec.containers) {
        const HostContainer* container = found->second.find(spec.name.str());
        if (!container || !container->runs() || (spec.readiness_probe && !container->ready)) return false;
    }
    return true;
}

bool RolloutWatch::runs_anything(const api::Pod& pod) {
    const auto found = host_.pods().find(pod.metadata.uid.str());
    return found != host_.pods().end() && std::any_of(found->second.containers.begin(), found->second.containers.end(),
                                                      [](const auto& one) { return one->runs(); });
}

bool RolloutWatch::was_disturbed(const api::Deployment& deployment) {
    const int64_t since_ms = loop_.now_ms() - disturbance_ms_max;
    // A full disk takes no status either, when a daemon starts on it.
    if (host_.weather().disk_full || host_.disk_full_ms >= since_ms || host_.clock_jumped_ms >= since_ms) return true;
    const auto touched = history_.touched_ms.find(deployment.metadata.namespace_.str() + "/" + deployment.metadata.name.str());
    if (touched != history_.touched_ms.end() && touched->second >= since_ms) return true;
    for (const auto& pod : pods_of(deployment)) {
        const auto found = host_.disturbed_ms().find(pod->metadata.uid.str());
        if (found != host_.disturbed_ms().end() && found->second >= since_ms) return true;
    }
    return false;
}

void RolloutWatch::check_taken(const api::Pod& pod) {
    const auto set = set_of(pod);
    const DeploymentPtr deployment = set ? deployment_of(set->metadata) : nullptr;
    if (!deployment || deployment->metadata.deletion_timestamp || set->metadata.deletion_timestamp) return;
    const auto ns = objects_.get<api::Namespace>(pod.metadata.namespace_);
    if (!ns || ns->metadata.deletion_timestamp || changed_lately(deployment->metadata.uid.str()) || was_disturbed(*deployment))
        return;
    // What the controllers have not seen available yet costs them nothing.
    if (!runs(pod) || !ready_since(pod, loop_.clock().wall_s() - deployment->spec.min_ready_seconds - notice_s_max)) return;
    const Bounds bounds = bounds_of(*deployment);
    int32_t available = 0;
    for (const auto& one : pods_of(*deployment))
        available += one->metadata.uid != pod.metadata.uid && !one->metadata.deletion_timestamp && runs(*one);
    if (available < bounds.replicas - bounds.unavailable)
        host_.trace().fail("pod " + pod.metadata.name.str() + " is taken away: " + std::to_string(available) + " are left of " +
                           std::to_string(bounds.replicas) + " - " + std::to_string(bounds.unavailable));
}

}  // namespace orilla::sim
