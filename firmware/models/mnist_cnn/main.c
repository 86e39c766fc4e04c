/* One inference on the tensor that the harness left in stuckat_input; scores to stuckat_output and, as one
 * line, to the console: "class 7  scores -128 -128 ...". */

#include "console.h"
#include "model_data.h"
#include "stuckat.h"

STUCKAT_INPUT(MODEL_INPUT_BYTES);
STUCKAT_OUTPUT(MODEL_OUTPUT_BYTES);

int main(void) {
    model_invoke(stuckat_input, stuckat_output);

    int32_t best = 0;
    for (int32_t i = 1; i < MODEL_OUTPUT_BYTES; i++) {
        if (stuckat_output[i] > stuckat_output[best]) best = i; /* of equal scores the lowest index stays */
    }
    console_puts("class ");
    console_decimal(best);
    console_puts("  scores");
    for (int32_t i = 0; i < MODEL_OUTPUT_BYTES; i++) {
        console_putc(' ');
        console_decimal(stuckat_output[i]);
    }
    console_putc('\n');
    return 0;
}
