#include "pod_dir.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::runtime;

TEST_CASE("a pod record reads back as it was written") {
    PodRecord record;
    record.cgroup = "/pods/burstable/0a1b";
    record.facts.own_ipc = true;
    record.facts.share_process_namespace = true;
    record.facts.has_resolv_conf = true;
    auto parsed = parse_pod_record(render_pod_record(record));
    REQUIRE(parsed);
    CHECK(*parsed == record);
    record.facts = {.own_ipc = false, .host_pid = true};
    CHECK(*parse_pod_record(render_pod_record(record)) == record);
}

TEST_CASE("a pod record of a later version may say more, a damaged one is an error") {
    CHECK(parse_pod_record("version 1\ncgroup /c\nsomething_new 1\n"));
    CHECK_FALSE(parse_pod_record(""));
    CHECK_FALSE(parse_pod_record("version 1\n"));
    CHECK_FALSE(parse_pod_record("version 2\ncgroup /c\n"));
    CHECK_FALSE(parse_pod_record("version 1\ncgroup /c\ngarbage"));
}
