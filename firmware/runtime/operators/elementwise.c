/* ADD and MUL, with broadcasting. */

#include "operators.h"

/* The extents of a tensor as the last ones of four. */
static void extents_of(const struct tensor *tensor, int32_t extents[4]) {
    for (int32_t i = 0; i < 4; i++) {
        int32_t dimension = i - (4 - tensor->dims);
        extents[i] = dimension < 0 ? 1 : tensor->size[dimension];
    }
}

static struct shape strides_of(const int32_t extents[4]) {
    int32_t strides[4], stride = 1;
    for (int32_t i = 3; i >= 0; i--) {
        strides[i] = extents[i] == 1 ? 0 : stride;
        stride *= extents[i];
    }
    return (struct shape){strides[0], strides[1], strides[2], strides[3]};
}

static bool same_shape(const struct tensor *a, const struct tensor *b) {
    if (a->dims != b->dims) return false;
    for (int32_t i = 0; i < a->dims; i++) {
        if (a->size[i] != b->size[i]) return false;
    }
    return true;
}

static enum error fit_shapes(struct model *model, const struct tensor *a, const struct tensor *b,
                             const struct tensor *output, struct elementwise_params *p) {
    if (same_shape(a, b) && same_shape(a, output)) {
        p->flat = 1;
        p->output = (struct shape){1, 1, 1, output->elements};
        p->stride_1 = p->stride_2 = (struct shape){0, 0, 0, 1};
        return OK;
    }
    if (a->dims > 4 || b->dims > 4 || output->dims > 4) {
        return fail(model, ERROR_OPTION, "broadcasting works on at most 4 dimensions");
    }
    int32_t of_a[4], of_b[4], of_output[4];
    extents_of(a, of_a);
    extents_of(b, of_b);
    extents_of(output, of_output);
    for (int32_t i = 0; i < 4; i++) {
        bool fits = (of_a[i] == of_b[i] || of_a[i] == 1 || of_b[i] == 1) &&
                    of_output[i] == (of_a[i] == 1 ? of_b[i] : of_a[i]);
        if (!fits)
            return fail_at(model, ERROR_SHAPE, output, "its shape is not that of the two inputs together");
    }
    p->output = (struct shape){of_output[0], of_output[1], of_output[2], of_output[3]};
    p->stride_1 = strides_of(of_a);
    p->stride_2 = strides_of(of_b);
    return OK;
}

static enum error prepare_common(struct model *model, struct node *node) {
    struct elementwise_params *p = node->data;
    TRY(need_operands(model, node, 2, 2, 1));
    const struct tensor *a = node->inputs[0], *b = node->inputs[1], *output = node->outputs[0];
    const struct tensor *all[] = {a, b, output};
    for (int32_t i = 0; i < 3; i++) {
        TRY(need_shape(model, all[i], -1));
        TRY(need_quantised(model, all[i]));
        TRY(need_same_type(model, a, all[i]));
    }
    TRY(fit_shapes(model, a, b, output, p));
    p->offset_1 = -a->zero_point;
    p->offset_2 = -b->zero_point;
    p->output_offset = output->zero_point;
    return activation_range(model, fb_i8(&model->file, &node->options, 0, 0), output, &p->low, &p->high);
}

static enum error prepare_add(struct model *model, struct node *node) {
    struct elementwise_params *p = node->data;
    TRY(prepare_common(model, node));
    const float scale_1 = node->inputs[0]->scale, scale_2 = node->inputs[1]->scale;
    const double common = 2 * (double)(scale_1 > scale_2 ? scale_1 : scale_2);
    p->left_shift = 20;
    TRY(quantize_multiplier(model, (double)scale_1 / common, &p->multiplier_1, &p->shift_1));
    TRY(quantize_multiplier(model, (double)scale_2 / common, &p->multiplier_2, &p->shift_2));
    double back = common / ((1 << 20) * (double)node->outputs[0]->scale);
    TRY(quantize_multiplier(model, back, &p->multiplier, &p->shift));
    return p->shift <= 0 ? OK
                         : fail(model, ERROR_QUANTISATION, "the output's scale is too small for the inputs'");
}

static enum error prepare_mul(struct model *model, struct node *node) {
    struct elementwise_params *p = node->data;
    TRY(prepare_common(model, node));
    double real =
        (double)node->inputs[0]->scale * (double)node->inputs[1]->scale / (double)node->outputs[0]->scale;
    return quantize_multiplier(model, real, &p->multiplier, &p->shift);
}

static void invoke_add(const struct node *node) {
    uint8_t *a = node->inputs[0]->data, *b = node->inputs[1]->data, *output = node->outputs[0]->data;
    if (type_of(node->inputs[0]) == UINT8) {
        add_u8(node->data, a, b, output);
    } else {
        add(node->data, (int8_t *)a, (int8_t *)b, (int8_t *)output);
    }
}

static void invoke_mul(const struct node *node) {
    uint8_t *a = node->inputs[0]->data, *b = node->inputs[1]->data, *output = node->outputs[0]->data;
    if (type_of(node->inputs[0]) == UINT8) {
        mul_u8(node->data, a, b, output);
    } else {
        mul(node->data, (int8_t *)a, (int8_t *)b, (int8_t *)output);
    }
}

const struct registration elementwise_operators[] = {
    {0, sizeof(struct elementwise_params), prepare_add, invoke_add},
    {18, sizeof(struct elementwise_params), prepare_mul, invoke_mul},
    {0, 0, NULL, NULL},
};
