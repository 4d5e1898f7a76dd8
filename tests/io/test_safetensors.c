/* Safetensors: the rules of its header one by one, files cut and changed everywhere, and what is written. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "io/archive_private.h"
#include "util/float16.h"
#include "support/failing_alloc.h"
#include "support/suite.h"
#include "support/temporary.h"

static void must(sbertja_status status, const sbertja_error *error)
{
    ck_assert_msg(status == SBERTJA_OK, "%s", error->message);
}

/* A file with this header and `size` bytes of data, which count up from 0. Returns its size. */
static size_t build(unsigned char *file, const char *header, size_t size)
{
    uint64_t length = strlen(header);
    memcpy(file, &length, 8);
    memcpy(file + 8, header, length);
    for (size_t i = 0; i < size; i++)
        file[8 + length + i] = (unsigned char)i;
    return 8 + (size_t)length + size;
}

static sbertja_status open_bytes(const sbj_alloc *alloc, const void *bytes, size_t size, sbj_archive **archive,
                                 sbertja_error *error)
{
    const char *path = temporary_path("f.safetensors");
    /* Not by sbj_write_file, and not over the last one: both make some systems wait for the disk, thousands of times. */
    remove(path);
    FILE *file = fopen(path, "wb");
    ck_assert(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
    return sbj_archive_open(alloc, path, archive, error);
}

#define ONE(dtype, shape, offsets) "{\"a\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
#define ENTRY(name, shape, offsets) "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static const struct {
    const char *name, *header;
    size_t data;
    sbertja_status status;
    const char *message;
} wrong[] = {
    {"a hole in front", ONE("\"U8\"", "[4]", "[4,8]"), 8, SBERTJA_E_FORMAT, "a: its data overlaps"},
    {"a hole between", "{" ENTRY("a", "[1]", "[0,4]") "," ENTRY("b", "[1]", "[8,12]") "}", 12, SBERTJA_E_FORMAT,
     "b: its data overlaps"},
    {"an overlap", "{" ENTRY("a", "[2]", "[0,8]") "," ENTRY("b", "[2]", "[4,12]") "}", 12, SBERTJA_E_FORMAT,
     "b: its data overlaps"},
    {"data that nobody has", ONE("\"U8\"", "[4]", "[0,4]"), 8, SBERTJA_E_FORMAT, "expected 4 bytes of data, found 8"},
    {"an end past the end", ONE("\"U8\"", "[5]", "[0,5]"), 4, SBERTJA_E_FORMAT, "a: data to byte 5, but the file has 4"},
    {"an end before the beginning", ONE("\"U8\"", "[4]", "[4,0]"), 4, SBERTJA_E_FORMAT, "a: data_offsets"},
    {"a negative beginning", ONE("\"U8\"", "[4]", "[-4,0]"), 4, SBERTJA_E_FORMAT, "a: data_offsets"},
    {"three offsets", ONE("\"U8\"", "[4]", "[0,4,4]"), 4, SBERTJA_E_FORMAT, "a: data_offsets"},
    {"a fraction", ONE("\"U8\"", "[4]", "[0,4.5]"), 4, SBERTJA_E_FORMAT, "a: data_offsets"},
    {"a huge offset", ONE("\"U8\"", "[4]", "[0,1e300]"), 4, SBERTJA_E_FORMAT, "a: data_offsets"},
    {"another size", ONE("\"U8\"", "[3]", "[0,4]"), 4, SBERTJA_E_FORMAT, "a: 4 bytes of data do not fit"},
    {"sizes whose product wraps to 4", ONE("\"U8\"", "[4294967296,4294967296,4]", "[0,4]"), 4, SBERTJA_E_FORMAT,
     "a: 4 bytes of data do not fit"},
    {"a product that wraps with the element's size", ONE("\"F64\"", "[4503599627370496,512]", "[0,0]"), 0,
     SBERTJA_E_FORMAT, "a: 0 bytes of data do not fit"},
    {"a negative size", ONE("\"U8\"", "[-4]", "[0,4]"), 4, SBERTJA_E_FORMAT, "a: shape: expected whole numbers"},
    {"a text as size", ONE("\"U8\"", "[\"4\"]", "[0,4]"), 4, SBERTJA_E_FORMAT, "a: shape: expected whole numbers"},
    {"no list", ONE("\"U8\"", "4", "[0,4]"), 4, SBERTJA_E_FORMAT, "a: shape: expected a list"},
    {"nine dimensions", ONE("\"U8\"", "[1,1,1,1,1,1,1,1,4]", "[0,4]"), 4, SBERTJA_E_UNSUPPORTED, "a: more than 8"},
    {"an unknown type", ONE("\"F8_E4M3\"", "[4]", "[0,4]"), 4, SBERTJA_E_UNSUPPORTED, "a: unknown dtype F8_E4M3"},
    {"a type that is no text", ONE("5", "[4]", "[0,4]"), 4, SBERTJA_E_FORMAT, "a: expected an object with dtype"},
    {"an entry that is no object", "{\"a\":[]}", 0, SBERTJA_E_FORMAT, "a: expected an object with dtype"},
    {"a name twice", "{" ENTRY("a", "[1]", "[0,4]") "," ENTRY("a", "[1]", "[4,8]") "}", 8, SBERTJA_E_FORMAT,
     "a: the key is there twice"},
    {"metadata that is no text", "{\"__metadata__\":{\"k\":1}}", 0, SBERTJA_E_FORMAT, "__metadata__: k: expected a string"},
    {"metadata that is no object", "{\"__metadata__\":1}", 0, SBERTJA_E_FORMAT, "__metadata__"},
    {"text after the object", "{}x", 0, SBERTJA_E_FORMAT, "header: line 1, column 3"},
    {"NUL bytes as padding", "{}\\u0000", 0, SBERTJA_E_FORMAT, "header: line 1, column 3"},
};

START_TEST(refused)
{
    unsigned char file[1024];
    sbj_archive *archive;
    sbertja_error error;
    size_t size = build(file, wrong[_i].header, wrong[_i].data);
    sbertja_status status = open_bytes(&sbj_malloc, file, size, &archive, &error);
    ck_assert_msg(status == wrong[_i].status, "%s: status %d: %s", wrong[_i].name, (int)status, error.message);
    ck_assert_msg(strstr(error.message, wrong[_i].message) != NULL, "%s: %s", wrong[_i].name, error.message);
    ck_assert_msg(strstr(error.message, "f.safetensors: ") != NULL, "%s: %s", wrong[_i].name, error.message);
    ck_assert_ptr_null(archive);
}
END_TEST

static const uint64_t lengths[] = {3, 100, 100000001, UINT64_C(1) << 63, UINT64_MAX};

START_TEST(lengths_of_the_header)
{
    unsigned char file[64] = {0};
    sbj_archive *archive;
    sbertja_error error;
    memcpy(file, &lengths[_i], 8);
    memcpy(file + 8, "{}", 2);
    ck_assert_int_eq(open_bytes(&sbj_malloc, file, 10, &archive, &error), SBERTJA_E_FORMAT);
    ck_assert_msg(strstr(error.message, "expected at most 2") != NULL, "%s", error.message);
}
END_TEST

static const char sound[] =
    "{\"__metadata__\":{\"format\":\"pt\",\"k\":\"水\"},"
    "\"scalar\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
    "\"none\":{\"shape\":[0,3],\"dtype\":\"F16\",\"data_offsets\":[4,4]},"
    "\"last\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[10,18]},"
    "\"wide\":{\"dtype\":\"BF16\",\"shape\":[1,3],\"data_offsets\":[4,10]}}   ";

START_TEST(read_sound)
{
    unsigned char file[1024];
    sbj_archive *archive;
    sbertja_error error;
    float values[3];
    size_t size = build(file, sound, 18), data = size - 18;
    must(open_bytes(&sbj_malloc, file, size, &archive, &error), &error);
    ck_assert_uint_eq(sbj_archive_count(archive), 4);
    ck_assert_ptr_null(sbj_archive_at(archive, 4));
    ck_assert_str_eq(sbj_archive_at(archive, 0)->name, "scalar");
    ck_assert_str_eq(sbj_archive_metadata(archive, "k"), "水");
    ck_assert_ptr_null(sbj_archive_metadata(archive, "水"));
    const sbj_stored *s = sbj_archive_find(archive, "scalar");
    ck_assert(s->dimensions == 0 && s->count == 1 && s->dtype == SBJ_DTYPE_F32);
    ck_assert(s->data == NULL && s->place == data);
    ck_assert(sbj_archive_find(archive, "none")->count == 0 && sbj_archive_find(archive, "other") == NULL);
    s = sbj_archive_find(archive, "wide");
    must(sbj_stored_floats(s, values, &error), &error);
    ck_assert(values[0] == sbj_float_from_bf16(0x0504) && values[2] == sbj_float_from_bf16(0x0908));
    s = sbj_archive_find(archive, "last");
    ck_assert_int_eq(sbj_stored_floats(s, values, &error), SBERTJA_E_UNSUPPORTED);
    ck_assert_msg(strstr(error.message, "last: expected floating-point numbers, found I64") != NULL, "%s", error.message);
    ck_assert_uint_eq(archive->copy_count, 0);
    sbj_archive_free(archive);
}
END_TEST

START_TEST(cut_everywhere)
{
    unsigned char file[1024];
    sbj_archive *archive;
    size_t size = build(file, sound, 18);
    for (size_t length = 0; length < size; length++) {
        sbertja_error error;
        ck_assert_msg(open_bytes(&sbj_malloc, file, length, &archive, &error) == SBERTJA_E_FORMAT, "%zu bytes", length);
    }
    ck_assert_int_ne(open_bytes(&sbj_malloc, file, size + 1, &archive, NULL), SBERTJA_OK);
}
END_TEST

/* Some changes are sound too (a name, a number of the data); none may do harm. */
START_TEST(every_bit_changed)
{
    unsigned char file[1024];
    size_t size = build(file, sound, 18);
    for (size_t bit = 0; bit < (size - 18) * 8; bit++) {
        sbj_archive *archive;
        sbertja_error error;
        file[bit / 8] ^= (unsigned char)(1 << bit % 8);
        if (open_bytes(&sbj_malloc, file, size, &archive, &error) == SBERTJA_OK)
            for (size_t i = 0; i < sbj_archive_count(archive); i++) {
                const sbj_stored *s = sbj_archive_at(archive, i);
                ck_assert(s->data == NULL && s->place <= size &&
                          s->count * sbj_dtype_size(s->dtype) <= size - s->place);
            }
        sbj_archive_free(archive);
        file[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
}
END_TEST

/* ---- Writing ---- */

static sbertja_status give(void *context, size_t index, float *values, sbertja_error *error)
{
    const sbj_entry *entries = context;
    size_t count;
    sbj_shape_count(entries[index].dimensions, entries[index].shape, &count);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(index + 1) + (float)i / 1024;
    if (strcmp(entries[index].name, "lost") == 0)
        return sbj_fail(error, SBERTJA_E_STOPPED, "lost on the way");
    return SBERTJA_OK;
}

START_TEST(the_bytes_written)
{
    static const sbj_entry entries[] = {{"a\"b", 1, {2}}, {"c", 0, {0}}};
    static const char *const metadata[] = {"library", "水", NULL};
    static const char header[] = "{\"__metadata__\":{\"format\":\"pt\",\"library\":\"水\"},"
                                 "\"a\\\"b\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]},"
                                 "\"c\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[4,6]}}";
    const char *path = temporary_path("w");
    sbertja_error error;
    sbj_map map;
    uint64_t length;
    must(sbj_safetensors_write(&sbj_malloc, path, SBJ_DTYPE_F16, entries, 2, metadata, give, (void *)entries, &error),
         &error);
    must(sbj_map_open(path, &map, &error), &error);
    memcpy(&length, map.data, 8);
    ck_assert_uint_eq((8 + length) % 64, 0);
    ck_assert_mem_eq(map.data + 8, header, sizeof header - 1);
    for (size_t i = 8 + sizeof header - 1; i < 8 + length; i++)
        ck_assert_uint_eq(map.data[i], ' ');
    const uint16_t expected[] = {0x3C00, 0x3C01, 0x4000};
    ck_assert_uint_eq(map.size, 8 + length + sizeof expected);
    ck_assert_mem_eq(map.data + 8 + length, expected, sizeof expected);
    sbj_map_close(&map);
}
END_TEST

static const sbj_dtype dtypes[] = {SBJ_DTYPE_F32, SBJ_DTYPE_F16, SBJ_DTYPE_BF16};

/* Hundreds of tensors; one is longer than what is rounded at a time. */
START_TEST(many_there_and_back)
{
    enum { MANY = 500 };
    static sbj_entry entries[MANY];
    static char names[MANY][16];
    static float expected[6000], found[6000];
    const char *path = temporary_path("many");
    sbj_archive *archive;
    sbertja_error error;
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "t%d", i * 7919 % MANY);
        entries[i] = (sbj_entry){names[i], 2, {(size_t)(i % 3), i == 499 ? 6000 : 5}};
    }
    must(sbj_safetensors_write(&sbj_malloc, path, dtypes[_i], entries, MANY, NULL, give, entries, &error), &error);
    must(sbj_archive_open(&sbj_malloc, path, &archive, &error), &error);
    ck_assert_uint_eq(sbj_archive_count(archive), MANY);
    for (size_t i = 0; i < MANY; i++) {
        const sbj_stored *s = sbj_archive_find(archive, names[i]);
        ck_assert(s == sbj_archive_at(archive, i) && s->dtype == dtypes[_i] && s->shape[0] == i % 3);
        must(give(entries, i, expected, &error), &error);
        must(sbj_stored_floats(s, found, &error), &error);
        for (size_t k = 0; k < s->count; k++) {
            float rounded = dtypes[_i] == SBJ_DTYPE_F16    ? sbj_float_from_f16(sbj_f16_from_float(expected[k]))
                            : dtypes[_i] == SBJ_DTYPE_BF16 ? sbj_float_from_bf16(sbj_bf16_from_float(expected[k]))
                                                           : expected[k];
            ck_assert(found[k] == rounded);
        }
    }
    sbj_archive_free(archive);
}
END_TEST

START_TEST(writing_that_fails)
{
    static const sbj_entry lost[] = {{"a", 1, {2}}, {"lost", 1, {3}}};
    static const sbj_entry huge[] = {{"a", 2, {SIZE_MAX / 4, 8}}}, deep[] = {{"a", 9, {1}}};
    const char *path = temporary_path("w");
    sbertja_error error;
    ck_assert_int_eq(sbj_safetensors_write(&sbj_malloc, path, SBJ_DTYPE_F32, lost, 2, NULL, give, (void *)lost, &error),
                     SBERTJA_E_STOPPED);
    ck_assert_msg(strstr(error.message, "lost on the way") != NULL, "%s", error.message);
    ck_assert(!sbj_is_file(path));
    ck_assert_int_eq(sbj_safetensors_write(&sbj_malloc, path, SBJ_DTYPE_I8, lost, 1, NULL, give, (void *)lost, &error),
                     SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbj_safetensors_write(&sbj_malloc, path, SBJ_DTYPE_F32, huge, 1, NULL, give, NULL, &error),
                     SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbj_safetensors_write(&sbj_malloc, path, SBJ_DTYPE_F32, deep, 1, NULL, give, NULL, &error),
                     SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbj_safetensors_write(&sbj_malloc, temporary_path("no/x"), SBJ_DTYPE_F32, lost, 1, NULL, give,
                                           (void *)lost, &error),
                     SBERTJA_E_IO);
    ck_assert(!sbj_is_file(path));
}
END_TEST

START_TEST(no_memory)
{
    static const sbj_entry entries[] = {{"a", 1, {2}}, {"b", 2, {3, 4}}};
    const char *path = temporary_path("w");
    failing_alloc heap;
    size_t n = 0;
    do {
        failing_alloc_init(&heap, ++n);
        sbertja_status status = sbj_safetensors_write(&heap.alloc, path, SBJ_DTYPE_F32, entries, 2, NULL, give,
                                                      (void *)entries, NULL);
        ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
        ck_assert_int_eq(sbj_is_file(path), status == SBERTJA_OK);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
}
END_TEST

SUITE_MAIN("io/safetensors", 30, {refused, sizeof wrong / sizeof *wrong},
           {lengths_of_the_header, sizeof lengths / sizeof *lengths}, {read_sound, 0}, {cut_everywhere, 0},
           {every_bit_changed, 0}, {the_bytes_written, 0}, {many_there_and_back, 3}, {writing_that_fails, 0},
           {no_memory, 0})
