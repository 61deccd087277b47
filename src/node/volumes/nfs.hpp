// Directories of NFS servers, mounted by the kernel. A server that does not answer keeps the thread that asks it: it blocks.
#pragma once

#include <string>
#include <vector>

#include "orilla/base/result.hpp"

namespace orilla::node {

struct NfsMount {
    unsigned long flags = 0;
    std::string data;          ///< options of the file system, with the version last
    bool has_version = false;  ///< named by the user: no other is tried
    bool operator==(const NfsMount&) const = default;
};

/// What `mount -o` knows of itself becomes a flag, everything else is NFS's. Pure.
NfsMount plan_nfs_mount(const std::string& options, bool read_only);
/// `source` is SERVER:PATH. Nothing where a file system is mounted already.
Result<void> mount_nfs(const std::string& source, const NfsMount& how, const std::string& at);

}  // namespace orilla::node
