// Runs a filter of system calls as the kernel would.
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace orilla::test {

#if defined(__x86_64__)
constexpr uint32_t native = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t native = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t native = AUDIT_ARCH_ARM;
#define SYS_mmap SYS_mmap2
#endif
constexpr uint32_t allowed = SECCOMP_RET_ALLOW;
constexpr uint32_t fails(int error) { return SECCOMP_RET_ERRNO | static_cast<uint32_t>(error); }

/// Runs the classic BPF program as the kernel would.
inline uint32_t ask(const std::string& bytes, long number, uint64_t first = 0, uint32_t architecture = native,
                    uint64_t second = 0) {
    seccomp_data data{};
    data.nr = static_cast<int>(number);
    data.arch = architecture;
    data.args[0] = first;
    data.args[1] = second;
    const auto* program = reinterpret_cast<const sock_filter*>(bytes.data());
    uint32_t a = 0;
    for (size_t at = 0; at < bytes.size() / sizeof *program; ++at) {
        const sock_filter& insn = program[at];
        switch (insn.code) {
            case BPF_LD | BPF_W | BPF_ABS: memcpy(&a, reinterpret_cast<const char*>(&data) + insn.k, sizeof a); break;
            case BPF_JMP | BPF_JEQ | BPF_K: at += a == insn.k ? insn.jt : insn.jf; break;
            case BPF_JMP | BPF_JGE | BPF_K: at += a >= insn.k ? insn.jt : insn.jf; break;
            case BPF_JMP | BPF_JGT | BPF_K: at += a > insn.k ? insn.jt : insn.jf; break;
            case BPF_JMP | BPF_JSET | BPF_K: at += a & insn.k ? insn.jt : insn.jf; break;
            case BPF_JMP | BPF_JA: at += insn.k; break;
            case BPF_ALU | BPF_AND | BPF_K: a &= insn.k; break;
            case BPF_RET | BPF_K: return insn.k;
            default: FAIL("unknown instruction " << insn.code);
        }
    }
    FAIL("fell off the end");
    return 0;
}

}  // namespace orilla::test
