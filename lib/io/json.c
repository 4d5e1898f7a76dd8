/* JSON through cJSON. The text is scanned first, see json_scan.h, so that a tree is only built of what is well formed and
 * no larger than allowed; keys that an object has twice are found in the tree, where they are unescaped. */
#include "io/json.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/input.h"
#include "io/input.h"
#include "io/json_scan.h"
#include "io/valid_utf8.h"

/* A value takes about 80 bytes as cJSON keeps it. */
enum { MAX_FILE = 16 << 20, MAX_VALUES = 1 << 20, FEW = 16 };

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

/* ---- Duplicate keys --------------------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts the keys; `*twice` is one that comes twice, or NULL. */
static sbertja_status find_duplicate(const sbj_alloc *alloc, const cJSON *object, const char **twice,
                                     sbertja_error *error)
{
    const char *few[FEW], **keys = few;
    size_t count = 0;
    *twice = NULL;
    for (const cJSON *item = object->child; item != NULL; item = item->next)
        count++;
    if (count > FEW && (keys = sbj_new_raw(alloc, count, sizeof *keys)) == NULL)
        return sbj_no_memory(error, count * sizeof *keys);
    count = 0;
    for (const cJSON *item = object->child; item != NULL; item = item->next)
        keys[count++] = item->string;
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 1; i < count && *twice == NULL; i++)
        if (strcmp(keys[i - 1], keys[i]) == 0)
            *twice = keys[i];
    if (keys != few)
        sbj_free(alloc, keys);
    return SBERTJA_OK;
}

/* Programs differ in which of two values they take, so a file that has both means nothing. Calls itself for members. */
static sbertja_status check_keys(const sbj_json *json, const cJSON *item, sbertja_error *error)
{
    const char *twice = NULL;
    sbertja_status status = SBERTJA_OK;
    if (cJSON_IsObject(item))
        status = find_duplicate(json->alloc, item, &twice, error);
    if (twice != NULL)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: %s: the key is there twice in one object", json->name, twice);
    for (item = item->child; item != NULL && status == SBERTJA_OK; item = item->next)
        if (item->child != NULL)
            status = check_keys(json, item, error);
    return status;
}

/* ---- Parsing ---------------------------------------------------------------------------------------------------- */

static sbertja_status parse(sbj_json *json, const char *text, size_t length, sbertja_error *error)
{
    size_t mark;
    sbertja_status status = sbj_skip_byte_order_mark((const unsigned char *)text, length, &mark, error);
    if (status != SBERTJA_OK)
        return sbj_in(error, status, "%s", json->name);
    text += mark;
    length -= mark;
    const size_t valid = sbj_valid_utf8(text, length);
    if (valid < length)
        return fail_at(error, json->name, text, valid, "invalid UTF-8");
    sbj_json_scan scan = {.text = text, .length = length, .max_values = MAX_VALUES};
    if (!sbj_json_scan_value(&scan) || !sbj_json_scan_end(&scan))
        return fail_at(error, json->name, text, scan.at, scan.fault);
    json->root = cJSON_ParseWithLength(text, length);
    if (json->root == NULL)
        return sbj_fail(error, SBERTJA_E_MEMORY, "%s: out of memory: %zu values", json->name, scan.values);
    return check_keys(json, json->root, error);
}

sbertja_status sbj_json_parse(const sbj_alloc *alloc, const char *name, const char *text, size_t length, sbj_json *json,
                              sbertja_error *error)
{
    memset(json, 0, sizeof *json);
    json->alloc = alloc;
    json->name = sbj_copy_text(alloc, name, strlen(name));
    sbertja_status status = json->name == NULL ? sbj_no_memory(error, strlen(name) + 1)
                                               : parse(json, text, length, error);
    if (status != SBERTJA_OK)
        sbj_json_free(json);
    return status;
}

sbertja_status sbj_json_read(const sbj_alloc *alloc, const char *path, sbj_json *json, sbertja_error *error)
{
    sbj_content file;
    memset(json, 0, sizeof *json);
    sbertja_status status = sbj_content_read_max(alloc, path, MAX_FILE, &file, error);
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

static bool is_among(const char *key, const char *const *keys)
{
    for (size_t i = 0; keys != NULL && keys[i] != NULL; i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

void sbj_json_keep(sbj_json_tree *tree, cJSON *object, const cJSON *from, const char *const *ours)
{
    const cJSON *member;
    if (object == NULL || !cJSON_IsObject(from))
        return;
    cJSON_ArrayForEach(member, from)
        if (!is_among(member->string, ours) && cJSON_GetObjectItemCaseSensitive(object, member->string) == NULL)
            sbj_json_put(tree, object, member->string, cJSON_Duplicate(member, 1));
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
