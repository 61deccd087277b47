// CronJobs. What their template cannot be is told here, and not only when it is time for a Job.
#include <fmt/core.h>

#include "checks.hpp"
#include "job_spec.hpp"
#include "orilla/base/text.hpp"
#include "orilla/kinds/cron_schedule.hpp"
#include "pod_spec.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

/// The minute of a start, with its dash, follows in the names of the Jobs.
constexpr size_t cronjob_name_bytes_max = 52;

void complete_cronjob(CronJob& cronjob) { complete_pod_spec(cronjob.spec.job_template.spec.template_.spec); }

void check_schedule(const CronJobSpec& spec, const Path& path, FieldErrors& errors) {
    const Path at = path / "schedule";
    const std::string_view schedule = spec.schedule;
    if (schedule.empty()) return;  // required by the schema
    if (schedule.find("TZ") != schedule.npos)
        return errors.invalid(at, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
    if (auto parsed = CronSchedule::parse(schedule); !parsed) errors.invalid(at, schedule, parsed.error().message());
}

void check_zone(const CronJobSpec& spec, const Path& path, FieldErrors& errors) {
    if (!spec.time_zone) return;
    const Path at = path / "timeZone";
    const std::string_view zone = *spec.time_zone;
    if (zone.empty()) errors.invalid(at, zone, "timeZone must be nil or non-empty string");
    else if (equal_fold(zone, "local"))
        errors.invalid(at, zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
    else if (!TimeZone::find(zone)) errors.invalid(at, zone, "unknown time zone " + std::string(zone));
}

void check_cronjob(const CronJob& cronjob, FieldErrors& errors) {
    const CronJobSpec& spec = cronjob.spec;
    const Path path("spec");
    check_schedule(spec, path, errors);
    check_zone(spec, path, errors);
    if (spec.starting_deadline_seconds)
        check_not_negative(*spec.starting_deadline_seconds, path / "startingDeadlineSeconds", errors);
    if (spec.successful_jobs_history_limit)
        check_not_negative(*spec.successful_jobs_history_limit, path / "successfulJobsHistoryLimit", errors);
    if (spec.failed_jobs_history_limit)
        check_not_negative(*spec.failed_jobs_history_limit, path / "failedJobsHistoryLimit", errors);
    const Path pattern = path / "jobTemplate";
    const Path meta = pattern / "metadata";
    check_labels(spec.job_template.metadata.labels, meta / "labels", errors);
    check_annotations(spec.job_template.metadata.annotations, meta / "annotations", errors);
    const Path job = pattern / "spec";
    // A selector of one's own would be that of each of the Jobs.
    if (spec.job_template.spec.manual_selector.value_or(false)) {
        constexpr std::string_view allowed[] = {"nil", "false"};
        errors.not_supported(job / "manualSelector", "true", allowed);
    }
    check_job_spec(spec.job_template.spec, job, errors);
}

void check_new_cronjob(const CronJob& cronjob, FieldErrors& errors) {
    const Path meta("metadata");
    if (cronjob.metadata.name.size() > cronjob_name_bytes_max)
        errors.invalid(meta / "name", cronjob.metadata.name,
                       fmt::format("must be no more than {} characters", cronjob_name_bytes_max));
}

Row render_cronjob(const CronJob& cronjob, int64_t now) {
    const CronJobSpec& spec = cronjob.spec;
    const PodSpec& pod = spec.job_template.spec.template_.spec;
    const Time last = cronjob.status.last_schedule_time;
    return {cronjob.metadata.name.view(),
            spec.schedule.view(),
            spec.time_zone ? std::string(spec.time_zone->view()) : std::string(nothing_text),
            !spec.suspend   ? "<unset>"
            : *spec.suspend ? "True"
                            : "False",
            static_cast<int64_t>(cronjob.status.active.size()),
            last ? render_age(last, now) : std::string(nothing_text),
            render_age(cronjob.metadata.creation_timestamp, now),
            container_names_text(pod),
            container_images_text(pod),
            selector_text(spec.job_template.spec.selector)};
}

/// A start that was forgotten would be made again.
bool keeps_starts(const Object& updated, const Object& old) {
    return !(updated.as<CronJob>().status == old.as<CronJob>().status);
}

}  // namespace

const KindRules cron_job_rules = {
    .complete = completed<CronJob, complete_cronjob>,
    .check = checked<CronJob, check_cronjob>,
    .check_new = checked<CronJob, check_new_cronjob>,
    .status_is_record = keeps_starts,
    .row = rendered<CronJob, render_cronjob>,
};

}  // namespace orilla::api
