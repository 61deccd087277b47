// What a write makes of the client's object and the stored one: which fields count, whether the generation rises, whether
// a deletion is complete. Pure; no store, no clock.
#pragma once

#include "orilla/objects/objects.hpp"

namespace orilla::objects {

/// Gives a new object its system metadata and its first status, whatever the client wrote there.
void initialise(api::Object& object, std::string uid, int64_t now_s);
/// Kinds whose status is made by defaulting have it after this; so it comes before validation.
void initialise_after_defaults(api::Object& object);

/// Takes from `old` everything that the client does not own or this part does not change.
void keep_stored_fields(api::Object& updated, const api::Object& old, Part part);
/// Raises the generation when what it counts has changed.
void count_generation(api::Object& updated, const api::Object& old);
/// Equal but for the resource version.
bool same_content(const api::Object& a, const api::Object& b);
/// Only the status differs.
bool only_status_differs(const api::Object& a, const api::Object& b);
/// Somebody only says that they are still there: no reason to wear the flash.
bool only_heartbeat_differs(const api::Object& a, const api::Object& b);
/// How long creates and deletions of the kind last.
store::Durability durability_of(const api::KindInfo& kind);
/// How long an update has to.
store::Durability plan_durability(const api::Object& updated, const api::Object& old, Part part);
/// 422 when finalizers are added to an object that is being deleted.
Result<void> check_finalizers(const api::Object& updated, const api::Object& old);
/// A resourceVersion of "0" asks for none; 422 for one that is no number.
Result<void> take_revision(api::Object& updated);
/// uid, resourceVersion, name and namespace of a body against what is stored; 422 without a resourceVersion where the kind
/// wants one.
Result<void> check_preconditions(const api::Object& body, const Stored& old);
Result<void> check_delete_preconditions(const DeleteOptions& options, const Stored& old);
/// Gives the pod its node and the condition PodScheduled; 409 when it has one or is being deleted.
Result<void> plan_bind(api::Pod& pod, std::string_view node, int64_t now_s);
/// Marked for deletion and nothing holds it any more.
bool deletion_complete(const api::Object& object);

struct DeletePlan {
    enum class Action {
        remove,  ///< `next` is the last state
        update,  ///< `next` is marked for deletion
        keep,    ///< it is being deleted already
    };
    Action action;
    api::Object next;
};
/// Contract of DELETE: grace for pods, finalizers by propagation, a namespace's life cycle.
DeletePlan plan_delete(const api::Object& old, const DeleteOptions& options, int64_t now_s);

}  // namespace orilla::objects
