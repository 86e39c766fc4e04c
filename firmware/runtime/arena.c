/* See arena.h. */

#include "arena.h"

#include <stddef.h>

#include "memory.h"

uint32_t arena_rounded(uint32_t bytes) {
    if (bytes > UINT32_MAX - (ARENA_ALIGNMENT - 1)) return UINT32_MAX;
    return (bytes + ARENA_ALIGNMENT - 1) & ~(uint32_t)(ARENA_ALIGNMENT - 1);
}

void *arena_persistent(struct arena *arena, uint32_t count, uint32_t width) {
    uint64_t wanted = (uint64_t)count * width;
    uint32_t left = arena->size - arena->tail;
    if (wanted > left) return NULL;
    uint32_t bytes = arena_rounded((uint32_t)wanted);
    if (bytes > left) return NULL;
    arena->tail += bytes;
    return memset(arena->bytes + (arena->size - arena->tail), 0, bytes);
}

bool arena_claim_head(struct arena *arena, uint32_t bytes) {
    if (bytes > arena->size - arena->tail) return false;
    if (bytes > arena->head) arena->head = bytes;
    return true;
}
