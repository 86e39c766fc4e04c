/* The convolution by kernels/optimised/: the optimised kernels, with patches copied out. */

#include "bench.h"

const char bench_name[] = "conv-tiled";
const uint32_t bench_rounds = 2000;
