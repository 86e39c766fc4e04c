/* An INT8 convolution, 3 x 3, of an 8 x 8 image with 16 channels into one of the same shape, again and again: each
 * round's output is the next one's input. The kernel, conv_2d(), is linked in; all kernels give the same checksum.
 *
 *   conv        conv_pointer.c: pointers and one multiply-accumulate at a time
 *   conv-index  kernels/reference/: an index multiplied out for every element, as in TFLM's reference kernels
 *   conv-tiled  kernels/optimised/: patches copied out and twelve sums in registers, as in CMSIS-NN */

#include "bench.h"
#include "conv.h"
#include "kernels.h"

static int8_t images[2][IMAGE], filter[CHANNELS * TAPS];
static int32_t bias[CHANNELS], multiplier[CHANNELS], shift[CHANNELS];
static int8_t scratch[TAPS * 3 * 2] __attribute__((aligned(16)));

/* What a quantised layer has: a zero point, weights of all sizes, and a scale of its own for each channel. The scales keep
 * the outputs' spread a little above the inputs': a sum of 144 products of numbers that spread by 74 spreads by 66,000, and
 * is scaled by 2^-9 to 2^-10. */
static struct conv_2d_params layer(uint32_t *seed) {
    for (int i = 0; i < IMAGE; i++) images[0][i] = (int8_t)bench_random(seed);
    for (int i = 0; i < CHANNELS * TAPS; i++) filter[i] = (int8_t)bench_random(seed);
    for (int i = 0; i < CHANNELS; i++) {
        bias[i] = (int32_t)bench_random(seed) >> 18;
        multiplier[i] = (int32_t)(bench_random(seed) >> 2 | 0x40000000);
        shift[i] = -9;
    }
    const struct shape image = {1, SIDE, SIDE, CHANNELS};
    return (struct conv_2d_params){
        .input = image,
        .filter = {CHANNELS, WINDOW, WINDOW, CHANNELS},
        .output = image,
        .stride_h = 1,
        .stride_w = 1,
        .dilation_h = 1,
        .dilation_w = 1,
        .pad_h = PADDING,
        .pad_w = PADDING,
        .input_offset = 3,
        .output_offset = -3,
        .low = -128,
        .high = 127,
        .multiplier = multiplier,
        .shift = shift,
    };
}

uint32_t bench_run(uint32_t rounds) {
    uint32_t seed = 2463534242u, sum = 0;
    const struct conv_2d_params params = layer(&seed);
    int from = 0;
    if (conv_2d_scratch(&params) > (int32_t)sizeof scratch) return 0;
    for (; rounds > 0; rounds--, from ^= 1) {
        conv_2d(&params, images[from], filter, bias, images[from ^ 1], scratch);
        /* A few new pixels, so that the images never settle. */
        for (int i = 0; i < 8; i++) {
            uint32_t pixel = bench_random(&seed);
            images[from ^ 1][pixel >> 22] = (int8_t)pixel;
        }
        for (int i = 0; i < IMAGE; i += 7) sum = bench_mix(sum, (uint8_t)images[from ^ 1][i]);
    }
    return sum;
}
