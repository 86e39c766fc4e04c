/* CONV_2D: image and filter in, requantised image out.
 *
 * What a few output pixels see is copied out of the image into patches (im2col), which matrix.c multiplies with all
 * filters. No index is multiplied out: positions in the image are stepped like pointers, as numbers, because those of
 * pixels in the padding are outside the image. */

#include <stddef.h>

#include "fixed_point.h"
#include "kernels.h"
#include "matrix.h"
#include "patch.h"

/* A convolution, with the products of sizes that its loops need. */
struct conv {
    const struct conv_2d_params *p;
    int32_t groups;                                /* with filters of fewer channels than the image: 1 otherwise */
    int32_t row_taps;                              /* of a filter */
    int32_t column_step, row_step;                 /* between taps, in the image */
    int32_t stride_w_step, stride_h_step, image_step; /* between output pixels, rows, images; in the input, too */
    int32_t first;                                 /* the first output pixel's first tap, in the image */
};

static struct conv make_conv(const struct conv_2d_params *p) {
    const int32_t image_row = multiply_wrapping(p->input.w, p->input.c);
    return (struct conv){
        .p = p,
        .groups = divide(p->input.c, p->filter.c),
        .row_taps = multiply_wrapping(p->filter.w, p->filter.c),
        .column_step = multiply_wrapping(p->dilation_w, p->input.c),
        .row_step = multiply_wrapping(p->dilation_h, image_row),
        .stride_w_step = multiply_wrapping(p->stride_w, p->input.c),
        .stride_h_step = multiply_wrapping(p->stride_h, image_row),
        .image_step = multiply_wrapping(p->input.h, image_row),
        .first = subtract_wrapping(multiply_wrapping(-p->pad_h, image_row), multiply_wrapping(p->pad_w, p->input.c)),
    };
}

/* The patch of the output pixel whose first tap is at (y, x), which is `at` in the image. */
ALWAYS_INLINE void fill_patch(enum eight_bits type, int step, const struct conv *conv, const uint8_t *image, int32_t y,
                              int32_t x, int32_t at, int16_t *to) {
    const struct conv_2d_params *p = conv->p;
    const int32_t in_one_piece =
        conv->groups == 1 && p->dilation_w == 1 && x >= 0 && x <= p->input.w - p->filter.w;
    for (int32_t rows = p->filter.h; rows > 0; rows--) {
        if ((uint32_t)y >= (uint32_t)p->input.h) {
            to = fill_zeros(step, conv->row_taps, to);
        } else if (in_one_piece) {
            to = fill(type, step, image + at, conv->row_taps, p->input_offset, to);
        } else {
            int32_t tap_x = x, tap_at = at;
            for (int32_t columns = p->filter.w; columns > 0; columns--) {
                if ((uint32_t)tap_x >= (uint32_t)p->input.w) {
                    to = fill_zeros(step, p->filter.c, to);
                } else {
                    to = fill(type, step, image + tap_at, p->filter.c, p->input_offset, to);
                }
                tap_x += p->dilation_w;
                tap_at += conv->column_step;
            }
        }
        y += p->dilation_h;
        at += conv->row_step;
    }
}

typedef void fill_function(const struct conv *conv, const uint8_t *image, int32_t y, int32_t x, int32_t at,
                           int16_t *to);

#define FILL_FUNCTION(name, type, step)                                                                                \
    static void name(const struct conv *conv, const uint8_t *image, int32_t y, int32_t x, int32_t at, int16_t *to) {   \
        fill_patch(type, step, conv, image, y, x, at, to);                                                             \
    }
FILL_FUNCTION(fill_one, INT8, 1)
FILL_FUNCTION(fill_tile, INT8, TILE_PIXELS)
FILL_FUNCTION(fill_one_u8, UINT8, 1)
FILL_FUNCTION(fill_tile_u8, UINT8, TILE_PIXELS)

/* One group of filters over all images; `input` is its first channel. Pixels go in tiles, the last ones alone. */
static void convolve(const struct conv *conv, const struct matrix *matrix, fill_function *of_tile, fill_function *of_one,
                     const uint8_t *input, uint8_t *output, int16_t *patches) {
    const struct conv_2d_params *p = conv->p;
    int32_t left = multiply_wrapping(multiply_wrapping(p->output.n, p->output.h), p->output.w);
    int32_t in_tile = 0;
    for (int32_t n = p->output.n; n > 0; n--) {
        int32_t row_at = conv->first;
        int32_t y = -p->pad_h;
        for (int32_t h = p->output.h; h > 0; h--) {
            int32_t x = -p->pad_w, at = row_at;
            for (int32_t w = p->output.w; w > 0; w--) {
                if (left >= TILE_PIXELS) {
                    of_tile(conv, input, y, x, at, patches + in_tile);
                    if (++in_tile == TILE_PIXELS) {
                        multiply_patches(matrix, patches, output);
                        for (; in_tile > 0; in_tile--) output += p->output.c;
                        left -= TILE_PIXELS;
                    }
                } else {
                    of_one(conv, input, y, x, at, patches);
                    multiply_patch(matrix, patches, output);
                    output += p->output.c;
                }
                x += p->stride_w;
                at += conv->stride_w_step;
            }
            y += p->stride_h;
            row_at += conv->stride_h_step;
        }
        input += conv->image_step;
    }
}

static void conv_2d_of(enum eight_bits type, const struct conv_2d_params *p, const uint8_t *input, const uint8_t *filter,
                       const int32_t *bias, uint8_t *output, int16_t *patches) {
    const struct conv conv = make_conv(p);
    struct matrix matrix = {
        .filter = filter,
        .type = type,
        .taps = multiply_wrapping(p->filter.h, conv.row_taps),
        .channels = divide(p->output.c, conv.groups),
        .filter_offset = p->filter_offset,
        .bias = bias,
        .multiplier = p->multiplier,
        .shift = p->shift,
        .output_offset = p->output_offset,
        .low = p->low,
        .high = p->high,
        .output_step = p->output.c,
    };
    for (int32_t group = 0; group < conv.groups; group++) {
        if (type == INT8) {
            convolve(&conv, &matrix, fill_tile, fill_one, input, output, patches);
        } else {
            convolve(&conv, &matrix, fill_tile_u8, fill_one_u8, input, output, patches);
        }
        input += p->filter.c;
        output += matrix.channels;
        matrix.filter += multiply_wrapping(matrix.channels, matrix.taps);
        matrix.bias = bias ? matrix.bias + matrix.channels : NULL;
        matrix.multiplier += matrix.channels;
        matrix.shift += matrix.channels;
    }
}

int32_t conv_2d_scratch(const struct conv_2d_params *p) {
    return bytes_of(TILE_PIXELS * (int32_t)sizeof(int16_t), p->filter.h, p->filter.w, p->filter.c);
}

void conv_2d(const struct conv_2d_params *p, const int8_t *input, const int8_t *filter, const int32_t *bias,
             int8_t *output, void *scratch) {
    conv_2d_of(INT8, p, (const uint8_t *)input, (const uint8_t *)filter, bias, (uint8_t *)output, scratch);
}

void conv_2d_u8(const struct conv_2d_params *p, const uint8_t *input, const uint8_t *filter, const int32_t *bias,
                uint8_t *output, void *scratch) {
    conv_2d_of(UINT8, p, input, filter, bias, output, scratch);
}
