/* Filters times patches: see matrix.h.
 *
 * A tile of sums stays in registers while the taps go by. For C channels and P pixels a tap takes C + P loads and C * P
 * products and additions: with the stepping of C + 1 pointers 2.75 instructions a product for 4 x 3, the most for which
 * GCC 12 finds registers, and 3.3 for 8 x 1, where there is only one pixel. */

#include "matrix.h"

#include <stddef.h>

#include "requantise.h"
#include "stuckat.h"

/* Adds `taps` taps to a tile of sums and steps the pointers over them. All constants are the caller's, so that nothing
 * is left of the loops. The empty instructions keep the compiler from putting additions off and from having two pointers
 * where one does: it would need more registers than there are. */
ALWAYS_INLINE void add_taps(enum eight_bits type, int32_t filter_offset, int taps, int channels, int pixels,
                            const uint8_t **row, const int16_t **patch, int32_t *sum) {
    UNROLL
    for (int tap = 0; tap < taps; tap++) {
        int32_t pixel[TILE_PIXELS];
        UNROLL
        for (int p = 0; p < pixels; p++) pixel[p] = (*patch)[tap * pixels + p];
        UNROLL
        for (int c = 0; c < channels; c++) {
            int32_t weight = load(type, row[c] + tap);
            if (type == UINT8) weight += filter_offset;
            UNROLL
            for (int p = 0; p < pixels; p++) {
                sum[c * pixels + p] = add_wrapping(sum[c * pixels + p], stuckat_mul(weight, pixel[p]));
            }
            if (pixels == TILE_PIXELS) {
                __asm__ volatile("" : : "r"(sum[c * 3]), "r"(sum[c * 3 + 1]), "r"(sum[c * 3 + 2]) : "memory");
            } else {
                __asm__ volatile("" : : "r"(sum[c]) : "memory");
            }
        }
        if (channels == 4) {
            __asm__("" : "+r"(row[0]), "+r"(row[1]), "+r"(row[2]), "+r"(row[3]), "+r"(*patch));
        }
    }
    UNROLL
    for (int c = 0; c < channels; c++) row[c] += taps;
    *patch += taps * pixels;
}

/* The sums of one tile; returns the filter after the last one used. `at_once` taps, a power of two, are straight code. */
ALWAYS_INLINE const uint8_t *sum_tile(enum eight_bits type, int channels, int pixels, int at_once, const struct matrix *m,
                            const uint8_t *filter, const int16_t *patch, int32_t *sums) {
    const int32_t taps = m->taps, filter_offset = m->filter_offset;
    const uint8_t *row[8];
    int32_t sum[4 * TILE_PIXELS];
    UNROLL
    for (int c = 0; c < channels; c++) {
        row[c] = filter;
        filter += taps;
    }
    UNROLL
    for (int i = 0; i < channels * pixels; i++) sum[i] = 0;
    int32_t rest = taps & (at_once - 1);
    const int16_t *whole = patch;
    UNROLL
    for (int p = 0; p < pixels; p++) whole += taps - rest;
    while (patch != whole) add_taps(type, filter_offset, at_once, channels, pixels, row, &patch, sum);
    for (; rest > 0; rest--) add_taps(type, filter_offset, 1, channels, pixels, row, &patch, sum);
    UNROLL
    for (int i = 0; i < channels * pixels; i++) sums[i] = sum[i];
    return filter;
}

/* A function that sums one size of tile, [channels][pixels]. Not inlined: it has no register to spare. */
typedef const uint8_t *tile_function(const struct matrix *m, const uint8_t *filter, const int16_t *patch,
                                     int32_t *sums);

#define TILE_FUNCTION(name, type, channels, pixels, at_once)                                                           \
    static __attribute__((noinline)) const uint8_t *name(const struct matrix *m, const uint8_t *filter,                \
                                                         const int16_t *patch, int32_t *sums) {                        \
        return sum_tile(type, channels, pixels, at_once, m, filter, patch, sums);                                             \
    }
TILE_FUNCTION(tile_4x3, INT8, 4, TILE_PIXELS, 4)
TILE_FUNCTION(tile_1x3, INT8, 1, TILE_PIXELS, 4)
TILE_FUNCTION(tile_8x1, INT8, 8, 1, 8)
TILE_FUNCTION(tile_1x1, INT8, 1, 1, 4)
TILE_FUNCTION(tile_4x3_u8, UINT8, 4, TILE_PIXELS, 4)
TILE_FUNCTION(tile_1x3_u8, UINT8, 1, TILE_PIXELS, 4)
TILE_FUNCTION(tile_8x1_u8, UINT8, 8, 1, 8)
TILE_FUNCTION(tile_1x1_u8, UINT8, 1, 1, 4)

/* Sums of channels from `first` on, [channels][pixels], to the output. */
static void store_tile(const struct matrix *m, int32_t first, int channels, int pixels, const int32_t *sums,
                       uint8_t *output) {
    static const int32_t no_bias[8];
    const int32_t output_offset = m->output_offset, low = m->low, high = m->high, step = m->output_step;
    const int32_t *bias = m->bias ? m->bias + first : no_bias;
    const int32_t *multiplier = m->multiplier + first, *shift = m->shift + first;
    output += first;
    for (uint8_t *end = output + channels; output != end; multiplier++, shift++) {
        const int32_t offset = *bias++;
        const int32_t *last = sums + pixels;
        uint8_t *to = output++;
        if (is_down(*multiplier, *shift)) {
            const struct down by = make_down(*multiplier, *shift);
            for (; sums != last; to += step) {
                int32_t value = scaled_down(add_wrapping(*sums++, offset), by);
                *to = (uint8_t)clamped(add_wrapping(value, output_offset), low, high);
            }
        } else {
            const struct scale by = make_scale(*multiplier, *shift);
            for (; sums != last; to += step) {
                int32_t value = scaled(add_wrapping(*sums++, offset), by);
                *to = (uint8_t)clamped(add_wrapping(value, output_offset), low, high);
            }
        }
    }
}

/* All channels: as many as go into large tiles, the rest one by one. */
static void multiply(const struct matrix *m, tile_function *large, int channels, tile_function *small, int pixels,
                     const int16_t *patch, uint8_t *output) {
    const uint8_t *filter = m->filter;
    int32_t sums[4 * TILE_PIXELS], channel = 0;
    for (; m->channels - channel >= channels; channel += channels) {
        filter = large(m, filter, patch, sums);
        store_tile(m, channel, channels, pixels, sums, output);
    }
    for (; channel < m->channels; channel++) {
        filter = small(m, filter, patch, sums);
        store_tile(m, channel, 1, pixels, sums, output);
    }
}

void multiply_patches(const struct matrix *m, const int16_t *patches, uint8_t *output) {
    if (m->type == INT8) {
        multiply(m, tile_4x3, 4, tile_1x3, TILE_PIXELS, patches, output);
    } else {
        multiply(m, tile_4x3_u8, 4, tile_1x3_u8, TILE_PIXELS, patches, output);
    }
}

void multiply_patch(const struct matrix *m, const int16_t *patch, uint8_t *output) {
    if (m->type == INT8) {
        multiply(m, tile_8x1, 8, tile_1x1, 1, patch, output);
    } else {
        multiply(m, tile_8x1_u8, 8, tile_1x1_u8, 1, patch, output);
    }
}
