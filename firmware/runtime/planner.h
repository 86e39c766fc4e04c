/* Where each activation lies in the arena: sizes and lifetimes in, offsets out. Buffers that are never needed
 * at the same time share memory. */
#ifndef PLANNER_H
#define PLANNER_H

#include <stdint.h>

struct planned_buffer {
    uint32_t bytes; /* a multiple of the alignment */
    int32_t first_use, last_use; /* steps, both inclusive */
    uint32_t offset; /* the answer */
    uint8_t **pointer; /* for the caller */
    int32_t next; /* for the planner: the next placed buffer by offset, or -1 */
};

/* Greedy by size: the largest buffer first, each at the lowest offset where nothing of its time lies. The
 * buffers are sorted on the way. Returns the bytes needed in all, UINT32_MAX if they are more than 31 bits
 * hold. */
uint32_t plan(struct planned_buffer *buffers, int32_t count);

#endif
