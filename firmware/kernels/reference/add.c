/* ADD: two tensors of different scales in, their requantised sum out. */

#include "elementwise.h"
#include "fixed_point.h"
#include "kernels.h"

/* Both summands go to a common scale first, twice the larger of theirs, with 20 more bits of precision. */
static inline int32_t add_one(const struct elementwise_params *p, int32_t a, int32_t b) {
    int32_t scaled_a =
        multiply_by_quantized_multiplier(shift_left_wrapping(a, p->left_shift), p->multiplier_1, p->shift_1);
    int32_t scaled_b =
        multiply_by_quantized_multiplier(shift_left_wrapping(b, p->left_shift), p->multiplier_2, p->shift_2);
    int32_t sum = multiply_by_quantized_multiplier(add_wrapping(scaled_a, scaled_b), p->multiplier, p->shift);
    return clamp(add_wrapping(sum, p->output_offset), p->low, p->high);
}

void add(const struct elementwise_params *p, const int8_t *input_1, const int8_t *input_2, int8_t *output) {
    elementwise(INT8, add_one, p, input_1, input_2, output);
}

void add_u8(const struct elementwise_params *p, const uint8_t *input_1, const uint8_t *input_2,
            uint8_t *output) {
    elementwise(UINT8, add_one, p, input_1, input_2, output);
}
