// HorizontalPodAutoscalers.
#include "horizontalpodautoscaler.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "checks.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

constexpr int32_t default_cpu_percent = 80;
constexpr int32_t stabilization_s_max = 3600;
constexpr int32_t period_s_max = 1800;
constexpr int32_t default_period_s = 15;
constexpr size_t metrics_shown_max = 2;

// ---- defaults --------------------------------------------------------------------------------------------------------

HPAScalingPolicy policy(const char* type, int32_t value) {
    HPAScalingPolicy one;
    one.type = type;
    one.value = value;
    one.period_seconds = default_period_s;
    return one;
}

void complete_rules(HPAScalingRules& rules, bool up) {
    if (!rules.select_policy) rules.select_policy = "Max";
    if (up && !rules.stabilization_window_seconds) rules.stabilization_window_seconds = 0;
    if (!rules.policies.empty()) return;
    if (up) rules.policies.push_back(policy("Pods", 4));
    rules.policies.push_back(policy("Percent", 100));
}

void complete_autoscaler(HorizontalPodAutoscaler& hpa) {
    HorizontalPodAutoscalerSpec& spec = hpa.spec;
    if (spec.metrics.empty()) spec.metrics.push_back(cpu_utilization(default_cpu_percent));
    if (!spec.behavior) return;
    complete_rules(spec.behavior->scale_up.ensure(), true);
    complete_rules(spec.behavior->scale_down.ensure(), false);
}

// ---- checks ----------------------------------------------------------------------------------------------------------

void check_target(const MetricTarget& target, const Path& path, FieldErrors& errors) {
    if (target.average_utilization && *target.average_utilization < 1)
        errors.invalid(path / "averageUtilization", *target.average_utilization, "must be greater than 0");
    for (const auto& [name, amount] : {std::pair("value", &target.value), std::pair("averageValue", &target.average_value)})
        if (!amount->empty() && amount->compare(Quantity{}) <= 0)
            errors.invalid(path / name, amount->text.view(), "must be positive");
}

/// Of a resource or a container resource.
void check_share_target(const MetricTarget& target, const Path& path, FieldErrors& errors) {
    check_target(target, path, errors);
    if (!target.average_utilization && target.average_value.empty())
        errors.required(path / "averageUtilization", "must set either a target raw value or a target utilization");
    if (target.average_utilization && !target.average_value.empty())
        errors.forbidden(path / "averageValue", "may not set both a target raw value and a target utilization");
}

void check_external(const MetricTarget& target, const Path& path, FieldErrors& errors) {
    check_target(target, path, errors);
    if (target.value.empty() && target.average_value.empty())
        errors.required(path / "averageValue", "must set either a target value for metric or a per-pod target");
    if (!target.value.empty() && !target.average_value.empty())
        errors.forbidden(path / "value", "may not set both a target value for metric and a per-pod target");
}

void check_sources(const MetricSpec& metric, const Path& path, FieldErrors& errors) {
    if (metric.object) {
        const Path source = path / "object", target = source / "target";
        check_target(metric.object->target, target, errors);
        if (metric.object->target.value.empty() && metric.object->target.average_value.empty())
            errors.required(target / "averageValue", "must set either a target value or averageValue");
    }
    if (metric.pods) {
        const Path source = path / "pods", target = source / "target";
        check_target(metric.pods->target, target, errors);
        if (metric.pods->target.average_value.empty())
            errors.required(target / "averageValue", "must specify a positive target averageValue");
    }
    if (metric.resource) {
        const Path source = path / "resource", target = source / "target";
        check_share_target(metric.resource->target, target, errors);
    }
    if (metric.container_resource) {
        const Path source = path / "containerResource", target = source / "target";
        check_share_target(metric.container_resource->target, target, errors);
    }
    if (metric.external) {
        const Path source = path / "external", target = source / "target";
        check_external(metric.external->target, target, errors);
    }
}

void check_metric(const MetricSpec& metric, const Path& path, FieldErrors& errors) {
    const struct {
        std::string_view type, member;
        bool there;
    } sources[] = {{"Object", "object", metric.object.has_value()},
                   {"Pods", "pods", metric.pods.has_value()},
                   {"Resource", "resource", metric.resource.has_value()},
                   {"ContainerResource", "containerResource", metric.container_resource.has_value()},
                   {"External", "external", metric.external.has_value()}};
    check_sources(metric, path, errors);
    for (const auto& source : sources) {
        if (metric.type == source.type && !source.there)
            errors.required(path / source.member, "must populate information for the given metric source");
        if (metric.type != source.type && source.there)
            errors.forbidden(path / source.member, "must populate the given metric source only");
    }
}

void check_rules(const HPAScalingRules& rules, const Path& path, FieldErrors& errors) {
    if (const auto& window = rules.stabilization_window_seconds) {
        if (*window < 0) errors.invalid(path / "stabilizationWindowSeconds", *window, "must be greater than or equal to zero");
        if (*window > stabilization_s_max)
            errors.invalid(path / "stabilizationWindowSeconds", *window,
                           fmt::format("must be less than or equal to {}", stabilization_s_max));
    }
    if (!rules.tolerance.empty() && rules.tolerance.compare(Quantity{}) < 0)
        errors.invalid(path / "tolerance", rules.tolerance.text.view(), "must be greater than or equal to 0");
    const Path policies = path / "policies";
    for (size_t i = 0; i < rules.policies.size(); ++i) {
        const Path one = policies[i];
        const HPAScalingPolicy& policy = rules.policies[i];
        if (policy.value <= 0) errors.invalid(one / "value", policy.value, "must be greater than zero");
        if (policy.period_seconds <= 0)
            errors.invalid(one / "periodSeconds", policy.period_seconds, "must be greater than zero");
        if (policy.period_seconds > period_s_max)
            errors.invalid(one / "periodSeconds", policy.period_seconds,
                           fmt::format("must be less than or equal to {}", period_s_max));
    }
}

void check_autoscaler(const HorizontalPodAutoscaler& hpa, FieldErrors& errors) {
    const HorizontalPodAutoscalerSpec& spec = hpa.spec;
    const Path path("spec"), metrics = path / "metrics", behavior = path / "behavior";
    const int32_t least = spec.min_replicas.value_or(1);
    if (least < 1) errors.invalid(path / "minReplicas", least, "must be greater than or equal to 1");
    if (spec.max_replicas < 1) errors.invalid(path / "maxReplicas", spec.max_replicas, "must be greater than 0");
    if (spec.max_replicas < least)
        errors.invalid(path / "maxReplicas", spec.max_replicas, "must be greater than or equal to `minReplicas`");
    for (size_t i = 0; i < spec.metrics.size(); ++i) check_metric(spec.metrics[i], metrics[i], errors);
    if (!spec.behavior) return;
    if (spec.behavior->scale_up) check_rules(*spec.behavior->scale_up, behavior / "scaleUp", errors);
    if (spec.behavior->scale_down) check_rules(*spec.behavior->scale_down, behavior / "scaleDown", errors);
}

// ---- the row ---------------------------------------------------------------------------------------------------------

constexpr std::string_view unknown_text = "<unknown>";

template <class Source, class Status>
std::string usage_target_text(const Source& source, const Status& status) {
    const std::string name = source.name.str();
    if (!source.target.average_value.empty())
        return fmt::format("{}: {}/{}", name, status ? status->current.average_value.text.view() : unknown_text,
                           source.target.average_value.text.view());
    const bool known = status && status->current.average_utilization;
    const auto& wanted = source.target.average_utilization;
    return fmt::format("{}: {}/{}", name,
                       known ? fmt::format("{}%", *status->current.average_utilization) : std::string(unknown_text),
                       wanted ? fmt::format("{}%", *wanted) : "<auto>");
}

/// Of what has no values here.
std::string amount_text(const MetricTarget& target, bool per_pod) {
    if (target.average_value.empty()) return fmt::format("{}/{}", unknown_text, target.value.text.view());
    return fmt::format("{}/{}{}", unknown_text, target.average_value.text.view(), per_pod ? " (avg)" : "");
}

std::string metric_text(const MetricSpec& metric, const MetricStatus& status) {
    if (metric.resource) return usage_target_text(*metric.resource, status.resource);
    if (metric.container_resource) return usage_target_text(*metric.container_resource, status.container_resource);
    if (metric.pods) return amount_text(metric.pods->target, false);
    if (metric.object) return amount_text(metric.object->target, true);
    if (metric.external) return amount_text(metric.external->target, true);
    return "<unknown type>";
}

std::string metrics_text(const HorizontalPodAutoscaler& hpa) {
    const auto& metrics = hpa.spec.metrics;
    if (metrics.empty()) return std::string(nothing_text);
    std::string text;
    for (size_t i = 0; i < std::min(metrics.size(), metrics_shown_max); ++i) {
        const auto& statuses = hpa.status.current_metrics;
        text += (i == 0 ? "" : ", ") + metric_text(metrics[i], i < statuses.size() ? statuses[i] : MetricStatus{});
    }
    if (metrics.size() > metrics_shown_max) text += fmt::format(" + {} more...", metrics.size() - metrics_shown_max);
    return text;
}

Row render_autoscaler(const HorizontalPodAutoscaler& hpa, int64_t now) {
    const HorizontalPodAutoscalerSpec& spec = hpa.spec;
    return {hpa.metadata.name.view(),
            fmt::format("{}/{}", spec.scale_target_ref.kind.view(), spec.scale_target_ref.name.view()),
            metrics_text(hpa),
            spec.min_replicas ? std::to_string(*spec.min_replicas) : std::string(unset_text),
            int64_t{spec.max_replicas},
            int64_t{hpa.status.current_replicas},
            render_age(hpa.metadata.creation_timestamp, now)};
}

/// What its pods use changes all the time, and is measured anew by the next daemon: no reason to wear the flash.
bool only_measurements_differ(const Object& updated, const Object& old) {
    Object same = updated.clone();
    same.as<HorizontalPodAutoscaler>().status.current_metrics = old.as<HorizontalPodAutoscaler>().status.current_metrics;
    same.meta().resource_version = old.meta().resource_version;
    return same == old;
}

}  // namespace

MetricSpec cpu_utilization(int32_t percent) {
    MetricSpec metric;
    metric.type = "Resource";
    ResourceMetricSource& source = metric.resource.ensure();
    source.name = "cpu";
    source.target.type = "Utilization";
    source.target.average_utilization = percent;
    return metric;
}

const KindRules horizontal_pod_autoscaler_rules = {
    .complete = completed<HorizontalPodAutoscaler, complete_autoscaler>,
    .check = checked<HorizontalPodAutoscaler, check_autoscaler>,
    .only_heartbeat_differs = only_measurements_differ,
    .row = rendered<HorizontalPodAutoscaler, render_autoscaler>,
};

}  // namespace orilla::api
