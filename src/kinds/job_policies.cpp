// The rules of a Job's podFailurePolicy, successPolicy and podReplacementPolicy.
#include <fmt/core.h>
#include <algorithm>
#include <array>

#include "checks.hpp"
#include "job_spec.hpp"
#include "orilla/kinds/index_set.hpp"

namespace orilla::api {
namespace {

constexpr size_t policy_rules_max = 20;
constexpr size_t exit_codes_max = 255;
constexpr size_t condition_patterns_max = 20;
constexpr size_t succeeded_indexes_bytes_max = 65536;

bool has_container(const PodSpec& spec, std::string_view name) {
    for (const auto* list : {&spec.containers, &spec.init_containers})
        for (const auto& container : *list)
            if (container.name == name) return true;
    return false;
}

void check_exit_codes(const PodFailurePolicyOnExitCodesRequirement& codes, const PodSpec& pod, const Path& path,
                      FieldErrors& errors) {
    if (codes.container_name && !has_container(pod, *codes.container_name))
        errors.invalid(path / "containerName", *codes.container_name,
                       "must be one of the container or initContainer names in the pod template");
    const Path values = path / "values";
    if (codes.values.empty()) errors.invalid_json(values, "[]", "at least one value is required");
    else if (codes.values.size() > exit_codes_max) errors.too_many(values, codes.values.size(), exit_codes_max);
    bool ordered = true;
    for (size_t i = 0; i < codes.values.size(); ++i) {
        if (codes.operator_ == "In" && codes.values[i] == 0)
            errors.invalid(values[i], int64_t{0}, "must not be 0 for the In operator");
        if (i > 0 && codes.values[i] == codes.values[i - 1]) errors.duplicate(values[i], std::to_string(codes.values[i]));
        ordered = ordered && (i == 0 || codes.values[i - 1] <= codes.values[i]);
    }
    if (!ordered) errors.invalid_json(values, "null", "must be ordered");
}

void check_conditions(const List<PodFailurePolicyOnPodConditionsPattern>& patterns, const Path& path, FieldErrors& errors) {
    if (patterns.size() > condition_patterns_max) errors.too_many(path, patterns.size(), condition_patterns_max);
    for (size_t i = 0; i < patterns.size(); ++i) {
        constexpr std::array<std::string_view, 3> statuses{"False", "True", "Unknown"};
        const Path one = path[i];
        errors.complain(one / "type", patterns[i].type, check_qualified_name(patterns[i].type));
        const std::string_view status = patterns[i].status;
        if (std::find(statuses.begin(), statuses.end(), status) == statuses.end())
            errors.not_supported(one / "status", status, statuses);
    }
}

void check_failure_policy(const JobSpec& spec, const Path& path, FieldErrors& errors) {
    const auto& rules = spec.pod_failure_policy->rules;
    const Path list = path / "rules";
    if (rules.size() > policy_rules_max) errors.too_many(list, rules.size(), policy_rules_max);
    for (size_t i = 0; i < rules.size(); ++i) {
        const Path one = list[i];
        const bool by_code = rules[i].on_exit_codes.has_value(), by_condition = !rules[i].on_pod_conditions.empty();
        if (rules[i].action == "FailIndex" && !spec.backoff_limit_per_index)
            errors.invalid(one / "action", rules[i].action, "requires the backoffLimitPerIndex to be set");
        if (by_code && by_condition)
            errors.invalid_json(one, "null", "specifying both OnExitCodes and OnPodConditions is not supported");
        if (!by_code && !by_condition)
            errors.invalid_json(one, "null", "specifying one of OnExitCodes and OnPodConditions is required");
        if (by_code) check_exit_codes(*rules[i].on_exit_codes, spec.template_.spec, one / "onExitCodes", errors);
        check_conditions(rules[i].on_pod_conditions, one / "onPodConditions", errors);
    }
}

void check_success_rule(const SuccessPolicyRule& rule, int32_t completions, const Path& path, FieldErrors& errors) {
    if (!rule.succeeded_indexes && !rule.succeeded_count)
        return errors.required(path, "at least one of succeededCount or succeededIndexes must be specified");
    int64_t most = completions;
    const Path indexes = path / "succeededIndexes";
    if (rule.succeeded_indexes && rule.succeeded_indexes->size() > succeeded_indexes_bytes_max)
        errors.too_long(indexes, succeeded_indexes_bytes_max);
    else if (rule.succeeded_indexes) {
        auto parsed = IndexSet::parse(*rule.succeeded_indexes, completions);
        if (!parsed)
            errors.invalid(indexes, *rule.succeeded_indexes, "error parsing succeededIndexes: " + parsed.error().message());
        else most = parsed->count();
    }
    if (!rule.succeeded_count) return;
    const Path count = path / "succeededCount";
    check_not_negative(*rule.succeeded_count, count, errors);
    if (*rule.succeeded_count > completions)
        errors.invalid(count, *rule.succeeded_count,
                       fmt::format("must be less than or equal to {} (the number of specified completions)", completions));
    else if (*rule.succeeded_count > most)
        errors.invalid(
            count, *rule.succeeded_count,
            fmt::format("must be less than or equal to {} (the number of indexes in the specified succeededIndexes field)",
                        most));
}

void check_success_policy(const JobSpec& spec, const Path& path, FieldErrors& errors) {
    if (spec.completion_mode != "Indexed") return errors.invalid_json(path, "{}", "requires indexed completion mode");
    const auto& rules = spec.success_policy->rules;
    const Path list = path / "rules";
    if (rules.size() > policy_rules_max) errors.too_many(list, rules.size(), policy_rules_max);
    for (size_t i = 0; i < rules.size(); ++i) check_success_rule(rules[i], spec.completions.value_or(0), list[i], errors);
}

}  // namespace

void check_job_policies(const JobSpec& spec, const Path& path, FieldErrors& errors) {
    if (spec.pod_failure_policy) check_failure_policy(spec, path / "podFailurePolicy", errors);
    if (spec.success_policy) check_success_policy(spec, path / "successPolicy", errors);
    constexpr std::array<std::string_view, 1> only_failed{"Failed"};
    if (spec.pod_failure_policy && spec.pod_replacement_policy && spec.pod_replacement_policy != "Failed")
        errors.not_supported(path / "podReplacementPolicy", *spec.pod_replacement_policy, only_failed);
}

}  // namespace orilla::api
