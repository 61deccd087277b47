#include "workload/cronjob_plan.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

#include "orilla/kinds/cron_schedule.hpp"
#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/field_errors.hpp"
#include "workload/job_end.hpp"
#include "workload/job_plan.hpp"

namespace orilla::controllers {
namespace {

int64_t earliest_s(const api::CronJob& cronjob) {
    const api::Time last = cronjob.status.last_schedule_time;
    return last ? last.unix_s : cronjob.metadata.creation_timestamp.unix_s;
}

/// 2026-01-01T09:00:00+05:30, and Z in UTC.
std::string local_time_text(int64_t unix_s, const api::TimeZone& zone) {
    const int64_t offset_s = zone.offset_s(unix_s);
    std::string text = api::Time(unix_s + offset_s).format();
    if (offset_s == 0) return text;
    text.pop_back();
    char shown[16];
    const int64_t minutes = std::abs(offset_s) / 60;
    snprintf(shown, sizeof shown, "%c%02d:%02d", offset_s < 0 ? '-' : '+', static_cast<int>(minutes / 60),
             static_cast<int>(minutes % 60));
    return text + shown;
}

/// Thu, 01 Jan 2026 09:00:00 +0000
std::string rfc1123_text(int64_t unix_s) {
    constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const int64_t number = unix_s / 86'400;
    const api::CivilDay day = api::civil_of(number);
    const std::string time = api::Time(unix_s).format().substr(11, 8);
    char date[32];
    snprintf(date, sizeof date, "%s, %02d %s %d ", days[(number + 4) % 7], day.day, months[day.month - 1],
             static_cast<int>(day.year));
    return date + time + " +0000";
}

bool succeeded(const api::Job& job) { return find_job_condition(job.status, "Complete") != nullptr; }

api::Job make_start(const api::CronJob& cronjob, int64_t start_s, const api::TimeZone& zone) {
    api::Job job;
    job.metadata.name = fmt::format("{}-{}", cronjob.metadata.name.view(), start_s / 60);
    job.metadata.namespace_ = cronjob.metadata.namespace_;
    job.metadata.labels = cronjob.spec.job_template.metadata.labels;
    job.metadata.annotations = cronjob.spec.job_template.metadata.annotations;
    job.metadata.annotations[api::cronjob_time_annotation] = local_time_text(start_s, zone);
    job.metadata.owner_references.push_back(api::make_controller_reference("batch/v1", "CronJob", cronjob.metadata));
    job.spec = cronjob.spec.job_template.spec;
    return job;
}

class CronJobPlanner {
  public:
    CronJobPlanner(const api::CronJob& cronjob, const CronJobObserved& seen) : cronjob_(cronjob), seen_(seen) {}
    CronJobPlan make() {
        plan_.status = cronjob_.status;
        follow_jobs();
        trim_history(true, cronjob_.spec.successful_jobs_history_limit);
        trim_history(false, cronjob_.spec.failed_jobs_history_limit);
        if (!cronjob_.metadata.deletion_timestamp && !cronjob_.spec.suspend.value_or(false)) plan_start();
        return std::move(plan_);
    }

  private:
    void tell(std::string_view type, std::string_view reason, std::string message, std::string once = "") {
        plan_.events.push_back({std::string(type), std::string(reason), std::move(message), std::move(once)});
    }
    void follow_jobs();
    void follow_job(const api::Job& job);
    void trim_history(bool successful, const api::Opt<int32_t>& limit);
    void plan_start();
    void start(const api::CronSchedule& schedule, const api::TimeZone& zone, int64_t from_s);
    bool make_room(int64_t start_s);

    const api::CronJob& cronjob_;
    const CronJobObserved& seen_;
    CronJobPlan plan_;
};

void CronJobPlanner::follow_jobs() {
    for (const auto& job : seen_.jobs) follow_job(*job);
    api::List<api::ObjectReference> left;
    for (const auto& active : plan_.status.active) {
        const bool there =
            std::ranges::any_of(seen_.jobs, [&active](const auto& job) { return job->metadata.uid == active.uid; });
        if (there) left.push_back(active);
        else tell("Normal", "MissingJob", "Active job went missing: " + active.name.str());
    }
    plan_.status.active = std::move(left);
}

void CronJobPlanner::follow_job(const api::Job& job) {
    auto& active = plan_.status.active;
    const std::string name = job.metadata.name.str();
    const auto found = std::ranges::find_if(active, [&job](const auto& one) { return one.uid == job.metadata.uid; });
    const api::JobCondition* end = find_job_end(job);
    if (!end) {
        if (found == active.end() && !job.metadata.deletion_timestamp)
            tell("Warning", "UnexpectedJob", "Saw a job that the controller did not create or forgot: " + name,
                 job.metadata.uid.str());
        return;
    }
    if (found != active.end()) {
        tell("Normal", "SawCompletedJob", "Saw completed job: " + name + ", condition: " + end->type.str());
        active.erase(found);
    }
    api::Time& last = plan_.status.last_successful_time;
    if (succeeded(job) && (!last || last < job.status.completion_time)) last = job.status.completion_time;
}

void CronJobPlanner::trim_history(bool successful, const api::Opt<int32_t>& limit) {
    if (!limit) return;
    std::vector<const api::Job*> ended;
    for (const auto& job : seen_.jobs)
        if (find_job_end(*job) && succeeded(*job) == successful && !job->metadata.deletion_timestamp)
            ended.push_back(job.get());
    std::ranges::sort(ended, {},
                      [](const api::Job* job) { return std::pair(job->status.start_time.unix_s, job->metadata.name.view()); });
    for (size_t i = 0; i + static_cast<size_t>(std::max(*limit, 0)) < ended.size(); ++i)
        plan_.old_jobs.push_back(ended[i]->metadata.name.str());
}

void CronJobPlanner::plan_start() {
    const std::string schedule = cronjob_.spec.schedule.str();
    std::optional<api::TimeZone> zone = seen_.local_zone;
    if (cronjob_.spec.time_zone) zone = api::TimeZone::find(*cronjob_.spec.time_zone);
    if (!zone) {
        const std::string name = cronjob_.spec.time_zone->str();
        return tell("Warning", "UnknownTimeZone", "invalid timeZone: " + api::quote(name) + ": unknown time zone " + name,
                    name);
    }
    const auto parsed = api::CronSchedule::parse(schedule);
    if (!parsed)
        return tell("Warning", "UnparseableSchedule",
                    "unparseable schedule: " + api::quote(schedule) + " : " + parsed.error().message(), schedule);
    const bool set_back = seen_.set_back_s > 0 && starts_lie_ahead(cronjob_, seen_.now_s);
    const int64_t from_s = set_back ? seen_.set_back_s : earliest_s(cronjob_);
    start(*parsed, *zone, from_s);
    const auto next = parsed->next(std::max(seen_.now_s, from_s), *zone);
    if (next) plan_.again_after_ms = std::min((*next - seen_.now_s) * 1000 + cronjob_after_start_ms, cronjob_look_ms_max);
}

void CronJobPlanner::start(const api::CronSchedule& schedule, const api::TimeZone& zone, int64_t from_s) {
    const auto due = schedule.last(from_s, seen_.now_s, zone);
    if (!due) return;
    const std::string once = std::to_string(*due);
    if (const auto& deadline_s = cronjob_.spec.starting_deadline_seconds) {
        from_s = std::max(from_s, seen_.now_s - *deadline_s - 1);
        if (*due <= from_s)
            return tell("Warning", "MissSchedule", "Missed scheduled time to start a job: " + rfc1123_text(*due), once);
    }
    const int64_t first = *schedule.next(from_s, zone);
    const auto second = schedule.next(first, zone);
    const int64_t missed = second ? (seen_.now_s - first) / (*second - first) + 1 : 1;
    if (missed > cronjob_missed_max)
        tell("Warning", "TooManyMissedTimes",
             "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew", once);
    if (!make_room(*due)) return;
    plan_.start_s = *due;
    plan_.start = make_start(cronjob_, *due, zone);
}

/// Of the Jobs that still run.
bool CronJobPlanner::make_room(int64_t start_s) {
    auto& active = plan_.status.active;
    if (cronjob_.spec.concurrency_policy == "Forbid" && !active.empty()) {
        tell("Normal", "JobAlreadyActive",
             "Not starting job because prior execution is running and concurrency policy is Forbid", std::to_string(start_s));
        return false;
    }
    if (cronjob_.spec.concurrency_policy != "Replace") return true;
    for (const auto& one : active) plan_.replaced.push_back(one.name.str());
    active.clear();
    return true;
}

}  // namespace

bool starts_lie_ahead(const api::CronJob& cronjob, int64_t now_s) { return earliest_s(cronjob) > now_s + cronjob_ahead_s_max; }

CronJobPlan plan_cronjob(const api::CronJob& cronjob, const CronJobObserved& seen) {
    return CronJobPlanner(cronjob, seen).make();
}

}  // namespace orilla::controllers
