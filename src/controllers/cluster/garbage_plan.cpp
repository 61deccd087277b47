#include "cluster/garbage_plan.hpp"

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/well_known.hpp"

#include <algorithm>

namespace orilla::controllers {
namespace {

/// The owner is being deleted: its dependents are let go, or it waits for them.
std::vector<GarbageAction> plan_owner(const api::ObjectMeta& meta, const std::vector<Dependent>& dependents) {
    std::vector<GarbageAction> actions;
    if (has_finalizer(meta, api::orphan_finalizer)) {
        for (const auto& dependent : dependents) actions.emplace_back(ReleaseDependent{dependent.key, meta.uid.str()});
        actions.emplace_back(RemoveFinalizer{std::string(api::orphan_finalizer)});
        return actions;
    }
    if (!has_finalizer(meta, api::foreground_finalizer)) return actions;
    bool blocked = false;
    for (const auto& dependent : dependents) {
        blocked |= dependent.blocks;
        if (dependent.blocks && !dependent.deleting) actions.emplace_back(QueueDependent{dependent.key});
    }
    if (!blocked) actions.emplace_back(RemoveFinalizer{std::string(api::foreground_finalizer)});
    return actions;
}

objects::Propagation propagation_of(const api::ObjectMeta& meta) {
    if (has_finalizer(meta, api::orphan_finalizer)) return objects::Propagation::orphan;
    if (has_finalizer(meta, api::foreground_finalizer)) return objects::Propagation::foreground;
    return objects::Propagation::background;
}

/// A circle of owners that wait for each other would wait for ever: the dependent is not waited for then.
bool closes_a_circle(const std::vector<Dependent>& dependents) {
    return std::any_of(dependents.begin(), dependents.end(), [](const auto& one) { return one.waiting; });
}

}  // namespace

std::vector<GarbageAction> plan_garbage(const api::ObjectMeta& meta, const GarbageObserved& seen) {
    if (meta.deletion_timestamp) return plan_owner(meta, seen.dependents);
    if (meta.owner_references.empty()) return {};
    bool present = false, waiting = false;
    RemoveOwners useless;
    for (size_t i = 0; i < seen.owners.size(); ++i) {
        const OwnerState state = seen.owners[i];
        present |= state == OwnerState::present || state == OwnerState::unknown;
        waiting |= state == OwnerState::waiting;
        const bool lost = state == OwnerState::absent || state == OwnerState::waiting;
        if (lost) useless.uids.push_back(meta.owner_references[i].uid.str());
    }
    if (present) {
        if (useless.uids.empty()) return {};
        return {std::move(useless)};
    }
    if (waiting && !seen.dependents.empty() && !closes_a_circle(seen.dependents))
        return {DeleteObject{objects::Propagation::foreground}};
    return {DeleteObject{propagation_of(meta)}};
}

}  // namespace orilla::controllers
