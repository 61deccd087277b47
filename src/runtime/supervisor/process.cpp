// Namespaces, streams, limits, and the last step: exec.
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/close_range.h>
#include <linux/fcntl.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <linux/poll.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/stat.h>

#include "socket.hpp"
#include "steps.hpp"

namespace orilla::supervisor {

long enter_container(Context& context, const Step& step) { return call(__NR_setns, context.target_pidfd, step.number[0]); }

long enter_namespace(Context& context, const Step& step) {
    Fd ns(call(__NR_openat, AT_FDCWD, context.plan.text(step.text[0]), O_RDONLY | O_CLOEXEC));
    if (ns.failed()) return ns.get();
    return call(__NR_setns, ns.get(), step.number[0]);
}

long unshare_namespaces(Context&, const Step& step) { return call(__NR_unshare, step.number[0]); }

long set_host_name(Context& context, const Step& step) {
    const Slice name = slice(context.plan.text(step.text[0]));
    return call(__NR_sethostname, name.data, name.size);
}

long open_stdio(Context& context, const Step&) {
    for (int number = 0; number <= 2; ++number) {
        long fd = context.stdio[number];
        if (fd < 0) fd = call(__NR_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (fd < 0) return fd;
        FileFacts facts;
        if (long error = read_facts((int)fd, facts); error < 0) return error;
        // A program that opens /dev/stdout anew needs to own the pipe.
        if ((facts.mode & S_IFMT) == S_IFIFO)
            call(nr_fchown, fd, context.first_id + context.user.uid, context.first_id + context.user.gid);
        long error = fd == number ? call(__NR_fcntl, fd, F_SETFD, 0) : call(__NR_dup3, fd, number, 0);
        if (error < 0) return error;
    }
    return 0;
}

long open_terminal(Context& context, const Step&) {
    // By way of the container's own devpts, which the container may have tampered with: nothing but a devpts will do.
    Fd master(open_in_root(AT_FDCWD, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, RESOLVE_NO_SYMLINKS));
    if (master.failed()) return master.get();
    FileSystemFacts where;
    if (long error = read_file_system(master.get(), where); error < 0) return error;
    if (where.type != DEVPTS_SUPER_MAGIC) return -EXDEV;
    int unlocked = 0;
    if (long error = call(__NR_ioctl, master.get(), TIOCSPTLCK, &unlocked); error < 0) return error;
    Fd slave(call(__NR_ioctl, master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (slave.failed()) return slave.get();
    call(nr_fchown, slave.get(), context.first_id + context.user.uid, -1L);
    if (long error = call(__NR_ioctl, slave.get(), TIOCSCTTY, 0); error < 0) return error;
    for (int number = 0; number <= 2; ++number)
        if (long error = call(__NR_dup3, slave.get(), number, 0); error < 0) return error;
    return send_fd(context.terminal_socket, master.get());
}

long set_limit(Context&, const Step& step) {
    struct {
        uint64_t soft, hard;
    } now, wanted;
    if (long error = call(__NR_prlimit64, 0, step.number[0], 0, &now); error < 0) return error;
    wanted.hard = step.number[2] == ~0ULL ? now.hard : step.number[2];
    wanted.soft = step.number[1] < wanted.hard ? step.number[1] : wanted.hard;
    return call(__NR_prlimit64, 0, step.number[0], &wanted, 0);
}

long new_session(Context&, const Step&) {
    // Without keyrings in the kernel there is nothing to keep apart.
    call(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0);
    call(__NR_umask, 022);
    return call(__NR_setsid);
}

long change_dir(Context& context, const Step& step) {
    if (long error = call(__NR_chdir, context.plan.text(step.text[0])); error < 0) return error;
    // The kernel shows a directory outside of the root as "(unreachable)/...": CVE-2024-21626.
    char where[4096];
    long length = call(__NR_getcwd, where, sizeof where);
    if (length < 0) return length;
    return where[0] == '/' ? 0 : -EXDEV;
}

long die_with_parent(Context& context, const Step&) {
    if (long error = call(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); error < 0) return error;
    // It may have died just before.
    struct pollfd parent {
        context.supervisor_pidfd, POLLIN, 0
    };
    const Time at_once{0, 0};
    if (context.supervisor_pidfd >= 0 && call(nr_ppoll, &parent, 1, &at_once, 0, 0) > 0) return -ESRCH;
    return 0;
}

namespace {

char home_entry[home_bytes_max + 8];
char candidate[4096];

/// Turns a table of offsets into one of pointers, in place: the plan is a private mapping.
char** relocate(Plan& plan, uint64_t offset) {
    const char* entry = plan.base + offset;
    char** const table = (char**)(plan.base + offset);
    char** out = table;
    // A pointer may be smaller than an offset, never larger: what is written has been read.
    for (uint64_t to; __builtin_memcpy(&to, entry, sizeof to), to != 0; entry += sizeof to) *out++ = plan.base + to;
    *out = nullptr;
    return table;
}

void add_home(const Context& context, char** env) {
    while (*env) ++env;
    copy_text(home_entry, sizeof home_entry, slice("HOME="));
    copy_text(home_entry + 5, sizeof home_entry - 5, slice(context.user.home));
    env[0] = home_entry;
    env[1] = nullptr;
}

bool has_slash(const char* text) {
    for (; *text; ++text)
        if (*text == '/') return true;
    return false;
}

long run_from_path(Slice path, char** argv, char** env) {
    long result = -ENOENT;
    Slice dir;
    const Slice name = slice(argv[0]);
    while (next_field(path, ':', dir)) {
        if (dir.size == 0) dir = slice(".");
        if (dir.size + 1 + name.size >= sizeof candidate) continue;
        copy_text(candidate, sizeof candidate, dir);
        candidate[dir.size] = '/';
        copy_text(candidate + dir.size + 1, sizeof candidate - dir.size - 1, name);
        long error = call(__NR_execve, candidate, argv, env);
        if (error == -EACCES) result = error;
        else if (error != -ENOENT && error != -ENOTDIR) return error;
    }
    return result;
}

}  // namespace

long run(Context& context, const Step& step) {
    char** argv = relocate(context.plan, step.number[0]);
    char** env = relocate(context.plan, step.number[1]);
    if (step.flags & step_add_home) add_home(context, env);
    // Nothing of ours may be open in there. Before 5.11 it is closed here and now: a failure is told in memory.
    long closed = call(__NR_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
    if (closed == -EINVAL) closed = call(__NR_close_range, 3U, ~0U, 0);
    if (closed < 0) return closed;
    uint64_t no_signals = 0;
    call(__NR_rt_sigprocmask, SIG_SETMASK, &no_signals, 0, sizeof no_signals);
    if (has_slash(argv[0])) return call(__NR_execve, argv[0], argv, env);
    return run_from_path(slice(context.plan.text(step.text[0])), argv, env);
}

long wait_for_ever(Context&, const Step&) {
    call(__NR_prctl, PR_SET_NAME, "pause", 0, 0, 0);
    struct {
        uintptr_t handler;
        unsigned long flags;
        uintptr_t restorer;
        unsigned long mask[8 / sizeof(long)];
    } ignore{1 /* SIG_IGN */, 2 /* SA_NOCLDWAIT */, 0, {}};
    // An init that ignores SIGCHLD leaves no zombies.
    call(__NR_rt_sigaction, SIGCHLD, &ignore, 0, sizeof ignore.mask);
    call(__NR_close_range, 0U, ~0U, 0);  // which tells the supervisor that this is ready
    for (;;) call(nr_ppoll, 0, 0, 0, 0, 0);
}

}  // namespace orilla::supervisor
