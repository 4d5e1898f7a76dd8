/* Tensors in files: every form holds the same; no file, however broken, does harm. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "io/archive.h"
#include "io/file.h"
#include "support/failing_alloc.h"
#include "support/suite.h"
#include "support/temporary.h"
#include "util/rng.h"

static const char *const forms[] = {
    "tests/data/tiny/bert/model.safetensors", "tests/data/tiny/hf-safetensors-bf16/model.safetensors",
    "tests/data/tiny/hf-bin-zip/pytorch_model.bin", "tests/data/tiny/hf-bin-half/pytorch_model.bin",
    "tests/data/tiny/hf-bin-legacy-gamma/pytorch_model.bin", "tests/data/tiny/model-0.4.1/0_Transformer/pytorch_model.bin"};
enum { FORMS = sizeof forms / sizeof *forms };

static sbj_archive *open_good(const char *path)
{
    sbertja_error error;
    sbj_archive *archive = NULL;
    ck_assert_msg(sbj_archive_open(&sbj_malloc, path, &archive, &error) == SBERTJA_OK, "%s", error.message);
    return archive;
}

/* Reads all that an archive has: the sanitizers see what is out of bounds. */
static void read_all(const sbj_archive *archive)
{
    for (size_t i = 0; i < sbj_archive_count(archive); i++) {
        const sbj_stored *s = sbj_archive_at(archive, i);
        float *values = malloc(s->count * sizeof *values + 1);
        if (s->count < 1 << 22)
            sbj_stored_floats(s, values, NULL);
        ck_assert(sbj_archive_find(archive, s->name) != NULL);
        free(values);
    }
}

START_TEST(the_same_weights)
{
    sbj_archive *first = open_good(forms[0]), *other = open_good(forms[_i]);
    char name[256];
    size_t compared = 0;
    for (size_t i = 0; i < sbj_archive_count(first); i++) {
        const sbj_stored *s = sbj_archive_at(first, i);
        const char *const patterns[] = {"%s", "bert.%s"};
        const sbj_stored *o = NULL;
        for (int p = 0; p < 2 && o == NULL; p++) {
            char plain[200];
            snprintf(plain, sizeof plain, "%s", s->name);
            char *norm = strstr(plain, "LayerNorm.");
            if (strstr(forms[_i], "gamma") != NULL && norm != NULL)
                strcpy(norm, strstr(s->name, "LayerNorm.weight") ? "LayerNorm.gamma" : "LayerNorm.beta");
            snprintf(name, sizeof name, patterns[p], plain);
            o = sbj_archive_find(other, name);
        }
        if (o == NULL) /* a form without the pooler */
            continue;
        compared++;
        ck_assert(o->count == s->count && o->dimensions == s->dimensions);
        float *x = malloc(s->count * sizeof *x), *y = malloc(s->count * sizeof *y);
        ck_assert(sbj_stored_floats(s, x, NULL) == SBERTJA_OK && sbj_stored_floats(o, y, NULL) == SBERTJA_OK);
        const float bound = o->dtype == SBJ_DTYPE_F32 ? 0 : o->dtype == SBJ_DTYPE_F16 ? 0x1p-11f : 0x1p-8f;
        for (size_t k = 0; k < s->count; k++)
            ck_assert_msg(fabsf(x[k] - y[k]) <= bound * fabsf(x[k]) + (bound > 0 ? 1e-7f : 0), "%s: %s: %zu", forms[_i],
                          name, k);
        free(x);
        free(y);
    }
    ck_assert_msg(compared >= 53, "%s: %zu tensors", forms[_i], compared);
    sbj_archive_free(first);
    sbj_archive_free(other);
}
END_TEST

/* ---- Broken files ---- */

static unsigned char *read_file(const char *path, size_t *size)
{
    sbj_map map;
    ck_assert(sbj_map_open(path, &map, NULL) == SBERTJA_OK);
    unsigned char *copy = malloc(map.size);
    memcpy(copy, map.data, map.size);
    *size = map.size;
    sbj_map_close(&map);
    return copy;
}

/* Opens these bytes as a file; whatever comes of it must be sound. */
static sbertja_status try_bytes(const unsigned char *bytes, size_t size, sbertja_error *error)
{
    const char *path = temporary_path("broken");
    sbj_archive *archive = NULL;
    FILE *file = fopen(path, "wb");
    ck_assert(file != NULL && fwrite(bytes, 1, size, file) == size);
    fclose(file);
    const sbertja_status status = sbj_archive_open(&sbj_malloc, path, &archive, error);
    ck_assert((status == SBERTJA_OK) == (archive != NULL));
    if (archive != NULL)
        read_all(archive);
    else
        ck_assert_msg(strstr(error->message, "broken") != NULL, "the file is not named: %s", error->message);
    sbj_archive_free(archive);
    return status;
}

/* Cut at many places, all of the head among them: an error every time. */
START_TEST(cut)
{
    size_t size;
    unsigned char *bytes = read_file(forms[_i], &size);
    sbertja_error error;
    for (size_t at = 0; at < size; at += at < 600 ? 1 : at < 8000 ? 97 : 9973)
        ck_assert_msg(try_bytes(bytes, at, &error) != SBERTJA_OK, "%s: cut at %zu", forms[_i], at);
    for (size_t back = 1; back < 200; back += 7)
        ck_assert_msg(try_bytes(bytes, size - back, &error) != SBERTJA_OK, "%s: %zu bytes short", forms[_i], back);
    free(bytes);
}
END_TEST

/* Bytes changed at random in the head, where the structure is, and at the end. */
START_TEST(changed)
{
    size_t size;
    unsigned char *bytes = read_file(forms[_i], &size);
    sbj_rng rng = sbj_rng_make(11, (uint32_t)_i);
    sbertja_error error;
    for (int round = 0; round < 300; round++) {
        const size_t reach = round % 3 == 2 ? size : 12000 < size ? 12000 : size;
        size_t at[3];
        unsigned char kept[3];
        for (int k = 0; k < 3; k++) {
            at[k] = round % 3 == 2 ? size - 1 - sbj_rng_below(&rng, 4000) : sbj_rng_below(&rng, reach);
            kept[k] = bytes[at[k]];
            bytes[at[k]] = (unsigned char)sbj_rng_below(&rng, 256);
        }
        try_bytes(bytes, size, &error);
        for (int k = 3; k-- > 0;)
            bytes[at[k]] = kept[k];
    }
    free(bytes);
}
END_TEST

/* ---- Pickles that are no tensors: zip files with a data.pkl of these bytes ---- */

#define PICKLE(text) text, sizeof text - 1

static const struct {
    const char *name, *bytes;
    size_t size;
    const char *message;
} pickles[] = {
    {"a call of the system", PICKLE("\x80\x02" "cos\nsystem\nX\x02\0\0\0ls\x85R."), "refuses to call os.system"},
    {"a call by stack", PICKLE("\x80\x04\x8c\x08" "builtins\x8c\x04" "eval\x93."), "refuses to call builtins.eval"},
    {"another opcode", PICKLE("\x80\x02i."), "pickle, byte 2: opcode 0x69"},
    {"nothing on the stack", PICKLE("\x80\x02R."), "pickle, byte 3: a call of something that cannot be called"},
    {"a list", PICKLE("\x80\x02]."), "expected a dict of tensors, found a list"},
    {"no end", PICKLE("\x80\x02}"), "pickle, byte 3: the file ends inside it"},
    {"a long text", PICKLE("\x80\x02X\xFF\xFF\xFF\x7F" "a."), "pickle, byte 7: the file ends inside it"},
    {"a memo that is not there", PICKLE("\x80\x02h\x07."), "a memo that is not there"},
    {"a mark that is missing", PICKLE("\x80\x02}u."), "items that are not there"},
    {"an odd number of items", PICKLE("\x80\x02}(K\x01u."), "a key without a value"},
    {"a storage that is none", PICKLE("\x80\x02K\x01\x85Q."), "found a storage"},
    {"a tensor of nothing", PICKLE("\x80\x02" "ctorch._utils\n_rebuild_tensor_v2\n)R."), "found a tensor"},
    {"a storage that is not there",
     PICKLE("\x80\x02}(X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n"
            "X\x01\0\0\0" "0X\x03\0\0\0cpuK\x04tQK\0K\x04\x85K\x01\x85\x89)tRu."),
     "w: its storage is not in the file"},
};
enum { PICKLES = sizeof pickles / sizeof *pickles };

static void write_zip(const char *path, const char *pickle, size_t size, const void *storage, size_t bytes)
{
    int code;
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    ck_assert(zip != NULL);
    ck_assert(zip_file_add(zip, "a/data.pkl", zip_source_buffer(zip, pickle, size, 0), 0) >= 0);
    if (storage != NULL)
        ck_assert(zip_file_add(zip, "a/data/0", zip_source_buffer(zip, storage, bytes, 0), 0) >= 0);
    ck_assert(zip_close(zip) == 0);
}

START_TEST(refused_pickles)
{
    const char *path = temporary_path("evil.bin");
    sbertja_error error;
    sbj_archive *archive;
    write_zip(path, pickles[_i].bytes, pickles[_i].size, NULL, 0);
    ck_assert_msg(sbj_archive_open(&sbj_malloc, path, &archive, &error) != SBERTJA_OK, "%s", pickles[_i].name);
    ck_assert_msg(strstr(error.message, pickles[_i].message) != NULL, "%s: %s", pickles[_i].name, error.message);
    ck_assert(archive == NULL);
}
END_TEST

/* A transposed window [2, 3] into a storage of 8: rows 1 apart, columns 2 apart, from element 1 on. Then one that reaches
 * past the end. */
START_TEST(windows)
{
    static const char good[] =
        "\x80\x02}(X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n"
        "X\x01\0\0\0" "0X\x03\0\0\0cpuK\x08tQK\x01K\x02K\x03\x86K\x01K\x02\x86\x89)tRu.";
    static const float storage[8] = {0, 1, 2, 3, 4, 5, 6, 7}, expected[6] = {1, 3, 5, 2, 4, 6};
    char bad[sizeof good];
    const char *path = temporary_path("window.bin");
    float values[6];
    sbertja_error error;
    write_zip(path, good, sizeof good - 1, storage, sizeof storage);
    sbj_archive *archive = open_good(path);
    const sbj_stored *s = sbj_archive_find(archive, "w");
    ck_assert(s != NULL && s->dimensions == 2 && s->shape[0] == 2 && s->shape[1] == 3);
    ck_assert(sbj_stored_floats(s, values, NULL) == SBERTJA_OK && memcmp(values, expected, sizeof values) == 0);
    sbj_archive_free(archive);
    memcpy(bad, good, sizeof good);
    char *offset = memchr(bad, 'Q', sizeof bad);
    offset[2] = 4; /* K 1 -> K 4: the last element would be number 9 */
    write_zip(path, bad, sizeof bad - 1, storage, sizeof storage);
    ck_assert(sbj_archive_open(&sbj_malloc, path, &archive, &error) == SBERTJA_E_FORMAT);
    ck_assert_msg(strstr(error.message, "w: does not lie in its storage of 8 elements") != NULL, "%s", error.message);
}
END_TEST

/* ---- Safetensors that are none ---- */

static const struct {
    const char *name, *header;
    size_t data;
} headers[] = {
    {"no object", "[]", 0},
    {"not JSON", "{\"a\":", 0},
    {"no dtype", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4},
    {"another dtype", "{\"a\":{\"dtype\":\"F8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4},
    {"a negative size", "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4},
    {"a size that overflows", "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,4],\"data_offsets\":[0,4]}}", 4},
    {"offsets that do not fit the shape", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4},
    {"past the end", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4},
    {"overlapping", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                    "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4},
    {"twice", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
              "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8},
};
enum { HEADERS = sizeof headers / sizeof *headers };

START_TEST(refused_headers)
{
    unsigned char bytes[1024] = {0};
    const uint64_t length = strlen(headers[_i].header);
    sbertja_error error;
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, headers[_i].header, length);
    ck_assert_msg(try_bytes(bytes, 8 + length + headers[_i].data, &error) != SBERTJA_OK, "%s", headers[_i].name);
}
END_TEST

/* ---- Writing ---- */

static sbertja_status give(void *context, size_t index, float *values, sbertja_error *error)
{
    const size_t count = index == 0 ? 6 : 3;
    if (context != NULL && index == 1)
        return sbj_fail(error, SBERTJA_E_IO, "the second tensor is lost");
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(index * 10 + i);
    return SBERTJA_OK;
}

static sbertja_status write_form(int form, const char *path, void *context, sbertja_error *error)
{
    static const sbj_entry entries[] = {{"matrix", 2, {2, 3}}, {"vector", 1, {3}}};
    return form == 0 ? sbj_safetensors_write(&sbj_malloc, path, SBJ_DTYPE_F32, entries, 2, NULL, give, context, error)
                     : sbj_checkpoint_write(&sbj_malloc, path, entries, 2, give, context, error);
}

START_TEST(written)
{
    const char *path = temporary_path("written");
    sbertja_error error;
    float values[6];
    ck_assert_msg(write_form(_i, path, NULL, &error) == SBERTJA_OK, "%s", error.message);
    sbj_archive *archive = open_good(path);
    ck_assert(sbj_archive_count(archive) == 2);
    const sbj_stored *s = sbj_archive_find(archive, "matrix");
    ck_assert(s != NULL && s->dimensions == 2 && s->shape[0] == 2 && s->shape[1] == 3);
    ck_assert(sbj_stored_floats(s, values, NULL) == SBERTJA_OK && values[5] == 5);
    s = sbj_archive_find(archive, "vector");
    ck_assert(s != NULL && s->dimensions == 1);
    ck_assert(sbj_stored_floats(s, values, NULL) == SBERTJA_OK && values[2] == 12);
    sbj_archive_free(archive);

    ck_assert(write_form(_i, temporary_path("lost"), &error, &error) == SBERTJA_E_IO);
    ck_assert_msg(strstr(error.message, "the second tensor is lost") != NULL, "%s", error.message);
    ck_assert(write_form(_i, temporary_path("no/such/folder"), NULL, &error) == SBERTJA_E_IO);
}
END_TEST

START_TEST(no_memory)
{
    failing_alloc heap;
    size_t n = 0;
    do {
        sbj_archive *archive = NULL;
        failing_alloc_init(&heap, ++n);
        const sbertja_status status = sbj_archive_open(&heap.alloc, forms[_i], &archive, NULL);
        if (failing_alloc_failed(&heap))
            ck_assert_msg(status == SBERTJA_E_MEMORY && archive == NULL, "%s: allocation %zu: status %d", forms[_i], n,
                          (int)status);
        sbj_archive_free(archive);
        ck_assert_msg(failing_alloc_live(&heap) == 0, "%s: allocation %zu leaks", forms[_i], n);
        n += n > 200 ? 37 : 0; /* the first ones all, then a sample: tensors are all alike */
    } while (failing_alloc_failed(&heap));
}
END_TEST

SUITE_MAIN("io/archive", 60, {the_same_weights, FORMS}, {cut, FORMS}, {changed, FORMS}, {refused_pickles, PICKLES},
           {windows, 0}, {refused_headers, HEADERS}, {written, 2}, {no_memory, FORMS})
