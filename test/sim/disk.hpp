// The disk below SQLite and below the pods' volumes. It keeps what a power cut keeps: everything that was synced, and of
// the writes after the last sync any part. It can be full, and it can go away in the middle of a commit, as the disk of a
// process does that is killed there.
#pragma once

#include <cstdint>
#include <string>

#include "orilla/base/random.hpp"

namespace orilla::sim {

/// One a process: SQLite's file layers are global.
class Disk {
  public:
    static constexpr const char* vfs_name = "sim";
    /// Registers the file layer at the first call.
    static Disk& get();

    void reset();
    void set_full(bool full) { full_ = full; }
    bool full() const { return full_; }
    /// At the given write or sync from now the process is gone: neither that nor what follows reaches the files.
    void die_after(int writes) { writes_left_ = writes; }
    void die() { dead_ = true; }
    bool dead() const { return dead_; }
    /// The process is gone; what it wrote is there.
    void revive();
    /// The power is gone: once every file is closed. Each unsynced write is there or not.
    void cut_power(Random& random);
    uint64_t syncs() const { return syncs_; }
    uint64_t writes() const { return writes_; }

  private:
    friend struct DiskHooks;
    bool full_ = false;
    bool dead_ = false;
    int writes_left_ = -1;
    uint64_t syncs_ = 0;
    uint64_t writes_ = 0;
};

}  // namespace orilla::sim
