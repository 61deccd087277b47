// Whether the node runs short of disk, memory or process ids, in the kubelet's sense and with its thresholds. Reading costs a
// few system calls; deciding is pure. A shortage is over once there is a little more than the threshold, so that a condition
// does not flicker.
#pragma once

#include <cstdint>
#include <string>

namespace orilla::node {

/// Of one file system; 0 in all where it does not tell.
struct DiskRoomFacts {
    int64_t bytes = 0;
    int64_t free_bytes = 0;  ///< for whoever is not root
    int64_t inodes = 0;
    int64_t free_inodes = 0;
};

struct PressureFacts {
    DiskRoomFacts node_disk;   ///< of data, volumes and logs
    DiskRoomFacts image_disk;  ///< often the same one
    int64_t memory_bytes = 0;
    int64_t available_memory_bytes = 0;
    int64_t pids = 0;  ///< that there can be
    int64_t free_pids = 0;
};

struct Pressure {
    bool disk = false;
    bool memory = false;
    bool pids = false;
    bool any() const { return disk || memory || pids; }
    bool operator==(const Pressure&) const = default;
};

/// Blocks as long as the file systems do.
PressureFacts observe_pressure(const std::string& data_dir, const std::string& image_dir);
Pressure plan_pressure(const PressureFacts& facts, const Pressure& before);

}  // namespace orilla::node
