/* The contract between a firmware and the Stuckat harness. Three rules; nothing else is assumed.
 *
 * 1. Input.  The harness loads the ELF, then writes one input tensor over the bytes of the symbol
 *    `stuckat_input`, then lets the core out of reset. The symbol is global, of type OBJECT, and its ELF
 *    size is the number of bytes. Elements are int8; an image is given as pixel - 128 (scale 1/255, zero
 *    point -128), rows first. The symbol lies in a section that start-up code neither clears nor copies:
 *    it has bytes of its own in the file (all -128: a black image), so that the ELF also runs alone.
 * 2. Output. When the firmware stops, the tensor of answers lies at `stuckat_output` (global, OBJECT, size
 *    = number of bytes): int8 scores, one a class; the largest wins, and of equal ones the lowest index.
 * 3. Exit.   Code 0 means "answered"; any other code means that the firmware noticed a failure. crt0.S
 *    turns main's return value into it, and an exception into 0x40 + (mcause & 31), an interrupt that
 *    nobody asked for into 0x60 + (mcause & 31). Stay below 0x40 for codes of your own.
 */
#ifndef STUCKAT_H
#define STUCKAT_H

#include <stdint.h>

/* Define the two tensors once, at file scope, in one source file of the firmware. */
#define STUCKAT_INPUT(bytes)                                                                              \
    int8_t stuckat_input[bytes] __attribute__((section(".stuckat_input"), aligned(16), used)) = {         \
        [0 ... (bytes) - 1] = -128}
#define STUCKAT_OUTPUT(bytes) int8_t stuckat_output[bytes] __attribute__((aligned(16), used))

extern int8_t stuckat_input[];
extern int8_t stuckat_output[];

#endif
