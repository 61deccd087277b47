#include <catch2/catch.hpp>

#include "../../support/kinds.hpp"
#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/defaults.hpp"
#include "orilla/kinds/table.hpp"
#include "orilla/kinds/validation.hpp"

using namespace orilla::api;

namespace {

Object cronjob_of(std::string_view spec, std::string_view job = "", std::string_view name = "tick") {
    const std::string text = R"({"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":")" + std::string(name) +
                             R"(","namespace":"default"},"spec":{)" + std::string(spec) + R"(,"jobTemplate":{"spec":{)" +
                             std::string(job) +
                             R"("template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}}})";
    auto object = decode_object(orilla::test::builtin(), text);
    INFO((object ? std::string() : object.error().message()) << text);
    REQUIRE(object.has_value());
    apply_defaults(*object);
    return std::move(*object);
}
std::string created_cronjob(std::string_view spec, std::string_view job = "", std::string_view name = "tick") {
    const auto result = validate_create(cronjob_of(spec, job, name));
    return result ? "" : result.error().message().substr(result.error().message().find(" is invalid: ") + 13);
}
constexpr std::string_view hourly = R"("schedule":"@hourly")";

}  // namespace

TEST_CASE("CronJob: defaults are its own, the Job gets its own when it is made") {
    const Object object = cronjob_of(hourly);
    const CronJobSpec& spec = object.as<CronJob>().spec;
    CHECK(spec.concurrency_policy == "Allow");
    CHECK(spec.suspend == false);
    CHECK(spec.successful_jobs_history_limit == 3);
    CHECK(spec.failed_jobs_history_limit == 1);
    CHECK_FALSE(spec.job_template.spec.backoff_limit);
    CHECK_FALSE(spec.job_template.spec.completion_mode);
}

TEST_CASE("CronJob: what may not be stored") {
    CHECK(created_cronjob(hourly).empty());
    CHECK(created_cronjob(R"("schedule":"0 0 30 2 *")").empty());
    CHECK(created_cronjob(R"("schedule":"61 * * * *")") ==
          R"(spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61)");
    CHECK(
        created_cronjob(R"("schedule":"TZ=UTC 1 * * * *")") ==
        R"(spec.schedule: Invalid value: "TZ=UTC 1 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead)");
    CHECK(created_cronjob(R"("schedule":"@hourly","timeZone":"Europe/Madrid")").empty());
    CHECK(created_cronjob(R"("schedule":"@hourly","timeZone":"Mars/Base")") ==
          R"(spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base)");
    CHECK(created_cronjob(R"("schedule":"@hourly","timeZone":"local")").find("must be an explicit time zone") !=
          std::string::npos);
    CHECK(created_cronjob(R"("schedule":"@hourly","startingDeadlineSeconds":-1)") ==
          "spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0");
    CHECK(created_cronjob(R"("schedule":"@hourly","concurrencyPolicy":"Both")") ==
          R"(spec.concurrencyPolicy: Unsupported value: "Both": supported values: "Allow", "Forbid", "Replace")");
    CHECK(created_cronjob(hourly, R"("manualSelector":true,)").find("spec.jobTemplate.spec.manualSelector") == 0);
    CHECK(created_cronjob(hourly, R"("parallelism":-1,)") ==
          "spec.jobTemplate.spec.parallelism: Invalid value: -1: must be greater than or equal to 0");
    CHECK(created_cronjob(hourly, "", std::string(53, 'a')).find("must be no more than 52 characters") != std::string::npos);
}

TEST_CASE("CronJob: what get shows") {
    Object object = cronjob_of(hourly);
    auto row = render_row(object, 1000);
    CHECK(row[1].to_string() == "@hourly");
    CHECK(row[2].to_string() == "<none>");
    CHECK(row[3].to_string() == "False");
    CHECK(row[4].to_string() == "0");
    CHECK(row[5].to_string() == "<none>");
    object.as<CronJob>().status.last_schedule_time = Time(940);
    CHECK(render_row(object, 1000)[5].to_string() == "60s");
}
