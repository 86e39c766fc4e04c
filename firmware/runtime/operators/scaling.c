/* Scales in, integer factors and ranges out: the floating-point part of preparing, bit for bit as TFLM's. */

#include "fixed_point.h"
#include "memory.h"
#include "operators.h"

/* A double is mantissa * 2^(exponent - 1075), mantissa in [2^52, 2^53): rounding it to 31 bits takes integers
 * only. */
enum error quantize_multiplier(struct model *model, double real, int32_t *multiplier, int32_t *shift) {
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    int32_t exponent = (int32_t)(bits >> 52 & 0x7ff);
    uint64_t mantissa = (bits & (((uint64_t)1 << 52) - 1)) | (uint64_t)1 << 52;
    uint32_t rounded = (uint32_t)((mantissa + ((uint64_t)1 << 21)) >> 22);
    int32_t power = exponent - 1022;
    if (rounded >> 31) {
        rounded >>= 1;
        power++;
    }
    *multiplier = (int32_t)rounded;
    *shift = power;
    if (power < -31) *multiplier = *shift = 0; /* also the number 0 */
    if (power > 31 || bits >> 63) {
        return fail(model, ERROR_QUANTISATION, "its scales make a factor that is negative or 2^31 or more");
    }
    return OK;
}

enum error channel_multipliers(struct model *model, const struct tensor *input, const struct tensor *weights,
                               const struct tensor *output, int32_t channels, const int32_t **multipliers,
                               const int32_t **shifts) {
    int32_t *multiplier, *shift;
    TRY(allocate_int32(model, channels, &multiplier));
    TRY(allocate_int32(model, channels, &shift));
    const double input_scale = (double)input->scale, output_scale = (double)output->scale;
    for (int32_t i = 0; i < channels; i++) {
        if (i > 0 && weights->scales.count == 1) {
            multiplier[i] = multiplier[0];
            shift[i] = shift[0];
            continue;
        }
        /* The product of the two scales is a float32 in TFLite's UINT8 operators, a double in TFLM's INT8
         * ones (for FULLY_CONNECTED with one scale since autumn 2026 only). The factor's last bit depends on
         * it. */
        float scale = fb_element_f32(&model->file, &weights->scales, (uint32_t)i);
        double product =
            input->type == UINT8_TENSOR ? (double)(input->scale * scale) : input_scale * (double)scale;
        TRY(quantize_multiplier(model, product / output_scale, &multiplier[i], &shift[i]));
    }
    *multipliers = multiplier;
    *shifts = shift;
    return OK;
}

int32_t lowest_value(const struct tensor *tensor) { return tensor->type == UINT8_TENSOR ? 0 : INT8_MIN; }
int32_t highest_value(const struct tensor *tensor) {
    return tensor->type == UINT8_TENSOR ? UINT8_MAX : INT8_MAX;
}

static int32_t in_units_of(const struct tensor *tensor, float value) {
    return tensor->zero_point + round_to_int(value / tensor->scale);
}

enum error activation_range(struct model *model, int32_t function, const struct tensor *output, int32_t *low,
                            int32_t *high) {
    enum { NONE, RELU, RELU_N1_TO_1, RELU6 };
    float from = 0, to = 0;
    *low = lowest_value(output);
    *high = highest_value(output);
    switch (function) {
    case NONE: return OK;
    case RELU: break;
    case RELU_N1_TO_1: from = -1, to = 1; break;
    case RELU6: to = 6; break;
    default: return fail(model, ERROR_OPTION, "its fused activation function is not supported");
    }
    if (in_units_of(output, from) > *low) *low = in_units_of(output, from);
    if (function != RELU && in_units_of(output, to) < *high) *high = in_units_of(output, to);
    return OK;
}
