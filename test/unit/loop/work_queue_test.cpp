#include "orilla/loop/work_queue.hpp"

#include <catch2/catch.hpp>

#include "../../support/fake_clock.hpp"

using namespace orilla;
using namespace orilla::loop;
using orilla::test::FakeClock;
using orilla::test::pass;
using orilla::test::settle;

namespace {
class Recorder : public Reconciler {
  public:
    explicit Recorder(Loop& loop) : loop_(loop) {}
    Task<Result<Outcome>> reconcile(std::string key) override {
        ++running;
        CHECK(running == 1);
        seen.push_back(key);
        co_await loop_.sleep_for(10);
        --running;
        if (fail_times > 0) {
            --fail_times;
            co_return Error(code, "no");
        }
        co_return Outcome{};
    }
    std::vector<std::string> seen;
    int running = 0;
    int fail_times = 0;
    Code code = Code::internal;

  private:
    Loop& loop_;
};
}  // namespace

TEST_CASE("WorkQueue: a key added while processed is processed once more, never at the same time") {
    FakeClock clock;
    Loop loop(clock);
    Recorder recorder(loop);
    Worker worker(loop, recorder, {.name = "test", .concurrency = 4});
    worker.queue().add("a");
    worker.queue().add("a");
    pass(loop, clock, 5);
    CHECK(recorder.seen.size() == 1);
    worker.queue().add("a");
    worker.queue().add("a");
    pass(loop, clock, 100);
    CHECK(recorder.seen.size() == 2);
}

TEST_CASE("Worker: a failing key backs off and is tried again") {
    FakeClock clock;
    Loop loop(clock);
    Recorder recorder(loop);
    recorder.fail_times = 3;
    Worker worker(loop, recorder, {.name = "test", .backoff_ms_min = 100, .backoff_ms_max = 150});
    worker.queue().add("a");
    pass(loop, clock, 50);
    CHECK(recorder.seen.size() == 1);
    pass(loop, clock, 100);
    CHECK(recorder.seen.size() == 2);
    pass(loop, clock, 1000);
    CHECK(recorder.seen.size() == 4);
}

TEST_CASE("Worker: an invalid object is reported, not retried") {
    FakeClock clock;
    Loop loop(clock);
    Recorder recorder(loop);
    recorder.fail_times = 1;
    recorder.code = Code::invalid;
    Worker worker(loop, recorder, {.name = "test"});
    worker.queue().add("a");
    pass(loop, clock, 100'000);
    CHECK(recorder.seen.size() == 1);
}

TEST_CASE("Worker: what is forbidden may be allowed later, and is tried again") {
    FakeClock clock;
    Loop loop(clock);
    Recorder recorder(loop);
    recorder.fail_times = 1;
    recorder.code = Code::forbidden;
    Worker worker(loop, recorder, {.name = "test"});
    worker.queue().add("a");
    pass(loop, clock, 1000);
    CHECK(recorder.seen.size() == 2);
}

TEST_CASE("WorkQueue: the earlier of two dates wins") {
    FakeClock clock;
    Loop loop(clock);
    Recorder recorder(loop);
    Worker worker(loop, recorder, {.name = "test"});
    worker.queue().add_after("a", 1000);
    worker.queue().add_after("a", 200);
    worker.queue().add_after("a", 5000);
    pass(loop, clock, 300);
    CHECK(recorder.seen.size() == 1);
    pass(loop, clock, 10'000);
    CHECK(recorder.seen.size() == 1);
}
