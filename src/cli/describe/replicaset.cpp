#include <fmt/core.h>
#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

void describe_replica_set(Description& out, const json::object& object, const Surroundings& around) {
    const json::object &spec = object_at(object, "spec"), &status = object_at(object, "status");
    out.field(0, "Selector", selector_text(object_at(spec, "selector")));
    describe_labels(out, object);
    describe_controller(out, object);
    out.field(0, "Replicas", fmt::format("{} current / {} desired", number_at(status, "replicas"), text_at(spec, "replicas")));
    describe_pods_status(out, around);
    describe_pod_template(out, object_at(spec, "template"));
}

}  // namespace

const KindDescription replicaset_description{api::kind_of<api::ReplicaSet>,
                                             describe_replica_set,
                                             {api::kind_of<api::Pod>, Neighbours::Of::owner, {}, &Surroundings::pods}};

}  // namespace orilla::cli
