// Garbage collection: an object goes when none of the owners that it names is left, at once (background), before its owner
// (foreground), or never (orphan). Decides only, one object at a time.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "orilla/objects/objects.hpp"
#include "orilla/store/entry.hpp"

namespace orilla::controllers {

/// What became of an owner that an object names.
enum class OwnerState {
    present,
    absent,   ///< gone, or another object has its name now
    waiting,  ///< being deleted in the foreground: it waits for its dependents
    unknown,  ///< of a kind that is not served, or out of reach: never a reason to delete
};

/// Another object that names this one as its owner.
struct Dependent {
    store::Key key;
    bool blocks = false;    ///< blockOwnerDeletion
    bool deleting = false;  ///< it has a deletionTimestamp
    bool waiting = false;   ///< and waits for its own dependents
    auto operator<=>(const Dependent&) const = default;
};

struct GarbageObserved {
    std::vector<OwnerState> owners;  ///< of metadata.ownerReferences, in order
    std::vector<Dependent> dependents;
};

/// Takes the ownerReference to `owner_uid` off a dependent.
struct ReleaseDependent {
    store::Key key;
    std::string owner_uid;
    bool operator==(const ReleaseDependent&) const = default;
};
/// Looks at a dependent that a foreground deletion waits for.
struct QueueDependent {
    store::Key key;
    bool operator==(const QueueDependent&) const = default;
};
struct RemoveFinalizer {
    std::string finalizer;
    bool operator==(const RemoveFinalizer&) const = default;
};
struct RemoveOwners {
    std::vector<std::string> uids;
    bool operator==(const RemoveOwners&) const = default;
};
struct DeleteObject {
    objects::Propagation propagation = objects::Propagation::background;
    bool operator==(const DeleteObject&) const = default;
};
using GarbageAction = std::variant<ReleaseDependent, QueueDependent, RemoveFinalizer, RemoveOwners, DeleteObject>;

std::vector<GarbageAction> plan_garbage(const api::ObjectMeta& meta, const GarbageObserved& seen);

}  // namespace orilla::controllers
