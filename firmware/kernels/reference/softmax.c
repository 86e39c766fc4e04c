/* SOFTMAX: scores in, probabilities in units of 1/256 out; integers only.
 *
 * For each row: differences to the largest score become Q5.26 (exponential.h says what that is), their
 * exponentials Q0.31, the sum of these Q12.19, its reciprocal Q0.31. */

#include "element.h"
#include "exponential.h"
#include "fixed_point.h"
#include "kernels.h"

enum {
    DIFFERENCE_INTEGER_BITS = 5, /* Q5.26 */
    SUM_INTEGER_BITS = 12,       /* Q12.19: room for 4,096 classes */
    OUTPUT_BITS = 8,
};

/* A count of leading zeros without the table of libgcc; 32 for 0. */
static inline int leading_zeros(uint32_t x) {
    int zeros = 32;
    for (; x != 0; x >>= 1) zeros--;
    return zeros;
}

/* exp(beta * scale * difference) in Q0.31; a difference below the limit would need more integer bits. */
static int32_t scaled_exp(const struct softmax_params *p, int32_t difference) {
    return exp_of_negative(times(shift_left_wrapping(difference, p->shift), p->multiplier),
                           DIFFERENCE_INTEGER_BITS);
}

FOR_BOTH_TYPES void softmax_row(enum eight_bits type, const struct softmax_params *p, const void *input,
                                void *output, int32_t start) {
    int32_t largest = lowest(type);
    for (int32_t c = 0; c < p->classes; c++) {
        if (element(type, input, start + c) > largest) largest = element(type, input, start + c);
    }

    int32_t sum = 0;
    for (int32_t c = 0; c < p->classes; c++) {
        int32_t difference = element(type, input, start + c) - largest;
        if (difference < p->difference_min) continue;
        sum = add_wrapping(sum, rounding_divide_by_power_of_two(scaled_exp(p, difference), SUM_INTEGER_BITS));
    }

    /* sum = (1 + fraction) * 2^(integer bits), integer bits = 12 - zeros. A fault can make the sum 0 or
     * negative; masking keeps the shifts below defined without changing any sum that can occur otherwise. */
    int zeros = leading_zeros((uint32_t)sum);
    int32_t fraction = (int32_t)(((uint32_t)sum << (zeros & 31)) - ((uint32_t)1 << 31));
    int32_t reciprocal = one_over_one_plus(fraction);
    int right = (SUM_INTEGER_BITS - zeros + 31 - OUTPUT_BITS) & 31;

    for (int32_t c = 0; c < p->classes; c++) {
        int32_t difference = element(type, input, start + c) - largest;
        int32_t probability = 0;
        if (difference >= p->difference_min) {
            probability =
                rounding_divide_by_power_of_two(times(reciprocal, scaled_exp(p, difference)), right);
        }
        set_element(output, start + c,
                    clamp(add_wrapping(probability, lowest(type)), lowest(type), highest(type)));
    }
}

void softmax(const struct softmax_params *p, const int8_t *input, int8_t *output) {
    for (int32_t row = 0; row < p->rows; row++) softmax_row(INT8, p, input, output, row * p->classes);
}

void softmax_u8(const struct softmax_params *p, const uint8_t *input, uint8_t *output) {
    for (int32_t row = 0; row < p->rows; row++) softmax_row(UINT8, p, input, output, row * p->classes);
}
