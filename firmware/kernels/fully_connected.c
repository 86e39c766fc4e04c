/* FULLY_CONNECTED, INT8: vector and weight matrix in, requantised vector out. */

#include "fixed_point.h"
#include "kernels.h"

void fully_connected(const struct fully_connected_params *p, const int8_t *input, const int8_t *weights,
                     const int32_t *bias, int8_t *output) {
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out = 0; out < p->outputs; out++) {
            int32_t sum = 0;
            for (int32_t in = 0; in < p->inputs; in++) {
                int32_t value = input[batch * p->inputs + in];
                int32_t weight = weights[out * p->inputs + in];
                sum = add_wrapping(sum, weight * (value + p->input_offset));
            }
            sum = add_wrapping(sum, bias[out]);
            int32_t scaled = multiply_by_quantized_multiplier(sum, p->multiplier[out], p->shift[out]);
            scaled = clamp(add_wrapping(scaled, p->output_offset), p->low, p->high);
            output[batch * p->outputs + out] = (int8_t)scaled;
        }
    }
}
