/* MEAN: tensor in, means over some of its dimensions out, requantised.
 *
 * Dimensions that lie side by side and are both reduced or both kept count as one. So the innermost loop is long: it adds
 * a run to one sum, or a run to a row of sums. */

#include "elements.h"
#include "fixed_point.h"
#include "requantise.h"

/* The tensor with fewer dimensions, the last one first; a kept one's step is the distance of its sums, a reduced one's 0. */
struct merged {
    int32_t dims;
    int32_t size[MAX_DIMS], sum_step[MAX_DIMS];
};

static struct merged merge(const struct mean_params *p) {
    struct merged m = {.dims = 0, .size = {1}};
    int32_t sum_step = 1;
    for (int32_t i = p->dims - 1; i >= 0; i--) {
        if (i < p->dims - 1 && !p->reduced[i] == !p->reduced[i + 1]) {
            m.size[m.dims - 1] = multiply_wrapping(m.size[m.dims - 1], p->size[i]);
        } else {
            m.size[m.dims] = p->size[i];
            m.sum_step[m.dims++] = p->reduced[i] ? 0 : sum_step;
        }
        if (!p->reduced[i]) sum_step = multiply_wrapping(sum_step, p->size[i]);
    }
    return m;
}

/* A run of the last dimension; returns the element behind it. */
ALWAYS_INLINE const uint8_t *add_run(enum eight_bits type, const uint8_t *input, int32_t count, int32_t reduced,
                                     int32_t *sums) {
    const uint8_t *end = input + count;
    if (reduced) {
        int32_t sum = 0;
        while (input != end) sum = add_wrapping(sum, load(type, input++));
        *sums = add_wrapping(*sums, sum);
    } else {
        for (; input != end; sums++) *sums = add_wrapping(*sums, load(type, input++));
    }
    return input;
}

/* Steps all dimensions but the last, and the sum with them; 0 after the last element. */
static int step(const struct merged *m, int32_t *at, int32_t **sum) {
    for (int32_t i = 1; i < m->dims; i++) {
        *sum += m->sum_step[i];
        if (++at[i] < m->size[i]) return 1;
        *sum -= multiply_wrapping(m->size[i], m->sum_step[i]);
        at[i] = 0;
    }
    return 0;
}

ALWAYS_INLINE void mean_of(enum eight_bits type, const struct mean_params *p, const uint8_t *input, uint8_t *output,
                           int32_t *sums) {
    const struct merged m = merge(p);
    for (int32_t i = 0; i < p->outputs; i++) sums[i] = 0;
    int32_t at[MAX_DIMS] = {0}, *sum = sums;
    do {
        input = add_run(type, input, m.size[0], m.sum_step[0] == 0, sum);
    } while (step(&m, at, &sum));

    const struct scale scale = make_scale(p->multiplier, p->shift);
    const int32_t zero_sum = multiply_wrapping(p->input_zero, p->count);
    for (const uint8_t *end = output + p->outputs; output != end;) {
        int32_t value = scaled(subtract_wrapping(*sums++, zero_sum), scale);
        *output++ = (uint8_t)clamped(add_wrapping(value, p->output_zero), lowest(type), highest(type));
    }
}

void mean(const struct mean_params *p, const int8_t *input, int8_t *output, int32_t *sums) {
    mean_of(INT8, p, (const uint8_t *)input, (uint8_t *)output, sums);
}

void mean_u8(const struct mean_params *p, const uint8_t *input, uint8_t *output, int32_t *sums) {
    mean_of(UINT8, p, input, output, sums);
}
