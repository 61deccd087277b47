// What Jobs and the templates of CronJobs share.
#pragma once

#include "orilla/kinds/kind_rules.hpp"

namespace orilla::api {

/// Of an Indexed Job, at most; more are refused where each index has a record of its own.
inline constexpr int32_t indexed_parallelism_max = 100'000;

/// Where the JobSpec is part of a document: a CronJob's template is asked for less than a Job.
void check_job_spec(const JobSpec& spec, const Path& path, FieldErrors& errors);
void check_job_policies(const JobSpec& spec, const Path& path, FieldErrors& errors);

}  // namespace orilla::api
