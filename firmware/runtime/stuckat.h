/* The contract between a firmware and the Stuckat harness: symbols (global, OBJECT; their ELF sizes count).
 * stuckat_input   written before the core leaves reset; what it holds in the file is used without a harness
 * stuckat_output  read when the firmware exits with 0: scores, one a class; another code says that it noticed a failure
 * Optional: stuckat_model, room for a .tflite file; stuckat_sizes, bytes of model and input given, of output made (else the
 * symbols' sizes); stuckat_layer, 1 + the layer that begins, 0 after the last; stuckat_arena_used, bytes; and the section
 * .stuckat_mac, not loaded: addresses of the multiply-accumulate instructions, a word each. */
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
extern uint32_t stuckat_arena_used;
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
