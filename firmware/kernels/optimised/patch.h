/* Filling patches (matrix.h): elements of 8 bits in, the same with their offset added in 16 bits out.
 *
 * 16 bits with the offset added, rather than the bytes and a correction by the sums of the weights: a patch costs 3.5 to 4
 * instructions an element, shared by all output channels (0.22 a product for 16 of them, 0.06 for 64), and no pass over the
 * weights; padding is 0, so that taps outside the image need no correction of their own; and the multiplier gets the
 * numbers that the reference kernels give it. Adding the offset at each load instead would cost 0.25 a product.  */
#ifndef PATCH_H
#define PATCH_H

#include "elements.h"

/* `step`: distance of a patch's elements. Returns where the next one goes. */
ALWAYS_INLINE int16_t *fill(enum eight_bits type, int step, const uint8_t *from, int32_t count, int32_t offset,
                            int16_t *to) {
    const uint8_t *end = from + count, *whole = end - (count & 7);
    while (from != whole) {
        UNROLL
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
