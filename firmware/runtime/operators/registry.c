/* All operators of this runtime by their builtin code. */

#include "operators.h"

static const struct registration *const lists[] = {
    convolution_operators, fully_connected_operators, pooling_operators,      reduction_operators,
    elementwise_operators, activation_operators,      quantisation_operators, movement_operators,
};

const struct registration *find_registration(int32_t code) {
    for (uint32_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        for (const struct registration *entry = lists[i]; entry->prepare; entry++) {
            if (entry->code == code) return entry;
        }
    }
    return NULL;
}
