// What those have to agree on who evict pods and who count them: a PodDisruptionBudget's pods and its condition. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "orilla/kinds/types.hpp"

namespace orilla::api {

/// An evicted pod that is still there counts as gone for so long.
inline constexpr int64_t disruption_s_max = 120;
inline constexpr std::string_view disruption_allowed_condition = "DisruptionAllowed";
inline constexpr std::string_view sync_failed_reason = "SyncFailed";

/// Somebody has evicted it, not too long ago. A time ahead counts as now: the clock was set back.
bool is_disrupted(const PodDisruptionBudgetStatus& status, std::string_view pod, int64_t now_s);
/// Ready, and neither ending nor about to.
bool counts_as_healthy(const PodDisruptionBudgetStatus& status, const Pod& pod, int64_t now_s);
/// DisruptionAllowed, by status.disruptionsAllowed.
void set_disruption_allowed(PodDisruptionBudgetStatus& status, int64_t now_s);
/// False, because nobody knows: `why` says what went wrong.
void set_disruption_unknown(PodDisruptionBudgetStatus& status, std::string_view why, int64_t now_s);
const Condition* find_disruption_allowed(const PodDisruptionBudgetStatus& status);

}  // namespace orilla::api
