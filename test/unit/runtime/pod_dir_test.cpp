#include "pod_dir.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "orilla/base/unique_fd.hpp"

using namespace orilla;
using namespace orilla::runtime;

TEST_CASE("a pod record reads back as it was written") {
    PodRecord record;
    record.cgroup = "/pods/burstable/0a1b";
    record.created_ms = 1234;
    record.facts.own_ipc = true;
    record.facts.share_process_namespace = true;
    record.facts.has_resolv_conf = true;
    record.facts.first_id = 0x70010000;
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

TEST_CASE("the files of a pod of an older daemon are where that one put them") {
    auto old = parse_pod_record("version 1\ncgroup /c\nhas_hosts 1\n");
    REQUIRE(old);
    old->facts.dir = "/run/pods/p";
    CHECK(old->facts.files_dir() == "/run/pods/p");
    CHECK(message_path(old->facts, "c-0") == "/run/pods/p/c-0.message");
    auto apart = parse_pod_record("version 1\ncgroup /c\nfiles_apart 1\n");
    REQUIRE(apart);
    apart->facts.dir = "/run/pods/p";
    CHECK(apart->facts.files_dir() == "/run/pods/p/files");
    CHECK(message_path(apart->facts, "c-0") == "/run/pods/p/files/c-0.message");
    CHECK(message_path(PodFacts{.dir = "/run/pods/p"}, "c-0") == "/run/pods/p/messages/c-0/message");
}

TEST_CASE("how far a stop has come reads back as it was written") {
    const StopProgress begun{.begun_ms = 12};
    CHECK(parse_stop(render_stop(begun)) == begun);
    const StopProgress all{1, 20, 300, 4000, 30};
    CHECK(parse_stop(render_stop(all)) == all);
    CHECK(parse_stop(render_stop({})) == StopProgress{});
}

TEST_CASE("what a damaged stop record tells has not happened") {
    CHECK(parse_stop("begun_ms") == StopProgress{});
    CHECK(parse_stop("begun_ms -5\nsignalled_ms x\nlater 3\n\n") == StopProgress{});
    CHECK(parse_stop("begun_ms 7\nhook_begun_ms 99999999999999999999") == StopProgress{.begun_ms = 7});
}

TEST_CASE("a file that is larger than may be read is an error and not half of it") {
    char path[] = "/tmp/orilla-own-file-XXXXXX";
    const UniqueFd fd(mkstemp(path));
    REQUIRE(fd);
    REQUIRE(write(fd.get(), "version 1\ncgroup pods/a\n", 24) == 24);
    const auto whole = read_own_file(path, 24);
    REQUIRE(whole);
    CHECK(whole->ends_with("pods/a\n"));
    const auto cut = read_own_file(path, 22);
    REQUIRE_FALSE(cut);
    CHECK(cut.error().code() == Code::too_large);
    CHECK(*read_file_end(path, 7) == "pods/a\n");
    unlink(path);
    CHECK(read_own_file(path, 24).error().code() == Code::not_found);
}
