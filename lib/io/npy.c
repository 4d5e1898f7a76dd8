/* A .npy file: a magic word and version, the length of the header, the header, the values. The header is a Python
 * literal that blanks fill up so that the values begin at a multiple of 64 bytes, and a line feed ends. */
#include "io/npy.h"

#include <stdio.h>
#include <string.h>

enum { PREFIX = 10, ALIGNMENT = 64, MOST_HEADER = 192 };

/* All that comes before the values; its length, a multiple of 64. */
static size_t make_header(size_t rows, size_t columns, char header[MOST_HEADER])
{
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    int written = snprintf(header + PREFIX, MOST_HEADER - PREFIX,
                           "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", rows, columns);
    size_t used = PREFIX + (size_t)written;
    size_t total = (used + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    memset(header + used, ' ', total - used - 1);
    header[total - 1] = '\n';
    header[8] = (char)((total - PREFIX) & 0xFF);
    header[9] = (char)((total - PREFIX) >> 8);
    return total;
}

sbertja_status sbj_npy_write(const char *path, const float *values, size_t rows, size_t columns, sbertja_error *error)
{
    char header[MOST_HEADER];
    size_t begin = make_header(rows, columns, header), bytes, total;
    if (!sbj_mul(rows, columns, &bytes) || !sbj_mul(bytes, sizeof *values, &bytes) || !sbj_add(bytes, begin, &total))
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: %zu rows of %zu columns are too large", path, rows, columns);
    char *file = sbj_new_raw(&sbj_malloc, total, 1);
    if (file == NULL)
        return sbj_no_memory(error, total);
    memcpy(file, header, begin);
    if (bytes > 0)
        memcpy(file + begin, values, bytes);
    sbertja_status status = sbj_replace_file(path, file, total, error);
    sbj_free(&sbj_malloc, file);
    return status;
}
