#include "seccomp_profile.hpp"

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>
#include <vector>

#include "seccomp_lists.hpp"

namespace orilla::runtime {

namespace {

// What a call's number leads to: a return value of the filter, or a question about one of its arguments. The questions
// lie where no return value does.
using Action = uint32_t;
constexpr Action fail_with(int error) { return SECCOMP_RET_ERRNO | static_cast<uint32_t>(error); }
constexpr Action allowed = SECCOMP_RET_ALLOW, denied = fail_with(EPERM), unknown = fail_with(ENOSYS);
constexpr Action ask_clone = 1, ask_personality = 2, ask_socket = 3, ask_ioctl = 4;

// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: clone(2) with any of them needs SYS_ADMIN.
constexpr uint32_t namespace_flags = 0x7e020000;
// PER_LINUX, PER_LINUX32, UNAME26, both, and the question for the present one.
constexpr uint32_t personalities[] = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff};
// AF_ALG is 38, AF_VSOCK 40; what comes later has had its share of holes too.
constexpr uint32_t first_refused_family = 38;

// With these the owner of a file takes it out of the quota of its volume, or makes a place in the volume that has none. The
// first two are FS_IOC_SETFLAGS of both word sizes, then FS_IOC_FSSETXATTR; the others make subvolumes and snapshots of btrfs.
constexpr uint32_t quota_requests[] = {0x40086602, 0x40046602, 0x401c5820, 0x5000940e, 0x50009418, 0x50009401, 0x50009417};

constexpr uint32_t call_numbers_max = 1024;
// 32-bit ARM has some calls of its own far above the others: cacheflush, and set_tls, which every program begins with.
[[maybe_unused]] constexpr uint32_t arm_calls_first = 0xf0000, arm_calls_max = 16;
constexpr CapabilitySet capability_bit(int capability) { return CapabilitySet{1} << capability; }

struct Architecture {
    uint32_t audit;                               ///< as in seccomp_data
    uint32_t token;                               ///< as libseccomp calls it
    uint32_t own_calls_first = call_numbers_max;  ///< numbers of a second, short row
};

#if defined(__x86_64__)
// x32 calls carry the same architecture and numbers beyond every known one.
constexpr Architecture architectures[] = {{AUDIT_ARCH_X86_64, SCMP_ARCH_X86_64}, {AUDIT_ARCH_I386, SCMP_ARCH_X86}};
#elif defined(__aarch64__)
constexpr Architecture architectures[] = {{AUDIT_ARCH_AARCH64, SCMP_ARCH_AARCH64},
                                          {AUDIT_ARCH_ARM, SCMP_ARCH_ARM, arm_calls_first}};
#elif defined(__arm__)
constexpr Architecture architectures[] = {{AUDIT_ARCH_ARM, SCMP_ARCH_ARM, arm_calls_first}};
#else
#error "the seccomp profile knows amd64, arm64 and armhf"
#endif

struct NamedCall {
    std::string_view name;
    int number;
};
// libseccomp names these i386 calls by what socketcall and ipc multiplex; they have had numbers of their own since 4.3.
constexpr NamedCall i386_direct_calls[] = {
    {"socket", 359},     {"socketpair", 360}, {"bind", 361},        {"connect", 362},     {"listen", 363},   {"accept4", 364},
    {"getsockopt", 365}, {"setsockopt", 366}, {"getsockname", 367}, {"getpeername", 368}, {"sendto", 369},   {"sendmsg", 370},
    {"recvfrom", 371},   {"recvmsg", 372},    {"shutdown", 373},    {"recvmmsg", 337},    {"sendmmsg", 345}, {"semget", 393},
    {"semctl", 394},     {"shmget", 395},     {"shmctl", 396},      {"shmat", 397},       {"shmdt", 398},    {"msgget", 399},
    {"msgsnd", 400},     {"msgrcv", 401},     {"msgctl", 402}};

/// The number of a call, negative where the architecture has none.
int find_number(const Architecture& architecture, const char* name) {
    const int number = seccomp_syscall_resolve_name_arch(architecture.token, name);
    if (number >= 0 || architecture.token != SCMP_ARCH_X86) return number;
    for (const auto& call : i386_direct_calls)
        if (call.name == name) return call.number;
    return number;
}

class Table {
  public:
    explicit Table(const Architecture& architecture) : architecture_(architecture) {
        actions_.fill(unknown);
        own_actions_.fill(unknown);
    }

    void set(Action action, const char* name) {
        const int found = find_number(architecture_, name);
        if (found < 0) return;
        const auto number = static_cast<uint32_t>(found);
        const uint32_t first = architecture_.own_calls_first;
        if (number < call_numbers_max) actions_[number] = action;
        else if (number >= first && number - first < arm_calls_max) own_actions_[number - first] = action;
    }
    void set_all(Action action, const char* const* names) {
        for (; *names; ++names) set(action, *names);
    }
    Action action(uint32_t number) const { return actions_[number]; }
    Action own_action(uint32_t index) const { return own_actions_[index]; }
    uint32_t own_calls_first() const { return architecture_.own_calls_first; }

  private:
    Architecture architecture_;
    std::array<Action, call_numbers_max> actions_;
    std::array<Action, arm_calls_max> own_actions_;
};

Table plan_table(const Architecture& architecture, const SeccompRequest& request) {
    const auto holds = [&request](int capability) { return (request.capabilities & capability_bit(capability)) != 0; };
    Table table(architecture);
    table.set_all(allowed, seccomp_allow_list);
    table.set_all(denied, seccomp_deny_list);
    for (const auto& group : seccomp_capability_lists) table.set_all(holds(group.capability) ? allowed : denied, group.names);
    table.set(holds(CAP_SYS_ADMIN) ? allowed : ask_clone, "clone");
    // It keeps its flags behind a pointer, where no filter looks: without it libraries fall back to clone.
    table.set(holds(CAP_SYS_ADMIN) ? allowed : unknown, "clone3");
    const bool may_trace = !request.shares_processes || holds(CAP_SYS_PTRACE);
    table.set_all(may_trace ? allowed : denied, seccomp_trace_list);
    table.set(ask_personality, "personality");
    table.set(ask_socket, "socket");
    table.set(holds(CAP_SYS_ADMIN) ? allowed : ask_ioctl, "ioctl");
    return table;
}

// ---- the program
// -----------------------------------------------------------------------------------------------------

using Program = std::vector<sock_filter>;

sock_filter give(Action action) { return BPF_STMT(BPF_RET | BPF_K, action); }
sock_filter load(size_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)); }
sock_filter jump(uint16_t test, uint32_t value, uint8_t if_true, uint8_t if_false) {
    return BPF_JUMP(static_cast<uint16_t>(BPF_JMP | test | BPF_K), value, if_true, if_false);
}
// The kernel looks at these arguments as 32 bits too: the low half, which comes first on all of them.
sock_filter load_argument(size_t index = 0) { return load(offsetof(seccomp_data, args) + index * sizeof(uint64_t)); }

/// One of `values` leads to `first`, anything else to `other`.
template <size_t N>
Program choose_by(size_t argument, const uint32_t (&values)[N], Action first, Action other) {
    Program program = {load_argument(argument)};
    auto left = static_cast<uint8_t>(N);
    for (uint32_t value : values) program.push_back(jump(BPF_JEQ, value, left--, 0));
    program.push_back(give(other));
    program.push_back(give(first));
    return program;
}

Program render_leaf(Action action) {
    switch (action) {
        case ask_clone: return {load_argument(), jump(BPF_JSET, namespace_flags, 0, 1), give(denied), give(allowed)};
        case ask_socket:
            return {load_argument(), jump(BPF_JGE, first_refused_family, 0, 1), give(fail_with(EAFNOSUPPORT)), give(allowed)};
        case ask_personality: return choose_by(0, personalities, allowed, denied);
        case ask_ioctl: return choose_by(1, quota_requests, denied, allowed);
        default: return {give(action)};
    }
}

/// A run of numbers with the same action, from `first` to before the next one's.
struct Range {
    uint32_t first;
    Action action;
};

std::vector<Range> find_ranges(const Table& table) {
    std::vector<Range> ranges;
    const auto add = [&ranges](uint32_t number, Action action) {
        if (ranges.empty() || ranges.back().action != action) ranges.push_back({number, action});
    };
    for (uint32_t number = 0; number < call_numbers_max; ++number) add(number, table.action(number));
    add(call_numbers_max, unknown);
    for (uint32_t index = 0; index < arm_calls_max; ++index) add(table.own_calls_first() + index, table.own_action(index));
    add(table.own_calls_first() + arm_calls_max, unknown);
    return ranges;
}

/// A balanced tree of comparisons over the ranges [begin, end).
Program render_tree(const std::vector<Range>& ranges, size_t begin, size_t end) {
    if (end - begin == 1) return render_leaf(ranges[begin].action);
    const size_t middle = begin + (end - begin) / 2;
    const Program below = render_tree(ranges, begin, middle), above = render_tree(ranges, middle, end);
    Program program;
    // A conditional jump reaches 255 instructions.
    if (below.size() <= 255) {
        program.push_back(jump(BPF_JGE, ranges[middle].first, static_cast<uint8_t>(below.size()), 0));
    } else {
        program.push_back(jump(BPF_JGE, ranges[middle].first, 0, 1));
        program.push_back(BPF_STMT(BPF_JMP | BPF_JA, static_cast<uint32_t>(below.size())));
    }
    program.insert(program.end(), below.begin(), below.end());
    program.insert(program.end(), above.begin(), above.end());
    return program;
}

Program render_program(const SeccompRequest& request) {
    Program program = {load(offsetof(seccomp_data, arch))};
    for (const Architecture& architecture : architectures) {
        const auto ranges = find_ranges(plan_table(architecture, request));
        Program body = {load(offsetof(seccomp_data, nr))};
        const Program tree = render_tree(ranges, 0, ranges.size());
        body.insert(body.end(), tree.begin(), tree.end());
        program.push_back(jump(BPF_JEQ, architecture.audit, 1, 0));
        program.push_back(BPF_STMT(BPF_JMP | BPF_JA, static_cast<uint32_t>(body.size())));
        program.insert(program.end(), body.begin(), body.end());
    }
    program.push_back(give(unknown));
    return program;
}

}  // namespace

Result<std::string> SeccompProfiles::find_filter(const SeccompRequest& request) {
    CapabilitySet relevant = capability_bit(CAP_SYS_ADMIN) | capability_bit(CAP_SYS_PTRACE);
    for (const auto& group : seccomp_capability_lists) relevant |= capability_bit(group.capability);
    const auto key = std::make_tuple(request.capabilities & relevant, request.shares_processes);
    if (auto found = compiled_.find(key); found != compiled_.end()) return found->second;
    const Program program = render_program(request);
    if (program.size() > BPF_MAXINSNS) return Error(Code::internal, "the seccomp filter is too long");
    // As many entries as there are combinations of rights in use; a box has a handful.
    constexpr size_t filters_max = 32;
    if (compiled_.size() >= filters_max) compiled_.clear();
    return compiled_[key] = std::string(reinterpret_cast<const char*>(program.data()), program.size() * sizeof(sock_filter));
}

}  // namespace orilla::runtime
