/* The kernels of one style behind pointers, so that one program can hold both styles (style.c makes the table). */
#ifndef STYLE_H
#define STYLE_H

#include "kernels.h"

/* Those with a twin for UINT8, whose tensors go by untyped pointers here. Indexed by enum eight_bits. */
struct style {
    int32_t (*conv_2d_scratch)(const struct conv_2d_params *);
    int32_t (*depthwise_conv_2d_scratch)(const struct depthwise_conv_2d_params *);
    int32_t (*fully_connected_scratch)(const struct fully_connected_params *);
    void (*conv_2d)(enum eight_bits, const struct conv_2d_params *, const void *input, const void *filter,
                    const int32_t *bias, void *output, void *scratch);
    void (*depthwise_conv_2d)(enum eight_bits, const struct depthwise_conv_2d_params *, const void *input,
                              const void *filter, const int32_t *bias, void *output, void *scratch);
    void (*fully_connected)(enum eight_bits, const struct fully_connected_params *, const void *input,
                            const void *weights, const int32_t *bias, void *output, void *scratch);
    void (*average_pool_2d)(enum eight_bits, const struct pool_2d_params *, const void *, void *);
    void (*max_pool_2d)(enum eight_bits, const struct pool_2d_params *, const void *, void *);
    void (*mean)(enum eight_bits, const struct mean_params *, const void *, void *, int32_t *sums);
    void (*add)(enum eight_bits, const struct elementwise_params *, const void *, const void *, void *);
    void (*mul)(enum eight_bits, const struct elementwise_params *, const void *, const void *, void *);
    void (*relu)(enum eight_bits, const struct rescale_params *, const void *, void *);
    void (*softmax)(enum eight_bits, const struct softmax_params *, const void *, void *);
    void (*logistic)(enum eight_bits, const struct logistic_params *, const void *, void *);
    void (*requantize)(const struct rescale_params *, enum eight_bits from, const void *, enum eight_bits to, void *);
    void (*quantize)(int32_t count, float scale, int32_t zero_point, const float *, enum eight_bits to, void *);
    void (*dequantize)(int32_t count, float scale, int32_t zero_point, enum eight_bits from, const void *, float *);
    void (*reshape)(int32_t bytes, const void *, void *);
    void (*pad)(const struct pad_params *, const void *, void *);
    void (*concatenation)(const struct concatenation_params *, const void *const *, void *);
    void (*strided_slice)(const struct strided_slice_params *, const void *, void *);
    void (*transpose)(const struct transpose_params *, const void *, void *);
};

extern const struct style style_reference, style_optimised;

#endif
