/* FULLY_CONNECTED: vectors and weight matrix in, requantised vectors out.
 *
 * Vectors are patches (matrix.h); with one vector nothing but its own offset is spared, so that a product costs a weight's
 * load, a multiplication and an addition, and an eighth of a load. */

#include "kernels.h"
#include "matrix.h"
#include "patch.h"

ALWAYS_INLINE void fully_connected_of(enum eight_bits type, const struct fully_connected_params *p, const uint8_t *input,
                                      const uint8_t *weights, const int32_t *bias, uint8_t *output, int16_t *patches) {
    const struct matrix matrix = {
        .filter = weights,
        .type = type,
        .taps = p->inputs,
        .channels = p->outputs,
        .filter_offset = p->filter_offset,
        .bias = bias,
        .multiplier = p->multiplier,
        .shift = p->shift,
        .output_offset = p->output_offset,
        .low = p->low,
        .high = p->high,
        .output_step = p->outputs,
    };
    int32_t left = p->batches;
    for (; left >= TILE_PIXELS; left -= TILE_PIXELS) {
        for (int i = 0; i < TILE_PIXELS; i++) {
            fill(type, TILE_PIXELS, input, p->inputs, p->input_offset, patches + i);
            input += p->inputs;
        }
        multiply_patches(&matrix, patches, output);
        for (int i = 0; i < TILE_PIXELS; i++) output += p->outputs;
    }
    for (; left > 0; left--) {
        fill(type, 1, input, p->inputs, p->input_offset, patches);
        multiply_patch(&matrix, patches, output);
        input += p->inputs;
        output += p->outputs;
    }
}

int32_t fully_connected_scratch(const struct fully_connected_params *p) {
    return bytes_of((int32_t)sizeof(int16_t), smaller(p->batches, TILE_PIXELS), p->inputs, 1);
}

void fully_connected(const struct fully_connected_params *p, const int8_t *input, const int8_t *weights,
                     const int32_t *bias, int8_t *output, void *scratch) {
    fully_connected_of(INT8, p, (const uint8_t *)input, (const uint8_t *)weights, bias, (uint8_t *)output, scratch);
}

void fully_connected_u8(const struct fully_connected_params *p, const uint8_t *input, const uint8_t *weights,
                        const int32_t *bias, uint8_t *output, void *scratch) {
    fully_connected_of(UINT8, p, input, weights, bias, output, scratch);
}
