#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

void describe_priority_class(Description& out, const json::object& object, const Surroundings&) {
    const std::string policy = text_at(object, "preemptionPolicy");
    out.field(0, "Value", text_at(object, "value"));
    out.field(0, "GlobalDefault", text_at(object, "globalDefault") == "true" ? "true" : "false");
    out.field(0, "PreemptionPolicy", policy.empty() ? "PreemptLowerPriority" : policy);
    out.line(0, "Description:\t" + text_at(object, "description"));
    out.map("Annotations", object_at(metadata_of(object), "annotations"));
}

}  // namespace

const KindDescription priorityclass_description{api::kind_of<api::PriorityClass>, describe_priority_class};

}  // namespace orilla::cli
