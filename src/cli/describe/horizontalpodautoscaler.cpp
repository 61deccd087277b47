#include <fmt/core.h>

#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

std::string or_unknown(const std::string& text) { return text.empty() ? "<unknown>" : text; }

/// The metric's source and what is known of it, whatever its type.
struct Metric {
    const json::object& source;
    const json::object& target;
    const json::object& current;
};

Metric metric_at(const json::object& spec, const json::object& status, const char* member) {
    const json::object& source = object_at(spec, member);
    return {source, object_at(source, "target"), object_at(object_at(status, member), "current")};
}

/// "(as a percentage of request):\tCURRENT / TARGET", or ":\tCURRENT / TARGET" of an amount.
std::string usage_target_text(const Metric& metric) {
    const std::string average = text_at(metric.current, "averageValue"), wanted = text_at(metric.target, "averageValue");
    if (!wanted.empty()) return fmt::format(":\t{} / {}", or_unknown(average), wanted);
    const std::string percent = text_at(metric.current, "averageUtilization"),
                      target = text_at(metric.target, "averageUtilization");
    return fmt::format("  (as a percentage of request):\t{} / {}",
                       percent.empty() ? "<unknown>" : fmt::format("{}% ({})", percent, average),
                       target.empty() ? "<auto>" : target + "%");
}

/// Of what has a name of its own.
std::string amount_text(const Metric& metric, const std::string& on) {
    const std::string name = text_at(object_at(metric.source, "metric"), "name");
    const bool is_average = metric.target.contains("averageValue");
    const char* member = is_average ? "averageValue" : "value";
    return fmt::format("\"{}\"{}{}:\t{} / {}", name, on, is_average ? " (target average value)" : " (target value)",
                       or_unknown(text_at(metric.current, member)), text_at(metric.target, member));
}

std::string metric_text(const json::object& spec, const json::object& status) {
    const std::string type = text_at(spec, "type");
    if (type == "Resource") {
        const Metric metric = metric_at(spec, status, "resource");
        return fmt::format("resource {} on pods{}", text_at(metric.source, "name"), usage_target_text(metric));
    }
    if (type == "ContainerResource") {
        const Metric metric = metric_at(spec, status, "containerResource");
        return fmt::format("resource {} of container \"{}\" on pods{}", text_at(metric.source, "name"),
                           text_at(metric.source, "container"), usage_target_text(metric));
    }
    if (type == "Pods") {
        const Metric metric = metric_at(spec, status, "pods");
        return fmt::format("\"{}\" on pods:\t{} / {}", text_at(object_at(metric.source, "metric"), "name"),
                           or_unknown(text_at(metric.current, "averageValue")), text_at(metric.target, "averageValue"));
    }
    if (type == "External") return amount_text(metric_at(spec, status, "external"), "");
    const Metric metric = metric_at(spec, status, "object");
    const json::object& about = object_at(metric.source, "describedObject");
    return amount_text(metric, fmt::format(" on {}/{}", text_at(about, "kind"), text_at(about, "name")));
}

void describe_metrics(Description& out, const json::object& spec, const json::object& status) {
    out.field(0, "Metrics", "( current / target )");
    const json::array &metrics = array_at(spec, "metrics"), &measured = array_at(status, "currentMetrics");
    for (size_t i = 0; i < metrics.size(); ++i)
        out.line(1, metric_text(metrics[i].get_object(), i < measured.size() ? measured[i].get_object() : json::object()));
}

void describe_direction(Description& out, const std::string& name, const json::object& rules) {
    if (rules.empty()) return;
    out.line(1, name + ":");
    if (rules.contains("stabilizationWindowSeconds"))
        out.line(2, fmt::format("Stabilization Window: {} seconds", text_at(rules, "stabilizationWindowSeconds")));
    const std::string select = text_at(rules, "selectPolicy");
    out.line(2, "Select Policy: " + (select.empty() ? "Max" : select));
    out.line(2, "Policies:");
    for (const auto& item : array_at(rules, "policies")) {
        const json::object& policy = item.get_object();
        out.line(3, fmt::format("- Type: {}\tValue: {}\tPeriod: {} seconds", text_at(policy, "type"), text_at(policy, "value"),
                                text_at(policy, "periodSeconds")));
    }
}

void describe_autoscaler(Description& out, const json::object& object, const Surroundings&) {
    const json::object &spec = object_at(object, "spec"), &status = object_at(object, "status");
    const json::object& target = object_at(spec, "scaleTargetRef");
    describe_labels(out, object);
    out.field(0, "CreationTimestamp", long_time(text_at(metadata_of(object), "creationTimestamp")));
    out.field(0, "Reference", text_at(target, "kind") + "/" + text_at(target, "name"));
    describe_metrics(out, spec, status);
    const std::string least = text_at(spec, "minReplicas");
    out.field(0, "Min replicas", least.empty() ? "<unset>" : least);
    out.field(0, "Max replicas", text_at(spec, "maxReplicas"));
    const json::object& behavior = object_at(spec, "behavior");
    if (!behavior.empty()) out.line(0, "Behavior:");
    describe_direction(out, "Scale Up", object_at(behavior, "scaleUp"));
    describe_direction(out, "Scale Down", object_at(behavior, "scaleDown"));
    out.field(
        0, text_at(target, "kind") + " pods",
        fmt::format("{} current / {} desired", number_at(status, "currentReplicas"), number_at(status, "desiredReplicas")));
    const json::array& conditions = array_at(status, "conditions");
    if (conditions.empty()) return;
    out.line(0, "Conditions:");
    out.line(1, "Type\tStatus\tReason\tMessage");
    out.line(1, "----\t------\t------\t-------");
    for (const auto& item : conditions) {
        const json::object& one = item.get_object();
        out.line(1, fmt::format("{}\t{}\t{}\t{}", text_at(one, "type"), text_at(one, "status"), text_at(one, "reason"),
                                text_at(one, "message")));
    }
}

}  // namespace

const KindDescription horizontalpodautoscaler_description{api::kind_of<api::HorizontalPodAutoscaler>, describe_autoscaler};

}  // namespace orilla::cli
