/* MEAN. */

#include "operators.h"

/* Which dimensions are reduced; axes may be negative and may repeat. */
static enum error read_axes(struct model *model, const struct tensor *axes, struct mean_params *p) {
    for (int32_t i = 0; i < axes->elements; i++) {
        int32_t axis = int32_at(axes, i);
        if (axis < 0) axis += p->dims;
        if (axis < 0 || axis >= p->dims)
            return fail_at(model, ERROR_SHAPE, axes, "there is no such dimension");
        p->reduced[axis] = 1;
    }
    return OK;
}

/* input scale / output scale / count: the factor is divided as an integer, after as many bits more as fit. */
static enum error divide_by_count(struct model *model, const struct tensor *input,
                                  const struct tensor *output, struct mean_params *p) {
    double ratio = (double)input->scale / (double)output->scale;
    TRY(quantize_multiplier(model, ratio, &p->multiplier, &p->shift));
    int32_t more = 0;
    while (p->count >> (more + 1) && more + 1 <= 31 + p->shift) more++;
    p->multiplier = (int32_t)(((int64_t)p->multiplier << more) / p->count);
    p->shift -= more;
    return OK;
}

static enum error prepare(struct model *model, struct node *node) {
    struct mean_params *p = node->data;
    TRY(need_operands(model, node, 2, 2, 1));
    const struct tensor *input = node->inputs[0], *axes = node->inputs[1], *output = node->outputs[0];
    TRY(need_shape(model, input, -1));
    TRY(need_shape(model, output, -1));
    TRY(need_quantised(model, input));
    TRY(need_quantised(model, output));
    TRY(need_same_type(model, input, output));
    TRY(need_int32_constant(model, axes, -1));
    p->dims = input->dims;
    p->outputs = p->count = 1;
    TRY(read_axes(model, axes, p));
    for (int32_t i = 0; i < p->dims; i++) {
        p->size[i] = input->size[i];
        if (p->reduced[i]) {
            p->count *= p->size[i];
        } else {
            p->outputs *= p->size[i];
        }
    }
    if (p->outputs != output->elements)
        return fail_at(model, ERROR_SHAPE, output, "the reduction makes another shape");
    p->input_zero = input->zero_point;
    p->output_zero = output->zero_point;
    TRY(divide_by_count(model, input, output, p));
    return need_scratch(model, node, p->outputs <= INT32_MAX / 4 ? p->outputs * 4 : -1);
}

static void invoke(const struct node *node) {
    uint8_t *input = node->inputs[0]->data, *output = node->outputs[0]->data;
    int32_t *sums = (int32_t *)(void *)node->scratch;
    if (type_of(node->inputs[0]) == UINT8) {
        mean_u8(node->data, input, output, sums);
    } else {
        mean(node->data, (int8_t *)input, (int8_t *)output, sums);
    }
}

const struct registration reduction_operators[] = {
    {40, sizeof(struct mean_params), prepare, invoke},
    {0, 0, NULL, NULL},
};
