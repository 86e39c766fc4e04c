/* CONV_2D and DEPTHWISE_CONV_2D. */

#include "operators.h"

/* Where the two operators keep the same options. */
struct option_fields {
    uint32_t stride_w, stride_h, activation, dilation_w, dilation_h;
};

/* The parameters that do not depend on which of the two it is. `along`: the weights' dimension of output
 * channels. */
static enum error prepare_common(struct model *model, struct node *node, struct conv_2d_params *p,
                                 const struct option_fields *fields, int32_t along) {
    TRY(need_operands(model, node, 2, 3, 1));
    const struct tensor *input = node->inputs[0], *filter = node->inputs[1], *output = node->outputs[0];
    const struct tensor *bias = node->input_count > 2 ? node->inputs[2] : NULL;
    TRY(need_shape(model, input, 4));
    TRY(need_shape(model, filter, 4));
    TRY(need_shape(model, output, 4));
    TRY(need_quantised(model, input));
    TRY(need_quantised(model, output));
    TRY(need_same_type(model, input, output));
    TRY(need_weights(model, input, filter, along));
    TRY(need_bias(model, bias, filter->size[along]));

    struct flatbuffer *file = &model->file;
    int32_t padding = fb_i8(file, &node->options, 0, 0);
    p->stride_w = fb_i32(file, &node->options, fields->stride_w, 0);
    p->stride_h = fb_i32(file, &node->options, fields->stride_h, 0);
    p->dilation_w = fb_i32(file, &node->options, fields->dilation_w, 1);
    p->dilation_h = fb_i32(file, &node->options, fields->dilation_h, 1);
    p->input = shape_4d(input);
    p->filter = shape_4d(filter);
    p->output = shape_4d(output);
    struct window_fit fit_h, fit_w;
    if (!fit_window(padding, p->input.h, p->filter.h, p->stride_h, p->dilation_h, &fit_h) ||
        !fit_window(padding, p->input.w, p->filter.w, p->stride_w, p->dilation_w, &fit_w)) {
        return fail(model, ERROR_SHAPE, "the filter does not fit the image");
    }
    if (!has_shape(output, (struct shape){p->input.n, fit_h.output, fit_w.output, filter->size[along]})) {
        return fail_at(model, ERROR_SHAPE, output, "image and filter make another output shape");
    }
    p->pad_h = fit_h.pad;
    p->pad_w = fit_w.pad;
    p->input_offset = -input->zero_point;
    p->filter_offset = -filter->zero_point;
    p->output_offset = output->zero_point;
    TRY(activation_range(model, fb_i8(file, &node->options, fields->activation, 0), output, &p->low,
                         &p->high));
    return channel_multipliers(model, input, filter, output, p->output.c, &p->multiplier, &p->shift);
}

static const int32_t *bias_of(const struct node *node) {
    if (node->input_count < 3 || !node->inputs[2]) return NULL;
    return (const int32_t *)(const void *)node->inputs[2]->data;
}

/* ---- CONV_2D ---- */

static enum error prepare_conv_2d(struct model *model, struct node *node) {
    static const struct option_fields fields = {1, 2, 3, 4, 5};
    struct conv_2d_params *p = node->data;
    TRY(prepare_common(model, node, p, &fields, 0));
    if (p->input.c % p->filter.c != 0 || p->output.c % (p->input.c / p->filter.c) != 0) {
        return fail_at(model, ERROR_SHAPE, node->inputs[1],
                       "the filter's channels do not fit those of the image");
    }
    TRY(note_work(model, node->outputs[0]->elements, p->filter.h * p->filter.w * p->filter.c));
    return need_scratch(model, node, conv_2d_scratch(p));
}

static void invoke_conv_2d(const struct node *node) {
    uint8_t *input = node->inputs[0]->data, *filter = node->inputs[1]->data, *output = node->outputs[0]->data;
    if (type_of(node->inputs[0]) == UINT8) {
        conv_2d_u8(node->data, input, filter, bias_of(node), output, node->scratch);
    } else {
        conv_2d(node->data, (int8_t *)input, (int8_t *)filter, bias_of(node), (int8_t *)output,
                node->scratch);
    }
}

/* ---- DEPTHWISE_CONV_2D ---- */

static enum error prepare_depthwise_conv_2d(struct model *model, struct node *node) {
    static const struct option_fields fields = {1, 2, 4, 5, 6};
    enum { DEPTH_MULTIPLIER = 3 };
    struct depthwise_conv_2d_params *p = node->data;
    TRY(prepare_common(model, node, &p->conv, &fields, 3));
    p->depth_multiplier = fb_i32(&model->file, &node->options, DEPTH_MULTIPLIER, 0);
    if (p->conv.filter.n != 1 || p->depth_multiplier < 1 || p->conv.output.c % p->depth_multiplier != 0 ||
        p->conv.output.c / p->depth_multiplier != p->conv.input.c) {
        return fail_at(model, ERROR_SHAPE, node->inputs[1],
                       "the filter's channels do not fit those of the image");
    }
    TRY(note_work(model, node->outputs[0]->elements, p->conv.filter.h * p->conv.filter.w));
    return need_scratch(model, node, depthwise_conv_2d_scratch(p));
}

static void invoke_depthwise_conv_2d(const struct node *node) {
    uint8_t *input = node->inputs[0]->data, *filter = node->inputs[1]->data, *output = node->outputs[0]->data;
    if (type_of(node->inputs[0]) == UINT8) {
        depthwise_conv_2d_u8(node->data, input, filter, bias_of(node), output, node->scratch);
    } else {
        depthwise_conv_2d(node->data, (int8_t *)input, (int8_t *)filter, bias_of(node), (int8_t *)output,
                          node->scratch);
    }
}

const struct registration convolution_operators[] = {
    {3, sizeof(struct conv_2d_params), prepare_conv_2d, invoke_conv_2d},
    {4, sizeof(struct depthwise_conv_2d_params), prepare_depthwise_conv_2d, invoke_depthwise_conv_2d},
    {0, 0, NULL, NULL},
};
