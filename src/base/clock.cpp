#include "orilla/base/clock.hpp"

#include <ctime>

namespace orilla {
namespace {
int64_t read_clock_ns(clockid_t id) {
    timespec ts{};
    clock_gettime(id, &ts);
    return int64_t{ts.tv_sec} * 1'000'000'000 + ts.tv_nsec;
}
}  // namespace

int64_t SystemClock::monotonic_ns() const { return read_clock_ns(CLOCK_MONOTONIC); }
int64_t SystemClock::wall_ns() const { return read_clock_ns(CLOCK_REALTIME); }

}  // namespace orilla
