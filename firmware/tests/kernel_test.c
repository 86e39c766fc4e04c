/* The fixed-point helpers against vectors that another program made (fixed_point_vectors.py).
 *
 * usage: kernel-test VECTORS.txt */

#include "fixed_point.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (!file) {
        fprintf(stderr, "usage: kernel-test VECTORS.txt\n");
        return 2;
    }
    char kind[8];
    int32_t a, b, c, wanted;
    int vectors = 0, wrong = 0, fields;
    while ((fields = fscanf(file, "%7s %" SCNd32 " %" SCNd32 " %" SCNd32 " %" SCNd32, kind, &a, &b, &c, &wanted)) == 5) {
        int32_t found;
        if (!strcmp(kind, "srdhm")) {
            found = saturating_rounding_doubling_high_mul(a, b);
        } else if (!strcmp(kind, "rdp")) {
            found = rounding_divide_by_power_of_two(a, b);
        } else if (!strcmp(kind, "mbqm")) {
            found = multiply_by_quantized_multiplier(a, b, c);
        } else {
            fprintf(stderr, "vector %d: no such function: %s\n", vectors, kind);
            return 2;
        }
        if (found != wanted && wrong++ < 10) {
            fprintf(stderr, "%s(%d, %d, %d) = %d, expected %d\n", kind, a, b, c, found, wanted);
        }
        vectors++;
    }
    fclose(file);
    if (fields != EOF || vectors < 10000) {
        fprintf(stderr, "%s: damaged after %d vectors\n", argv[1], vectors);
        return 2;
    }
    printf("kernel-test: %d fixed-point vectors, %d wrong\n", vectors, wrong);
    return wrong != 0;
}
