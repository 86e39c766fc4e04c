/* Operators that only move bytes: RESHAPE, PAD, CONCATENATION, STRIDED_SLICE, TRANSPOSE.
 *
 * What lies together in both tensors moves together, in words where they are aligned. */

#include "elements.h"
#include "fixed_point.h"

/* Four bytes of whatever a tensor holds. */
typedef uint32_t __attribute__((may_alias)) word;

static inline int is_aligned(const void *at) { return ((uintptr_t)at & (sizeof(word) - 1)) == 0; }

static uint8_t *copy(const uint8_t *from, int32_t bytes, uint8_t *to) {
    const uint8_t *end = from + bytes;
    if (is_aligned(from) && is_aligned(to)) {
        for (; end - from >= 16; from += 16, to += 16) {
            const word *in = (const word *)from;
            word *out = (word *)to;
            word a = in[0], b = in[1], c = in[2], d = in[3];
            out[0] = a, out[1] = b, out[2] = c, out[3] = d;
        }
    }
    while (from != end) *to++ = *from++;
    return to;
}

/* Copies of an element of `width` bytes, until `bytes` are full. */
static uint8_t *fill(const uint8_t *element, int32_t width, int32_t bytes, uint8_t *to) {
    const uint8_t *end = to + bytes;
    if (is_aligned(to) && (width == 1 || width == 2 || width == 4)) {
        word pattern = 0;
        for (int i = 3; i >= 0; i--) pattern = pattern << 8 | element[i & (width - 1)];
        for (; end - to >= 4; to += 4) *(word *)to = pattern;
    }
    for (int32_t i = 0; to != end; i = i == width - 1 ? 0 : i + 1) *to++ = element[i];
    return to;
}

void reshape(int32_t bytes, const void *input, void *output) { copy(input, bytes, output); }

/* One step through count[0] x ... x count[dims - 1] places, the last dimension fastest; 0 after the last. */
static int step(int32_t dims, const int32_t *count, int32_t *at) {
    for (int32_t i = dims - 1; i >= 0; i--) {
        if (++at[i] < count[i]) return 1;
        at[i] = 0;
    }
    return 0;
}

void pad(const struct pad_params *p, const void *input, void *output) {
    /* Dimensions without padding at the end are part of a row's elements. */
    int32_t dims = p->dims, unit = p->width;
    for (; dims > 0 && p->before[dims - 1] == 0 && p->after[dims - 1] == 0; dims--) {
        unit = multiply_wrapping(unit, p->size[dims - 1]);
    }
    const int32_t last = dims > 0 ? dims - 1 : 0;
    int32_t before = 0, row = unit, after = 0;
    if (dims > 0) {
        before = multiply_wrapping(p->before[last], unit);
        row = multiply_wrapping(p->size[last], unit);
        after = multiply_wrapping(p->after[last], unit);
    }
    int32_t count[MAX_DIMS], at[MAX_DIMS] = {0};
    for (int32_t i = 0; i < last; i++) count[i] = p->before[i] + p->size[i] + p->after[i];
    const uint8_t *from = input;
    uint8_t *to = output;
    do {
        int inside = 1;
        for (int32_t i = 0; i < last; i++) {
            if (at[i] < p->before[i] || at[i] >= p->before[i] + p->size[i]) inside = 0;
        }
        if (inside) {
            to = fill(p->value, p->width, before, to);
            to = copy(from, row, to);
            to = fill(p->value, p->width, after, to);
            from += row;
        } else {
            to = fill(p->value, p->width, before + row + after, to);
        }
    } while (step(last, count, at));
}

void concatenation(const struct concatenation_params *p, const void *const *inputs, void *output) {
    int32_t output_row = 0;
    for (int32_t i = 0; i < p->inputs; i++) output_row += p->row_bytes[i];
    uint8_t *column = output;
    for (int32_t i = 0; i < p->inputs; i++) {
        const int32_t bytes = p->row_bytes[i];
        const uint8_t *from = inputs[i];
        uint8_t *to = column;
        for (int32_t row = p->outer; row > 0; row--) {
            copy(from, bytes, to);
            from += bytes;
            to += output_row;
        }
        column += bytes;
    }
}

/* Where the output's elements lie in the input: `dims` nested loops with so many turns and bytes between them, and `unit`
 * bytes each time. */
struct walk {
    int32_t dims;
    int32_t count[MAX_DIMS], step[MAX_DIMS];
    int32_t unit;
};

/* Turns over bytes that lie side by side become one larger unit. */
static void merge(struct walk *walk) {
    while (walk->dims > 0 && walk->step[walk->dims - 1] == walk->unit) {
        walk->unit = multiply_wrapping(walk->unit, walk->count[--walk->dims]);
    }
}

static void gather(struct walk *walk, const uint8_t *from, uint8_t *to) {
    merge(walk);
    const int32_t last = walk->dims > 0 ? walk->dims - 1 : 0;
    const int32_t turns = walk->dims > 0 ? walk->count[last] : 1, inner_step = walk->dims > 0 ? walk->step[last] : 0;
    int32_t at[MAX_DIMS] = {0}, back[MAX_DIMS];
    for (int32_t i = 0; i < last; i++) back[i] = multiply_wrapping(walk->count[i], walk->step[i]);
    for (;;) {
        const uint8_t *x = from;
        if (walk->unit == 1) {
            for (const uint8_t *end = to + turns; to != end; x += inner_step) *to++ = *x;
        } else {
            for (int32_t left = turns; left > 0; left--, x += inner_step) to = copy(x, walk->unit, to);
        }
        int32_t i = last - 1;
        for (; i >= 0; i--) {
            from += walk->step[i];
            if (++at[i] < walk->count[i]) break;
            from -= back[i];
            at[i] = 0;
        }
        if (i < 0) return;
    }
}

void strided_slice(const struct strided_slice_params *p, const void *input, void *output) {
    struct walk walk = {.dims = p->dims, .unit = p->width};
    int32_t bytes = p->width, first = 0;
    for (int32_t i = p->dims - 1; i >= 0; i--) {
        walk.count[i] = p->count[i];
        walk.step[i] = multiply_wrapping(p->stride[i], bytes);
        first += multiply_wrapping(p->begin[i], bytes);
        bytes = multiply_wrapping(bytes, p->size[i]);
    }
    gather(&walk, (const uint8_t *)input + first, output);
}

void transpose(const struct transpose_params *p, const void *input, void *output) {
    struct walk walk = {.dims = p->dims, .unit = p->width};
    int32_t step_of[MAX_DIMS], bytes = p->width;
    for (int32_t i = p->dims - 1; i >= 0; i--) {
        step_of[i] = bytes;
        bytes = multiply_wrapping(bytes, p->size[i]);
    }
    for (int32_t i = 0; i < p->dims; i++) {
        walk.count[i] = p->size[p->permutation[i]];
        walk.step[i] = step_of[p->permutation[i]];
    }
    gather(&walk, input, output);
}
