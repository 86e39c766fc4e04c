/* The operators that the runtime knows, and what their files share. */
#ifndef OPERATORS_H
#define OPERATORS_H

#include "model.h"

/* prepare() checks everything that invoke() relies on: types, shapes against the tensors that are really
 * there, quantisation; it computes with floating-point numbers if need be, and stores the outcome in
 * node->data, `data_bytes` zeroed bytes. invoke() has integers only and cannot fail. */
struct registration {
    int32_t code;
    uint32_t data_bytes;
    enum error (*prepare)(struct model *model, struct node *node);
    void (*invoke)(const struct node *node);
};

/* NULL: not supported. */
const struct registration *find_registration(int32_t code);

/* One list for each file in operators/, ended by an entry without functions. */
extern const struct registration convolution_operators[], fully_connected_operators[], pooling_operators[],
    reduction_operators[], elementwise_operators[], activation_operators[], quantisation_operators[],
    movement_operators[];

/* ---- checks (operators/common.c) ---- */

/* The node has so many operands, none of the required ones absent. */
enum error need_operands(struct model *model, const struct node *node, int32_t least, int32_t most,
                         int32_t outputs);

/* A shape of positive extents with `dims` dimensions (-1: any number). */
enum error need_shape(struct model *model, const struct tensor *tensor, int32_t dims);

/* INT8 or UINT8, with a scale and a zero point that make sense. */
enum error need_quantised(struct model *model, const struct tensor *tensor);
enum error need_same_type(struct model *model, const struct tensor *a, const struct tensor *b);
enum error need_same_quantisation(struct model *model, const struct tensor *a, const struct tensor *b);

/* An INT32 constant with so many elements (-1: any number). */
enum error need_int32_constant(struct model *model, const struct tensor *tensor, int32_t elements);
static inline int32_t int32_at(const struct tensor *tensor, int32_t index) {
    return ((const int32_t *)(const void *)tensor->data)[index];
}

/* Weights: quantised like the input, with one scale in all or one for each of `channels` along dimension
 * `along`; INT8 weights have the zero point 0. The bias, which may be absent: INT32, one a channel. */
enum error need_weights(struct model *model, const struct tensor *input, const struct tensor *weights,
                        int32_t along);
enum error need_bias(struct model *model, const struct tensor *bias, int32_t channels);

static inline enum eight_bits type_of(const struct tensor *tensor) {
    return tensor->type == UINT8_TENSOR ? UINT8 : INT8;
}
static inline bool is_eight_bits(const struct tensor *tensor) {
    return tensor->type == INT8_TENSOR || tensor->type == UINT8_TENSOR;
}
static inline struct shape shape_4d(const struct tensor *tensor) {
    return (struct shape){tensor->size[0], tensor->size[1], tensor->size[2], tensor->size[3]};
}
static inline bool has_shape(const struct tensor *tensor, struct shape s) {
    return tensor->dims == 4 && tensor->size[0] == s.n && tensor->size[1] == s.h && tensor->size[2] == s.w &&
           tensor->size[3] == s.c;
}

/* Output extent and padding before the image, along one direction. False: no output, or more than 31 bits
 * hold. */
struct window_fit {
    int32_t output, pad;
};
enum padding { SAME_PADDING = 0, VALID_PADDING = 1 };
bool fit_window(int32_t padding, int32_t size, int32_t window, int32_t stride, int32_t dilation,
                struct window_fit *fit);

/* ---- numbers (operators/scaling.c) ---- */

/* real = multiplier * 2^(shift - 31), as TFLM's QuantizeMultiplier; an error from 2^31 on. */
enum error quantize_multiplier(struct model *model, double real, int32_t *multiplier, int32_t *shift);

/* The factors from an accumulator to the output, one a channel, in persistent memory. */
enum error channel_multipliers(struct model *model, const struct tensor *input, const struct tensor *weights,
                               const struct tensor *output, int32_t channels, const int32_t **multipliers,
                               const int32_t **shifts);

/* The clamp that a fused activation function comes to in units of the output. */
enum error activation_range(struct model *model, int32_t function, const struct tensor *output, int32_t *low,
                            int32_t *high);

int32_t lowest_value(const struct tensor *tensor);
int32_t highest_value(const struct tensor *tensor);

/* ---- resources ---- */

/* Memory that invoke() finds at node->scratch; `bytes` as a kernel's own function says, -1 being too much. */
enum error need_scratch(struct model *model, struct node *node, int32_t bytes);

/* Persistent memory for `count` numbers. */
enum error allocate_int32(struct model *model, int32_t count, int32_t **numbers);

/* Notes that invoke() takes `a * b` steps of its innermost loop; an error where a model would never end. */
enum error note_work(struct model *model, int32_t a, int32_t b);

#endif
