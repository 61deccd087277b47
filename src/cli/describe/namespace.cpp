#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

void describe_namespace(Description& out, const json::object& object, const Surroundings&) {
    describe_labels(out, object);
    out.field(0, "Status", text_at(object_at(object, "status"), "phase"));
}

}  // namespace

const KindDescription namespace_description{api::kind_of<api::Namespace>, describe_namespace, {}, nullptr, false};

}  // namespace orilla::cli
