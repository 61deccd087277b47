// The supervisor's processes: containers, kept in the mapped state file so that what is known outlives us, and execs.
#pragma once

#include "log_pump.hpp"
#include "plan_format.hpp"
#include "steps.hpp"
#include "wire.hpp"

namespace orilla::supervisor {

struct Exec {
    uint32_t handle = 0;
    int pid = 0;  ///< 0: free
};

/// What belongs to a running container besides its record.
struct Streams {
    int out = -1;  ///< stdout, or the terminal's master
    int err = -1;
    int in = -1;  ///< kept open for a container that wants its stdin
    LogPump log;
};

struct Table {
    StateFile* state = nullptr;
    Streams streams[containers_max];
    Exec execs[execs_max];

    /// Maps and initialises the file; false when it is too short.
    bool map(int fd);
    int find_free_record() const;
    int find_record(uint32_t handle) const;
    int find_record_by_pid(int pid) const;
    int find_free_exec() const;
    int find_exec_by_pid(int pid) const;
    int find_exec(uint32_t handle) const;
    bool anything_runs() const;
    /// Fills record `index` from the plan. False when a text is too long.
    bool describe(int index, const Plan& plan);
};

}  // namespace orilla::supervisor
