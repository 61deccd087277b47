#include <fmt/core.h>
#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "orilla/kinds/well_known.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

/// "web-1 (2/2 replicas created)" of the sets whose revision is, or is not, the Deployment's.
std::string sets_text(const json::object& deployment, const json::array& sets, bool current) {
    const std::string wanted = text_at(object_at(metadata_of(deployment), "annotations"), api::revision_annotation);
    std::string out;
    for (const auto& item : sets) {
        const json::object& set = item.get_object();
        if ((text_at(object_at(metadata_of(set), "annotations"), api::revision_annotation) == wanted) != current) continue;
        out += fmt::format("{}{} ({}/{} replicas created)", out.empty() ? "" : ", ", text_at(metadata_of(set), "name"),
                           number_at(object_at(set, "status"), "replicas"), number_at(object_at(set, "spec"), "replicas"));
    }
    return out;
}

void describe_deployment(Description& out, const json::object& object, const Surroundings& around) {
    const json::object &spec = object_at(object, "spec"), &status = object_at(object, "status");
    out.field(0, "CreationTimestamp", long_time(text_at(metadata_of(object), "creationTimestamp")));
    describe_labels(out, object);
    out.field(0, "Selector", selector_text(object_at(spec, "selector")));
    const auto count = [&status](const char* name) { return std::to_string(number_at(status, name)); };
    out.field(
        0, "Replicas",
        fmt::format("{} desired | {} updated | {} total | {} available | {} unavailable", text_at(spec, "replicas"),
                    count("updatedReplicas"), count("replicas"), count("availableReplicas"), count("unavailableReplicas")));
    out.field(0, "StrategyType", text_at(object_at(spec, "strategy"), "type"));
    out.field(0, "MinReadySeconds", std::to_string(number_at(spec, "minReadySeconds")));
    const json::object& rolling = object_at(object_at(spec, "strategy"), "rollingUpdate");
    if (!rolling.empty())
        out.field(
            0, "RollingUpdateStrategy",
            fmt::format("{} max unavailable, {} max surge", text_at(rolling, "maxUnavailable"), text_at(rolling, "maxSurge")));
    describe_pod_template(out, object_at(spec, "template"));
    if (!array_at(status, "conditions").empty()) out.line(0, "Conditions:\n  Type\tStatus\tReason\n  ----\t------\t------");
    for (const auto& condition : array_at(status, "conditions"))
        out.line(1, fmt::format("{} \t{}\t{}", text_at(condition.get_object(), "type"),
                                text_at(condition.get_object(), "status"), text_at(condition.get_object(), "reason")));
    out.field(0, "OldReplicaSets", sets_text(object, around.replica_sets, false));
    out.field(0, "NewReplicaSet", sets_text(object, around.replica_sets, true));
}

}  // namespace

const KindDescription deployment_description{
    api::kind_of<api::Deployment>,
    describe_deployment,
    {api::kind_of<api::ReplicaSet>, Neighbours::Of::owner, {}, &Surroundings::replica_sets}};

}  // namespace orilla::cli
