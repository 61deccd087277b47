#include "seccomp_profile.hpp"

#include <linux/capability.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "orilla/base/unique_fd.hpp"
#include "seccomp_lists.hpp"

namespace orilla::runtime {

namespace {

struct ReleaseFilter {
    void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

constexpr CapabilitySet bit(int capability) { return CapabilitySet{1} << capability; }

// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: clone(2) with any of them needs SYS_ADMIN.
constexpr uint64_t namespace_flags = 0x7e020000;
// PER_LINUX, PER_BSD (0x6 is not allowed), UNAME26 and their union, and the question for the present one.
constexpr uint64_t personalities[] = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff};
// AF_ALG is 38, AF_VSOCK 40; what comes later has had its share of holes too.
constexpr uint64_t first_refused_family = 38;

class Builder {
  public:
    explicit Builder(scmp_filter_ctx filter) : filter_(filter) {}

    void rule(uint32_t action, const char* name) {
        const int number = seccomp_syscall_resolve_name(name);
        // A name that this libseccomp does not know falls to the default action.
        if (number == __NR_SCMP_ERROR) return;
        note(seccomp_rule_add(filter_, action, number, 0), name);
    }
    void rule(uint32_t action, const char* name, const scmp_arg_cmp& condition) {
        const int number = seccomp_syscall_resolve_name(name);
        if (number == __NR_SCMP_ERROR) return;
        note(seccomp_rule_add_array(filter_, action, number, 1, &condition), name);
    }
    void rules(uint32_t action, const char* const* names) {
        for (; *names; ++names) rule(action, *names);
    }
    int error() const { return error_; }
    const std::string& failed() const { return failed_; }

  private:
    void note(int result, const char* name) {
        // The same rule twice, or a call that one of the architectures lacks, is fine.
        if (result == 0 || result == -EEXIST || result == -EDOM || error_) return;
        error_ = -result;
        failed_ = name;
    }
    scmp_filter_ctx filter_;
    int error_ = 0;
    std::string failed_;
};

Result<void> add_architectures(scmp_filter_ctx filter) {
    const uint32_t native = seccomp_arch_native();
    // x32 is left out: its calls get the answer for an unknown architecture.
    const uint32_t compat = native == SCMP_ARCH_X86_64    ? SCMP_ARCH_X86
                            : native == SCMP_ARCH_AARCH64 ? SCMP_ARCH_ARM
                                                          : 0;
    if (compat == 0) return ok();
    if (int error = seccomp_arch_add(filter, compat); error < 0 && error != -EEXIST)
        return Error::from_errno("add the compat architecture to the seccomp filter", -error);
    return ok();
}

void add_conditional(Builder& builder, const SeccompRequest& request) {
    const uint32_t denied = SCMP_ACT_ERRNO(EPERM);
    const auto holds = [&](int capability) { return (request.capabilities & bit(capability)) != 0; };
    for (const auto& group : seccomp_capability_lists) {
        const bool allowed = group.capability < 0 || holds(group.capability);
        builder.rules(allowed ? SCMP_ACT_ALLOW : denied, group.names);
    }
    if (holds(CAP_SYS_ADMIN)) {
        builder.rule(SCMP_ACT_ALLOW, "clone");
        builder.rule(SCMP_ACT_ALLOW, "clone3");
    } else {
        builder.rule(SCMP_ACT_ALLOW, "clone", SCMP_A0_64(SCMP_CMP_MASKED_EQ, namespace_flags, 0));
        for (uint64_t flag = 1; flag <= namespace_flags; flag <<= 1)
            if (namespace_flags & flag) builder.rule(denied, "clone", SCMP_A0_64(SCMP_CMP_MASKED_EQ, flag, flag));
        // clone3 keeps its flags behind a pointer. Left to the default action, ENOSYS: libraries fall back to clone.
    }
    const bool may_trace = !request.shares_processes || holds(CAP_SYS_PTRACE);
    builder.rules(may_trace ? SCMP_ACT_ALLOW : denied, seccomp_trace_list);
    for (uint64_t personality : personalities)
        builder.rule(SCMP_ACT_ALLOW, "personality", SCMP_A0_64(SCMP_CMP_EQ, personality));
    builder.rule(SCMP_ACT_ALLOW, "socket", SCMP_A0_64(SCMP_CMP_LT, first_refused_family));
    builder.rule(SCMP_ACT_ERRNO(EAFNOSUPPORT), "socket", SCMP_A0_64(SCMP_CMP_GE, first_refused_family));
}

Result<std::string> export_filter(scmp_filter_ctx filter) {
    UniqueFd fd(memfd_create("seccomp", MFD_CLOEXEC));
    if (!fd) return Error::from_errno("export the seccomp filter", errno);
    if (int error = seccomp_export_bpf(filter, fd.get()); error < 0)
        return Error::from_errno("export the seccomp filter", -error);
    std::string bytes(static_cast<size_t>(lseek(fd.get(), 0, SEEK_END)), '\0');
    if (pread(fd.get(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
        return Error::from_errno("read the seccomp filter", errno);
    return bytes;
}

Result<std::string> compile(const SeccompRequest& request) {
    Filter filter(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)));
    if (!filter) return Error(Code::internal, "libseccomp cannot make a filter");
    TRY_VOID(add_architectures(filter.get()));
    seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
    seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a binary tree over the numbers
    Builder builder(filter.get());
    builder.rules(SCMP_ACT_ALLOW, seccomp_allow_list);
    builder.rules(SCMP_ACT_ERRNO(EPERM), seccomp_deny_list);
    add_conditional(builder, request);
    if (builder.error()) return Error::from_errno("seccomp rule for " + builder.failed(), builder.error());
    return export_filter(filter.get());
}

}  // namespace

Result<std::string> SeccompProfiles::find_filter(const SeccompRequest& request) {
    CapabilitySet relevant = 0;
    for (const auto& group : seccomp_capability_lists)
        if (group.capability >= 0) relevant |= bit(group.capability);
    const auto key = std::make_tuple(request.capabilities & (relevant | bit(CAP_SYS_ADMIN) | bit(CAP_SYS_PTRACE)),
                                     request.shares_processes);
    if (auto found = compiled_.find(key); found != compiled_.end()) return found->second;
    TRY(std::string filter, compile(request));
    // As many entries as there are combinations of rights in use; a box has a handful.
    constexpr size_t filters_max = 32;
    if (compiled_.size() >= filters_max) compiled_.clear();
    compiled_[key] = filter;
    return filter;
}

}  // namespace orilla::runtime
