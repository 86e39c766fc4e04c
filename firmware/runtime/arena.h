/* One piece of memory for everything: activations from its start, what lasts as long as the model from its
 * end. */
#ifndef ARENA_H
#define ARENA_H

#include <stdbool.h>
#include <stdint.h>

enum { ARENA_ALIGNMENT = 16 };

struct arena {
    uint8_t *bytes; /* aligned */
    uint32_t size;
    uint32_t head;  /* bytes in use at the start, at most so far */
    uint32_t tail;  /* bytes in use at the end */
};

/* The next multiple of ARENA_ALIGNMENT; UINT32_MAX if there is none. */
uint32_t arena_rounded(uint32_t bytes);

/* Zeroed memory from the end, room for `count` times `width` bytes; NULL if that much is not left. */
void *arena_persistent(struct arena *arena, uint32_t count, uint32_t width);

/* Claims the first `bytes` bytes; false if the tail is in the way. */
bool arena_claim_head(struct arena *arena, uint32_t bytes);

#endif
