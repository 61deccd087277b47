// How `rollout` treats a kind that rolls its pods from one template to the next: one constant a kind, in a file of its own. A
// kind that is not in the table has no rollouts. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "orilla/base/result.hpp"
#include "orilla/kinds/kinds.hpp"

namespace orilla::cli {

struct RolloutStatus {
    std::string text;  ///< one line, as kubectl says it
    bool done = false;
};

/// A template that it has, or had.
struct Revision {
    int64_t number = 0;
    std::string cause;  ///< why it was changed, if somebody said so
    boost::json::object pod_template;
};

struct KindRollout {
    const api::KindInfo& (*kind)();
    /// How far it has come; an error when it comes no further.
    Result<RolloutStatus> (*summarise)(const boost::json::object& object);
    /// What keeps its templates: objects of this kind that it owns.
    const api::KindInfo& (*history_kind)();
    Revision (*read_revision)(const boost::json::object& kept);
    /// kubectl's words when there is nothing to go back to.
    std::string (*no_history)(const std::string& name);
    /// The number of the template that it has now, for `status --revision`; null: kubectl does not compare it.
    int64_t (*current_revision)(const boost::json::object& object) = nullptr;
    /// What its controller puts on the kept templates, and is no part of its own.
    std::string_view kept_label = {};
    /// It has spec.paused.
    bool pauses = false;
};

// The table's rows.
extern const KindRollout daemonset_rollout;
extern const KindRollout deployment_rollout;
extern const KindRollout statefulset_rollout;

/// Null for a kind that has no rollouts.
const KindRollout* find_rollout(const api::KindInfo& kind);

}  // namespace orilla::cli
