/* SOFTMAX, INT8: scores in, probabilities in units of 1/256 out; integers only.
 *
 * Qa.b below is a signed number of 1 + a + b bits whose unit is 2^-b. For each row: differences to the
 * largest score become Q5.26, their exponentials Q0.31, the sum of these Q12.19, its reciprocal Q0.31.
 * Every product of two Q numbers is one rounded doubling high product. */

#include "fixed_point.h"
#include "kernels.h"

enum {
    DIFFERENCE_FRACTION_BITS = 26, /* Q5.26 */
    SUM_INTEGER_BITS = 12,         /* Q12.19: room for 4,096 classes */
    OUTPUT_BITS = 8,
    OUTPUT_ZERO_POINT = -128,
};

static inline int32_t mul(int32_t a, int32_t b) { return saturating_rounding_doubling_high_mul(a, b); }
static inline int32_t rdiv(int32_t x, int exponent) { return rounding_divide_by_power_of_two(x, exponent); }

/* x * 2^bits, held at the ends of the 32-bit range. */
static inline int32_t shift_left_saturating(int32_t x, int bits) {
    int32_t limit = INT32_MAX >> bits;
    if (x > limit) return INT32_MAX;
    if (x < -limit - 1) return INT32_MIN;
    return shift_left_wrapping(x, bits);
}

/* (a + b) / 2, ties away from zero. */
static inline int32_t rounding_half_sum(int32_t a, int32_t b) {
    int64_t sum = (int64_t)a + b;
    return (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
}

/* A count of leading zeros without the table of libgcc; 32 for 0. */
static inline int leading_zeros(uint32_t x) {
    int zeros = 32;
    for (; x != 0; x >>= 1) zeros--;
    return zeros;
}

/* exp(a) for -1/4 <= a < 0, all in Q0.31: Taylor's series of degree 4 around -1/8. */
static int32_t exp_of_quarter(int32_t a) {
    const int32_t exp_minus_eighth = 1895147668;
    const int32_t third = 715827883;
    int32_t x = add_wrapping(a, 1 << 28);
    int32_t x2 = mul(x, x);
    int32_t x3 = mul(x2, x);
    int32_t x4 = mul(x2, x2);
    int32_t high_terms = mul(add_wrapping(rdiv(x4, 2), x3), third);
    int32_t tail = rdiv(add_wrapping(high_terms, x2), 1);
    return add_wrapping(exp_minus_eighth, mul(exp_minus_eighth, add_wrapping(x, tail)));
}

/* exp(a), a <= 0 in Q5.26, result in Q0.31: a splits into a part in [-1/4, 0) and whole quarters, and each
 * bit of the latter stands for one factor exp(-2^(bit - 26)). */
static int32_t exp_of_negative(int32_t a) {
    static const int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t quarter = 1 << (DIFFERENCE_FRACTION_BITS - 2);
    if (a == 0) return INT32_MAX;
    int32_t fine = (a & (quarter - 1)) - quarter;
    int32_t result = exp_of_quarter(shift_left_saturating(fine, 5));
    int32_t rest = subtract_wrapping(fine, a);
    for (int i = 0; i < 7; i++) {
        if (rest & shift_left_wrapping(quarter, i)) result = mul(result, factors[i]);
    }
    return result;
}

/* 1 / (1 + a) for 0 <= a < 1 in Q0.31: Newton-Raphson on the half denominator, three steps. */
static int32_t one_over_one_plus(int32_t a) {
    const int32_t first_guess = 1515870810;   /* 48/17 in Q2.29 */
    const int32_t first_slope = -1010580540;  /* -32/17 in Q2.29 */
    const int32_t one = 1 << 29;              /* in Q2.29 */
    int32_t half_denominator = rounding_half_sum(a, INT32_MAX);
    int32_t x = add_wrapping(first_guess, mul(half_denominator, first_slope));
    for (int i = 0; i < 3; i++) {
        int32_t error = subtract_wrapping(one, mul(half_denominator, x));
        x = add_wrapping(x, shift_left_saturating(mul(x, error), 2));
    }
    return shift_left_saturating(x, 1);
}

/* exp(beta * scale * difference) in Q0.31; a difference below the limit would need more integer bits. */
static inline int32_t scaled_exp(const struct softmax_params *p, int32_t difference) {
    return exp_of_negative(mul(shift_left_wrapping(difference, p->shift), p->multiplier));
}

static void softmax_row(const struct softmax_params *p, const int8_t *input, int8_t *output) {
    int32_t largest = INT8_MIN;
    for (int32_t c = 0; c < p->classes; c++) {
        if (input[c] > largest) largest = input[c];
    }

    int32_t sum = 0;
    for (int32_t c = 0; c < p->classes; c++) {
        int32_t difference = input[c] - largest;
        if (difference < p->difference_min) continue;
        sum = add_wrapping(sum, rdiv(scaled_exp(p, difference), SUM_INTEGER_BITS));
    }

    /* sum = (1 + fraction) * 2^(integer bits), integer bits = 12 - zeros. A fault can make the sum 0 or
     * negative; masking keeps the shifts below defined without changing any sum that can occur otherwise. */
    int zeros = leading_zeros((uint32_t)sum);
    int32_t fraction = (int32_t)(((uint32_t)sum << (zeros & 31)) - ((uint32_t)1 << 31));
    int32_t reciprocal = one_over_one_plus(fraction);
    int right = (SUM_INTEGER_BITS - zeros + 31 - OUTPUT_BITS) & 31;

    for (int32_t c = 0; c < p->classes; c++) {
        int32_t difference = input[c] - largest;
        int32_t probability = 0;
        if (difference >= p->difference_min) probability = rdiv(mul(reciprocal, scaled_exp(p, difference)), right);
        output[c] = (int8_t)clamp(add_wrapping(probability, OUTPUT_ZERO_POINT), INT8_MIN, INT8_MAX);
    }
}

void softmax(const struct softmax_params *p, const int8_t *input, int8_t *output) {
    for (int32_t row = 0; row < p->rows; row++) {
        softmax_row(p, input + row * p->classes, output + row * p->classes);
    }
}
