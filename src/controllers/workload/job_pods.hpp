// What a Job sees in its pods: which of them run, which have ended and are not counted yet, and what a failure means.
#pragma once

#include <string>
#include <vector>

#include "orilla/objects/terms.hpp"
#include "workload/replicaset_plan.hpp"

namespace orilla::controllers {

/// Pods of the Job of this name that have not ended, or are not counted yet: what has been counted costs nothing more.
objects::Term open_job_pods(std::string_view ns, std::string_view job);
void open_job_pod_terms(const api::Object& pod, std::vector<std::string>& terms);

bool is_indexed(const api::Job& job);
/// -1 when it has none, or one that the Job has not.
int32_t completion_index(const api::Job& job, const api::Pod& pod);
bool is_tracked(const api::Pod& pod);
/// A pod that is being deleted has failed, unless the Job waits for its end.
bool has_failed(const api::Job& job, const api::Pod& pod);
/// Whether to its Job the two states of a pod are one.
bool looks_the_same_to_job(const api::Pod& a, const api::Pod& b);
/// When the last of its containers ended, or what else tells of its end.
int64_t finished_at_s(const api::Pod& pod, int64_t otherwise_s);

struct FailureVerdict {
    enum class Action { count, ignore, fail_index, fail_job } action = Action::count;
    std::string message;  ///< of fail_job
};
/// By the Job's podFailurePolicy.
FailureVerdict judge_failure(const api::Job& job, const api::Pod& pod);

/// How often an index had failed before this pod was made.
struct IndexFailures {
    int32_t counted = 0;
    int32_t ignored = 0;
    int32_t sum() const { return counted + ignored; }
    bool operator==(const IndexFailures&) const = default;
};
IndexFailures failures_before(const api::Pod& pod);

/// A pod to be made; `index` is -1 where the Job is not Indexed.
struct NewJobPod {
    int32_t index = -1;
    IndexFailures failures;
    bool operator==(const NewJobPod&) const = default;
};
api::Pod make_job_pod(const api::Job& job, const NewJobPod& wanted);

struct JobPods {
    std::vector<PodPtr> active;
    std::vector<PodPtr> terminating;  ///< have not ended, and are no failures yet: they hold their places
    std::vector<PodPtr> succeeded;    ///< tracked
    std::vector<PodPtr> failed;       ///< tracked
    int32_t going = 0;                ///< being deleted, and not ended
    int32_t ready = 0;
};
/// `pods` are the Job's own.
JobPods sort_job_pods(const api::Job& job, const std::vector<PodPtr>& pods);

}  // namespace orilla::controllers
