/* See planner.h. */

#include "planner.h"

#include <stdbool.h>

/* By size, descending; equal ones keep their order. Heap sort would lose that order, and the lists are short.
 */
static void sort_by_size(struct planned_buffer *buffers, int32_t count) {
    for (int32_t i = 1; i < count; i++) {
        struct planned_buffer moving = buffers[i];
        int32_t at = i;
        for (; at > 0 && buffers[at - 1].bytes < moving.bytes; at--) buffers[at] = buffers[at - 1];
        buffers[at] = moving;
    }
}

static bool overlap_in_time(const struct planned_buffer *a, const struct planned_buffer *b) {
    return a->first_use <= b->last_use && b->first_use <= a->last_use;
}

/* Chains a placed buffer in behind the last one that does not lie higher. */
static void insert_by_offset(struct planned_buffer *buffers, int32_t *first, int32_t index) {
    int32_t *link = first;
    while (*link >= 0 && buffers[*link].offset <= buffers[index].offset) link = &buffers[*link].next;
    buffers[index].next = *link;
    *link = index;
}

uint32_t plan(struct planned_buffer *buffers, int32_t count) {
    uint32_t needed = 0;
    int32_t first = -1;
    sort_by_size(buffers, count);
    for (int32_t i = 0; i < count; i++) {
        uint32_t offset = 0;
        for (int32_t other = first; other >= 0; other = buffers[other].next) {
            const struct planned_buffer *placed = &buffers[other];
            if (!overlap_in_time(&buffers[i], placed)) continue;
            if (placed->offset >= offset && placed->offset - offset >= buffers[i].bytes)
                break; /* fits before it */
            uint32_t end = placed->offset + placed->bytes;
            if (end > offset) offset = end;
        }
        if (buffers[i].bytes > INT32_MAX || offset > INT32_MAX - buffers[i].bytes) return UINT32_MAX;
        buffers[i].offset = offset;
        if (offset + buffers[i].bytes > needed) needed = offset + buffers[i].bytes;
        insert_by_offset(buffers, &first, i);
    }
    return needed;
}
