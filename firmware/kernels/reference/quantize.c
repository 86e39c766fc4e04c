/* QUANTIZE and DEQUANTIZE: a tensor's numbers in another representation. Those from and to float32 are the
 * only kernels with floating-point arithmetic (in software on RV32IMC); they stand at a network's ends if at
 * all. */

#include "element.h"
#include "fixed_point.h"
#include "kernels.h"

/* With one scale and zero points 128 apart, signed and unsigned differ in their top bit only. */
static inline int32_t only_sign_differs(const struct rescale_params *p, enum eight_bits from,
                                        enum eight_bits to) {
    int32_t same_scale = p->multiplier == 1 << 30 && p->shift == 1;
    int32_t apart = p->input_zero - p->output_zero;
    return same_scale &&
           ((from == INT8 && to == UINT8 && apart == -128) || (from == UINT8 && to == INT8 && apart == 128));
}

void requantize(const struct rescale_params *p, enum eight_bits from, const void *input, enum eight_bits to,
                void *output) {
    if (only_sign_differs(p, from, to)) {
        for (int32_t i = 0; i < p->count; i++) set_element(output, i, element(from, input, i) ^ 0x80);
        return;
    }
    for (int32_t i = 0; i < p->count; i++) {
        int32_t scaled = multiply_by_quantized_multiplier(element(from, input, i) - p->input_zero,
                                                          p->multiplier, p->shift);
        set_element(output, i, clamp(add_wrapping(scaled, p->output_zero), p->low, p->high));
    }
}

void quantize(int32_t count, float scale, int32_t zero_point, const float *input, enum eight_bits to,
              void *output) {
    for (int32_t i = 0; i < count; i++) {
        int32_t units = round_to_int(input[i] / scale);
        set_element(output, i, clamp(units + zero_point, lowest(to), highest(to)));
    }
}

void dequantize(int32_t count, float scale, int32_t zero_point, enum eight_bits from, const void *input,
                float *output) {
    for (int32_t i = 0; i < count; i++) output[i] = scale * (float)(element(from, input, i) - zero_point);
}
