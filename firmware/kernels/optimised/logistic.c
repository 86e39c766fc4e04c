/* LOGISTIC: numbers in, 1 / (1 + exp(-x)) in units of 1/256 out; integers only. */

#include "elements.h"
#include "exponential.h"
#include "fixed_point.h"
#include "requantise.h"

enum { INPUT_INTEGER_BITS = 4, OUTPUT_BITS = 8 };

/* 1 / (1 + exp(-x)), x in Q4.27, result in Q0.31. */
static int32_t logistic_of(int32_t x) {
    if (x == 0) return 1 << 30;
    int32_t upper_half =
        one_over_one_plus(exp_of_negative(x > 0 ? subtract_wrapping(0, x) : x, INPUT_INTEGER_BITS));
    return x > 0 ? upper_half : subtract_wrapping(INT32_MAX, upper_half);
}

ALWAYS_INLINE void logistic_all(enum eight_bits type, const struct logistic_params *p, const uint8_t *input,
                                uint8_t *output) {
    const struct scale scale = make_scale(p->multiplier, p->shift);
    const int32_t zero = p->input_zero, radius = p->range_radius;
    for (const uint8_t *end = output + p->count; output != end; output++) {
        int32_t x = load(type, input++) - zero;
        int32_t value;
        if (x <= -radius) {
            value = lowest(type);
        } else if (x >= radius) {
            value = highest(type);
        } else {
            int32_t y = rounding_divide_by_power_of_two(logistic_of(scaled(x, scale)), 31 - OUTPUT_BITS);
            value = clamp(add_wrapping(y, lowest(type)), lowest(type), highest(type));
        }
        *output = (uint8_t)value;
    }
}

void logistic(const struct logistic_params *p, const int8_t *input, int8_t *output) {
    logistic_all(INT8, p, (const uint8_t *)input, (uint8_t *)output);
}

void logistic_u8(const struct logistic_params *p, const uint8_t *input, uint8_t *output) {
    logistic_all(UINT8, p, input, output);
}
