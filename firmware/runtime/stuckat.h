/* The contract between a firmware and the Stuckat harness. Everything is a symbol (global, OBJECT, its ELF size counts).
 *
 * Input    `stuckat_input`: written before the core leaves reset. It has bytes of its own in the file; start-up code must not clear it.
 * Output   `stuckat_output`: read when the firmware stops: INT8 or UINT8 scores, one a class; the largest wins, of equals the first.
 * Exit     code 0: answered. Others: the firmware noticed a failure; 0x40 and above are the start-up code's (exceptions).
 * Optional, each for itself:
 *   `stuckat_model`        the harness writes a .tflite file here, for firmware that reads one
 *   `stuckat_sizes`        three words: bytes of model and input given (by the harness), bytes of output made (by the firmware)
 *   `stuckat_layer`        a word: the firmware stores 1 + the layer's number when a layer begins, 0 after the last
 *   section `.stuckat_mac` (not loaded) the addresses of the multiply-accumulate instructions, a word each: STUCKAT_MUL
 * Without stuckat_sizes, input and output are as large as their symbols. */
#ifndef STUCKAT_H
#define STUCKAT_H

#include <stdint.h>

#define STUCKAT_INPUT(bytes)                                                                              \
    int8_t stuckat_input[bytes] __attribute__((section(".stuckat_input"), aligned(16), used)) = {         \
        [0 ... (bytes) - 1] = -128}
#define STUCKAT_OUTPUT(bytes) int8_t stuckat_output[bytes] __attribute__((aligned(16), used))

extern int8_t stuckat_input[], stuckat_output[];
extern struct stuckat_sizes { uint32_t model, input, output; } stuckat_sizes;
extern volatile uint32_t stuckat_layer;

/* a * b by a MUL whose address is declared. */
static inline int32_t stuckat_mul(int32_t a, int32_t b) {
#ifdef __riscv
    int32_t product;
    __asm__("0: mul %0, %1, %2\n .pushsection .stuckat_mac, \"\", @progbits\n .word 0b\n .popsection"
            : "=r"(product) : "r"(a), "r"(b));
    return product;
#else
    return (int32_t)((uint32_t)a * (uint32_t)b);
#endif
}

#endif
