// When the next repair may be. The first one is at once; whoever breaks the same thing again and again is not raced: each
// further repair waits twice as long, until it has been quiet for a while.
#pragma once

#include <algorithm>
#include <cstdint>

namespace orilla::network {

class RepairPace {
  public:
    static constexpr int64_t pause_ms_min = 20;  ///< also lets what goes together go together
    static constexpr int64_t pause_ms_max = 30'000;
    static constexpr int64_t quiet_ms = 60'000;

    /// How long to wait from now on.
    int64_t pause_ms(int64_t now_ms) const {
        if (repairs_ == 0 || now_ms - last_ms_ >= quiet_ms) return pause_ms_min;
        const int64_t between_ms = std::min(pause_ms_min << std::min(repairs_, 12), pause_ms_max);
        return std::max(last_ms_ + between_ms - now_ms, pause_ms_min);
    }
    void repaired(int64_t now_ms) {
        if (now_ms - last_ms_ >= quiet_ms) repairs_ = 0;
        ++repairs_;
        last_ms_ = now_ms;
    }

  private:
    int repairs_ = 0;
    int64_t last_ms_ = 0;
};

}  // namespace orilla::network
