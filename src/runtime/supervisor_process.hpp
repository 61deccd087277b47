// The supervisor's program as a process: a sealed memfd that nobody can write, and children started from it. Never from
// a file, so that no container can reach what the daemon or the next pod runs (CVE-2019-5736).
#pragma once

#include <string>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::runtime {

/// The embedded program in a memfd with every seal this kernel knows.
Result<UniqueFd> make_supervisor_image();

struct SupervisorFds {
    int listener = -1;
    int state = -1;
    int pod_plan = -1;
    int init_plan = -1;  ///< -1: none
};

struct SupervisorProcess {
    pid_t pid = 0;
    UniqueFd pidfd;
};

/// Starts one; it lives on when we die. Stops the caller for the time of an exec.
Result<SupervisorProcess> spawn_supervisor(int image, const SupervisorFds& fds);
/// Runs the program's remove-tree on `path` and waits for it.
loop::Task<Result<void>> run_remove_tree(loop::Loop& loop, int image, std::string path);

}  // namespace orilla::runtime
