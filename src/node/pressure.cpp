#include "orilla/node/pressure.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace orilla::node {
namespace {

// The kubelet's defaults: nodefs.available<10%, imagefs.available<15%, nodefs.inodesFree<5%, memory.available<100Mi. It has
// none for pid.available.
constexpr int64_t node_disk_percent_min = 10;
constexpr int64_t image_disk_percent_min = 15;
constexpr int64_t inodes_percent_min = 5;
constexpr int64_t pids_percent_min = 5;
constexpr int64_t available_memory_bytes_min = 100LL << 20;
constexpr int64_t available_memory_share_min = 10;  ///< a tenth is enough where that is less: boxes with 256 MB
constexpr int64_t slack_percent = 2;                ///< above a threshold: over is what was short

/// A total that is not known is never short.
bool is_short(int64_t free, int64_t total, int64_t percent_min, bool before) {
    const int64_t percent = before ? percent_min + slack_percent : percent_min;
    return total > 0 && free < total / 100 * percent;
}

bool is_short(const DiskRoomFacts& disk, int64_t percent_min, bool before) {
    return is_short(disk.free_bytes, disk.bytes, percent_min, before) ||
           is_short(disk.free_inodes, disk.inodes, inodes_percent_min, before);
}

bool is_memory_short(const PressureFacts& facts, bool before) {
    const int64_t least_bytes = std::min(available_memory_bytes_min, facts.memory_bytes / available_memory_share_min);
    const int64_t slack_bytes = before ? facts.memory_bytes / 100 * slack_percent : 0;
    return facts.available_memory_bytes < least_bytes + slack_bytes;
}

DiskRoomFacts observe_disk(const std::string& path) {
    struct statvfs disk {};
    if (statvfs(path.c_str(), &disk) != 0) return {};
    const auto unit = static_cast<int64_t>(disk.f_frsize);
    return {static_cast<int64_t>(disk.f_blocks) * unit, static_cast<int64_t>(disk.f_bavail) * unit,
            static_cast<int64_t>(disk.f_files), static_cast<int64_t>(disk.f_favail)};
}

int64_t read_proc_number(const char* path) {
    std::ifstream in(path);
    int64_t value = 0;
    in >> value;
    return value;
}

/// Threads that there are, from "0.01 0.05 0.10 2/345 6789".
int64_t count_threads() {
    std::ifstream in("/proc/loadavg");
    std::string load, running;
    in >> load >> load >> load >> running;
    const size_t slash = running.find('/');
    return slash == std::string::npos ? 0 : atoll(running.c_str() + slash + 1);
}

}  // namespace

PressureFacts observe_pressure(const std::string& data_dir, const std::string& image_dir) {
    PressureFacts facts;
    facts.node_disk = observe_disk(data_dir);
    facts.image_disk = observe_disk(image_dir);
    std::ifstream memory("/proc/meminfo");
    for (std::string line; std::getline(memory, line);) {
        std::istringstream words(line);
        std::string name;
        int64_t kib = 0;
        words >> name >> kib;
        if (name == "MemTotal:") facts.memory_bytes = kib * 1024;
        if (name == "MemAvailable:") facts.available_memory_bytes = kib * 1024;
    }
    facts.pids = std::min(read_proc_number("/proc/sys/kernel/pid_max"), read_proc_number("/proc/sys/kernel/threads-max"));
    facts.free_pids = facts.pids - count_threads();
    return facts;
}

Pressure plan_pressure(const PressureFacts& facts, const Pressure& before) {
    Pressure now;
    now.disk = is_short(facts.node_disk, node_disk_percent_min, before.disk) ||
               is_short(facts.image_disk, image_disk_percent_min, before.disk);
    now.memory = is_memory_short(facts, before.memory);
    now.pids = is_short(facts.free_pids, facts.pids, pids_percent_min, before.pids);
    return now;
}

}  // namespace orilla::node
