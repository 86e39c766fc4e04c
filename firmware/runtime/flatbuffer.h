/* Reading a FlatBuffers file that nobody has checked: positions in, numbers, vectors and tables out.
 *
 * Everything is read byte by byte, so alignment does not matter, and every position is checked against the
 * file's size and the table's own. What lies outside reads as 0 or empty and marks the file as damaged:
 * whoever reads checks that mark once, when done, and until then nothing bad can come of it. */
#ifndef FLATBUFFER_H
#define FLATBUFFER_H

#include <stdbool.h>
#include <stdint.h>

struct flatbuffer {
    uint8_t *bytes;
    uint32_t size;
    bool damaged;
};

/* A table lies from `at` on; `fields` positions in its vtable say where. All 0: absent, every field has its
 * default. */
struct fb_table {
    uint32_t at, bytes, vtable, fields;
};

/* `count` elements from `at` on, all inside the file. */
struct fb_vector {
    uint32_t at, count;
};

struct fb_table fb_root(struct flatbuffer *file);

int32_t fb_i8(struct flatbuffer *file, const struct fb_table *table, uint32_t field, int32_t absent);
int32_t fb_i32(struct flatbuffer *file, const struct fb_table *table, uint32_t field, int32_t absent);
float fb_f32(struct flatbuffer *file, const struct fb_table *table, uint32_t field, float absent);
bool fb_has(struct flatbuffer *file, const struct fb_table *table, uint32_t field);
struct fb_table fb_child(struct flatbuffer *file, const struct fb_table *table, uint32_t field);

/* A vector (or string) of elements of 1 << log2_width bytes. */
struct fb_vector fb_vector(struct flatbuffer *file, const struct fb_table *table, uint32_t field,
                           uint32_t log2_width);
int32_t fb_element_i32(struct flatbuffer *file, const struct fb_vector *vector, uint32_t index);
float fb_element_f32(struct flatbuffer *file, const struct fb_vector *vector, uint32_t index);
/* The low half of a 64-bit element; damaged if that is not the whole number. */
int32_t fb_element_i64(struct flatbuffer *file, const struct fb_vector *vector, uint32_t index);
struct fb_table fb_element_table(struct flatbuffer *file, const struct fb_vector *vector, uint32_t index);

#endif
