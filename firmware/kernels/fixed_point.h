/* The fixed-point arithmetic of TensorFlow Lite's reference kernels, with its double rounding.
 *
 * A real multiplier m is held as (multiplier, shift): m = multiplier * 2^(shift - 31), multiplier in
 * [2^30, 2^31). Applying it takes one 32 x 32 -> 64 product, on RV32IM one MUL and one MULH: two of the
 * four operations of the unit under test meet here, once for every output element.
 *
 * Every function is total: what C leaves undefined (left shift of a negative number, signed overflow) goes
 * through unsigned arithmetic, because a faulty multiplier does deliver numbers that no network would. */
#ifndef FIXED_POINT_H
#define FIXED_POINT_H

#include <stdint.h>

/* Two's complement left shift; bits that leave at the top are lost. 0 <= bits <= 31. */
static inline int32_t shift_left_wrapping(int32_t x, int bits) {
    return (int32_t)((uint32_t)x << bits);
}

static inline int32_t add_wrapping(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t subtract_wrapping(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a - (uint32_t)b);
}

static inline int32_t multiply_wrapping(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a * (uint32_t)b);
}

/* a / b, truncated; 0 where C has no answer. */
static inline int32_t divide(int32_t a, int32_t b) {
    return b == 0 || (a == INT32_MIN && b == -1) ? 0 : a / b;
}

/* round(a * b / 2^31). The nudge and the truncating division round ties towards plus infinity. The one
 * product that does not fit, INT32_MIN squared, saturates. */
static inline int32_t saturating_rounding_doubling_high_mul(int32_t a, int32_t b) {
    if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
    int64_t product = (int64_t)a * b;
    int32_t nudge = product >= 0 ? (1 << 30) : 1 - (1 << 30);
    return (int32_t)((product + nudge) / ((int64_t)1 << 31));
}

/* round(x / 2^exponent), ties away from zero. 0 <= exponent <= 31. */
static inline int32_t rounding_divide_by_power_of_two(int32_t x, int exponent) {
    int32_t mask = (int32_t)(((uint32_t)1 << exponent) - 1);
    int32_t remainder = x & mask;
    int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

/* x * multiplier * 2^(shift - 31), rounded twice: once by the product, once by the right shift. That is
 * TFLM's default and differs from one exact rounding in the last bit now and then. */
static inline int32_t multiply_by_quantized_multiplier(int32_t x, int32_t multiplier, int shift) {
    int left = shift > 0 ? shift : 0;
    int right = shift > 0 ? 0 : -shift;
    return rounding_divide_by_power_of_two(
        saturating_rounding_doubling_high_mul(shift_left_wrapping(x, left), multiplier), right);
}

/* The nearest integer, ties away from zero; held at +-2^30, far outside every 8-bit range. Not a number: 0. */
static inline int32_t round_to_int(float x) {
    const float limit = (float)(1 << 30);
    if (x != x) return 0;
    if (x >= limit) return 1 << 30;
    if (x <= -limit) return -(1 << 30);
    int32_t whole = (int32_t)x;
    float rest = x - (float)whole; /* exact */
    return whole + (rest >= 0.5f ? 1 : 0) - (rest <= -0.5f ? 1 : 0);
}

static inline int32_t clamp(int32_t x, int32_t low, int32_t high) {
    return x < low ? low : x > high ? high : x;
}

#endif
