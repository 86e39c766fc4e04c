/* Damaged models: .tflite files in, each of many damaged copies answered by success or by an error with a
 * message.
 *
 * usage: mutate-models [--count N] [--seed S] NAME.tflite...
 *
 * N copies in all, evenly over the files. Meant to be built with the address and undefined-behaviour
 * sanitizers: each copy lies in memory of exactly its size. Damage prefers what is not weights: offsets,
 * tables, shapes, options, scales. The same seed gives the same copies; SEED and COPY of a failure repeat it
 * alone (--count 1 --first COPY). */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console.h"
#include "interpreter.h"
#include "stuckat.h"

enum { ARENA_BYTES = 1 << 20, MAX_FILES = 1024, LIMIT_S = 20, CODES = 16 };

/* Longer inferences are prepared but not run: the sanitizers are slow, and kernels see no file any more. */
static const uint64_t longest_run = 1 << 22;

volatile uint32_t stuckat_layer;

static uint64_t random_state;
static long message_characters, current_copy;
static const char *current_path;

void console_putc(char c) { message_characters += c != '\n'; }

/* ---- randomness: splitmix64 ---- */

static uint64_t next_random(void) {
    uint64_t z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static uint32_t below(uint32_t limit) { return limit ? (uint32_t)(next_random() % limit) : 0; }

/* ---- files ---- */

struct original {
    const char *path;
    uint8_t *bytes;
    uint32_t size;
    uint8_t *is_weight; /* one for each byte */
};

static void read_original(struct original *original, const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(2);
    }
    fseek(file, 0, SEEK_END);
    original->path = path;
    original->size = (uint32_t)ftell(file);
    rewind(file);
    original->bytes = malloc(original->size);
    original->is_weight = calloc(original->size, 1);
    if (fread(original->bytes, 1, original->size, file) != original->size) exit(2);
    fclose(file);
}

/* Constants of more than a few bytes: damaging them changes numbers, not the structure. */
static void mark_weights(struct original *original, uint8_t *arena) {
    struct model model;
    if (interpreter_load(&model, original->bytes, original->size, arena, ARENA_BYTES) != OK) {
        fprintf(stderr, "%s: must run undamaged\n", original->path);
        exit(2);
    }
    for (int32_t i = 0; i < model.tensor_count; i++) {
        const struct tensor *tensor = &model.tensors[i];
        if (!tensor->constant || tensor->bytes <= 64) continue;
        memset(original->is_weight + (tensor->data - original->bytes), 1, tensor->bytes);
    }
}

/* ---- damage ---- */

static uint32_t place(const struct original *original, uint32_t size) {
    uint32_t at = below(size);
    for (int tries = 0; tries < 64 && original->is_weight[at] && below(32) != 0; tries++) at = below(size);
    return at;
}

static void overwrite_word(const struct original *original, uint8_t *bytes, uint32_t size) {
    static const uint32_t telling[] = {0,          1,          2,          3,          4,
                                       8,          0xff,       0x7f,       0x80,       0xffff,
                                       0x10000,    0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe,
                                       0x7f800000, 0x7fc00000, 0x00000001, 0x40000000};
    if (size < 4) return;
    uint32_t at = place(original, size - 3) & ~3u, value;
    memcpy(&value, bytes + at, 4);
    switch (below(4)) {
    case 0: value = telling[below(sizeof telling / sizeof *telling)]; break;
    case 1: value += below(17) - 8; break;
    case 2: value = below(size); break;
    default: value = (uint32_t)next_random(); break;
    }
    memcpy(bytes + at, &value, 4);
}

static void splice(const struct original *original, uint8_t *bytes, uint32_t size) {
    uint32_t length = 1 + below(64), to = place(original, size), from = place(original, size);
    if (length > size - to) length = size - to;
    if (length > size - from) length = size - from;
    memmove(bytes + to, bytes + from, length);
}

/* Damages in place and returns the size that remains. */
static uint32_t damage(const struct original *original, uint8_t *bytes) {
    uint32_t size = original->size;
    uint32_t hurts = 1 + below(4);
    if (below(12) == 0) size = below(size);
    for (uint32_t i = 0; i < hurts && size > 0; i++) {
        switch (below(4)) {
        case 0: bytes[place(original, size)] ^= (uint8_t)(1 << below(8)); break;
        case 1: bytes[place(original, size)] = (uint8_t)next_random(); break;
        case 2: splice(original, bytes, size); break;
        default: overwrite_word(original, bytes, size); break;
        }
    }
    return size;
}

/* ---- running ---- */

static void out_of_time(int signal_number) {
    (void)signal_number;
    static const char text[] = "mutate-models: a copy takes too long; see the line above\n";
    fprintf(stderr, "%s, copy %ld\n", current_path, current_copy);
    if (write(2, text, sizeof text - 1) < 0) _exit(3);
    _exit(1);
}

/* Gives every tensor and every scratch buffer memory of exactly its size, so that the sanitizer sees a kernel
 * that leaves it; in the arena and in the file they lie side by side. */
static void separate(struct model *model) {
    for (int32_t i = 0; i < model->tensor_count; i++) {
        struct tensor *tensor = &model->tensors[i];
        if (!tensor->constant && tensor->first_use < 0) continue;
        if (tensor->width == 4 && ((uintptr_t)tensor->data & 3) != 0) abort();
        uint8_t *own = malloc(tensor->bytes ? tensor->bytes : 1);
        if (tensor->constant) memcpy(own, tensor->data, tensor->bytes);
        tensor->data = own;
    }
    for (int32_t i = 0; i < model->node_count; i++) {
        if (model->nodes[i].scratch_bytes > 0)
            model->nodes[i].scratch = malloc(model->nodes[i].scratch_bytes);
    }
}

static void free_separate(struct model *model) {
    for (int32_t i = 0; i < model->tensor_count; i++) {
        if (model->tensors[i].constant || model->tensors[i].first_use >= 0) free(model->tensors[i].data);
    }
    for (int32_t i = 0; i < model->node_count; i++) {
        if (model->nodes[i].scratch_bytes > 0) free(model->nodes[i].scratch);
    }
}

static enum error run_copy(uint8_t *bytes, uint32_t size, uint8_t *arena) {
    struct model model;
    enum error error = interpreter_load(&model, bytes, size, arena, ARENA_BYTES);
    message_characters = 0;
    if (error != OK) {
        report_failure(&model.failure);
        if (model.failure.code != error || message_characters < 20) abort();
        return error;
    }
    if (model.work > longest_run) return OK;
    uint32_t input_bytes = interpreter_input_bytes(&model);
    uint8_t *input = malloc(input_bytes + 1), *output = malloc(interpreter_output_bytes(&model) + 1);
    for (uint32_t i = 0; i < input_bytes; i++) input[i] = (uint8_t)next_random();
    separate(&model);
    interpreter_run(&model, input, output);
    free_separate(&model);
    free(input);
    free(output);
    return OK;
}

/* Copy number `copy` depends on nothing but the seed and that number. */
static enum error damage_and_run(const struct original *original, uint64_t seed, long copy, uint8_t *arena) {
    random_state = seed * 0x100000001b3 + (uint64_t)copy;
    current_path = original->path;
    current_copy = copy;
    uint8_t *whole = malloc(original->size);
    memcpy(whole, original->bytes, original->size);
    uint32_t size = damage(original, whole);
    uint8_t *exact = malloc(size ? size : 1);
    memcpy(exact, whole, size);
    free(whole);
    alarm(LIMIT_S);
    enum error error = run_copy(exact, size, arena);
    alarm(0);
    free(exact);
    return error;
}

int main(int argc, char **argv) {
    static struct original originals[MAX_FILES];
    int files = 0;
    long count = 1000, first = 0, ends[CODES] = {0};
    uint64_t seed = 1;
    uint8_t *arena = aligned_alloc(16, ARENA_BYTES);
    for (int i = 1; i < argc; i++) {
        bool option = i + 1 < argc;
        if (option && !strcmp(argv[i], "--count")) {
            count = atol(argv[++i]);
        } else if (option && !strcmp(argv[i], "--first")) {
            first = atol(argv[++i]);
        } else if (option && !strcmp(argv[i], "--seed")) {
            seed = strtoull(argv[++i], NULL, 0);
        } else if (files < MAX_FILES) {
            read_original(&originals[files], argv[i]);
            mark_weights(&originals[files++], arena);
        }
    }
    if (files == 0) {
        fprintf(stderr, "usage: mutate-models [--count N] [--first COPY] [--seed S] NAME.tflite...\n");
        return 2;
    }
    signal(SIGALRM, out_of_time);
    for (long copy = first; copy < first + count; copy++) {
        ends[damage_and_run(&originals[copy % files], seed, copy, arena)]++;
    }
    free(arena);
    printf("mutate-models: %ld damaged copies of %d files; %ld ran,", count, files, ends[OK]);
    for (int code = 1; code < CODES; code++) {
        if (ends[code]) printf(" %ld error %d,", ends[code], code);
    }
    printf(" none did worse\n");
    return 0;
}
