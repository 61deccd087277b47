// CronJobs over all controllers, and the plan alone where time is far away.
#include "job_world.hpp"
#include "orilla/kinds/owners.hpp"
#include "workload/cronjob_plan.hpp"

using namespace orilla;
using namespace orilla::test;

namespace {

/// The test's clock begins at 2023-11-14T22:13:20Z.
struct CronJobWorld : JobWorld {
    void make(std::string_view schedule, std::string_view policy = "Allow") {
        api::CronJob cronjob;
        cronjob.metadata.name = "tick";
        cronjob.metadata.namespace_ = "default";
        cronjob.spec.schedule = api::Str(schedule);
        cronjob.spec.concurrency_policy = api::Str(policy);
        cronjob.spec.job_template.spec = job_with("x", 1, 1).spec;
        cronjob.spec.job_template.metadata.labels["from"] = "tick";
        REQUIRE(create(cronjob));
    }
    std::vector<std::shared_ptr<const api::Job>> jobs() { return objects.list<api::Job>("default"); }
    api::CronJobStatus state() { return get<api::CronJob>("tick")->status; }
    void set_wall(int64_t wall_s) { clock.set_wall_offset_s(wall_s - clock.monotonic_ms() / 1000); }
};

}  // namespace

TEST_CASE("cronjob: a Job at each start, named after its minute") {
    CronJobWorld w;
    w.make("* * * * *");
    CHECK(w.jobs().empty());
    w.pass(61'000);
    REQUIRE(w.jobs().size() == 1);
    const auto job = w.jobs()[0];
    const int64_t start_s = w.state().last_schedule_time.unix_s;
    CHECK(start_s % 60 == 0);
    CHECK(job->metadata.name == "tick-" + std::to_string(start_s / 60));
    CHECK(*job->metadata.labels.get("from") == "tick");
    CHECK(*job->metadata.annotations.get(api::cronjob_time_annotation) == api::Time(start_s).format());
    CHECK(job->metadata.owner_references[0].kind == "CronJob");
    REQUIRE(w.state().active.size() == 1);
    CHECK(w.state().active[0].uid == job->metadata.uid);
    CHECK(w.told("SuccessfulCreate") >= 1);
    w.end_all(0);
    w.pass(1'000);
    CHECK(w.state().active.empty());
    CHECK(w.state().last_successful_time);
    CHECK(w.told("SawCompletedJob") == 1);
    w.pass(60'000);
    CHECK(w.jobs().size() == 2);
}

TEST_CASE("cronjob: history is kept up to its limits") {
    CronJobWorld w;
    w.make("* * * * *");
    for (int minute = 0; minute < 6; ++minute) {
        w.pass(60'000);
        w.end_all(0);
    }
    w.pass(1'000);
    CHECK(w.jobs().size() <= 4);
    CHECK(w.told("SuccessfulDelete") >= 1);
}

TEST_CASE("cronjob: Forbid waits, Replace makes room, Allow does neither") {
    for (const char* policy : {"Forbid", "Replace", "Allow"}) {
        CronJobWorld w;
        w.make("* * * * *", policy);
        w.pass(61'000);
        REQUIRE(w.jobs().size() == 1);
        const std::string first = w.jobs()[0]->metadata.name.str();
        w.pass(120'000);
        const std::string_view name = policy;
        CHECK(w.state().active.size() == (name == "Allow" ? 3 : 1));
        CHECK(w.jobs().size() == (name == "Allow" ? 3 : 1));
        CHECK((w.jobs()[0]->metadata.name == first) == (name != "Replace"));
        if (name != "Forbid") continue;
        CHECK(w.told("JobAlreadyActive") == 1);
        w.end_all(0);
        w.pass(1'000);
        CHECK(w.jobs().size() == 2);  // the newest start that was held back
    }
}

TEST_CASE("cronjob: a suspended one starts nothing, and the newest start when it goes on") {
    CronJobWorld w;
    w.make("* * * * *");
    REQUIRE(w.edit<api::CronJob>("tick", [](api::CronJob& one) { one.spec.suspend = true; }));
    w.pass(600'000);
    CHECK(w.jobs().empty());
    REQUIRE(w.edit<api::CronJob>("tick", [](api::CronJob& one) { one.spec.suspend = false; }));
    w.pass(1'000);
    CHECK(w.jobs().size() == 1);
}

TEST_CASE("cronjob: a clock that jumps a year ahead makes one start, one that jumps back goes on from there") {
    CronJobWorld w;
    w.make("*/10 * * * *");
    w.pass(700'000);
    const size_t before = w.jobs().size();
    w.set_wall(w.clock.wall_s() + 31'536'000);
    w.pass(61'000);
    CHECK(w.jobs().size() == before + 1);
    CHECK(w.told("TooManyMissedTimes") == 1);
    w.set_wall(w.clock.wall_s() - 2 * 31'536'000);
    w.pass(700'000);
    CHECK(w.jobs().size() >= before + 2);
    CHECK(w.jobs().size() <= before + 3);
    CHECK(w.state().last_schedule_time.unix_s <= w.clock.wall_s());
}

TEST_CASE("cronjob: a Job that an earlier daemon made and did not write down is taken, not made again") {
    CronJobWorld w;
    w.make("0 0 1 1 *");
    const auto edit = [&w](api::CronJob& one) { one.status.last_schedule_time = api::Time(w.clock.wall_s() - 366 * 86'400); };
    const int64_t start_s = api::Time::parse("2023-01-01T00:00:00Z")->unix_s;
    api::Job job = job_with("tick-" + std::to_string(start_s / 60), 1, 1);
    job.metadata.owner_references.push_back(
        api::make_controller_reference("batch/v1", "CronJob", w.get<api::CronJob>("tick")->metadata));
    REQUIRE(w.create(job));
    REQUIRE(w.edit_status<api::CronJob>("tick", edit));
    w.pass(1'000);
    CHECK(w.jobs().size() == 1);
    CHECK(w.state().last_schedule_time.unix_s == start_s);
    REQUIRE(w.state().active.size() == 1);
    CHECK(w.told("FailedCreate") == 0);
}

TEST_CASE("cronjob: what is deleted takes its Jobs along") {
    CronJobWorld w;
    w.make("* * * * *");
    w.pass(61'000);
    REQUIRE(w.remove<api::CronJob>("tick"));
    w.pass(2'000);
    CHECK(w.jobs().empty());
    CHECK(w.active().empty());
}

TEST_CASE("plan_cronjob: a start that is too late is left out, and told of") {
    api::CronJob cronjob;
    cronjob.metadata.name = "tick";
    cronjob.metadata.creation_timestamp = *api::Time::parse("2026-01-01T00:00:00Z");
    cronjob.spec.schedule = "0 9 * * *";
    cronjob.spec.starting_deadline_seconds = 600;
    controllers::CronJobObserved seen;
    seen.now_s = api::Time::parse("2026-01-01T09:10:00Z")->unix_s;
    auto plan = controllers::plan_cronjob(cronjob, seen);
    REQUIRE(plan.start);
    CHECK(plan.start->metadata.name == "tick-" + std::to_string(api::Time::parse("2026-01-01T09:00:00Z")->unix_s / 60));
    ++seen.now_s;
    plan = controllers::plan_cronjob(cronjob, seen);
    CHECK_FALSE(plan.start);
    REQUIRE(plan.events.size() == 1);
    CHECK(plan.events[0].message == "Missed scheduled time to start a job: Thu, 01 Jan 2026 09:00:00 +0000");
}

TEST_CASE("plan_cronjob: the time of a start is told in its zone") {
    api::CronJob cronjob;
    cronjob.metadata.name = "tick";
    cronjob.metadata.creation_timestamp = *api::Time::parse("2026-07-01T00:00:00Z");
    cronjob.spec.schedule = "0 9 * * *";
    cronjob.spec.time_zone = "Asia/Kolkata";
    controllers::CronJobObserved seen;
    seen.now_s = api::Time::parse("2026-07-01T04:00:00Z")->unix_s;
    const auto plan = controllers::plan_cronjob(cronjob, seen);
    REQUIRE(plan.start);
    CHECK(*plan.start->metadata.annotations.get(api::cronjob_time_annotation) == "2026-07-01T09:00:00+05:30");
    cronjob.spec.time_zone = "Mars/Base";
    CHECK(controllers::plan_cronjob(cronjob, seen).events[0].message ==
          R"(invalid timeZone: "Mars/Base": unknown time zone Mars/Base)");
}
