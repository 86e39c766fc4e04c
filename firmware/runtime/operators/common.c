/* Checks that several operators share: see operators.h. */

#include "memory.h"
#include "operators.h"

enum error need_operands(struct model *model, const struct node *node, int32_t least, int32_t most,
                         int32_t outputs) {
    if (node->input_count < least || node->input_count > most || node->output_count != outputs) {
        return fail(model, ERROR_OPTION, "it has another number of operands than the operator takes");
    }
    for (int32_t i = 0; i < least; i++) {
        if (!node->inputs[i]) return fail(model, ERROR_DAMAGED, "a required operand is absent");
    }
    return OK;
}

enum error need_shape(struct model *model, const struct tensor *tensor, int32_t dims) {
    if (tensor->elements <= 0)
        return fail_at(model, ERROR_SHAPE, tensor, "its shape is not fixed, empty or far too large");
    if (dims >= 0 && tensor->dims != dims) {
        model->failure.tensor_index = tensor->index;
        return fail_numbers(model, ERROR_SHAPE, "its number of dimensions does not fit",
                            (uint32_t)tensor->dims, (uint32_t)dims);
    }
    return OK;
}

/* Finite and above 0. As a bit pattern: there may be thousands, and a comparison of floating-point numbers is
 * a call. */
static bool is_scale(float scale) {
    uint32_t bits;
    memcpy(&bits, &scale, sizeof bits);
    return bits > 0 && bits < 0x7f800000;
}

enum error need_quantised(struct model *model, const struct tensor *tensor) {
    if (!is_eight_bits(tensor))
        return fail_at(model, ERROR_TYPE, tensor, "only INT8 and UINT8 are supported here");
    if (tensor->scales.count == 0) return fail_at(model, ERROR_QUANTISATION, tensor, "it has no scale");
    if (!is_scale(tensor->scale))
        return fail_at(model, ERROR_QUANTISATION, tensor, "its scale is not a positive number");
    if (tensor->zero_point < lowest_value(tensor) || tensor->zero_point > highest_value(tensor)) {
        return fail_at(model, ERROR_QUANTISATION, tensor, "its zero point is outside its range");
    }
    return OK;
}

enum error need_same_type(struct model *model, const struct tensor *a, const struct tensor *b) {
    return a->type == b->type
               ? OK
               : fail_at(model, ERROR_TYPE, b, "its type differs from that of the first input");
}

enum error need_same_quantisation(struct model *model, const struct tensor *a, const struct tensor *b) {
    if (a->scale == b->scale && a->zero_point == b->zero_point) return OK;
    return fail_at(model, ERROR_QUANTISATION, b, "its scale and zero point differ from those of the output");
}

enum error need_int32_constant(struct model *model, const struct tensor *tensor, int32_t elements) {
    if (tensor->type != INT32_TENSOR)
        return fail_at(model, ERROR_TYPE, tensor, "only INT32 is supported here");
    if (!tensor->constant) return fail_at(model, ERROR_OPTION, tensor, "only a constant is supported here");
    TRY(need_shape(model, tensor, -1));
    if (elements >= 0 && tensor->elements != elements) {
        return fail_at(model, ERROR_SHAPE, tensor, "its number of elements does not fit");
    }
    return OK;
}

enum error need_weights(struct model *model, const struct tensor *input, const struct tensor *weights,
                        int32_t along) {
    TRY(need_quantised(model, weights));
    TRY(need_same_type(model, input, weights));
    uint32_t channels = (uint32_t)weights->size[along];
    if (weights->scales.count != 1) {
        if (weights->type == UINT8_TENSOR || weights->scales.count != channels ||
            weights->quantised_dimension != along) {
            return fail_at(model, ERROR_QUANTISATION, weights,
                           "its scales do not belong to the output channels");
        }
    }
    for (uint32_t i = 0; i < weights->scales.count; i++) {
        if (!is_scale(fb_element_f32(&model->file, &weights->scales, i))) {
            return fail_at(model, ERROR_QUANTISATION, weights, "a scale is not a positive number");
        }
    }
    for (uint32_t i = 0; i < weights->zero_points.count && weights->type == INT8_TENSOR; i++) {
        if (fb_element_i64(&model->file, &weights->zero_points, i) != 0) {
            return fail_at(model, ERROR_QUANTISATION, weights, "INT8 weights must have the zero point 0");
        }
    }
    return OK;
}

enum error need_bias(struct model *model, const struct tensor *bias, int32_t channels) {
    if (!bias) return OK;
    if (bias->type != INT32_TENSOR)
        return fail_at(model, ERROR_TYPE, bias, "only an INT32 bias is supported");
    TRY(need_shape(model, bias, -1));
    return bias->elements == channels
               ? OK
               : fail_at(model, ERROR_SHAPE, bias, "not one bias for each output channel");
}

bool fit_window(int32_t padding, int32_t size, int32_t window, int32_t stride, int32_t dilation,
                struct window_fit *fit) {
    const int64_t limit = INT32_MAX / 2;
    if (size < 1 || window < 1 || stride < 1 || dilation < 1) return false;
    int64_t reach = (int64_t)(window - 1) * dilation + 1;
    if (reach > limit || (int64_t)size + reach + stride > limit) return false;
    int64_t output =
        padding == SAME_PADDING ? (size + stride - 1) / stride : (size - reach + stride) / stride;
    if (output < 1) return false;
    int64_t missing = (output - 1) * stride + reach - size;
    fit->output = (int32_t)output;
    fit->pad = (int32_t)(missing > 0 ? missing / 2 : 0);
    return true;
}

enum error need_scratch(struct model *model, struct node *node, int32_t bytes) {
    if (bytes < 0) return fail(model, ERROR_ARENA, "it needs more scratch memory than 31 bits count");
    node->scratch_bytes = (uint32_t)bytes;
    return OK;
}

enum error allocate_int32(struct model *model, int32_t count, int32_t **numbers) {
    *numbers = arena_persistent(&model->arena, (uint32_t)count, sizeof(int32_t));
    return *numbers ? OK
                    : fail_numbers(model, ERROR_ARENA, "no room for its parameters", model->arena.size, 0);
}

enum error note_work(struct model *model, int32_t a, int32_t b) {
    model->work += (uint64_t)(uint32_t)a * (uint32_t)b;
    return model->work >> 34 ? fail(model, ERROR_LIMIT, "the model takes more than 2^34 steps") : OK;
}
