#include <fmt/core.h>

#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

void describe_claim(Description& out, const json::object& claim) {
    const json::object &metadata = metadata_of(claim), &spec = object_at(claim, "spec");
    const std::string size = text_at(object_at(object_at(spec, "resources"), "requests"), "storage");
    out.field(1, "Name", text_at(metadata, "name"));
    out.line(1, "StorageClass:\t" + text_at(spec, "storageClassName"));
    out.map("Labels", object_at(metadata, "labels"), "=", "  ");
    out.map("Annotations", object_at(metadata, "annotations"), "=", "  ");
    out.field(1, "Capacity", size.empty() ? "<default>" : size);
    out.field(1, "Access Modes", fmt::format("[{}]", joined(array_at(spec, "accessModes"), " ")));
}

void describe_update(Description& out, const json::object& strategy) {
    const json::object& rolling = object_at(strategy, "rollingUpdate");
    out.field(0, "Update Strategy", text_at(strategy, "type"));
    if (!rolling.contains("partition")) return;
    out.field(1, "Partition", text_at(rolling, "partition"));
    if (rolling.contains("maxUnavailable")) out.field(1, "MaxUnavailable", text_at(rolling, "maxUnavailable"));
}

void describe_stateful_set(Description& out, const json::object& object, const Surroundings& around) {
    const json::object &spec = object_at(object, "spec"), &status = object_at(object, "status");
    out.field(0, "CreationTimestamp", long_time(text_at(metadata_of(object), "creationTimestamp")));
    out.field(0, "Selector", selector_text(object_at(spec, "selector")));
    describe_labels(out, object);
    out.field(0, "Replicas", fmt::format("{} desired | {} total", text_at(spec, "replicas"), number_at(status, "replicas")));
    describe_update(out, object_at(spec, "updateStrategy"));
    describe_pods_status(out, around);
    describe_pod_template(out, object_at(spec, "template"));
    const json::array& claims = array_at(spec, "volumeClaimTemplates");
    if (claims.empty()) return out.field(0, "Volume Claims", "");
    out.line(0, "Volume Claims:");
    for (const auto& claim : claims) describe_claim(out, claim.get_object());
}

}  // namespace

const KindDescription statefulset_description{api::kind_of<api::StatefulSet>,
                                              describe_stateful_set,
                                              {api::kind_of<api::Pod>, Neighbours::Of::owner, {}, &Surroundings::pods}};

}  // namespace orilla::cli
