#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

void describe_ingress_class(Description& out, const json::object& object, const Surroundings&) {
    const json::object& spec = object_at(object, "spec");
    describe_labels(out, object);
    out.field(0, "Controller", text_at(spec, "controller"));
    if (!spec.contains("parameters")) return;
    const json::object& parameters = object_at(spec, "parameters");
    out.line(0, "Parameters:");
    if (parameters.contains("apiGroup")) out.field(1, "APIGroup", text_at(parameters, "apiGroup"));
    out.field(1, "Kind", text_at(parameters, "kind"));
    out.field(1, "Name", text_at(parameters, "name"));
}

}  // namespace

const KindDescription ingressclass_description{api::kind_of<api::IngressClass>, describe_ingress_class};

}  // namespace orilla::cli
