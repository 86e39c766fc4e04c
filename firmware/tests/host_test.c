/* All MNIST test images through the firmware's kernels, on the host, against an independent interpreter.
 *
 * usage: host-test IMAGES.idx LABELS.idx EXPECTED.i8     (plain files)
 *
 * The expected scores are those of TensorFlow Lite Micro (models/mnist_cnn/expected.py). One different
 * byte in 100,000 is a failure. */

#include "model_data.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGES = 10000, IDX_IMAGES_HEADER = 16, IDX_LABELS_HEADER = 8 };

/* The file's bytes after the header; ends the program if the size is not the expected one. */
static uint8_t *read_exactly(const char *path, size_t header, size_t bytes) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(2);
    }
    uint8_t *content = malloc(header + bytes + 1);
    size_t found = fread(content, 1, header + bytes + 1, file);
    fclose(file);
    if (found != header + bytes) {
        fprintf(stderr, "%s: expected %zu bytes\n", path, header + bytes);
        exit(2);
    }
    return content + header;
}

static int32_t top(const int8_t *scores) {
    int32_t best = 0;
    for (int32_t i = 1; i < MODEL_OUTPUT_BYTES; i++) {
        if (scores[i] > scores[best]) best = i;
    }
    return best;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: host-test IMAGES.idx LABELS.idx EXPECTED.i8\n");
        return 2;
    }
    const uint8_t *images = read_exactly(argv[1], IDX_IMAGES_HEADER, (size_t)IMAGES * MODEL_INPUT_BYTES);
    const uint8_t *labels = read_exactly(argv[2], IDX_LABELS_HEADER, IMAGES);
    const int8_t *expected = (const int8_t *)read_exactly(argv[3], 0, (size_t)IMAGES * MODEL_OUTPUT_BYTES);

    int wrong_bytes = 0, right = 0;
    for (int i = 0; i < IMAGES; i++) {
        int8_t input[MODEL_INPUT_BYTES], output[MODEL_OUTPUT_BYTES];
        for (int j = 0; j < MODEL_INPUT_BYTES; j++) {
            input[j] = (int8_t)(images[(size_t)i * MODEL_INPUT_BYTES + j] - 128);
        }
        model_invoke(input, output);
        const int8_t *wanted = expected + (size_t)i * MODEL_OUTPUT_BYTES;
        for (int j = 0; j < MODEL_OUTPUT_BYTES; j++) {
            if (output[j] == wanted[j]) continue;
            if (wrong_bytes++ < 10) {
                fprintf(stderr, "image %d score %d: %d, expected %d\n", i, j, output[j], wanted[j]);
            }
        }
        right += top(output) == labels[i];
    }
    printf("host-test: %d images, %d of %d bytes differ; %d right\n", IMAGES, wrong_bytes,
           IMAGES * MODEL_OUTPUT_BYTES, right);
    return wrong_bytes != 0;
}
