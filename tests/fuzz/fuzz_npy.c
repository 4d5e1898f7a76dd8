/* NumPy's .npy: every value of an array that opens can be read. */
#include "fuzz/fuzz.h"

#include <stdlib.h>

#include "io/npy.h"

void fuzz_seeds(const fuzz_sink *sink)
{
    static const float values[6] = {1, 2, 3, 4, 5, 6};
    const char *path = fuzz_path("seed.npy");
    fuzz_must(sbj_npy_write(path, values, 2, 3, NULL) == SBERTJA_OK);
    fuzz_give_file(sink, path, 4096);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sbertja_error error = {SBERTJA_OK, ""};
    sbj_npy npy = {0};
    if (sbj_npy_open(fuzz_write("vectors.npy", data, size), &npy, &error) != SBERTJA_OK) {
        fuzz_must(error.message[0] != '\0');
        return 0;
    }
    double *row = npy.rows > 0 ? malloc(npy.columns * sizeof *row + 1) : NULL; /* no row may be of any width */
    for (size_t i = 0; i < npy.rows && npy.columns > 0; i++) {
        fuzz_must(row != NULL);
        sbj_npy_row(&npy, i, row, &error);
    }
    free(row);
    sbj_npy_close(&npy);
    return 0;
}
