/* What the JSON files of a model directory say beyond what the library knows. A model remembers the text of each file that
 * it was loaded from, and a save adds to its own members all others that were there, so that nothing another program has
 * written is lost on the way through. */
#ifndef SBJ_KEPT_H
#define SBJ_KEPT_H

#include "io/input.h"
#include "io/json.h"
#include "model/layout.h"

typedef enum sbj_kept_file {
    SBJ_KEPT_MODULES,    /* modules.json */
    SBJ_KEPT_SETTINGS,   /* config_sentence_transformers.json: see settings.h */
    SBJ_KEPT_VERSION,    /* config.json at the root of layout 0.4.1 */
    SBJ_KEPT_CONFIG,     /* the transformer's config.json */
    SBJ_KEPT_LIMIT,      /* sentence_bert_config.json */
    SBJ_KEPT_TOKENIZER,  /* tokenizer_config.json */
    SBJ_KEPT_SPECIAL,    /* special_tokens_map.json */
    SBJ_KEPT_MODULE,     /* config.json of the first module, then of the others */
    SBJ_KEPT_FILES = SBJ_KEPT_MODULE + SBJ_MOST_MODULES
} sbj_kept_file;

typedef struct sbj_kept {
    char *texts[SBJ_KEPT_FILES]; /* valid JSON; NULL: no such file */
} sbj_kept;

/* Reads what the layout's directory has. `own_modules`: the modules are the directory's own and not the caller's, so that
 * what the files say of them, and the settings, still hold. */
sbertja_status sbj_kept_read(const sbj_alloc *alloc, const sbj_layout *layout, bool own_modules, sbj_kept *kept,
                             sbertja_error *error);
sbertja_status sbj_kept_copy(const sbj_alloc *alloc, const sbj_kept *kept, sbj_kept *copy, sbertja_error *error);
void sbj_kept_free(const sbj_alloc *alloc, sbj_kept *kept); /* takes a zeroed one */

/* One file parsed; `json->root` NULL: nothing is kept of it. */
sbertja_status sbj_kept_parse(const sbj_alloc *alloc, const sbj_kept *kept, size_t file, sbj_json *json,
                              sbertja_error *error);

#endif
