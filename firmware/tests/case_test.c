/* One exported model against recorded inputs and outputs of an independent interpreter.
 *
 * usage: case-test NAME RECORDS      (RECORDS: input bytes, output bytes, again and again)
 *
 * Linked with the model_data.c that export.py makes of tests/cases/NAME.tflite. */

#include "model_data.h"

#include <stdio.h>

int main(int argc, char **argv) {
    FILE *file = argc == 3 ? fopen(argv[2], "rb") : NULL;
    if (!file) {
        fprintf(stderr, "usage: case-test NAME RECORDS\n");
        return 2;
    }
    int8_t input[MODEL_INPUT_BYTES], wanted[MODEL_OUTPUT_BYTES], output[MODEL_OUTPUT_BYTES];
    int records = 0, wrong = 0;
    while (fread(input, sizeof input, 1, file) == 1 && fread(wanted, sizeof wanted, 1, file) == 1) {
        model_invoke(input, output);
        for (int i = 0; i < MODEL_OUTPUT_BYTES; i++) {
            if (output[i] != wanted[i] && wrong++ < 5) {
                fprintf(stderr, "%s: record %d byte %d: %d, expected %d\n", argv[1], records, i, output[i], wanted[i]);
            }
        }
        records++;
    }
    fclose(file);
    if (records == 0) {
        fprintf(stderr, "%s: no records\n", argv[2]);
        return 2;
    }
    printf("case-test: %-16s %4d inputs, %d wrong bytes\n", argv[1], records, wrong);
    return wrong != 0;
}
