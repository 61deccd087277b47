// What kind of file system statfs(2) told of, and what a directory holds. The kernel's number of a file system has a sign on
// 32-bit machines, so it is compared here.
#pragma once

#include <linux/magic.h>
#include <sys/vfs.h>

#include <cstdint>
#include <string>
#include <vector>

namespace orilla {

inline bool is_file_system(const struct statfs& seen, uint32_t magic) { return static_cast<uint32_t>(seen.f_type) == magic; }

/// Nothing of it survives a reboot.
inline bool is_in_memory(const struct statfs& seen) {
    return is_file_system(seen, TMPFS_MAGIC) || is_file_system(seen, RAMFS_MAGIC);
}

/// Without "." and ".."; as many as could be read. The standard library's iterator throws where a medium fails in the middle.
std::vector<std::string> list_names(const std::string& directory);

}  // namespace orilla
