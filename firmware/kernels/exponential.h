/* Exponentials and reciprocals in fixed point, for SOFTMAX and LOGISTIC; integers only.
 *
 * Qa.b is a signed number of 1 + a + b bits whose unit is 2^-b. Every product of two Q numbers is one rounded
 * doubling high product. */
#ifndef EXPONENTIAL_H
#define EXPONENTIAL_H

#include "fixed_point.h"

/* The product of two numbers of which one is Q0.31. */
static inline int32_t times(int32_t a, int32_t b) { return saturating_rounding_doubling_high_mul(a, b); }

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

/* exp(a) for -1/4 <= a < 0, all in Q0.31: Taylor's series of degree 4 around -1/8. */
static inline int32_t exp_of_quarter(int32_t a) {
    const int32_t exp_minus_eighth = 1895147668;
    const int32_t third = 715827883;
    int32_t x = add_wrapping(a, 1 << 28);
    int32_t x2 = times(x, x);
    int32_t x3 = times(x2, x);
    int32_t x4 = times(x2, x2);
    int32_t high_terms = times(add_wrapping(rounding_divide_by_power_of_two(x4, 2), x3), third);
    int32_t tail = rounding_divide_by_power_of_two(add_wrapping(high_terms, x2), 1);
    return add_wrapping(exp_minus_eighth, times(exp_minus_eighth, add_wrapping(x, tail)));
}

/* exp(a), a <= 0 in Q(integer_bits).(31 - integer_bits), result in Q0.31: a splits into a part in [-1/4, 0)
 * and whole quarters, and each bit of the latter stands for one factor exp(-2^(bit - 2)). At most 5 integer
 * bits. */
static inline int32_t exp_of_negative(int32_t a, int integer_bits) {
    static const int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t quarter = 1 << (31 - integer_bits - 2);
    if (a == 0) return INT32_MAX;
    int32_t fine = (a & (quarter - 1)) - quarter;
    int32_t result = exp_of_quarter(shift_left_saturating(fine, integer_bits));
    int32_t rest = subtract_wrapping(fine, a);
    for (int i = 0; i < integer_bits + 2; i++) {
        if (rest & shift_left_wrapping(quarter, i)) result = times(result, factors[i]);
    }
    return result;
}

/* 1 / (1 + a) for 0 <= a < 1 in Q0.31: Newton-Raphson on the half denominator, three steps. */
static inline int32_t one_over_one_plus(int32_t a) {
    const int32_t first_guess = 1515870810;   /* 48/17 in Q2.29 */
    const int32_t first_slope = -1010580540;  /* -32/17 in Q2.29 */
    const int32_t one = 1 << 29;              /* in Q2.29 */
    int32_t half_denominator = rounding_half_sum(a, INT32_MAX);
    int32_t x = add_wrapping(first_guess, times(half_denominator, first_slope));
    for (int i = 0; i < 3; i++) {
        int32_t error = subtract_wrapping(one, times(half_denominator, x));
        x = add_wrapping(x, shift_left_saturating(times(x, error), 2));
    }
    return shift_left_saturating(x, 1);
}

#endif
