/* RELU, RELU6, QUANTIZE, DEQUANTIZE: tensor in, the same numbers on another scale out.
 *
 * QUANTIZE from float32 and DEQUANTIZE are the only kernels with floating-point arithmetic (in software on RV32IMC). */

#include "elements.h"
#include "fixed_point.h"
#include "requantise.h"

ALWAYS_INLINE void rescale(enum eight_bits type, const struct rescale_params *p, const uint8_t *input, uint8_t *output) {
    const struct scale scale = make_scale(p->multiplier, p->shift);
    const int32_t input_zero = p->input_zero, output_zero = p->output_zero, low = p->low, high = p->high;
    for (const uint8_t *end = output + p->count; output != end;) {
        int32_t value = scaled(load(type, input++) - input_zero, scale);
        *output++ = (uint8_t)clamped(add_wrapping(value, output_zero), low, high);
    }
}

void relu(const struct rescale_params *p, const int8_t *input, int8_t *output) {
    rescale(INT8, p, (const uint8_t *)input, (uint8_t *)output);
}

void relu_u8(const struct rescale_params *p, const uint8_t *input, uint8_t *output) { rescale(UINT8, p, input, output); }

/* With one scale and zero points 128 apart, signed and unsigned differ in their top bit only. */
static int only_sign_differs(const struct rescale_params *p, enum eight_bits from, enum eight_bits to) {
    int32_t apart = to == UINT8 ? -128 : 128;
    return from != to && p->multiplier == 1 << 30 && p->shift == 1 && p->input_zero - p->output_zero == apart;
}

void requantize(const struct rescale_params *p, enum eight_bits from, const void *input, enum eight_bits to,
                void *output) {
    if (only_sign_differs(p, from, to)) {
        const uint8_t *x = input;
        uint8_t *y = output;
        for (const uint8_t *end = y + p->count; y != end;) *y++ = *x++ ^ 0x80;
    } else if (from == INT8) {
        rescale(INT8, p, input, output);
    } else {
        rescale(UINT8, p, input, output);
    }
}

void quantize(int32_t count, float scale, int32_t zero_point, const float *input, enum eight_bits to, void *output) {
    const int32_t low = lowest(to), high = highest(to);
    uint8_t *y = output;
    for (const uint8_t *end = y + count; y != end;) {
        *y++ = (uint8_t)clamped(round_to_int(*input++ / scale) + zero_point, low, high);
    }
}

void dequantize(int32_t count, float scale, int32_t zero_point, enum eight_bits from, const void *input,
                float *output) {
    const uint8_t *x = input;
    for (const uint8_t *end = x + count; x != end; x++) {
        *output++ = scale * (float)(load(from, x) - zero_point);
    }
}
