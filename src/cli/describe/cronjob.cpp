#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

std::string or_unset(const json::object& object, const char* field, const char* unit = "") {
    return object.contains(field) ? text_at(object, field) + unit : "<unset>";
}

void describe_cronjob(Description& out, const json::object& object, const Surroundings&) {
    const json::object &spec = object_at(object, "spec"), &status = object_at(object, "status");
    const json::object& job = object_at(object_at(spec, "jobTemplate"), "spec");
    describe_labels(out, object);
    out.field(0, "Schedule", text_at(spec, "schedule"));
    if (spec.contains("timeZone")) out.field(0, "Time Zone", text_at(spec, "timeZone"));
    out.field(0, "Concurrency Policy", text_at(spec, "concurrencyPolicy"));
    const std::string suspend = or_unset(spec, "suspend");
    out.field(0, "Suspend", suspend == "true" ? "True" : suspend == "false" ? "False" : suspend);
    out.field(0, "Successful Job History Limit", or_unset(spec, "successfulJobsHistoryLimit"));
    out.field(0, "Failed Job History Limit", or_unset(spec, "failedJobsHistoryLimit"));
    out.field(0, "Starting Deadline Seconds", or_unset(spec, "startingDeadlineSeconds", "s"));
    out.field(0, "Selector", job.contains("selector") ? selector_text(object_at(job, "selector")) : "<unset>");
    out.field(0, "Parallelism", or_unset(job, "parallelism"));
    out.field(0, "Completions", or_unset(job, "completions"));
    if (job.contains("activeDeadlineSeconds"))
        out.field(0, "Active Deadline Seconds", text_at(job, "activeDeadlineSeconds") + "s");
    describe_pod_template(out, object_at(job, "template"));
    const std::string last = text_at(status, "lastScheduleTime");
    out.field(0, "Last Schedule Time", last.empty() ? "<unset>" : long_time(last));
    json::array names;
    for (const auto& one : array_at(status, "active")) names.emplace_back(text_at(one.get_object(), "name"));
    out.field(0, "Active Jobs", joined(names, ", "));
}

}  // namespace

const KindDescription cronjob_description{api::kind_of<api::CronJob>, describe_cronjob};

}  // namespace orilla::cli
