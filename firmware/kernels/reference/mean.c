/* MEAN: tensor in, means over some of its dimensions out, requantised. */

#include "element.h"
#include "fixed_point.h"
#include "kernels.h"

/* The index of the element at `at`, or, without the reduced dimensions, that of the mean which it goes into.
 */
static inline int32_t index_of(const struct mean_params *p, const int32_t *at, int32_t of_mean) {
    int32_t index = 0;
    for (int32_t i = 0; i < p->dims; i++) {
        if (of_mean && p->reduced[i]) continue;
        index = index * p->size[i] + at[i];
    }
    return index;
}

/* One step through the tensor, the last dimension fastest; 0 after the last element. */
static inline int32_t step(const struct mean_params *p, int32_t *at) {
    for (int32_t i = p->dims - 1; i >= 0; i--) {
        if (++at[i] < p->size[i]) return 1;
        at[i] = 0;
    }
    return 0;
}

FOR_BOTH_TYPES void mean_of(enum eight_bits type, const struct mean_params *p, const void *input,
                            void *output, int32_t *sums) {
    int32_t at[MAX_DIMS] = {0};
    for (int32_t i = 0; i < p->outputs; i++) sums[i] = 0;
    do {
        int32_t *sum = &sums[index_of(p, at, 1)];
        *sum = add_wrapping(*sum, element(type, input, index_of(p, at, 0)));
    } while (step(p, at));

    int32_t zero_sum = multiply_wrapping(p->input_zero, p->count);
    for (int32_t i = 0; i < p->outputs; i++) {
        int32_t scaled =
            multiply_by_quantized_multiplier(subtract_wrapping(sums[i], zero_sum), p->multiplier, p->shift);
        set_element(output, i, clamp(add_wrapping(scaled, p->output_zero), lowest(type), highest(type)));
    }
}

void mean(const struct mean_params *p, const int8_t *input, int8_t *output, int32_t *sums) {
    mean_of(INT8, p, input, output, sums);
}

void mean_u8(const struct mean_params *p, const uint8_t *input, uint8_t *output, int32_t *sums) {
    mean_of(UINT8, p, input, output, sums);
}
