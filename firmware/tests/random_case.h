/* Random numbers, tensors and parameters for tests of kernels. For one source file. */
#ifndef RANDOM_CASE_H
#define RANDOM_CASE_H

#include <stdint.h>
#include <stdlib.h>

#include "kernels.h"

static uint64_t random_state;

/* xorshift64* */
static uint32_t random_word(void) {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * 0x2545f4914f6cdd1du) >> 32);
}

/* One of low ... high. */
static int32_t between(int32_t low, int32_t high) {
    return low + (int32_t)(random_word() % ((uint32_t)high - (uint32_t)low + 1));
}

static int one_in(int32_t n) { return between(1, n) == 1; }

/* ---- memory: all of a case's is freed at its end ---- */

static void *blocks[64];
static int block_count;

static void *block(int32_t bytes) {
    if (bytes < 0 || block_count == 64) abort();
    return blocks[block_count++] = malloc((size_t)bytes + (bytes == 0));
}

static void *random_bytes(int32_t count) {
    uint8_t *bytes = block(count);
    const int extremes = one_in(8);
    for (int32_t i = 0; i < count; i++) {
        bytes[i] = extremes ? (const uint8_t[]){0, 127, 128, 255}[between(0, 3)] : (uint8_t)random_word();
    }
    return bytes;
}

static int32_t random_sum(void) {
    switch (between(0, 9)) {
    case 0: return INT32_MIN + between(0, 2);
    case 1: return INT32_MAX - between(0, 2);
    case 2: return (int32_t)random_word();
    default: return between(-100000, 100000);
    }
}

/* ---- what many operators have ---- */

static enum eight_bits random_type(void) { return one_in(2) ? INT8 : UINT8; }
static int32_t lowest(enum eight_bits type) { return type == INT8 ? INT8_MIN : 0; }
static int32_t random_zero(enum eight_bits type) { return lowest(type) + between(0, 255); }

static void random_range(enum eight_bits type, int32_t *low, int32_t *high) {
    *low = lowest(type);
    *high = *low + 255;
    if (one_in(3)) *low = between(*low, *high);
    if (one_in(3)) *high = between(*low, *high);
}

static int32_t random_multiplier(void) {
    if (one_in(20)) return (const int32_t[]){0, 1, 1 << 30, INT32_MAX, INT32_MIN, -1}[between(0, 5)];
    return between(1 << 30, INT32_MAX);
}

static int32_t random_shift(void) { return one_in(4) ? between(-31, 30) : between(-12, 1); }

static int32_t *random_multipliers(int32_t count) {
    int32_t *all = block(count * 4);
    for (int32_t i = 0; i < count; i++) all[i] = random_multiplier();
    return all;
}

static int32_t *random_shifts(int32_t count) {
    int32_t *all = block(count * 4);
    for (int32_t i = 0; i < count; i++) all[i] = random_shift();
    return all;
}

static int32_t *random_bias(int32_t count) {
    if (one_in(4)) return NULL;
    int32_t *all = block(count * 4);
    for (int32_t i = 0; i < count; i++) all[i] = random_sum();
    return all;
}

static int32_t elements(const struct shape *s) { return s->n * s->h * s->w * s->c; }

/* Outputs along one side: as VALID, as SAME, or so many that some windows see nothing of the image. */
static int32_t random_outputs(int32_t input, int32_t window, int32_t stride, int32_t *pad) {
    int32_t same = (input + stride - 1) / stride, total = (same - 1) * stride + window - input;
    *pad = 0;
    if (one_in(4)) {
        *pad = between(0, window);
        return between(1, (input + *pad) / stride + 2);
    }
    if (input >= window && one_in(2)) return (input - window + stride) / stride;
    *pad = total > 0 ? total / 2 : 0;
    return same;
}

#endif
