// HorizontalPodAutoscalers as autoscaling/v1 has them: what it has no fields for stands in annotations, as JSON.
#include <algorithm>
#include <cctype>

#include "horizontalpodautoscaler.hpp"
#include "orilla/schema/codec.hpp"
#include "rules.gen.hpp"

namespace orilla::api {
namespace {

constexpr const char* metrics_annotation = "autoscaling.alpha.kubernetes.io/metrics";
constexpr const char* statuses_annotation = "autoscaling.alpha.kubernetes.io/current-metrics";
constexpr const char* conditions_annotation = "autoscaling.alpha.kubernetes.io/conditions";
constexpr const char* behavior_annotation = "autoscaling.alpha.kubernetes.io/behavior";

// ---- the texts -------------------------------------------------------------------------------------------------------

/// The names of members with a capital or a small first letter: the reference server writes the annotation of the behaviour
/// without its names in JSON.
std::string with_first_letters(std::string text, int (*change)(int)) {
    for (size_t at = text.find('"'); at != std::string::npos;) {
        size_t end = at + 1;
        while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
        size_t next = end + 1;
        while (next < text.size() && std::isspace(static_cast<unsigned char>(text[next]))) ++next;
        if (next < text.size() && text[next] == ':' && end > at + 1)
            text[at + 1] = static_cast<char>(change(static_cast<unsigned char>(text[at + 1])));
        at = end < text.size() ? text.find('"', end + 1) : std::string::npos;
    }
    return text;
}

/// What stands behind the name of a document's only member.
std::string member_text(const std::string& document) {
    const size_t colon = document.find(':');
    return document.substr(colon + 1, document.size() - colon - 2);
}

/// Of a text that cannot be read, nothing.
template <class T>
T read_annotation(const ObjectMeta& meta, const char* key, const char* member) {
    const Str* text = meta.annotations.get(key);
    if (!text) return {};
    const std::string document = *member ? "{\"" + std::string(member) + "\":" + text->str() + "}" : text->str();
    auto read = decode<T>(document);
    return read ? std::move(*read) : T{};
}

// ---- references and metrics ------------------------------------------------------------------------------------------

template <class To, class From>
To reference(const From& from) {
    To to;
    to.kind = from.kind;
    to.name = from.name;
    to.api_version = from.api_version;
    return to;
}

/// Of a source or status of a resource or a container resource.
template <class To, class From>
void target_to_v1(const From& from, To& to) {
    to.name = from.name;
    to.target_average_utilization = from.target.average_utilization;
    to.target_average_value = from.target.average_value;
}
template <class To, class From>
void target_from_v1(const From& from, To& to) {
    to.name = from.name;
    to.target.average_utilization = from.target_average_utilization;
    to.target.average_value = from.target_average_value;
    to.target.type = from.target_average_utilization ? "Utilization" : "AverageValue";
}

MetricSpecV1 metric_to_v1(const MetricSpec& from) {
    MetricSpecV1 to;
    to.type = from.type;
    if (from.resource) target_to_v1(*from.resource, to.resource.ensure());
    if (from.container_resource) {
        target_to_v1(*from.container_resource, to.container_resource.ensure());
        to.container_resource->container = from.container_resource->container;
    }
    if (from.pods) {
        to.pods.ensure().metric_name = from.pods->metric.name;
        to.pods->selector = from.pods->metric.selector;
        to.pods->target_average_value = from.pods->target.average_value;
    }
    if (from.object) {
        to.object.ensure().target = reference<CrossVersionObjectReferenceV1>(from.object->described_object);
        to.object->metric_name = from.object->metric.name;
        to.object->selector = from.object->metric.selector;
        to.object->target_value = from.object->target.value;
        to.object->average_value = from.object->target.average_value;
    }
    if (from.external) {
        to.external.ensure().metric_name = from.external->metric.name;
        to.external->metric_selector = from.external->metric.selector;
        to.external->target_value = from.external->target.value;
        to.external->target_average_value = from.external->target.average_value;
    }
    return to;
}

/// A value for all, or for each pod.
void put_amounts(const Quantity& value, const Quantity& average, MetricTarget& to) {
    to.value = value;
    to.average_value = average;
    to.type = average.empty() ? "Value" : "AverageValue";
}

MetricSpec metric_from_v1(const MetricSpecV1& from) {
    MetricSpec to;
    to.type = from.type;
    if (from.resource) target_from_v1(*from.resource, to.resource.ensure());
    if (from.container_resource) {
        target_from_v1(*from.container_resource, to.container_resource.ensure());
        to.container_resource->container = from.container_resource->container;
    }
    if (from.pods) {
        to.pods.ensure().metric.name = from.pods->metric_name;
        to.pods->metric.selector = from.pods->selector;
        put_amounts({}, from.pods->target_average_value, to.pods->target);
    }
    if (from.object) {
        to.object.ensure().described_object = reference<CrossVersionObjectReference>(from.object->target);
        to.object->metric.name = from.object->metric_name;
        to.object->metric.selector = from.object->selector;
        put_amounts(from.object->average_value.empty() ? from.object->target_value : Quantity{}, from.object->average_value,
                    to.object->target);
    }
    if (from.external) {
        to.external.ensure().metric.name = from.external->metric_name;
        to.external->metric.selector = from.external->metric_selector;
        put_amounts(from.external->target_value, from.external->target_average_value, to.external->target);
    }
    return to;
}

template <class To, class From>
void value_to_v1(const From& from, To& to) {
    to.name = from.name;
    to.current_average_utilization = from.current.average_utilization;
    to.current_average_value = from.current.average_value;
}
template <class To, class From>
void value_from_v1(const From& from, To& to) {
    to.name = from.name;
    to.current.average_utilization = from.current_average_utilization;
    to.current.average_value = from.current_average_value;
}

MetricStatusV1 status_to_v1(const MetricStatus& from) {
    MetricStatusV1 to;
    to.type = from.type;
    if (from.resource) value_to_v1(*from.resource, to.resource.ensure());
    if (from.container_resource) {
        value_to_v1(*from.container_resource, to.container_resource.ensure());
        to.container_resource->container = from.container_resource->container;
    }
    return to;
}

MetricStatus status_from_v1(const MetricStatusV1& from) {
    MetricStatus to;
    to.type = from.type;
    if (from.resource) value_from_v1(*from.resource, to.resource.ensure());
    if (from.container_resource) {
        value_from_v1(*from.container_resource, to.container_resource.ensure());
        to.container_resource->container = from.container_resource->container;
    }
    return to;
}

/// What a field of the spec is for.
bool is_cpu_utilization(const MetricSpec& metric) {
    return metric.type == "Resource" && metric.resource && metric.resource->name == "cpu" &&
           metric.resource->target.average_utilization;
}

// ---- the objects -----------------------------------------------------------------------------------------------------

void show_spec(const HorizontalPodAutoscalerSpec& from, HorizontalPodAutoscalerV1& to) {
    to.spec.scale_target_ref = reference<CrossVersionObjectReferenceV1>(from.scale_target_ref);
    to.spec.min_replicas = from.min_replicas;
    to.spec.max_replicas = from.max_replicas;
    AnnotatedMetrics others;
    for (const MetricSpec& metric : from.metrics) {
        if (!is_cpu_utilization(metric)) others.metrics.push_back(metric_to_v1(metric));
        else if (!to.spec.target_cpu_utilization_percentage)
            to.spec.target_cpu_utilization_percentage = metric.resource->target.average_utilization;
    }
    if (!others.metrics.empty()) to.metadata.annotations[metrics_annotation] = Str(member_text(encode(others)));
    if (from.behavior)
        to.metadata.annotations[behavior_annotation] = Str(with_first_letters(encode(*from.behavior), std::toupper));
}

void show_status(const HorizontalPodAutoscalerStatus& from, HorizontalPodAutoscalerV1& to) {
    to.status.observed_generation = from.observed_generation;
    to.status.last_scale_time = from.last_scale_time;
    to.status.current_replicas = from.current_replicas;
    to.status.desired_replicas = from.desired_replicas;
    AnnotatedMetrics measured;
    for (const MetricStatus& metric : from.current_metrics) {
        measured.current_metrics.push_back(status_to_v1(metric));
        if (metric.resource && metric.resource->name == "cpu" && metric.resource->current.average_utilization)
            to.status.current_cpu_utilization_percentage = metric.resource->current.average_utilization;
    }
    auto& annotations = to.metadata.annotations;
    if (!measured.current_metrics.empty()) annotations[statuses_annotation] = Str(member_text(encode(measured)));
    if (from.conditions.empty()) return;
    std::string text = "[";
    for (const auto& condition : from.conditions) text += (text.size() > 1 ? "," : "") + encode(condition);
    annotations[conditions_annotation] = Str(text + "]");
}

void show(const Object& stored, Object& shown) {
    const auto& from = stored.as<HorizontalPodAutoscaler>();
    auto& to = shown.as<HorizontalPodAutoscalerV1>();
    to.metadata = from.metadata;
    show_spec(from.spec, to);
    show_status(from.status, to);
}

void store_spec(const HorizontalPodAutoscalerV1& from, HorizontalPodAutoscalerSpec& to) {
    to.scale_target_ref = reference<CrossVersionObjectReference>(from.spec.scale_target_ref);
    to.min_replicas = from.spec.min_replicas;
    to.max_replicas = from.spec.max_replicas;
    for (const auto& metric : read_annotation<AnnotatedMetrics>(from.metadata, metrics_annotation, "metrics").metrics)
        to.metrics.push_back(metric_from_v1(metric));
    if (from.spec.target_cpu_utilization_percentage)
        to.metrics.push_back(cpu_utilization(*from.spec.target_cpu_utilization_percentage));
    const Str* behavior = from.metadata.annotations.get(behavior_annotation);
    auto read = behavior ? decode<HorizontalPodAutoscalerBehavior>(with_first_letters(behavior->str(), std::tolower))
                         : Result<HorizontalPodAutoscalerBehavior>(Error(Code::not_found, "no behaviour"));
    if (read) to.behavior = std::move(*read);
}

void store(const Object& shown, Object& stored) {
    const auto& from = shown.as<HorizontalPodAutoscalerV1>();
    auto& to = stored.as<HorizontalPodAutoscaler>();
    to.metadata = from.metadata;
    store_spec(from, to.spec);
    to.status.observed_generation = from.status.observed_generation;
    to.status.last_scale_time = from.status.last_scale_time;
    to.status.current_replicas = from.status.current_replicas;
    to.status.desired_replicas = from.status.desired_replicas;
    const auto measured = read_annotation<AnnotatedMetrics>(from.metadata, statuses_annotation, "currentMetrics");
    for (const auto& metric : measured.current_metrics) to.status.current_metrics.push_back(status_from_v1(metric));
    to.status.conditions =
        read_annotation<HorizontalPodAutoscalerStatus>(from.metadata, conditions_annotation, "conditions").conditions;
    for (const char* key : {metrics_annotation, statuses_annotation, conditions_annotation, behavior_annotation})
        to.metadata.annotations.erase(key);
}

Row render_v1(const Object& object, int64_t now) {
    Object stored(kind_of<HorizontalPodAutoscaler>());
    store(object, stored);
    return horizontal_pod_autoscaler_rules.row(stored, now);
}

constexpr Conversion conversion = {
    .stored_type = type_info<HorizontalPodAutoscaler>,
    .to_stored = store,
    .from_stored = show,
};

}  // namespace

const KindRules horizontal_pod_autoscaler_v1_rules = {
    .conversion = &conversion,
    .row = render_v1,
};

}  // namespace orilla::api
