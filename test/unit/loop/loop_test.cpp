#include "orilla/loop/loop.hpp"

#include <catch2/catch.hpp>
#include <new>
#include <string>

#include "../../support/await.hpp"
#include "../../support/fake_clock.hpp"
#include "orilla/loop/io_thread.hpp"
#include "orilla/loop/timeout.hpp"

using namespace orilla;
using namespace orilla::loop;
using orilla::test::FakeClock;
using orilla::test::pass;
using orilla::test::settle;

namespace {
struct Mark {
    std::string* log;
    char letter;
    Mark(std::string* out, char c) : log(out), letter(c) {}
    ~Mark() { *log += letter; }
};

Task<int> slow_number(Loop& loop, int64_t ms, std::string* log) {
    Mark mark(log, 'd');
    co_await loop.sleep_for(ms);
    co_return 7;
}

Task<void> add_number(Loop& loop, std::string* log) {
    AWAIT(const int value, slow_number(loop, 100, log));
    *log += std::to_string(value);
}
}  // namespace

TEST_CASE("Task: a nested task runs and gives its value") {
    FakeClock clock;
    Loop loop(clock);
    Scope scope(loop);
    std::string log;
    scope.spawn(add_number(loop, &log));
    pass(loop, clock, 99);
    CHECK(log.empty());
    pass(loop, clock, 1);
    CHECK(log == "d7");
    CHECK(scope.running() == 0);
}

TEST_CASE("Scope: cancelling destroys suspended frames, innermost too, and their timers") {
    FakeClock clock;
    Loop loop(clock);
    std::string log;
    {
        Scope scope(loop);
        scope.spawn(add_number(loop, &log));
        settle(loop);
    }
    CHECK(log == "d");
    CHECK(loop.next_deadline_ms() == -1);
}

TEST_CASE("with_timeout: a late task is destroyed and gives nothing") {
    FakeClock clock;
    Loop loop(clock);
    Scope scope(loop);
    std::string log;
    auto waiter = [](Loop& l, std::string* out, int64_t limit) -> Task<void> {
        AWAIT(const std::optional<int> value, with_timeout(l, slow_number(l, 100, out), limit));
        *out += value ? "value" : "late";
    };
    scope.spawn(waiter(loop, &log, 50));
    pass(loop, clock, 200);
    CHECK((log == "dlate" || log == "lated"));
    log.clear();
    scope.spawn(waiter(loop, &log, 150));
    pass(loop, clock, 200);
    CHECK(log == "dvalue");
}

TEST_CASE("FdWatch: a pipe wakes its reader") {
    SystemClock clock;
    Loop loop(clock);
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    UniqueFd in(ends[0]), out(ends[1]);
    Scope scope(loop);
    std::string log;
    auto reader = [](Loop& l, int fd, std::string* got) -> Task<void> {
        FdWatch watch(l, fd);
        co_await watch.readable();
        char c = 0;
        if (read(fd, &c, 1) == 1) *got += c;
    };
    scope.spawn(reader(loop, in.get(), &log));
    settle(loop);
    CHECK(log.empty());
    REQUIRE(write(out.get(), "x", 1) == 1);
    settle(loop);
    CHECK(log == "x");
}

TEST_CASE("run_on: what a job with a Result throws is its error") {
    SystemClock clock;
    Loop loop{clock};
    InlineExecutor executor(loop);
    for (const bool known : {true, false}) {
        auto job = [known]() -> Result<int> {
            if (known) throw std::bad_alloc();
            throw 1;
        };
        auto result = test::await(loop, run_on(executor, loop, job));
        REQUIRE_FALSE(result);
        CHECK(result.error().code() == Code::internal);
        CHECK(result.error().message() == (known ? "std::bad_alloc" : "unknown exception"));
    }
}

TEST_CASE("IoThread: a job's value comes back on the loop") {
    SystemClock clock;
    Loop loop(clock);
    IoThread thread(loop);
    Scope scope(loop);
    int got = 0;
    auto asker = [](Loop& l, IoThread& t, int* out) -> Task<void> {
        auto task = run_on(t, l, [] { return 42; });
        *out = co_await std::move(task);
        l.stop();
    };
    scope.spawn(asker(loop, thread, &got));
    loop.run();
    CHECK(got == 42);
}

TEST_CASE("Event: a waiter that was cancelled is not woken") {
    FakeClock clock;
    Loop loop(clock);
    Event event(loop);
    std::string log;
    auto waiter = [](Event& e, std::string* out) -> Task<void> {
        co_await e.wait();
        *out += "woken";
    };
    auto scope = std::make_unique<Scope>(loop);
    scope->spawn(waiter(event, &log));
    event.notify_all();
    scope.reset();
    settle(loop);
    CHECK(log.empty());
}

TEST_CASE("Loop: a stop before run ends it at once") {
    FakeClock clock;
    Loop loop(clock);
    loop.stop();
    loop.run();
    SUCCEED("returned");
}
