/* The console's one character: 16550 UART of the `virt` platform; QEMU sets it up, so nothing is initialised
 * here. */

#include "console.h"

static volatile uint8_t *const uart = (volatile uint8_t *)0x10000000;
enum { THR = 0, LSR = 5, LSR_THR_EMPTY = 1 << 5 };

void console_putc(char c) {
    while (!(uart[LSR] & LSR_THR_EMPTY)) {
    }
    uart[THR] = (uint8_t)c;
}
