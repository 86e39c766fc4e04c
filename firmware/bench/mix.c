/* A mix of what controllers do, in the manner of CoreMark and in code of its own: lists, matrices, a state machine, and a
 * CRC of their results. */

#include "bench.h"
#include "mix.h"

const char bench_name[] = "mix";
const uint32_t bench_rounds = 6000;

uint16_t crc16(uint16_t crc, uint8_t byte) {
    crc ^= (uint16_t)(byte << 8);
    for (int bit = 0; bit < 8; bit++) {
        crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
    }
    return crc;
}

static uint16_t crc16_word(uint16_t crc, uint32_t word) {
    for (int i = 0; i < 4; i++, word >>= 8) crc = crc16(crc, (uint8_t)word);
    return crc;
}

uint32_t bench_run(uint32_t rounds) {
    uint32_t seed = 88675123u, sum = 0;
    uint16_t crc = 0;
    list_begin(&seed);
    matrix_begin(&seed);
    tokens_begin(&seed);
    for (; rounds > 0; rounds--) {
        crc = crc16_word(crc, list_round(bench_random(&seed)));
        crc = crc16_word(crc, matrix_round(crc));
        crc = crc16_word(crc, tokens_round(bench_random(&seed)));
        sum = bench_mix(sum, crc);
    }
    return sum;
}
