/* RESHAPE (and EXPAND_DIMS, SQUEEZE), PAD, CONCATENATION, STRIDED_SLICE, TRANSPOSE: bytes go elsewhere, none
 * changes. */

#include "operators.h"

static enum error need_movable(struct model *model, const struct tensor *tensor) {
    TRY(need_shape(model, tensor, -1));
    bool known = is_eight_bits(tensor) || tensor->type == INT32_TENSOR || tensor->type == FLOAT32_TENSOR;
    return known
               ? OK
               : fail_at(model, ERROR_TYPE, tensor, "only INT8, UINT8, INT32 and FLOAT32 are supported here");
}

static enum error check(struct model *model, const struct node *node, int32_t least, int32_t most) {
    TRY(need_operands(model, node, least, most, 1));
    TRY(need_movable(model, node->inputs[0]));
    TRY(need_movable(model, node->outputs[0]));
    return need_same_type(model, node->inputs[0], node->outputs[0]);
}

static enum error wrong_shape(struct model *model, const struct node *node) {
    return fail_at(model, ERROR_SHAPE, node->outputs[0], "the operator makes another shape of its input");
}

static void copy_sizes(const struct tensor *tensor, int32_t *dims, int32_t *size, int32_t *width) {
    *dims = tensor->dims;
    *width = tensor->width;
    for (int32_t i = 0; i < tensor->dims; i++) size[i] = tensor->size[i];
}

/* ---- RESHAPE: the output's shape in the file is the one that counts ---- */

static enum error prepare_reshape(struct model *model, struct node *node) {
    TRY(check(model, node, 1, 2));
    return node->inputs[0]->bytes == node->outputs[0]->bytes ? OK : wrong_shape(model, node);
}

static void invoke_reshape(const struct node *node) {
    reshape((int32_t)node->inputs[0]->bytes, node->inputs[0]->data, node->outputs[0]->data);
}

/* ---- PAD and PADV2 ---- */

static enum error padding_value(struct model *model, const struct node *node, struct pad_params *p) {
    const struct tensor *input = node->inputs[0], *output = node->outputs[0];
    const struct tensor *value = node->input_count > 2 ? node->inputs[2] : NULL;
    if (value) {
        TRY(need_same_type(model, input, value));
        if (!value->constant || value->elements != 1)
            return fail_at(model, ERROR_OPTION, value, "not one constant number");
        if (is_eight_bits(output)) TRY(need_same_quantisation(model, output, value));
        for (int32_t i = 0; i < p->width; i++) p->value[i] = value->data[i];
    } else if (is_eight_bits(output)) {
        if (output->zero_point < lowest_value(output) || output->zero_point > highest_value(output)) {
            return fail_at(model, ERROR_QUANTISATION, output, "its zero point is outside its range");
        }
        p->value[0] = (uint8_t)output->zero_point;
    }
    return OK;
}

static enum error prepare_pad(struct model *model, struct node *node) {
    struct pad_params *p = node->data;
    TRY(check(model, node, 2, 3));
    const struct tensor *paddings = node->inputs[1], *output = node->outputs[0];
    copy_sizes(node->inputs[0], &p->dims, p->size, &p->width);
    TRY(need_int32_constant(model, paddings, 2 * p->dims));
    if (output->dims != p->dims) return wrong_shape(model, node);
    for (int32_t i = 0; i < p->dims; i++) {
        p->before[i] = int32_at(paddings, 2 * i);
        p->after[i] = int32_at(paddings, 2 * i + 1);
        if (p->before[i] < 0 || p->after[i] < 0 ||
            (int64_t)p->before[i] + p->size[i] + p->after[i] != output->size[i]) {
            return wrong_shape(model, node);
        }
    }
    return padding_value(model, node, p);
}

static void invoke_pad(const struct node *node) {
    pad(node->data, node->inputs[0]->data, node->outputs[0]->data);
}

/* ---- CONCATENATION ---- */

struct concatenation_data {
    struct concatenation_params params;
    const void **inputs; /* filled in by each invoke(): the arena is not planned before */
};

/* Bytes of an input from one row to the next. */
static enum error row_bytes(struct model *model, const struct node *node, const struct tensor *input,
                            int32_t axis, int32_t *bytes) {
    const struct tensor *output = node->outputs[0];
    TRY(need_movable(model, input));
    TRY(need_same_type(model, node->inputs[0], input));
    if (is_eight_bits(input)) TRY(need_same_quantisation(model, output, input));
    if (input->dims != output->dims) return wrong_shape(model, node);
    *bytes = input->width;
    for (int32_t i = 0; i < input->dims; i++) {
        if (i != axis && input->size[i] != output->size[i]) return wrong_shape(model, node);
        if (i >= axis) *bytes *= input->size[i];
    }
    return OK;
}

static enum error prepare_concatenation(struct model *model, struct node *node) {
    enum { AXIS, ACTIVATION };
    struct concatenation_data *data = node->data;
    TRY(check(model, node, 1, INT32_MAX));
    TRY(need_operands(model, node, node->input_count, node->input_count, 1));
    const struct tensor *output = node->outputs[0];
    int32_t axis = fb_i32(&model->file, &node->options, AXIS, 0);
    if (axis < 0) axis += output->dims;
    if (axis < 0 || axis >= output->dims) return fail(model, ERROR_OPTION, "there is no such dimension");
    if (fb_i8(&model->file, &node->options, ACTIVATION, 0) != 0) {
        return fail(model, ERROR_OPTION, "a fused activation function is not supported here");
    }
    int32_t *rows;
    TRY(allocate_int32(model, node->input_count, &rows));
    data->inputs = arena_persistent(&model->arena, (uint32_t)node->input_count, sizeof(void *));
    if (!data->inputs)
        return fail_numbers(model, ERROR_ARENA, "no room for its parameters", model->arena.size, 0);
    data->params = (struct concatenation_params){1, node->input_count, rows};
    for (int32_t i = 0; i < axis; i++) data->params.outer *= output->size[i];
    int64_t together = 0;
    for (int32_t i = 0; i < node->input_count; i++) {
        TRY(row_bytes(model, node, node->inputs[i], axis, &rows[i]));
        together += node->inputs[i]->bytes;
    }
    return together == (int64_t)output->bytes ? OK : wrong_shape(model, node);
}

static void invoke_concatenation(const struct node *node) {
    struct concatenation_data *data = node->data;
    for (int32_t i = 0; i < node->input_count; i++) data->inputs[i] = node->inputs[i]->data;
    concatenation(&data->params, data->inputs, node->outputs[0]->data);
}

/* ---- STRIDED_SLICE ---- */

static int64_t held(int64_t x, int64_t low, int64_t high) { return x < low ? low : x > high ? high : x; }

struct slice_masks {
    int32_t begin, end, shrink;
};

/* begin and count along one dimension; false if the slice takes nothing or starts outside. */
static bool slice_dimension(const struct node *node, const struct slice_masks *masks, int32_t i,
                            struct strided_slice_params *p) {
    const bool given = i < node->inputs[1]->elements; /* of further dimensions everything is taken */
    const bool shrink = given && (masks->shrink >> i & 1),
               backwards = given && int32_at(node->inputs[3], i) < 0;
    int64_t size = p->size[i], stride = given ? int32_at(node->inputs[3], i) : 1;
    int64_t low = backwards ? -1 : 0, high = backwards ? size - 1 : size;
    int64_t begin = given ? int32_at(node->inputs[1], i) : 0,
            end = given ? int32_at(node->inputs[2], i) : size;
    begin = held(begin < 0 ? begin + size : begin, low, high);
    end = held(end < 0 ? end + size : end, low, high);
    if (given && (masks->begin >> i & 1)) begin = backwards ? size - 1 : 0;
    if (given && (masks->end >> i & 1)) end = backwards ? -1 : size;
    if (stride == 0 || begin < 0 || begin >= size) return false;
    int64_t count = shrink      ? 1
                    : backwards ? (begin - end - stride - 1) / -stride
                                : (end - begin + stride - 1) / stride;
    p->begin[i] = (int32_t)begin;
    p->stride[i] = count == 1 ? 1 : (int32_t)stride;
    p->count[i] = (int32_t)count;
    return count > 0;
}

static enum error check_slice(struct model *model, const struct node *node, struct strided_slice_params *p) {
    TRY(check(model, node, 4, 4));
    copy_sizes(node->inputs[0], &p->dims, p->size, &p->width);
    TRY(need_int32_constant(model, node->inputs[1], -1));
    if (node->inputs[1]->elements > p->dims) return wrong_shape(model, node);
    TRY(need_int32_constant(model, node->inputs[2], node->inputs[1]->elements));
    return need_int32_constant(model, node->inputs[3], node->inputs[1]->elements);
}

static enum error prepare_strided_slice(struct model *model, struct node *node) {
    enum { BEGIN_MASK, END_MASK, ELLIPSIS_MASK, NEW_AXIS_MASK, SHRINK_AXIS_MASK, END_IS_COUNT };
    struct strided_slice_params *p = node->data;
    struct flatbuffer *file = &model->file;
    TRY(check_slice(model, node, p));
    if (fb_i32(file, &node->options, ELLIPSIS_MASK, 0) || fb_i32(file, &node->options, NEW_AXIS_MASK, 0) ||
        fb_i8(file, &node->options, END_IS_COUNT, 0)) {
        return fail(model, ERROR_OPTION, "ellipsis, new axes and offsets are not supported");
    }
    const struct slice_masks masks = {fb_i32(file, &node->options, BEGIN_MASK, 0),
                                      fb_i32(file, &node->options, END_MASK, 0),
                                      fb_i32(file, &node->options, SHRINK_AXIS_MASK, 0)};
    int32_t output_dims = 0;
    for (int32_t i = 0; i < p->dims; i++) {
        if (!slice_dimension(node, &masks, i, p)) return fail(model, ERROR_SHAPE, "the slice takes nothing");
        if (i < node->inputs[1]->elements && (masks.shrink >> i & 1)) continue;
        if (output_dims >= node->outputs[0]->dims || node->outputs[0]->size[output_dims++] != p->count[i]) {
            return wrong_shape(model, node);
        }
    }
    return output_dims == node->outputs[0]->dims ? OK : wrong_shape(model, node);
}

static void invoke_strided_slice(const struct node *node) {
    strided_slice(node->data, node->inputs[0]->data, node->outputs[0]->data);
}

/* ---- TRANSPOSE ---- */

static enum error prepare_transpose(struct model *model, struct node *node) {
    struct transpose_params *p = node->data;
    TRY(check(model, node, 2, 2));
    const struct tensor *permutation = node->inputs[1], *output = node->outputs[0];
    copy_sizes(node->inputs[0], &p->dims, p->size, &p->width);
    TRY(need_int32_constant(model, permutation, p->dims));
    if (output->dims != p->dims) return wrong_shape(model, node);
    uint32_t seen = 0;
    for (int32_t i = 0; i < p->dims; i++) {
        int32_t from = int32_at(permutation, i);
        if (from < 0 || from >= p->dims || seen >> from & 1) {
            return fail_at(model, ERROR_SHAPE, permutation, "it is not a permutation of the dimensions");
        }
        seen |= (uint32_t)1 << from;
        p->permutation[i] = from;
        if (output->size[i] != p->size[from]) return wrong_shape(model, node);
    }
    return OK;
}

static void invoke_transpose(const struct node *node) {
    transpose(node->data, node->inputs[0]->data, node->outputs[0]->data);
}

const struct registration movement_operators[] = {
    {2, sizeof(struct concatenation_data), prepare_concatenation, invoke_concatenation},
    {22, 0, prepare_reshape, invoke_reshape},
    {34, sizeof(struct pad_params), prepare_pad, invoke_pad},
    {39, sizeof(struct transpose_params), prepare_transpose, invoke_transpose},
    {43, 0, prepare_reshape, invoke_reshape}, /* SQUEEZE */
    {45, sizeof(struct strided_slice_params), prepare_strided_slice, invoke_strided_slice},
    {60, sizeof(struct pad_params), prepare_pad, invoke_pad}, /* PADV2 */
    {70, 0, prepare_reshape, invoke_reshape}, /* EXPAND_DIMS */
    {0, 0, NULL, NULL},
};
