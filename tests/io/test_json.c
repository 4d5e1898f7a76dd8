/* JSON: what is refused and where, typed look-ups, and what is written. */
#include "io/json.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing_alloc.h"
#include "support/suite.h"
#include "support/temporary.h"

static sbertja_status parse(const char *text, size_t length, sbj_json *json, sbertja_error *error)
{
    /* From memory of exactly this size, so that reading on is seen by the sanitizers. */
    char *exact = malloc(length + 1);
    char *end = exact + 1;
    memcpy(end, text, length);
    sbertja_status status = sbj_json_parse(&sbj_malloc, "c.json", end, length, json, error);
    free(exact);
    return status;
}

#define TEXT(text) text, sizeof text - 1

static const struct {
    const char *name, *text;
    size_t length;
    const char *message;
} wrong[] = {
    {"nothing", TEXT(""), "c.json: line 1, column 1: the text ends too early"},
    {"only blanks", TEXT(" \n "), "c.json: line 2"},
    {"cut in an object", TEXT("{\"a\":1"), "ends too early"},
    {"cut in a string", TEXT("{\"a\":\"b"), "c.json: line 1"},
    {"not JSON", TEXT("{\n  \"a\": what}"), "c.json: line 2, column 8: not valid JSON"},
    {"something after it", TEXT("{}\n x"), "c.json: line 2, column 2: something follows"},
    {"a second value", TEXT("{}{}"), "c.json: line 1, column 3: something follows"},
    {"a NUL byte after it", TEXT("{}\0"), "c.json: line 1, column 3: a NUL byte"},
    {"a NUL byte in a string", TEXT("{\"a\":\"b\0c\"}"), "column 8: a NUL byte"},
    {"an escaped NUL", TEXT("{\"a\\u0000b\":1}"), "column 4: a NUL character inside a string"},
    {"a line feed in a string", TEXT("[\"a\nb\"]"), "column 4: a control character inside a string"},
    {"half a character", TEXT("[\"\xE6\xB0\"]"), "column 3: invalid UTF-8"},
    {"a surrogate in UTF-8", TEXT("[\"\xED\xA0\x80\"]"), "column 3: invalid UTF-8"},
    {"an overlong slash", TEXT("[\"\xC0\xAF\"]"), "invalid UTF-8"},
    {"half a surrogate pair", TEXT("[\"\\ud800\"]"), "c.json: line 1"},
    {"a backslash at the end", TEXT("\"\\"), "c.json: line 1"},
    {"a key twice", TEXT("{\"a\":1,\"b\":2,\"a\":1}"), "c.json: a: the key is there twice in one object"},
    {"a key twice inside", TEXT("[0,{\"x\":{\"水\":1,\"\\u6c34\":2}}]"), "c.json: 水: the key is there twice"},
    {"a key twice among many",
     TEXT("{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,\"l\":1,\"m\":1,"
          "\"n\":1,\"o\":1,\"p\":1,\"q\":1,\"b\":null}"),
     "c.json: b: the key is there twice"},
    {"a comma too many", TEXT("[1,]"), "c.json: line 1, column 4: not valid JSON"},
    {"a leading zero", TEXT("[01]"), "not valid JSON"},
    {"no digits", TEXT("[1.]"), "column 4: not valid JSON"},
    {"a number of 64 characters", TEXT("[1234567890123456789012345678901234567890123456789012345678901234]"),
     "column 2: a number of more than 63 characters"},
    {"an unknown escape", TEXT("[\"\\x\"]"), "column 3: not a valid escape"},
    {"UTF-16", TEXT("\xFF\xFE{\0}\0"), "c.json: begins with the byte order mark of UTF-16"},
};

START_TEST(refused)
{
    sbj_json json;
    sbertja_error error;
    sbertja_status status = parse(wrong[_i].text, wrong[_i].length, &json, &error);
    ck_assert_msg(status == SBERTJA_E_FORMAT, "%s: status %d", wrong[_i].name, (int)status);
    ck_assert_msg(strstr(error.message, wrong[_i].message) != NULL, "%s: %s", wrong[_i].name, error.message);
    ck_assert_ptr_null(json.root);
    sbj_json_free(&json);
}
END_TEST

/* What is damaged is a fault, never a lack of memory, which is what remains if cJSON refuses what the scan let pass. */
START_TEST(damaged_is_never_out_of_memory)
{
    const char text[] = "{\"k\": [1.5e-3, -0, \"\\ud83d\\ude00\\n\", true, null, {}], \"b\": {\"c\": false}}";
    for (size_t at = 0; at < sizeof text - 1; at++)
        for (int byte = 0; byte < 256; byte++) {
            char changed[sizeof text];
            sbj_json json;
            sbertja_error error;
            memcpy(changed, text, sizeof text);
            changed[at] = (char)byte;
            sbertja_status status = parse(changed, sizeof text - 1, &json, &error);
            ck_assert_msg(status == SBERTJA_OK || status == SBERTJA_E_FORMAT, "%s: %s", changed, error.message);
            sbj_json_free(&json);
        }
}
END_TEST

START_TEST(size_is_limited)
{
    const size_t size = (16 << 20) + 1;
    char *text = malloc(size);
    sbj_json json;
    sbertja_error error;
    memset(text, '0', size);
    for (size_t i = 2; i < size; i += 2)
        text[i] = ',';
    text[0] = '[';
    ck_assert_int_eq(parse(text, size, &json, &error), SBERTJA_E_FORMAT);
    ck_assert_msg(strstr(error.message, "more values than are read from a file") != NULL, "%s", error.message);
    const char *path = temporary_path("large.json");
    ck_assert_int_eq(sbj_write_file(path, text, size, &error), SBERTJA_OK);
    ck_assert_int_eq(sbj_json_read(&sbj_malloc, path, &json, &error), SBERTJA_E_FORMAT);
    ck_assert_msg(strstr(error.message, "large.json: 16777217 bytes, expected at most 16777216") != NULL, "%s",
                  error.message);
    free(text);
}
END_TEST

START_TEST(byte_order_mark_is_skipped)
{
    sbj_json json;
    sbertja_error error;
    ck_assert_int_eq(parse("\xEF\xBB\xBF[1]", 6, &json, &error), SBERTJA_OK);
    ck_assert(cJSON_IsArray(json.root));
    sbj_json_free(&json);
}
END_TEST

START_TEST(depth_is_limited)
{
    char text[100000];
    sbj_json json;
    sbertja_error error;
    memset(text, '[', sizeof text);
    ck_assert_int_eq(parse(text, sizeof text, &json, &error), SBERTJA_E_FORMAT);
    ck_assert_msg(strstr(error.message, "column 101: nested too deeply") != NULL, "%s", error.message);
    memset(text + 100, ']', 100);
    ck_assert_int_eq(parse(text, 200, &json, &error), SBERTJA_OK);
    sbj_json_free(&json);
    /* brackets in a string have no depth */
    ck_assert_int_eq(parse("[\"[[{{\\\"[[\"]", 12, &json, &error), SBERTJA_OK);
    sbj_json_free(&json);
}
END_TEST

static const char sample[] = "{\"n\": 12, \"neg\": -3, \"big\": 1000000000000000019884624838656, \"small\": -1e30,\n"
                             "\"half\": 0.5, \"huge\": 1e999, \"yes\": true, \"no\": false, \"null\": null,\n"
                             "\"text\": \"水\\n\\u6f0f\\ud83d\\ude00\", \"list\": [], \"object\": {\"n\": 1}} ";

static const struct {
    const char *key;
    long value;
    const char *message; /* NULL: good */
} integers[] = {
    {"n", 12, NULL},
    {"neg", -3, NULL},
    {"big", LONG_MAX, NULL},
    {"small", LONG_MIN, NULL},
    {"null", 77, NULL},
    {"absent", 77, NULL},
    {"N", 77, NULL}, /* keys have case */
    {"half", 77, "c.json: half: expected an integer, found a fraction"},
    {"yes", 77, "c.json: yes: expected an integer, found a boolean"},
    {"text", 77, "c.json: text: expected an integer, found a string"},
    {"list", 77, "c.json: list: expected an integer, found a list"},
    {"object", 77, "c.json: object: expected an integer, found an object"},
};

static void open_sample(sbj_json *json)
{
    sbertja_error error;
    ck_assert_msg(parse(TEXT(sample), json, &error) == SBERTJA_OK, "%s", error.message);
}

static void check(sbertja_status status, const char *expected, const sbertja_error *error)
{
    ck_assert_msg(status == (expected == NULL ? SBERTJA_OK : SBERTJA_E_FORMAT), "%s", error->message);
    if (expected != NULL)
        ck_assert_str_eq(error->message, expected);
}

START_TEST(integer)
{
    sbj_json json;
    sbertja_error error;
    long value;
    open_sample(&json);
    check(sbj_json_int(&json, json.root, integers[_i].key, 77, &value, &error), integers[_i].message, &error);
    ck_assert_int_eq(value, integers[_i].value);
    sbj_json_free(&json);
}
END_TEST

START_TEST(number_boolean_text)
{
    sbj_json json;
    sbertja_error error;
    double number;
    bool boolean;
    const char *text;
    open_sample(&json);
    check(sbj_json_number(&json, json.root, "half", 7, &number, &error), NULL, &error);
    ck_assert(number == 0.5);
    check(sbj_json_number(&json, json.root, "n", 7, &number, &error), NULL, &error);
    ck_assert(number == 12);
    check(sbj_json_number(&json, json.root, "null", 7, &number, &error), NULL, &error);
    ck_assert(number == 7);
    check(sbj_json_number(&json, json.root, "yes", 7, &number, &error), "c.json: yes: expected a number, found a boolean",
          &error);
    check(sbj_json_number(&json, json.root, "huge", 7, &number, &error), "c.json: huge: a number too large for a double",
          &error);
    check(sbj_json_bool(&json, json.root, "yes", false, &boolean, &error), NULL, &error);
    ck_assert(boolean);
    check(sbj_json_bool(&json, json.root, "no", true, &boolean, &error), NULL, &error);
    ck_assert(!boolean);
    check(sbj_json_bool(&json, json.root, "absent", true, &boolean, &error), NULL, &error);
    ck_assert(boolean);
    check(sbj_json_bool(&json, json.root, "n", true, &boolean, &error),
          "c.json: n: expected true or false, found an integer", &error);
    check(sbj_json_text(&json, json.root, "text", "x", &text, &error), NULL, &error);
    ck_assert_str_eq(text, "水\n漏😀");
    check(sbj_json_text(&json, json.root, "null", NULL, &text, &error), NULL, &error);
    ck_assert_ptr_null(text);
    check(sbj_json_text(&json, json.root, "n", "x", &text, &error), "c.json: n: expected a string, found an integer",
          &error);
    sbj_json_free(&json);
}
END_TEST

START_TEST(inside_an_object)
{
    sbj_json json;
    sbertja_error error;
    long value;
    open_sample(&json);
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(json.root, "object");
    check(sbj_json_int(&json, object, "n", 0, &value, &error), NULL, &error);
    ck_assert_int_eq(value, 1);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json.root, "list");
    check(sbj_json_int(&json, list, "n", 0, &value, &error),
          "c.json: expected an object with the key n, found a list", &error);
    sbj_json_free(&json);
}
END_TEST

START_TEST(read_from_files)
{
    sbj_json json;
    sbertja_error error;
    const char *path = temporary_path("f.json");
    ck_assert_int_eq(sbj_json_read(&sbj_malloc, path, &json, &error), SBERTJA_E_IO);
    sbj_json_free(&json);
    ck_assert_int_eq(sbj_write_file(path, "{\"a\":[}]}", 9, &error), SBERTJA_OK);
    ck_assert_int_eq(sbj_json_read(&sbj_malloc, path, &json, &error), SBERTJA_E_FORMAT);
    ck_assert_msg(strstr(error.message, "f.json: line 1, column 7") != NULL, "%s", error.message);
    ck_assert_int_eq(sbj_write_file(path, "", 0, &error), SBERTJA_OK);
    ck_assert_int_eq(sbj_json_read(&sbj_malloc, path, &json, &error), SBERTJA_E_FORMAT);
    ck_assert_int_eq(sbj_write_file(path, TEXT(sample), &error), SBERTJA_OK);
    ck_assert_int_eq(sbj_json_read(&sbj_malloc, path, &json, &error), SBERTJA_OK);
    sbj_json_free(&json);
}
END_TEST

/* Every beginning of a text is an error but the whole. */
START_TEST(cut)
{
    for (size_t length = 0; length < sizeof sample - 2; length++) {
        sbj_json json;
        ck_assert_msg(parse(sample, length, &json, NULL) == SBERTJA_E_FORMAT, "%zu bytes", length);
    }
}
END_TEST

static const char written[] = "{\n"
                              "  \"text\": \"水\\t\\\"\\\\\",\n"
                              "  \"list\": [1, 2.5],\n"
                              "  \"object\": {\n"
                              "    \"eps\": 1e-12,\n"
                              "    \"none\": null\n"
                              "  }\n"
                              "}\n";

START_TEST(written_as_it_was)
{
    sbj_json json;
    sbj_map map;
    sbertja_error error;
    const char *path = temporary_path("w.json");
    /* A locale with a decimal comma, where the machine has one, must not show. */
    setlocale(LC_ALL, "de_DE.UTF-8");
    ck_assert_int_eq(parse(TEXT(written), &json, &error), SBERTJA_OK);
    sbj_json_tree tree = sbj_json_begin(json.root);
    json.root = NULL;
    sbj_json_free(&json);
    ck_assert_int_eq(sbj_json_write(&tree, path, &error), SBERTJA_OK);
    ck_assert_int_eq(sbj_map_open(path, &map, &error), SBERTJA_OK);
    ck_assert_msg(map.size == sizeof written - 1 && memcmp(map.data, written, map.size) == 0, "%.*s", (int)map.size,
                  map.data);
    sbj_map_close(&map);
    tree = sbj_json_begin(NULL); /* a tree that could not be built */
    ck_assert_ptr_null(sbj_json_put(&tree, tree.root, "key", NULL));
    ck_assert_int_eq(sbj_json_write(&tree, path, &error), SBERTJA_E_MEMORY);
}
END_TEST

START_TEST(quoted)
{
    sbj_strbuf buffer = SBJ_STRBUF(&sbj_malloc);
    sbj_json json;
    char all[0x7F];
    for (int c = 1; c < 0x80; c++)
        all[c - 1] = (char)c;
    sbj_json_quote(&buffer, "水\"\\/\n\x01\0b", 10);
    ck_assert_str_eq(buffer.text, "\"水\\\"\\\\/\\n\\u0001\\u0000b\"");
    sbj_strbuf_clear(&buffer);
    sbj_json_quote(&buffer, all, sizeof all);
    ck_assert_int_eq(parse(buffer.text, buffer.length, &json, NULL), SBERTJA_OK);
    ck_assert_mem_eq(json.root->valuestring, all, sizeof all);
    sbj_json_free(&json);
    sbj_strbuf_free(&buffer);
}
END_TEST

START_TEST(no_memory)
{
    failing_alloc heap;
    size_t n = 0;
    do {
        sbj_json json;
        failing_alloc_init(&heap, ++n);
        sbertja_status status = sbj_json_parse(&heap.alloc, "c.json", TEXT(sample), &json, NULL);
        ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
        sbj_json_free(&json);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
}
END_TEST

SUITE_MAIN("io/json", 20, {refused, sizeof wrong / sizeof *wrong}, {depth_is_limited, 0},
           {damaged_is_never_out_of_memory, 0}, {size_is_limited, 0}, {byte_order_mark_is_skipped, 0},
           {integer, sizeof integers / sizeof *integers}, {number_boolean_text, 0}, {inside_an_object, 0},
           {read_from_files, 0}, {cut, 0}, {written_as_it_was, 0}, {quoted, 0}, {no_memory, 0})
