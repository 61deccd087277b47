#include "remove_tree.hpp"

#include <linux/fcntl.h>

#include "sys.hpp"
#include "text.hpp"

namespace orilla::supervisor {

namespace {

struct DirectoryEntry {
    uint64_t inode;
    int64_t offset;
    uint16_t bytes;
    uint8_t type;
    char name[];
};

constexpr int rounds_max = 1 << 30;
alignas(DirectoryEntry) char entries[8 * 1024];

bool is_dot(const char* name) { return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0)); }

/// Unlinks what is no directory. Returns the name of the first directory that is left, none when empty; sets `error`.
const char* empty_level(int dir, long& error) {
    for (;;) {
        const long bytes = call(__NR_getdents64, dir, entries, sizeof entries);
        if (bytes < 0) error = bytes;
        if (bytes <= 0) return nullptr;
        for (long at = 0; at < bytes;) {
            const DirectoryEntry& entry = *(const DirectoryEntry*)(entries + at);
            at += entry.bytes;
            if (is_dot(entry.name)) continue;
            long result = call(__NR_unlinkat, dir, entry.name, 0);
            if (result == -EISDIR || result == -EPERM) {
                // An empty one goes at once. A mount point (EBUSY) is somebody's: stop.
                result = call(__NR_unlinkat, dir, entry.name, AT_REMOVEDIR);
                if (result == -ENOTEMPTY) return entry.name;
            }
            if (result < 0 && result != -ENOENT) {
                error = result;
                return nullptr;
            }
        }
    }
}

}  // namespace

// A tree deeper than any stack: go down into the first full directory, empty it, come back up through `..` of an fd,
// which is the directory it was entered from as long as nobody moves it; a moved one is noticed by its failing rmdir.
long remove_tree(const char* path) {
    long dir = call(__NR_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir == -ENOENT) return 0;
    if (dir == -ENOTDIR || dir == -ELOOP) return call(__NR_unlinkat, AT_FDCWD, path, 0);
    int depth = 0;
    long error = dir < 0 ? dir : 0;
    for (int round = 0; error == 0 && round < rounds_max; ++round) {
        const char* full = empty_level((int)dir, error);
        if (error < 0) break;
        if (!full && depth == 0) {
            call(__NR_close, dir);
            return call(__NR_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
        }
        const char* next_name = full ? full : "..";
        const long next = call(__NR_openat, dir, next_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        call(__NR_close, dir);
        dir = next;
        error = next < 0 ? next : 0;
        depth += full ? 1 : -1;
        // Back up: the directory we came from is empty now, and empty_level removes it on its way.
    }
    if (dir >= 0) call(__NR_close, dir);
    return error;
}

}  // namespace orilla::supervisor
