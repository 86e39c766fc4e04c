/* This machine, with its C library: argument and console. It gives the checksums that simulators are compared with. */

#include <stdio.h>

#include "bench.h"
#include "console.h"

static const char *argument = "";

const char *bench_argument(void) { return argument; }

void console_putc(char c) { putchar(c); }

/* main.c is compiled with its main() called so. */
int bench_main(void);

int main(int count, char **arguments) {
    if (count > 1) argument = arguments[1];
    return bench_main();
}
