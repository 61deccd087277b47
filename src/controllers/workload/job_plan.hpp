// Job: pods until so many have succeeded. Each pod holds a finalizer until it is counted: first its uid goes into the status,
// then the finalizer goes, then the uid becomes one more in a sum. Whatever step a daemon dies at, no pod is counted twice or
// not at all. Decides only; see job_controller for the acts.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "orilla/kinds/types.hpp"
#include "workload/job_pods.hpp"

namespace orilla::controllers {

/// So many pods are listed for counting in one status.
constexpr int job_uncounted_max = 500;
/// A status that only tells of progress is written at most once in this time.
constexpr int64_t job_status_interval_ms = 1'000;
constexpr int64_t job_back_off_ms_first = 10'000;
constexpr int64_t job_back_off_ms_max = 600'000;

struct JobObserved {
    std::vector<PodPtr> pods;      ///< of open_job_pods, and orphans that match
    int64_t active_ms = 0;         ///< monotonic, since status.startTime
    int64_t ended_ms = 0;          ///< monotonic, since it has finished
    int failures = 0;              ///< since the last success
    int64_t since_failure_ms = 0;  ///< monotonic
    int64_t status_due_ms = 0;     ///< until a status of progress may be written; 0: now
    int64_t now_s = 0;
};

struct CreateJobPods {
    std::vector<NewJobPod> pods;
    bool operator==(const CreateJobPods&) const = default;
};
/// Takes the tracking finalizer off.
struct LetGoPods {
    std::vector<std::string> names;
    bool operator==(const LetGoPods&) const = default;
};
/// Deletes it, and counts it no more.
struct DropPod {
    std::string name;
    bool operator==(const DropPod&) const = default;
};
struct JobEvent {
    std::string type, reason, message;
    bool operator==(const JobEvent&) const = default;
};
struct WriteJobStatus {
    api::JobStatus status;
    std::vector<JobEvent> events;
    bool operator==(const WriteJobStatus&) const = default;
};
/// It has outlived its time to live.
struct DeleteJob {
    bool operator==(const DeleteJob&) const = default;
};
using JobAction = std::variant<AdoptPod, ReleasePod, DeletePod, DropPod, WriteJobStatus, LetGoPods, CreateJobPods, DeleteJob>;

struct JobPlan {
    std::vector<JobAction> actions;  ///< in this order, each only when those before went well
    int64_t again_after_ms = -1;
};
JobPlan plan_job(const api::Job& job, const JobObserved& seen);

/// Complete or Failed.
const api::JobCondition* find_job_end(const api::Job& job);
/// When it finished; 0 when it has not.
int64_t job_ended_at_s(const api::Job& job);
int64_t job_back_off_ms(int failures);

}  // namespace orilla::controllers
