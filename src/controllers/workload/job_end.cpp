#include "workload/job_end.hpp"

#include "workload/job_pods.hpp"

namespace orilla::controllers {
namespace {

bool is_backoff_exceeded(const api::Job& job, const JobCounts& counts) {
    const int64_t limit = job.spec.backoff_limit.value_or(0);
    if (counts.failed > limit) return true;
    if (job.spec.template_.spec.restart_policy != "OnFailure") return false;
    return limit == 0 ? counts.restarts > 0 : counts.restarts >= limit;
}

std::optional<JobEnd> decide_failed_indexes(const api::Job& job, const JobCounts& counts) {
    if (!is_indexed(job) || !job.spec.backoff_limit_per_index) return std::nullopt;
    const int32_t failed = counts.failed_indexes.count();
    if (job.spec.max_failed_indexes && failed > *job.spec.max_failed_indexes)
        return JobEnd{false, "MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes"};
    if (failed > 0 && failed + counts.completed.count() >= job.spec.completions.value_or(0))
        return JobEnd{false, "FailedIndexes", "Job has failed indexes"};
    return std::nullopt;
}

bool is_met(const api::SuccessPolicyRule& rule, const api::Job& job, const JobCounts& counts) {
    if (!rule.succeeded_indexes) return rule.succeeded_count && counts.completed.count() >= *rule.succeeded_count;
    const auto wanted = api::IndexSet::read(*rule.succeeded_indexes, job.spec.completions.value_or(0));
    return wanted.count_common(counts.completed) >= rule.succeeded_count.value_or(wanted.count());
}

std::optional<JobEnd> decide_success(const api::Job& job, const JobCounts& counts) {
    if (job.spec.success_policy && is_indexed(job)) {
        const auto& rules = job.spec.success_policy->rules;
        for (size_t i = 0; i < rules.size(); ++i)
            if (is_met(rules[i], job, counts))
                return JobEnd{true, "SuccessPolicy", "Matched rules at index " + std::to_string(i)};
    }
    const bool complete =
        job.spec.completions ? counts.succeeded >= *job.spec.completions : counts.succeeded > 0 && counts.active == 0;
    if (complete) return JobEnd{true, "CompletionsReached", "Reached expected number of succeeded pods"};
    return std::nullopt;
}

}  // namespace

const api::JobCondition* find_job_condition(const api::JobStatus& status, std::string_view type) {
    for (const auto& condition : status.conditions)
        if (condition.type == type && condition.status == "True") return &condition;
    return nullptr;
}

std::optional<JobEnd> decide_job_end(const api::Job& job, const JobCounts& counts, int64_t active_ms) {
    // What was decided once stays decided.
    if (const auto* met = find_job_condition(job.status, "SuccessCriteriaMet"))
        return JobEnd{true, met->reason.str(), met->message.str()};
    if (const auto* failing = find_job_condition(job.status, "FailureTarget"))
        return JobEnd{false, failing->reason.str(), failing->message.str()};
    if (!counts.fatal.empty()) return JobEnd{false, "PodFailurePolicy", counts.fatal};
    if (is_backoff_exceeded(job, counts))
        return JobEnd{false, "BackoffLimitExceeded", "Job has reached the specified backoff limit"};
    const bool runs = job.status.start_time && !job.spec.suspend.value_or(false);
    if (runs && job.spec.active_deadline_seconds && active_ms / 1000 >= *job.spec.active_deadline_seconds)
        return JobEnd{false, "DeadlineExceeded", "Job was active longer than specified deadline"};
    if (auto failed = decide_failed_indexes(job, counts)) return failed;
    return decide_success(job, counts);
}

}  // namespace orilla::controllers
