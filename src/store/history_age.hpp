// Lets go of the history that has become old, with a timer that is armed only while there is much of it.
#pragma once

#include "index.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::store {

class HistoryAge {
  public:
    HistoryAge(loop::Loop& loop, Index& index, int64_t young_ms)
        : loop_(loop), index_(index), young_ms_(young_ms), timer_(loop) {}
    /// There is one more change.
    void grown() {
        if (index_.remembers_much() && !timer_.armed()) age();
    }

  private:
    void age() {
        if (!index_.forget_before(loop_.now_ms() - young_ms_)) return;
        timer_.arm_after(young_ms_, [this] { age(); });
    }
    loop::Loop& loop_;
    Index& index_;
    const int64_t young_ms_;
    loop::Timer timer_;
};

}  // namespace orilla::store
