/* A state machine over a text of tokens: whole, hexadecimal and decimal numbers, names, and what is none of them. */

#include "bench.h"
#include "mix.h"

enum { TEXT = 512 };

enum state { START, SIGN, ZERO, WHOLE, HEX, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, SCALE, NAME, WRONG, STATES };

static char text[TEXT + 1];

void tokens_begin(uint32_t *seed) {
    static const char *const samples[] = {"5012",   "-874",     "0x1f3c", "0xBEEF", "35.54400",  ".1234500", "-110.700",
                                          "+0.644", "5.500e+3", "-.12e2", "lane_3", "threshold", "T0.3e-1F", "1T3.4e4z"};
    int at = 0;
    while (at < TEXT) {
        const char *from = samples[bench_random(seed) >> 7 & 7];
        if (bench_random(seed) & 4) from = samples[6 + (bench_random(seed) >> 9 & 7)];
        while (*from && at < TEXT) text[at++] = *from++;
        if (at < TEXT) text[at++] = ',';
    }
    text[TEXT] = 0;
}

static int is_digit(char c) { return c >= '0' && c <= '9'; }
static int is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static int is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

static enum state next(enum state state, char c) {
    switch (state) {
    case START:
        if (c == '0') return ZERO;
        if (is_digit(c)) return WHOLE;
        if (c == '+' || c == '-') return SIGN;
        if (c == '.') return POINT;
        return is_letter(c) ? NAME : WRONG;
    case SIGN:
        if (c == '0') return ZERO;
        return is_digit(c) ? WHOLE : c == '.' ? POINT : WRONG;
    case ZERO:
        if (c == 'x') return HEX;
        return c == '.' ? FRACTION : is_digit(c) ? WHOLE : WRONG;
    case WHOLE:
        return is_digit(c) ? WHOLE : c == '.' ? FRACTION : c == 'e' ? EXPONENT : WRONG;
    case HEX:
        return is_hex(c) ? HEX : WRONG;
    case POINT:
        return is_digit(c) ? FRACTION : WRONG;
    case FRACTION:
        return is_digit(c) ? FRACTION : c == 'e' || c == 'E' ? EXPONENT : WRONG;
    case EXPONENT:
        return c == '+' || c == '-' ? EXPONENT_SIGN : is_digit(c) ? SCALE : WRONG;
    case EXPONENT_SIGN:
    case SCALE:
        return is_digit(c) ? SCALE : WRONG;
    case NAME:
        return is_letter(c) || is_digit(c) ? NAME : WRONG;
    default:
        return WRONG;
    }
}

uint32_t tokens_round(uint32_t damage) {
    uint32_t ends[STATES] = {0}, visits[STATES] = {0};
    char *victim = &text[damage & (TEXT - 1)];
    if (*victim != ',') *victim = (char)(' ' + (damage >> 16 & 63));
    enum state state = START;
    for (const char *at = text; *at; at++) {
        if (*at == ',') {
            ends[state]++;
            state = START;
        } else {
            state = next(state, *at);
            visits[state]++;
        }
    }
    uint32_t sum = 0;
    for (int i = 0; i < STATES; i++) sum = bench_mix(sum, ends[i] << 16 | visits[i]);
    return sum;
}
