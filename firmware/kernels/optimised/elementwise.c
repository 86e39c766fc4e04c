/* ADD and MUL: two tensors in, their requantised sum or product out, element by element.
 *
 * Four loops of pointers that are stepped, which a broadcast input does by 0; without broadcasting one loop is enough. */

#include "elements.h"
#include "fixed_point.h"
#include "requantise.h"

enum operation { ADD, MUL };

/* The scales of a call; MUL has only the result's. */
struct scales {
    struct scale first, second, result;
};

/* One run along the channels. */
ALWAYS_INLINE void combine_run(enum eight_bits type, enum operation operation, const struct elementwise_params *p,
                               const struct scales *scales, int32_t count, const uint8_t *a, int32_t step_a,
                               const uint8_t *b, int32_t step_b, uint8_t *output) {
    const int32_t offset_a = p->offset_1, offset_b = p->offset_2, left = p->left_shift;
    const int32_t output_offset = p->output_offset, low = p->low, high = p->high;
    for (const uint8_t *end = output + count; output != end; a += step_a, b += step_b) {
        int32_t x = load(type, a) + offset_a, y = load(type, b) + offset_b, result;
        if (operation == ADD) {
            x = scaled(shift_left_wrapping(x, left), scales->first);
            y = scaled(shift_left_wrapping(y, left), scales->second);
            result = add_wrapping(x, y);
        } else {
            result = multiply_wrapping(x, y);
        }
        result = scaled(result, scales->result);
        *output++ = (uint8_t)clamped(add_wrapping(result, output_offset), low, high);
    }
}

ALWAYS_INLINE void elementwise(enum eight_bits type, enum operation operation, const struct elementwise_params *p,
                               const uint8_t *a, const uint8_t *b, uint8_t *output) {
    struct scales scales = {.result = make_scale(p->multiplier, p->shift)};
    if (operation == ADD) {
        scales.first = make_scale(p->multiplier_1, p->shift_1);
        scales.second = make_scale(p->multiplier_2, p->shift_2);
    }
    struct shape size = p->output, step_a = p->stride_1, step_b = p->stride_2;
    if (p->flat) {
        const int32_t pixels = multiply_wrapping(multiply_wrapping(size.n, size.h), size.w);
        size = (struct shape){1, 1, 1, multiply_wrapping(pixels, size.c)};
        step_a.c = step_b.c = 1;
    }
    for (int32_t n = size.n; n > 0; n--, a += step_a.n, b += step_b.n) {
        const uint8_t *row_a = a, *row_b = b;
        for (int32_t h = size.h; h > 0; h--, row_a += step_a.h, row_b += step_b.h) {
            const uint8_t *pixel_a = row_a, *pixel_b = row_b;
            for (int32_t w = size.w; w > 0; w--, pixel_a += step_a.w, pixel_b += step_b.w) {
                combine_run(type, operation, p, &scales, size.c, pixel_a, step_a.c, pixel_b, step_b.c, output);
                output += size.c;
            }
        }
    }
}

void add(const struct elementwise_params *p, const int8_t *input_1, const int8_t *input_2, int8_t *output) {
    elementwise(INT8, ADD, p, (const uint8_t *)input_1, (const uint8_t *)input_2, (uint8_t *)output);
}

void add_u8(const struct elementwise_params *p, const uint8_t *input_1, const uint8_t *input_2, uint8_t *output) {
    elementwise(UINT8, ADD, p, input_1, input_2, output);
}

void mul(const struct elementwise_params *p, const int8_t *input_1, const int8_t *input_2, int8_t *output) {
    elementwise(INT8, MUL, p, (const uint8_t *)input_1, (const uint8_t *)input_2, (uint8_t *)output);
}

void mul_u8(const struct elementwise_params *p, const uint8_t *input_1, const uint8_t *input_2, uint8_t *output) {
    elementwise(UINT8, MUL, p, input_1, input_2, output);
}
