/* Why a model does not run: exit code of the firmware and one console line. */
#ifndef ERROR_H
#define ERROR_H

#include <stdint.h>

enum error {
    OK = 0,
    ERROR_NO_MODEL = 1,     /* stuckat_sizes.model is 0 or more than stuckat_model holds */
    ERROR_DAMAGED = 2,      /* not a .tflite file, or its parts contradict each other */
    ERROR_OPERATOR = 3,     /* an operator that is not in the registry */
    ERROR_TYPE = 4,         /* a tensor type that the operator does not take here */
    ERROR_OPTION = 5,       /* an option or a feature of the format that is not supported */
    ERROR_SHAPE = 6,        /* shapes that contradict each other or the operator */
    ERROR_QUANTISATION = 7, /* scale or zero point missing or out of range */
    ERROR_ARENA = 8,        /* tensors and operator data do not fit into the arena */
    ERROR_INPUT = 9,        /* stuckat_sizes.input is not the size of the model's inputs */
    ERROR_OUTPUT = 10,      /* the model's outputs do not fit into stuckat_output */
    ERROR_LIMIT = 11,       /* more operators, tensors, dimensions or work than this runtime accepts */
};

/* Which part of the model an error belongs to; -1 where a number means nothing. */
struct failure {
    enum error code;
    int32_t operator_index, operator_code, tensor_index;
    const uint8_t *custom_name; /* of an operator with code CUSTOM; not terminated */
    uint32_t custom_name_bytes;
    const char *text;
    uint32_t found, wanted; /* printed unless both are 0 */
};

/* "stuckat: error 3: operator 5 (CUSTOM 'foo'): ..." on the console, without multiplying (console.h). */
void report_failure(const struct failure *failure);

/* The name of a builtin operator code as in the TFLite schema; NULL if the table has none. */
const char *operator_name(int32_t code);

/* Ends the calling function if that one failed. */
#define TRY(call)                        \
    do {                                 \
        enum error error_ = (call);      \
        if (error_ != OK) return error_; \
    } while (0)

#endif
