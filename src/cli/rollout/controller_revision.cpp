#include "rollout/controller_revision.hpp"

#include <boost/json.hpp>

#include "orilla/kinds/well_known.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;

Revision read_controller_revision(const json::object& kept) {
    const json::object& annotations = object_at(object_at(kept, "metadata"), "annotations");
    Revision out{number_at(kept, "revision"), text_at(annotations, api::change_cause_annotation),
                 object_at(object_at(object_at(kept, "data"), "spec"), "template")};
    out.pod_template.erase("$patch");
    return out;
}

std::string no_last_revision(const std::string&) { return "no last revision to roll back to"; }

Error no_rolling_update() {
    return Error(Code::bad_request, "error: rollout status is only available for RollingUpdate strategy type");
}

}  // namespace orilla::cli
