/* What a .tflite file says, as structs: tensors with shape, quantisation and bytes in place; operators with
 * their operands. */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "error.h"
#include "flatbuffer.h"
#include "kernels.h"

/* As in the schema. */
enum tensor_type {
    FLOAT32_TENSOR = 0,
    INT32_TENSOR = 2,
    UINT8_TENSOR = 3,
    INT64_TENSOR = 4,
    BOOL_TENSOR = 6,
    INT16_TENSOR = 7,
    INT8_TENSOR = 9
};

struct tensor {
    int32_t index;               /* in the file */
    int32_t type;                /* enum tensor_type or something else */
    int32_t dims, size[MAX_DIMS];
    int32_t elements; /* 0: the shape is not one of positive extents, or holds more than 31 bits count */
    int32_t width; /* bytes of an element; 0: a type without fixed width */
    uint32_t bytes; /* elements * width */
    uint8_t *data; /* constants: in the file; others: in the arena, once that is planned */
    bool constant;
    float scale; /* the first one; 0 if there is none */
    int32_t zero_point;
    struct fb_vector scales, zero_points;
    int32_t quantised_dimension;
    int32_t first_use,
        last_use; /* steps: 0 is before the first operator, i + 1 is operator i; -1: never written */
};

struct node {
    const struct registration *registration;
    struct tensor **inputs, **outputs; /* NULL where the file says -1 */
    int32_t input_count, output_count;
    struct fb_table options;
    void *data; /* what prepare() left for invoke() */
    uint8_t *scratch; /* memory during invoke() only */
    uint32_t scratch_bytes;
};

struct model {
    struct flatbuffer file;
    struct arena arena;
    struct tensor *tensors;
    struct node *nodes;
    struct tensor **inputs, **outputs;
    int32_t tensor_count, node_count, input_count, output_count;
    uint64_t work; /* steps of inner loops that all operators together take */
    struct failure failure; /* filled in by fail(); the operator in question by the loops over operators */
};

/* Notes why the model does not run and returns the code. */
enum error fail(struct model *model, enum error code, const char *text);
enum error fail_at(struct model *model, enum error code, const struct tensor *tensor, const char *text);
enum error fail_numbers(struct model *model, enum error code, const char *text, uint32_t found,
                        uint32_t wanted);

/* Reads the file that model->file names into structs in model->arena. */
enum error model_read(struct model *model);

#endif
