#include <fmt/core.h>

#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

void describe_daemon_set(Description& out, const json::object& object, const Surroundings& around) {
    const json::object &spec = object_at(object, "spec"), &status = object_at(object, "status");
    const auto nodes = [&out, &status](const char* what, const char* field) {
        out.line(0, fmt::format("{}: {}", what, number_at(status, field)));
    };
    json::object node_labels;
    node_labels["matchLabels"] = object_at(object_at(object_at(spec, "template"), "spec"), "nodeSelector");
    out.field(0, "Selector", selector_text(object_at(spec, "selector")));
    out.field(0, "Node-Selector", selector_text(node_labels));
    describe_labels(out, object);
    nodes("Desired Number of Nodes Scheduled", "desiredNumberScheduled");
    nodes("Current Number of Nodes Scheduled", "currentNumberScheduled");
    nodes("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled");
    nodes("Number of Nodes Scheduled with Available Pods", "numberAvailable");
    nodes("Number of Nodes Misscheduled", "numberMisscheduled");
    describe_pods_status(out, around);
    describe_pod_template(out, object_at(spec, "template"));
}

}  // namespace

const KindDescription daemonset_description{api::kind_of<api::DaemonSet>,
                                            describe_daemon_set,
                                            {api::kind_of<api::Pod>, Neighbours::Of::owner, {}, &Surroundings::pods}};

}  // namespace orilla::cli
