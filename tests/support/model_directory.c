/* Copying and spoiling a model directory. */
#include "support/model_directory.h"

#include <check.h>
#include <cjson/cJSON.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/json.h"
#include "support/scratch.h"
#include "support/temporary.h"

static char path[256], source_path[256];

static const char *path_of(const char *name)
{
    static char full[512];
    snprintf(full, sizeof full, "%s/%s", path, name);
    return full;
}

void model_directory_put(const char *name, const void *content, size_t size)
{
    char folder[512];
    snprintf(folder, sizeof folder, "%s", path_of(name));
    *strrchr(folder, '/') = '\0';
    ck_assert_int_eq(sbj_make_directories(folder, NULL), SBERTJA_OK);
    ck_assert_int_eq(sbj_write_file(path_of(name), content, size, NULL), SBERTJA_OK);
}

void model_directory_text(const char *name, const char *text)
{
    model_directory_put(name, text, strlen(text));
}

static int copy_one(const char *from, const struct stat *info, int type, struct FTW *where)
{
    size_t size;
    (void)info;
    (void)where;
    if (type == FTW_F) {
        char *content = scratch_read(from, &size);
        model_directory_put(from + strlen(source_path) + 1, content, size);
        free(content);
    }
    return 0;
}

static int delete_one(const char *name, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)type;
    (void)where;
    return remove(name);
}

const char *model_directory(const char *source)
{
    snprintf(path, sizeof path, "%s", temporary_path("model"));
    snprintf(source_path, sizeof source_path, "tests/data/tiny/%s", source);
    nftw(path, delete_one, 16, FTW_DEPTH | FTW_PHYS);
    ck_assert_int_eq(nftw(source_path, copy_one, 16, FTW_PHYS), 0);
    return path;
}

void model_directory_set(const char *name, const char *key, const char *value)
{
    size_t size;
    char *content = scratch_read(path_of(name), &size);
    sbj_json_tree tree = sbj_json_begin(cJSON_Parse(content));
    ck_assert_ptr_nonnull(tree.root);
    cJSON_DeleteItemFromObjectCaseSensitive(tree.root, key);
    if (value != NULL) {
        cJSON *item = cJSON_Parse(value);
        ck_assert_msg(item != NULL, "%s is no JSON", value);
        sbj_json_put(&tree, tree.root, key, item);
    }
    ck_assert_int_eq(sbj_json_write(&tree, path_of(name), NULL), SBERTJA_OK);
    free(content);
}

void model_directory_delete(const char *name)
{
    ck_assert_int_eq(unlink(path_of(name)), 0);
}

sbertja_status model_directory_load(sbj_model **model, sbertja_error *error)
{
    const sbj_model_options options = {.alloc = sbj_malloc, .device = "ref"};
    return sbj_model_load(path, &options, model, error);
}

const char *model_directory_message(const sbertja_error *error)
{
    static char text[sizeof error->message + 8];
    const char *at = strstr(error->message, path);
    if (at == NULL)
        return error->message;
    snprintf(text, sizeof text, "%.*sDIR%s", (int)(at - error->message), error->message, at + strlen(path));
    return text;
}
