/* SOFTMAX: scores in, probabilities in units of 1/256 out; integers only.
 *
 * For each row: differences to the largest score become Q5.26 (exponential.h says what that is), their exponentials
 * Q0.31, the sum of these Q12.19, its reciprocal Q0.31. Nearly all the work is products of exponentials, which
 * fixed_point.h defines to the bit, and so the reference kernel's arithmetic is the optimised one's. */

#include "elements.h"
#include "exponential.h"
#include "fixed_point.h"

enum {
    DIFFERENCE_INTEGER_BITS = 5, /* Q5.26 */
    SUM_INTEGER_BITS = 12,       /* Q12.19: room for 4,096 classes */
    OUTPUT_BITS = 8,
};

/* exp(beta * scale * difference) in Q0.31. */
static int32_t scaled_exp(const struct softmax_params *p, int32_t difference) {
    return exp_of_negative(times(shift_left_wrapping(difference, p->shift), p->multiplier), DIFFERENCE_INTEGER_BITS);
}

/* A count of leading zeros without the table of libgcc; 32 for 0. */
static inline int leading_zeros(uint32_t x) {
    int zeros = 32;
    for (; x != 0; x >>= 1) zeros--;
    return zeros;
}

ALWAYS_INLINE void softmax_row(enum eight_bits type, const struct softmax_params *p, const uint8_t *input,
                               uint8_t *output) {
    const uint8_t *end = input + p->classes;
    int32_t largest = lowest(type);
    for (const uint8_t *x = input; x != end; x++) largest = larger(largest, load(type, x));

    const int32_t least = largest + p->difference_min; /* scores below have probability 0 */
    int32_t sum = 0;
    for (const uint8_t *x = input; x != end; x++) {
        int32_t score = load(type, x);
        if (score < least) continue;
        sum = add_wrapping(sum, rounding_divide_by_power_of_two(scaled_exp(p, score - largest), SUM_INTEGER_BITS));
    }

    /* sum = (1 + fraction) * 2^(integer bits), integer bits = 12 - zeros. A fault can make the sum 0 or
     * negative; masking keeps the shifts below defined without changing any sum that can occur otherwise. */
    int zeros = leading_zeros((uint32_t)sum);
    int32_t fraction = (int32_t)(((uint32_t)sum << (zeros & 31)) - ((uint32_t)1 << 31));
    int32_t reciprocal = one_over_one_plus(fraction);
    int right = (SUM_INTEGER_BITS - zeros + 31 - OUTPUT_BITS) & 31;

    for (const uint8_t *x = input; x != end; x++) {
        int32_t score = load(type, x), probability = 0;
        if (score >= least) {
            probability = rounding_divide_by_power_of_two(times(reciprocal, scaled_exp(p, score - largest)), right);
        }
        *output++ = (uint8_t)clamp(add_wrapping(probability, lowest(type)), lowest(type), highest(type));
    }
}

void softmax(const struct softmax_params *p, const int8_t *input, int8_t *output) {
    for (int32_t row = p->rows; row > 0; row--, input += p->classes, output += p->classes) {
        softmax_row(INT8, p, (const uint8_t *)input, (uint8_t *)output);
    }
}

void softmax_u8(const struct softmax_params *p, const uint8_t *input, uint8_t *output) {
    for (int32_t row = p->rows; row > 0; row--, input += p->classes, output += p->classes) {
        softmax_row(UINT8, p, input, output);
    }
}
