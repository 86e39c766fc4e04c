/* AVERAGE_POOL_2D and MAX_POOL_2D: image in, of each window's part inside the image the rounded mean or the largest out.
 * Quantisation does not change. Four channels go at a time through a window. */

#include "elements.h"
#include "fixed_point.h"
#include "requantise.h"

enum pooling { AVERAGE, MAXIMUM };

/* The part of a window that lies inside the image, from one channel's first element on. */
struct window {
    const uint8_t *from;
    int32_t rows, columns;
    int32_t count;                 /* of pixels */
    int32_t row_step, column_step; /* in elements */
};

/* What the window gives for `lanes` channels. */
ALWAYS_INLINE void pool_lanes(enum eight_bits type, enum pooling pooling, int lanes, const struct window *window,
                              int32_t channel, int32_t low, int32_t high, uint8_t *to) {
    const int32_t row_step = window->row_step, column_step = window->column_step, columns = window->columns;
    const uint8_t *row = window->from + channel;
    int32_t value[4];
    UNROLL
    for (int i = 0; i < lanes; i++) value[i] = pooling == AVERAGE ? 0 : lowest(type);
    for (int32_t rows = window->rows; rows > 0; rows--) {
        const uint8_t *from = row;
        for (int32_t left = columns; left > 0; left--) {
            UNROLL
            for (int i = 0; i < lanes; i++) {
                int32_t x = load(type, from + i);
                value[i] = pooling == AVERAGE ? add_wrapping(value[i], x) : larger(value[i], x);
            }
            from += column_step;
        }
        row += row_step;
    }
    /* Ties away from zero. */
    const int32_t half = window->count / 2;
    UNROLL
    for (int i = 0; i < lanes; i++) {
        int32_t x = value[i];
        if (pooling == AVERAGE) x = divide(type == UINT8 || x > 0 ? add_wrapping(x, half) : subtract_wrapping(x, half), window->count);
        to[channel + i] = (uint8_t)clamped(x, low, high);
    }
}

ALWAYS_INLINE void pool(enum eight_bits type, enum pooling pooling, const struct pool_2d_params *p, const uint8_t *input,
                        uint8_t *output) {
    const int32_t channels = p->output.c, low = p->low, high = p->high;
    const int32_t image_row = multiply_wrapping(p->input.w, p->input.c);
    const int32_t stride_w_step = multiply_wrapping(p->stride_w, p->input.c);
    const int32_t stride_h_step = multiply_wrapping(p->stride_h, image_row);
    const int32_t first =
        subtract_wrapping(multiply_wrapping(-p->pad_h, image_row), multiply_wrapping(p->pad_w, p->input.c));
    struct window window = {.row_step = image_row, .column_step = p->input.c};
    for (int32_t n = p->output.n; n > 0; n--) {
        int32_t y = -p->pad_h, row_at = first;
        for (int32_t h = p->output.h; h > 0; h--) {
            int32_t x = -p->pad_w, at = row_at;
            const int32_t above = larger(0, -y);
            window.rows = larger(0, smaller(p->window_h, p->input.h - y) - above);
            for (int32_t w = p->output.w; w > 0; w--) {
                const int32_t before = larger(0, -x);
                window.columns = larger(0, smaller(p->window_w, p->input.w - x) - before);
                window.count = multiply_wrapping(window.rows, window.columns);
                window.from =
                    input + (at + multiply_wrapping(above, image_row) + multiply_wrapping(before, p->input.c));
                int32_t channel = 0;
                for (; channel <= channels - 4; channel += 4) {
                    pool_lanes(type, pooling, 4, &window, channel, low, high, output);
                }
                for (; channel < channels; channel++) {
                    pool_lanes(type, pooling, 1, &window, channel, low, high, output);
                }
                output += channels;
                x += p->stride_w;
                at += stride_w_step;
            }
            y += p->stride_h;
            row_at += stride_h_step;
        }
        input += multiply_wrapping(p->input.h, image_row);
    }
}

void average_pool_2d(const struct pool_2d_params *p, const int8_t *input, int8_t *output) {
    pool(INT8, AVERAGE, p, (const uint8_t *)input, (uint8_t *)output);
}

void average_pool_2d_u8(const struct pool_2d_params *p, const uint8_t *input, uint8_t *output) {
    pool(UINT8, AVERAGE, p, input, output);
}

void max_pool_2d(const struct pool_2d_params *p, const int8_t *input, int8_t *output) {
    pool(INT8, MAXIMUM, p, (const uint8_t *)input, (uint8_t *)output);
}

void max_pool_2d_u8(const struct pool_2d_params *p, const uint8_t *input, uint8_t *output) {
    pool(UINT8, MAXIMUM, p, input, output);
}
