#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

void describe_namespace(Description& out, const json::object& object, const Surroundings& around) {
    describe_labels(out, object);
    out.field(0, "Status", text_at(object_at(object, "status"), "phase"));
    out.line(0, "");
    describe_quotas(out, around.quotas);
    out.line(0, "");
    describe_limit_ranges(out, around.limit_ranges);
}

}  // namespace

const KindDescription namespace_description{
    api::kind_of<api::Namespace>,
    describe_namespace,
    {api::kind_of<api::ResourceQuota>, Neighbours::Of::inside, {}, &Surroundings::quotas},
    nullptr,
    false,
    {api::kind_of<api::LimitRange>, Neighbours::Of::inside, {}, &Surroundings::limit_ranges}};

}  // namespace orilla::cli
