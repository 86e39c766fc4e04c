/* See flatbuffer.h. Format: https://flatbuffers.dev/internals/ */

#include "flatbuffer.h"

#include "memory.h"

/* Whether [at, at + bytes) lies in the file; written so that nothing can overflow. */
static bool inside(struct flatbuffer *file, uint32_t at, uint32_t bytes) {
    if (at <= file->size && bytes <= file->size - at) return true;
    file->damaged = true;
    return false;
}

static uint32_t u16_at(struct flatbuffer *file, uint32_t at) {
    if (!inside(file, at, 2)) return 0;
    const uint8_t *b = file->bytes + at;
    return b[0] | (uint32_t)b[1] << 8;
}

static uint32_t u32_at(struct flatbuffer *file, uint32_t at) {
    if (!inside(file, at, 4)) return 0;
    const uint8_t *b = file->bytes + at;
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static float f32_at(struct flatbuffer *file, uint32_t at) {
    uint32_t bits = u32_at(file, at);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Where the offset stored at `at` points; offsets count from themselves and are never 0. */
static uint32_t follow(struct flatbuffer *file, uint32_t at) {
    uint32_t distance = u32_at(file, at);
    if (distance == 0 || !inside(file, at, distance)) {
        file->damaged = true;
        return 0;
    }
    return at + distance;
}

static struct fb_table table_at(struct flatbuffer *file, uint32_t at) {
    const struct fb_table absent = {0, 0, 0, 0};
    if (at == 0) return absent;
    struct fb_table table = {.at = at, .vtable = at - u32_at(file, at)}; /* modulo 2^32, then checked */
    uint32_t vtable_bytes = u16_at(file, table.vtable);
    table.bytes = u16_at(file, table.vtable + 2);
    if (file->damaged || vtable_bytes < 4 || !inside(file, table.vtable, vtable_bytes) || table.bytes < 4 ||
        !inside(file, at, table.bytes)) {
        file->damaged = true;
        return absent;
    }
    table.fields = (vtable_bytes - 4) >> 1;
    return table;
}

/* Position of a field of so many bytes; 0 if absent. */
static uint32_t field_at(struct flatbuffer *file, const struct fb_table *table, uint32_t field,
                         uint32_t bytes) {
    if (field >= table->fields) return 0;
    uint32_t distance = u16_at(file, table->vtable + 4 + (field << 1));
    if (distance == 0) return 0;
    if (distance < 4 || distance + bytes > table->bytes) {
        file->damaged = true;
        return 0;
    }
    return table->at + distance;
}

struct fb_table fb_root(struct flatbuffer *file) { return table_at(file, follow(file, 0)); }

int32_t fb_i8(struct flatbuffer *file, const struct fb_table *table, uint32_t field, int32_t absent) {
    uint32_t at = field_at(file, table, field, 1);
    return at ? (int8_t)file->bytes[at] : absent;
}

int32_t fb_i32(struct flatbuffer *file, const struct fb_table *table, uint32_t field, int32_t absent) {
    uint32_t at = field_at(file, table, field, 4);
    return at ? (int32_t)u32_at(file, at) : absent;
}

float fb_f32(struct flatbuffer *file, const struct fb_table *table, uint32_t field, float absent) {
    uint32_t at = field_at(file, table, field, 4);
    return at ? f32_at(file, at) : absent;
}

bool fb_has(struct flatbuffer *file, const struct fb_table *table, uint32_t field) {
    return field_at(file, table, field, 1) != 0;
}

struct fb_table fb_child(struct flatbuffer *file, const struct fb_table *table, uint32_t field) {
    uint32_t at = field_at(file, table, field, 4);
    return table_at(file, at ? follow(file, at) : 0);
}

struct fb_vector fb_vector(struct flatbuffer *file, const struct fb_table *table, uint32_t field,
                           uint32_t log2_width) {
    struct fb_vector vector = {0, 0};
    uint32_t at = field_at(file, table, field, 4);
    if (at) at = follow(file, at);
    if (!at) return vector;
    uint32_t count = u32_at(file, at);
    if (file->damaged) return vector;
    if (count > (file->size - at - 4) >> log2_width) {
        file->damaged = true;
        return vector;
    }
    vector.at = at + 4;
    vector.count = count;
    return vector;
}

/* Position of an element of 1 << log2_width bytes; outside the vector the position of nothing. */
static uint32_t element_at(struct flatbuffer *file, const struct fb_vector *vector, uint32_t index,
                           uint32_t log2_width) {
    if (index < vector->count) return vector->at + (index << log2_width);
    file->damaged = true;
    return file->size;
}

int32_t fb_element_i32(struct flatbuffer *file, const struct fb_vector *vector, uint32_t index) {
    return (int32_t)u32_at(file, element_at(file, vector, index, 2));
}

float fb_element_f32(struct flatbuffer *file, const struct fb_vector *vector, uint32_t index) {
    return f32_at(file, element_at(file, vector, index, 2));
}

int32_t fb_element_i64(struct flatbuffer *file, const struct fb_vector *vector, uint32_t index) {
    uint32_t at = element_at(file, vector, index, 3);
    int32_t low = (int32_t)u32_at(file, at);
    if (!file->damaged && (int32_t)u32_at(file, at + 4) != (low < 0 ? -1 : 0)) file->damaged = true;
    return low;
}

struct fb_table fb_element_table(struct flatbuffer *file, const struct fb_vector *vector, uint32_t index) {
    return table_at(file, follow(file, element_at(file, vector, index, 2)));
}
