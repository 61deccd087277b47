#include "workload/autoscaler_plan.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "orilla/kinds/kinds.hpp"

namespace orilla::controllers {
namespace {

constexpr const char *able = "AbleToScale", *active = "ScalingActive", *limited = "ScalingLimited";

using Status = api::HorizontalPodAutoscalerStatus;

void say_condition(Status& status, int64_t now_s, const char* type, bool is, const std::string& reason, std::string message) {
    auto found = std::ranges::find(status.conditions, type, [](const auto& one) { return one.type.view(); });
    if (found == status.conditions.end()) {
        status.conditions.push_back(api::HorizontalPodAutoscalerCondition());
        found = status.conditions.end() - 1;
        found->type = type;
    }
    const std::string_view text = is ? "True" : "False";
    if (found->status != text) found->last_transition_time = api::Time(now_s);
    found->status = api::Str(text);
    found->reason = api::Str(reason);
    found->message = api::Str(message);
}

int32_t least_of(const api::HorizontalPodAutoscaler& hpa) { return hpa.spec.min_replicas.value_or(1); }

Tolerances tolerances_of(const api::HorizontalPodAutoscaler& hpa) {
    Tolerances found;
    const auto take = [](const auto& rules, double& tolerance) {
        if (rules && !rules->tolerance.empty()) tolerance = static_cast<double>(rules->tolerance.milli_value()) / 1000;
    };
    if (!hpa.spec.behavior) return found;
    take(hpa.spec.behavior->scale_up, found.up);
    take(hpa.spec.behavior->scale_down, found.down);
    return found;
}

/// What follows from one metric.
struct MetricOutcome {
    Proposal proposal = {};
    std::string name = {};  ///< as events and conditions call it
    api::MetricStatus status = {};
};

/// Why there is none.
struct MetricFailure {
    std::string reason;
    std::string message;
};

template <class Source>
UsageTarget usage_target(const Source& source) {
    UsageTarget target{.resource = source.name.str()};
    if (!source.target.average_value.empty()) target.average_milli = source.target.average_value.milli_value();
    else if (source.target.average_utilization) target.utilization = *source.target.average_utilization;
    return target;
}

template <class StatusOf>
void put_current(const Proposal& proposal, StatusOf& status) {
    if (proposal.utilization) status.current.average_utilization = *proposal.utilization;
    status.current.average_value = api::Quantity::from_milli(proposal.average_milli);
}

/// Of a resource or a container resource, by what pods use.
Result<MetricOutcome> look_at(const api::MetricSpec& metric, const UsageTarget& target, const AutoscalerSeen& seen,
                              const Tolerances& tolerances) {
    const char* what = target.utilization ? "utilization" : "usage";
    if (!target.utilization && target.average_milli <= 0)
        return Error(
            Code::invalid,
            "invalid resource metric source: neither an average utilization target nor an average value (usage) target "
            "was set");
    const std::string failed = fmt::format("failed to get {} {}", target.resource, what);
    if (seen.pods.empty())
        return Error(Code::unavailable, failed + ": no pods returned by selector while calculating replica count");
    auto proposal = propose_replicas(target, seen.pods, seen.target->replicas, tolerances, seen.now_s);
    if (!proposal) return std::move(proposal).error().with_context(failed);
    MetricOutcome outcome{*proposal};
    outcome.status.type = metric.type;
    const bool of_container = !target.container.empty();
    outcome.name = fmt::format("{}{} resource{}", target.resource, of_container ? " container" : "",
                               target.utilization ? " utilization (percentage of request)" : "");
    if (of_container) {
        auto& status = outcome.status.container_resource.ensure();
        status.name = api::Str(target.resource);
        status.container = api::Str(target.container);
        put_current(*proposal, status);
    } else {
        auto& status = outcome.status.resource.ensure();
        status.name = api::Str(target.resource);
        put_current(*proposal, status);
    }
    return outcome;
}

/// Nobody serves these here: it is said as a cluster without an adapter says it.
MetricFailure no_adapter(const api::MetricSpec& metric, std::string_view ns) {
    constexpr const char* custom =
        "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered";
    if (metric.pods)
        return {"FailedGetPodsMetric", fmt::format("failed to get pods metric value: unable to get metric {}: {}",
                                                   metric.pods->metric.name.view(), custom)};
    if (metric.object)
        return {"FailedGetObjectMetric",
                fmt::format("failed to get object metric value: unable to get metric {}: {} on {} {}/{}",
                            metric.object->metric.name.view(), metric.object->described_object.kind.view(), ns,
                            metric.object->described_object.name.view(), custom)};
    if (metric.external)
        return {
            "FailedGetExternalMetric",
            fmt::format("failed to get {0} external metric value: unable to get external metric {1}/{0}/nil: unable to fetch "
                        "metrics from external metrics API: no external metrics API (external.metrics.k8s.io) registered",
                        metric.external->metric.name.view(), ns)};
    return {"InvalidMetricSourceType", fmt::format("unknown metric source type \"{}\"", metric.type.view())};
}

struct MetricsOutcome {
    std::optional<MetricOutcome> largest = {};
    std::vector<api::MetricStatus> statuses = {};
    std::optional<MetricFailure> first_failure = {};
    size_t failures = 0;
};

MetricsOutcome look_at_all(const api::HorizontalPodAutoscaler& hpa, const AutoscalerSeen& seen,
                           std::vector<AutoscalerEvent>& events) {
    MetricsOutcome all;
    const auto fail = [&](MetricFailure failure) {
        events.push_back({"Warning", failure.reason, failure.message});
        if (all.failures++ == 0) all.first_failure = std::move(failure);
    };
    const Tolerances tolerances = tolerances_of(hpa);
    for (const auto& metric : hpa.spec.metrics) {
        api::MetricStatus& status = all.statuses.emplace_back();
        status.type = metric.type;  // without a value, so that each has the place of its metric
        if (!metric.resource && !metric.container_resource) {
            fail(no_adapter(metric, hpa.metadata.namespace_));
            continue;
        }
        UsageTarget target = metric.resource ? usage_target(*metric.resource) : usage_target(*metric.container_resource);
        if (!metric.resource) target.container = metric.container_resource->container.str();
        auto outcome = look_at(metric, target, seen, tolerances);
        if (!outcome) {
            fail({metric.resource ? "FailedGetResourceMetric" : "FailedGetContainerResourceMetric", outcome.error().message()});
            continue;
        }
        status = outcome->status;
        if (!all.largest || outcome->proposal.replicas > all.largest->proposal.replicas) all.largest = std::move(*outcome);
    }
    return all;
}

/// Why the pods that it selects are not for it to count: Kubernetes' words.
std::optional<MetricFailure> check_selector(const AutoscalerSeen& seen) {
    if (seen.target->selector.empty()) return MetricFailure{"InvalidSelector", "the HPA target's scale is missing a selector"};
    if (seen.autoscalers.size() < 2) return std::nullopt;
    std::string names;
    for (const auto& name : seen.autoscalers) names += (names.empty() ? "" : " ") + name;
    return MetricFailure{"AmbiguousSelector", fmt::format("pods by selector {} are controlled by multiple HPAs: [{}]",
                                                          seen.target->selector, names)};
}

void put_counts(AutoscalerPlan& plan, int32_t current, int32_t desired, std::vector<api::MetricStatus> metrics) {
    plan.status.current_replicas = current;
    plan.status.desired_replicas = desired;
    plan.status.current_metrics.clear();
    for (auto& metric : metrics) plan.status.current_metrics.push_back(std::move(metric));
}

/// By what pods use. False: there is nothing to go by, and nothing changes.
bool plan_by_metrics(const api::HorizontalPodAutoscaler& hpa, const AutoscalerSeen& seen, AutoscalerMemory& memory,
                     AutoscalerPlan& plan) {
    const int32_t current = seen.target->replicas;
    Status& status = plan.status;
    const auto keep = [&](std::vector<api::MetricStatus> metrics, const std::string& why) {
        put_counts(plan, current, hpa.status.desired_replicas, std::move(metrics));
        plan.events.push_back({"Warning", "FailedComputeMetricsReplicas", why});
        return false;
    };
    if (const auto failure = check_selector(seen)) {
        say_condition(status, seen.now_s, active, false, failure->reason, failure->message);
        const bool none = seen.target->selector.empty();
        plan.events.push_back(
            {"Warning", none ? "SelectorRequired" : failure->reason, none ? "selector is required" : failure->message});
        return keep({}, none ? "selector is required" : failure->message);
    }
    MetricsOutcome all = look_at_all(hpa, seen, plan.events);
    const std::string failed = !all.first_failure
                                   ? ""
                                   : fmt::format("invalid metrics ({} invalid out of {}), first error is: {}", all.failures,
                                                 hpa.spec.metrics.size(), all.first_failure->message);
    if (!all.largest || (all.failures > 0 && all.largest->proposal.replicas < current)) {
        const MetricFailure& first = *all.first_failure;
        say_condition(status, seen.now_s, active, false, first.reason,
                      "the HPA was unable to compute the replica count: " + first.message);
        return keep(std::move(all.statuses), failed);
    }
    say_condition(status, seen.now_s, active, true, "ValidMetricFound",
                  "the HPA was able to successfully calculate a replica count from " + all.largest->name);
    const int32_t wanted = all.largest->proposal.replicas;
    if (wanted > current) plan.why = all.largest->name + " above target";
    if (wanted < current) plan.why = "All metrics below target";
    NormalReplicas normal = normalise_replicas(hpa, current, wanted, seen.now_ms, memory);
    say_condition(status, seen.now_s, able, true, normal.able_reason, normal.able_message);
    say_condition(status, seen.now_s, limited, normal.limited, normal.limit_reason, normal.limit_message);
    if (normal.replicas != current) plan.rescale = normal.replicas;
    put_counts(plan, current, normal.replicas, std::move(all.statuses));
    return true;
}

}  // namespace

bool needs_metrics(const api::HorizontalPodAutoscaler& hpa, const AutoscalerTarget& target) {
    return target.replicas > 0 && target.replicas >= least_of(hpa) && target.replicas <= hpa.spec.max_replicas;
}

AutoscalerPlan plan_autoscaler(const api::HorizontalPodAutoscaler& hpa, const AutoscalerSeen& seen, AutoscalerMemory& memory) {
    if (memory.uid != hpa.metadata.uid) memory = {hpa.metadata.uid.str()};
    AutoscalerPlan plan{.status = hpa.status};
    Status& status = plan.status;
    if (hpa.metadata.generation > 0) status.observed_generation = hpa.metadata.generation;
    if (!seen.target) {
        const std::string& why = seen.target.error().message();
        plan.events.push_back({"Warning", "FailedGetScale", why});
        say_condition(status, seen.now_s, able, false, "FailedGetScale",
                      "the HPA controller was unable to get the target's current scale: " + why);
        return plan;
    }
    say_condition(status, seen.now_s, able, true, "SucceededGetScale",
                  "the HPA controller was able to get the target's current scale");
    const int32_t current = seen.target->replicas, least = least_of(hpa), most = hpa.spec.max_replicas;
    if (memory.recommendations.empty()) memory.recommendations.push_back({seen.now_ms, current});
    if (needs_metrics(hpa, *seen.target)) {
        plan_by_metrics(hpa, seen, memory, plan);
        return plan;
    }
    if (current == 0) {
        say_condition(status, seen.now_s, active, false, "ScalingDisabled",
                      "scaling is disabled since the replica count of the target is zero");
        put_counts(plan, 0, 0, {});
        return plan;
    }
    plan.rescale = current > most ? most : least;
    plan.why = current > most ? "Current number of replicas above Spec.MaxReplicas"
                              : "Current number of replicas below Spec.MinReplicas";
    put_counts(plan, current, *plan.rescale, {});
    return plan;
}

void finish_rescale(const api::HorizontalPodAutoscaler& hpa, const AutoscalerSeen& seen, const Result<void>& written,
                    AutoscalerPlan& plan, AutoscalerMemory& memory) {
    const int32_t now = *plan.rescale, before = seen.target->replicas;
    if (!written) {
        const std::string& why = written.error().message();
        plan.events.push_back(
            {"Warning", "FailedRescale", fmt::format("New size: {}; reason: {}; error: {}", now, plan.why, why)});
        say_condition(plan.status, seen.now_s, able, false, "FailedUpdateScale",
                      "the HPA controller was unable to update the target scale: " + why);
        plan.status.desired_replicas = hpa.status.desired_replicas;
        return;
    }
    plan.events.push_back({"Normal", "SuccessfulRescale", fmt::format("New size: {}; reason: {}", now, plan.why)});
    say_condition(plan.status, seen.now_s, able, true, "SucceededRescale",
                  fmt::format("the HPA controller was able to update the target scale to {}", now));
    plan.status.last_scale_time = api::Time(seen.now_s);
    if (!hpa.spec.behavior) return;
    if (now > before) memory.added.push_back({seen.now_ms, now - before});
    else memory.removed.push_back({seen.now_ms, before - now});
}

}  // namespace orilla::controllers
