/* The generic firmware: one inference of the model in stuckat_model on the tensors in stuckat_input; the
 * answer to stuckat_output and, if it is short, to the console as "output: " and its bytes in hexadecimal. */

#include "console.h"
#include "interpreter.h"
#include "stuckat.h"

/* Sizes that a Makefile variable can change. */
#ifndef MODEL_CAPACITY
#define MODEL_CAPACITY (1 << 20)
#endif
#ifndef INPUT_CAPACITY
#define INPUT_CAPACITY (256 << 10)
#endif
#ifndef OUTPUT_CAPACITY
#define OUTPUT_CAPACITY (64 << 10)
#endif
#ifndef ARENA_CAPACITY
#define ARENA_CAPACITY (1 << 20)
#endif

enum { PRINTED_OUTPUT_BYTES = 64 };

/* Outside .bss (virt.ld): no bytes in the ELF, and not cleared either, for that would cost more instructions
 * than a small network. */
#define BUFFER(name) __attribute__((section(".noinit." name), aligned(ARENA_ALIGNMENT), used))

BUFFER("model") uint8_t stuckat_model[MODEL_CAPACITY];
BUFFER("input") int8_t stuckat_input[INPUT_CAPACITY];
BUFFER("output") int8_t stuckat_output[OUTPUT_CAPACITY];
BUFFER("arena") static uint8_t arena[ARENA_CAPACITY];

/* With bytes of its own in the ELF, so that start-up code leaves alone what the harness wrote. */
__attribute__((section(".data.stuckat_sizes"), used)) struct stuckat_sizes stuckat_sizes = {0, 0, 0};

volatile uint32_t stuckat_layer;
uint32_t stuckat_arena_used;

static enum error infer(struct model *model) {
    if (stuckat_sizes.model == 0 || stuckat_sizes.model > MODEL_CAPACITY) {
        model->failure.operator_index = model->failure.tensor_index = -1;
        return fail_numbers(model, ERROR_NO_MODEL, "no model, or more bytes than stuckat_model has",
                            stuckat_sizes.model, MODEL_CAPACITY);
    }
    TRY(interpreter_load(model, stuckat_model, stuckat_sizes.model, arena, ARENA_CAPACITY));
    stuckat_arena_used = interpreter_arena_used(model);
    if (interpreter_input_bytes(model) != stuckat_sizes.input || stuckat_sizes.input > INPUT_CAPACITY) {
        return fail_numbers(model, ERROR_INPUT, "the input's bytes are not those of the model's inputs",
                            stuckat_sizes.input, interpreter_input_bytes(model));
    }
    if (interpreter_output_bytes(model) > OUTPUT_CAPACITY) {
        return fail_numbers(model, ERROR_OUTPUT, "stuckat_output is too small", OUTPUT_CAPACITY,
                            interpreter_output_bytes(model));
    }
    interpreter_run(model, stuckat_input, stuckat_output);
    stuckat_sizes.output = interpreter_output_bytes(model);
    return OK;
}

static void print_output(void) {
    static const char digits[] = "0123456789abcdef";
    if (stuckat_sizes.output > PRINTED_OUTPUT_BYTES) return;
    console_puts("output: ");
    for (uint32_t i = 0; i < stuckat_sizes.output; i++) {
        uint8_t byte = (uint8_t)stuckat_output[i];
        console_putc(digits[byte >> 4]);
        console_putc(digits[byte & 15]);
    }
    console_putc('\n');
}

int main(void) {
    static struct model model;
    enum error error = infer(&model);
    if (error != OK) {
        report_failure(&model.failure);
        return (int)error;
    }
    print_output();
    return 0;
}
