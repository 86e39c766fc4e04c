/* The operators that a network is made of: what each needs, and nothing of how it is done.
 *
 * There are two sets of sources behind this header, chosen when a firmware is built; both give the same bytes as TensorFlow
 * Lite Micro's reference kernels, whatever the numbers:
 *   reference/  TFLM's reference loops: every element found through an index that is multiplied out. So the multiplier sees
 *               MAC products *and* index arithmetic.
 *   optimised/  pointers that are stepped, patches of the image copied out (im2col), several sums in registers, as in CMSIS-NN. The
 *               multiplier sees hardly anything but MAC products and requantisation.
 * With a faulty multiplier the two differ: that is why there are two.
 *
 * Layouts: activations NHWC, convolution filters OHWI, depthwise filters 1HWC, fully connected weights [output][input].
 * A function with the suffix _u8 is its twin for UINT8 tensors (weights too, with a zero point of their own).
 * Every function is total: operands, sums and sizes that no sane network has give some answer, never undefined behaviour. */
#ifndef KERNELS_H
#define KERNELS_H

#include <stdint.h>

/* Dimensions of a tensor, at the most. */
#define MAX_DIMS 6

struct shape {
    int32_t n, h, w, c;
};

/* Index of element (n, h, w, c); three multiplications unless the compiler can hoist some of them. */
static inline int32_t offset(const struct shape *shape, int32_t n, int32_t h, int32_t w, int32_t c) {
    return ((n * shape->h + h) * shape->w + w) * shape->c + c;
}

/* ---- convolutions and matrices ---- */

struct conv_2d_params {
    struct shape input, filter, output;
    int32_t stride_h, stride_w, dilation_h, dilation_w;
    int32_t pad_h, pad_w;     /* rows above and columns left of the image; they add nothing to a sum */
    int32_t input_offset;     /* minus the input's zero point */
    int32_t filter_offset;    /* minus the weights' zero point; 0 for INT8 */
    int32_t output_offset;    /* the output's zero point */
    int32_t low, high;        /* the activation function, in output units */
    const int32_t *multiplier, *shift; /* one pair an output channel */
};

/* Bytes of scratch memory that a call needs; 0 in reference/. At most what fits into 31 bits, else -1. */
int32_t conv_2d_scratch(const struct conv_2d_params *params);

/* `bias` may be NULL: zeros. `scratch` is 16-byte aligned. */
void conv_2d(const struct conv_2d_params *params, const int8_t *input, const int8_t *filter,
             const int32_t *bias, int8_t *output, void *scratch);
void conv_2d_u8(const struct conv_2d_params *params, const uint8_t *input, const uint8_t *filter,
                const int32_t *bias, uint8_t *output, void *scratch);

/* filter.n is 1; output.c = input.c * depth_multiplier. */
struct depthwise_conv_2d_params {
    struct conv_2d_params conv;
    int32_t depth_multiplier;
};

int32_t depthwise_conv_2d_scratch(const struct depthwise_conv_2d_params *params);
void depthwise_conv_2d(const struct depthwise_conv_2d_params *params, const int8_t *input, const int8_t *filter,
                       const int32_t *bias, int8_t *output, void *scratch);
void depthwise_conv_2d_u8(const struct depthwise_conv_2d_params *params, const uint8_t *input,
                          const uint8_t *filter, const int32_t *bias, uint8_t *output, void *scratch);

struct fully_connected_params {
    int32_t batches, inputs, outputs;
    int32_t input_offset, filter_offset, output_offset;
    int32_t low, high;
    const int32_t *multiplier, *shift; /* one pair an output; all alike for weights with a single scale */
};

int32_t fully_connected_scratch(const struct fully_connected_params *params);
void fully_connected(const struct fully_connected_params *params, const int8_t *input, const int8_t *weights,
                     const int32_t *bias, int8_t *output, void *scratch);
void fully_connected_u8(const struct fully_connected_params *params, const uint8_t *input,
                        const uint8_t *weights, const int32_t *bias, uint8_t *output, void *scratch);

/* ---- pooling and reductions ---- */

struct pool_2d_params {
    struct shape input, output;
    int32_t stride_h, stride_w, window_h, window_w;
    int32_t pad_h, pad_w;
    int32_t low, high;
};

void average_pool_2d(const struct pool_2d_params *params, const int8_t *input, int8_t *output);
void average_pool_2d_u8(const struct pool_2d_params *params, const uint8_t *input, uint8_t *output);
void max_pool_2d(const struct pool_2d_params *params, const int8_t *input, int8_t *output);
void max_pool_2d_u8(const struct pool_2d_params *params, const uint8_t *input, uint8_t *output);

/* The mean over the dimensions that are marked. `sums` holds as many numbers as the output has elements. */
struct mean_params {
    int32_t dims, size[MAX_DIMS];
    uint8_t reduced[MAX_DIMS];
    int32_t outputs;              /* elements of the output */
    int32_t count;                /* elements that go into one mean */
    int32_t input_zero, output_zero;
    int32_t multiplier, shift;    /* input scale / output scale / count */
};

void mean(const struct mean_params *params, const int8_t *input, int8_t *output, int32_t *sums);
void mean_u8(const struct mean_params *params, const uint8_t *input, uint8_t *output, int32_t *sums);

/* ---- element by element ---- */

/* Both inputs are broadcast to the output's shape: where an input's extent is 1, its stride is 0. `flat` says that neither is. */
struct elementwise_params {
    struct shape output;
    struct shape stride_1, stride_2; /* in elements */
    int32_t flat;
    int32_t offset_1, offset_2;      /* minus the zero points */
    int32_t output_offset;
    int32_t left_shift;              /* ADD: 20 */
    int32_t multiplier_1, shift_1, multiplier_2, shift_2; /* ADD */
    int32_t multiplier, shift;       /* of the result */
    int32_t low, high;
};

void add(const struct elementwise_params *params, const int8_t *input_1, const int8_t *input_2, int8_t *output);
void add_u8(const struct elementwise_params *params, const uint8_t *input_1, const uint8_t *input_2,
            uint8_t *output);
void mul(const struct elementwise_params *params, const int8_t *input_1, const int8_t *input_2, int8_t *output);
void mul_u8(const struct elementwise_params *params, const uint8_t *input_1, const uint8_t *input_2,
            uint8_t *output);

/* RELU and RELU6, which may change scale and zero point; also QUANTIZE from one scale to another. */
struct rescale_params {
    int32_t count;
    int32_t input_zero, output_zero;
    int32_t multiplier, shift;
    int32_t low, high;
};

void relu(const struct rescale_params *params, const int8_t *input, int8_t *output);
void relu_u8(const struct rescale_params *params, const uint8_t *input, uint8_t *output);

/* QUANTIZE between 8-bit types. */
enum eight_bits { INT8, UINT8 };
void requantize(const struct rescale_params *params, enum eight_bits from, const void *input, enum eight_bits to,
                void *output);
/* QUANTIZE from float32 and DEQUANTIZE to it. */
void quantize(int32_t count, float scale, int32_t zero_point, const float *input, enum eight_bits to, void *output);
void dequantize(int32_t count, float scale, int32_t zero_point, enum eight_bits from, const void *input,
                float *output);

struct softmax_params {
    int32_t rows, classes;
    int32_t multiplier, shift; /* beta * input scale, as a Q5.26 factor; 0 <= shift <= 31 */
    int32_t difference_min;    /* a score further below the row's largest counts as probability 0 */
};

/* The output's scale is 1/256 and its zero point -128 (UINT8: 0), always. */
void softmax(const struct softmax_params *params, const int8_t *input, int8_t *output);
void softmax_u8(const struct softmax_params *params, const uint8_t *input, uint8_t *output);

struct logistic_params {
    int32_t count;
    int32_t input_zero;
    int32_t range_radius;      /* further from the zero point the answer is 0 or 1 */
    int32_t multiplier, shift; /* input scale, as a Q4.27 factor */
};

/* The output's scale is 1/256 and its zero point -128 (UINT8: 0), always. */
void logistic(const struct logistic_params *params, const int8_t *input, int8_t *output);
void logistic_u8(const struct logistic_params *params, const uint8_t *input, uint8_t *output);

/* ---- bytes moved about; `width` is the bytes of an element ---- */

/* A tensor under a new shape: the same bytes. */
void reshape(int32_t bytes, const void *input, void *output);

/* `before` and `after` elements of padding along each dimension. */
struct pad_params {
    int32_t dims, size[MAX_DIMS], before[MAX_DIMS], after[MAX_DIMS];
    int32_t width;
    uint8_t value[4];          /* the padding element's bytes */
};
void pad(const struct pad_params *params, const void *input, void *output);

/* Inputs side by side along one dimension: `outer` rows, of each input so many bytes. */
struct concatenation_params {
    int32_t outer, inputs;
    const int32_t *row_bytes;  /* one an input */
};
void concatenation(const struct concatenation_params *params, const void *const *inputs, void *output);

/* begin and stride in each dimension, and how many elements are taken: no masks, no negative begins any more. */
struct strided_slice_params {
    int32_t dims, size[MAX_DIMS], begin[MAX_DIMS], stride[MAX_DIMS], count[MAX_DIMS];
    int32_t width;
};
void strided_slice(const struct strided_slice_params *params, const void *input, void *output);

/* Output dimension i is input dimension permutation[i]. */
struct transpose_params {
    int32_t dims, size[MAX_DIMS], permutation[MAX_DIMS];
    int32_t width;
};
void transpose(const struct transpose_params *params, const void *input, void *output);

#endif
