#include "pod/pod_files.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <latch>
#include <memory>
#include <vector>

#include "../../support/await.hpp"
#include "orilla/base/clock.hpp"
#include "orilla/loop/io_pool.hpp"

using namespace orilla;
using namespace orilla::node;

namespace {

/// On real threads; what it holds up waits until it is let go.
struct FilesWorld {
    explicit FilesWorld(int at_work_max = 2) : pool(loop, {.at_work_max = at_work_max, .hung_ms = 60'000}) {}
    ~FilesWorld() { std::filesystem::remove_all(dir); }
    /// Keeps all threads of the pool.
    void hold_up() {
        pool.submit([held = held] { held->wait(); }, [this] { ++released; });
    }
    void let_go() {
        held->count_down();
        while (released == 0) loop.turn(true);
    }
    test::Started<Result<void>> make(const std::string& name) { return {loop, files.make({}, {dir + name})}; }
    bool exists(const std::string& path) const { return std::filesystem::exists(dir + path); }

    std::string dir = (std::filesystem::temp_directory_path() / ("orilla-files-" + std::to_string(getpid()))).string();
    std::shared_ptr<std::latch> held = std::make_shared<std::latch>(1);
    int released = 0;
    SystemClock clock;
    loop::Loop loop{clock};
    loop::IoPool pool;
    PodFiles files{loop, pool, pool, dir};
};

}  // namespace

TEST_CASE("PodFiles: jobs are done one after another") {
    FilesWorld w;
    std::vector<test::Started<Result<void>>> made;
    for (int i = 0; i < 8; ++i) made.push_back(w.make("/" + std::to_string(i)));
    while (!made.back().done()) w.loop.turn(true);
    for (int i = 0; i < 8; ++i) {
        REQUIRE(made[static_cast<size_t>(i)].done());
        CHECK(w.exists("/" + std::to_string(i)));
    }
}

TEST_CASE("PodFiles: a directory that cannot be made is an error that names it") {
    FilesWorld w;
    auto made = test::await(w.loop, w.files.make({}, {"/proc/none"}));
    REQUIRE_FALSE(made);
    CHECK(made.error().message().starts_with("make directory /proc/none: "));
}

TEST_CASE("PodFiles: nothing is made once the files are to go, also by a job that was given before") {
    FilesWorld w(1);
    w.hold_up();
    auto made = w.make("/log");
    test::Started closed(w.loop, w.files.unpublish());
    w.let_go();
    while (!made.done() || !closed.done()) w.loop.turn(true);
    REQUIRE_FALSE(made.get());
    CHECK(made.get().error().message() == "the pod's files are being removed");
    CHECK_FALSE(w.exists(""));
}

TEST_CASE("PodFiles: who waits may go, and the job goes on") {
    FilesWorld w(1);
    w.hold_up();
    w.make("/log").cancel();
    w.let_go();
    CHECK(test::await(w.loop, w.files.make({}, {})));
    CHECK(w.exists("/log"));
}
