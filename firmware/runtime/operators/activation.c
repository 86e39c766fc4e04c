/* RELU, RELU6, LOGISTIC, SOFTMAX. */

#include "operators.h"

/* One input, one output, both quantised, of one type and with equally many elements. */
static enum error check(struct model *model, const struct node *node) {
    TRY(need_operands(model, node, 1, 1, 1));
    const struct tensor *input = node->inputs[0], *output = node->outputs[0];
    TRY(need_shape(model, input, -1));
    TRY(need_shape(model, output, -1));
    TRY(need_quantised(model, input));
    TRY(need_quantised(model, output));
    TRY(need_same_type(model, input, output));
    return input->elements == output->elements
               ? OK
               : fail_at(model, ERROR_SHAPE, output, "it is not as large as the input");
}

/* Probabilities start at the lowest value and come in units of 1/256. */
static enum error need_probabilities(struct model *model, const struct tensor *output) {
    if (output->scale == 1.0f / 256 && output->zero_point == lowest_value(output)) return OK;
    return fail_at(model, ERROR_QUANTISATION, output,
                   "its scale must be 1/256 and its zero point the lowest value");
}

/* ---- RELU and RELU6 ---- */

static enum error prepare_relu(struct model *model, struct node *node) {
    struct rescale_params *p = node->data;
    TRY(check(model, node));
    const struct tensor *input = node->inputs[0], *output = node->outputs[0];
    p->count = input->elements;
    p->input_zero = input->zero_point;
    p->output_zero = output->zero_point;
    float ratio = input->scale / output->scale; /* TFLM divides in float32 here */
    TRY(quantize_multiplier(model, (double)ratio, &p->multiplier, &p->shift));
    return activation_range(model, 1, output, &p->low, &p->high);
}

static enum error prepare_relu6(struct model *model, struct node *node) {
    struct rescale_params *p = node->data;
    TRY(prepare_relu(model, node));
    if (node->inputs[0]->type == UINT8_TENSOR)
        return activation_range(model, 3, node->outputs[0], &p->low, &p->high);
    /* TFLM's INT8 kernel only clamps, in units of the input: a factor of exactly 1. */
    p->output_zero = p->input_zero;
    p->multiplier = 1 << 30;
    p->shift = 1;
    return activation_range(model, 3, node->inputs[0], &p->low, &p->high);
}

static void invoke_relu(const struct node *node) {
    uint8_t *input = node->inputs[0]->data, *output = node->outputs[0]->data;
    if (type_of(node->inputs[0]) == UINT8) {
        relu_u8(node->data, input, output);
    } else {
        relu(node->data, (int8_t *)input, (int8_t *)output);
    }
}

/* ---- LOGISTIC ---- */

static enum error prepare_logistic(struct model *model, struct node *node) {
    enum { INTEGER_BITS = 4 };
    struct logistic_params *p = node->data;
    TRY(check(model, node));
    TRY(need_probabilities(model, node->outputs[0]));
    p->count = node->inputs[0]->elements;
    p->input_zero = node->inputs[0]->zero_point;
    double factor = (double)node->inputs[0]->scale * (double)(1 << (31 - INTEGER_BITS));
    if (factor >= 2147483647.0)
        return OK; /* one step is 16 or more: every answer is 0 or 1, the radius stays 0 */
    TRY(quantize_multiplier(model, factor, &p->multiplier, &p->shift));
    if (p->shift < 0) return fail_at(model, ERROR_QUANTISATION, node->inputs[0], "its scale is too small");
    p->range_radius = (int32_t)((((int64_t)1 << INTEGER_BITS) - 1) << (31 - INTEGER_BITS) >> p->shift);
    return OK;
}

static void invoke_logistic(const struct node *node) {
    uint8_t *input = node->inputs[0]->data, *output = node->outputs[0]->data;
    if (type_of(node->inputs[0]) == UINT8) {
        logistic_u8(node->data, input, output);
    } else {
        logistic(node->data, (int8_t *)input, (int8_t *)output);
    }
}

/* ---- SOFTMAX ---- */

static enum error prepare_softmax(struct model *model, struct node *node) {
    enum { BETA = 0, INTEGER_BITS = 5 };
    struct softmax_params *p = node->data;
    TRY(check(model, node));
    TRY(need_probabilities(model, node->outputs[0]));
    const struct tensor *input = node->inputs[0];
    if (input->dims < 1) return fail_at(model, ERROR_SHAPE, input, "softmax needs a dimension");
    p->classes = input->size[input->dims - 1];
    p->rows = input->elements / p->classes;
    float beta = fb_f32(&model->file, &node->options, BETA, 0);
    if (!(beta > 0 && beta <= 3.4028234e38f))
        return fail(model, ERROR_OPTION, "beta must be a positive number");
    double factor = (double)beta * (double)input->scale * (double)(1 << (31 - INTEGER_BITS));
    if (factor > 2147483647.0) factor = 2147483647.0;
    TRY(quantize_multiplier(model, factor, &p->multiplier, &p->shift));
    if (p->shift < 0) return fail_at(model, ERROR_QUANTISATION, input, "its scale times beta is too small");
    p->difference_min = -(int32_t)((((int64_t)1 << INTEGER_BITS) - 1) << (31 - INTEGER_BITS) >> p->shift);
    return OK;
}

static void invoke_softmax(const struct node *node) {
    uint8_t *input = node->inputs[0]->data, *output = node->outputs[0]->data;
    if (type_of(node->inputs[0]) == UINT8) {
        softmax_u8(node->data, input, output);
    } else {
        softmax(node->data, (int8_t *)input, (int8_t *)output);
    }
}

const struct registration activation_operators[] = {
    {14, sizeof(struct logistic_params), prepare_logistic, invoke_logistic},
    {19, sizeof(struct rescale_params), prepare_relu, invoke_relu},
    {21, sizeof(struct rescale_params), prepare_relu6, invoke_relu},
    {25, sizeof(struct softmax_params), prepare_softmax, invoke_softmax},
    {0, 0, NULL, NULL},
};
