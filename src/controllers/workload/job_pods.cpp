#include "workload/job_pods.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/base/text.hpp"
#include "orilla/kinds/index_set.hpp"
#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/well_known.hpp"

namespace orilla::controllers {
namespace {

constexpr std::string_view index_env = "JOB_COMPLETION_INDEX";

int32_t count_at(const api::Pod& pod, std::string_view annotation) {
    const api::Str* text = pod.metadata.annotations.get(annotation);
    int32_t count = 0;
    return text && read_number(text->view(), count) ? count : 0;
}

int64_t restarts_of(const api::Pod& pod) {
    int64_t sum = 0;
    for (const auto* list : {&pod.status.init_container_statuses, &pod.status.container_statuses})
        for (const auto& status : *list) sum += status.restart_count;
    return sum;
}

/// The container whose exit code fits, or null.
const api::ContainerStatus* find_exit(const api::PodFailurePolicyOnExitCodesRequirement& codes, const api::Pod& pod) {
    for (const auto* list : {&pod.status.container_statuses, &pod.status.init_container_statuses}) {
        for (const auto& status : *list) {
            if (!status.state.terminated || status.state.terminated->exit_code == 0) continue;
            if (codes.container_name && *codes.container_name != status.name) continue;
            const int32_t code = status.state.terminated->exit_code;
            const bool listed = std::find(codes.values.begin(), codes.values.end(), code) != codes.values.end();
            if (listed == (codes.operator_ == "In")) return &status;
        }
    }
    return nullptr;
}

const api::PodCondition* find_matching_condition(const api::PodFailurePolicyRule& rule, const api::Pod& pod) {
    for (const auto& pattern : rule.on_pod_conditions) {
        const auto* condition = api::find_pod_condition(pod, pattern.type);
        if (condition && condition->status == pattern.status) return condition;
    }
    return nullptr;
}

FailureVerdict::Action action_of(std::string_view name) {
    if (name == "FailJob") return FailureVerdict::Action::fail_job;
    if (name == "FailIndex") return FailureVerdict::Action::fail_index;
    return name == "Ignore" ? FailureVerdict::Action::ignore : FailureVerdict::Action::count;
}

void tell_index(api::Container& container) {
    for (const auto& variable : container.env)
        if (variable.name == index_env) return;
    auto& variable = container.env.emplace_back();
    variable.name = index_env;
    auto& field = variable.value_from.ensure().field_ref.ensure();
    field.api_version = "v1";
    field.field_path = fmt::format("metadata.labels['{}']", api::completion_index_label);
}

void make_indexed(api::Pod& pod, const api::Job& job, const NewJobPod& wanted) {
    const std::string index = std::to_string(wanted.index);
    pod.metadata.generate_name = fmt::format("{}-{}-", job.metadata.name, index);
    pod.metadata.labels[api::completion_index_label] = index;
    pod.metadata.annotations[api::completion_index_label] = index;
    pod.spec.hostname = fmt::format("{}-{}", job.metadata.name, index);
    for (auto* list : {&pod.spec.init_containers, &pod.spec.containers})
        for (auto& container : *list) tell_index(container);
    if (!job.spec.backoff_limit_per_index) return;
    pod.metadata.annotations[api::index_failures_annotation] = std::to_string(wanted.failures.counted);
    if (wanted.failures.ignored > 0)
        pod.metadata.annotations[api::index_ignored_failures_annotation] = std::to_string(wanted.failures.ignored);
}

}  // namespace

void open_job_pod_terms(const api::Object& object, std::vector<std::string>& terms) {
    const api::Pod& pod = object.as<api::Pod>();
    const auto* owner = api::find_controller(pod.metadata, api::kind_of<api::Job>());
    if (!owner || (api::is_finished(pod) && !is_tracked(pod))) return;
    terms.push_back(open_job_pods(pod.metadata.namespace_, owner->name).text);
}

objects::Term open_job_pods(std::string_view ns, std::string_view job) {
    return {open_job_pod_terms, fmt::format("{}/{}", ns, job)};
}

bool is_indexed(const api::Job& job) { return job.spec.completion_mode == "Indexed"; }

int32_t completion_index(const api::Job& job, const api::Pod& pod) {
    const api::Str* text = pod.metadata.annotations.get(api::completion_index_label);
    const int32_t index = text ? api::parse_completion_index(*text) : -1;
    return index < job.spec.completions.value_or(0) ? index : -1;
}

bool is_tracked(const api::Pod& pod) { return api::has_finalizer(pod.metadata, api::job_tracking_finalizer); }

bool has_failed(const api::Job& job, const api::Pod& pod) {
    if (pod.status.phase == "Failed") return true;
    if (!pod.metadata.deletion_timestamp || pod.status.phase == "Succeeded") return false;
    // One that no node has will never say how it ended.
    return job.spec.pod_replacement_policy != "Failed" || pod.spec.node_name.empty();
}

bool looks_the_same_to_job(const api::Pod& a, const api::Pod& b) {
    return a.status.phase == b.status.phase && a.metadata.deletion_timestamp.set == b.metadata.deletion_timestamp.set &&
           api::is_ready(a) == api::is_ready(b) && restarts_of(a) == restarts_of(b) &&
           a.spec.node_name.empty() == b.spec.node_name.empty() && a.metadata.labels == b.metadata.labels &&
           a.metadata.finalizers == b.metadata.finalizers && a.metadata.owner_references == b.metadata.owner_references;
}

int64_t finished_at_s(const api::Pod& pod, int64_t otherwise_s) {
    api::Time last;
    for (const auto* list : {&pod.status.init_container_statuses, &pod.status.container_statuses})
        for (const auto& status : *list)
            if (status.state.terminated && status.state.terminated->finished_at > last)
                last = status.state.terminated->finished_at;
    if (last) return last.unix_s;
    const auto* ready = api::find_pod_condition(pod, "Ready");
    if (ready && ready->last_transition_time) return ready->last_transition_time.unix_s;
    return otherwise_s;
}

FailureVerdict judge_failure(const api::Job& job, const api::Pod& pod) {
    if (!job.spec.pod_failure_policy) return {};
    const auto& rules = job.spec.pod_failure_policy->rules;
    for (size_t i = 0; i < rules.size(); ++i) {
        const std::string where = fmt::format("{}/{}", pod.metadata.namespace_, pod.metadata.name);
        const std::string rule = fmt::format(" matching {} rule at index {}", rules[i].action, i);
        if (rules[i].on_exit_codes) {
            const auto* exit = find_exit(*rules[i].on_exit_codes, pod);
            if (exit)
                return {action_of(rules[i].action), fmt::format("Container {} for pod {} failed with exit code {}{}",
                                                                exit->name, where, exit->state.terminated->exit_code, rule)};
        } else if (const auto* condition = find_matching_condition(rules[i], pod)) {
            return {action_of(rules[i].action), fmt::format("Pod {} has condition {}{}", where, condition->type, rule)};
        }
    }
    return {};
}

IndexFailures failures_before(const api::Pod& pod) {
    return {count_at(pod, api::index_failures_annotation), count_at(pod, api::index_ignored_failures_annotation)};
}

api::Pod make_job_pod(const api::Job& job, const NewJobPod& wanted) {
    const api::PodTemplateSpec& from = job.spec.template_;
    api::Pod pod;
    pod.metadata.generate_name = job.metadata.name.str() + "-";
    pod.metadata.namespace_ = job.metadata.namespace_;
    pod.metadata.labels = from.metadata.labels;
    pod.metadata.annotations = from.metadata.annotations;
    pod.metadata.finalizers = from.metadata.finalizers;
    if (!is_tracked(pod)) pod.metadata.finalizers.push_back(api::Str(api::job_tracking_finalizer));
    pod.metadata.owner_references.push_back(api::make_controller_reference("batch/v1", "Job", job.metadata));
    pod.spec = from.spec;
    if (wanted.index >= 0) make_indexed(pod, job, wanted);
    return pod;
}

JobPods sort_job_pods(const api::Job& job, const std::vector<PodPtr>& pods) {
    JobPods out;
    for (const auto& pod : pods) {
        const bool going = pod->metadata.deletion_timestamp && !api::is_finished(*pod);
        out.going += going;
        if (api::is_active(*pod)) {
            out.active.push_back(pod);
            out.ready += api::is_ready(*pod);
        } else if (is_tracked(*pod) && pod->status.phase == "Succeeded") {
            out.succeeded.push_back(pod);
        } else if (is_tracked(*pod) && has_failed(job, *pod)) {
            out.failed.push_back(pod);
        } else if (going && !has_failed(job, *pod)) {
            out.terminating.push_back(pod);
        }
    }
    return out;
}

}  // namespace orilla::controllers
