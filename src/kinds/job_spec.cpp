// The rules of a JobSpec, in a Job or in a CronJob's template.
#include "job_spec.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <array>

#include "checks.hpp"
#include "pod_template.hpp"

namespace orilla::api {
namespace {

constexpr int32_t completions_with_records_max = 100'000;
constexpr int32_t parallelism_beyond_max = 10'000;
constexpr int32_t failed_indexes_max = 100'000;
constexpr int32_t failed_indexes_beyond_max = 10'000;
constexpr size_t managed_by_bytes_max = 63;

void check_counts(const JobSpec& spec, const Path& path, FieldErrors& errors) {
    const std::pair<const Opt<int32_t>*, const char*> counts[] = {{&spec.parallelism, "parallelism"},
                                                                  {&spec.completions, "completions"},
                                                                  {&spec.backoff_limit, "backoffLimit"},
                                                                  {&spec.ttl_seconds_after_finished, "ttlSecondsAfterFinished"},
                                                                  {&spec.backoff_limit_per_index, "backoffLimitPerIndex"},
                                                                  {&spec.max_failed_indexes, "maxFailedIndexes"}};
    for (const auto& [count, field] : counts)
        if (*count) check_not_negative(**count, path / field, errors);
    if (spec.active_deadline_seconds) check_not_negative(*spec.active_deadline_seconds, path / "activeDeadlineSeconds", errors);
}

void check_at_most(const Opt<int32_t>& value, int32_t most, const Path& path, const std::string& when, FieldErrors& errors) {
    if (value && *value > most) errors.invalid(path, *value, fmt::format("must be less than or equal to {}{}", most, when));
}

void check_indexed(const JobSpec& spec, const Path& path, FieldErrors& errors) {
    if (!spec.completions) return errors.required(path / "completions", "when completion mode is Indexed");
    check_at_most(spec.parallelism, indexed_parallelism_max, path / "parallelism", " when completion mode is Indexed", errors);
    const Path failed = path / "maxFailedIndexes";
    if (spec.max_failed_indexes && *spec.max_failed_indexes > *spec.completions)
        errors.invalid(failed, *spec.max_failed_indexes, "must be less than or equal to completions");
    check_at_most(spec.max_failed_indexes, failed_indexes_max, failed, "", errors);
    if (*spec.completions <= completions_with_records_max || !spec.backoff_limit_per_index) return;
    if (!spec.max_failed_indexes) errors.required(failed, "must be specified when completions is above 100000");
    check_at_most(spec.parallelism, parallelism_beyond_max, path / "parallelism",
                  " when completions are above 100000 and used with backoff limit per index", errors);
    check_at_most(spec.max_failed_indexes, failed_indexes_beyond_max, failed,
                  " when completions are above 100000 and used with backoff limit per index", errors);
}

void check_completion_mode(const JobSpec& spec, const Path& path, FieldErrors& errors) {
    const bool indexed = spec.completion_mode == "Indexed";
    if (indexed) check_indexed(spec, path, errors);
    if (!indexed && spec.backoff_limit_per_index)
        errors.invalid(path / "backoffLimitPerIndex", *spec.backoff_limit_per_index, "requires indexed completion mode");
    if (!indexed && spec.max_failed_indexes)
        errors.invalid(path / "maxFailedIndexes", *spec.max_failed_indexes, "requires indexed completion mode");
    if (spec.max_failed_indexes && !spec.backoff_limit_per_index)
        errors.required(path / "backoffLimitPerIndex", "when maxFailedIndexes is specified");
}

void check_job_template(const JobSpec& spec, const Path& path, FieldErrors& errors) {
    constexpr std::array<std::string_view, 2> allowed{"OnFailure", "Never"};
    const Path pods = path / "template";
    check_template_parts(spec.template_, pods, errors);
    const Path pod = pods / "spec";
    const Path at = pod / "restartPolicy";
    const Str& policy = spec.template_.spec.restart_policy;
    if (policy == "Always") errors.required(at, R"(valid values: "OnFailure", "Never")");
    else if (policy != "OnFailure" && policy != "Never" && !policy.empty()) errors.not_supported(at, policy, allowed);
    else if (policy == "OnFailure" && spec.pod_failure_policy)
        errors.invalid(at, policy, "only \"Never\" is supported when podFailurePolicy is specified");
}

void check_manager(const JobSpec& spec, const Path& path, FieldErrors& errors) {
    if (!spec.managed_by) return;
    const Path at = path / "managedBy";
    const std::string_view name = *spec.managed_by;
    if (name.find('/') == name.npos || name.empty())
        errors.invalid(at, name, "must be a domain-prefixed path (such as \"acme.io/foo\")");
    else if (name.size() > managed_by_bytes_max) errors.too_long(at, managed_by_bytes_max);
    else errors.complain(at, name, check_qualified_name(name));
}

}  // namespace

void check_job_spec(const JobSpec& spec, const Path& path, FieldErrors& errors) {
    check_counts(spec, path, errors);
    check_completion_mode(spec, path, errors);
    check_manager(spec, path, errors);
    check_job_policies(spec, path, errors);
    check_job_template(spec, path, errors);
}

}  // namespace orilla::api
