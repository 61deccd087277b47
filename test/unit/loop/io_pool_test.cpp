#include "orilla/loop/io_pool.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <latch>
#include <memory>
#include <thread>

#include "orilla/base/clock.hpp"

using namespace orilla;
using namespace orilla::loop;

namespace {

struct PoolWorld {
    explicit PoolWorld(IoPoolLimits limits = {.hung_ms = 10}) : pool(std::make_unique<IoPool>(loop, limits)) {}
    void submit(std::function<void()> job) {
        pool->submit(std::move(job), [this] { ++done; });
    }
    void wait_for(int count) {
        while (done < count) loop.turn(true);
    }
    SystemClock clock;
    Loop loop{clock};
    int done = 0;
    std::unique_ptr<IoPool> pool;
};

}  // namespace

TEST_CASE("IoPool: jobs are done, and told on the loop") {
    PoolWorld w;
    std::atomic<int> sum = 0;
    for (int i = 1; i <= 100; ++i) w.submit([&sum, i] { sum += i; });
    w.wait_for(100);
    CHECK(sum == 5050);
}

TEST_CASE("IoPool: no more jobs at a time than the limit says") {
    PoolWorld w({.at_work_max = 3, .hung_ms = 60'000});
    std::atomic<int> at_work = 0, most = 0;
    for (int i = 0; i < 200; ++i)
        w.submit([&] {
            const int now = ++at_work;
            for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {
            }
            --at_work;
        });
    w.wait_for(200);
    CHECK(most <= 3);
}

TEST_CASE("IoPool: jobs that never end keep others from nothing") {
    constexpr int hung = 5;
    auto released = std::make_shared<std::latch>(1);
    PoolWorld w({.at_work_max = 2, .hung_ms = 10});
    for (int i = 0; i < hung; ++i) w.submit([released] { released->wait(); });
    for (int i = 0; i < 20; ++i) w.submit([] {});
    w.wait_for(20);
    CHECK(w.done == 20);
    released->count_down();
    w.wait_for(20 + hung);
    w.submit([] {});
    w.wait_for(21 + hung);
}

TEST_CASE("IoPool: what has been hanging while nobody waited makes room at once") {
    auto released = std::make_shared<std::latch>(1);
    auto begun = std::make_shared<std::latch>(1);
    auto next_begun = std::make_shared<std::latch>(1);
    PoolWorld w({.at_work_max = 1, .hung_ms = 20});
    w.submit([released, begun] {
        begun->count_down();
        released->wait();
    });
    begun->wait();
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
    w.submit([next_begun] { next_begun->count_down(); });
    next_begun->wait();  // without a turn of the loop
    released->count_down();
    w.wait_for(2);
}

TEST_CASE("IoPool: beyond the most threads jobs wait until one comes back") {
    auto released = std::make_shared<std::latch>(1);
    PoolWorld w({.at_work_max = 2, .threads_max = 3, .hung_ms = 5});
    for (int i = 0; i < 3; ++i) w.submit([released] { released->wait(); });
    w.submit([] {});
    for (const int64_t until_ms = w.loop.now_ms() + 50; w.loop.now_ms() < until_ms;) w.loop.turn(true);
    CHECK(w.done == 0);
    released->count_down();
    w.wait_for(4);
}

TEST_CASE("IoPool: its end leaves behind what hangs") {
    auto released = std::make_shared<std::latch>(1);
    auto ended = std::make_shared<std::latch>(1);
    PoolWorld w({.at_work_max = 1, .hung_ms = 5});
    w.submit([released, ended] {
        released->wait();
        ended->count_down();
    });
    w.submit([] {});
    w.wait_for(1);
    w.pool.reset();
    released->count_down();
    ended->wait();
    CHECK(w.done == 1);
}
