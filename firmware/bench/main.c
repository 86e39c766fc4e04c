/* Asks how many rounds, runs them, prints the checksum: `conv, 700 rounds: 0x01234567`.
 *
 * The rounds come from the harness (`stuckat_input`, a word), else from the command line, else from the program itself.
 * None of this multiplies, so that a faulty multiplier changes nothing but the checksum. */

#include "bench.h"
#include "console.h"
#include "stuckat.h"

enum { UNKNOWN_ARGUMENT = 2 };

/* 0: the command line decides. */
int8_t stuckat_input[4] __attribute__((section(".stuckat_input"), aligned(16), used)) = {0};
STUCKAT_OUTPUT(4);

static uint32_t word(const int8_t *bytes) {
    const volatile uint8_t *b = (const volatile uint8_t *)bytes; /* volatile: the harness writes it */
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* Decimal digits alone, less than 2^32. */
static int parse(const char *text, uint32_t *number) {
    uint32_t value = 0;
    for (; *text; text++) {
        uint32_t digit = (uint32_t)*text - '0';
        if (digit > 9 || value > 429496728) return 0;
        value = (value << 3) + (value << 1) + digit;
    }
    *number = value;
    return 1;
}

int main(void) {
    uint32_t rounds = word(stuckat_input);
    if (rounds == 0) {
        const char *argument = bench_argument();
        rounds = bench_rounds;
        if (*argument && !parse(argument, &rounds)) {
            console_puts(bench_name);
            console_puts(": the argument is a number of rounds\n");
            return UNKNOWN_ARGUMENT;
        }
    }
    uint32_t sum = bench_run(rounds);
    console_puts(bench_name);
    console_puts(", ");
    console_decimal((int32_t)rounds);
    console_puts(" rounds: 0x");
    console_hex(sum);
    console_puts("\n");
    for (int i = 0; i < 4; i++) stuckat_output[i] = (int8_t)(sum >> (i << 3));
    return 0;
}
