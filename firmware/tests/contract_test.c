/* Exercises the runtime: the first input byte says what to do. Expected results: qemu_contract.py. */

#include "console.h"
#include "stuckat.h"

STUCKAT_INPUT(4);
STUCKAT_OUTPUT(4);

extern uint32_t __bss_start[], __bss_end[];
static volatile uint32_t zeroed[64]; /* makes .bss larger than the output */

static int print_numbers(void) {
    static const int32_t numbers[] = {0, 7, -1, 10, 1009, -128, INT32_MAX, INT32_MIN};
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        console_decimal(numbers[i]);
        console_putc(' ');
        console_hex((uint32_t)numbers[i]);
        console_puts("\n");
    }
    return 0;
}

/* QEMU hands out zeroed memory, so the harness script fills RAM with ones first. */
static int count_uncleared(void) {
    int dirty = zeroed[63] != 0;
    for (uint32_t *word = __bss_start; word < __bss_end; word++) dirty += *word != 0;
    return dirty == 0 ? 0 : 1;
}

int main(void) {
    switch (stuckat_input[0]) {
    case -128: return print_numbers(); /* the default: what the ELF does on its own */
    case 1: return count_uncleared();
    case 2: return 0x1f;
    case 3: __asm__ volatile(".word 0xffffffff"); return 0; /* illegal: cause 2 */
    case 4: __asm__ volatile("ebreak"); return 0;            /* cause 3 */
    case 5: return *(volatile int32_t *)0xf0000000;          /* nothing there: load fault, cause 5 */
    case 6: *(volatile int32_t *)0xf0000000 = 1; return 0;   /* store fault, cause 7 */
    case 7: __asm__ volatile("ecall"); return 0;             /* from machine mode: cause 11 */
    case 8: /* a software interrupt that nobody handles: interrupt 3, through vector entry 3 */
        __asm__ volatile("csrs mie, %0; csrsi mstatus, 8" ::"r"(1 << 3));
        *(volatile uint32_t *)0x02000000 = 1;
        for (;;) {
        }
    default: return 0x3e;
    }
}
