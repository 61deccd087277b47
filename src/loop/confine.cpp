#include "orilla/loop/confine.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>

#include "orilla/base/file_system.hpp"
#include "orilla/base/unique_fd.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1  // as g++ says it
#endif
#endif

namespace orilla::loop {

Result<void> limit_resources(const ResourceLimits& limits) {
    const auto set = [](auto resource, uint64_t value) {
        rlimit now{};
        getrlimit(resource, &now);
        const rlimit wanted{std::min<rlim_t>(value, now.rlim_max), std::min<rlim_t>(value, now.rlim_max)};
        return setrlimit(resource, &wanted) == 0;
    };
    bool good = set(RLIMIT_CORE, 0) && set(RLIMIT_NOFILE, limits.files);
    if (limits.file_bytes > 0) good = good && set(RLIMIT_FSIZE, limits.file_bytes);
#ifndef __SANITIZE_ADDRESS__  // its shadow counts as data
    good = good && set(RLIMIT_DATA, limits.data_bytes);
#endif
    // A file that is too large is an error of write(2), not our death.
    signal(SIGXFSZ, SIG_IGN);
    if (!good) return Error::from_errno("set resource limits", errno);
    return ok();
}

namespace {
struct CapFree {
    void operator()(void* set) const { cap_free(set); }
};

/// Permitted and effective; nothing is inherited.
Result<void> keep_capabilities(uint64_t kept) {
    const std::unique_ptr<std::remove_pointer_t<cap_t>, CapFree> set(cap_init());
    if (!set) return Error::from_errno("cap_init", errno);
    for (cap_value_t number = 0; number < cap_max_bits(); ++number) {
        if (!(kept >> number & 1)) continue;
        for (const cap_flag_t flag : {CAP_PERMITTED, CAP_EFFECTIVE})
            if (cap_set_flag(set.get(), flag, 1, &number, CAP_SET) != 0) return Error::from_errno("cap_set_flag", errno);
    }
    if (cap_set_proc(set.get()) != 0) return Error::from_errno("cap_set_proc", errno);
    return ok();
}
}  // namespace

Result<void> take_identity(uint32_t uid, uint64_t kept) {
    cap_reset_ambient();
    // The bounding set first, because that needs a capability which goes with the user.
    for (cap_value_t number = 0; number < cap_max_bits(); ++number) {
        if (kept >> number & 1) continue;
        if (cap_get_bound(number) == 1 && cap_drop_bound(number) != 0 && errno != EPERM)
            return Error::from_errno("drop capability " + std::to_string(number), errno);
    }
    if (uid != 0) {
        if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return Error::from_errno("keep capabilities", errno);
        if (setgroups(0, nullptr) != 0) return Error::from_errno("setgroups", errno);
        if (setresgid(uid, uid, uid) != 0) return Error::from_errno("setresgid", errno);
        if (setresuid(uid, uid, uid) != 0) return Error::from_errno("setresuid", errno);
    }
    return keep_capabilities(kept);
}

Result<void> forbid_new_privileges() {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Error::from_errno("set no_new_privs", errno);
    return ok();
}

Result<void> die_with_parent() {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return Error::from_errno("set parent death signal", errno);
    // A daemon that died before this line is noticed at once: its end of the channel is closed.
    return ok();
}

// ---- Landlock --------------------------------------------------------------------------------------------------------

namespace {

constexpr uint64_t read_rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr uint64_t write_rights =
    read_rights | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG;
constexpr uint64_t truncate_right = 1ULL << 14;  // ABI 3
constexpr uint64_t refer_right = 1ULL << 13;     // ABI 2

/// As ABI 4 knows it; older headers lack the second member.
struct RulesetAttributes {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
};
constexpr uint64_t bind_tcp_right = 1;

Result<void> allow_beneath(int ruleset, int fd, uint64_t rights) {
    struct stat seen {};
    if (fstat(fd, &seen) != 0) return Error::from_errno("stat", errno);
    if (!S_ISDIR(seen.st_mode)) rights &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | truncate_right;
    landlock_path_beneath_attr rule{};
    rule.allowed_access = rights;
    rule.parent_fd = fd;
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        return Error::from_errno("landlock_add_rule", errno);
    return ok();
}

}  // namespace

Result<bool> restrict_files(const FileRules& rules) {
    const long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1) return false;
    uint64_t handled = (1ULL << 13) - 1;  // every right of ABI 1
    uint64_t writing = write_rights;
    if (abi >= 2) handled |= refer_right;
    if (abi >= 3) handled |= truncate_right, writing |= truncate_right;
    RulesetAttributes attributes{handled, abi >= 4 && rules.forbids_listening ? bind_tcp_right : 0};
    const size_t size = abi >= 4 ? sizeof attributes : sizeof attributes.handled_access_fs;
    UniqueFd ruleset(static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, size, 0)));
    if (!ruleset) return Error::from_errno("landlock_create_ruleset", errno);
    for (const int fd : rules.writable_fds) TRY_VOID(allow_beneath(ruleset.get(), fd, writing));
    for (const auto& path : rules.readable) {
        UniqueFd fd(open(path.c_str(), O_PATH | O_CLOEXEC));
        if (fd) TRY_VOID(allow_beneath(ruleset.get(), fd.get(), read_rights | LANDLOCK_ACCESS_FS_EXECUTE));
    }
    TRY_VOID(forbid_new_privileges());
    if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return Error::from_errno("landlock_restrict_self", errno);
    return true;
}

// ---- seccomp ---------------------------------------------------------------------------------------------------------

namespace {

struct Sibling {
    std::string_view name;
    const char* of_32_bits;
};
// What the same function of the library calls on 32-bit machines, where the first call of that name had too few bits.
constexpr Sibling siblings[] = {
    {"fstat", "fstat64"},
    {"newfstatat", "fstatat64"},
    {"fstatfs", "fstatfs64"},
    {"lseek", "_llseek"},
    {"fcntl", "fcntl64"},
    {"ftruncate", "ftruncate64"},
    {"mmap", "mmap2"},
    {"fchown", "fchown32"},
    {"getuid", "getuid32"},
    {"geteuid", "geteuid32"},
    {"getgid", "getgid32"},
    {"getegid", "getegid32"},
    {"utimensat", "utimensat_time64"},
    {"futex", "futex_time64"},
    {"clock_gettime", "clock_gettime64"},
    {"clock_nanosleep", "clock_nanosleep_time64"},
    {"ppoll", "ppoll_time64"},
    {"pselect6", "pselect6_time64"},
    {"select", "_newselect"},
    {"sendto", "send"},
    {"recvfrom", "recv"},
    {"rt_sigreturn", "sigreturn"},
};

[[maybe_unused]] std::set<int> find_numbers(const std::vector<const char*>& names) {
    std::set<int> numbers;
    for (const char* name : names) {
        numbers.insert(seccomp_syscall_resolve_name(name));
        for (const Sibling& sibling : siblings)
            if (sibling.name == name) numbers.insert(seccomp_syscall_resolve_name(sibling.of_32_bits));
    }
    numbers.erase(__NR_SCMP_ERROR);  // not on this architecture
    return numbers;
}

}  // namespace

namespace {
struct FilterFree {
    void operator()(void* filter) const { seccomp_release(filter); }
};

[[maybe_unused]] Result<void> load_filter(const CallRules& rules) {
    const std::unique_ptr<void, FilterFree> filter(seccomp_init(rules.kills ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM)));
    if (!filter) return Error(Code::internal, "seccomp: out of memory");
    for (const int number : find_numbers(rules.allowed))
        if (seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, number, 0) != 0)
            return Error(Code::internal, "seccomp: cannot allow call " + std::to_string(number));
    for (const auto& [name, place, value] : rules.allowed_by_argument) {
        const scmp_arg_cmp argument{place, SCMP_CMP_EQ, value, 0};
        if (seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, seccomp_syscall_resolve_name(name), 1, &argument) != 0)
            return Error(Code::internal, std::string("seccomp: cannot allow call ") + name);
    }
    const int rc = seccomp_load(filter.get());
    if (rc != 0) return Error::from_errno("load the system call filter", -rc);
    return ok();
}
}  // namespace

Result<void> allow_calls(const CallRules& rules) {
#ifdef __SANITIZE_ADDRESS__
    (void)rules;  // the sanitizer makes calls of its own
    return ok();
#else
    return load_filter(rules);
#endif
}

// ---- a root of its own -----------------------------------------------------------------------------------------------

namespace {
// Debian's <sys/mount.h> has these wrappers only from glibc 2.36 on; the calls are the same.
int clone_tree(int fd) {
    return static_cast<int>(syscall(SYS_open_tree, fd, "", 1U /* OPEN_TREE_CLONE */ | O_CLOEXEC | AT_EMPTY_PATH));
}
constexpr unsigned move_from_empty_path = 4;  // MOVE_MOUNT_F_EMPTY_PATH
}  // namespace

namespace {

/// Whether our root is the one that the kernel boots with: nothing can take its place, so pivot_root refuses it.
bool is_first_root() {
    struct statfs seen {};
    return statfs("/", &seen) == 0 && is_in_memory(seen);
}

/// What is moved onto "/" covers the first root for good: every way up ends on the cover, and to take it off needs
/// CAP_SYS_ADMIN, which no worker keeps.
Result<void> cover_first_root() {
    if (mount(".", "/", nullptr, MS_MOVE, nullptr) != 0) return Error::from_errno("move the view onto /", errno);
    if (chroot(".") != 0) return Error::from_errno("chroot", errno);
    if (chdir("/") != 0) return Error::from_errno("chdir /", errno);
    return ok();
}

}  // namespace

Result<int> detached_view(int directory_fd) {
    const int fd = clone_tree(directory_fd);
    if (fd < 0) return Error::from_errno("open_tree", errno);
    return fd;
}

namespace {
/// The working directory, the root of a mount in a mount namespace of our own, becomes "/", and nothing else is left.
Result<void> make_root() {
    const bool pivoted = syscall(SYS_pivot_root, ".", ".") == 0;
    if (!pivoted && errno == EINVAL && is_first_root()) return cover_first_root();
    if (!pivoted) return Error::from_errno("pivot_root", errno);
    if (umount2(".", MNT_DETACH) != 0) return Error::from_errno("detach the old root", errno);
    if (chdir("/") != 0) return Error::from_errno("chdir /", errno);
    return ok();
}

Result<void> leave_namespaces(int flags) {
    if (unshare(flags) != 0) return Error::from_errno("unshare", errno);
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return Error::from_errno("make / private", errno);
    return ok();
}

/// Any directory serves as the place to attach to: it is out of sight a moment later.
constexpr const char* attach_place = "/proc";
}  // namespace

Result<void> enter_directory(int directory_fd) {
    TRY(UniqueFd root, [&]() -> Result<UniqueFd> {
        TRY(const int fd, detached_view(directory_fd));
        return UniqueFd(fd);
    }());
    TRY_VOID(leave_namespaces(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC));
    if (syscall(SYS_move_mount, root.get(), "", AT_FDCWD, attach_place, move_from_empty_path) != 0)
        return Error::from_errno("move_mount", errno);
    if (fchdir(root.get()) != 0) return Error::from_errno("fchdir", errno);
    // The view was taken where systemd shares all mounts, so it is shared itself, and pivot_root refuses such.
    if (mount(nullptr, ".", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return Error::from_errno("make the view private", errno);
    return make_root();
}

Result<void> enter_nothing() {
    TRY_VOID(leave_namespaces(CLONE_NEWNS | CLONE_NEWIPC));
    constexpr unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (mount("nothing", attach_place, "tmpfs", flags, "size=4k,nr_inodes=2,mode=0555") != 0)
        return Error::from_errno("mount an empty root", errno);
    if (chdir(attach_place) != 0) return Error::from_errno("chdir", errno);
    return make_root();
}

}  // namespace orilla::loop
