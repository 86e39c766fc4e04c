/* MUL: two tensors in, the requantised product of each pair of elements out. */

#include "elementwise.h"
#include "fixed_point.h"
#include "kernels.h"

static inline int32_t multiply_one(const struct elementwise_params *p, int32_t a, int32_t b) {
    int32_t scaled = multiply_by_quantized_multiplier(multiply_wrapping(a, b), p->multiplier, p->shift);
    return clamp(add_wrapping(scaled, p->output_offset), p->low, p->high);
}

void mul(const struct elementwise_params *p, const int8_t *input_1, const int8_t *input_2, int8_t *output) {
    elementwise(INT8, multiply_one, p, input_1, input_2, output);
}

void mul_u8(const struct elementwise_params *p, const uint8_t *input_1, const uint8_t *input_2,
            uint8_t *output) {
    elementwise(UINT8, multiply_one, p, input_1, input_2, output);
}
