/* The generic firmware's interpreter on the host: models and inputs in, their answers against recorded ones.
 *
 * usage: run-cases [--quiet] [--arena BYTES] FOLDER|NAME.tflite...
 *
 * Beside NAME.tflite lie NAME.in and NAME.out: records of the bytes of all inputs (outputs), each record an
 * inference of its own; or NAME.io, in which the two alternate. Every byte is compared. Exit code 1 if one
 * differs or a model does not run. */

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "interpreter.h"
#include "stuckat.h"

enum { PATH_BYTES = 4096, DEFAULT_ARENA = 1 << 20 };

volatile uint32_t stuckat_layer;

static bool quiet;
static uint32_t arena_bytes = DEFAULT_ARENA;
static int cases, failed;
static long records, compared_bytes;

void console_putc(char c) { putchar(c); }

/* ---- files ---- */

struct bytes {
    uint8_t *start;
    size_t count;
};

/* Exactly as large as the file, so that the address sanitizer sees every read behind its end. */
static struct bytes read_file(const char *path) {
    struct bytes content = {NULL, 0};
    FILE *file = fopen(path, "rb");
    if (!file) return content;
    fseek(file, 0, SEEK_END);
    content.count = (size_t)ftell(file);
    rewind(file);
    content.start = malloc(content.count ? content.count : 1); /* 16-byte aligned on this machine */
    if (fread(content.start, 1, content.count, file) != content.count) content.count = 0;
    fclose(file);
    return content;
}

static struct bytes read_beside(const char *tflite, const char *suffix) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%.*s%s", (int)(strlen(tflite) - strlen(".tflite")), tflite, suffix);
    return read_file(path);
}

/* ---- one case ---- */

static bool same(const char *path, size_t record, const uint8_t *found, const uint8_t *wanted, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        if (found[i] == wanted[i]) continue;
        printf("%s: record %zu, byte %zu: %d, expected %d\n", path, record, i, (int8_t)found[i],
               (int8_t)wanted[i]);
        return false;
    }
    return true;
}

/* Inputs stand `in_step` bytes apart in `in`, answers `out_step` bytes in `out`. */
static bool run_records(const char *path, const struct model *model, struct bytes in, size_t in_step,
                        struct bytes out, size_t out_step) {
    size_t output_bytes = interpreter_output_bytes(model);
    size_t count = in_step ? in.count / in_step : 0;
    if (count == 0 || in.count != count * in_step || out.count != count * out_step) {
        printf("%s: %zu and %zu bytes are not whole records of %zu and %zu\n", path, in.count, out.count,
               in_step, out_step);
        return false;
    }
    uint8_t *found = malloc(output_bytes);
    bool right = true;
    for (size_t i = 0; i < count && right; i++) {
        interpreter_run(model, in.start + i * in_step, found);
        right = same(path, i, found, out.start + (i + 1) * out_step - output_bytes, output_bytes);
        records++;
        compared_bytes += (long)output_bytes;
    }
    free(found);
    if (right && !quiet)
        printf("%s: %zu records, arena %u bytes\n", path, count, interpreter_arena_used(model));
    return right;
}

static bool run_beside(const char *path, const struct model *model) {
    size_t input_bytes = interpreter_input_bytes(model), output_bytes = interpreter_output_bytes(model);
    struct bytes in = read_beside(path, ".in"), out = read_beside(path, ".out"),
                 both = read_beside(path, ".io");
    bool right = both.start ? run_records(path, model, both, input_bytes + output_bytes, both,
                                          input_bytes + output_bytes)
                            : run_records(path, model, in, input_bytes, out, output_bytes);
    free(in.start);
    free(out.start);
    free(both.start);
    return right;
}

static void run_case(const char *path) {
    struct bytes file = read_file(path);
    uint8_t *arena = aligned_alloc(16, arena_bytes);
    struct model model;
    bool right = false;
    memset(arena, 0xa5, arena_bytes); /* nobody clears it on the core either */
    cases++;
    if (interpreter_load(&model, file.start, (uint32_t)file.count, arena, arena_bytes) == OK) {
        right = run_beside(path, &model);
    } else {
        printf("%s: ", path);
        report_failure(&model.failure);
    }
    if (!right) failed++;
    free(file.start);
    free(arena);
}

/* ---- which cases ---- */

static int is_model(const struct dirent *entry) {
    size_t length = strlen(entry->d_name);
    return length > 7 && strcmp(entry->d_name + length - 7, ".tflite") == 0;
}

static void run_folder(const char *folder) {
    struct dirent **entries;
    int count = scandir(folder, &entries, is_model, alphasort);
    if (count <= 0) {
        printf("%s: no such folder, or no .tflite in it\n", folder);
        failed++;
        return;
    }
    for (int i = 0; i < count; i++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        run_case(path);
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        size_t length = strlen(argv[i]);
        if (!strcmp(argv[i], "--quiet")) {
            quiet = true;
        } else if (!strcmp(argv[i], "--arena") && i + 1 < argc) {
            arena_bytes = (uint32_t)strtoul(argv[++i], NULL, 0) & ~15u;
        } else if (length > 7 && !strcmp(argv[i] + length - 7, ".tflite")) {
            run_case(argv[i]);
        } else {
            run_folder(argv[i]);
        }
    }
    if (cases == 0) {
        fprintf(stderr, "usage: run-cases [--quiet] [--arena BYTES] FOLDER|NAME.tflite...\n");
        return 2;
    }
    printf("run-cases: %d cases, %ld records, %ld bytes compared; %d cases failed\n", cases, records,
           compared_bytes, failed);
    return failed != 0;
}
