/* LOGISTIC: numbers in, 1 / (1 + exp(-x)) in units of 1/256 out; integers only. */

#include "element.h"
#include "exponential.h"
#include "fixed_point.h"
#include "kernels.h"

enum { INPUT_INTEGER_BITS = 4, OUTPUT_BITS = 8 };

/* 1 / (1 + exp(-x)), x in Q4.27, result in Q0.31. */
static int32_t logistic_of(int32_t x) {
    if (x == 0) return 1 << 30;
    int32_t minus_magnitude = x > 0 ? subtract_wrapping(0, x) : x;
    int32_t upper_half = one_over_one_plus(exp_of_negative(minus_magnitude, INPUT_INTEGER_BITS));
    return x > 0 ? upper_half : subtract_wrapping(INT32_MAX, upper_half);
}

FOR_BOTH_TYPES void logistic_all(enum eight_bits type, const struct logistic_params *p, const void *input,
                                 void *output) {
    for (int32_t i = 0; i < p->count; i++) {
        int32_t x = element(type, input, i) - p->input_zero;
        int32_t value;
        if (x <= -p->range_radius) {
            value = lowest(type);
        } else if (x >= p->range_radius) {
            value = highest(type);
        } else {
            int32_t y = logistic_of(multiply_by_quantized_multiplier(x, p->multiplier, p->shift));
            y = rounding_divide_by_power_of_two(y, 31 - OUTPUT_BITS);
            value = clamp(add_wrapping(y, lowest(type)), lowest(type), highest(type));
        }
        set_element(output, i, value);
    }
}

void logistic(const struct logistic_params *p, const int8_t *input, int8_t *output) {
    logistic_all(INT8, p, input, output);
}

void logistic_u8(const struct logistic_params *p, const uint8_t *input, uint8_t *output) {
    logistic_all(UINT8, p, input, output);
}
