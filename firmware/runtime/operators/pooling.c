/* AVERAGE_POOL_2D and MAX_POOL_2D. */

#include "operators.h"

static enum error prepare(struct model *model, struct node *node) {
    enum { PADDING, STRIDE_W, STRIDE_H, WINDOW_W, WINDOW_H, ACTIVATION };
    struct pool_2d_params *p = node->data;
    TRY(need_operands(model, node, 1, 1, 1));
    const struct tensor *input = node->inputs[0], *output = node->outputs[0];
    TRY(need_shape(model, input, 4));
    TRY(need_shape(model, output, 4));
    TRY(need_quantised(model, input));
    TRY(need_quantised(model, output));
    TRY(need_same_type(model, input, output));
    float difference = input->scale - output->scale;
    if (difference > 1e-6f || difference < -1e-6f || input->zero_point != output->zero_point) {
        return fail_at(model, ERROR_QUANTISATION, output, "pooling cannot change scale or zero point");
    }

    struct flatbuffer *file = &model->file;
    int32_t padding = fb_i8(file, &node->options, PADDING, 0);
    p->stride_w = fb_i32(file, &node->options, STRIDE_W, 0);
    p->stride_h = fb_i32(file, &node->options, STRIDE_H, 0);
    p->window_w = fb_i32(file, &node->options, WINDOW_W, 0);
    p->window_h = fb_i32(file, &node->options, WINDOW_H, 0);
    p->input = shape_4d(input);
    p->output = shape_4d(output);
    struct window_fit fit_h, fit_w;
    if (!fit_window(padding, p->input.h, p->window_h, p->stride_h, 1, &fit_h) ||
        !fit_window(padding, p->input.w, p->window_w, p->stride_w, 1, &fit_w)) {
        return fail(model, ERROR_SHAPE, "the window does not fit the image");
    }
    if (!has_shape(output, (struct shape){p->input.n, fit_h.output, fit_w.output, p->input.c})) {
        return fail_at(model, ERROR_SHAPE, output, "image and window make another output shape");
    }
    p->pad_h = fit_h.pad;
    p->pad_w = fit_w.pad;
    /* A window larger than the image costs no more than the image. */
    int32_t rows = p->window_h < p->input.h ? p->window_h : p->input.h;
    int32_t columns = p->window_w < p->input.w ? p->window_w : p->input.w;
    TRY(note_work(model, output->elements, rows * columns));
    return activation_range(model, fb_i8(file, &node->options, ACTIVATION, 0), output, &p->low, &p->high);
}

static void invoke_average(const struct node *node) {
    uint8_t *input = node->inputs[0]->data, *output = node->outputs[0]->data;
    if (type_of(node->inputs[0]) == UINT8) {
        average_pool_2d_u8(node->data, input, output);
    } else {
        average_pool_2d(node->data, (int8_t *)input, (int8_t *)output);
    }
}

static void invoke_max(const struct node *node) {
    uint8_t *input = node->inputs[0]->data, *output = node->outputs[0]->data;
    if (type_of(node->inputs[0]) == UINT8) {
        max_pool_2d_u8(node->data, input, output);
    } else {
        max_pool_2d(node->data, (int8_t *)input, (int8_t *)output);
    }
}

const struct registration pooling_operators[] = {
    {1, sizeof(struct pool_2d_params), prepare, invoke_average},
    {17, sizeof(struct pool_2d_params), prepare, invoke_max},
    {0, 0, NULL, NULL},
};
