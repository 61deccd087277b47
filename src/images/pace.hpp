// The least rate of a pull: how much has to arrive while its transfers run, all of them together. A registry that sends a byte
// a second never stalls for good and never ends; whoever pulls from it has to let others have the place. Time in which nothing
// is under way (a pause before the next try, another puller's turn at the same blob) does not count.
#pragma once

#include <cstdint>

#include "limits.hpp"

namespace orilla::images {

class Pace {
  public:
    void arrived(int64_t bytes) { bytes_ += bytes; }
    /// So much time has passed with transfers under way.
    void passed(int64_t ms) {
        ms_ += ms;
        if (ms_ < pace_window_ms) return;
        too_slow_ = too_slow_ || bytes_ < pace_bytes_per_s_min * pace_window_ms / 1000;
        ms_ = bytes_ = 0;
    }
    bool too_slow() const { return too_slow_; }

  private:
    int64_t ms_ = 0;     ///< of the current window
    int64_t bytes_ = 0;  ///< in it
    bool too_slow_ = false;
};

}  // namespace orilla::images
