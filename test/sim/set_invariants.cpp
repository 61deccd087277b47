#include "set_invariants.hpp"

#include <set>

namespace orilla::sim {

namespace {

template <class T>
std::string named(const char* kind, const T& object) {
    return std::string(kind) + " " + object.metadata.namespace_.str() + "/" + object.metadata.name.str();
}

bool is_owned_by(const api::ObjectMeta& meta, const api::Str& uid) {
    return !meta.owner_references.empty() && meta.owner_references[0].uid == uid;
}

/// Its pods by name, as one text.
std::string pods_of(objects::Objects& objects, const api::ObjectMeta& owner) {
    std::set<std::string> names;
    for (const auto& pod : objects.list<api::Pod>(owner.namespace_))
        if (is_owned_by(pod->metadata, owner.uid)) names.insert(pod->metadata.name.str());
    std::string out;
    for (const auto& name : names) out += name + " ";
    return out;
}

std::string wanted_pods(const api::StatefulSet& set) {
    std::set<std::string> names;
    const int32_t start = set.spec.ordinals ? set.spec.ordinals->start : 0;
    for (int32_t i = 0; i < set.spec.replicas.value_or(1); ++i)
        names.insert(set.metadata.name.str() + "-" + std::to_string(start + i));
    std::string out;
    for (const auto& name : names) out += name + " ";
    return out;
}

/// At most those that are kept, the newest, the one before it while pods have it, and one for each pod.
void check_history(objects::Objects& objects, const std::string& name, const api::ObjectMeta& owner, int32_t limit,
                   std::vector<std::string>& out) {
    std::set<std::string> used;
    for (const auto& pod : objects.list<api::Pod>(owner.namespace_))
        if (is_owned_by(pod->metadata, owner.uid))
            if (const auto* revision = pod->metadata.labels.get("controller-revision-hash")) used.insert(revision->str());
    // DaemonSets label their pods with the hash alone.
    for (const std::string& hash : std::set<std::string>(used)) used.insert(owner.name.str() + "-" + hash);
    int32_t spare = 0;
    for (const auto& one : objects.list<api::ControllerRevision>(owner.namespace_))
        spare += is_owned_by(one->metadata, owner.uid) && !used.contains(one->metadata.name.str());
    constexpr int32_t newest_and_current = 2;
    if (spare > limit + newest_and_current) out.push_back(name + " keeps " + std::to_string(spare) + " old revisions");
}

}  // namespace

void check_stateful_sets(objects::Objects& objects, std::vector<std::string>& out) {
    for (const auto& set : objects.list<api::StatefulSet>()) {
        const std::string name = named("StatefulSet", *set);
        const int32_t wanted = set->spec.replicas.value_or(1);
        const auto& status = set->status;
        if (set->metadata.deletion_timestamp) out.push_back(name + " is still being deleted");
        if (status.observed_generation != set->metadata.generation) out.push_back(name + ": its last change was not observed");
        if (status.replicas != wanted || status.ready_replicas != wanted || status.available_replicas != wanted)
            out.push_back(name + ": wants " + std::to_string(wanted) + " pods, has " + std::to_string(status.replicas) +
                          ", ready " + std::to_string(status.ready_replicas) + ", available " +
                          std::to_string(status.available_replicas));
        if (const std::string have = pods_of(objects, set->metadata); have != wanted_pods(*set))
            out.push_back(name + ": wants [ " + wanted_pods(*set) + "], has [ " + have + "]");
        const bool rolls = set->spec.update_strategy.type == "RollingUpdate";
        if (rolls && status.current_revision != status.update_revision)
            out.push_back(name + ": its update did not come to an end");
        check_history(objects, name, set->metadata, set->spec.revision_history_limit.value_or(10), out);
    }
}

void check_daemon_sets(objects::Objects& objects, std::vector<std::string>& out) {
    for (const auto& set : objects.list<api::DaemonSet>()) {
        const std::string name = named("DaemonSet", *set);
        const auto& status = set->status;
        // The clients' node selectors match no node.
        const int32_t wanted = set->spec.template_.spec.node_selector.empty() ? 1 : 0;
        int32_t pods = 0;
        for (const auto& pod : objects.list<api::Pod>(set->metadata.namespace_))
            pods += is_owned_by(pod->metadata, set->metadata.uid);
        if (set->metadata.deletion_timestamp) out.push_back(name + " is still being deleted");
        if (status.observed_generation != set->metadata.generation) out.push_back(name + ": its last change was not observed");
        if (pods != wanted) out.push_back(name + ": has " + std::to_string(pods) + " pods on one node");
        if (status.desired_number_scheduled != wanted || status.number_available != wanted || status.number_misscheduled != 0)
            out.push_back(name + ": wants " + std::to_string(status.desired_number_scheduled) + " pods, available " +
                          std::to_string(status.number_available));
        if (set->spec.update_strategy.type == "RollingUpdate" && status.updated_number_scheduled != wanted)
            out.push_back(name + ": its update did not come to an end");
        check_history(objects, name, set->metadata, set->spec.revision_history_limit.value_or(10), out);
    }
}

}  // namespace orilla::sim
