/* Requantisation with TFLM's double rounding, in as few instructions as give the same bits as fixed_point.h.
 *
 * With P = x * multiplier, the first rounding is floor((P + 2^30) / 2^31) whatever P's sign: the nudge and the truncation
 * of saturating_rounding_doubling_high_mul amount to that. The second one, by 2^n with ties away from zero, is
 * floor((y + 2^(n-1) - (y < 0)) / 2^n). Floors of floors merge, so that for n >= 1 both together are
 *     floor((P + 2^30 + 2^(n+30) - (x < 0 ? 2^31 : 0)) / 2^(n+31)).
 * (That asks for the sign of x, not of y; where they differ, y is 0 and both forms give 0.) For n >= 2 the sum's low word
 * matters by its carry alone: MUL, MULH and five instructions more.
 *
 * All this needs a multiplier that is not negative, as QuantizeMultiplier makes them. For any other numbers the general
 * functions answer. */
#ifndef REQUANTISE_H
#define REQUANTISE_H

#include "elements.h"
#include "fixed_point.h"

/* One channel's scale, ready for scaled_down(). */
struct down {
    int32_t multiplier;
    int32_t half;  /* 2^(n-2): half a unit of the result, in units of the high word */
    int32_t right; /* n - 1: what the high word is shifted by */
};

/* Whether scaled_down() can apply this scale: one below 1/4, as nearly all scales of convolutions are. */
ALWAYS_INLINE int is_down(int32_t multiplier, int32_t shift) { return multiplier >= 0 && shift <= -2; }

ALWAYS_INLINE struct down make_down(int32_t multiplier, int32_t shift) {
    return (struct down){multiplier, shift_left_wrapping(1, -shift - 2), -shift - 1};
}

/* multiply_by_quantized_multiplier() of such a scale. */
ALWAYS_INLINE int32_t scaled_down(int32_t x, struct down by) {
    int64_t product = (int64_t)x * by.multiplier;
    uint32_t low = (uint32_t)product;
    uint32_t high = (uint32_t)(product >> 32) + (uint32_t)by.half;
    if (x < 0) {
        high -= low < 0x40000000u;
    } else {
        high += low > 0xbfffffffu;
    }
    return (int32_t)high >> by.right;
}

/* saturating_rounding_doubling_high_mul(). Its one product that does not fit is the only one whose result would be
 * INT32_MIN here. */
ALWAYS_INLINE int32_t high_mul(int32_t a, int32_t b) {
    int64_t product = (int64_t)a * b;
    uint32_t units = (((uint32_t)product >> 30) + 1) >> 1;
    int32_t result = (int32_t)(((uint32_t)(product >> 32) << 1) + units);
    return result == INT32_MIN ? INT32_MAX : result;
}

/* clamp(), of which the usual case costs two branches that are not taken. The empty instructions keep the compiler from
 * making minima and maxima of them, which cost two moves more. */
ALWAYS_INLINE int32_t clamped(int32_t x, int32_t low, int32_t high) {
    if (__builtin_expect(x < low, 0)) {
        x = low;
        __asm__("" : "+r"(x));
    } else if (__builtin_expect(x > high, 0)) {
        x = high;
        __asm__("" : "+r"(x));
    }
    return x;
}

/* Any scale, taken apart once for many elements. */
struct scale {
    int32_t multiplier;
    int left, right;
    int32_t mask, half;
};

static inline struct scale make_scale(int32_t multiplier, int32_t shift) {
    int right = shift > 0 ? 0 : -shift;
    int32_t mask = (int32_t)(((uint32_t)1 << right) - 1);
    return (struct scale){multiplier, shift > 0 ? shift : 0, right, mask, mask >> 1};
}

/* multiply_by_quantized_multiplier(). */
ALWAYS_INLINE int32_t scaled(int32_t x, struct scale by) {
    int32_t y = high_mul(shift_left_wrapping(x, by.left), by.multiplier);
    return (y >> by.right) + ((y & by.mask) > by.half + (y < 0));
}

/* multiply_by_quantized_multiplier() of a scale that is used once. */
ALWAYS_INLINE int32_t scaled_by(int32_t x, int32_t multiplier, int32_t shift) {
    if (is_down(multiplier, shift)) return scaled_down(x, make_down(multiplier, shift));
    return multiply_by_quantized_multiplier(x, multiplier, shift);
}

#endif
