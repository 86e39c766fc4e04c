/* Runs a model: .tflite and input bytes in, output bytes or an error out. */
#ifndef INTERPRETER_H
#define INTERPRETER_H

#include "model.h"

/* Reads the file, prepares every operator and lays out the arena. Both pieces of memory are used until the
 * last call; neither needs to be cleared; both must be 16-byte aligned. On an error `model->failure` says
 * more. */
enum error interpreter_load(struct model *model, uint8_t *file, uint32_t file_bytes, uint8_t *arena,
                            uint32_t arena_bytes);

/* Bytes of all inputs (outputs) together, one behind the other in the order of the subgraph. */
uint32_t interpreter_input_bytes(const struct model *model);
uint32_t interpreter_output_bytes(const struct model *model);

/* The arena's bytes that are really needed. */
uint32_t interpreter_arena_used(const struct model *model);

/* One inference; can be repeated. */
void interpreter_run(const struct model *model, const void *input, void *output);

#endif
