/* Error in, one console line out. Like everything that prints: no multiplication (console.h). */

#include <stddef.h>

#include "console.h"
#include "error.h"

enum { LONGEST_NAME = 40, CUSTOM = 32 };

/* The file's own text may hold anything. */
static void print_name(const uint8_t *name, uint32_t bytes) {
    for (uint32_t i = 0; i < bytes && i < LONGEST_NAME; i++) {
        console_putc(name[i] >= ' ' && name[i] <= '~' ? (char)name[i] : '?');
    }
}

static void print_operator(const struct failure *failure) {
    const char *name = operator_name(failure->operator_code);
    console_puts("operator ");
    console_decimal(failure->operator_index);
    console_puts(" (");
    if (name) {
        console_puts(name);
    } else {
        console_puts("code ");
        console_decimal(failure->operator_code);
    }
    if (failure->operator_code == CUSTOM) {
        console_puts(" '");
        print_name(failure->custom_name, failure->custom_name_bytes);
        console_puts("'");
    }
    console_puts("): ");
}

void report_failure(const struct failure *failure) {
    console_puts("stuckat: error ");
    console_decimal((int32_t)failure->code);
    console_puts(": ");
    if (failure->operator_index >= 0) print_operator(failure);
    if (failure->tensor_index >= 0) {
        console_puts("tensor ");
        console_decimal(failure->tensor_index);
        console_puts(": ");
    }
    console_puts(failure->text);
    if (failure->found || failure->wanted) {
        console_puts(" (");
        console_decimal((int32_t)failure->found);
        if (failure->wanted) {
            console_puts(", needed ");
            console_decimal((int32_t)failure->wanted);
        }
        console_puts(")");
    }
    console_puts("\n");
}
