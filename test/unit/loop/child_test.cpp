#include "orilla/loop/child.hpp"

#include <poll.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <optional>

using namespace orilla;
using namespace orilla::loop;

namespace {
ExitStatus run_to_end(const SpawnSpec& spec) {
    SystemClock clock;
    Loop loop(clock);
    Scope scope(loop);
    auto child = spawn_child(loop, spec);
    REQUIRE(child);
    ExitStatus status;
    auto waiter = [](Loop& l, Child* c, ExitStatus* out) -> Task<void> {
        *out = co_await c->wait();
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
    SystemClock clock;
    Loop loop(clock);
    auto child = spawn_child(loop, {"/nonexistent", {"x"}, {}, {}});
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

namespace {
/// Traces the process, which keeps it from being reaped when it has been killed, until a byte comes or somebody has waited
/// for long. Exits with 0 for the byte.
[[noreturn]] void keep_unreaped(pid_t pid, int attached, int release) {
    constexpr int waited_for_long_ms = 10'000;
    const bool traces = ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) == 0;
    const char answer = traces ? 'y' : 'n';
    pollfd watched{release, POLLIN, 0};
    const bool told = write(attached, &answer, 1) == 1 && poll(&watched, 1, waited_for_long_ms) == 1;
    if (traces) waitpid(pid, nullptr, __WALL);
    _exit(told ? 0 : 1);
}

bool is_our_child(pid_t pid) {
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}
}  // namespace

TEST_CASE("spawn_child: letting go of one that does not end keeps nobody, and it is reaped when it ends") {
    SystemClock clock;
    Loop loop(clock);
    auto spawned = spawn_child(loop, {"/bin/sleep", {"sleep", "1000"}, {}, {}});
    REQUIRE(spawned);
    std::optional<Child> child(std::move(*spawned));
    const pid_t pid = child->pid();
    int attached[2], release[2];
    REQUIRE(pipe(attached) == 0);
    REQUIRE(pipe(release) == 0);
    const UniqueFd attached_in(attached[0]), attached_out(attached[1]), release_in(release[0]), release_out(release[1]);
    const pid_t tracer = fork();
    if (tracer == 0) keep_unreaped(pid, attached[1], release[0]);
    char traced = 'n';
    REQUIRE(read(attached[0], &traced, 1) == 1);
    child.reset();
    loop.turn(false);
    CHECK((traced == 'n' || is_our_child(pid)));
    REQUIRE(write(release[1], "x", 1) == 1);
    while (is_our_child(pid)) loop.turn(true);
    int status = 0;
    REQUIRE(waitpid(tracer, &status, 0) == tracer);
    CHECK(status == 0);
}
