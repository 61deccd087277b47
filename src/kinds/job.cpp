// Jobs. The server makes the selector and the labels of the pods, from the Job's uid, so that no two Jobs share pods.
#include <fmt/core.h>
#include <algorithm>

#include "checks.hpp"
#include "job_spec.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/codec.hpp"
#include "pod_spec.hpp"
#include "pod_template.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

constexpr int32_t default_backoff_limit = 6;

void complete_failure_policy(PodFailurePolicy& policy) {
    for (PodFailurePolicyRule& rule : policy.rules)
        for (auto& pattern : rule.on_pod_conditions)
            if (pattern.status.empty()) pattern.status = "True";
}

void complete_job(Job& job) {
    JobSpec& spec = job.spec;
    complete_pod_spec(spec.template_.spec);
    if (!spec.completions && !spec.parallelism) spec.completions = spec.parallelism = 1;
    if (!spec.parallelism) spec.parallelism = 1;
    if (!spec.backoff_limit) spec.backoff_limit = spec.backoff_limit_per_index ? INT32_MAX : default_backoff_limit;
    if (!spec.completion_mode) spec.completion_mode = "NonIndexed";
    if (!spec.suspend) spec.suspend = false;
    if (!spec.manual_selector) spec.manual_selector = false;
    if (spec.pod_failure_policy) complete_failure_policy(*spec.pod_failure_policy);
    if (!spec.pod_replacement_policy) spec.pod_replacement_policy = spec.pod_failure_policy ? "Failed" : "TerminatingOrFailed";
    if (job.metadata.labels.empty()) job.metadata.labels = spec.template_.metadata.labels;
}

void prepare_job(Object& object) {
    Job& job = object.as<Job>();
    if (job.spec.manual_selector.value_or(false)) return;
    auto& labels = job.spec.template_.metadata.labels;
    const std::pair<std::string_view, Str> generated[] = {{job_uid_label, job.metadata.uid},
                                                          {old_job_uid_label, job.metadata.uid},
                                                          {job_name_label, job.metadata.name},
                                                          {old_job_name_label, job.metadata.name}};
    for (const auto& [key, value] : generated)
        if (!labels.contains(key)) labels[key] = value;
    if (!job.spec.selector) job.spec.selector.ensure().match_labels[job_uid_label] = job.metadata.uid;
    if (job.metadata.labels.empty()) job.metadata.labels = labels;
}

/// Not the user's: what somebody wrote there anyway has to be what would have been made.
void check_generated(const Job& job, const Path& path, FieldErrors& errors) {
    const auto& labels = job.spec.template_.metadata.labels;
    const Path pods = path / "template";
    const Path meta = pods / "metadata";
    const Path at = meta / "labels";
    const std::pair<std::string_view, const Str*> wanted[] = {{job_uid_label, &job.metadata.uid},
                                                              {old_job_uid_label, &job.metadata.uid},
                                                              {job_name_label, &job.metadata.name},
                                                              {old_job_name_label, &job.metadata.name}};
    for (const auto& [key, value] : wanted) {
        const Str* have = labels.get(key);
        if (!have) errors.required(at.key(key), fmt::format("must be '{}'", value->str()));
        else if (*have != *value) errors.invalid(at.key(key), *have, fmt::format("must be '{}'", value->str()));
    }
    const Str* selected = job.spec.selector ? job.spec.selector->match_labels.get(job_uid_label) : nullptr;
    if (!selected && job.spec.selector) selected = job.spec.selector->match_labels.get(old_job_uid_label);
    if (!selected || *selected != job.metadata.uid || job.spec.selector->match_labels.size() != 1)
        errors.invalid_json(path / "selector", selector_json(job.spec.selector), "`selector` not auto-generated");
}

void check_job(const Job& job, FieldErrors& errors) {
    const Path path("spec");
    check_job_spec(job.spec, path, errors);
    check_selector(job.spec.selector, job.spec.template_.metadata.labels, "job", errors);
}

void check_new_job(const Job& job, FieldErrors& errors) {
    const Path path("spec");
    // A client that looks at its own document before it sends it sees what is not made yet.
    const bool generated = !job.spec.manual_selector.value_or(false);
    if (generated && !job.metadata.uid.empty()) check_generated(job, path, errors);
    else if (!generated && !job.spec.selector) errors.required(path / "selector");
    if (job.spec.completion_mode != "Indexed" || job.spec.completions.value_or(0) <= 0) return;
    // The host names of its pods.
    const std::string host = fmt::format("{}-{}", job.metadata.name, *job.spec.completions - 1);
    const Path meta("metadata");
    for (const auto& complaint : check_dns1123_label(host))
        errors.invalid(meta / "name", job.metadata.name,
                       fmt::format("will not able to create pod with invalid DNS label: {}: {}", host, complaint));
}

/// What decides on a node may change in a Job that has not begun.
void keep_directives(PodTemplateSpec& to, const PodTemplateSpec& from) {
    to.metadata.labels = from.metadata.labels;
    to.metadata.annotations = from.metadata.annotations;
    to.spec.node_selector = from.spec.node_selector;
    to.spec.affinity = from.spec.affinity;
    to.spec.tolerations = from.spec.tolerations;
    to.spec.scheduling_gates = from.spec.scheduling_gates;
}

bool is_elastic(const JobSpec& updated, const JobSpec& old) {
    return updated.completion_mode == "Indexed" && old.completions && updated.completions &&
           updated.completions == updated.parallelism;
}

std::string number_json(const Opt<int32_t>& value) { return value ? std::to_string(*value) : "null"; }

std::string text_json(const Opt<Str>& value) {
    if (!value) return "null";
    std::string text;
    append_json_string(text, value->view());
    return text;
}

template <class T>
std::string struct_json(const Box<T>& value) {
    return value ? encode(*value) : "null";
}

void check_job_update(const Job& updated, const Job& old, FieldErrors& errors) {
    const JobSpec &now = updated.spec, &before = old.spec;
    const Path path("spec");
    const auto fixed = [&](bool same, const char* field, const std::string& value) {
        if (!same) errors.invalid_json(path / field, value, "field is immutable");
    };
    if (!is_elastic(now, before)) fixed(now.completions == before.completions, "completions", number_json(now.completions));
    check_selector_update(now.selector, before.selector, errors);
    fixed(now.completion_mode == before.completion_mode, "completionMode", text_json(now.completion_mode));
    fixed(now.manual_selector == before.manual_selector, "manualSelector",
          !now.manual_selector   ? "null"
          : *now.manual_selector ? "true"
                                 : "false");
    fixed(now.pod_failure_policy == before.pod_failure_policy, "podFailurePolicy", struct_json(now.pod_failure_policy));
    fixed(now.success_policy == before.success_policy, "successPolicy", struct_json(now.success_policy));
    fixed(now.backoff_limit_per_index == before.backoff_limit_per_index, "backoffLimitPerIndex",
          number_json(now.backoff_limit_per_index));
    fixed(now.managed_by == before.managed_by, "managedBy", text_json(now.managed_by));
    PodTemplateSpec pods = now.template_;
    if (before.suspend.value_or(false) && !old.status.start_time) keep_directives(pods, before.template_);
    fixed(pods == before.template_, "template", encode(now.template_));
}

bool job_has(const Job& job, std::string_view type) {
    return std::ranges::any_of(job.status.conditions,
                               [type](const auto& one) { return one.type == type && one.status == "True"; });
}

std::string_view job_status_text(const Job& job) {
    if (job_has(job, "Complete")) return "Complete";
    if (job_has(job, "Failed")) return "Failed";
    if (job.metadata.deletion_timestamp) return "Terminating";
    if (job_has(job, "Suspended")) return "Suspended";
    if (job_has(job, "FailureTarget")) return "FailureTarget";
    return "Running";
}

std::string completions_text(const Job& job) {
    const std::string done = std::to_string(job.status.succeeded) + "/";
    if (job.spec.completions) return done + std::to_string(*job.spec.completions);
    const int32_t parallelism = job.spec.parallelism.value_or(0);
    return done + (parallelism > 1 ? "1 of " + std::to_string(parallelism) : "1");
}

std::string duration_text(const JobStatus& status, int64_t now) {
    if (!status.start_time) return {};
    return render_duration((status.completion_time ? status.completion_time.unix_s : now) - status.start_time.unix_s);
}

Row render_job(const Job& job, int64_t now) {
    const PodSpec& pod = job.spec.template_.spec;
    return {job.metadata.name.view(),
            job_status_text(job),
            completions_text(job),
            duration_text(job.status, now),
            render_age(job.metadata.creation_timestamp, now),
            container_names_text(pod),
            container_images_text(pod),
            selector_text(job.spec.selector)};
}

/// All but how many run: which pods were counted is written nowhere else, and a deadline or an end is no hint.
bool keeps_count(const Object& updated, const Object& old) {
    JobStatus now = updated.as<Job>().status;
    const JobStatus& before = old.as<Job>().status;
    now.active = before.active;
    now.ready = before.ready;
    now.terminating = before.terminating;
    return !(now == before);
}

}  // namespace

const KindRules job_rules = {
    .complete = completed<Job, complete_job>,
    .check = checked<Job, check_job>,
    .check_update = checked_update<Job, check_job_update>,
    .check_new = checked<Job, check_new_job>,
    .prepare_create = prepare_job,
    .status_is_record = keeps_count,
    .row = rendered<Job, render_job>,
};

}  // namespace orilla::api
