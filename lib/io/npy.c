/* A .npy file: a magic word and version, the length of the header, the header, the values. The header is a Python
 * literal that blanks fill up so that the values begin at a multiple of 64 bytes, and a line feed ends. */
#include "io/npy.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "util/float16.h"

enum { PREFIX = 10, ALIGNMENT = 64, MOST_HEADER = 192, LONGEST_HEADER = 1 << 20, CHUNK = 8192 };

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

/* Where header and values begin: after a length of 2 bytes in version 1, of 4 in the later ones. False: this is no such
 * file. */
static bool find_places(const unsigned char *d, size_t size, size_t *header, size_t *values)
{
    if (size < PREFIX + 2 || memcmp(d, "\x93NUMPY", 6) != 0 || d[6] < 1 || d[6] > 3)
        return false;
    *header = d[6] == 1 ? PREFIX : PREFIX + 2;
    size_t length = d[8] | (size_t)d[9] << 8;
    if (d[6] > 1)
        length |= (size_t)d[10] << 16 | (size_t)d[11] << 24;
    *values = *header + length;
    return length <= size - *header;
}

/* The header as text, which is `*size` bytes long and NULL if this is no such file. */
static sbertja_status read_text(const sbj_input *file, char **text, size_t *size, size_t *values, sbertja_error *error)
{
    unsigned char prefix[PREFIX + 2];
    size_t header;
    *text = NULL;
    const size_t some = file->size < sizeof prefix ? file->size : sizeof prefix;
    sbertja_status status = sbj_input_read(file, 0, prefix, some, error);
    if (status != SBERTJA_OK || some < sizeof prefix || !find_places(prefix, file->size, &header, values))
        return status;
    *size = *values - header;
    if (*size > LONGEST_HEADER)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: a header of %zu bytes, expected at most %d", file->path, *size,
                        (int)LONGEST_HEADER);
    if ((*text = sbj_new_raw(&sbj_malloc, *size, 1)) == NULL)
        return sbj_no_memory(error, *size);
    return sbj_input_read(file, header, *text, *size, error);
}

static sbertja_status open_values(const char *path, sbj_npy *npy, sbertja_error *error)
{
    char *text;
    size_t size, bytes;
    sbertja_status status = read_text(&npy->file, &text, &size, &npy->begin, error);
    const bool good = status == SBERTJA_OK && text != NULL && read_header((literal){text, text + size}, npy);
    const bool there = text != NULL;
    sbj_free(&sbj_malloc, text);
    if (status != SBERTJA_OK)
        return status;
    if (!there)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: not a NumPy file (.npy), or cut off in its header", path);
    if (!good)
        return sbj_fail(error, SBERTJA_E_FORMAT,
                        "%s: expected two dimensions of little-endian float32 or float16 in C order", path);
    if (!sbj_mul(npy->rows, npy->columns, &bytes) || !sbj_mul(bytes, npy->half ? 2 : 4, &bytes) ||
        bytes != npy->file.size - npy->begin)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: %zu bytes of values, expected %zu rows of %zu %s", path,
                        npy->file.size - npy->begin, npy->rows, npy->columns, npy->half ? "float16" : "float32");
    return SBERTJA_OK;
}

sbertja_status sbj_npy_open(const char *path, sbj_npy *npy, sbertja_error *error)
{
    memset(npy, 0, sizeof *npy);
    sbertja_status status = sbj_input_open(path, &npy->file, error);
    if (status == SBERTJA_OK && (status = open_values(path, npy, error)) != SBERTJA_OK)
        sbj_npy_close(npy);
    return status;
}

void sbj_npy_close(sbj_npy *npy)
{
    sbj_input_close(&npy->file);
    memset(npy, 0, sizeof *npy);
}

static double value_at(const unsigned char *at, bool is_half)
{
    uint16_t half;
    float single;
    if (!is_half) {
        memcpy(&single, at, sizeof single);
        return single;
    }
    memcpy(&half, at, sizeof half);
    return sbj_float_from_f16(half);
}

sbertja_status sbj_npy_row(const sbj_npy *npy, size_t row, double *values, sbertja_error *error)
{
    unsigned char bytes[CHUNK];
    const size_t size = npy->half ? 2 : 4, most = CHUNK / size;
    sbertja_status status = SBERTJA_OK;
    for (size_t i = 0; i < npy->columns && status == SBERTJA_OK; i += most) {
        const size_t count = npy->columns - i < most ? npy->columns - i : most;
        status = sbj_input_read(&npy->file, npy->begin + (row * npy->columns + i) * size, bytes, count * size, error);
        for (size_t k = 0; k < count && status == SBERTJA_OK; k++)
            values[i + k] = value_at(bytes + k * size, npy->half);
    }
    return status;
}
