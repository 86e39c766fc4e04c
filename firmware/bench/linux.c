/* A Linux process without a C library: argument and console. System calls: riscv's unistd.h (asm-generic), number in a7. */

#include "bench.h"
#include "console.h"

enum { WRITE = 64, STDOUT = 1 };

/* What the kernel leaves on the stack: the number of arguments and their addresses. Set by _start. */
const uintptr_t *bench_stack;

const char *bench_argument(void) { return bench_stack[0] > 1 ? (const char *)bench_stack[2] : ""; }

void console_putc(char c) {
    register uintptr_t a0 __asm__("a0") = STDOUT;
    register const char *a1 __asm__("a1") = &c;
    register uintptr_t a2 __asm__("a2") = 1;
    register uintptr_t a7 __asm__("a7") = WRITE;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
}
