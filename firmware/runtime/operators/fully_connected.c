/* FULLY_CONNECTED. */

#include "operators.h"

static enum error check(struct model *model, const struct node *node) {
    TRY(need_operands(model, node, 2, 3, 1));
    const struct tensor *input = node->inputs[0], *weights = node->inputs[1], *output = node->outputs[0];
    TRY(need_shape(model, input, -1));
    TRY(need_shape(model, weights, 2));
    TRY(need_shape(model, output, -1));
    TRY(need_quantised(model, input));
    TRY(need_quantised(model, output));
    TRY(need_same_type(model, input, output));
    TRY(need_weights(model, input, weights, 0));
    return need_bias(model, node->input_count > 2 ? node->inputs[2] : NULL, weights->size[0]);
}

static enum error prepare(struct model *model, struct node *node) {
    enum { ACTIVATION = 0, WEIGHTS_FORMAT = 1 };
    struct fully_connected_params *p = node->data;
    TRY(check(model, node));
    const struct tensor *input = node->inputs[0], *weights = node->inputs[1], *output = node->outputs[0];
    if (fb_i8(&model->file, &node->options, WEIGHTS_FORMAT, 0) != 0) {
        return fail(model, ERROR_OPTION, "shuffled weights are not supported");
    }
    p->outputs = weights->size[0];
    p->inputs = weights->size[1];
    p->batches = input->elements / p->inputs;
    if (input->elements % p->inputs != 0 || output->elements % p->outputs != 0 ||
        output->elements / p->outputs != p->batches) {
        return fail_at(model, ERROR_SHAPE, weights, "the weights do not make this output of this input");
    }
    p->input_offset = -input->zero_point;
    p->filter_offset = -weights->zero_point;
    p->output_offset = output->zero_point;
    TRY(activation_range(model, fb_i8(&model->file, &node->options, ACTIVATION, 0), output, &p->low,
                         &p->high));
    TRY(channel_multipliers(model, input, weights, output, p->outputs, &p->multiplier, &p->shift));
    TRY(note_work(model, output->elements, p->inputs));
    return need_scratch(model, node, fully_connected_scratch(p));
}

static void invoke(const struct node *node) {
    uint8_t *input = node->inputs[0]->data, *weights = node->inputs[1]->data,
            *output = node->outputs[0]->data;
    const int32_t *bias = NULL;
    if (node->input_count > 2 && node->inputs[2]) bias = (const int32_t *)(const void *)node->inputs[2]->data;
    if (type_of(node->inputs[0]) == UINT8) {
        fully_connected_u8(node->data, input, weights, bias, output, node->scratch);
    } else {
        fully_connected(node->data, (int8_t *)input, (int8_t *)weights, bias, (int8_t *)output,
                        node->scratch);
    }
}

const struct registration fully_connected_operators[] = {
    {9, sizeof(struct fully_connected_params), prepare, invoke},
    {0, 0, NULL, NULL},
};
