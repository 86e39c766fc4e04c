/* Depthwise convolution with 3 x 3 filters, one for each channel, stride 1 or 2 along a row: MobileNet's.
 *
 * One channel after the other: its nine weights stay in registers. A row of outputs is made from left to right; each
 * column of pixels is loaded once and added to all the sums that it has a part in, two or three of them; with stride 1 two
 * rows are made at once and share half of their pixels.
 * Left and right of the image nothing is added. Above and below it lies a row of zero points, in scratch memory. There are
 * the channel's sums, too: with requantisation in the same loop there would not be registers enough for the weights. */
#ifndef DEPTHWISE_3X3_H
#define DEPTHWISE_3X3_H

#include <stddef.h>

#include "elements.h"
#include "requantise.h"
#include "stuckat.h"

static inline int is_3x3(const struct depthwise_conv_2d_params *params) {
    const struct conv_2d_params *p = &params->conv;
    return params->depth_multiplier == 1 && p->filter.h == 3 && p->filter.w == 3 && p->dilation_h == 1 &&
           p->dilation_w == 1 && (p->stride_w == 1 || p->stride_w == 2) && p->pad_w >= 0 && p->pad_w <= 1 &&
           p->input.w >= 2;
}

/* One channel's work. */
struct lane {
    int32_t weight[3][3]; /* [column][row] */
    int32_t bias, input_offset;
    int32_t step; /* between the channel's elements: the number of channels */
    int32_t width, padded, outputs; /* columns of the image and left of it, and of the output */
    int32_t row_bytes;
};

/* Three pixels of a column, their offset added; the pointers step to the next column. */
struct column {
    int32_t pixel[3];
};

ALWAYS_INLINE struct column next_column(enum eight_bits type, const struct lane *lane, const uint8_t **row) {
    struct column column;
    UNROLL
    for (int i = 0; i < 3; i++) {
        column.pixel[i] = load(type, row[i]) + lane->input_offset;
        row[i] += lane->step;
    }
    return column;
}

ALWAYS_INLINE int32_t add_column(const struct lane *lane, int of_filter, const struct column *column, int32_t sum) {
    UNROLL
    for (int i = 0; i < 3; i++) {
        sum = add_wrapping(sum, stuckat_mul(lane->weight[of_filter][i], column->pixel[i]));
    }
    __asm__ volatile("" : : "r"(sum) : "memory"); /* as in matrix.c: additions are not put off */
    return sum;
}

/* A row of sums with stride 1; The first sum lacks its left column if there is
 * padding, and the last ones what lies right of the image. */
ALWAYS_INLINE void row_of_stride_1(enum eight_bits type, const struct lane *lane, const uint8_t **row, int32_t *sums) {
    const int32_t outputs = lane->outputs;
    struct column column;
    int32_t left = lane->bias; /* sums: of this output, and of the next */
    int32_t whole = lane->width - 1;
    if (!lane->padded) {
        column = next_column(type, lane, row);
        left = add_column(lane, 0, &column, left);
        whole--;
    }
    column = next_column(type, lane, row);
    left = add_column(lane, 1, &column, left);
    int32_t right = add_column(lane, 0, &column, lane->bias);
    const int32_t *end = sums + outputs, *whole_end = sums + smaller(whole, outputs);
    while (sums != whole_end) {
        column = next_column(type, lane, row);
        *sums++ = add_column(lane, 2, &column, left);
        left = add_column(lane, 1, &column, right);
        right = add_column(lane, 0, &column, lane->bias);
    }
    while (sums != end) {
        *sums++ = left;
        left = right;
        right = lane->bias;
    }
}

/* A column of four pixels for two rows of outputs at once. sum[k][row] belongs to the output whose column 2 - k it is; those
 * with k < `from` have none. */
ALWAYS_INLINE void add_to_two(enum eight_bits type, const struct lane *lane, const uint8_t **row, int from,
                              int32_t (*sum)[2]) {
    UNROLL
    for (int i = 0; i < 4; i++) {
        const int32_t pixel = load(type, row[i]) + lane->input_offset;
        row[i] += lane->step;
        UNROLL
        for (int of = 0; of < 2; of++) {
            if (i < of || i - of > 2) continue;
            UNROLL
            for (int k = from; k < 3; k++) {
                sum[k][of] = add_wrapping(sum[k][of], stuckat_mul(lane->weight[2 - k][i - of], pixel));
                __asm__ volatile("" : : "r"(sum[k][of]) : "memory");
            }
        }
    }
}

/* One output further. */
ALWAYS_INLINE void shift_sums(int32_t (*sum)[2], int32_t bias) {
    UNROLL
    for (int of = 0; of < 2; of++) {
        sum[0][of] = sum[1][of];
        sum[1][of] = sum[2][of];
        sum[2][of] = bias;
    }
}

/* Two rows of sums with stride 1, both ways: they share half of their pixels. */
ALWAYS_INLINE void two_rows_of_stride_1(enum eight_bits type, const struct lane *lane, const uint8_t **row, int32_t *sums) {
    const int32_t outputs = lane->outputs, bias = lane->bias;
    int32_t sum[3][2] = {{bias, bias}, {bias, bias}, {bias, bias}};
    int32_t whole = lane->width - 1;
    if (!lane->padded) {
        add_to_two(type, lane, row, 2, sum);
        shift_sums(sum, bias);
        whole--;
    }
    add_to_two(type, lane, row, 1, sum);
    shift_sums(sum, bias);
    int32_t *below = sums + outputs;
    const int32_t *end = below, *whole_end = sums + smaller(whole, outputs);
    while (sums != whole_end) {
        add_to_two(type, lane, row, 0, sum);
        *sums++ = sum[0][0];
        *below++ = sum[0][1];
        shift_sums(sum, bias);
    }
    while (sums != end) {
        *sums++ = sum[0][0];
        *below++ = sum[0][1];
        shift_sums(sum, bias);
    }
}

/* One row of sums with stride 2. */
ALWAYS_INLINE void row_of_stride_2(enum eight_bits type, const struct lane *lane, const uint8_t **row, int32_t *sums) {
    const int32_t outputs = lane->outputs;
    struct column column;
    int32_t sum = lane->bias;
    int32_t columns = lane->width; /* not yet loaded */
    if (!lane->padded) {
        column = next_column(type, lane, row);
        sum = add_column(lane, 0, &column, sum);
        columns--;
    }
    const int32_t whole = smaller(columns >> 1, outputs);
    const int32_t *end = sums + outputs, *whole_end = sums + whole;
    columns -= whole << 1;
    while (sums != whole_end) {
        column = next_column(type, lane, row);
        sum = add_column(lane, 1, &column, sum);
        column = next_column(type, lane, row);
        *sums++ = add_column(lane, 2, &column, sum);
        sum = add_column(lane, 0, &column, lane->bias);
    }
    while (sums != end) {
        if (columns > 0) {
            column = next_column(type, lane, row);
            sum = add_column(lane, 1, &column, sum);
            columns = 0;
        }
        *sums++ = sum;
        sum = lane->bias;
    }
}

/* All sums of one channel of one image, of which `input` is the first element. The lane is read again for each row, or
 * else its weights would not stay in registers within a row. */
ALWAYS_INLINE void sum_plane(enum eight_bits type, int stride_w, const struct conv_2d_params *p, const struct lane *lanes,
                             const uint8_t *input, const uint8_t *outside, int32_t *sums) {
    const int32_t row_step = multiply_wrapping(p->stride_h, lanes->row_bytes);
    int32_t y = -p->pad_h, at = multiply_wrapping(y, lanes->row_bytes);
    for (int32_t h = p->output.h; h > 0; h--) {
        const struct lane lane = *lanes;
        const uint8_t *row[4];
        int32_t row_at = at;
        UNROLL
        for (int i = 0; i < 4; i++) {
            row[i] = (uint32_t)(y + i) < (uint32_t)p->input.h ? input + row_at : outside;
            row_at += lane.row_bytes;
        }
        if (stride_w == 1 && p->stride_h == 1 && h > 1) {
            two_rows_of_stride_1(type, &lane, row, sums);
            h--;
            sums += lane.outputs;
            y++;
            at += row_step;
        } else if (stride_w == 1) {
            row_of_stride_1(type, &lane, row, sums);
        } else {
            row_of_stride_2(type, &lane, row, sums);
        }
        sums += lane.outputs;
        y += p->stride_h;
        at += row_step;
    }
}

/* Not inlined: they have no register to spare. */
typedef void plane_function(const struct conv_2d_params *p, const struct lane *lane, const uint8_t *input,
                            const uint8_t *outside, int32_t *sums);
#define PLANE_FUNCTION(name, type, stride_w)                                                                           \
    static __attribute__((noinline)) void name(const struct conv_2d_params *p, const struct lane *lane,                \
                                               const uint8_t *input, const uint8_t *outside, int32_t *sums) {          \
        sum_plane(type, stride_w, p, lane, input, outside, sums);                                                      \
    }
PLANE_FUNCTION(plane_1, INT8, 1)
PLANE_FUNCTION(plane_2, INT8, 2)
PLANE_FUNCTION(plane_1_u8, UINT8, 1)
PLANE_FUNCTION(plane_2_u8, UINT8, 2)

ALWAYS_INLINE struct lane make_lane(enum eight_bits type, const struct conv_2d_params *p, const uint8_t *filter,
                                    int32_t bias) {
    struct lane lane = {
        .bias = bias,
        .input_offset = p->input_offset,
        .step = p->input.c,
        .width = p->input.w,
        .padded = p->pad_w,
        .outputs = p->output.w,
        .row_bytes = multiply_wrapping(p->input.w, p->input.c),
    };
    UNROLL
    for (int row = 0; row < 3; row++) {
        UNROLL
        for (int column = 0; column < 3; column++) {
            lane.weight[column][row] = load(type, filter);
            if (type == UINT8) lane.weight[column][row] += p->filter_offset;
            filter += p->input.c;
        }
    }
    return lane;
}

/* Sums to one channel's outputs. */
static void store_plane(const struct conv_2d_params *p, const int32_t *sums, const int32_t *end, int32_t multiplier,
                        int32_t shift, uint8_t *to) {
    const int32_t output_offset = p->output_offset, low = p->low, high = p->high, step = p->output.c;
    if (is_down(multiplier, shift)) {
        const struct down by = make_down(multiplier, shift);
        for (; sums != end; to += step) {
            *to = (uint8_t)clamped(add_wrapping(scaled_down(*sums++, by), output_offset), low, high);
        }
    } else {
        const struct scale by = make_scale(multiplier, shift);
        for (; sums != end; to += step) {
            *to = (uint8_t)clamped(add_wrapping(scaled(*sums++, by), output_offset), low, high);
        }
    }
}

static inline int32_t scratch_of_3x3(const struct conv_2d_params *p) {
    int32_t sums = bytes_of((int32_t)sizeof(int32_t), p->output.h, p->output.w, 1);
    int32_t outside = bytes_of(1, p->input.w, p->input.c, 1);
    return sums < 0 || outside < 0 || outside > INT32_MAX - sums ? -1 : sums + outside;
}

ALWAYS_INLINE void depthwise_3x3(enum eight_bits type, const struct conv_2d_params *p, const uint8_t *input,
                                 const uint8_t *filter, const int32_t *bias, uint8_t *output, void *scratch) {
    const int32_t row_bytes = multiply_wrapping(p->input.w, p->input.c);
    const int32_t outputs = multiply_wrapping(p->output.h, p->output.w);
    plane_function *sum_plane_of =
        type == INT8 ? (p->stride_w == 1 ? plane_1 : plane_2) : p->stride_w == 1 ? plane_1_u8 : plane_2_u8;
    int32_t *sums = scratch;
    uint8_t *outside = (uint8_t *)(sums + outputs);
    for (int32_t i = 0; i < row_bytes; i++) outside[i] = (uint8_t)-p->input_offset;
    for (int32_t n = p->output.n; n > 0; n--) {
        for (int32_t channel = 0; channel < p->input.c; channel++) {
            const struct lane lane = make_lane(type, p, filter + channel, bias ? bias[channel] : 0);
            sum_plane_of(p, &lane, input + channel, outside, sums);
            store_plane(p, sums, sums + outputs, p->multiplier[channel], p->shift[channel], output + channel);
        }
        input += multiply_wrapping(p->input.h, row_bytes);
        output += multiply_wrapping(outputs, p->output.c);
    }
}

#endif
