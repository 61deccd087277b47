// The two times, as a port so that tests own them. Timers, back-offs and probes use the monotonic one, which never
// jumps; the wall clock is only written into objects (creationTimestamp, lastTransitionTime), because a box may boot
// in 1970.
#pragma once

#include <cstdint>

namespace orilla {

class Clock {
  public:
    virtual ~Clock() = default;
    /// CLOCK_MONOTONIC in nanoseconds.
    virtual int64_t monotonic_ns() const = 0;
    /// CLOCK_REALTIME in nanoseconds since 1970-01-01T00:00:00Z.
    virtual int64_t wall_ns() const = 0;

    int64_t monotonic_ms() const { return monotonic_ns() / 1'000'000; }
    int64_t wall_s() const { return wall_ns() / 1'000'000'000; }
};

/// The kernel's clocks.
class SystemClock final : public Clock {
  public:
    int64_t monotonic_ns() const override;
    int64_t wall_ns() const override;
};

}  // namespace orilla
