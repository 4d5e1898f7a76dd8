/* A model: tokenizer, network and weights on a back end. It does not change once made. */
#ifndef SBJ_MODEL_H
#define SBJ_MODEL_H

#include "io/archive.h"
#include "io/file.h"
#include "model/network.h"
#include "model/settings.h"
#include "text/tokenizer.h"

/* The choices a model was loaded with, kept so that a model trained from it makes the same. */
typedef struct sbj_model_options {
    sbj_alloc alloc;
    sbj_log log;
    const char *device, *engine, *instructions, *dictionary; /* NULL: automatic */
    const char *const *dictionary_places;                    /* NULL: none besides the system's */
    size_t max_tokens;                                       /* 0: what the model says */
    size_t max_text_bytes;                                   /* 0: no limit */
    const sbertja_module *modules;
    size_t module_count;
    uint64_t seed;
    sbj_precision precision; /* of the encoder's matrices */
    int threads;             /* that read and pack the weights; 0: all processors */
    bool mapped;             /* use the weights where the files have them */
} sbj_model_options;

/* A packed file in memory, or mapped. */
typedef struct sbj_packed_bytes {
    const unsigned char *data; /* aligned to 64 bytes; NULL: none */
    void *own;
    sbj_map map;
} sbj_packed_bytes;

typedef struct sbj_model {
    sbj_alloc alloc;
    sbj_log log;
    char device[32], engine[32], instructions[32];
    sbj_precision precision; /* of the encoder's matrices; Dense modules are f32 */
    int threads;             /* that read and pack the weights; 0: all processors */
    bool mapped;             /* the weights are used where the files have them */
    bool packs;              /* the engine has a form of its own for the encoder's matrices */
    size_t max_tokens;
    bool trained; /* here, with its tokenizer; false: as it was loaded or made */
    sbj_tokenizer *tokenizer; /* a share */
    sbj_backend *backend;
    sbj_network network;
    sbj_views weights;
    sbj_buffer **buffers;      /* under the weights, one a parameter */
    void **own;                /* memory of some of them */
    const sbj_stored **stored; /* where a file has a parameter's values; NULL: the buffer has them */
    uint64_t *sums;            /* of what was read from there, see sbj_stored_block */
    sbj_archive *archives[1 + SBJ_MOST_MODULES]; /* open files that `stored` points into; the first has the encoder */
    size_t archive_count;
    sbj_packed_bytes packed; /* the packed file; nothing: the matrices have memory of their own */
    sbj_kept kept;     /* of the directory that it was loaded from */
    sbj_json settings; /* kept.texts[SBJ_KEPT_SETTINGS] */
    size_t truncate;   /* the dimensions of a sentence vector that are kept; 0: all */
    char *description;
} sbj_model;

/* Of the vectors that encode gives. */
size_t sbj_model_dimension(const sbj_model *model);

sbertja_status sbj_model_load(const char *directory, const sbj_model_options *options, sbj_model **model,
                              sbertja_error *error);
/* Random weights. */
sbertja_status sbj_model_create(const sbertja_architecture *architecture, const sbj_model_options *options,
                                sbj_model **model, sbertja_error *error);
/* The same model with other values of the trained parameters: `values` are windows in some arena of the parent's back
 * end; parameters that are not trained are the parent's. All are rounded to float, so that a save and a load give the
 * same bits. The parent may be freed before it. */
sbertja_status sbj_model_with(const sbj_model *parent, const sbj_views *values, sbj_model **model,
                              sbertja_error *error);
/* The same model with a Dense module at its end, random as torch's, that makes vectors of `width` numbers. Its other
 * parameters have the parent's places in the table. */
sbertja_status sbj_model_with_head(const sbj_model *parent, size_t width, uint64_t seed, sbj_model **model,
                                   sbertja_error *error);
void sbj_model_free(sbj_model *model);

/* The parameter's values as floats, [rows, columns]: the one way to them, since the back end need not have them any more. */
sbertja_status sbj_model_values(const sbj_model *model, size_t index, float *values, sbertja_error *error);
/* save.c */
sbertja_status sbj_model_save(const sbj_model *model, const char *directory, const sbertja_save_options *options,
                              sbertja_error *error);
/* Whether a save to `directory` could begin: for long work that is to be saved at its end. Makes the target's parents. */
sbertja_status sbj_model_check_target(const sbj_model *model, const char *directory, sbertja_error *error);
/* describe.c: fills in model->description. */
sbertja_status sbj_model_describe(sbj_model *model, sbertja_error *error);
/* What the files of a directory say, weights and tokenizer left aside; `*description` is freed with sbj_free. */
sbertja_status sbj_directory_describe(const sbj_alloc *alloc, const char *directory, char **description,
                                      sbertja_error *error);

/* model_pack.c: gives every matrix the engine's form. From then on the encoder's weights are in the file only. */
sbertja_status sbj_model_pack(sbj_model *model, sbj_pool *pool, sbertja_error *error);
/* packed_file.c: reads the packed file of the transformer's folder, if there is one that fits; if one does not, the log
 * says why. Then `adopt` gives the encoder's matrices and words their form from there. */
sbertja_status sbj_packed_open(sbj_model *model, const char *folder, sbj_pool *pool, sbertja_error *error);
sbertja_status sbj_packed_adopt(sbj_model *model, sbertja_error *error);
bool sbj_packed_has_words(const sbj_model *model); /* false also without a packed file */
void sbj_packed_close(sbj_model *model);
/* Writes the packed file for the weights in `folder`, as this machine wants it. */
sbertja_status sbj_packed_write(const sbj_model *model, const char *folder, sbj_precision precision,
                                sbertja_error *error);

/* model_read.c: sets model->weights from the places that sbj_weights_locate found. */
sbertja_status sbj_weights_read(sbj_model *model, sbj_pool *pool, sbertja_error *error);
/* After all is read and packed: fails if a file was written to meanwhile, and closes those that nothing needs any more. */
sbertja_status sbj_weights_settle(sbj_model *model, sbertja_error *error);
bool sbj_model_borrows(const sbj_model *model, size_t index); /* whether a parameter is used where a mapped file has it */
void sbj_model_forget(const sbj_model *model, size_t index);  /* gives back the memory of a mapped file's tensor */

/* model_weights.c: finds every parameter in the archives, or takes what the caller gave in `options`. */
sbertja_status sbj_weights_locate(sbj_model *model, const sbj_layout *layout, const sbj_archive *transformer,
                                  const sbj_model_options *options, sbertja_error *error);
/* Sets model->weights, at random or from another model. */
sbertja_status sbj_weights_random(sbj_model *model, uint64_t seed, const sbj_model_options *options,
                                  sbertja_error *error);
/* Parameters that the parent does not have are random. A value that is not a finite number is _E_FORMAT. */
sbertja_status sbj_weights_copy(sbj_model *model, const sbj_model *parent, const sbj_views *values, uint64_t seed,
                                sbertja_error *error);
/* The archive of a folder, perhaps mapped: model.safetensors, else pytorch_model.bin. */
sbertja_status sbj_weights_open(const sbj_alloc *alloc, const char *folder, bool mapped, sbj_archive **archive,
                                sbertja_error *error);
/* Finds a transformer's tensor under the names that files give it; NULL: it is not there. */
const sbj_stored *sbj_weights_find(const sbj_archive *archive, const char *name);

#endif
