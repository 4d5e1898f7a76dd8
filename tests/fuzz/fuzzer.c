/* libFuzzer's side: FUZZ_SEEDS=FOLDER writes the target's seeds there, one a file, and ends. */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

static void write_seed(void *context, const void *data, size_t size)
{
    static int count;
    char path[512];
    snprintf(path, sizeof path, "%s/seed-%03d", (const char *)context, count++);
    FILE *file = fopen(path, "wb");
    fuzz_must(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char *folder = getenv("FUZZ_SEEDS");
    (void)argc;
    (void)argv;
    if (folder == NULL)
        return 0;
    const fuzz_sink sink = {write_seed, folder};
    fuzz_seeds(&sink);
    exit(0);
}
