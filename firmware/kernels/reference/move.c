/* Operators that only move bytes: RESHAPE, PAD, CONCATENATION, STRIDED_SLICE, TRANSPOSE. */

#include "kernels.h"

/* Index of an element in a tensor of those sizes, as TFLM's Offset finds it. */
static inline int32_t index_of(int32_t dims, const int32_t *size, const int32_t *at) {
    int32_t index = 0;
    for (int32_t i = 0; i < dims; i++) index = index * size[i] + at[i];
    return index;
}

/* One step through `count[0] x count[1] x ...` places, the last dimension fastest; 0 after the last. */
static inline int32_t step(int32_t dims, const int32_t *count, int32_t *at) {
    for (int32_t i = dims - 1; i >= 0; i--) {
        if (++at[i] < count[i]) return 1;
        at[i] = 0;
    }
    return 0;
}

static inline uint8_t *copy(const uint8_t *from, int32_t bytes, uint8_t *to) {
    for (int32_t i = 0; i < bytes; i++) *to++ = from[i];
    return to;
}

void reshape(int32_t bytes, const void *input, void *output) { copy(input, bytes, output); }

void pad(const struct pad_params *p, const void *input, void *output) {
    int32_t count[MAX_DIMS], at[MAX_DIMS] = {0};
    for (int32_t i = 0; i < p->dims; i++) count[i] = p->before[i] + p->size[i] + p->after[i];
    const uint8_t *from = input;
    uint8_t *to = output;
    do {
        int32_t inside = 1;
        for (int32_t i = 0; i < p->dims; i++) {
            if (at[i] < p->before[i] || at[i] >= p->before[i] + p->size[i]) inside = 0;
        }
        to = copy(inside ? from : p->value, p->width, to);
        if (inside) from += p->width;
    } while (step(p->dims, count, at));
}

void concatenation(const struct concatenation_params *p, const void *const *inputs, void *output) {
    uint8_t *to = output;
    for (int32_t row = 0; row < p->outer; row++) {
        for (int32_t i = 0; i < p->inputs; i++) {
            to = copy((const uint8_t *)inputs[i] + row * p->row_bytes[i], p->row_bytes[i], to);
        }
    }
}

void strided_slice(const struct strided_slice_params *p, const void *input, void *output) {
    int32_t taken[MAX_DIMS] = {0}, at[MAX_DIMS];
    uint8_t *to = output;
    do {
        for (int32_t i = 0; i < p->dims; i++) at[i] = p->begin[i] + taken[i] * p->stride[i];
        to = copy((const uint8_t *)input + index_of(p->dims, p->size, at) * p->width, p->width, to);
    } while (step(p->dims, p->count, taken));
}

void transpose(const struct transpose_params *p, const void *input, void *output) {
    int32_t count[MAX_DIMS], out_at[MAX_DIMS] = {0}, at[MAX_DIMS] = {0};
    for (int32_t i = 0; i < p->dims; i++) count[i] = p->size[p->permutation[i]];
    uint8_t *to = output;
    do {
        for (int32_t i = 0; i < p->dims; i++) at[p->permutation[i]] = out_at[i];
        to = copy((const uint8_t *)input + index_of(p->dims, p->size, at) * p->width, p->width, to);
    } while (step(p->dims, count, out_at));
}
