/* The INT8 operators that a network is made of; one source file each.
 *
 * They follow TensorFlow Lite's *reference* kernels in arithmetic (bit for bit) and in shape: plain nested
 * loops, every element found through a four-dimensional index that is multiplied out. So the multiplier
 * sees what it sees in a TFLM firmware: MAC products and index arithmetic through MUL, requantisation
 * through MUL and MULH. A faster kernel would be a different experiment.
 *
 * Layouts: activations NHWC, convolution filters OHWI, fully connected weights [output][input]. */
#ifndef KERNELS_H
#define KERNELS_H

#include <stdint.h>

struct shape {
    int32_t n, h, w, c;
};

/* Index of element (n, h, w, c); three multiplications unless the compiler can hoist some of them. */
static inline int32_t offset(const struct shape *shape, int32_t n, int32_t h, int32_t w, int32_t c) {
    return ((n * shape->h + h) * shape->w + w) * shape->c + c;
}

struct conv_2d_params {
    struct shape input, filter, output;
    int32_t stride_h, stride_w, dilation_h, dilation_w;
    int32_t pad_h, pad_w;     /* rows above and columns left of the image; they add nothing to a sum */
    int32_t input_offset;     /* minus the input's zero point */
    int32_t output_offset;    /* the output's zero point */
    int32_t low, high;        /* the activation function, in output units */
    const int32_t *multiplier, *shift; /* one pair an output channel */
};

void conv_2d(const struct conv_2d_params *params, const int8_t *input, const int8_t *filter,
             const int32_t *bias, int8_t *output);

struct max_pool_2d_params {
    struct shape input, output;
    int32_t stride_h, stride_w, window_h, window_w;
    int32_t pad_h, pad_w;
    int32_t low, high;
};

void max_pool_2d(const struct max_pool_2d_params *params, const int8_t *input, int8_t *output);

struct fully_connected_params {
    int32_t batches, inputs, outputs;
    int32_t input_offset, output_offset;
    int32_t low, high;
    const int32_t *multiplier, *shift; /* one pair an output; all alike for weights with a single scale */
};

void fully_connected(const struct fully_connected_params *params, const int8_t *input,
                     const int8_t *weights, const int32_t *bias, int8_t *output);

struct softmax_params {
    int32_t rows, classes;
    int32_t multiplier, shift; /* beta * input scale, as a Q5.26 factor; 0 <= shift <= 31 */
    int32_t difference_min;    /* a score further below the row's largest counts as probability 0 */
};

/* The output's scale is 1/256 and its zero point -128, always. */
void softmax(const struct softmax_params *params, const int8_t *input, int8_t *output);

/* A tensor under a new shape: the same bytes. */
void reshape(int32_t bytes, const int8_t *input, int8_t *output);

#endif
