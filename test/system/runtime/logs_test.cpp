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
    struct statvfs left{};
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
        REQUIRE(await(box.loop, box.runtime->start_container(
                                    "pod", box.container(id, std::string("seq 5000 | while read n; do echo ") + id + "; done"))));
    for (const char* id : {"a", "b", "c", "d"}) {
        CHECK(box.wait_for_exit("pod", id).exit_code == 0);
        CHECK(count_lines(box.log(id)) == 5000);
        CHECK(printed(box.log(id)).find_first_not_of(std::string(id) + "\n") == std::string::npos);
    }
}
