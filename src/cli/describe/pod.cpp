#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

void describe_gates(Description& out, const json::array& gates, const json::array& conditions) {
    if (!gates.empty()) out.line(0, "Readiness Gates:\n  Type\tStatus");
    for (const auto& gate : gates) {
        const std::string type = text_at(gate.get_object(), "conditionType");
        const auto said = std::ranges::find_if(
            conditions, [&type](const auto& condition) { return text_at(condition.get_object(), "type") == type; });
        const std::string status = said == conditions.end() ? "<none>" : text_at(said->get_object(), "status");
        out.line(1, fmt::format("{} \t{} ", type, status));
    }
}

void describe_pod(Description& out, const json::object& object, const Surroundings&) {
    const json::object &spec = object_at(object, "spec"), &status = object_at(object, "status");
    const std::string node = text_at(spec, "nodeName");
    if (!text_at(spec, "serviceAccountName").empty()) out.field(0, "Service Account", text_at(spec, "serviceAccountName"));
    out.field(0, "Node", node.empty() ? "" : fmt::format("{}/{}", node, text_at(status, "hostIP")));
    if (status.contains("startTime")) out.field(0, "Start Time", long_time(text_at(status, "startTime")));
    describe_labels(out, object);
    const bool terminating = metadata_of(object).contains("deletionTimestamp");
    out.field(0, "Status", terminating ? "Terminating" : text_at(status, "phase"));
    if (terminating) out.field(0, "Termination Grace Period", text_at(metadata_of(object), "deletionGracePeriodSeconds") + "s");
    for (const auto& [field, name] : {std::pair{"reason", "Reason"}, std::pair{"message", "Message"}})
        if (status.contains(field)) out.field(0, name, text_at(status, field));
    out.line(0, "IP:\t" + text_at(status, "podIP"));
    out.line(0, array_at(status, "podIPs").empty() ? "IPs:\t<none>" : "IPs:");
    for (const auto& ip : array_at(status, "podIPs")) out.field(1, "IP", text_at(ip.get_object(), "ip"));
    describe_controller(out, object);
    describe_pod_spec(out, spec, status, "");
    describe_gates(out, array_at(spec, "readinessGates"), array_at(status, "conditions"));
    if (!array_at(status, "conditions").empty()) out.line(0, "Conditions:\n  Type\tStatus");
    for (const auto& condition : array_at(status, "conditions"))
        out.line(1,
                 fmt::format("{} \t{} ", text_at(condition.get_object(), "type"), text_at(condition.get_object(), "status")));
    describe_volumes(out, spec, "");
    out.field(0, "QoS Class", text_at(status, "qosClass"));
    out.map("Node-Selectors", object_at(spec, "nodeSelector"));
    describe_tolerations(out, spec, "");
}

}  // namespace

const KindDescription pod_description{api::kind_of<api::Pod>, describe_pod};

}  // namespace orilla::cli
