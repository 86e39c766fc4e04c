/* Filling patches (matrix.h): elements of 8 bits in, the same with their offset added in 16 bits out.
 *
 * 16 bits and the offset added beforehand won over copied bytes with a correction by the sum of the weights: a copy costs
 * 3.5 instructions an element, once for all output channels, and spares an addition at every load or a pass over the
 * weights; padding is 0; and the multiplier gets the numbers that the reference kernels give it. */
#ifndef PATCH_H
#define PATCH_H

#include "elements.h"

/* `step`: distance of a patch's elements. Returns where the next one goes. */
ALWAYS_INLINE int16_t *fill(enum eight_bits type, int step, const uint8_t *from, int32_t count, int32_t offset,
                            int16_t *to) {
    const uint8_t *end = from + count, *whole = end - (count & 7);
    while (from != whole) {
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++) to[i * step] = (int16_t)(load(type, from + i) + offset);
        from += 8;
        to += 8 * step;
    }
    for (; from != end; to += step) *to = (int16_t)(load(type, from++) + offset);
    return to;
}

ALWAYS_INLINE int16_t *fill_zeros(int step, int32_t count, int16_t *to) {
    for (; count > 0; count--, to += step) *to = 0;
    return to;
}

#endif
