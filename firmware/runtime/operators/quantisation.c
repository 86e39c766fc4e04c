/* QUANTIZE and DEQUANTIZE: between 8-bit representations and, at a network's ends, float32. */

#include "operators.h"

static enum error check(struct model *model, const struct node *node) {
    TRY(need_operands(model, node, 1, 1, 1));
    TRY(need_shape(model, node->inputs[0], -1));
    TRY(need_shape(model, node->outputs[0], -1));
    if (node->inputs[0]->elements == node->outputs[0]->elements) return OK;
    return fail_at(model, ERROR_SHAPE, node->outputs[0], "it is not as large as the input");
}

static enum error prepare_quantize(struct model *model, struct node *node) {
    struct rescale_params *p = node->data;
    TRY(check(model, node));
    const struct tensor *input = node->inputs[0], *output = node->outputs[0];
    TRY(need_quantised(model, output));
    if (input->type == FLOAT32_TENSOR) return OK;
    TRY(need_quantised(model, input));
    p->count = input->elements;
    p->input_zero = input->zero_point;
    p->output_zero = output->zero_point;
    p->low = lowest_value(output);
    p->high = highest_value(output);
    return quantize_multiplier(model, (double)input->scale / (double)output->scale, &p->multiplier,
                               &p->shift);
}

static void invoke_quantize(const struct node *node) {
    const struct tensor *input = node->inputs[0], *output = node->outputs[0];
    if (input->type == FLOAT32_TENSOR) {
        quantize(input->elements, output->scale, output->zero_point, (const float *)(const void *)input->data,
                 type_of(output), output->data);
    } else {
        requantize(node->data, type_of(input), input->data, type_of(output), output->data);
    }
}

static enum error prepare_dequantize(struct model *model, struct node *node) {
    TRY(check(model, node));
    TRY(need_quantised(model, node->inputs[0]));
    if (node->outputs[0]->type == FLOAT32_TENSOR) return OK;
    return fail_at(model, ERROR_TYPE, node->outputs[0], "only FLOAT32 is supported here");
}

static void invoke_dequantize(const struct node *node) {
    const struct tensor *input = node->inputs[0];
    dequantize(input->elements, input->scale, input->zero_point, type_of(input), input->data,
               (float *)(void *)node->outputs[0]->data);
}

const struct registration quantisation_operators[] = {
    {6, 0, prepare_dequantize, invoke_dequantize},
    {114, sizeof(struct rescale_params), prepare_quantize, invoke_quantize},
    {0, 0, NULL, NULL},
};
