/* RELU and RELU6: tensor in, requantised and clamped tensor out. */

#include "element.h"
#include "fixed_point.h"
#include "kernels.h"

FOR_BOTH_TYPES void relu_of(enum eight_bits type, const struct rescale_params *p, const void *input,
                            void *output) {
    for (int32_t i = 0; i < p->count; i++) {
        int32_t scaled = multiply_by_quantized_multiplier(element(type, input, i) - p->input_zero,
                                                          p->multiplier, p->shift);
        set_element(output, i, clamp(add_wrapping(scaled, p->output_zero), p->low, p->high));
    }
}

void relu(const struct rescale_params *p, const int8_t *input, int8_t *output) {
    relu_of(INT8, p, input, output);
}

void relu_u8(const struct rescale_params *p, const uint8_t *input, uint8_t *output) {
    relu_of(UINT8, p, input, output);
}
