// The store's I/O thread in virtual time: a job takes its time before it is done, and its answer a moment more, so that
// a crash finds writes that are not on the disk, and writes that are but were not answered.
#pragma once

#include <deque>
#include <functional>

#include "orilla/base/random.hpp"
#include "orilla/loop/io_thread.hpp"
#include "weather.hpp"

namespace orilla::sim {

class SlowExecutor final : public loop::Executor {
  public:
    SlowExecutor(loop::Loop& loop, Random& random, const Weather& weather) : random_(random), weather_(weather), timer_(loop) {}
    void submit(std::function<void()> job, std::function<void()> done) override {
        jobs_.push_back({std::move(job), std::move(done)});
        if (jobs_.size() == 1) start();
    }

  private:
    struct Job {
        std::function<void()> job, done;
    };
    int64_t delay_ms() { return static_cast<int64_t>(random_.below(static_cast<uint64_t>(weather_.disk_ms_max) + 1)); }
    void start() {
        timer_.arm_after(delay_ms(), [this] { run(); });
    }
    void run() {
        jobs_.front().job();
        timer_.arm_after(static_cast<int64_t>(random_.below(2)), [this] { answer(); });
    }
    void answer() {
        const auto done = std::move(jobs_.front().done);
        jobs_.pop_front();
        if (!jobs_.empty()) start();
        done();
    }

    Random& random_;
    const Weather& weather_;
    std::deque<Job> jobs_;
    loop::Timer timer_;
};

}  // namespace orilla::sim
