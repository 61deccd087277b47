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

long read_file_system(int fd, FileSystemFacts& facts) {
#if defined(__arm__)
    struct statfs64 found;
    const long error = call(__NR_fstatfs64, fd, sizeof found, &found);
#else
    struct statfs found;
    const long error = call(__NR_fstatfs, fd, &found);
#endif
    if (error < 0) return error;
    facts = {(uint64_t)found.f_type, (uint64_t)found.f_blocks, (uint64_t)found.f_bavail, (uint64_t)found.f_bsize,
             (uint64_t)found.f_flags};
    return 0;
}

namespace {

constexpr size_t path_bytes_max = 4096;
constexpr int links_followed_max = 16;

/// Cuts a path at a component without copying it: the parent's part, the component and the rest.
struct Cut {
    Slice parent, name, rest;
};

/// The component that begins at `start`; false at the end of the path.
bool cut_at(Slice path, size_t start, Cut& cut) {
    while (start < path.size && path.data[start] == '/') ++start;
    if (start >= path.size) return false;
    size_t end = start;
    while (end < path.size && path.data[end] != '/') ++end;
    size_t next = end;
    while (next < path.size && path.data[next] == '/') ++next;
    cut = {{path.data, start}, {path.data + start, end - start}, {path.data + next, path.size - next}};
    return true;
}

/// Makes one component in the directory that the components before it lead to.
long make_component(int parent, Slice name, bool directory, uint32_t mode) {
    char buffer[256];
    if (!copy_text(buffer, sizeof buffer, name)) return -ENAMETOOLONG;
    // mknod instead of open(O_CREAT): it never follows what lies there.
    const long error =
        directory ? call(__NR_mkdirat, parent, buffer, mode) : call(__NR_mknodat, parent, buffer, S_IFREG | (mode & 0666), 0);
    return error == -EEXIST ? 0 : error;
}

/// PARENT/TARGET/REST, or /TARGET/REST, of a link that leads to something missing.
bool splice_link(char* out, const Cut& cut, Slice target) {
    size_t used = 0;
    const bool absolute = target.size && target.data[0] == '/';
    const Slice pieces[] = {absolute ? Slice{} : cut.parent, target, slice("/"), cut.rest};
    for (const Slice& piece : pieces) {
        if (used + piece.size + 1 > path_bytes_max) return false;
        for (size_t i = 0; i < piece.size; ++i) out[used++] = piece.data[i];
    }
    out[used] = 0;
    return true;
}

/// Makes what is missing along `path`. 1 when a dangling link was met: `next` is the path that goes on behind it.
long make_along(int root, const char* path, bool directory, uint64_t more_resolve, uint32_t mode, char* next) {
    char prefix[path_bytes_max];
    Cut cut;
    for (size_t start = 0; cut_at(slice(path), start, cut); start = cut.parent.size + cut.name.size) {
        copy_text(prefix, sizeof prefix, {path, cut.parent.size + cut.name.size});
        Fd there(open_in_root(root, prefix, O_PATH, more_resolve));
        if (there.get() != -ENOENT && there.failed()) return there.get();
        if (!there.failed()) continue;
        copy_text(prefix, sizeof prefix, cut.parent);
        Fd parent(open_in_root(root, prefix, O_PATH | O_DIRECTORY, more_resolve));
        if (parent.failed()) return parent.get();
        char name[256], target[path_bytes_max];
        if (!copy_text(name, sizeof name, cut.name)) return -ENAMETOOLONG;
        const long length = call(__NR_readlinkat, parent.get(), name, target, sizeof target - 1);
        if (length > 0) return splice_link(next, cut, {target, (size_t)length}) ? 1 : -ENAMETOOLONG;
        const bool is_last = cut.rest.size == 0;
        const long error = make_component(parent.get(), cut.name, is_last ? directory : true, is_last ? mode : 0755);
        if (error < 0) return error;
    }
    return 0;
}

}  // namespace

long ensure_in_root(int root, const char* path, bool directory, uint64_t more_resolve, uint32_t mode) {
    const long fd = open_in_root(root, path, O_PATH, more_resolve);
    if (fd != -ENOENT) return fd;
    static char paths[2][path_bytes_max];  // one walk at a time, as all steps
    if (!copy_text(paths[0], path_bytes_max, slice(path))) return -ENAMETOOLONG;
    long result = 1;
    for (int links = 0; result == 1 && links < links_followed_max; ++links)
        result = make_along(root, paths[links % 2], directory, more_resolve, mode, paths[(links + 1) % 2]);
    if (result < 0) return result;
    if (result == 1) return -ELOOP;
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
    const uint32_t device = (facts.device_minor & 0xff) | (facts.device_major << 8) | ((facts.device_minor & ~0xffU) << 12);
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
    const int root = context.slots[step.number[0] % slots_max];
    const char* path = context.plan.text(step.text[0]);
    bool plain = true;
    for (const char* p = path; *p; ++p) plain &= *p != '/';
    // A single name in a directory of our own making needs no walk.
    if (plain) return call(__NR_mkdirat, root, path, step.number[1]);
    Fd made(ensure_in_root(root, path, true, 0, (uint32_t)step.number[1]));
    return made.failed() ? made.get() : 0;
}

long write_file(Context& context, const Step& step) {
    Fd file(call(__NR_openat, AT_FDCWD, context.plan.text(step.text[0]), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file.failed()) return file.get();
    if (step.number[0]) {
        // A write meant for /proc must land in procfs, whatever has been mounted there.
        FileSystemFacts where;
        if (long error = read_file_system(file.get(), where); error < 0) return error;
        if (where.type != step.number[0]) return -EXDEV;
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
