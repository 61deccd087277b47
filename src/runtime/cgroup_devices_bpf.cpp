#include "cgroup_devices_bpf.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "orilla/base/unique_fd.hpp"

namespace orilla::runtime {

namespace {

enum Register : uint8_t { r0, r1, r2, r3, r4, r5 };

bpf_insn load_word(Register to, Register from, int16_t offset) { return {BPF_LDX | BPF_MEM | BPF_W, to, from, offset, 0}; }
bpf_insn move(Register to, Register from) { return {BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0}; }
bpf_insn set(Register to, int32_t value) { return {BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value}; }
bpf_insn mask(Register to, int32_t value) { return {BPF_ALU | BPF_AND | BPF_K, to, 0, 0, value}; }
bpf_insn shift_right(Register to, int32_t bits) { return {BPF_ALU | BPF_RSH | BPF_K, to, 0, 0, bits}; }
bpf_insn skip_unless(Register value, int32_t expected, int16_t count) {
    return {BPF_JMP | BPF_JNE | BPF_K, value, 0, count, expected};
}
bpf_insn leave() { return {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}; }

}  // namespace

// The program sees struct bpf_cgroup_dev_ctx {u32 access_type (access << 16 | type), u32 major, u32 minor}.
std::vector<bpf_insn> plan_device_program(const std::vector<DeviceRule>& rules) {
    std::vector<bpf_insn> program = {load_word(r2, r1, 0), move(r3, r2), mask(r2, 0xffff), shift_right(r3, 16),
                                     load_word(r4, r1, 4), load_word(r5, r1, 8),
                                     // Only a mknod and nothing else: the capability has decided already.
                                     skip_unless(r3, BPF_DEVCG_ACC_MKNOD, 2), set(r0, 1), leave()};
    for (const auto& rule : rules) {
        const bool with_major = rule.major >= 0, with_minor = rule.minor >= 0;
        // From each test to behind the rule's last instruction.
        int16_t rest = static_cast<int16_t>(2 + (with_major ? 1 : 0) + (with_minor ? 1 : 0));
        program.push_back(skip_unless(r2, rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, rest--));
        if (with_major) program.push_back(skip_unless(r4, static_cast<int32_t>(rule.major), rest--));
        if (with_minor) program.push_back(skip_unless(r5, static_cast<int32_t>(rule.minor), rest--));
        program.push_back(set(r0, 1));
        program.push_back(leave());
    }
    program.push_back(set(r0, 0));
    program.push_back(leave());
    return program;
}

Result<void> attach_device_filter(const std::string& cgroup_dir, const std::vector<DeviceRule>& rules) {
    const auto program = plan_device_program(rules);
    bpf_attr load_attr{};
    load_attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    load_attr.insns = reinterpret_cast<uint64_t>(program.data());
    load_attr.insn_cnt = static_cast<uint32_t>(program.size());
    load_attr.license = reinterpret_cast<uint64_t>("Apache-2.0");
    UniqueFd filter(static_cast<int>(syscall(SYS_bpf, BPF_PROG_LOAD, &load_attr, sizeof load_attr)));
    if (!filter) return Error::from_errno("load the device filter of " + cgroup_dir, errno);
    UniqueFd cgroup(open(cgroup_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!cgroup) return Error::from_errno("open " + cgroup_dir, errno);
    bpf_attr attach_attr{};
    attach_attr.target_fd = static_cast<uint32_t>(cgroup.get());
    attach_attr.attach_bpf_fd = static_cast<uint32_t>(filter.get());
    attach_attr.attach_type = BPF_CGROUP_DEVICE;
    attach_attr.attach_flags = BPF_F_ALLOW_MULTI;
    if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attach_attr, sizeof attach_attr) != 0)
        return Error::from_errno("attach the device filter of " + cgroup_dir, errno);
    return ok();
}

}  // namespace orilla::runtime
