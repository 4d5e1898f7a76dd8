/* JSON files, read and written through cJSON. Look-ups are typed, and their errors name the file and the key. */
#ifndef SBJ_JSON_H
#define SBJ_JSON_H

#include "io/file.h"

struct cJSON;

typedef struct sbj_json {
    struct cJSON *root;
    const sbj_alloc *alloc;
    char *name; /* the file's path, for errors */
} sbj_json;

sbertja_status sbj_json_read(const sbj_alloc *alloc, const char *path, sbj_json *json, sbertja_error *error);
/* `name` is what errors call the text. */
sbertja_status sbj_json_parse(const sbj_alloc *alloc, const char *name, const char *text, size_t length, sbj_json *json,
                              sbertja_error *error);
void sbj_json_free(sbj_json *json); /* takes a zeroed one */

/* Members of `object` (the root, or any object inside it). An absent or null key gives the fallback; a value of another
 * type is _E_FORMAT: "config.json: hidden_size: expected an integer, found a string". Strings live as long as the json.
 * An integer too large to be exact (model_max_length is often 10^30) gives LONG_MAX, or LONG_MIN. After a failure the
 * value is the fallback. */
sbertja_status sbj_json_int(const sbj_json *, const struct cJSON *object, const char *key, long fallback, long *value,
                            sbertja_error *);
sbertja_status sbj_json_number(const sbj_json *, const struct cJSON *object, const char *key, double fallback,
                               double *value, sbertja_error *);
sbertja_status sbj_json_bool(const sbj_json *, const struct cJSON *object, const char *key, bool fallback, bool *value,
                             sbertja_error *);
sbertja_status sbj_json_text(const sbj_json *, const struct cJSON *object, const char *key, const char *fallback,
                             const char **value, sbertja_error *);

/* A tree that is being built. A step that found no memory is remembered, so that only the end looks: a tree that lacks
 * something is never written. */
typedef struct sbj_json_tree {
    struct cJSON *root;
    bool failed;
} sbj_json_tree;

/* Takes the root from cJSON_CreateObject or cJSON_CreateArray. */
sbj_json_tree sbj_json_begin(struct cJSON *root);
/* Takes `item`, adds it to the object or, where key is NULL, to the list, and gives it back; NULL if anything failed. */
struct cJSON *sbj_json_put(sbj_json_tree *, struct cJSON *parent, const char *key, struct cJSON *item);
/* Adds to the object what `from` has besides: members whose keys the object lacks and `ours`, a list that ends with NULL
 * or is NULL, does not name. So a file that is written again keeps what only others know of. */
void sbj_json_keep(sbj_json_tree *, struct cJSON *object, const struct cJSON *from, const char *const *ours);
/* The tree as text in one line, for cJSON_free; NULL: no memory. */
char *sbj_json_print(const sbj_json_tree *);
/* Writes the tree into a file of a directory that is being built, and frees it, also after an error. */
sbertja_status sbj_json_write(sbj_json_tree *, const char *path, sbertja_error *error);
void sbj_json_tree_free(sbj_json_tree *); /* takes one that was written */
/* Appends `text` as a JSON string with its quotes. */
void sbj_json_quote(sbj_strbuf *buffer, const char *text, size_t length);

#endif
