/* memcpy, memset, memmove, memcmp: GCC may call them for assignments and loops even in freestanding code.
 *
 * The Makefile compiles this file with -fno-tree-loop-distribute-patterns; otherwise GCC would see a
 * memset in the loop of memset and call it. */

#include "memory.h"

#include <stdint.h>

typedef uint32_t __attribute__((may_alias)) word;

static int is_word_aligned(const void *a, const void *b) { return (((uintptr_t)a | (uintptr_t)b) & 3) == 0; }

void *memset(void *to, int value, size_t bytes) {
    uint8_t *out = to;
    uint32_t pattern = (uint8_t)value;
    pattern |= pattern << 8;
    pattern |= pattern << 16;
    if (is_word_aligned(to, to)) {
        for (; bytes >= 4; bytes -= 4, out += 4) *(word *)(void *)out = pattern;
    }
    while (bytes--) *out++ = (uint8_t)value;
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes) {
    uint8_t *out = to;
    const uint8_t *in = from;
    if (is_word_aligned(to, from)) {
        for (; bytes >= 4; bytes -= 4, out += 4, in += 4)
            *(word *)(void *)out = *(const word *)(const void *)in;
    }
    while (bytes--) *out++ = *in++;
    return to;
}

void *memmove(void *to, const void *from, size_t bytes) {
    uint8_t *out = to;
    const uint8_t *in = from;
    if ((uintptr_t)out <= (uintptr_t)in) {
        while (bytes--) *out++ = *in++;
    } else {
        while (bytes--) out[bytes] = in[bytes];
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t bytes) {
    const uint8_t *left = a, *right = b;
    for (; bytes > 0; bytes--, left++, right++) {
        if (*left != *right) return *left < *right ? -1 : 1;
    }
    return 0;
}
