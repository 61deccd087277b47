// How a child of our own binary gives up what it does not need, before it looks at the first foreign byte. The order matters
// and is the callers': limits and files first, then identity, then capabilities, no_new_privs, and the system call filter last.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orilla/base/result.hpp"

namespace orilla::loop {

struct ResourceLimits {
    uint64_t files = 64;
    uint64_t file_bytes = 0;  ///< the largest file it may write; 0: no limit
    uint64_t data_bytes = 512ULL << 20;
};
Result<void> limit_resources(const ResourceLimits& limits);

/// This user and group in all three places, no supplementary groups, and no capability but those of `kept` (bit N is
/// capability N) in any set, the bounding set included. User 0 stays root by number only.
Result<void> take_identity(uint32_t uid, uint64_t kept);
Result<void> forbid_new_privileges();
/// Killed when the daemon dies. After `take_identity`, which clears it.
Result<void> die_with_parent();

/// Landlock: only these are reachable from now on. A kernel without Landlock goes without; true when it is in force.
struct FileRules {
    std::vector<int> writable_fds;      ///< directories: files made, written, renamed, removed in them
    std::vector<std::string> readable;  ///< files or directories; those that do not exist are skipped
    bool forbids_listening = true;
};
Result<bool> restrict_files(const FileRules& rules);

/// Seccomp: what may be called; anything else fails with EPERM.
struct CallRules {
    std::vector<const char*> allowed;  ///< by name, with every argument
    struct ByArgument {
        const char* name;
        unsigned place;  ///< of the argument, from 0 on
        uint64_t value;
    };
    std::vector<ByArgument> allowed_by_argument = {};  ///< only with this one
    bool kills = false;                                ///< anything else ends the process instead (SIGSYS)
};
Result<void> allow_calls(const CallRules& rules);

/// New mount, network and IPC namespaces whose root is `directory_fd` and nothing else. Needs CAP_SYS_ADMIN.
Result<void> enter_directory(int directory_fd);
/// New mount and IPC namespaces whose root is empty and cannot be written. The network stays. Needs CAP_SYS_ADMIN.
Result<void> enter_nothing();
/// A copy of the mount under `directory_fd`, with that directory as its root: nothing leads above it.
Result<int> detached_view(int directory_fd);

}  // namespace orilla::loop
