/* See model.h. Field numbers are those of the TFLite schema. */

#include "model.h"

#include "memory.h"
#include "operators.h"

enum { MAX_TENSORS = 4096, MAX_NODES = 4096, MAX_OPERANDS = 64 };

enum error fail_numbers(struct model *model, enum error code, const char *text, uint32_t found,
                        uint32_t wanted) {
    model->failure.code = code;
    model->failure.text = text;
    model->failure.found = found;
    model->failure.wanted = wanted;
    return code;
}

enum error fail(struct model *model, enum error code, const char *text) {
    return fail_numbers(model, code, text, 0, 0);
}

enum error fail_at(struct model *model, enum error code, const struct tensor *tensor, const char *text) {
    model->failure.tensor_index = tensor->index;
    return fail(model, code, text);
}

static enum error no_room(struct model *model) {
    return fail_numbers(model, ERROR_ARENA, "no room for the lists of tensors and operators",
                        model->arena.size, 0);
}

static enum error damaged(struct model *model) {
    return fail(model, ERROR_DAMAGED, "the model file is damaged");
}

/* ---- tensors ---- */

static int32_t width_of(int32_t type) {
    switch (type) {
    case INT8_TENSOR:
    case UINT8_TENSOR:
    case BOOL_TENSOR: return 1;
    case INT16_TENSOR: return 2;
    case FLOAT32_TENSOR:
    case INT32_TENSOR: return 4;
    case INT64_TENSOR: return 8;
    default: return 0;
    }
}

/* Extents, elements and bytes. */
static enum error read_shape(struct model *model, struct tensor *tensor, const struct fb_table *table) {
    struct fb_vector shape = fb_vector(&model->file, table, 0, 2);
    if (shape.count > MAX_DIMS) return fail_at(model, ERROR_LIMIT, tensor, "more than 6 dimensions");
    tensor->dims = (int32_t)shape.count;
    int64_t elements = 1;
    for (uint32_t i = 0; i < shape.count; i++) {
        tensor->size[i] = fb_element_i32(&model->file, &shape, i);
        elements = tensor->size[i] > 0 ? elements * tensor->size[i] : 0;
        if (elements > INT32_MAX / 8) elements = 0;
    }
    tensor->elements = (int32_t)elements;
    tensor->width = width_of(tensor->type);
    tensor->bytes = (uint32_t)(tensor->elements * tensor->width);
    return OK;
}

static enum error read_quantisation(struct model *model, struct tensor *tensor,
                                    const struct fb_table *table) {
    struct fb_table quantisation = fb_child(&model->file, table, 4);
    tensor->scales = fb_vector(&model->file, &quantisation, 2, 2);
    tensor->zero_points = fb_vector(&model->file, &quantisation, 3, 3);
    tensor->quantised_dimension = fb_i32(&model->file, &quantisation, 6, 0);
    if (tensor->scales.count > 0) tensor->scale = fb_element_f32(&model->file, &tensor->scales, 0);
    if (tensor->zero_points.count > 0)
        tensor->zero_point = fb_element_i64(&model->file, &tensor->zero_points, 0);
    return OK;
}

/* A tensor whose buffer has bytes is a constant and stays where it is. */
static enum error read_data(struct model *model, struct tensor *tensor, const struct fb_table *table,
                            const struct fb_vector *buffers) {
    struct fb_table buffer =
        fb_element_table(&model->file, buffers, (uint32_t)fb_i32(&model->file, table, 2, 0));
    if (fb_has(&model->file, &buffer, 1))
        return fail_at(model, ERROR_OPTION, tensor, "its data lies outside the flatbuffer");
    struct fb_vector data = fb_vector(&model->file, &buffer, 0, 0);
    tensor->constant = data.count > 0;
    if (!tensor->constant || model->file.damaged) return OK;
    tensor->data = model->file.bytes + data.at;
    if (data.count < tensor->bytes) {
        model->failure.tensor_index = tensor->index;
        return fail_numbers(model, ERROR_DAMAGED, "its data is shorter than its shape", data.count,
                            tensor->bytes);
    }
    if (tensor->width == 4 && ((uintptr_t)tensor->data & 3) != 0) {
        return fail_at(model, ERROR_DAMAGED, tensor, "its data is not aligned to 4 bytes");
    }
    return OK;
}

static enum error read_tensor(struct model *model, int32_t index, const struct fb_table *table,
                              const struct fb_vector *buffers) {
    struct tensor *tensor = &model->tensors[index];
    tensor->index = index;
    tensor->first_use = tensor->last_use = -1;
    tensor->type = fb_i8(&model->file, table, 1, 0);
    if (fb_i8(&model->file, table, 5, 0))
        return fail_at(model, ERROR_OPTION, tensor, "variable tensors are not supported");
    struct fb_table sparsity = fb_child(&model->file, table, 6);
    if (sparsity.at) return fail_at(model, ERROR_OPTION, tensor, "sparse tensors are not supported");
    TRY(read_shape(model, tensor, table));
    TRY(read_quantisation(model, tensor, table));
    TRY(read_data(model, tensor, table, buffers));
    return model->file.damaged ? fail_at(model, ERROR_DAMAGED, tensor, "its description is damaged") : OK;
}

/* A list of tensor numbers as pointers; -1 (an optional operand that is absent) gives NULL. */
static enum error read_operands(struct model *model, const struct fb_vector *list, struct tensor ***operands,
                                int32_t *count) {
    if (model->file.damaged) return damaged(model);
    if (list->count > MAX_OPERANDS) return fail(model, ERROR_LIMIT, "more than 64 operands");
    *count = (int32_t)list->count;
    *operands = arena_persistent(&model->arena, list->count, sizeof(struct tensor *));
    if (!*operands) return no_room(model);
    for (uint32_t i = 0; i < list->count; i++) {
        int32_t index = fb_element_i32(&model->file, list, i);
        if (index < -1 || index >= model->tensor_count) {
            return fail(model, ERROR_DAMAGED, "an operand's number is not that of a tensor");
        }
        (*operands)[i] = index < 0 ? NULL : &model->tensors[index];
    }
    return OK;
}

/* ---- operators ---- */

/* The operator's code; for CUSTOM also its name, both where a failure finds them. */
static void note_operator(struct model *model, int32_t index, const struct fb_table *code) {
    struct failure *failure = &model->failure;
    int32_t deprecated = fb_i8(&model->file, code, 0, 0), current = fb_i32(&model->file, code, 3, 0);
    struct fb_vector name = fb_vector(&model->file, code, 1, 0);
    failure->operator_index = index;
    failure->operator_code = deprecated > current ? deprecated : current;
    failure->custom_name = model->file.bytes + name.at;
    failure->custom_name_bytes = name.count;
}

static enum error read_node(struct model *model, int32_t index, const struct fb_vector *operators,
                            const struct fb_vector *codes) {
    struct node *node = &model->nodes[index];
    struct fb_table table = fb_element_table(&model->file, operators, (uint32_t)index);
    uint32_t code_index = (uint32_t)fb_i32(&model->file, &table, 0, 0);
    struct fb_table code = fb_element_table(&model->file, codes, code_index);
    if (model->file.damaged) return damaged(model);
    note_operator(model, index, &code);
    node->registration = find_registration(model->failure.operator_code);
    if (!node->registration) {
        return fail(model, ERROR_OPERATOR,
                    operator_name(model->failure.operator_code) ? "not in the registry" : "unknown operator");
    }
    struct fb_vector inputs = fb_vector(&model->file, &table, 1, 2),
                     outputs = fb_vector(&model->file, &table, 2, 2);
    TRY(read_operands(model, &inputs, &node->inputs, &node->input_count));
    TRY(read_operands(model, &outputs, &node->outputs, &node->output_count));
    node->options = fb_child(&model->file, &table, 4);
    return model->file.damaged ? damaged(model) : OK;
}

/* ---- lifetimes ---- */

static enum error note_use(struct model *model, struct tensor *tensor, int32_t step) {
    if (!tensor || tensor->constant) return OK;
    if (tensor->first_use < 0)
        return fail_at(model, ERROR_DAMAGED, tensor, "it is read before anything writes it");
    if (tensor->last_use < step) tensor->last_use = step;
    return OK;
}

static enum error note_write(struct model *model, struct tensor *tensor, int32_t step) {
    if (!tensor) return fail(model, ERROR_DAMAGED, "an output is absent");
    if (tensor->constant)
        return fail_at(model, ERROR_DAMAGED, tensor, "it is a constant and would be written");
    if (tensor->first_use >= 0) return fail_at(model, ERROR_DAMAGED, tensor, "it is written twice");
    tensor->first_use = tensor->last_use = step;
    return OK;
}

static enum error note_lifetimes_of(struct model *model, int32_t index) {
    const struct node *node = &model->nodes[index];
    for (int32_t i = 0; i < node->input_count; i++) TRY(note_use(model, node->inputs[i], index + 1));
    for (int32_t i = 0; i < node->output_count; i++) TRY(note_write(model, node->outputs[i], index + 1));
    return OK;
}

static void forget_operator(struct model *model) {
    model->failure.operator_index = model->failure.tensor_index = -1;
}

/* ---- the file ---- */

static enum error read_header(struct model *model, struct fb_table *root) {
    if (model->file.size < 8 || memcmp(model->file.bytes + 4, "TFL3", 4) != 0) {
        return fail(model, ERROR_DAMAGED, "not a .tflite file");
    }
    *root = fb_root(&model->file);
    if (!model->file.damaged && fb_i32(&model->file, root, 0, 0) != 3) {
        return fail(model, ERROR_DAMAGED, "not version 3 of the format");
    }
    return model->file.damaged ? damaged(model) : OK;
}

enum error model_read(struct model *model) {
    forget_operator(model);
    struct fb_table root;
    TRY(read_header(model, &root));
    struct fb_vector codes = fb_vector(&model->file, &root, 1, 2),
                     subgraphs = fb_vector(&model->file, &root, 2, 2);
    struct fb_vector buffers = fb_vector(&model->file, &root, 4, 2);
    struct fb_table graph = fb_element_table(&model->file, &subgraphs, 0);
    struct fb_vector tensors = fb_vector(&model->file, &graph, 0, 2),
                     operators = fb_vector(&model->file, &graph, 3, 2);
    struct fb_vector inputs = fb_vector(&model->file, &graph, 1, 2),
                     outputs = fb_vector(&model->file, &graph, 2, 2);
    if (model->file.damaged) return damaged(model);
    if (tensors.count > MAX_TENSORS) return fail(model, ERROR_LIMIT, "more than 4096 tensors");
    if (operators.count > MAX_NODES) return fail(model, ERROR_LIMIT, "more than 4096 operators");

    model->tensor_count = (int32_t)tensors.count;
    model->node_count = (int32_t)operators.count;
    model->tensors = arena_persistent(&model->arena, tensors.count, sizeof(struct tensor));
    model->nodes = arena_persistent(&model->arena, operators.count, sizeof(struct node));
    if (!model->tensors || !model->nodes) return no_room(model);
    for (int32_t i = 0; i < model->tensor_count; i++) {
        struct fb_table table = fb_element_table(&model->file, &tensors, (uint32_t)i);
        TRY(read_tensor(model, i, &table, &buffers));
    }
    TRY(read_operands(model, &inputs, &model->inputs, &model->input_count));
    TRY(read_operands(model, &outputs, &model->outputs, &model->output_count));

    for (int32_t i = 0; i < model->input_count; i++) TRY(note_write(model, model->inputs[i], 0));
    for (int32_t i = 0; i < model->node_count; i++) {
        TRY(read_node(model, i, &operators, &codes));
        TRY(note_lifetimes_of(model, i));
    }
    forget_operator(model);
    for (int32_t i = 0; i < model->output_count; i++) {
        if (!model->outputs[i]) return fail(model, ERROR_DAMAGED, "an output of the model is absent");
        TRY(note_use(model, model->outputs[i], model->node_count + 1));
    }
    return OK;
}
