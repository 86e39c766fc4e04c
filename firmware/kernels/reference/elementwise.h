/* ADD and MUL walk alike: pairs of elements in, one element out. */
#ifndef ELEMENTWISE_H
#define ELEMENTWISE_H

#include "element.h"

/* One element of the output, not yet moved by its zero point, of two that are. */
typedef int32_t combine(const struct elementwise_params *p, int32_t a, int32_t b);

/* Index in an input that may be broadcast; four products, like those of TFLM's index descriptors. */
static inline int32_t strided(const struct shape *stride, int32_t n, int32_t h, int32_t w, int32_t c) {
    return n * stride->n + h * stride->h + w * stride->w + c * stride->c;
}

FOR_BOTH_TYPES void elementwise(enum eight_bits type, combine *op, const struct elementwise_params *p,
                                const void *input_1, const void *input_2, void *output) {
    if (p->flat) {
        int32_t count = p->output.n * p->output.h * p->output.w * p->output.c;
        for (int32_t i = 0; i < count; i++) {
            set_element(
                output, i,
                op(p, element(type, input_1, i) + p->offset_1, element(type, input_2, i) + p->offset_2));
        }
        return;
    }
    for (int32_t n = 0; n < p->output.n; n++) {
        for (int32_t h = 0; h < p->output.h; h++) {
            for (int32_t w = 0; w < p->output.w; w++) {
                for (int32_t c = 0; c < p->output.c; c++) {
                    int32_t a = element(type, input_1, strided(&p->stride_1, n, h, w, c)) + p->offset_1;
                    int32_t b = element(type, input_2, strided(&p->stride_2, n, h, w, c)) + p->offset_2;
                    set_element(output, offset(&p->output, n, h, w, c), op(p, a, b));
                }
            }
        }
    }
}

#endif
