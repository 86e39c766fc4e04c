/* CONV_2D with pointers that are stepped and one sum, as CMSIS-NN does it on cores without SIMD: the input's offset is
 * added at every load, so one factor of a product has 9 bits and the other 8.
 *
 * The sizes are conv.h's, so that the compiler needs no multiplication for them: all that the program multiplies are
 * numbers of the network, and with a faulty multiplier it does as much work as with a sound one. */

#include "bench.h"
#include "conv.h"
#include "fixed_point.h"
#include "kernels.h"

const char bench_name[] = "conv";
const uint32_t bench_rounds = 880;

int32_t conv_2d_scratch(const struct conv_2d_params *p) {
    (void)p;
    return 0;
}

/* How many of the window's pixels from `at` on lie before the image, and how many in it. */
static inline int32_t before(int32_t at) { return at < 0 ? -at : 0; }
static inline int32_t inside(int32_t at) { return at + WINDOW > SIDE ? SIDE - at : WINDOW - before(at); }

static int32_t sum_of_products(int32_t y, int32_t x, const int8_t *input, const int8_t *filter, int32_t offset,
                               int32_t sum) {
    const int32_t row_taps = inside(x) * CHANNELS;
    const int8_t *pixel = input + ((y + before(y)) * SIDE + x + before(x)) * CHANNELS;
    const int8_t *weight = filter + (before(y) * WINDOW + before(x)) * CHANNELS;
    for (int32_t rows = inside(y); rows > 0; rows--) {
        for (const int8_t *end = weight + row_taps; weight != end;) {
            sum = add_wrapping(sum, (*pixel++ + offset) * *weight++);
        }
        pixel += SIDE * CHANNELS - row_taps;
        weight += WINDOW * CHANNELS - row_taps;
    }
    return sum;
}

void conv_2d(const struct conv_2d_params *p, const int8_t *input, const int8_t *filter, const int32_t *bias,
             int8_t *output, void *scratch) {
    (void)scratch;
    for (int32_t y = -PADDING; y < SIDE - PADDING; y++) {
        for (int32_t x = -PADDING; x < SIDE - PADDING; x++) {
            for (int32_t out = 0; out < CHANNELS; out++) {
                int32_t sum = sum_of_products(y, x, input, filter + out * TAPS, p->input_offset, bias[out]);
                sum = multiply_by_quantized_multiplier(sum, p->multiplier[out], p->shift[out]);
                *output++ = (int8_t)clamp(add_wrapping(sum, p->output_offset), p->low, p->high);
            }
        }
    }
}
