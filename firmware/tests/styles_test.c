/* Both styles of every kernel against each other: random shapes, parameters and tensors; every byte must be the same.
 *
 * usage: styles-test [CASES [SEED]]      (cases of each operator)
 *
 * Buffers are exactly as large as their tensors, so that the address sanitizer sees every step out of them. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random_case.h"
#include "style.h"

static const struct style *const styles[] = {&style_reference, &style_optimised};

/* Both styles write so many bytes each, which are compared. */
static uint8_t *outputs[2];
static int32_t output_bytes;

static void two_outputs(int32_t bytes) {
    output_bytes = bytes;
    for (int i = 0; i < 2; i++) {
        outputs[i] = block(bytes);
        memset(outputs[i], i, (size_t)bytes); /* what one forgets to write differs */
    }
}

/* ---- one case of each operator ---- */

static void random_conv(enum eight_bits type, struct conv_2d_params *p) {
    const int square = one_in(3) ? 3 : between(1, 4);
    p->input = (struct shape){between(1, 2), between(1, 9), between(1, 9), between(1, one_in(4) ? 20 : 5)};
    p->filter.h = one_in(4) ? between(1, 5) : square;
    p->filter.w = one_in(4) ? between(1, 5) : square;
    p->stride_h = between(1, 3);
    p->stride_w = between(1, 3);
    p->dilation_h = one_in(3) ? between(1, 3) : 1;
    p->dilation_w = one_in(3) ? between(1, 3) : 1;
    p->output.n = p->input.n;
    p->output.h = random_outputs(p->input.h, (p->filter.h - 1) * p->dilation_h + 1, p->stride_h, &p->pad_h);
    p->output.w = random_outputs(p->input.w, (p->filter.w - 1) * p->dilation_w + 1, p->stride_w, &p->pad_w);
    p->input_offset = -random_zero(type);
    p->filter_offset = type == INT8 ? 0 : -random_zero(type);
    p->output_offset = random_zero(type);
    random_range(type, &p->low, &p->high);
}

static void conv_2d_case(void) {
    const enum eight_bits type = random_type();
    struct conv_2d_params p;
    random_conv(type, &p);
    const int32_t groups = one_in(4) ? between(2, 3) : 1;
    p.input.c *= groups;
    p.filter.c = p.input.c / groups;
    p.output.c = between(1, 11) * groups;
    p.filter.n = p.output.c;
    p.multiplier = random_multipliers(p.output.c);
    p.shift = random_shifts(p.output.c);
    const void *input = random_bytes(elements(&p.input)), *filter = random_bytes(elements(&p.filter));
    const int32_t *bias = random_bias(p.output.c);
    two_outputs(elements(&p.output));
    for (int i = 0; i < 2; i++) {
        void *scratch = block(styles[i]->conv_2d_scratch(&p));
        styles[i]->conv_2d(type, &p, input, filter, bias, outputs[i], scratch);
    }
}

static void depthwise_conv_2d_case(void) {
    const enum eight_bits type = random_type();
    struct depthwise_conv_2d_params p;
    random_conv(type, &p.conv);
    p.depth_multiplier = one_in(4) ? between(2, 3) : 1;
    p.conv.filter.n = 1;
    p.conv.filter.c = p.conv.output.c = p.conv.input.c * p.depth_multiplier;
    p.conv.multiplier = random_multipliers(p.conv.output.c);
    p.conv.shift = random_shifts(p.conv.output.c);
    const void *input = random_bytes(elements(&p.conv.input)), *filter = random_bytes(elements(&p.conv.filter));
    const int32_t *bias = random_bias(p.conv.output.c);
    two_outputs(elements(&p.conv.output));
    for (int i = 0; i < 2; i++) {
        void *scratch = block(styles[i]->depthwise_conv_2d_scratch(&p));
        styles[i]->depthwise_conv_2d(type, &p, input, filter, bias, outputs[i], scratch);
    }
}

static void fully_connected_case(void) {
    const enum eight_bits type = random_type();
    struct fully_connected_params p = {
        .batches = between(1, 7), .inputs = between(1, 70), .outputs = between(1, 20),
        .input_offset = -random_zero(type), .filter_offset = type == INT8 ? 0 : -random_zero(type),
        .output_offset = random_zero(type),
    };
    random_range(type, &p.low, &p.high);
    p.multiplier = random_multipliers(p.outputs);
    p.shift = random_shifts(p.outputs);
    const void *input = random_bytes(p.batches * p.inputs), *weights = random_bytes(p.outputs * p.inputs);
    const int32_t *bias = random_bias(p.outputs);
    two_outputs(p.batches * p.outputs);
    for (int i = 0; i < 2; i++) {
        void *scratch = block(styles[i]->fully_connected_scratch(&p));
        styles[i]->fully_connected(type, &p, input, weights, bias, outputs[i], scratch);
    }
}

static void pool_2d_case(void) {
    const enum eight_bits type = random_type();
    struct pool_2d_params p = {
        .input = {between(1, 2), between(1, 10), between(1, 10), between(1, 11)},
        .stride_h = between(1, 3), .stride_w = between(1, 3), .window_h = between(1, 10), .window_w = between(1, 10),
    };
    p.output.n = p.input.n;
    p.output.h = random_outputs(p.input.h, p.window_h, p.stride_h, &p.pad_h);
    p.output.w = random_outputs(p.input.w, p.window_w, p.stride_w, &p.pad_w);
    p.output.c = p.input.c;
    random_range(type, &p.low, &p.high);
    const void *input = random_bytes(elements(&p.input));
    const int maximum = one_in(2);
    two_outputs(elements(&p.output));
    for (int i = 0; i < 2; i++) {
        (maximum ? styles[i]->max_pool_2d : styles[i]->average_pool_2d)(type, &p, input, outputs[i]);
    }
}

static void mean_case(void) {
    const enum eight_bits type = random_type();
    struct mean_params p = {.dims = between(1, MAX_DIMS), .outputs = 1, .count = 1};
    int32_t inputs = 1;
    for (int32_t i = 0; i < p.dims; i++) {
        p.size[i] = between(1, p.dims > 4 ? 3 : 7);
        p.reduced[i] = (uint8_t)one_in(2);
        inputs *= p.size[i];
        *(p.reduced[i] ? &p.count : &p.outputs) *= p.size[i];
    }
    p.input_zero = random_zero(type);
    p.output_zero = random_zero(type);
    p.multiplier = one_in(2) ? between(0, INT32_MAX) : random_multiplier();
    p.shift = random_shift();
    const void *input = random_bytes(inputs);
    two_outputs(p.outputs);
    for (int i = 0; i < 2; i++) styles[i]->mean(type, &p, input, outputs[i], block(p.outputs * 4));
}

/* Where the extent is 1 and not the output's, the stride is 0. */
static struct shape random_strides(const struct shape *output, int broadcast, int32_t *count) {
    struct shape size = *output, stride;
    if (broadcast && one_in(2)) size.n = 1;
    if (broadcast && one_in(2)) size.h = 1;
    if (broadcast && one_in(2)) size.w = 1;
    if (broadcast && one_in(2)) size.c = 1;
    stride.c = size.c == 1 ? 0 : 1;
    stride.w = size.w == 1 ? 0 : size.c;
    stride.h = size.h == 1 ? 0 : size.w * size.c;
    stride.n = size.n == 1 ? 0 : size.h * size.w * size.c;
    *count = elements(&size);
    return stride;
}

static void elementwise_case(void) {
    const enum eight_bits type = random_type();
    struct elementwise_params p = {
        .output = {between(1, 3), between(1, 5), between(1, 5), between(1, 9)}, .flat = one_in(2),
        .offset_1 = -random_zero(type), .offset_2 = -random_zero(type), .output_offset = random_zero(type),
        .left_shift = 20, .multiplier_1 = random_multiplier(), .shift_1 = between(-12, 0),
        .multiplier_2 = random_multiplier(), .shift_2 = between(-12, 0), .multiplier = random_multiplier(),
        .shift = random_shift(),
    };
    random_range(type, &p.low, &p.high);
    int32_t count_1, count_2;
    p.stride_1 = random_strides(&p.output, !p.flat, &count_1);
    p.stride_2 = random_strides(&p.output, !p.flat, &count_2);
    const void *input_1 = random_bytes(count_1), *input_2 = random_bytes(count_2);
    const int product = one_in(2);
    two_outputs(elements(&p.output));
    for (int i = 0; i < 2; i++) {
        (product ? styles[i]->mul : styles[i]->add)(type, &p, input_1, input_2, outputs[i]);
    }
}

static void rescale_case(void) {
    const enum eight_bits from = random_type(), to = random_type();
    struct rescale_params p = {
        .count = between(1, 60), .input_zero = random_zero(from), .output_zero = random_zero(to),
        .multiplier = random_multiplier(), .shift = random_shift(),
    };
    random_range(to, &p.low, &p.high);
    if (one_in(3)) {
        p.multiplier = 1 << 30;
        p.shift = 1;
        if (one_in(2)) p.output_zero = p.input_zero - lowest(from) + lowest(to);
    }
    const void *input = random_bytes(p.count);
    const int activation = from == to && one_in(2);
    two_outputs(p.count);
    for (int i = 0; i < 2; i++) {
        if (activation) {
            styles[i]->relu(from, &p, input, outputs[i]);
        } else {
            styles[i]->requantize(&p, from, input, to, outputs[i]);
        }
    }
}

static void float_case(void) {
    const enum eight_bits type = random_type();
    const int32_t count = between(1, 20), zero = random_zero(type);
    const float scale = (float)between(1, 1000) / (float)between(1, 100000);
    if (one_in(2)) {
        float *input = block(count * 4);
        for (int32_t i = 0; i < count; i++) {
            uint32_t bits = random_word(); /* any float, not-a-number and infinity too */
            memcpy(&input[i], &bits, sizeof bits);
            if (one_in(2)) input[i] = scale * (float)between(-600, 600) / 2;
        }
        two_outputs(count);
        for (int i = 0; i < 2; i++) styles[i]->quantize(count, scale, zero, input, type, outputs[i]);
    } else {
        const void *input = random_bytes(count);
        two_outputs(count * 4);
        for (int i = 0; i < 2; i++) styles[i]->dequantize(count, scale, zero, type, input, (float *)(void *)outputs[i]);
    }
}

static void softmax_case(void) {
    const enum eight_bits type = random_type();
    struct softmax_params p = {
        .rows = between(1, 4), .classes = between(1, one_in(10) ? 300 : 20), .multiplier = between(1 << 30, INT32_MAX),
        .shift = between(0, 31), .difference_min = -between(0, 300),
    };
    const void *input = random_bytes(p.rows * p.classes);
    two_outputs(p.rows * p.classes);
    for (int i = 0; i < 2; i++) styles[i]->softmax(type, &p, input, outputs[i]);
}

static void logistic_case(void) {
    const enum eight_bits type = random_type();
    struct logistic_params p = {
        .count = between(1, 60), .input_zero = random_zero(type), .range_radius = between(0, 260),
        .multiplier = random_multiplier(), .shift = between(0, 30),
    };
    const void *input = random_bytes(p.count);
    two_outputs(p.count);
    for (int i = 0; i < 2; i++) styles[i]->logistic(type, &p, input, outputs[i]);
}

static int32_t random_width(void) { return (const int32_t[]){1, 1, 2, 4}[between(0, 3)]; }

static void pad_case(void) {
    struct pad_params p = {.dims = between(1, 5), .width = random_width()};
    int32_t inputs = p.width, all = p.width;
    for (int32_t i = 0; i < p.dims; i++) {
        p.size[i] = between(1, 6);
        p.before[i] = one_in(2) ? between(0, 3) : 0;
        p.after[i] = one_in(2) ? between(0, 3) : 0;
        inputs *= p.size[i];
        all *= p.before[i] + p.size[i] + p.after[i];
    }
    for (int i = 0; i < 4; i++) p.value[i] = (uint8_t)random_word();
    const void *input = random_bytes(inputs);
    two_outputs(all);
    for (int i = 0; i < 2; i++) styles[i]->pad(&p, input, outputs[i]);
}

static void concatenation_case(void) {
    struct concatenation_params p = {.outer = between(1, 6), .inputs = between(1, 5)};
    int32_t row_bytes[5], all = 0;
    const void *inputs[5];
    p.row_bytes = row_bytes;
    for (int32_t i = 0; i < p.inputs; i++) {
        row_bytes[i] = one_in(2) ? between(1, 40) : 16 * between(1, 4);
        inputs[i] = random_bytes(p.outer * row_bytes[i]);
        all += p.outer * row_bytes[i];
    }
    two_outputs(all);
    for (int i = 0; i < 2; i++) styles[i]->concatenation(&p, inputs, outputs[i]);
}

static void strided_slice_case(void) {
    struct strided_slice_params p = {.dims = between(1, MAX_DIMS), .width = random_width()};
    int32_t inputs = p.width, all = p.width;
    for (int32_t i = 0; i < p.dims; i++) {
        p.size[i] = between(1, 5);
        p.begin[i] = 0;
        p.stride[i] = 1;
        p.count[i] = p.size[i];
        if (one_in(2)) {
            p.begin[i] = between(0, p.size[i] - 1);
            p.stride[i] = one_in(3) ? -between(1, 3) : between(1, 3);
            int32_t ahead = p.stride[i] > 0 ? p.size[i] - 1 - p.begin[i] : p.begin[i];
            p.count[i] = between(1, ahead / abs(p.stride[i]) + 1);
        }
        inputs *= p.size[i];
        all *= p.count[i];
    }
    const void *input = random_bytes(inputs);
    two_outputs(all);
    for (int i = 0; i < 2; i++) styles[i]->strided_slice(&p, input, outputs[i]);
}

static void transpose_case(void) {
    struct transpose_params p = {.dims = between(1, MAX_DIMS), .width = random_width()};
    int32_t all = p.width;
    for (int32_t i = 0; i < p.dims; i++) {
        int32_t other = between(0, i);
        p.size[i] = between(1, 5);
        p.permutation[i] = i;
        p.permutation[i] = p.permutation[other];
        p.permutation[other] = i;
        all *= p.size[i];
    }
    const void *input = random_bytes(all);
    two_outputs(all);
    for (int i = 0; i < 2; i++) styles[i]->transpose(&p, input, outputs[i]);
}

static void reshape_case(void) {
    const int32_t bytes = between(0, 200);
    const void *input = random_bytes(bytes);
    two_outputs(bytes);
    for (int i = 0; i < 2; i++) styles[i]->reshape(bytes, input, outputs[i]);
}

static const struct {
    const char *name;
    void (*run)(void);
} operators[] = {
    {"CONV_2D", conv_2d_case},
    {"DEPTHWISE_CONV_2D", depthwise_conv_2d_case},
    {"FULLY_CONNECTED", fully_connected_case},
    {"AVERAGE_POOL_2D, MAX_POOL_2D", pool_2d_case},
    {"MEAN", mean_case},
    {"ADD, MUL", elementwise_case},
    {"RELU, QUANTIZE", rescale_case},
    {"QUANTIZE from and DEQUANTIZE to float", float_case},
    {"SOFTMAX", softmax_case},
    {"LOGISTIC", logistic_case},
    {"PAD", pad_case},
    {"CONCATENATION", concatenation_case},
    {"STRIDED_SLICE", strided_slice_case},
    {"TRANSPOSE", transpose_case},
    {"RESHAPE", reshape_case},
};

int main(int argc, char **argv) {
    const int32_t cases = argc > 1 ? atoi(argv[1]) : 2000;
    const uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    const int count = (int)(sizeof operators / sizeof *operators);
    int wrong = 0;
    for (int op = 0; op < count; op++) {
        for (int32_t i = 0; i < cases; i++) {
            random_state = (seed << 40) + ((uint64_t)(op + 1) << 32) + (uint64_t)i + 1; /* each case for itself */
            for (int warm_up = 0; warm_up < 8; warm_up++) random_word();
            operators[op].run();
            int32_t at = 0;
            while (at < output_bytes && outputs[0][at] == outputs[1][at]) at++;
            if (at < output_bytes && wrong++ < 10) {
                fprintf(stderr, "%s, seed %" PRIu64 " case %" PRId32 ": byte %" PRId32 " of %" PRId32 " is %d, reference %d\n",
                        operators[op].name, seed, i, at, output_bytes, outputs[1][at], outputs[0][at]);
            }
            while (block_count > 0) free(blocks[--block_count]);
        }
    }
    printf("styles-test: %d operators, %" PRId32 " cases each, %d differ\n", count, cases, wrong);
    return wrong != 0;
}
