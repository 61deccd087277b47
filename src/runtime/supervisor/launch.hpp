// Starts one process of the pod by its plan and waits, as vfork does, until it has called exec or said why not.
#pragma once

#include "steps.hpp"

namespace orilla::supervisor {

struct LaunchRequest {
    Plan plan;
    int stdio[3];               ///< the child's ends
    int target_pid = 0;         ///< of an exec: the container's first process
    int init_pid = 0;           ///< of the pod's shared process namespace, 0 without one
    bool keep_running = false;  ///< the pod's init: has no exec to wait for, so it gets memory of its own
};

struct LaunchResult {
    long pid = 0;       ///< or -errno
    Report report;      ///< when a step failed
    int terminal = -1;  ///< master
};

/// Opens what every launch needs: our own process namespace and pidfd. -errno.
long prepare_launches();
LaunchResult launch(const LaunchRequest& request);

}  // namespace orilla::supervisor
