/* Made by export.py from mnist_cnn.tflite (sha256 0bd6a9210c2e4750). Do not edit. */

#ifndef MODEL_DATA_H
#define MODEL_DATA_H

#include <stdint.h>

enum {
    MODEL_INPUT_BYTES = 784,   /* [1, 28, 28, 1], scale 0.00392156886, zero point -128 */
    MODEL_OUTPUT_BYTES = 10, /* [1, 10], scale 0.00390625, zero point -128 */
    MODEL_ACTIVATION_BYTES = 2170, /* between input and output */
    MODEL_MACS = 62280, /* padding counted as if it were image */
};

void model_invoke(const int8_t *input, int8_t *output);

#endif
