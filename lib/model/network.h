/* The parameters of a model as one table: names as in a BertModel's file, shapes, places in an arena. Weights, gradients
 * and moments are all dealt out from this table, so that they cannot differ in form. */
#ifndef SBJ_NETWORK_H
#define SBJ_NETWORK_H

#include "model/layout.h"

enum { SBJ_NAME_ROOM = 128 };

typedef struct sbj_parameter {
    char name[SBJ_NAME_ROOM]; /* "encoder.layer.0.attention.self.query.weight", "2_Dense.linear.bias" */
    size_t rows, columns;     /* a vector is one row */
    bool vector;              /* one dimension in the file */
    bool trained;             /* not the pooler, which no sentence vector depends on */
    bool decay;               /* no "bias" or "LayerNorm.weight" in its name */
    size_t offset;            /* elements from the start of an arena, a multiple of 16; trained ones only */
    int module;               /* -1: the transformer; else the index of its Dense module */
} sbj_parameter;

/* Where each part of a layer stands in the table, counted from the layer's first. */
enum {
    SBJ_QUERY_W, SBJ_KEY_W, SBJ_VALUE_W, SBJ_QUERY_B, SBJ_KEY_B, SBJ_VALUE_B, SBJ_SELF_OUT_W, SBJ_SELF_OUT_B,
    SBJ_SELF_NORM_W, SBJ_SELF_NORM_B, SBJ_INNER_W, SBJ_INNER_B, SBJ_OUTER_W, SBJ_OUTER_B, SBJ_OUT_NORM_W, SBJ_OUT_NORM_B,
    SBJ_LAYER_PARAMETERS
};
enum { SBJ_WORD, SBJ_POSITION, SBJ_TYPE, SBJ_EMBED_NORM_W, SBJ_EMBED_NORM_B, SBJ_EMBED_PARAMETERS };

typedef struct sbj_network {
    sbj_alloc alloc;
    sbj_config config;
    size_t module_count;
    sbj_module modules[SBJ_MOST_MODULES];
    size_t parameter_count;
    sbj_parameter *parameters;
    size_t dense_at[SBJ_MOST_MODULES]; /* table index of a Dense module's weight; its bias, if any, follows */
    size_t arena_size;                 /* elements */
    size_t width;                      /* E of the sentence vector */
} sbj_network;

/* `modules` have passed sbj_modules_check. `pooler`: the file has one, which is kept and saved but never used. */
sbertja_status sbj_network_make(const sbj_alloc *alloc, const sbj_config *config, const sbj_module *modules,
                                size_t module_count, bool pooler, sbj_network *network, sbertja_error *error);
/* The same table with a Dense module of `width` columns at its end, which a training needs and may drop. */
sbertja_status sbj_network_with_head(const sbj_network *network, size_t width, sbj_network *with_head,
                                     sbertja_error *error);
/* The same table again, for a model trained from another. */
sbertja_status sbj_network_copy(const sbj_network *network, sbj_network *copy, sbertja_error *error);
void sbj_network_free(sbj_network *network); /* takes a zeroed one */
size_t sbj_layer_parameter(size_t layer, int part); /* its index in the table */

/* One set of tensors in the form of the table: weights, or gradients. */
typedef struct sbj_views {
    const sbj_network *network;
    sbj_tensor *tensors;   /* one a parameter */
    sbj_matrix *matrices;  /* four a layer (qkv, attention output, inner, outer), then one a module (Dense only) */
    size_t matrix_count;
    sbj_tensor words;   /* the table of words that a packed file has, in bf16; none: encode reads the one in `tensors` */
    bool rounded_words; /* and rounds its rows to bf16 */
} sbj_views;

enum { SBJ_MATRIX_QKV, SBJ_MATRIX_SELF_OUT, SBJ_MATRIX_INNER, SBJ_MATRIX_OUTER, SBJ_LAYER_MATRICES };

/* The table's indices of the weights in matrix `index` of the encoder; how many there are. */
size_t sbj_matrix_weights(size_t index, size_t parameters[SBJ_PARTS]);
/* Whether parameter `index` is one of those. */
bool sbj_is_matrix_weight(const sbj_network *network, size_t index);

/* Makes views with empty tensors. */
sbertja_status sbj_views_make(const sbj_network *network, sbj_views *views, sbertja_error *error);
/* All trained tensors at their places in one arena. */
void sbj_views_in_arena(sbj_views *views, sbj_buffer *arena, sbj_type type);
/* After the tensors are set: the matrices over them. Query, key and value become one part where they touch. */
void sbj_views_link(sbj_views *views);
void sbj_views_free(sbj_views *views); /* takes a zeroed one; the buffers are others' */

#endif
