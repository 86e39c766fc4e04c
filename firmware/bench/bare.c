/* The command line on bare metal: by semihosting, which `stuckat run` and qemu-system-riscv32 offer. Where the harness has
 * said how many rounds, nobody asks. */

#include "bench.h"

enum { SYS_GET_CMDLINE = 0x15 };

static char line[256];

const char *bench_argument(void) {
    struct {
        char *buffer;
        uint32_t bytes;
    } block = {line, sizeof line};
    register uint32_t operation __asm__("a0") = SYS_GET_CMDLINE;
    register void *parameter __asm__("a1") = &block;
    /* The marks are 32-bit instructions on one page (RISC-V Semihosting, section 2). */
    __asm__ volatile(".option push\n.option norvc\n.balign 16\n"
                     "slli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop"
                     : "+r"(operation)
                     : "r"(parameter)
                     : "memory");
    if (operation != 0) return "";
    const char *word = line;
    while (*word && *word != ' ') word++;
    while (*word == ' ') word++;
    return word;
}
