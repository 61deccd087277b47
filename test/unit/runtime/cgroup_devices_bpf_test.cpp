#include "cgroup_devices_bpf.hpp"

#include <catch2/catch.hpp>

using namespace orilla::runtime;

namespace {

/// What the kernel would answer: a small interpreter of the instructions the planner uses.
bool allows(const std::vector<bpf_insn>& program, char type, uint32_t access, uint32_t major, uint32_t minor) {
    const uint32_t context[3] = {access << 16 | (type == 'b' ? 1U : 2U), major, minor};
    uint64_t registers[11] = {};
    for (size_t at = 0; at < program.size(); ++at) {
        const bpf_insn& insn = program[at];
        uint64_t& to = registers[insn.dst_reg];
        const auto value = static_cast<uint64_t>(static_cast<int64_t>(insn.imm));
        switch (insn.code) {
            case BPF_LDX | BPF_MEM | BPF_W: to = context[insn.off / 4]; break;
            case BPF_ALU64 | BPF_MOV | BPF_X: to = registers[insn.src_reg]; break;
            case BPF_ALU64 | BPF_MOV | BPF_K: to = value; break;
            case BPF_ALU | BPF_AND | BPF_K: to = static_cast<uint32_t>(to & value); break;
            case BPF_ALU | BPF_RSH | BPF_K: to = static_cast<uint32_t>(to) >> value; break;
            case BPF_JMP | BPF_JNE | BPF_K: at += to != value ? static_cast<size_t>(insn.off) : 0; break;
            case BPF_JMP | BPF_EXIT: return registers[0] != 0;
            default: FAIL("unknown instruction");
        }
    }
    FAIL("fell off the end");
    return false;
}

constexpr uint32_t mknod_access = 1, read_access = 2, write_access = 4;

}  // namespace

TEST_CASE("plan_device_program: what a rule names is allowed, the rest is not") {
    const auto program = plan_device_program({{'c', 1, 3}, {'c', 136, -1}, {'b', 8, 0}});
    CHECK(allows(program, 'c', read_access | write_access, 1, 3));
    CHECK_FALSE(allows(program, 'c', read_access, 1, 1));
    CHECK_FALSE(allows(program, 'b', read_access, 1, 3));
    CHECK(allows(program, 'c', write_access, 136, 17));
    CHECK(allows(program, 'b', read_access, 8, 0));
    CHECK_FALSE(allows(program, 'c', read_access, 8, 0));
}

TEST_CASE("plan_device_program: making a node is allowed, opening it is not") {
    const auto program = plan_device_program(default_device_rules());
    CHECK(allows(program, 'b', mknod_access, 8, 0));
    CHECK_FALSE(allows(program, 'b', mknod_access | read_access, 8, 0));
    CHECK(allows(program, 'c', read_access, 1, 9));
}
