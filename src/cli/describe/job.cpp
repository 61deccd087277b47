#include <fmt/core.h>
#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "orilla/schema/age.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

void describe_job_times(Description& out, const json::object& status) {
    const std::string began = text_at(status, "startTime"), ended = text_at(status, "completionTime");
    if (!began.empty()) out.field(0, "Start Time", long_time(began));
    if (!ended.empty()) out.field(0, "Completed At", long_time(ended));
    const auto from = api::Time::parse(began), to = api::Time::parse(ended);
    if (from && to) out.field(0, "Duration", api::render_duration(to->unix_s - from->unix_s));
}

void describe_job(Description& out, const json::object& object, const Surroundings&) {
    const json::object &spec = object_at(object, "spec"), &status = object_at(object, "status");
    out.field(0, "Selector", selector_text(object_at(spec, "selector")));
    describe_labels(out, object);
    describe_controller(out, object);
    out.field(0, "Parallelism", text_at(spec, "parallelism"));
    out.field(0, "Completions", spec.contains("completions") ? text_at(spec, "completions") : "<unset>");
    out.field(0, "Completion Mode", text_at(spec, "completionMode"));
    out.field(0, "Suspend", text_at(spec, "suspend"));
    out.field(0, "Backoff Limit", text_at(spec, "backoffLimit"));
    const std::pair<const char*, const char*> others[] = {{"backoffLimitPerIndex", "Backoff Limit Per Index"},
                                                          {"maxFailedIndexes", "Max Failed Indexes"},
                                                          {"ttlSecondsAfterFinished", "TTL Seconds After Finished"}};
    for (const auto& [field, name] : others)
        if (spec.contains(field)) out.field(0, name, text_at(spec, field));
    describe_job_times(out, status);
    if (spec.contains("activeDeadlineSeconds"))
        out.field(0, "Active Deadline Seconds", text_at(spec, "activeDeadlineSeconds") + "s");
    out.field(0, "Pods Statuses",
              fmt::format("{} Active ({} Ready) / {} Succeeded / {} Failed", number_at(status, "active"),
                          number_at(status, "ready"), number_at(status, "succeeded"), number_at(status, "failed")));
    if (text_at(spec, "completionMode") == "Indexed") out.field(0, "Completed Indexes", text_at(status, "completedIndexes"));
    if (!text_at(status, "failedIndexes").empty()) out.field(0, "Failed Indexes", text_at(status, "failedIndexes"));
    describe_pod_template(out, object_at(spec, "template"));
}

}  // namespace

const KindDescription job_description{api::kind_of<api::Job>, describe_job};

}  // namespace orilla::cli
