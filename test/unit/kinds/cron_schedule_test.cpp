#include "orilla/kinds/cron_schedule.hpp"

#include <catch2/catch.hpp>

#include "orilla/schema/values.hpp"

using namespace orilla::api;

namespace {

int64_t at(const char* rfc3339) { return Time::parse(rfc3339)->unix_s; }
std::string shown(std::optional<int64_t> unix_s) { return unix_s ? Time(*unix_s).format() : "never"; }
std::string next_of(const char* schedule, const char* after, const char* zone = "UTC") {
    auto parsed = CronSchedule::parse(schedule);
    INFO(schedule);
    REQUIRE(parsed);
    return shown(parsed->next(at(after), *TimeZone::find(zone)));
}
std::string refusal(const char* schedule) {
    auto parsed = CronSchedule::parse(schedule);
    return parsed ? "" : parsed.error().message();
}

}  // namespace

TEST_CASE("CronSchedule: all forms") {
    constexpr struct {
        const char *schedule, *after, *next;
    } table[] = {
        {"* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"},
        {"* * * * *", "2026-01-01T00:00:59Z", "2026-01-01T00:01:00Z"},
        {"*/15 * * * *", "2026-01-01T00:16:00Z", "2026-01-01T00:30:00Z"},
        {"5/20 * * * *", "2026-01-01T00:26:00Z", "2026-01-01T00:45:00Z"},
        {"10-20/5 * * * *", "2026-01-01T00:15:00Z", "2026-01-01T00:20:00Z"},
        {"0 3 * * *", "2026-01-01T03:00:00Z", "2026-01-02T03:00:00Z"},
        {"0 0 31 * *", "2026-01-31T12:00:00Z", "2026-03-31T00:00:00Z"},
        {"0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
        {"0 0 * jan MON", "2026-12-01T00:00:00Z", "2027-01-04T00:00:00Z"},
        {"0 12 * * mon-fri", "2026-01-02T12:00:00Z", "2026-01-05T12:00:00Z"},
        {"0 0 1,15 * *", "2026-01-02T00:00:00Z", "2026-01-15T00:00:00Z"},
        {",1,,2 * ? * ?", "2026-01-01T00:01:00Z", "2026-01-01T00:02:00Z"},
        // Both restricted: either. Restricted by a star with a step is restricted, too.
        {"0 0 13 * fri", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"},
        {"0 0 */2 * sun", "2026-01-03T12:00:00Z", "2026-01-04T00:00:00Z"},
        {"@yearly", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"},
        {"@annually", "2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z"},
        {"@monthly", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"},
        {"@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"},
        {"@daily", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"},
        {"@midnight", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"},
        {"@hourly", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"},
        {"@every 90s", "2026-01-01T00:00:07Z", "2026-01-01T00:01:37Z"},
        {"@every 1h30m", "2026-01-01T00:00:00Z", "2026-01-01T01:30:00Z"},
        {"@every 10ms", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"},
        {"0 0 30 2 *", "2026-01-01T00:00:00Z", "never"},
        {"0 0 1 1 *", "1970-01-01T00:00:00Z", "1971-01-01T00:00:00Z"},
    };
    for (const auto& row : table) {
        INFO(row.schedule);
        CHECK(next_of(row.schedule, row.after) == row.next);
    }
}

TEST_CASE("CronSchedule: what is no schedule, in Kubernetes' words") {
    CHECK(refusal("* * * *") == "expected exactly 5 fields, found 4: [* * * *]");
    CHECK(refusal("* * * * * *") == "expected exactly 5 fields, found 6: [* * * * * *]");
    CHECK(refusal("60 * * * *") == "end of range (60) above maximum (59): 60");
    CHECK(refusal("* * 0 * *") == "beginning of range (0) below minimum (1): 0");
    CHECK(refusal("* * * * 7") == "end of range (7) above maximum (6): 7");
    CHECK(refusal("* * * * sat-sun") == "beginning of range (6) beyond end of range (0): sat-sun");
    CHECK(refusal("*/0 * * * *") == "step of range should be a positive number: */0");
    CHECK(refusal("1-2-3 * * * *") == "too many hyphens: 1-2-3");
    CHECK(refusal("1/2/3 * * * *") == "too many slashes: 1/2/3");
    CHECK(refusal("x * * * *") == R"(failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax)");
    CHECK(refusal("@Daily") == "unrecognized descriptor: @Daily");
    CHECK(refusal("@every x") == R"(failed to parse duration @every x: time: invalid duration "x")");
    CHECK_FALSE(refusal("").empty());
    CHECK_FALSE(refusal("TZ=UTC * * * * *").empty());
}

TEST_CASE("CronSchedule: times that do not exist are skipped, times that come twice are one, by a fixed hour") {
    // Madrid: 2:00 becomes 3:00 on 29 March 2026, and 3:00 becomes 2:00 on 25 October.
    CHECK(next_of("30 2 * * *", "2026-03-28T12:00:00Z", "Europe/Madrid") == "2026-03-30T00:30:00Z");
    CHECK(next_of("30 2 * * *", "2026-10-24T12:00:00Z", "Europe/Madrid") == "2026-10-25T00:30:00Z");
    CHECK(next_of("30 2 * * *", "2026-10-25T00:30:00Z", "Europe/Madrid") == "2026-10-26T01:30:00Z");
    CHECK(next_of("30 2 * * *", "2026-10-25T01:10:00Z", "Europe/Madrid") == "2026-10-26T01:30:00Z");
    CHECK(next_of("30 * * * *", "2026-10-25T00:30:00Z", "Europe/Madrid") == "2026-10-25T01:30:00Z");
    CHECK(next_of("0 9 * * *", "2026-07-01T00:00:00Z", "Asia/Kolkata") == "2026-07-01T03:30:00Z");
    CHECK(next_of("0 0 * * *", "2026-01-15T00:00:00Z", "America/New_York") == "2026-01-15T05:00:00Z");
    CHECK(next_of("0 0 * * *", "2026-07-15T05:00:00Z", "America/New_York") == "2026-07-16T04:00:00Z");
}

TEST_CASE("CronSchedule: the last start before now is found, however many there were") {
    const TimeZone utc;
    const auto last = [&](const char* schedule, const char* after, const char* until) {
        return shown(CronSchedule::parse(schedule)->last(at(after), at(until), utc));
    };
    CHECK(last("* * * * *", "1970-01-01T00:00:00Z", "2026-01-01T00:00:30Z") == "2026-01-01T00:00:00Z");
    CHECK(last("0 9 * * mon-fri", "2026-01-01T00:00:00Z", "2026-01-04T23:00:00Z") == "2026-01-02T09:00:00Z");
    CHECK(last("0 9 * * *", "2026-01-01T09:00:00Z", "2026-01-02T08:59:59Z") == "never");
    CHECK(last("0 9 * * *", "2026-01-01T09:00:00Z", "2026-01-02T09:00:00Z") == "2026-01-02T09:00:00Z");
    CHECK(last("@every 10m", "2026-01-01T00:03:00Z", "2026-01-01T00:25:00Z") == "2026-01-01T00:23:00Z");
}

TEST_CASE("TimeZone: known by name, as the rules are now") {
    CHECK_FALSE(TimeZone::find("Nowhere/Land"));
    CHECK_FALSE(TimeZone::find("europe/madrid"));
    CHECK_FALSE(TimeZone::find("Europe/Madri"));
    CHECK_FALSE(TimeZone::find(""));
    const auto hours = [](const char* zone, const char* when) {
        return static_cast<double>(TimeZone::find(zone)->offset_s(at(when))) / 3600;
    };
    CHECK(hours("Europe/Madrid", "2026-01-01T00:00:00Z") == 1);
    CHECK(hours("Europe/Madrid", "2026-07-01T00:00:00Z") == 2);
    CHECK(hours("Europe/Madrid", "2026-03-29T00:59:59Z") == 1);
    CHECK(hours("Europe/Madrid", "2026-03-29T01:00:00Z") == 2);
    CHECK(hours("Australia/Sydney", "2026-01-01T00:00:00Z") == 11);
    CHECK(hours("Australia/Sydney", "2026-07-01T00:00:00Z") == 10);
    CHECK(hours("Asia/Kathmandu", "2026-07-01T00:00:00Z") == 5.75);
    CHECK(hours("Etc/GMT+5", "2026-07-01T00:00:00Z") == -5);
    CHECK(hours("UTC", "2026-07-01T00:00:00Z") == 0);
    CHECK(hours("America/St_Johns", "2026-07-01T00:00:00Z") == -2.5);
}

TEST_CASE("TimeZone: rules that are none") {
    for (const char* text : {"", "C", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-25",
                             "CET-1CEST,M3.5.0,M10.5.0/168", "<+03-3", "CET-1CEST,J0,J365", "CET-1CEST,M3.5.0,M10.5.0x"})
        CHECK_FALSE(TimeZone::parse_posix(text));
    CHECK(TimeZone::parse_posix("<+0330>-3:30")->offset_s(0) == 12'600);
    CHECK(TimeZone::parse_posix("EST5EDT,0/0,J365/25")->offset_s(1'000'000'000) == -14'400);
}
