// Paths and files of the container's root, reached by fd only.
#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include "steps.hpp"

namespace orilla::supervisor {

long open_in_root(int root, const char* path, uint64_t flags, uint64_t more_resolve, uint64_t mode) {
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.mode = mode;
    // The kernel takes one of the two: absolute links lead to the root, or are an error.
    const uint64_t inside = more_resolve & RESOLVE_BENEATH ? 0 : RESOLVE_IN_ROOT;
    how.resolve = inside | RESOLVE_NO_MAGICLINKS | more_resolve;
    // EAGAIN: somebody renamed in the tree while it was walked. The tree of a container that has not started is quiet;
    // a volume shared with a running one need not be.
    constexpr int attempts_max = 64;
    long fd = -EAGAIN;
    for (int attempt = 0; attempt < attempts_max && fd == -EAGAIN; ++attempt)
        fd = call(__NR_openat2, root, *path ? path : ".", &how, sizeof how);
    return fd;
}

long read_facts(int fd, FileFacts& facts) {
    struct statx found;
    long error = call(__NR_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE | STATX_SIZE, &found);
    if (error < 0) return error;
    facts = {found.stx_mode, found.stx_rdev_major, found.stx_rdev_minor, found.stx_size};
    return 0;
}

namespace {

/// Makes the last component of `path` in the directory that the components before it lead to.
long make_last(int root, char* path, size_t last, bool directory, uint64_t more_resolve, uint32_t mode) {
    const char* name = path + last;
    if (last > 0) path[last - 1] = 0;
    Fd parent(open_in_root(root, last > 0 ? path : ".", O_PATH | O_DIRECTORY, more_resolve));
    if (last > 0) path[last - 1] = '/';
    if (parent.failed()) return parent.get();
    if (directory) return call(__NR_mkdirat, parent.get(), name, mode);
    // mknod instead of open(O_CREAT): it never follows what lies there.
    return call(__NR_mknodat, parent.get(), name, S_IFREG | (mode & 0666), 0);
}

}  // namespace

long ensure_in_root(int root, const char* path, bool directory, uint64_t more_resolve, uint32_t mode) {
    long fd = open_in_root(root, path, O_PATH, more_resolve);
    if (fd != -ENOENT) return fd;
    char buffer[4096];
    if (!copy_text(buffer, sizeof buffer, slice(path))) return -ENAMETOOLONG;
    size_t start = 0;
    while (buffer[start] == '/') ++start;
    for (size_t end = start; buffer[start];) {
        while (buffer[end] && buffer[end] != '/') ++end;
        const char after = buffer[end];
        buffer[end] = 0;
        size_t next = end + (after ? 1 : 0);
        while (after && path[next] == '/') ++next;
        const bool is_last = !after || !path[next];
        Fd there(open_in_root(root, buffer, O_PATH, more_resolve));
        if (there.get() == -ENOENT) {
            long error = make_last(root, buffer, start, is_last ? directory : true, more_resolve,
                                   is_last ? mode : 0755);
            if (error < 0 && error != -EEXIST) return error;
        } else if (there.failed()) {
            return there.get();
        }
        buffer[end] = after;
        start = end = next;
        if (is_last) break;
    }
    return open_in_root(root, path, O_PATH, more_resolve);
}

long make_node(Context& context, const Step& step) {
    const int dir = context.slots[step.number[0] % slots_max];
    return call(__NR_mknodat, dir, context.plan.text(step.text[0]), step.number[1], step.number[2]);
}

long clone_node(Context& context, const Step& step) {
    Fd host(call(__NR_openat, AT_FDCWD, context.plan.text(step.text[1]), O_PATH | O_CLOEXEC));
    if (host.failed()) return host.get();
    FileFacts facts;
    if (long error = read_facts(host.get(), facts); error < 0) return error;
    const uint32_t type = facts.mode & S_IFMT;
    if (type != S_IFCHR && type != S_IFBLK) return -ENODEV;
    // The kernel's encoding of a device number in mknod: minor's high bits above the major.
    const uint32_t device =
        (facts.device_minor & 0xff) | (facts.device_major << 8) | ((facts.device_minor & ~0xffU) << 12);
    const int root = context.slots[step.number[0] % slots_max];
    const char* name = context.plan.text(step.text[0]);
    size_t last = 0;
    for (size_t i = 0; name[i]; ++i)
        if (name[i] == '/') last = i + 1;
    char parent_path[4096];
    if (!copy_text(parent_path, sizeof parent_path, {name, last ? last - 1 : 0})) return -ENAMETOOLONG;
    Fd parent(last ? ensure_in_root(root, parent_path, true, RESOLVE_NO_SYMLINKS)
                   : open_in_root(root, ".", O_PATH | O_DIRECTORY));
    if (parent.failed()) return parent.get();
    return call(__NR_mknodat, parent.get(), name + last, facts.mode, device);
}

long make_link(Context& context, const Step& step) {
    const int dir = context.slots[step.number[0] % slots_max];
    return call(__NR_symlinkat, context.plan.text(step.text[1]), dir, context.plan.text(step.text[0]));
}

long make_dir(Context& context, const Step& step) {
    Fd made(ensure_in_root(context.slots[step.number[0] % slots_max], context.plan.text(step.text[0]), true, 0,
                           (uint32_t)step.number[1]));
    return made.failed() ? made.get() : 0;
}

long write_file(Context& context, const Step& step) {
    Fd file(call(__NR_openat, AT_FDCWD, context.plan.text(step.text[0]), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file.failed()) return file.get();
    if (step.number[0]) {
        // A write meant for /proc must land in procfs, whatever has been mounted there.
        struct statfs where;
        if (long error = call(__NR_fstatfs, file.get(), &where); error < 0) return error;
        if ((uint64_t)where.f_type != step.number[0]) return -EXDEV;
    }
    const Slice content = slice(context.plan.text(step.text[1]));
    long written = call(__NR_write, file.get(), content.data, content.size);
    if (written < 0) return written;
    return (size_t)written == content.size ? 0 : -EIO;
}

long join_cgroup(Context& context, const Step& step) {
    Fd procs(call(__NR_openat, AT_FDCWD, context.plan.text(step.text[0]), O_WRONLY | O_CLOEXEC));
    if (procs.failed()) return procs.get();
    long written = call(__NR_write, procs.get(), "0", 1);
    return written < 0 ? written : 0;
}

}  // namespace orilla::supervisor
