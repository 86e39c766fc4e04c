/* Console output without a single multiplication or division.
 *
 * The unit under test is the multiplier. A printf would send its own digits through it (division by ten is
 * compiled into a MULH), and a wrong line could then mean a wrong answer or only a wrong print. These
 * helpers use additions, subtractions and shifts, and so does everything that they call. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdint.h>

void console_putc(char c);
void console_puts(const char *text);   /* no newline is added */
void console_hex(uint32_t value);      /* 8 digits, no prefix */
void console_decimal(int32_t value);

#endif
