/* DEPTHWISE_CONV_2D: every image channel has filters of its own; requantised image out.
 *
 * The usual 3 x 3 filters have a loop of their own in depthwise_3x3.h. Here is the loop for all others: over channels
 * last, as they lie in memory, with positions that are stepped. Taps outside the image are skipped. */

#include <stddef.h>

#include "depthwise_3x3.h"
#include "fixed_point.h"
#include "kernels.h"
#include "patch.h"
#include "requantise.h"
#include "stuckat.h"

/* The part of a filter's rows or columns that lies inside the image: [from, to). */
struct inside {
    int32_t from, to;
};

static struct inside taps_inside(int32_t origin, int32_t dilation, int32_t taps, int32_t extent) {
    struct inside range = {0, taps};
    for (int32_t at = origin; range.from < taps && at < 0; at += dilation) range.from++;
    int32_t last = origin + multiply_wrapping(taps - 1, dilation);
    for (; range.to > range.from && last >= extent; last -= dilation) range.to--;
    return range;
}

/* All outputs of one output pixel. `pixel` is what its first tap inside the image sees, `weights` that tap's. */
ALWAYS_INLINE void output_pixel(enum eight_bits type, const struct depthwise_conv_2d_params *params, struct inside rows,
                                struct inside columns, int32_t row_step, int32_t column_step, const uint8_t *pixel,
                                const uint8_t *weights, const int32_t *bias, uint8_t *output) {
    const struct conv_2d_params *p = &params->conv;
    const int32_t input_offset = p->input_offset, filter_offset = p->filter_offset, channels = p->output.c;
    const int32_t filter_row = multiply_wrapping(p->filter.w, channels);
    const int32_t *multiplier = p->multiplier, *shift = p->shift;
    for (int32_t in_channel = p->input.c; in_channel > 0; in_channel--, pixel++) {
        for (int32_t m = params->depth_multiplier; m > 0; m--, weights++) {
            int32_t sum = bias ? *bias++ : 0;
            const uint8_t *pixel_row = pixel, *weight_row = weights;
            for (int32_t y = rows.from; y < rows.to; y++) {
                const uint8_t *x = pixel_row, *w = weight_row;
                for (int32_t taps = columns.to - columns.from; taps > 0; taps--) {
                    int32_t weight = load(type, w);
                    if (type == UINT8) weight += filter_offset;
                    sum = add_wrapping(sum, stuckat_mul(weight, load(type, x) + input_offset));
                    x += column_step;
                    w += channels;
                }
                pixel_row += row_step;
                weight_row += filter_row;
            }
            int32_t value = scaled_by(sum, *multiplier++, *shift++);
            *output++ = (uint8_t)clamped(add_wrapping(value, p->output_offset), p->low, p->high);
        }
    }
}

ALWAYS_INLINE void depthwise_of_any_size(enum eight_bits type, const struct depthwise_conv_2d_params *params,
                                         const uint8_t *input, const uint8_t *filter, const int32_t *bias,
                                         uint8_t *output) {
    const struct conv_2d_params *p = &params->conv;
    const int32_t image_row = multiply_wrapping(p->input.w, p->input.c);
    const int32_t row_step = multiply_wrapping(p->dilation_h, image_row);
    const int32_t column_step = multiply_wrapping(p->dilation_w, p->input.c);
    for (int32_t n = p->output.n; n > 0; n--) {
        int32_t y = -p->pad_h;
        for (int32_t h = p->output.h; h > 0; h--) {
            const struct inside rows = taps_inside(y, p->dilation_h, p->filter.h, p->input.h);
            const int32_t row_at = multiply_wrapping(y + multiply_wrapping(rows.from, p->dilation_h), image_row);
            const int32_t filter_row = multiply_wrapping(rows.from, p->filter.w);
            int32_t x = -p->pad_w;
            for (int32_t w = p->output.w; w > 0; w--) {
                const struct inside columns = taps_inside(x, p->dilation_w, p->filter.w, p->input.w);
                const int32_t in_x = x + multiply_wrapping(columns.from, p->dilation_w);
                const int32_t tap = filter_row + columns.from;
                output_pixel(type, params, rows, columns, row_step, column_step,
                             input + row_at + multiply_wrapping(in_x, p->input.c),
                             filter + multiply_wrapping(tap, p->output.c), bias, output);
                output += p->output.c;
                x += p->stride_w;
            }
            y += p->stride_h;
        }
        input += multiply_wrapping(p->input.h, image_row);
    }
}

ALWAYS_INLINE void depthwise_conv_2d_of(enum eight_bits type, const struct depthwise_conv_2d_params *p,
                                        const uint8_t *input, const uint8_t *filter, const int32_t *bias,
                                        uint8_t *output, void *scratch) {
    if (is_3x3(p)) {
        depthwise_3x3(type, &p->conv, input, filter, bias, output, scratch);
    } else {
        depthwise_of_any_size(type, p, input, filter, bias, output);
    }
}

int32_t depthwise_conv_2d_scratch(const struct depthwise_conv_2d_params *p) {
    return is_3x3(p) ? scratch_of_3x3(&p->conv) : 0;
}

void depthwise_conv_2d(const struct depthwise_conv_2d_params *p, const int8_t *input, const int8_t *filter,
                       const int32_t *bias, int8_t *output, void *scratch) {
    depthwise_conv_2d_of(INT8, p, (const uint8_t *)input, (const uint8_t *)filter, bias, (uint8_t *)output, scratch);
}

void depthwise_conv_2d_u8(const struct depthwise_conv_2d_params *p, const uint8_t *input, const uint8_t *filter,
                          const int32_t *bias, uint8_t *output, void *scratch) {
    depthwise_conv_2d_of(UINT8, p, input, filter, bias, output, scratch);
}
