// A file layer for SQLite that breaks on demand: full disks, failed fsyncs; and counts what is written.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace orilla::test {

struct Faults {
    std::atomic<bool> disk_full{false};
    std::string reserve;  ///< the disk is full only until a part of this file was given back; empty: whatever happens
    std::atomic<bool> sync_fails{false};
    std::atomic<bool> write_fails{false};
    std::atomic<uint64_t> writes{0};
    std::atomic<uint64_t> syncs{0};
    void clear() {
        disk_full = sync_fails = write_fails = false;
        reserve.clear();
        writes = syncs = 0;
    }
};

/// Registered with SQLite under the name "faulty" at the first call.
Faults& faulty_vfs();

}  // namespace orilla::test
