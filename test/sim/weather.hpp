// How bad the world is just now: drawn by the faults, read by every fake.
#pragma once

#include <cstdint>

namespace orilla::sim {

struct Weather {
    bool disk_full = false;
    int64_t disk_ms_max = 3;      ///< of one commit
    int64_t runtime_ms_max = 20;  ///< of one half of what the runtime is asked
    int64_t event_ms_max = 5;     ///< until the runtime hears of an exit
    int64_t pull_ms_max = 3'000;
    int runtime_errors_percent = 0;
    int pull_errors_percent = 0;
    int exec_hangs_percent = 0;
};

}  // namespace orilla::sim
