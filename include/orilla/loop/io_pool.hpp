// Threads for file work that may never end: a disk that hangs, a server that is gone. Made when there is work and gone when
// there is none. A few jobs run at a time, in the order given; one that takes too long counts as hanging, keeps its thread, and
// others go on in its place. A job must not touch anything the loop owns.
#pragma once

#include <memory>

#include "orilla/loop/io_thread.hpp"

namespace orilla::loop {

struct IoPoolLimits {
    int at_work_max = 2;          ///< jobs at a time, those that hang not counted
    int threads_max = 64;         ///< with those that hang
    int64_t hung_ms = 1'000;      ///< a job that takes longer makes room for others
    int64_t stop_ms_max = 2'000;  ///< how long the end waits for what is at work and does not hang
};

class IoPool final : public Executor {
  public:
    explicit IoPool(Loop& loop, IoPoolLimits limits = {});
    /// Begins nothing any more, and drops completions. What hangs is left behind.
    ~IoPool() override;
    void submit(std::function<void()> job, std::function<void()> done) override;

    struct State;

  private:
    void look();
    std::shared_ptr<State> state_;  ///< its threads may outlive us
    Timer look_;                    ///< while jobs wait
};

}  // namespace orilla::loop
