#include <fmt/core.h>

#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

void describe_replication_controller(Description& out, const json::object& object, const Surroundings& around) {
    const json::object &spec = object_at(object, "spec"), &status = object_at(object, "status");
    json::object selector;
    selector["matchLabels"] = object_at(spec, "selector");
    out.field(0, "Selector", selector_text(selector));
    describe_labels(out, object);
    out.field(0, "Replicas", fmt::format("{} current / {} desired", number_at(status, "replicas"), text_at(spec, "replicas")));
    describe_pods_status(out, around);
    describe_pod_template(out, object_at(spec, "template"));
}

}  // namespace

const KindDescription replicationcontroller_description{
    api::kind_of<api::ReplicationController>,
    describe_replication_controller,
    {api::kind_of<api::Pod>, Neighbours::Of::owner, {}, &Surroundings::pods}};

}  // namespace orilla::cli
