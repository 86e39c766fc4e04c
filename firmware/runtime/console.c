/* See console.h for the rule that this file obeys: no multiplication, no division. */

#include "console.h"

#include <stdbool.h>

void console_puts(const char *text) {
    while (*text) console_putc(*text++);
}

void console_hex(uint32_t value) {
    for (int shift = 28; shift >= 0; shift -= 4) {
        uint32_t digit = (value >> shift) & 15;
        console_putc((char)(digit < 10 ? '0' + digit : 'a' + digit - 10));
    }
}

void console_decimal(int32_t value) {
    static const uint32_t powers[] = {1000000000, 100000000, 10000000, 1000000, 100000,
                                      10000,      1000,      100,      10,      1};
    uint32_t rest = (uint32_t)value;
    if (value < 0) {
        console_putc('-');
        rest = 0 - rest; /* unsigned, so that INT32_MIN has a magnitude too */
    }
    bool started = false;
    for (unsigned i = 0; i < sizeof powers / sizeof *powers; i++) {
        char digit = '0';
        while (rest >= powers[i]) { /* at most nine subtractions a digit */
            rest -= powers[i];
            digit++;
        }
        if (digit != '0' || started || powers[i] == 1) {
            console_putc(digit);
            started = true;
        }
    }
}
