/* memcpy, memset, memmove: GCC may call them for assignments and loops even in freestanding code.
 *
 * The Makefile compiles this file with -fno-tree-loop-distribute-patterns; otherwise GCC would see a
 * memset in the loop of memset and call it. */

#include <stddef.h>
#include <stdint.h>

void *memset(void *to, int value, size_t bytes) {
    uint8_t *out = to;
    while (bytes--) *out++ = (uint8_t)value;
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes) {
    uint8_t *out = to;
    const uint8_t *in = from;
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
