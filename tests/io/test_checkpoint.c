/* PyTorch checkpoints: both forms built here byte by byte, with every rule broken once; and the bytes that are written. */
#include <stdio.h>
#include <string.h>
#include <zip.h>

#include "io/archive_private.h"
#include "io/pickle_write.h"
#include "support/failing_alloc.h"
#include "support/suite.h"
#include "support/temporary.h"

static void must(sbertja_status status, const sbertja_error *error)
{
    ck_assert_msg(status == SBERTJA_OK, "%s", error->message);
}

/* ---- Pickles and the files around them ---- */

typedef struct bytes {
    const char *data;
    size_t size;
} bytes;

#define BYTES(text) {text, sizeof text - 1}

#define STORAGE_ID(class, count, more) "(X\7\0\0\0storagectorch\n" class "\nX\1\0\0\0000X\3\0\0\0cpu" count more "tQ"
#define TENSOR_OF(storage, offset, shape, strides)                                                                     \
    "ctorch._utils\n_rebuild_tensor_v2\n(" storage offset shape strides "\x89" "ccollections\nOrderedDict\n)RtR"
/* Elements [6] of a storage of 6 floats. */
#define SIX TENSOR_OF(STORAGE_ID("FloatStorage", "K\6", ""), "K\0", "K\6\x85", "K\1\x85")
#define DICT_OF(tensor) "\x80\2}X\1\0\0\0w" tensor "s."

static const float six[6] = {1, 2, 3, 4, 5, 6};

typedef struct zip_parts {
    bytes pickle, storage, byte_order;
    bool deflated;
} zip_parts;

static void add_part(zip_t *zip, const char *name, bytes part, bool deflated)
{
    if (part.data == NULL)
        return;
    zip_int64_t index = zip_file_add(zip, name, zip_source_buffer(zip, part.data, part.size, 0), 0);
    ck_assert(index >= 0);
    ck_assert_int_eq(zip_set_file_compression(zip, (zip_uint64_t)index, deflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0), 0);
}

static const char *write_zip(const zip_parts *parts)
{
    const char *path = temporary_path("c.bin");
    int code;
    remove(path);
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    ck_assert_ptr_nonnull(zip);
    add_part(zip, "p/data.pkl", parts->pickle, parts->deflated);
    add_part(zip, "p/byteorder", parts->byte_order, parts->deflated);
    add_part(zip, "p/data/0", parts->storage, parts->deflated);
    ck_assert_int_eq(zip_close(zip), 0);
    return path;
}

static const char *write_raw(const void *data, size_t size)
{
    const char *path = temporary_path("c.bin");
    /* Not over the last one: that makes some systems wait for the disk, thousands of times. */
    remove(path);
    FILE *file = fopen(path, "wb");
    ck_assert(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0);
    return path;
}

#define MAGIC "\x80\2\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19."
#define VERSION "\x80\2M\xE9\3."
#define LITTLE "\x80\2}X\x0D\0\0\0little_endian\x88s."
#define KEYS "\x80\2]X\1\0\0\0000" "a."
#define COUNT "\6\0\0\0\0\0\0\0"
#define DATA "\0\0\x80\x3F\0\0\0\x40\0\0\x40\x40\0\0\x80\x40\0\0\xA0\x40\0\0\xC0\x40"

static void check_six(const char *path)
{
    sbj_archive *archive;
    sbertja_error error;
    float values[6];
    must(sbj_archive_open(&sbj_malloc, path, &archive, &error), &error);
    const sbj_stored *s = sbj_archive_find(archive, "w");
    ck_assert(s != NULL && s->dimensions == 1 && s->count == 6);
    must(sbj_stored_floats(s, values, &error), &error);
    ck_assert_mem_eq(values, six, sizeof six);
    sbj_archive_free(archive);
}

/* ---- Sound files ---- */

START_TEST(stored_data_is_not_copied)
{
    static const char *const paths[] = {"tests/data/tiny/hf-bin-zip/pytorch_model.bin",
                                        "tests/data/tiny/model-0.4.1/0_Transformer/pytorch_model.bin",
                                        "tests/data/tiny/hf-bin-legacy-gamma/pytorch_model.bin"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        sbj_archive *archive;
        sbertja_error error;
        must(sbj_archive_open(&sbj_malloc, paths[i], &archive, &error), &error);
        ck_assert_uint_eq(archive->copy_count, 0);
        sbj_archive_free(archive);
    }
}
END_TEST

START_TEST(zips)
{
    const zip_parts parts = {BYTES(DICT_OF(SIX)), {(const char *)six, sizeof six}, BYTES("little"), _i == 1};
    check_six(write_zip(&parts));
}
END_TEST

START_TEST(the_legacy_form)
{
    static const char file[] = MAGIC VERSION LITTLE DICT_OF(SIX) KEYS COUNT DATA;
    check_six(write_raw(file, sizeof file - 1));
}
END_TEST

/* What torch.save makes of other objects that hold a tensor. */
static const struct {
    const char *name;
    bytes pickle;
} dialects[] = {
    {"an OrderedDict with attributes", BYTES("\x80\2ccollections\nOrderedDict\n)R(X\1\0\0\0w" SIX "u}X\x09\0\0\0_metadata"
                                             "ccollections\nOrderedDict\n)Rsb.")},
    {"a parameter", BYTES("\x80\2}X\1\0\0\0wctorch._utils\n_rebuild_parameter\n" SIX
                          "\x88" "ccollections\nOrderedDict\n)R\x87Rs.")},
    {"protocol 4", BYTES("\x80\4\x95\0\1\0\0\0\0\0\0}\x94(\x8C\1w\x94\x8C\x0Ctorch._utils\x94\x8C\x12_rebuild_tensor_v2\x94"
                         "\x93\x94((\x8C\7storage\x94\x8C\5torch\x94\x8C\x0C" "FloatStorage\x94\x93\x94\x8C\1" "0\x94"
                         "\x8C\3cpu\x94K\6t\x94QK\0K\6\x85\x94K\1\x85\x94\x89\x8C\x0B" "collections\x94\x8C\x0B"
                         "OrderedDict\x94\x93\x94)R\x94t\x94R\x94u.")},
    {"entries that are no tensors",
     BYTES("\x80\2}(X\4\0\0\0stepJ\xFF\xFF\xFF\xFFX\2\0\0\0lrG\0\0\0\0\0\0\0\0X\1\0\0\0n\x8A\x09\0\0\0\0\0\0\0\0\1K\5X\1"
           "\0\0\0kX\1\0\0\0l](NK\1eX\1\0\0\0m]Na\x85\x85X\1\0\0\0w" SIX "u.")},
};

START_TEST(dialects_of_pickles)
{
    zip_parts parts = {dialects[_i].pickle, {(const char *)six, sizeof six}, {NULL, 0}, false};
    check_six(write_zip(&parts));
}
END_TEST

#define VIEW(offset, shape, strides) DICT_OF(TENSOR_OF(STORAGE_ID("FloatStorage", "K\6", ""), offset, shape, strides))

static const struct {
    const char *name;
    bytes pickle;
    size_t dimensions, count;
    float values[6];
    bool copied;
} views[] = {
    {"a scalar", BYTES(VIEW("K\2", ")", ")")), 0, 1, {3}, false},
    {"the end of a storage", BYTES(VIEW("K\4", "K\2\x85", "K\1\x85")), 1, 2, {5, 6}, false},
    {"rows", BYTES(VIEW("K\0", "K\2K\3\x86", "K\3K\1\x86")), 2, 6, {1, 2, 3, 4, 5, 6}, false},
    {"transposed", BYTES(VIEW("K\0", "K\3K\2\x86", "K\1K\3\x86")), 2, 6, {1, 4, 2, 5, 3, 6}, true},
    {"every second column", BYTES(VIEW("K\1", "K\2K\1\x86", "K\3K\2\x86")), 2, 2, {2, 5}, true},
    {"one row, whatever its stride", BYTES(VIEW("K\3", "K\1K\3\x86", "K\x63K\1\x86")), 2, 3, {4, 5, 6}, false},
    {"nothing, wherever it lies", BYTES(VIEW("K\x63", "K\0K\3\x86", "K\3K\1\x86")), 2, 0, {0}, false},
    {"three dimensions", BYTES(VIEW("K\0", "K\1K\3K\2\x87", "K\6K\1K\3\x87")), 3, 6, {1, 4, 2, 5, 3, 6}, true},
};

START_TEST(views_of_storages)
{
    zip_parts parts = {views[_i].pickle, {(const char *)six, sizeof six}, {NULL, 0}, false};
    sbj_archive *archive;
    sbertja_error error;
    float values[6];
    must(sbj_archive_open(&sbj_malloc, write_zip(&parts), &archive, &error), &error);
    const sbj_stored *s = sbj_archive_find(archive, "w");
    ck_assert_msg(s->dimensions == views[_i].dimensions && s->count == views[_i].count, "%s", views[_i].name);
    must(sbj_stored_floats(s, values, &error), &error);
    ck_assert_msg(memcmp(values, views[_i].values, s->count * sizeof *values) == 0, "%s", views[_i].name);
    ck_assert_msg((archive->copy_count > 0) == views[_i].copied, "%s", views[_i].name);
    sbj_archive_free(archive);
}
END_TEST

static const struct {
    const char *class;
    sbj_dtype dtype;
} classes[] = {
    {"DoubleStorage", SBJ_DTYPE_F64}, {"FloatStorage", SBJ_DTYPE_F32}, {"HalfStorage", SBJ_DTYPE_F16},
    {"BFloat16Storage", SBJ_DTYPE_BF16}, {"LongStorage", SBJ_DTYPE_I64}, {"IntStorage", SBJ_DTYPE_I32},
    {"ShortStorage", SBJ_DTYPE_I16}, {"CharStorage", SBJ_DTYPE_I8}, {"ByteStorage", SBJ_DTYPE_U8},
    {"BoolStorage", SBJ_DTYPE_BOOL},
};

START_TEST(classes_of_storages)
{
    static const char before[] = "\x80\2}X\1\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\n";
    static const char after[] = "\nX\1\0\0\0000X\3\0\0\0cpuK\3tQK\0K\3\x85K\1\x85\x89" "ccollections\nOrderedDict\n)RtRs.";
    static const char zeros[24];
    char pickle[400];
    sbj_archive *archive;
    sbertja_error error;
    size_t length = strlen(classes[_i].class);
    memcpy(pickle, before, sizeof before - 1);
    memcpy(pickle + sizeof before - 1, classes[_i].class, length);
    memcpy(pickle + sizeof before - 1 + length, after, sizeof after - 1);
    zip_parts parts = {{pickle, sizeof before + length + sizeof after - 2},
                       {zeros, 3 * sbj_dtype_size(classes[_i].dtype)}, {NULL, 0}, false};
    must(sbj_archive_open(&sbj_malloc, write_zip(&parts), &archive, &error), &error);
    ck_assert_int_eq(sbj_archive_at(archive, 0)->dtype, classes[_i].dtype);
    sbj_archive_free(archive);
}
END_TEST

/* ---- Wrong files ---- */

static const struct {
    const char *name;
    bytes pickle;
    sbertja_status status;
    const char *message;
} wrong[] = {
    {"past the end", BYTES(VIEW("K\1", "K\6\x85", "K\1\x85")), SBERTJA_E_FORMAT, "w: does not lie in its storage"},
    {"strides past the end", BYTES(VIEW("K\0", "K\2K\3\x86", "K\4K\1\x86")), SBERTJA_E_FORMAT, "does not lie"},
    {"a negative offset", BYTES(VIEW("J\xFF\xFF\xFF\xFF", "K\1\x85", "K\1\x85")), SBERTJA_E_FORMAT, "w: expected a storage"},
    {"a negative size", BYTES(VIEW("K\0", "J\xFF\xFF\xFF\xFF\x85", "K\1\x85")), SBERTJA_E_FORMAT, "whole numbers"},
    {"a negative stride", BYTES(VIEW("K\5", "K\6\x85", "J\xFF\xFF\xFF\xFF\x85")), SBERTJA_E_FORMAT, "whole numbers"},
    {"fewer strides than sizes", BYTES(VIEW("K\0", "K\2K\3\x86", "K\1\x85")), SBERTJA_E_FORMAT, "w: expected a storage"},
    {"a size that wraps", BYTES(VIEW("K\0", "\x8A\x08\0\0\0\0\0\0\0\x40K\4\x86", "K\0K\1\x86")), SBERTJA_E_FORMAT,
     "does not lie"},
    {"a stride that wraps", BYTES(VIEW("K\0", "K\3\x85", "\x8A\x08\0\0\0\0\0\0\0\x7F\x85")), SBERTJA_E_FORMAT, "does not lie"},
    {"an expanded tensor", BYTES(VIEW("K\0", "M\0\1K\6\x86", "K\0K\1\x86")), SBERTJA_E_UNSUPPORTED, "w: an expanded tensor"},
    {"nine dimensions", BYTES(VIEW("K\0", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t")),
     SBERTJA_E_UNSUPPORTED, "w: more than 8 dimensions"},
    {"a storage of another size", BYTES(DICT_OF(TENSOR_OF(STORAGE_ID("FloatStorage", "K\5", ""), "K\0", "K\5\x85", "K\1\x85"))),
     SBERTJA_E_FORMAT, "w: expected a storage of 20 bytes, found 24"},
    {"a storage inside another", BYTES(DICT_OF(TENSOR_OF(STORAGE_ID("FloatStorage", "K\6", "K\1"), "K\0", "K\6\x85", "K\1\x85"))),
     SBERTJA_E_UNSUPPORTED, "a part of another one"},
    {"an unknown storage", BYTES(DICT_OF(TENSOR_OF(STORAGE_ID("QInt8Storage", "K\6", ""), "K\0", "K\6\x85", "K\1\x85"))),
     SBERTJA_E_UNSUPPORTED, "refuses to call torch.QInt8Storage"},
    {"a name with a NUL", BYTES("\x80\2}X\2\0\0\0w\0" SIX "s."), SBERTJA_E_FORMAT, "a NUL byte"},
    {"a name that is no text", BYTES("\x80\2}X\1\0\0\0\xFF" SIX "s."), SBERTJA_E_FORMAT, "not UTF-8"},
    {"a name twice", BYTES("\x80\2}X\1\0\0\0w" SIX "sX\1\0\0\0w" SIX "s."), SBERTJA_E_FORMAT, "w: there twice"},
    {"a call with control characters", BYTES("\x80\2cos\nsys\x1B[1mtem\n)R."), SBERTJA_E_FORMAT, "an unreadable name"},
    {"two values", BYTES("\x80\2}}."), SBERTJA_E_FORMAT, "expected one value"},
    {"a mark as value", BYTES("\x80\2(."), SBERTJA_E_FORMAT, "expected one value"},
    {"bytes after it", BYTES("\x80\2}.x"), SBERTJA_E_FORMAT, "1 bytes follow"},
    {"protocol 6", BYTES("\x80\6}."), SBERTJA_E_UNSUPPORTED, "protocol 6"},
    {"a memo far away", BYTES("\x80\2}r\xFF\xFF\xFF\xFF."), SBERTJA_E_FORMAT, "a wrong memo"},
    {"a memo of a mark", BYTES("\x80\2(q\0."), SBERTJA_E_FORMAT, "a wrong memo"},
    {"a text longer than the file", BYTES("\x80\2X\xFF\xFF\xFF\xFFx."), SBERTJA_E_FORMAT, "the file ends inside it"},
    {"a tuple across a mark", BYTES("\x80\2K\1(K\2\x86."), SBERTJA_E_FORMAT, "a tuple of values that are not there"},
    {"an item for a number", BYTES("\x80\2K\1K\2K\3s."), SBERTJA_E_FORMAT, "items for something that takes none"},
    {"attributes of a list", BYTES("\x80\2]}b."), SBERTJA_E_FORMAT, "attributes for something that has none"},
    {"a call of a storage", BYTES("\x80\2" "ctorch\nFloatStorage\n)R."), SBERTJA_E_FORMAT, "a storage that is called"},
    {"an OrderedDict of something", BYTES("\x80\2" "ccollections\nOrderedDict\n]\x85R."), SBERTJA_E_FORMAT, "from arguments"},
};

START_TEST(wrong_pickles)
{
    zip_parts parts = {wrong[_i].pickle, {(const char *)six, sizeof six}, {NULL, 0}, false};
    sbj_archive *archive;
    sbertja_error error;
    sbertja_status status = sbj_archive_open(&sbj_malloc, write_zip(&parts), &archive, &error);
    ck_assert_msg(status == wrong[_i].status, "%s: status %d: %s", wrong[_i].name, (int)status, error.message);
    ck_assert_msg(strstr(error.message, wrong[_i].message) != NULL, "%s: %s", wrong[_i].name, error.message);
    ck_assert_ptr_null(archive);
}
END_TEST

static const struct {
    const char *name;
    zip_parts parts;
    sbertja_status status;
    const char *message;
} wrong_parts[] = {
    {"no pickle", {{NULL, 0}, BYTES("x"), BYTES("little"), false}, SBERTJA_E_FORMAT, "no data.pkl"},
    {"no storage", {BYTES(DICT_OF(SIX)), {NULL, 0}, {NULL, 0}, false}, SBERTJA_E_FORMAT, "w: its storage is not in the file"},
    {"a short storage", {BYTES(DICT_OF(SIX)), BYTES("x"), {NULL, 0}, false}, SBERTJA_E_FORMAT, "w: expected a storage of 24"},
    {"big-endian", {BYTES(DICT_OF(SIX)), BYTES(DATA), BYTES("big"), false}, SBERTJA_E_UNSUPPORTED, "byteorder"},
};

START_TEST(wrong_zips)
{
    sbj_archive *archive;
    sbertja_error error;
    sbertja_status status = sbj_archive_open(&sbj_malloc, write_zip(&wrong_parts[_i].parts), &archive, &error);
    ck_assert_msg(status == wrong_parts[_i].status, "%s: status %d", wrong_parts[_i].name, (int)status);
    ck_assert_msg(strstr(error.message, wrong_parts[_i].message) != NULL, "%s: %s", wrong_parts[_i].name, error.message);
}
END_TEST

static const struct {
    const char *name;
    bytes file;
    sbertja_status status;
    const char *message;
} wrong_legacies[] = {
    {"another magic number", BYTES("\x80\2\x8A\2\1\1."), SBERTJA_E_FORMAT, "a pickle, but not a PyTorch checkpoint"},
    {"another version", BYTES(MAGIC "\x80\2M\xEA\3."), SBERTJA_E_UNSUPPORTED, "another version than 1001"},
    {"big-endian", BYTES(MAGIC VERSION "\x80\2}X\x0D\0\0\0little_endian\x89s."), SBERTJA_E_UNSUPPORTED, "not little-endian"},
    {"keys that are no list", BYTES(MAGIC VERSION LITTLE DICT_OF(SIX) "\x80\2}."), SBERTJA_E_FORMAT, "a list of storage keys"},
    {"a key that is no text", BYTES(MAGIC VERSION LITTLE DICT_OF(SIX) "\x80\2]K\1a."), SBERTJA_E_FORMAT, "no string"},
    {"a key that nobody has", BYTES(MAGIC VERSION LITTLE DICT_OF(SIX) "\x80\2]X\1\0\0\0001a." COUNT DATA), SBERTJA_E_FORMAT,
     "a storage key that no tensor has"},
    {"a key twice", BYTES(MAGIC VERSION LITTLE DICT_OF(SIX) "\x80\2](X\1\0\0\0000X\1\0\0\0000e." COUNT DATA COUNT DATA),
     SBERTJA_E_FORMAT, "comes twice"},
    {"no keys", BYTES(MAGIC VERSION LITTLE DICT_OF(SIX) "\x80\2]."), SBERTJA_E_FORMAT, "w: its storage is not in the file"},
    {"another count", BYTES(MAGIC VERSION LITTLE DICT_OF(SIX) KEYS "\5\0\0\0\0\0\0\0" DATA), SBERTJA_E_FORMAT,
     "expected the 6 elements of a storage, found 5"},
    {"bytes after the storages", BYTES(MAGIC VERSION LITTLE DICT_OF(SIX) KEYS COUNT DATA "x"), SBERTJA_E_FORMAT, "1 bytes follow"},
    {"one storage, two types", BYTES(MAGIC VERSION LITTLE "\x80\2}X\1\0\0\0w" SIX "sX\1\0\0\0v"
                                     TENSOR_OF(STORAGE_ID("HalfStorage", "K\6", ""), "K\0", "K\6\x85", "K\1\x85") "s." KEYS COUNT DATA),
     SBERTJA_E_FORMAT, "a storage with two descriptions"},
};

START_TEST(wrong_legacy_files)
{
    sbj_archive *archive;
    sbertja_error error;
    const char *path = write_raw(wrong_legacies[_i].file.data, wrong_legacies[_i].file.size);
    sbertja_status status = sbj_archive_open(&sbj_malloc, path, &archive, &error);
    ck_assert_msg(status == wrong_legacies[_i].status, "%s: status %d: %s", wrong_legacies[_i].name, (int)status,
                  error.message);
    ck_assert_msg(strstr(error.message, wrong_legacies[_i].message) != NULL, "%s: %s", wrong_legacies[_i].name,
                  error.message);
}
END_TEST

/* Deep nesting, a long memo, far marks: done in an instant, by no recursion. */
START_TEST(endless_pickles)
{
    enum { MANY = 300000 };
    static char pickle[MANY + 2];
    static const struct {
        char first, rest, last;
    } shapes[] = {{')', '\x85', '.'}, {'(', '(', 't'}, {'N', 'N', 't'}, {']', '\x94', '.'}};
    sbj_archive *archive;
    sbertja_error error;
    memset(pickle, shapes[_i].rest, sizeof pickle);
    pickle[0] = shapes[_i].first;
    pickle[sizeof pickle - 1] = shapes[_i].last;
    zip_parts parts = {{pickle, sizeof pickle}, {NULL, 0}, {NULL, 0}, false};
    ck_assert_int_eq(sbj_archive_open(&sbj_malloc, write_zip(&parts), &archive, &error), SBERTJA_E_FORMAT);
}
END_TEST

/* ---- Files cut and changed everywhere ---- */

static size_t sample(int form, unsigned char *file, size_t room)
{
    static const char legacy[] = MAGIC VERSION LITTLE DICT_OF(SIX) KEYS COUNT DATA;
    const zip_parts parts = {BYTES(DICT_OF(SIX)), {(const char *)six, sizeof six}, BYTES("little"), form == 1};
    sbj_map map;
    sbertja_error error;
    const char *path = form == 2 ? write_raw(legacy, sizeof legacy - 1) : write_zip(&parts);
    must(sbj_map_open(path, &map, &error), &error);
    size_t size = map.size;
    ck_assert_uint_le(size, room);
    memcpy(file, map.data, size);
    sbj_map_close(&map);
    return size;
}

START_TEST(cut_everywhere)
{
    unsigned char file[2000];
    size_t size = sample(_i, file, sizeof file);
    for (size_t length = 0; length < size; length++) {
        sbj_archive *archive;
        sbertja_status status = sbj_archive_open(&sbj_malloc, write_raw(file, length), &archive, NULL);
        ck_assert_msg(status == SBERTJA_E_FORMAT, "%zu of %zu bytes: status %d", length, size, (int)status);
    }
}
END_TEST

START_TEST(every_bit_changed)
{
    unsigned char file[2000];
    size_t size = sample(_i, file, sizeof file);
    for (size_t bit = 0; bit < size * 8; bit++) {
        sbj_archive *archive;
        float values[6];
        file[bit / 8] ^= (unsigned char)(1 << bit % 8);
        if (sbj_archive_open(&sbj_malloc, write_raw(file, size), &archive, NULL) == SBERTJA_OK)
            for (size_t i = 0; i < sbj_archive_count(archive); i++) {
                ck_assert_uint_le(sbj_archive_at(archive, i)->count, 6);
                sbj_stored_floats(sbj_archive_at(archive, i), values, NULL);
            }
        sbj_archive_free(archive);
        file[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
}
END_TEST

/* ---- Writing ---- */

static sbertja_status give(void *context, size_t index, float *values, sbertja_error *error)
{
    (void)context, (void)index, (void)error;
    memcpy(values, six, sizeof six);
    return SBERTJA_OK;
}

START_TEST(the_pickle_written)
{
    static const sbj_entry entries[] = {{"w", 2, {2, 300}}, {"s", 0, {0}}, {"big", 1, {70000}}, {"水", 1, {SIZE_MAX / 4}}};
    static const char expected[] =
        "\x80\2" "ccollections\nOrderedDict\nq\0)R("
        "X\1\0\0\0wctorch._utils\n_rebuild_tensor_v2\nq\1((X\7\0\0\0storagectorch\nFloatStorage\nq\2X\1\0\0\0000"
        "X\3\0\0\0cpuM\x58\2tQK\0(K\2M\x2C\1t(M\x2C\1K\1t\x89h\0)RtR"
        "X\1\0\0\0sh\1((X\7\0\0\0storageh\2X\1\0\0\0001X\3\0\0\0cpuK\1tQK\0(t(t\x89h\0)RtR"
        "X\3\0\0\0bigh\1((X\7\0\0\0storageh\2X\1\0\0\0002X\3\0\0\0cpuJ\x70\x11\1\0tQK\0(J\x70\x11\1\0t(K\1t\x89h\0)RtR"
        "X\3\0\0\0水h\1((X\7\0\0\0storageh\2X\1\0\0\0003X\3\0\0\0cpu\x8A\x09\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x3F\0tQK\0("
        "\x8A\x09\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x3F\0t(K\1t\x89h\0)RtR"
        "u.";
    sbj_strbuf buffer = SBJ_STRBUF(&sbj_malloc);
    sbj_pickle_state_dict(&buffer, entries, 4);
    ck_assert_uint_eq(buffer.length, sizeof expected - 1);
    ck_assert_mem_eq(buffer.text, expected, buffer.length);
    sbj_strbuf_free(&buffer);
}
END_TEST

START_TEST(written_alike_every_time)
{
    static const sbj_entry entries[] = {{"w", 1, {6}}, {"v", 2, {2, 3}}};
    sbj_map map[2];
    sbertja_error error;
    for (int i = 0; i < 2; i++) {
        must(sbj_checkpoint_write(&sbj_malloc, temporary_path("c.bin"), entries, 2, give, NULL, &error), &error);
        must(sbj_map_open(temporary_path("c.bin"), &map[i], &error), &error);
    }
    ck_assert_uint_eq(map[0].size, map[1].size);
    ck_assert_mem_eq(map[0].data, map[1].data, map[0].size);
    sbj_map_close(&map[0]);
    sbj_map_close(&map[1]);
    check_six(temporary_path("c.bin"));
}
END_TEST

START_TEST(no_memory)
{
    static const sbj_entry entries[] = {{"w", 1, {6}}, {"v", 2, {2, 3}}};
    const char *path = temporary_path("w.bin");
    failing_alloc heap;
    size_t n = 0;
    do {
        failing_alloc_init(&heap, ++n);
        sbertja_status status = sbj_checkpoint_write(&heap.alloc, path, entries, 2, give, NULL, NULL);
        ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
        ck_assert_int_eq(sbj_is_file(path), status == SBERTJA_OK);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
}
END_TEST

#define COUNT_OF(array) (int)(sizeof array / sizeof *array)

SUITE_MAIN("io/checkpoint", 60, {stored_data_is_not_copied, 0}, {zips, 2}, {the_legacy_form, 0},
           {dialects_of_pickles, COUNT_OF(dialects)}, {views_of_storages, COUNT_OF(views)},
           {classes_of_storages, COUNT_OF(classes)}, {wrong_pickles, COUNT_OF(wrong)},
           {wrong_zips, COUNT_OF(wrong_parts)}, {wrong_legacy_files, COUNT_OF(wrong_legacies)}, {endless_pickles, 4},
           {cut_everywhere, 3}, {every_bit_changed, 3}, {the_pickle_written, 0}, {written_alike_every_time, 0},
           {no_memory, 0})
