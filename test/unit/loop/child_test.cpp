#include "orilla/loop/child.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::loop;

namespace {
ExitStatus run_to_end(const SpawnSpec& spec) {
    SystemClock clock;
    Loop loop(clock);
    Scope scope(loop);
    auto child = spawn_child(spec);
    REQUIRE(child);
    ExitStatus status;
    auto waiter = [](Loop& l, Child* c, ExitStatus* out) -> Task<void> {
        *out = co_await c->wait(l);
        l.stop();
    };
    scope.spawn(waiter(loop, &*child, &status));
    loop.run();
    return status;
}
}  // namespace

TEST_CASE("spawn_child: the exit code comes back") {
    const auto status = run_to_end({"/bin/sh", {"sh", "-c", "exit 3"}, {}, {}});
    CHECK(status.code == 3);
    CHECK(status.describe() == "exited with code 3");
}

TEST_CASE("spawn_child: a missing program is an error of the spawn") {
    auto child = spawn_child({"/nonexistent", {"x"}, {}, {}});
    REQUIRE(!child);
    CHECK(child.error().error_number() == ENOENT);
}

TEST_CASE("spawn_child: the child has the fds it was given and no other") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    UniqueFd in(ends[0]), out(ends[1]);
    const int leaked = dup(in.get());  // not CLOEXEC on purpose
    const auto status = run_to_end({"/bin/sh", {"sh", "-c", "ls /proc/self/fd >&1"}, {"PATH=/bin"}, {{out.get(), 1}}});
    CHECK(status.success());
    ::close(leaked);
    char text[256];
    const ssize_t got = read(in.get(), text, sizeof text);
    REQUIRE(got > 0);
    CHECK(std::string(text, static_cast<size_t>(got)) == "0\n1\n2\n3\n");  // 3 is ls reading the directory
}
