/* Filters times patches: the matrix product inside CONV_2D and FULLY_CONNECTED, requantised.
 *
 * A patch holds what one output pixel sees, 16 bits an element with the input's offset added, in the filters' order. So a
 * tap outside the image is 0 and needs no special case, and the products are those of the reference kernels: weight times
 * (input + offset). */
#ifndef MATRIX_H
#define MATRIX_H

#include "elements.h"

/* Pixels that multiply_patches() takes at once. */
enum { TILE_PIXELS = 3 };

struct matrix {
    const uint8_t *filter; /* [channels][taps] */
    enum eight_bits type;  /* of the filter */
    int32_t taps, channels;
    int32_t filter_offset; /* UINT8 */
    const int32_t *bias;   /* or NULL */
    const int32_t *multiplier, *shift;
    int32_t output_offset, low, high;
    int32_t output_step;   /* from an output pixel to the next */
};

/* patches[taps][TILE_PIXELS] to output[TILE_PIXELS][output_step], of which `channels` are written. */
void multiply_patches(const struct matrix *matrix, const int16_t *patches, uint8_t *output);
/* patch[taps] to output[channels]. */
void multiply_patch(const struct matrix *matrix, const int16_t *patch, uint8_t *output);

#endif
