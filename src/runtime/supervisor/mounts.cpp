// The container's file system: every mount is made detached, with its attributes, and attached by fd to a destination
// that was resolved inside the container's root.
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include "steps.hpp"

namespace orilla::supervisor {

namespace {

constexpr unsigned long umount_detach = 2;  // MNT_DETACH
constexpr unsigned long open_tree_clone = 1;

void keep(Context& context, uint64_t slot, int fd) {
    int& place = context.slots[slot % slots_max];
    close_fd(place);
    place = fd;
    context.later[slot % slots_max] = {};
}

constexpr MountChange read_only{MOUNT_ATTR_RDONLY, 0, false, false};

long move_onto(int mount, int destination) {
    return call(__NR_move_mount, mount, "", destination, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/// Attaches a mount that then is changed: before it is seen, where the kernel can do that.
long move_and_change(int mount, int destination, const MountChange& change) {
    const long changed = change_mount(mount, change);
    if (changed < 0 && changed != -ENOSYS) return changed;
    if (long error = move_onto(mount, destination); error < 0) return error;
    return changed == -ENOSYS ? change_attached_mount(mount, change) : 0;
}

/// One "key=value" or "flag" of a mount's options.
long configure(int fs, Slice option) {
    char buffer[512];
    if (!copy_text(buffer, sizeof buffer, option)) return -ENAMETOOLONG;
    for (char* p = buffer; *p; ++p) {
        if (*p != '=') continue;
        *p = 0;
        return call(__NR_fsconfig, fs, FSCONFIG_SET_STRING, buffer, p + 1, 0);
    }
    return call(__NR_fsconfig, fs, FSCONFIG_SET_FLAG, buffer, 0, 0);
}

long set_string(int fs, const char* key, const char* value) {
    return call(__NR_fsconfig, fs, FSCONFIG_SET_STRING, key, value, 0);
}

/// Creates the configured file system and makes a detached mount of it.
long finish_mount(int fs, uint64_t attributes) {
    if (long error = call(__NR_fsconfig, fs, FSCONFIG_CMD_CREATE, 0, 0, 0); error < 0) return error;
    return call(__NR_fsmount, fs, FSMOUNT_CLOEXEC, attributes);
}

long overlay_by_context(Context& context, const Step& step) {
    Fd fs(call(__NR_fsopen, "overlay", FSOPEN_CLOEXEC));
    if (fs.failed()) return fs.get();
    const char* layer = context.plan.text(step.text[0]);
    for (uint64_t i = 0; i < step.number[0]; ++i) {
        if (long error = set_string(fs.get(), "lowerdir+", layer); error < 0) return error;
        layer += text_length(layer) + 1;
    }
    if (long error = set_string(fs.get(), "upperdir", context.plan.text(step.text[1])); error < 0) return error;
    if (long error = set_string(fs.get(), "workdir", context.plan.text(step.text[2])); error < 0) return error;
    if (step.number[3])
        if (long error = call(__NR_fsconfig, fs.get(), FSCONFIG_SET_FLAG, "volatile", 0, 0); error < 0) return error;
    Fd mount(finish_mount(fs.get(), 0));
    if (mount.failed()) return mount.get();
    Fd where(call(__NR_openat, AT_FDCWD, context.plan.text(step.text[3]), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (where.failed()) return where.get();
    return move_onto(mount.get(), where.get());
}

struct OptionText {
    char text[4000];  // mount(2) takes one page
    size_t size = 0;

    bool add(Slice piece) {
        if (size + piece.size >= sizeof text) return false;
        for (size_t i = 0; i < piece.size; ++i) text[size++] = piece.data[i];
        text[size] = 0;
        return true;
    }
    bool add_fd(int fd) {
        char digits[20];
        const size_t count = render_number(digits, (uint64_t)fd);
        return add(slice("/proc/self/fd/")) && add({digits, count});
    }
};

/// Before 6.8 the lower directories are one string of at most a page: name them by fd, which keeps it short and needs
/// no quoting.
long overlay_by_options(Context& context, const Step& step) {
    OptionText options;
    const char* path = context.plan.text(step.text[0]);
    bool fits = options.add(slice("lowerdir="));
    for (uint64_t i = 0; fits && i < step.number[0]; ++i) {
        long fd = call(__NR_openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0) return fd;
        fits = (i == 0 || options.add(slice(":"))) && options.add_fd((int)fd);
        path += text_length(path) + 1;
    }
    const struct {
        const char* key;
        uint32_t text;
    } writable[] = {{",upperdir=", step.text[1]}, {",workdir=", step.text[2]}};
    for (const auto& part : writable) {
        long fd = call(__NR_openat, AT_FDCWD, context.plan.text(part.text), O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0) return fd;
        fits = fits && options.add(slice(part.key)) && options.add_fd((int)fd);
    }
    if (step.number[3]) fits = fits && options.add(slice(",volatile"));
    if (!fits) return -E2BIG;
    return call(__NR_mount, "overlay", context.plan.text(step.text[3]), "overlay", 0, options.text);
}

}  // namespace

long set_propagation(Context&, const Step& step) { return call(__NR_mount, 0, "/", 0, step.number[0], 0); }

long mount_overlay(Context& context, const Step& step) {
    long error = step.number[2] ? overlay_by_context(context, step) : overlay_by_options(context, step);
    if (error < 0) return error;
    // Opened anew, through the mount point: a detached mount cannot be mounted on before 6.15.
    long root = call(__NR_openat, AT_FDCWD, context.plan.text(step.text[3]), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return root;
    keep(context, step.number[1], (int)root);
    return 0;
}

long new_mount(Context& context, const Step& step) {
    Fd fs(call(__NR_fsopen, context.plan.text(step.text[0]), FSOPEN_CLOEXEC));
    if (fs.failed()) return fs.get();
    Slice options = slice(context.plan.text(step.text[1])), option;
    while (options.size && next_field(options, ',', option))
        if (long error = configure(fs.get(), option); error < 0) return error;
    long mount = finish_mount(fs.get(), step.number[0]);
    if (mount < 0) return mount;
    keep(context, step.number[1], (int)mount);
    return 0;
}

namespace {

/// What a volume shows: `path`, or what is `beneath` it. The volume may belong to another container that is changing it
/// right now: what is opened here is what is mounted, and a link that leads out of the volume is an error (EXDEV), as it
/// is for the kubelet.
long open_source(const Context& context, const char* path, const char* beneath) {
    const HostFiles as_root(context);
    Fd source(call(__NR_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC));
    if (source.failed() || !beneath) return source.release();
    return ensure_in_root(source.get(), beneath, true, RESOLVE_BENEATH);
}

}  // namespace

namespace {

long open_clone(const Context& context, const Step& step) {
    Fd inner(open_source(context, context.plan.text(step.text[0]), context.plan.text(step.text[1])));
    if (inner.failed()) return inner.get();
    const unsigned long flags = open_tree_clone | AT_EMPTY_PATH | O_CLOEXEC | (step.number[0] ? recursive_flag : 0);
    return call(__NR_open_tree, inner.get(), "", flags);
}

}  // namespace

long keep_shared(Context& context, const Step& step) {
    const long mount = open_clone(context, step);
    if (mount < 0) return mount;
    int& place = context.shared[step.number[1] % shared_max];
    close_fd(place);
    place = (int)mount;
    return 0;
}

long take_shared(Context& context, const Step& step) {
    int& place = context.shared[step.number[3] % shared_max];
    if (place < 0) return -EBADF;
    keep(context, step.number[1], place);
    place = -1;
    context.later[step.number[1] % slots_max] = {step.number[2], 0, step.number[0] && !(step.flags & step_root_only), false};
    return 0;
}

long clone_tree(Context& context, const Step& step) {
    Fd mount(open_clone(context, step));
    if (mount.failed()) return mount.get();
    const bool recursive = step.number[0] != 0;
    keep(context, step.number[1], mount.release());
    context.later[step.number[1] % slots_max] = {step.number[2], step.number[3], recursive && !(step.flags & step_root_only),
                                                 recursive};
    return 0;
}

long make_mount_point(Context& context, const Step& step) {
    bool directory = true;
    if (const char* source = context.plan.text(step.text[1])) {
        Fd shown(open_source(context, source, context.plan.text(step.text[2])));
        if (shown.failed()) return shown.get();
        FileFacts facts;
        if (long error = read_facts(shown.get(), facts); error < 0) return error;
        directory = (facts.mode & S_IFMT) == S_IFDIR;
    }
    const HostFiles as_root(context);
    const int outer = context.slots[step.number[0] % slots_max];
    Fd made(ensure_in_root(outer, context.plan.text(step.text[0]), directory, RESOLVE_BENEATH));
    return made.failed() ? made.get() : 0;
}

long set_attributes(Context& context, const Step& step) {
    MountChange& change = context.later[step.number[0] % slots_max];
    change.attributes |= step.number[1];
    change.all_get = step.number[2] != 0;
    return 0;
}

long map_ids(Context& context, const Step& step) {
    mount_attr attr{};
    attr.attr_set = MOUNT_ATTR_IDMAP;
    attr.userns_fd = (uint64_t)context.slots[step.number[1] % slots_max];
    const int mount = context.slots[step.number[0] % slots_max];
    return call(__NR_mount_setattr, mount, "", AT_EMPTY_PATH, &attr, sizeof attr);
}

namespace {

long attach_at(Context& context, const Step& step, uint64_t resolve, bool outside_proc) {
    int& mount = context.slots[step.number[0] % slots_max];
    const int root = context.slots[step.number[1] % slots_max];
    FileFacts facts;
    if (long error = read_facts(mount, facts); error < 0) return error;
    const bool directory = (facts.mode & S_IFMT) == S_IFDIR;
    Fd destination(ensure_in_root(root, context.plan.text(step.text[0]), directory, resolve));
    if (destination.failed()) return destination.get();
    if (outside_proc) {
        // A link of the image may lead into /proc, where a mount would redirect what the runtime writes there.
        FileSystemFacts where;
        if (long error = read_file_system(destination.get(), where); error < 0) return error;
        if (where.type == PROC_SUPER_MAGIC) return -EPERM;
    }
    const long error = move_and_change(mount, destination.get(), context.later[step.number[0] % slots_max]);
    if (error >= 0) close_fd(mount);
    return error;
}

}  // namespace

long attach(Context& context, const Step& step) { return attach_at(context, step, 0, true); }

long attach_plain(Context& context, const Step& step) { return attach_at(context, step, RESOLVE_NO_SYMLINKS, false); }

long attach_at_path(Context& context, const Step& step) {
    const char* path = context.plan.text(step.text[0]);
    int& mount = context.slots[step.number[0] % slots_max];
    Fd where(call(__NR_openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (where.failed()) return where.get();
    const MountChange& change = context.later[step.number[0] % slots_max];
    if (long error = move_and_change(mount, where.get(), change); error < 0) return error;
    close_fd(mount);
    const long root = call(__NR_openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return root;
    keep(context, step.number[1], (int)root);
    return 0;
}

long mask(Context& context, const Step& step) {
    const int root = context.slots[step.number[0] % slots_max];
    Fd destination(open_in_root(root, context.plan.text(step.text[0]), O_PATH, RESOLVE_NO_SYMLINKS));
    if (destination.get() == -ENOENT || destination.get() == -ENOTDIR) return 0;
    if (destination.failed()) return destination.get();
    FileFacts facts;
    if (long error = read_facts(destination.get(), facts); error < 0) return error;
    const bool directory = (facts.mode & S_IFMT) == S_IFDIR;
    const char* cover = context.plan.text(directory ? step.text[2] : step.text[1]);
    Fd mount(call(__NR_open_tree, AT_FDCWD, cover, open_tree_clone | O_CLOEXEC | AT_SYMLINK_NOFOLLOW));
    if (mount.failed()) return mount.get();
    if (!directory) {
        // What covers must be the null device itself.
        FileFacts null_facts;
        if (long error = read_facts(mount.get(), null_facts); error < 0) return error;
        if ((null_facts.mode & S_IFMT) != S_IFCHR || null_facts.device_major != 1 || null_facts.device_minor != 3)
            return -ENODEV;
    }
    return move_and_change(mount.get(), destination.get(), read_only);
}

long make_read_only(Context& context, const Step& step) {
    const int root = context.slots[step.number[0] % slots_max];
    const char* path = context.plan.text(step.text[0]);
    if (!path) return change_attached_mount(root, read_only);
    Fd destination(open_in_root(root, path, O_PATH, RESOLVE_NO_SYMLINKS));
    if (destination.get() == -ENOENT || destination.get() == -ENOTDIR) return 0;
    if (destination.failed()) return destination.get();
    if (step.number[1]) return change_attached_mount(destination.get(), read_only);
    Fd mount(call(__NR_open_tree, destination.get(), "", open_tree_clone | AT_EMPTY_PATH | recursive_flag | O_CLOEXEC));
    if (mount.failed()) return mount.get();
    constexpr MountChange all_read_only{MOUNT_ATTR_RDONLY, 0, true, false};
    return move_and_change(mount.get(), destination.get(), all_read_only);
}

namespace {

/// Whether our root is the one that the kernel boots with: nothing can take its place, so pivot_root refuses it.
bool is_first_root() {
    Fd root(call(__NR_openat, AT_FDCWD, "/", O_PATH | O_CLOEXEC));
    FileSystemFacts seen;
    if (root.failed() || read_file_system(root.get(), seen) < 0) return false;
    return seen.type == RAMFS_MAGIC || seen.type == TMPFS_MAGIC;
}

/// What is moved onto "/" covers the first root for good: every way up ends on the cover, and taking it off needs
/// CAP_SYS_ADMIN, with which a container has the host anyway.
long cover_first_root() {
    if (long error = call(__NR_mount, ".", "/", 0, MS_MOVE, 0); error < 0) return error;
    if (long error = call(__NR_chroot, "."); error < 0) return error;
    return call(__NR_chdir, "/");
}

}  // namespace

long pivot(Context& context, const Step& step) {
    if (long error = call(__NR_fchdir, context.slots[step.number[0] % slots_max]); error < 0) return error;
    // New and old root are the same directory: the old one ends up mounted over the new, and is taken off again.
    const long pivoted = call(__NR_pivot_root, ".", ".");
    if (pivoted == -EINVAL && is_first_root()) return cover_first_root();
    if (pivoted < 0) return pivoted;
    if (long error = call(__NR_umount2, ".", umount_detach); error < 0) return error;
    return call(__NR_chdir, "/");
}

}  // namespace orilla::supervisor
