/* The parts of the mixed program; each computes on what the last rounds left and answers a checksum. */
#ifndef MIX_H
#define MIX_H

#include <stdint.h>

/* Linked list: searched, reversed, sorted by merging. `find`: a key to begin with. */
void list_begin(uint32_t *seed);
uint32_t list_round(uint32_t find);

/* Square matrices of 16-bit numbers: sum, product with a vector, product with each other. */
void matrix_begin(uint32_t *seed);
uint32_t matrix_round(uint32_t change);

/* A state machine that tells the kinds of tokens in a text. */
void tokens_begin(uint32_t *seed);
uint32_t tokens_round(uint32_t damage);

/* CRC-16/XMODEM of one byte more: polynomial 0x1021, bit by bit. */
uint16_t crc16(uint16_t crc, uint8_t byte);

#endif
