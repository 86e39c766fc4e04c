/* DEPTHWISE_CONV_2D: every image channel has filters of its own; requantised image out. */

#include "element.h"
#include "fixed_point.h"
#include "kernels.h"
#include "stuckat.h"

/* The sum of products for one output element, with all five index products at every tap, as in TFLM. */
FOR_BOTH_TYPES int32_t accumulate(enum eight_bits type, const struct conv_2d_params *p, const void *input,
                                  const void *filter, int32_t batch, int32_t out_y, int32_t out_x,
                                  int32_t in_channel, int32_t out_channel) {
    const int32_t dilation_h = p->dilation_h, dilation_w = p->dilation_w;
    const int32_t input_offset = p->input_offset, filter_offset = p->filter_offset;
    int32_t in_y_origin = out_y * p->stride_h - p->pad_h;
    int32_t in_x_origin = out_x * p->stride_w - p->pad_w;
    int32_t sum = 0;
    for (int32_t filter_y = 0; filter_y < p->filter.h; filter_y++) {
        for (int32_t filter_x = 0; filter_x < p->filter.w; filter_x++) {
            int32_t in_y = in_y_origin + dilation_h * filter_y;
            int32_t in_x = in_x_origin + dilation_w * filter_x;
            if (in_y < 0 || in_y >= p->input.h || in_x < 0 || in_x >= p->input.w) continue;
            int32_t pixel = element(type, input, offset(&p->input, batch, in_y, in_x, in_channel));
            int32_t weight = element(type, filter, offset(&p->filter, 0, filter_y, filter_x, out_channel));
            if (type == UINT8) weight += filter_offset;
            sum = add_wrapping(sum, stuckat_mul(weight, pixel + input_offset));
        }
    }
    return sum;
}

FOR_BOTH_TYPES void depthwise_conv_2d_of(enum eight_bits type, const struct depthwise_conv_2d_params *params,
                                         const void *input, const void *filter, const int32_t *bias,
                                         void *output) {
    const struct conv_2d_params *p = &params->conv;
    for (int32_t batch = 0; batch < p->output.n; batch++) {
        for (int32_t out_y = 0; out_y < p->output.h; out_y++) {
            for (int32_t out_x = 0; out_x < p->output.w; out_x++) {
                for (int32_t in_channel = 0; in_channel < p->input.c; in_channel++) {
                    for (int32_t m = 0; m < params->depth_multiplier; m++) {
                        int32_t out_channel = m + in_channel * params->depth_multiplier;
                        int32_t sum =
                            accumulate(type, p, input, filter, batch, out_y, out_x, in_channel, out_channel);
                        if (bias) sum = add_wrapping(sum, bias[out_channel]);
                        int32_t scaled = multiply_by_quantized_multiplier(sum, p->multiplier[out_channel],
                                                                          p->shift[out_channel]);
                        scaled = clamp(add_wrapping(scaled, p->output_offset), p->low, p->high);
                        set_element(output, offset(&p->output, batch, out_y, out_x, out_channel), scaled);
                    }
                }
            }
        }
    }
}

int32_t depthwise_conv_2d_scratch(const struct depthwise_conv_2d_params *p) {
    (void)p;
    return 0;
}

void depthwise_conv_2d(const struct depthwise_conv_2d_params *p, const int8_t *input, const int8_t *filter,
                       const int32_t *bias, int8_t *output, void *scratch) {
    (void)scratch;
    depthwise_conv_2d_of(INT8, p, input, filter, bias, output);
}

void depthwise_conv_2d_u8(const struct depthwise_conv_2d_params *p, const uint8_t *input,
                          const uint8_t *filter, const int32_t *bias, uint8_t *output, void *scratch) {
    (void)scratch;
    depthwise_conv_2d_of(UINT8, p, input, filter, bias, output);
}
