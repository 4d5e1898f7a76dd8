/* Runs a target as a test: on the files of tests/fuzz/corpus/KIND, on its seeds, and on the seeds cut and changed in a
 * fixed way. An input that crashes ends the program, which fails the test; FUZZ_SAY=1 names each input before it runs. */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef FUZZ_KIND
#error "FUZZ_KIND: the target's name"
#endif

enum { CUTS = 16, CHANGES = 48, MAX_SIZE = 1 << 20 };

static int inputs;
static bool says;

static void run(const char *name, const void *data, size_t size)
{
    /* A copy of its own, so that a byte too far is seen. */
    uint8_t *copy = malloc(size > 0 ? size : 1);
    fuzz_must(copy != NULL);
    memcpy(copy, data, size);
    if (says)
        fprintf(stderr, "%s %d: %s, %zu bytes\n", FUZZ_KIND, inputs, name, size);
    fuzz_must(LLVMFuzzerTestOneInput(copy, size) == 0);
    free(copy);
    inputs++;
}

/* A sequence that is the same everywhere. */
static size_t next(uint64_t *state, size_t below)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(*state >> 33) % below;
}

static void run_seed(void *context, const void *data, size_t size)
{
    uint64_t state = size;
    uint8_t *changed = malloc(size > 0 ? size : 1);
    (void)context;
    fuzz_must(changed != NULL);
    run("seed", data, size);
    for (size_t i = 0; i < CUTS && size > 0; i++)
        run("cut", data, size * i / CUTS);
    for (size_t i = 0; i < CHANGES && size > 0; i++) {
        memcpy(changed, data, size);
        for (size_t k = 0; k <= i % 4; k++)
            changed[next(&state, size)] = (uint8_t)next(&state, 256);
        run("changed", changed, size);
    }
    free(changed);
}

/* Sorted, so that a failure is the same everywhere. */
static void run_corpus(const char *folder)
{
    struct dirent **names;
    const int count = scandir(folder, &names, NULL, alphasort);
    uint8_t *data = malloc(MAX_SIZE);
    fuzz_must(data != NULL);
    for (int i = 0; i < count; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        FILE *file = names[i]->d_name[0] != '.' ? fopen(path, "rb") : NULL;
        if (file != NULL) {
            run(path, data, fread(data, 1, MAX_SIZE, file));
            fclose(file);
        }
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    free(data);
}

int main(void)
{
    const fuzz_sink sink = {run_seed, NULL};
    says = getenv("FUZZ_SAY") != NULL;
    run_corpus("tests/fuzz/corpus/" FUZZ_KIND);
    fuzz_must(inputs > 0);
    fuzz_seeds(&sink);
    printf("100%%: Checks: %d, Failures: 0, Errors: 0\n", inputs);
    return 0;
}
