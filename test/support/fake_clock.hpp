// A clock that only moves when told.
#pragma once

#include "orilla/base/clock.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::test {

class FakeClock final : public Clock {
  public:
    int64_t monotonic_ns() const override { return now_ns_; }
    int64_t wall_ns() const override { return now_ns_ + wall_offset_ns_; }
    void advance_ms(int64_t ms) { now_ns_ += ms * 1'000'000; }
    void set_wall_offset_s(int64_t s) { wall_offset_ns_ = s * 1'000'000'000; }

  private:
    int64_t now_ns_ = 1'000'000'000;
    int64_t wall_offset_ns_ = 1'700'000'000LL * 1'000'000'000;
};

/// Runs everything that can run now.
inline void settle(loop::Loop& loop) {
    constexpr int turns_max = 100'000;
    for (int i = 0; i < turns_max && loop.turn(false); ++i) {
    }
}

/// Lets `ms` of fake time pass, stopping at every timer on the way.
inline void pass(loop::Loop& loop, FakeClock& clock, int64_t ms) {
    const int64_t end = loop.now_ms() + ms;
    settle(loop);
    while (loop.next_deadline_ms() >= 0 && loop.next_deadline_ms() <= end) {
        clock.advance_ms(std::max<int64_t>(loop.next_deadline_ms() - loop.now_ms(), 0));
        settle(loop);
    }
    clock.advance_ms(end - loop.now_ms());
    settle(loop);
}

}  // namespace orilla::test
