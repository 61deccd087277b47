// Small questions about pods that controllers, scheduler, node and proxy ask.
#pragma once

#include <string_view>

#include "orilla/kinds/kinds.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::api {

/// Succeeded or Failed: none of its containers runs again.
bool is_finished(std::string_view phase);
bool is_finished(const Pod& pod);
/// Not finished, not being deleted.
bool is_active(const Pod& pod);
/// Null when it has none of this type.
const PodCondition* find_pod_condition(const Pod& pod, std::string_view type);
/// Added when there is none.
PodCondition& ensure_pod_condition(Pod& pod, std::string_view type);
bool is_ready(const Pod& pod);
/// An init container that runs beside the containers instead of ending before them.
bool is_sidecar(const Container& init_container);
/// The node has not yet given a container what its spec says by now: the status tells what it has.
bool is_resizing(const Pod& pod);
/// The spec with what the node has given.
PodSpec granted_spec(const Pod& pod);
/// With the larger request of both, which is kept free for the pod; what cannot be given is not.
PodSpec held_spec(const Pod& pod);
inline constexpr std::string_view resize_pending = "PodResizePending", resize_in_progress = "PodResizeInProgress";
inline constexpr std::string_view resize_infeasible = "Infeasible", resize_deferred = "Deferred";
/// Ready for at least `min_ready_s`. When it will be so later, `*again_after_s` (if given) is lowered to that time.
bool is_available(const Pod& pod, int32_t min_ready_s, int64_t now_s, int64_t* again_after_s = nullptr);
/// Objects of this kind make pods, or what makes pods: there is a template of pods in their spec.
bool makes_pods(const KindInfo& kind);

}  // namespace orilla::api
