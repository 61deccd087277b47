// Entry and the three things a compiler expects to exist. There is no libc under the supervisor.
#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>

extern "C" {

void* memcpy(void* to, const void* from, size_t bytes) {
    for (size_t i = 0; i < bytes; ++i) ((char*)to)[i] = ((const char*)from)[i];
    return to;
}

void* memset(void* to, int value, size_t bytes) {
    for (size_t i = 0; i < bytes; ++i) ((char*)to)[i] = (char)value;
    return to;
}

void* memmove(void* to, const void* from, size_t bytes) {
    char* target = (char*)to;
    const char* source = (const char*)from;
    if (target < source)
        for (size_t i = 0; i < bytes; ++i) target[i] = source[i];
    else
        for (size_t i = bytes; i > 0; --i) target[i - 1] = source[i - 1];
    return to;
}

size_t strlen(const char* text) {
    size_t length = 0;
    while (text[length]) {
        ++length;
        __asm__ volatile("");  // or the compiler turns this loop into a call of strlen
    }
    return length;
}

void orilla_supervisor_main(long* stack);

#if defined(__x86_64__)
__asm__(
    ".globl _start\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  and $-16, %rsp\n"
    "  call orilla_supervisor_main\n"
    "  ud2\n"
    // long orilla_clone3(void* args, size_t bytes, void (*entry)(void*), void* argument)
    ".globl orilla_clone3\n"
    "orilla_clone3:\n"
    "  mov %rdx, %r8\n"
    "  mov %rcx, %r9\n"
    "  mov $435, %eax\n"
    "  syscall\n"
    "  test %rax, %rax\n"
    "  jnz 1f\n"
    "  xor %ebp, %ebp\n"
    "  mov %r9, %rdi\n"
    "  call *%r8\n"
    "  ud2\n"
    "1: ret\n");
#elif defined(__aarch64__)
__asm__(
    ".globl _start\n"
    "_start:\n"
    "  mov x29, #0\n"
    "  mov x0, sp\n"
    "  bl orilla_supervisor_main\n"
    "  brk #1\n"
    ".globl orilla_clone3\n"
    "orilla_clone3:\n"
    "  mov x9, x2\n"
    "  mov x10, x3\n"
    "  mov x8, #435\n"
    "  svc #0\n"
    "  cbnz x0, 1f\n"
    "  mov x29, #0\n"
    "  mov x0, x10\n"
    "  blr x9\n"
    "  brk #1\n"
    "1: ret\n");
#elif defined(__arm__)
__asm__(
    ".arm\n"
    ".align 2\n"
    ".globl _start\n"
    ".type _start, %function\n"
    "_start:\n"
    "  mov fp, #0\n"
    "  mov r0, sp\n"
    "  bic sp, sp, #7\n"
    "  bl orilla_supervisor_main\n"
    "  udf #1\n"
    // long orilla_call(long number, long a, long b, long c, long d, long e, long f)
    ".globl orilla_call\n"
    ".type orilla_call, %function\n"
    "orilla_call:\n"
    "  mov ip, sp\n"
    "  push {r4, r5, r6, r7}\n"
    "  mov r7, r0\n"
    "  mov r0, r1\n"
    "  mov r1, r2\n"
    "  mov r2, r3\n"
    "  ldm ip, {r3, r4, r5}\n"
    "  svc #0\n"
    "  pop {r4, r5, r6, r7}\n"
    "  bx lr\n"
    ".globl orilla_clone3\n"
    ".type orilla_clone3, %function\n"
    "orilla_clone3:\n"
    "  push {r7, lr}\n"
    "  movw r7, #435\n"
    "  svc #0\n"
    "  cmp r0, #0\n"
    "  bne 1f\n"
    "  mov fp, #0\n"
    "  mov r0, r3\n"
    "  blx r2\n"
    "  udf #1\n"
    "1: pop {r7, pc}\n");

/// What the compiler's division calls for a divisor of zero.
int raise(int) { __builtin_trap(); }
#endif
}
