#include "cli_support.hpp"
#include "describe/event_list.hpp"
#include "print/output.hpp"

using namespace orilla::cli;

TEST_CASE("sort_events: oldest first by when they were seen last, whatever field says it") {
    const auto events = sort_events(boost::json::parse(R"([{"reason":"c","lastTimestamp":"2026-01-01T00:00:03Z"},
        {"reason":"b","eventTime":"2026-01-01T00:00:02.000000Z","lastTimestamp":null},
        {"reason":"a","metadata":{"creationTimestamp":"2026-01-01T00:00:01Z"}}])")
                                        .as_array());
    REQUIRE(events.size() == 3);
    CHECK(text_at(events[0], "reason") == "a");
    CHECK(text_at(events[1], "reason") == "b");
    CHECK(text_at(events[2], "kind") == "Event");
}

TEST_CASE("event_age: how long ago, how often, and over which time") {
    const int64_t now = 1767225600 + 3600;  // an hour after 2026-01-01T00:00:00Z
    CHECK(event_age(object(R"({"lastTimestamp":"2026-01-01T00:59:30Z"})"), now) == "30s");
    CHECK(event_age(object(R"({"lastTimestamp":"2026-01-01T00:59:30Z","firstTimestamp":"2026-01-01T00:00:00Z","count":4})"),
                    now) == "30s (x4 over 60m)");
    CHECK(event_age(object(R"({"lastTimestamp":"2026-01-01T02:00:00Z"})"), now) == "0s");
    CHECK(event_age(object("{}"), now) == "<unknown>");
}
