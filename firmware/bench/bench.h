/* The programs with which simulators' speed is compared: what main.c wants of a program, and what of a platform. */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

/* ---- a program ---- */

extern const char bench_name[];
/* Rounds that take about 1,000 million instructions of RV32IMC, unless fewer are asked for. */
extern const uint32_t bench_rounds;

/* Does its work so many times; each round depends on the one before. Answers a checksum of all that was computed. */
uint32_t bench_run(uint32_t rounds);

/* ---- a platform ---- */

/* The first word of the command line behind the program's name, or an empty one. */
const char *bench_argument(void);
/* console_putc() of console.h, main()'s result as exit code. */

/* ---- for programs ---- */

/* A small deterministic generator (Marsaglia's xorshift, 2003) without multiplications: `state` is never 0. */
static inline uint32_t bench_random(uint32_t *state) {
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

/* A number that depends on all values mixed in, and on their order. */
static inline uint32_t bench_mix(uint32_t sum, uint32_t value) {
    sum ^= value;
    return (sum << 5 | sum >> 27) + (sum >> 7);
}

#endif
