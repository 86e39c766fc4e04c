/* FULLY_CONNECTED: vectors and weight matrix in, requantised vectors out. */

#include "element.h"
#include "fixed_point.h"
#include "kernels.h"
#include "stuckat.h"

FOR_BOTH_TYPES void fully_connected_of(enum eight_bits type, const struct fully_connected_params *p,
                                       const void *input, const void *weights, const int32_t *bias,
                                       void *output) {
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out = 0; out < p->outputs; out++) {
            int32_t sum = 0;
            for (int32_t in = 0; in < p->inputs; in++) {
                int32_t value = element(type, input, batch * p->inputs + in);
                int32_t weight = element(type, weights, out * p->inputs + in);
                if (type == UINT8) weight += p->filter_offset;
                sum = add_wrapping(sum, stuckat_mul(weight, value + p->input_offset));
            }
            if (bias) sum = add_wrapping(sum, bias[out]);
            int32_t scaled = multiply_by_quantized_multiplier(sum, p->multiplier[out], p->shift[out]);
            scaled = clamp(add_wrapping(scaled, p->output_offset), p->low, p->high);
            set_element(output, batch * p->outputs + out, scaled);
        }
    }
}

int32_t fully_connected_scratch(const struct fully_connected_params *p) {
    (void)p;
    return 0;
}

void fully_connected(const struct fully_connected_params *p, const int8_t *input, const int8_t *weights,
                     const int32_t *bias, int8_t *output, void *scratch) {
    (void)scratch;
    fully_connected_of(INT8, p, input, weights, bias, output);
}

void fully_connected_u8(const struct fully_connected_params *p, const uint8_t *input, const uint8_t *weights,
                        const int32_t *bias, uint8_t *output, void *scratch) {
    (void)scratch;
    fully_connected_of(UINT8, p, input, weights, bias, output);
}
