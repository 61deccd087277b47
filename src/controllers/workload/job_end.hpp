// Whether a Job has come to its end, and why: failures before successes, in the documented order. Pure.
#pragma once

#include <optional>
#include <string>

#include "orilla/kinds/index_set.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::controllers {

/// What has ended so far, counted or about to be.
struct JobCounts {
    int32_t succeeded = 0;
    int32_t failed = 0;
    api::IndexSet completed, failed_indexes;
    int32_t active = 0;
    int64_t restarts = 0;  ///< of the containers of pods that run or wait
    std::string fatal;     ///< what a FailJob rule said
};

struct JobEnd {
    bool success = false;
    std::string reason, message;
    bool operator==(const JobEnd&) const = default;
};
std::optional<JobEnd> decide_job_end(const api::Job& job, const JobCounts& counts, int64_t active_ms);

const api::JobCondition* find_job_condition(const api::JobStatus& status, std::string_view type);

}  // namespace orilla::controllers
