// CronJob: a Job for the newest start of the schedule that has come, named after its minute, so that no start is made twice.
// Starts that were missed before it are never made up. Decides only; see cronjob_controller for the acts.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orilla/kinds/time_zone.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::controllers {

using JobPtr = std::shared_ptr<const api::Job>;

/// The wall clock may be set meanwhile: nothing sleeps longer.
constexpr int64_t cronjob_look_ms_max = 60'000;
/// A timer that is a little early does no harm.
constexpr int64_t cronjob_after_start_ms = 100;
/// More missed starts than these are told of.
constexpr int64_t cronjob_missed_max = 100;
/// A last start that is further ahead means that the clock was set back.
constexpr int64_t cronjob_ahead_s_max = 600;

struct CronJobObserved {
    std::vector<JobPtr> jobs;  ///< those that it controls
    api::TimeZone local_zone;  ///< where the CronJob names none
    int64_t set_back_s = 0;    ///< when it was seen first that its last start is far ahead
    int64_t now_s = 0;
};

struct CronJobEvent {
    std::string type, reason, message;
    /// What it is about, if it is to be told once: a start, a Job.
    std::string once;
    bool operator==(const CronJobEvent&) const = default;
};

struct CronJobPlan {
    std::vector<std::string> old_jobs;  ///< history beyond its limits
    std::vector<std::string> replaced;  ///< active ones that make room
    std::optional<api::Job> start;
    int64_t start_s = 0;
    api::CronJobStatus status;  ///< but for what starts
    std::vector<CronJobEvent> events;
    int64_t again_after_ms = -1;
};
CronJobPlan plan_cronjob(const api::CronJob& cronjob, const CronJobObserved& seen);

/// Whether its last start is so far ahead that the clock must have been set back.
bool starts_lie_ahead(const api::CronJob& cronjob, int64_t now_s);

}  // namespace orilla::controllers
