/* JSON through cJSON. cJSON is lenient and reports a fault only by its place, so the text is scanned first for what it
 * would let through and later code would trip over: NUL characters, bytes that are no UTF-8, deep nesting. */
#include "io/json.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "io/input.h"
#include "io/valid_utf8.h"

enum { MOST_LEVELS = 100 };

/* Integers beyond this are not exact in a double, which is all that cJSON keeps. */
static const double exact = 9007199254740992.0;

/* "config.json: line 3, column 14: what". Columns count bytes from 1. */
static sbertja_status fail_at(sbertja_error *error, const char *name, const char *text, size_t place, const char *what)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < place; i++) {
        column++;
        if (text[i] == '\n') {
            line++;
            column = 1;
        }
    }
    return sbj_fail(error, SBERTJA_E_FORMAT, "%s: line %zu, column %zu: %s", name, line, column, what);
}

/* What is wrong with the text before cJSON sees it, or NULL; `*place` is where. `*open`: whether a string, list or object
 * does not end. */
static const char *fault_before_parsing(const char *text, size_t length, size_t *place, bool *open)
{
    bool in_string = false;
    int levels = 0;
    *open = false;
    *place = sbj_valid_utf8(text, length);
    if (*place < length)
        return "invalid UTF-8";
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        *place = i;
        if (c == '\0')
            return "a NUL byte";
        if (c == '"')
            in_string = !in_string;
        else if (in_string && (unsigned char)c < 0x20)
            return "a control character inside a string";
        else if (in_string && c == '\\') {
            if (length - i >= 6 && memcmp(text + i, "\\u0000", 6) == 0)
                return "a NUL character inside a string";
            i++;
        } else if (!in_string && (c == '[' || c == '{') && ++levels > MOST_LEVELS)
            return "nested too deeply";
        else if (!in_string && (c == ']' || c == '}'))
            levels--;
    }
    *open = in_string || levels > 0;
    return NULL;
}

static size_t skip_blanks(const char *text, size_t length, size_t place)
{
    while (place < length && strchr(" \t\r\n", text[place]) != NULL)
        place++;
    return place;
}

static sbertja_status parse(const char *name, const char *text, size_t length, struct cJSON **root,
                            sbertja_error *error)
{
    size_t place;
    bool open;
    const char *what = fault_before_parsing(text, length, &place, &open), *end = text;
    if (what != NULL)
        return fail_at(error, name, text, place, what);
    *root = cJSON_ParseWithLengthOpts(text, length, &end, 0);
    place = end == NULL || end < text ? 0 : (size_t)(end - text);
    /* The end of the text is for cJSON the last byte before it. */
    if (*root == NULL && place + 1 >= length && (open || length == 0))
        return fail_at(error, name, text, length, "the text ends too early");
    if (*root == NULL)
        return fail_at(error, name, text, place < length ? place : length, "not valid JSON");
    place = skip_blanks(text, length, place);
    if (place < length)
        return fail_at(error, name, text, place, "something follows the end of the JSON value");
    return SBERTJA_OK;
}

sbertja_status sbj_json_parse(const sbj_alloc *alloc, const char *name, const char *text, size_t length, sbj_json *json,
                              sbertja_error *error)
{
    memset(json, 0, sizeof *json);
    json->alloc = alloc;
    json->name = sbj_copy_text(alloc, name, strlen(name));
    sbertja_status status = json->name == NULL ? sbj_no_memory(error, strlen(name) + 1)
                                               : parse(name, text, length, &json->root, error);
    if (status != SBERTJA_OK)
        sbj_json_free(json);
    return status;
}

sbertja_status sbj_json_read(const sbj_alloc *alloc, const char *path, sbj_json *json, sbertja_error *error)
{
    sbj_content file;
    memset(json, 0, sizeof *json);
    sbertja_status status = sbj_content_read(alloc, path, &file, error);
    if (status != SBERTJA_OK)
        return status;
    status = sbj_json_parse(alloc, path, (const char *)file.data, file.size, json, error);
    sbj_content_free(&file);
    return status;
}

void sbj_json_free(sbj_json *json)
{
    cJSON_Delete(json->root);
    if (json->alloc != NULL)
        sbj_free(json->alloc, json->name);
    memset(json, 0, sizeof *json);
}

static const char *kind_of(const struct cJSON *item)
{
    if (cJSON_IsBool(item))
        return "a boolean";
    if (cJSON_IsNumber(item))
        return item->valuedouble == floor(item->valuedouble) ? "an integer" : "a fraction";
    if (cJSON_IsString(item))
        return "a string";
    if (cJSON_IsArray(item))
        return "a list";
    return cJSON_IsObject(item) ? "an object" : "null";
}

static sbertja_status wrong_kind(const sbj_json *json, const char *key, const char *expected, const struct cJSON *item,
                                 sbertja_error *error)
{
    return sbj_fail(error, SBERTJA_E_FORMAT, "%s: %s: expected %s, found %s", json->name, key, expected, kind_of(item));
}

/* `*item` NULL: the fallback. */
static sbertja_status find(const sbj_json *json, const struct cJSON *object, const char *key, const struct cJSON **item,
                           sbertja_error *error)
{
    *item = NULL;
    if (!cJSON_IsObject(object))
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: expected an object with the key %s, found %s", json->name, key,
                        kind_of(object));
    *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (cJSON_IsNull(*item))
        *item = NULL;
    return SBERTJA_OK;
}

sbertja_status sbj_json_int(const sbj_json *json, const struct cJSON *object, const char *key, long fallback,
                            long *value, sbertja_error *error)
{
    const struct cJSON *item;
    *value = fallback;
    sbertja_status status = find(json, object, key, &item, error);
    if (status != SBERTJA_OK || item == NULL)
        return status;
    if (!cJSON_IsNumber(item) || item->valuedouble != floor(item->valuedouble))
        return wrong_kind(json, key, "an integer", item, error);
    if (fabs(item->valuedouble) <= exact && item->valuedouble >= (double)LONG_MIN &&
        item->valuedouble <= (double)LONG_MAX)
        *value = (long)item->valuedouble;
    else
        *value = item->valuedouble < 0 ? LONG_MIN : LONG_MAX;
    return SBERTJA_OK;
}

sbertja_status sbj_json_number(const sbj_json *json, const struct cJSON *object, const char *key, double fallback,
                               double *value, sbertja_error *error)
{
    const struct cJSON *item;
    *value = fallback;
    sbertja_status status = find(json, object, key, &item, error);
    if (status != SBERTJA_OK || item == NULL)
        return status;
    if (!cJSON_IsNumber(item))
        return wrong_kind(json, key, "a number", item, error);
    if (!isfinite(item->valuedouble))
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: %s: a number too large for a double", json->name, key);
    *value = item->valuedouble;
    return SBERTJA_OK;
}

sbertja_status sbj_json_bool(const sbj_json *json, const struct cJSON *object, const char *key, bool fallback,
                             bool *value, sbertja_error *error)
{
    const struct cJSON *item;
    *value = fallback;
    sbertja_status status = find(json, object, key, &item, error);
    if (status != SBERTJA_OK || item == NULL)
        return status;
    if (!cJSON_IsBool(item))
        return wrong_kind(json, key, "true or false", item, error);
    *value = cJSON_IsTrue(item);
    return SBERTJA_OK;
}

sbertja_status sbj_json_text(const sbj_json *json, const struct cJSON *object, const char *key, const char *fallback,
                             const char **value, sbertja_error *error)
{
    const struct cJSON *item;
    *value = fallback;
    sbertja_status status = find(json, object, key, &item, error);
    if (status != SBERTJA_OK || item == NULL)
        return status;
    if (!cJSON_IsString(item))
        return wrong_kind(json, key, "a string", item, error);
    *value = item->valuestring;
    return SBERTJA_OK;
}

/* cJSON puts a tab after each colon and indents by tabs; inside strings it writes them as \t. */
static void append_with_blanks(sbj_strbuf *buffer, const char *printed)
{
    for (const char *c = printed; *c != '\0'; c++)
        if (*c != '\t')
            sbj_strbuf_bytes(buffer, c, 1);
        else
            sbj_strbuf_text(buffer, c > printed && c[-1] == ':' ? " " : "  ");
    sbj_strbuf_text(buffer, "\n");
}

sbj_json_tree sbj_json_begin(cJSON *root)
{
    return (sbj_json_tree){root, root == NULL};
}

cJSON *sbj_json_put(sbj_json_tree *tree, cJSON *parent, const char *key, cJSON *item)
{
    if (parent != NULL && item != NULL &&
        (key != NULL ? cJSON_AddItemToObject(parent, key, item) : cJSON_AddItemToArray(parent, item)))
        return item;
    cJSON_Delete(item);
    tree->failed = true;
    return NULL;
}

char *sbj_json_print(const sbj_json_tree *tree)
{
    return tree->failed ? NULL : cJSON_PrintUnformatted(tree->root);
}

void sbj_json_tree_free(sbj_json_tree *tree)
{
    cJSON_Delete(tree->root);
    tree->root = NULL;
}

sbertja_status sbj_json_write(sbj_json_tree *tree, const char *path, sbertja_error *error)
{
    sbj_strbuf buffer = SBJ_STRBUF(&sbj_malloc);
    char *printed = tree->failed ? NULL : cJSON_Print(tree->root);
    sbertja_status status;
    if (printed != NULL)
        append_with_blanks(&buffer, printed);
    if (printed == NULL || buffer.failed)
        status = sbj_fail(error, SBERTJA_E_MEMORY, "%s: out of memory", path);
    else
        status = sbj_write_file(path, buffer.text, buffer.length, error);
    cJSON_free(printed);
    sbj_strbuf_free(&buffer);
    sbj_json_tree_free(tree);
    return status;
}

void sbj_json_quote(sbj_strbuf *buffer, const char *text, size_t length)
{
    static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    sbj_strbuf_text(buffer, "\"");
    for (size_t i = 0; i < length; i++) {
        const char *found = text[i] != '\0' ? strchr(escaped, text[i]) : NULL;
        if (found != NULL)
            sbj_strbuf_format(buffer, "\\%c", letters[found - escaped]);
        else if ((unsigned char)text[i] < 0x20)
            sbj_strbuf_format(buffer, "\\u%04x", (unsigned)text[i]);
        else
            sbj_strbuf_bytes(buffer, text + i, 1);
    }
    sbj_strbuf_text(buffer, "\"");
}
