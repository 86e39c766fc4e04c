/* One source for INT8 and UINT8: bodies take the type as a constant and are inlined into their two callers,
 * which are all that remains of them. A byte read with the right sign extension is the only difference. */
#ifndef ELEMENT_H
#define ELEMENT_H

#include "kernels.h"

#define FOR_BOTH_TYPES static inline __attribute__((always_inline))

FOR_BOTH_TYPES int32_t element(enum eight_bits type, const void *tensor, int32_t index) {
    return type == UINT8 ? (int32_t)((const uint8_t *)tensor)[index]
                         : (int32_t)((const int8_t *)tensor)[index];
}

FOR_BOTH_TYPES void set_element(void *tensor, int32_t index, int32_t value) {
    ((uint8_t *)tensor)[index] = (uint8_t)value;
}

FOR_BOTH_TYPES int32_t lowest(enum eight_bits type) { return type == UINT8 ? 0 : INT8_MIN; }
FOR_BOTH_TYPES int32_t highest(enum eight_bits type) { return type == UINT8 ? UINT8_MAX : INT8_MAX; }

#endif
