/* The convolution by kernels/reference/: the reference kernels, which multiply indices out. */

#include "bench.h"

const char bench_name[] = "conv-index";
const uint32_t bench_rounds = 680;
