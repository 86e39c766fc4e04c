/* Square matrices of 16-bit numbers with 32-bit sums. */

#include "bench.h"
#include "mix.h"

enum { SIDE = 20 };

static int16_t a[SIDE][SIDE], b[SIDE][SIDE];
static int32_t c[SIDE][SIDE];

void matrix_begin(uint32_t *seed) {
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            a[y][x] = (int16_t)(bench_random(seed) >> 20);
            b[y][x] = (int16_t)(bench_random(seed) >> 20);
        }
    }
}

static void add_to_all(int16_t value) {
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) a[y][x] = (int16_t)((a[y][x] + value) & 0x1fff);
    }
}

static uint32_t times_vector(const int16_t *vector) {
    uint32_t sum = 0;
    for (int y = 0; y < SIDE; y++) {
        int32_t row = 0;
        for (int x = 0; x < SIDE; x++) row += a[y][x] * vector[x];
        sum = bench_mix(sum, (uint32_t)row);
    }
    return sum;
}

static void times_matrix(void) {
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            int32_t sum = 0;
            for (int i = 0; i < SIDE; i++) sum += a[y][i] * b[i][x];
            c[y][x] = sum;
        }
    }
}

/* Sums of numbers up to a limit, and how often it was passed. */
static uint32_t sum_up_to(int32_t limit) {
    int32_t sum = 0, before = 0;
    uint32_t passed = 0;
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            sum += c[y][x] >> 12;
            if (sum > limit) {
                passed += 10;
                sum = 0;
            } else if (c[y][x] > before) {
                passed++;
            }
            before = c[y][x];
        }
    }
    return passed << 16 ^ (uint32_t)sum;
}

uint32_t matrix_round(uint32_t change) {
    add_to_all((int16_t)(change & 0x3ff));
    uint32_t sum = times_vector(b[change & 7]);
    times_matrix();
    sum = bench_mix(sum, sum_up_to(4096));
    b[change & 7][change >> 4 & 7] ^= (int16_t)(c[0][0] & 0xff);
    return sum;
}
