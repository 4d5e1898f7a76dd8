/* A .npy file: a magic word and version, the length of the header, the header, the values. The header is a Python
 * literal that blanks fill up so that the values begin at a multiple of 64 bytes, and a line feed ends. */
#include "io/npy.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "util/float16.h"

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

/* ---- Reading ---- */

/* A header, of which `at` is what is left: a Python literal as NumPy writes it, {'descr': '<f4', ...}. */
typedef struct literal {
    const char *at, *end;
} literal;

static void skip_blanks(literal *l)
{
    while (l->at < l->end && (*l->at == ' ' || *l->at == '\n'))
        l->at++;
}

/* Takes `text` if it comes next. */
static bool accept(literal *l, const char *text)
{
    const size_t length = strlen(text);
    skip_blanks(l);
    if ((size_t)(l->end - l->at) < length || memcmp(l->at, text, length) != 0)
        return false;
    l->at += length;
    return true;
}

static bool accept_size(literal *l, size_t *size)
{
    const char *begin;
    skip_blanks(l);
    *size = 0;
    for (begin = l->at; l->at < l->end && *l->at >= '0' && *l->at <= '9'; l->at++)
        if (!sbj_mul(*size, 10, size) || !sbj_add(*size, (size_t)(*l->at - '0'), size))
            return false;
    return l->at > begin;
}

/* One entry of the dictionary, its value one that is wanted here. */
static bool accept_entry(literal *l, sbj_npy *npy)
{
    if (accept(l, "'descr':")) {
        npy->half = accept(l, "'<f2'");
        return npy->half || accept(l, "'<f4'");
    }
    if (accept(l, "'fortran_order':"))
        return accept(l, "False");
    return accept(l, "'shape':") && accept(l, "(") && accept_size(l, &npy->rows) && accept(l, ",") &&
           accept_size(l, &npy->columns) && accept(l, ")");
}

static bool read_header(literal header, sbj_npy *npy)
{
    if (!accept(&header, "{"))
        return false;
    for (int entries = 0; entries < 3; entries++)
        if (!accept_entry(&header, npy) || (!accept(&header, ",") && entries < 2))
            return false;
    return accept(&header, "}");
}

/* Where the values begin: after a length of 2 bytes in version 1, of 4 in the later ones. 0: this is no such file. */
static size_t values_begin(const sbj_map *map, size_t *header)
{
    const unsigned char *d = map->data;
    size_t length;
    if (map->size < PREFIX + 2 || memcmp(d, "\x93NUMPY", 6) != 0 || d[6] < 1 || d[6] > 3)
        return 0;
    *header = d[6] == 1 ? PREFIX : PREFIX + 2;
    length = d[8] | (size_t)d[9] << 8;
    if (d[6] > 1)
        length |= (size_t)d[10] << 16 | (size_t)d[11] << 24;
    return length <= map->size - *header ? *header + length : 0;
}

static sbertja_status open_values(const char *path, sbj_npy *npy, sbertja_error *error)
{
    size_t header, begin = values_begin(&npy->map, &header), bytes;
    if (begin == 0)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: not a NumPy file (.npy), or cut off in its header", path);
    if (!read_header((literal){(const char *)npy->map.data + header, (const char *)npy->map.data + begin}, npy))
        return sbj_fail(error, SBERTJA_E_FORMAT,
                        "%s: expected two dimensions of little-endian float32 or float16 in C order", path);
    if (!sbj_mul(npy->rows, npy->columns, &bytes) || !sbj_mul(bytes, npy->half ? 2 : 4, &bytes) ||
        bytes != npy->map.size - begin)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: %zu bytes of values, expected %zu rows of %zu %s", path,
                        npy->map.size - begin, npy->rows, npy->columns, npy->half ? "float16" : "float32");
    npy->values = npy->map.data + begin;
    return SBERTJA_OK;
}

sbertja_status sbj_npy_open(const char *path, sbj_npy *npy, sbertja_error *error)
{
    memset(npy, 0, sizeof *npy);
    sbertja_status status = sbj_map_open(path, &npy->map, error);
    if (status == SBERTJA_OK && (status = open_values(path, npy, error)) != SBERTJA_OK)
        sbj_npy_close(npy);
    return status;
}

void sbj_npy_close(sbj_npy *npy)
{
    sbj_map_close(&npy->map);
    memset(npy, 0, sizeof *npy);
}

void sbj_npy_row(const sbj_npy *npy, size_t row, double *values)
{
    const unsigned char *at = npy->values + row * npy->columns * (npy->half ? 2 : 4);
    for (size_t i = 0; i < npy->columns; i++) {
        uint16_t half;
        float single;
        if (npy->half) {
            memcpy(&half, at + 2 * i, sizeof half);
            single = sbj_float_from_f16(half);
        } else {
            memcpy(&single, at + 4 * i, sizeof single);
        }
        values[i] = single;
    }
}
