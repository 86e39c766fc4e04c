/* The table of one style: linked with that style's kernels, of which no other name stays visible. STYLE is the table's name. */

#include "style.h"

/* name(type, ...) calls name(...) or name_u8(...). */
#define TWINS(name, parameters, signed_call, unsigned_call)                                                            \
    static void name##_of parameters {                                                                                 \
        if (type == INT8) {                                                                                            \
            name signed_call;                                                                                          \
        } else {                                                                                                       \
            name##_u8 unsigned_call;                                                                                   \
        }                                                                                                              \
    }

#define WEIGHTED(name, params)                                                                                         \
    TWINS(name,                                                                                                        \
          (enum eight_bits type, const struct params *p, const void *input, const void *weights, const int32_t *bias,  \
           void *output, void *scratch),                                                                               \
          (p, input, weights, bias, output, scratch), (p, input, weights, bias, output, scratch))
WEIGHTED(conv_2d, conv_2d_params)
WEIGHTED(depthwise_conv_2d, depthwise_conv_2d_params)
WEIGHTED(fully_connected, fully_connected_params)

#define ONE_INPUT(name, params)                                                                                        \
    TWINS(name, (enum eight_bits type, const struct params *p, const void *input, void *output), (p, input, output),   \
          (p, input, output))
ONE_INPUT(average_pool_2d, pool_2d_params)
ONE_INPUT(max_pool_2d, pool_2d_params)
ONE_INPUT(relu, rescale_params)
ONE_INPUT(softmax, softmax_params)
ONE_INPUT(logistic, logistic_params)

#define TWO_INPUTS(name)                                                                                               \
    TWINS(name,                                                                                                        \
          (enum eight_bits type, const struct elementwise_params *p, const void *a, const void *b, void *output),      \
          (p, a, b, output), (p, a, b, output))
TWO_INPUTS(add)
TWO_INPUTS(mul)

TWINS(mean, (enum eight_bits type, const struct mean_params *p, const void *input, void *output, int32_t *sums),
      (p, input, output, sums), (p, input, output, sums))

const struct style STYLE = {
    conv_2d_scratch, depthwise_conv_2d_scratch, fully_connected_scratch,
    conv_2d_of, depthwise_conv_2d_of, fully_connected_of, average_pool_2d_of, max_pool_2d_of, mean_of, add_of, mul_of,
    relu_of, softmax_of, logistic_of, requantize, quantize, dequantize, reshape, pad, concatenation, strided_slice, transpose,
};
