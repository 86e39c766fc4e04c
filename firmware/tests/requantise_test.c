/* The fast requantisation of the optimised kernels against fixed_point.h, which defines the result.
 *
 * usage: requantise-test */

#include <inttypes.h>
#include <stdio.h>

#include "fixed_point.h"
#include "optimised/requantise.h"

static int wrong;
static long compared;

static void compare(const char *what, int32_t x, int32_t multiplier, int32_t shift, int32_t found, int32_t wanted) {
    compared++;
    if (found != wanted && wrong++ < 10) {
        fprintf(stderr, "%s(%" PRId32 ", %" PRId32 ", %" PRId32 ") = %" PRId32 ", expected %" PRId32 "\n", what, x,
                multiplier, shift, found, wanted);
    }
}

static void compare_all(int32_t x, int32_t multiplier, int32_t shift) {
    const int32_t wanted = multiply_by_quantized_multiplier(x, multiplier, shift);
    compare("scaled", x, multiplier, shift, scaled(x, make_scale(multiplier, shift)), wanted);
    if (is_down(multiplier, shift)) {
        compare("scaled_down", x, multiplier, shift, scaled_down(x, make_down(multiplier, shift)), wanted);
    }
    compare("high_mul", x, multiplier, 0, high_mul(x, multiplier), saturating_rounding_doubling_high_mul(x, multiplier));
}

int main(void) {
    static const int32_t multipliers[] = {0, 1, 2, 3, (1 << 30) - 1, 1 << 30, (1 << 30) + 1, 1518500250, INT32_MAX - 1,
                                          INT32_MAX, -1, INT32_MIN, INT32_MIN + 1};
    static const int32_t ends[] = {INT32_MIN, -(1 << 30), 0, 1 << 30, INT32_MAX};
    const int multiplier_count = (int)(sizeof multipliers / sizeof *multipliers);
    uint32_t state = 1;
    for (int32_t shift = -31; shift <= 30; shift++) {
        for (int m = 0; m < multiplier_count; m++) {
            for (int e = 0; e < 5; e++) { /* around the ends and around 0 */
                for (int32_t d = -300; d <= 300; d++) compare_all(add_wrapping(ends[e], d), multipliers[m], shift);
            }
        }
        for (int i = 0; i < 20000; i++) {
            state = state * 1664525 + 1013904223;
            const int32_t x = (int32_t)state >> (i & 31);
            state = state * 1664525 + 1013904223;
            const int32_t multiplier = (int32_t)((state >> 2) | 1u << 30);
            compare_all(x, multiplier, shift);
            /* Ties of the second rounding and their neighbours, as far as they exist. */
            if (shift < 0) {
                const int32_t tie = (int32_t)((((uint32_t)x << 1) | 1) << (-shift - 1));
                for (int32_t d = -2; d <= 2; d++) {
                    compare_all(add_wrapping(tie, d), INT32_MAX, shift);
                    compare_all(shift_left_wrapping(add_wrapping(tie, d), 1), 1 << 30, shift);
                }
            }
        }
    }
    printf("requantise-test: %ld comparisons, %d wrong\n", compared, wrong);
    return wrong != 0;
}
