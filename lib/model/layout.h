/* What a model directory holds: which folder has the transformer, which modules follow, how long an input may be. The
 * three layouts of sentence-transformers (0.4.1; 2.x-5.x; 6.x) are told apart by content, and a plain BERT directory is
 * one with mean pooling. No weights are read here. */
#ifndef SBJ_LAYOUT_H
#define SBJ_LAYOUT_H

#include "model/config.h"

enum { SBJ_MOST_MODULES = 16 }; /* after the transformer */

typedef struct sbj_module {
    sbertja_module_kind kind;
    size_t mode_count;                 /* POOLING */
    sbj_pooling modes[SBJ_POOL_MODES]; /* in the order of the vectors */
    bool exclude_prompt;               /* POOLING: "include_prompt": false */
    size_t in, out;                    /* DENSE; 0 until known */
    sbj_activation activation;
    bool bias;
    char folder[64]; /* its path inside the directory, "2_Dense" */
    size_t entry;    /* its place in the directory's modules.json, where the transformer's is 0; 0: it is not from there */
} sbj_module;

typedef struct sbj_layout {
    const sbj_alloc *alloc;
    char *directory, *transformer; /* paths; transformer may be the directory itself */
    bool lists_modules;            /* there is a modules.json */
    bool apart;                    /* the transformer has a folder of its own, as in 0.4.1 */
    size_t max_tokens;             /* what the files say; 0: nothing */
    size_t module_count;
    sbj_module modules[SBJ_MOST_MODULES];
} sbj_layout;

sbertja_status sbj_layout_read(const sbj_alloc *alloc, const char *directory, sbj_layout *layout, sbertja_error *error);
void sbj_layout_free(sbj_layout *layout); /* takes a zeroed one */

/* Modules that the caller gives instead; the first must be the one pooling. Widths are filled in from `hidden`. */
sbertja_status sbj_modules_from_options(const sbertja_module *modules, size_t count, sbj_layout *layout,
                                        sbertja_error *error);
/* Checks the chain and fills in each Dense layer's width from the one before. */
sbertja_status sbj_modules_check(sbj_module *modules, size_t count, size_t hidden, const char *name,
                                 sbertja_error *error);
const char *sbj_module_name(const sbj_module *module); /* "Pooling", "Dense", "Normalize" */
size_t sbj_modules_width(const sbj_module *modules, size_t count, size_t hidden); /* of a sentence vector */

bool sbj_pooling_parse(const char *name, size_t length, sbj_pooling *mode);
const char *sbj_pooling_name(sbj_pooling mode); /* "mean_sqrt_len_tokens" */
/* Whether a path is a model directory, which a save may replace. Many things have a config.json: it counts beside weights
 * only. */
bool sbj_is_model_directory(const char *path);
/* The same, with a lack of memory as an error. */
sbertja_status sbj_find_model(const char *path, bool *found, sbertja_error *error);

#endif
