/* See interpreter.h. */

#include "interpreter.h"

#include "memory.h"
#include "operators.h"
#include "planner.h"
#include "stuckat.h"

/* ---- preparing ---- */

static enum error prepare_node(struct model *model, int32_t index) {
    struct node *node = &model->nodes[index];
    model->failure.operator_index = index;
    model->failure.operator_code = node->registration->code;
    model->failure.tensor_index = -1;
    node->data = arena_persistent(&model->arena, 1, node->registration->data_bytes);
    if (!node->data)
        return fail_numbers(model, ERROR_ARENA, "no room for its parameters", model->arena.size, 0);
    TRY(node->registration->prepare(model, node));
    return model->file.damaged ? fail(model, ERROR_DAMAGED, "its description is damaged") : OK;
}

/* ---- planning ---- */

static int32_t list_buffers(struct model *model, struct planned_buffer *buffers) {
    int32_t count = 0;
    for (int32_t i = 0; i < model->tensor_count; i++) {
        struct tensor *tensor = &model->tensors[i];
        if (tensor->first_use < 0) continue;
        buffers[count++] = (struct planned_buffer){.bytes = arena_rounded(tensor->bytes),
                                                   .first_use = tensor->first_use,
                                                   .last_use = tensor->last_use,
                                                   .pointer = &tensor->data};
    }
    for (int32_t i = 0; i < model->node_count; i++) {
        struct node *node = &model->nodes[i];
        if (node->scratch_bytes == 0) continue;
        buffers[count++] = (struct planned_buffer){.bytes = arena_rounded(node->scratch_bytes),
                                                   .first_use = i + 1,
                                                   .last_use = i + 1,
                                                   .pointer = &node->scratch};
    }
    return count;
}

/* The planner's list lies where the activations will be: it is done with before the first one is written. */
static enum error plan_arena(struct model *model) {
    uint32_t most = (uint32_t)(model->tensor_count + model->node_count);
    uint32_t list_bytes = most * (uint32_t)sizeof(struct planned_buffer);
    if (!arena_claim_head(&model->arena, list_bytes)) {
        return fail_numbers(model, ERROR_ARENA, "the arena is too small", model->arena.size,
                            model->arena.tail + list_bytes);
    }
    struct planned_buffer *buffers = (struct planned_buffer *)(void *)model->arena.bytes;
    int32_t count = list_buffers(model, buffers);
    uint32_t needed = plan(buffers, count);
    if (needed == UINT32_MAX) return fail(model, ERROR_ARENA, "the model needs an arena of 2 GiB or more");
    if (!arena_claim_head(&model->arena, needed)) {
        return fail_numbers(model, ERROR_ARENA, "the arena is too small", model->arena.size,
                            model->arena.tail + needed);
    }
    for (int32_t i = 0; i < count; i++) *buffers[i].pointer = model->arena.bytes + buffers[i].offset;
    return OK;
}

enum error interpreter_load(struct model *model, uint8_t *file, uint32_t file_bytes, uint8_t *arena,
                            uint32_t arena_bytes) {
    memset(model, 0, sizeof *model);
    model->file = (struct flatbuffer){file, file_bytes, false};
    model->arena = (struct arena){arena, arena_bytes & ~(uint32_t)(ARENA_ALIGNMENT - 1), 0, 0};
    TRY(model_read(model));
    for (int32_t i = 0; i < model->node_count; i++) TRY(prepare_node(model, i));
    model->failure.operator_index = model->failure.tensor_index = -1;
    for (int32_t i = 0; i < model->input_count; i++) TRY(need_shape(model, model->inputs[i], -1));
    for (int32_t i = 0; i < model->output_count; i++) TRY(need_shape(model, model->outputs[i], -1));
    return plan_arena(model);
}

/* ---- running ---- */

/* At most 64 tensors of less than 2^28 elements: the sum of arena-sized tensors cannot wrap. */
static uint32_t bytes_of(struct tensor *const *tensors, int32_t count) {
    uint32_t bytes = 0;
    for (int32_t i = 0; i < count; i++) bytes += tensors[i]->bytes;
    return bytes;
}

uint32_t interpreter_input_bytes(const struct model *model) {
    return bytes_of(model->inputs, model->input_count);
}
uint32_t interpreter_output_bytes(const struct model *model) {
    return bytes_of(model->outputs, model->output_count);
}
uint32_t interpreter_arena_used(const struct model *model) { return model->arena.head + model->arena.tail; }

void interpreter_run(const struct model *model, const void *input, void *output) {
    const uint8_t *from = input;
    for (int32_t i = 0; i < model->input_count; i++) {
        memcpy(model->inputs[i]->data, from, model->inputs[i]->bytes);
        from += model->inputs[i]->bytes;
    }
    for (int32_t i = 0; i < model->node_count; i++) {
        stuckat_layer = (uint32_t)i + 1;
        model->nodes[i].registration->invoke(&model->nodes[i]);
    }
    stuckat_layer = 0;
    uint8_t *to = output;
    for (int32_t i = 0; i < model->output_count; i++) {
        memcpy(to, model->outputs[i]->data, model->outputs[i]->bytes);
        to += model->outputs[i]->bytes;
    }
}
