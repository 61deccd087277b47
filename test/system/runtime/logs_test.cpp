#include <sys/statvfs.h>

#include <catch2/catch.hpp>

#include "support/runtime_box.hpp"

using namespace orilla;
using namespace orilla::test;
using namespace orilla::runtime;

namespace {

const std::string thousand_as = "line=$(head -c 1000 /dev/zero | tr '\\0' a); ";

size_t count_lines(const std::string& path) {
    const std::string text = read_text(path);
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("a log is rotated at its limit and loses no line") {
    RuntimeBox box;
    box.run("noisy", thousand_as + "i=0; while [ $i -lt 12000 ]; do echo $line; i=$((i+1)); done");
    const std::string log = box.log("noisy");
    REQUIRE(std::filesystem::exists(log + ".1"));
    CHECK(std::filesystem::file_size(log + ".1") >= 10U << 20);
    CHECK(std::filesystem::file_size(log + ".1") < 11U << 20);
    CHECK(std::filesystem::file_size(log) < 4U << 20);
    CHECK_FALSE(std::filesystem::exists(log + ".2"));
    const std::string all = printed(log + ".1") + printed(log);
    CHECK(all.size() == 12000 * 1001);
    CHECK(static_cast<size_t>(std::count(all.begin(), all.end(), '\n')) == 12000);
    // Between lines, although what is read at once ends in one.
    CHECK(printed(log + ".1").ends_with("a\n"));
    CHECK(printed(log).find('\n') == 1000);
}

TEST_CASE("a log whose lines do not end is rotated nevertheless, and each file begins with a line") {
    RuntimeBox box;
    box.run("open", thousand_as +
                        "printf begun >&2; i=0; while [ $i -lt 12000 ]; do echo $line; i=$((i+1)); done; echo ' goes on' >&2");
    const std::string log = box.log("open");
    const std::string old = printed(log + ".1"), fresh = printed(log);
    CHECK(std::filesystem::file_size(log + ".1") > 11U << 20);
    CHECK(std::filesystem::file_size(log + ".1") < 12U << 20);
    CHECK(old.starts_with("begun"));
    CHECK(old.ends_with("a\n\n"));
    CHECK(fresh.find('\n') == 1000);
    CHECK(fresh.find(" goes on\n") != std::string::npos);
    box.run("endless", "head -c 13000000 /dev/zero | tr '\\0' b; echo; echo last");
    const std::string endless = box.log("endless");
    CHECK(std::filesystem::file_size(endless + ".1") < 12U << 20);
    CHECK(printed(endless + ".1").ends_with("b\n"));
    CHECK(printed(endless + ".1").size() - 1 + printed(endless).size() == 13'000'006);
}

TEST_CASE("what a full disk costs is the rest of a line and whole lines") {
    RuntimeBox box;
    const std::string disk = box.dir() + "/log";
    std::filesystem::create_directories(disk);
    REQUIRE(mount("small", disk.c_str(), "tmpfs", 0, "size=8m") == 0);
    write_text(disk + "/ballast", std::string(6U << 20, 'x'));
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod())));
    auto spec = box.container("cut", thousand_as +
                                         "i=0; while [ $i -lt 3000 ]; do echo $line; i=$((i+1)); done; echo >/tmp/full; "
                                         "while [ ! -e /tmp/go ]; do sleep 0.02; done; i=0; while [ $i -lt 70 ]; do echo "
                                         "$line; i=$((i+1)); done; echo last");
    REQUIRE(await(box.loop, box.runtime->start_container("pod", spec)));
    for (const char* script : {"while [ ! -e /tmp/full ]; do sleep 0.02; done", "touch /tmp/go"}) {
        if (script[0] == 't') std::filesystem::remove(disk + "/ballast");
        REQUIRE(await(box.loop, box.runtime->exec("pod", "cut", {"sh", "-c", script}, 20'000)));
    }
    box.wait_for_exit("pod", "cut");
    std::istringstream lines(printed(box.log("cut")));
    std::string line, last;
    size_t count = 0, cut = 0;
    for (; std::getline(lines, line); last = line, ++count) {
        if (line == "last") continue;
        CHECK(line.find_first_not_of('a') == std::string::npos);
        CHECK(line.size() <= 1000);
        cut += line.size() < 1000;
    }
    CHECK(cut <= 1);
    CHECK(last == "last");
    CHECK(count < 3000);
    umount2(disk.c_str(), MNT_DETACH);
}

TEST_CASE("a full disk costs lines, not the container") {
    RuntimeBox box;
    std::filesystem::create_directories(box.dir() + "/log");
    REQUIRE(mount("small", (box.dir() + "/log").c_str(), "tmpfs", 0, "size=64k") == 0);
    box.run("noisy", thousand_as + "i=0; while [ $i -lt 1000 ]; do echo $line; i=$((i+1)); done; exit 6");
    CHECK(box.state("pod", "noisy")->exit_code == 6);
    CHECK(count_lines(box.log("noisy")) < 100);
    umount2((box.dir() + "/log").c_str(), MNT_DETACH);
}

TEST_CASE("logs stop before the disk is full, and go on once there is room") {
    RuntimeBox box;
    const std::string disk = box.dir() + "/log";
    std::filesystem::create_directories(disk);
    REQUIRE(mount("small", disk.c_str(), "tmpfs", 0, "size=8m") == 0);
    box.run("noisy", thousand_as + "i=0; while [ $i -lt 10000 ]; do echo $line; i=$((i+1)); done");
    struct statvfs left {};
    REQUIRE(statvfs(disk.c_str(), &left) == 0);
    CHECK(left.f_bavail * 100 > left.f_blocks * 3);
    CHECK(left.f_bavail * 100 < left.f_blocks * 6);
    box.run("lost", "echo lost");
    CHECK(printed(box.log("lost")).empty());
    std::filesystem::resize_file(box.log("noisy"), 1'000'000);
    box.run("kept", "echo kept");
    CHECK(printed(box.log("kept")) == "kept\n");
    umount2(disk.c_str(), MNT_DETACH);
}

TEST_CASE("many containers of a pod log at once, each into its own file") {
    RuntimeBox box;
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod())));
    for (const char* id : {"a", "b", "c", "d"})
        REQUIRE(
            await(box.loop, box.runtime->start_container(
                                "pod", box.container(id, std::string("seq 5000 | while read n; do echo ") + id + "; done"))));
    for (const char* id : {"a", "b", "c", "d"}) {
        CHECK(box.wait_for_exit("pod", id).exit_code == 0);
        CHECK(count_lines(box.log(id)) == 5000);
        CHECK(printed(box.log(id)).find_first_not_of(std::string(id) + "\n") == std::string::npos);
    }
}
