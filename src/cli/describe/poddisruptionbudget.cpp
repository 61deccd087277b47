#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

void describe_budget(Description& out, const json::object& object, const Surroundings&) {
    const json::object &spec = object_at(object, "spec"), &status = object_at(object, "status");
    if (spec.contains("minAvailable")) out.field(0, "Min available", text_at(spec, "minAvailable"));
    else if (spec.contains("maxUnavailable")) out.field(0, "Max unavailable", text_at(spec, "maxUnavailable"));
    out.field(0, "Selector", spec.contains("selector") ? selector_text(object_at(spec, "selector")) : "<unset>");
    out.line(0, "Status:");
    out.field(2, "Allowed disruptions", std::to_string(number_at(status, "disruptionsAllowed")));
    out.field(2, "Current", std::to_string(number_at(status, "currentHealthy")));
    out.field(2, "Desired", std::to_string(number_at(status, "desiredHealthy")));
    out.field(2, "Total", std::to_string(number_at(status, "expectedPods")));
}

}  // namespace

const KindDescription poddisruptionbudget_description{api::kind_of<api::PodDisruptionBudget>, describe_budget};

}  // namespace orilla::cli
