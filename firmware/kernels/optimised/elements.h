/* What every kernel of this folder shares: elements of 8 bits that are signed or not.
 *
 * A kernel is written once, as an inline function that takes the type as a constant; the two functions of kernels.h call
 * it with INT8 and UINT8, and the compiler makes two of it. Only loads differ: a store keeps the low byte of either. */
#ifndef ELEMENTS_H
#define ELEMENTS_H

#include "kernels.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Before a loop of few turns, whose number inlining makes a constant: nothing is left of the loop. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

ALWAYS_INLINE int32_t load(enum eight_bits type, const uint8_t *from) {
    return type == INT8 ? (int32_t)(int8_t)*from : (int32_t)*from;
}

static inline int32_t lowest(enum eight_bits type) { return type == INT8 ? INT8_MIN : 0; }
static inline int32_t highest(enum eight_bits type) { return type == INT8 ? INT8_MAX : UINT8_MAX; }

/* The bytes of `bytes` x a x b x c, none negative; -1 if more than fit into 31 bits. */
static inline int32_t bytes_of(int32_t bytes, int32_t a, int32_t b, int32_t c) {
    int64_t all = (int64_t)bytes * a;
    if (all > INT32_MAX) return -1;
    all *= b;
    if (all > INT32_MAX) return -1;
    all *= c;
    return all > INT32_MAX ? -1 : (int32_t)all;
}

static inline int32_t smaller(int32_t a, int32_t b) { return a < b ? a : b; }
static inline int32_t larger(int32_t a, int32_t b) { return a > b ? a : b; }

#endif
