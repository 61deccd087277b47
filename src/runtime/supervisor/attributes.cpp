// What a mount may do and whom it tells of mounts below it. mount_setattr(2) does that to a mount that is not attached yet;
// before 5.12 there is only mount(2), which reaches attached ones, one at a time, and those below by their paths.
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include "steps.hpp"

namespace orilla::supervisor {

namespace {

// statfs(2) tells of a mount's flags by other numbers than mount(2) takes.
constexpr uint64_t kept_as_they_are = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, no_symlinks_seen = 0x2000;
constexpr unsigned long no_symlinks = 256;
static_assert(MOUNT_ATTR_RDONLY == MS_RDONLY && MOUNT_ATTR_NOSUID == MS_NOSUID && MOUNT_ATTR_NODEV == MS_NODEV &&
              MOUNT_ATTR_NOEXEC == MS_NOEXEC);

constexpr int mounts_below_max = 1024;
constexpr size_t mount_line_bytes_max = 16 * 1024;

long set_at_once(int mount, uint64_t attributes, uint64_t propagation, bool recursive) {
    mount_attr attr{};
    attr.attr_set = attributes;
    attr.propagation = propagation;
    const unsigned long flags = AT_EMPTY_PATH | (recursive ? recursive_flag : 0);
    return call(__NR_mount_setattr, mount, "", flags, &attr, sizeof attr);
}

long mount_at(int mount, unsigned long flags) {
    char path[40];
    const Slice directory = slice("/proc/self/fd/");
    copy_text(path, sizeof path, directory);
    path[directory.size + render_number(path + directory.size, (uint64_t)mount)] = 0;
    return call(__NR_mount, 0, path, 0, flags, 0);
}

/// Adds to the attributes that a mount has; mount(2) replaces them all, but for those of access times.
long add_attributes(int mount, uint64_t attributes) {
    FileSystemFacts facts;
    if (long error = read_file_system(mount, facts); error < 0) return error;
    unsigned long flags = MS_REMOUNT | MS_BIND | (unsigned long)((facts.flags & kept_as_they_are) | attributes);
    if (facts.flags & no_symlinks_seen) flags |= no_symlinks;
    return mount_at(mount, flags);
}

long read_mount_id(int mount, uint64_t& id) {
    struct statx found;
    if (long error = call(__NR_statx, mount, "", AT_EMPTY_PATH, STATX_MNT_ID, &found); error < 0) return error;
    id = found.stx_mnt_id;
    return found.stx_mask & STATX_MNT_ID ? 0 : -EOPNOTSUPP;
}

/// The mounts of a tree that have been met, its root first.
struct Tree {
    uint64_t ids[mounts_below_max];
    int count;

    bool has(uint64_t id) const {
        for (int i = 0; i < count; ++i)
            if (ids[i] == id) return true;
        return false;
    }
};

/// A path of mountinfo, where a blank is \040.
long unescape(Slice from, char* to, size_t bytes) {
    size_t used = 0;
    for (size_t i = 0; i < from.size; ++i) {
        if (used + 1 >= bytes) return -ENAMETOOLONG;
        if (from.data[i] != '\\' || i + 3 >= from.size) {
            to[used++] = from.data[i];
            continue;
        }
        to[used++] = (char)((from.data[i + 1] - '0') << 6 | (from.data[i + 2] - '0') << 3 | (from.data[i + 3] - '0'));
        i += 3;
    }
    to[used] = 0;
    return 0;
}

/// One line of mountinfo: where its mount is one of the tree, it gets the attributes.
long add_to_line(Slice line, Tree& tree, uint64_t attributes) {
    Slice fields[5];
    for (Slice& field : fields)
        if (!next_field(line, ' ', field)) return -EPROTO;
    uint64_t id, parent;
    if (!parse_number(fields[0], ~0ULL, id) || !parse_number(fields[1], ~0ULL, parent)) return -EPROTO;
    if (!tree.has(parent) || tree.has(id)) return 0;
    if (tree.count == mounts_below_max) return -E2BIG;
    static char path[4096];  // one walk at a time, as all steps
    if (long error = unescape(fields[4], path, sizeof path); error < 0) return error;
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_NO_SYMLINKS;
    Fd mount(call(__NR_openat2, AT_FDCWD, path, &how, sizeof how));
    if (mount.failed()) return mount.get();
    uint64_t found;
    if (long error = read_mount_id(mount.get(), found); error < 0) return error;
    // One that was there before means that somebody has moved the directory meanwhile. One that comes later covers this
    // one, and nothing is seen of this one.
    if (tree.has(found)) return -EXDEV;
    tree.ids[tree.count++] = id;
    return found == id ? add_attributes(mount.get(), attributes) : 0;
}

/// Reads mountinfo line by line; a mount comes after the one that it is on.
long add_attributes_below(int mount, uint64_t attributes) {
    static Tree tree;
    static char buffer[mount_line_bytes_max];
    tree.count = 1;
    if (long error = read_mount_id(mount, tree.ids[0]); error < 0) return error;
    Fd file(call(__NR_openat, AT_FDCWD, "/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
    if (file.failed()) return file.get();
    size_t filled = 0;
    for (;;) {
        const long bytes = call(__NR_read, file.get(), buffer + filled, sizeof buffer - filled);
        if (bytes < 0) return bytes;
        if (bytes == 0) return filled ? -EPROTO : 0;
        filled += (size_t)bytes;
        size_t start = 0;
        for (size_t at = 0; at < filled; ++at) {
            if (buffer[at] != '\n') continue;
            if (long error = add_to_line({buffer + start, at - start}, tree, attributes); error < 0) return error;
            start = at + 1;
        }
        if (start == 0 && filled == sizeof buffer) return -E2BIG;
        filled -= start;
        for (size_t i = 0; i < filled; ++i) buffer[i] = buffer[start + i];
    }
}

}  // namespace

long change_mount(int mount, const MountChange& change) {
    if (change.propagation)
        if (long error = set_at_once(mount, 0, change.propagation, change.all_hear); error < 0) return error;
    return change.attributes ? set_at_once(mount, change.attributes, 0, change.all_get) : 0;
}

long change_attached_mount(int mount, const MountChange& change) {
    const long error = change_mount(mount, change);
    if (error != -ENOSYS) return error;
    if (change.propagation)
        if (long failed = mount_at(mount, change.propagation | (change.all_hear ? MS_REC : 0)); failed < 0) return failed;
    if (!change.attributes) return 0;
    if (long failed = add_attributes(mount, change.attributes); failed < 0) return failed;
    return change.all_get ? add_attributes_below(mount, change.attributes) : 0;
}

}  // namespace orilla::supervisor
