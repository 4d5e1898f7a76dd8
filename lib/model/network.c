/* The table of parameters. */
#include "model/network.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ARENA_STEP = 16 }; /* elements: a cache line of floats */

size_t sbj_layer_parameter(size_t layer, int part)
{
    return SBJ_EMBED_PARAMETERS + layer * SBJ_LAYER_PARAMETERS + (size_t)part;
}

size_t sbj_matrix_weights(size_t index, size_t parameters[SBJ_PARTS])
{
    static const int first[] = {[SBJ_MATRIX_QKV] = SBJ_QUERY_W,
                                [SBJ_MATRIX_SELF_OUT] = SBJ_SELF_OUT_W,
                                [SBJ_MATRIX_INNER] = SBJ_INNER_W,
                                [SBJ_MATRIX_OUTER] = SBJ_OUTER_W};
    const size_t matrix = index % SBJ_LAYER_MATRICES, count = matrix == SBJ_MATRIX_QKV ? 3 : 1;
    for (size_t i = 0; i < count; i++)
        parameters[i] = sbj_layer_parameter(index / SBJ_LAYER_MATRICES, first[matrix]) + i;
    return count;
}

bool sbj_is_matrix_weight(const sbj_network *network, size_t index)
{
    return !network->parameters[index].vector && index >= SBJ_EMBED_PARAMETERS &&
           index < sbj_layer_parameter(network->config.layers, 0);
}

/* The kinds of parameters that BERT does not decay (sentence_transformers' fit: no_decay). */
static bool decays(const char *name)
{
    return strstr(name, "bias") == NULL && strstr(name, "LayerNorm.weight") == NULL;
}

static sbj_parameter *add(sbj_network *network, size_t rows, size_t columns, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* rows 0 stands for a vector. */
static sbj_parameter *add(sbj_network *network, size_t rows, size_t columns, const char *format, ...)
{
    sbj_parameter *p = &network->parameters[network->parameter_count++];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(p->name, sizeof p->name, format, arguments);
    va_end(arguments);
    p->vector = rows == 0;
    p->rows = rows == 0 ? 1 : rows;
    p->columns = columns;
    p->trained = true;
    p->decay = decays(p->name);
    p->module = -1;
    return p;
}

static void add_embeddings(sbj_network *network)
{
    const sbj_config *c = &network->config;
    add(network, c->vocabulary, c->hidden, "embeddings.word_embeddings.weight");
    add(network, c->max_positions, c->hidden, "embeddings.position_embeddings.weight");
    add(network, c->types, c->hidden, "embeddings.token_type_embeddings.weight");
    add(network, 0, c->hidden, "embeddings.LayerNorm.weight");
    add(network, 0, c->hidden, "embeddings.LayerNorm.bias");
}

static void add_layer(sbj_network *network, size_t layer)
{
    static const char *const self[] = {"query", "key", "value"};
    const size_t h = network->config.hidden, inner = network->config.intermediate;
    for (int i = 0; i < 3; i++)
        add(network, h, h, "encoder.layer.%zu.attention.self.%s.weight", layer, self[i]);
    for (int i = 0; i < 3; i++)
        add(network, 0, h, "encoder.layer.%zu.attention.self.%s.bias", layer, self[i]);
    add(network, h, h, "encoder.layer.%zu.attention.output.dense.weight", layer);
    add(network, 0, h, "encoder.layer.%zu.attention.output.dense.bias", layer);
    add(network, 0, h, "encoder.layer.%zu.attention.output.LayerNorm.weight", layer);
    add(network, 0, h, "encoder.layer.%zu.attention.output.LayerNorm.bias", layer);
    add(network, inner, h, "encoder.layer.%zu.intermediate.dense.weight", layer);
    add(network, 0, inner, "encoder.layer.%zu.intermediate.dense.bias", layer);
    add(network, h, inner, "encoder.layer.%zu.output.dense.weight", layer);
    add(network, 0, h, "encoder.layer.%zu.output.dense.bias", layer);
    add(network, 0, h, "encoder.layer.%zu.output.LayerNorm.weight", layer);
    add(network, 0, h, "encoder.layer.%zu.output.LayerNorm.bias", layer);
}

static void add_pooler(sbj_network *network)
{
    add(network, network->config.hidden, network->config.hidden, "pooler.dense.weight")->trained = false;
    add(network, 0, network->config.hidden, "pooler.dense.bias")->trained = false;
}

static void add_dense(sbj_network *network, size_t index)
{
    const sbj_module *m = &network->modules[index];
    network->dense_at[index] = network->parameter_count;
    add(network, m->out, m->in, "%zu_Dense.linear.weight", index + 1)->module = (int)index;
    if (m->bias)
        add(network, 0, m->out, "%zu_Dense.linear.bias", index + 1)->module = (int)index;
}

static sbertja_status place(sbj_network *network, sbertja_error *error)
{
    size_t at = 0;
    for (size_t i = 0; i < network->parameter_count; i++) {
        sbj_parameter *p = &network->parameters[i];
        size_t size;
        if (!p->trained)
            continue;
        p->offset = at;
        if (!sbj_mul(p->rows, p->columns, &size) || !sbj_add(size, ARENA_STEP - 1, &size) || !sbj_add(at, size, &at) ||
            at > SIZE_MAX / 16)
            return sbj_fail(error, SBERTJA_E_FORMAT, "%s: the model is too large for this machine", p->name);
        at -= at % ARENA_STEP;
    }
    network->arena_size = at;
    return SBERTJA_OK;
}

sbertja_status sbj_network_make(const sbj_alloc *alloc, const sbj_config *config, const sbj_module *modules,
                                size_t module_count, bool pooler, sbj_network *network, sbertja_error *error)
{
    size_t most = SBJ_EMBED_PARAMETERS + config->layers * SBJ_LAYER_PARAMETERS + 2 + 2 * module_count;
    memset(network, 0, sizeof *network);
    network->alloc = *alloc;
    network->config = *config;
    network->module_count = module_count;
    memcpy(network->modules, modules, module_count * sizeof *modules);
    network->width = sbj_modules_width(modules, module_count, config->hidden);
    network->parameters = sbj_new(alloc, most, sizeof *network->parameters);
    if (network->parameters == NULL)
        return sbj_no_memory(error, most * sizeof *network->parameters);
    add_embeddings(network);
    for (size_t layer = 0; layer < config->layers; layer++)
        add_layer(network, layer);
    if (pooler)
        add_pooler(network);
    for (size_t i = 0; i < module_count; i++)
        if (modules[i].kind == SBERTJA_DENSE)
            add_dense(network, i);
    sbertja_status status = place(network, error);
    if (status != SBERTJA_OK)
        sbj_network_free(network);
    return status;
}

static bool has_pooler(const sbj_network *network)
{
    for (size_t i = 0; i < network->parameter_count; i++)
        if (!network->parameters[i].trained)
            return true;
    return false;
}

sbertja_status sbj_network_with_head(const sbj_network *network, size_t width, sbj_network *with_head,
                                     sbertja_error *error)
{
    sbj_module modules[SBJ_MOST_MODULES];
    const size_t count = network->module_count;
    if (count == SBJ_MOST_MODULES)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "a model of %zu modules has no room for a head", count);
    memcpy(modules, network->modules, count * sizeof *modules);
    modules[count] = (sbj_module){
        .kind = SBERTJA_DENSE, .in = network->width, .out = width, .activation = SBJ_IDENTITY, .bias = true};
    snprintf(modules[count].folder, sizeof modules[count].folder, "%zu_Dense", count + 1);
    return sbj_network_make(&network->alloc, &network->config, modules, count + 1, has_pooler(network), with_head,
                            error);
}

sbertja_status sbj_network_copy(const sbj_network *network, sbj_network *copy, sbertja_error *error)
{
    size_t bytes = network->parameter_count * sizeof *network->parameters;
    *copy = *network;
    if ((copy->parameters = sbj_new_raw(&network->alloc, bytes, 1)) == NULL)
        return sbj_no_memory(error, bytes);
    memcpy(copy->parameters, network->parameters, bytes);
    return SBERTJA_OK;
}

void sbj_network_free(sbj_network *network)
{
    if (network->parameters != NULL)
        sbj_free(&network->alloc, network->parameters);
    network->parameters = NULL;
    network->parameter_count = 0;
}

/* ---- Views ---- */

sbertja_status sbj_views_make(const sbj_network *network, sbj_views *views, sbertja_error *error)
{
    const sbj_alloc *alloc = &network->alloc;
    views->network = network;
    views->matrix_count = network->config.layers * SBJ_LAYER_MATRICES + network->module_count;
    views->tensors = sbj_new(alloc, network->parameter_count, sizeof *views->tensors);
    views->matrices = sbj_new(alloc, views->matrix_count, sizeof *views->matrices);
    if (views->tensors == NULL || views->matrices == NULL) {
        sbj_views_free(views);
        return sbj_no_memory(error, network->parameter_count * sizeof *views->tensors);
    }
    return SBERTJA_OK;
}

void sbj_views_free(sbj_views *views)
{
    if (views->network == NULL)
        return;
    sbj_free(&views->network->alloc, views->tensors);
    sbj_free(&views->network->alloc, views->matrices);
    memset(views, 0, sizeof *views);
}

void sbj_views_in_arena(sbj_views *views, sbj_buffer *arena, sbj_type type)
{
    const sbj_network *network = views->network;
    for (size_t i = 0; i < network->parameter_count; i++) {
        const sbj_parameter *p = &network->parameters[i];
        if (p->trained)
            views->tensors[i] = (sbj_tensor){arena, p->offset, p->rows, p->columns, p->columns, type};
    }
    sbj_views_link(views);
}

static void link_one(sbj_matrix *matrix, const sbj_tensor *weight, const sbj_tensor *bias)
{
    matrix->parts = 1;
    matrix->weight[0] = *weight;
    matrix->bias[0] = bias == NULL ? SBJ_NONE : *bias;
}

static bool touches(sbj_tensor a, sbj_tensor b)
{
    return a.buffer == b.buffer && b.offset == a.offset + a.rows * a.columns;
}

/* Query, key and value are one matrix; three parts where their parameters lie apart, as in a mapped file. */
static void link_qkv(sbj_matrix *matrix, const sbj_tensor *first)
{
    const sbj_tensor *w = first + SBJ_QUERY_W, *b = first + SBJ_QUERY_B;
    matrix->parts = 3;
    for (int i = 0; i < 3; i++) {
        matrix->weight[i] = w[i];
        matrix->bias[i] = b[i];
    }
    if (touches(w[0], w[1]) && touches(w[1], w[2]) && touches(b[0], b[1]) && touches(b[1], b[2])) {
        matrix->parts = 1;
        matrix->weight[0].rows *= 3;
        matrix->bias[0].columns *= 3;
        matrix->bias[0].stride *= 3;
    }
}

void sbj_views_link(sbj_views *views)
{
    const sbj_network *network = views->network;
    for (size_t layer = 0; layer < network->config.layers; layer++) {
        const sbj_tensor *t = views->tensors + sbj_layer_parameter(layer, 0);
        sbj_matrix *m = views->matrices + layer * SBJ_LAYER_MATRICES;
        link_qkv(&m[SBJ_MATRIX_QKV], t);
        link_one(&m[SBJ_MATRIX_SELF_OUT], &t[SBJ_SELF_OUT_W], &t[SBJ_SELF_OUT_B]);
        link_one(&m[SBJ_MATRIX_INNER], &t[SBJ_INNER_W], &t[SBJ_INNER_B]);
        link_one(&m[SBJ_MATRIX_OUTER], &t[SBJ_OUTER_W], &t[SBJ_OUTER_B]);
    }
    for (size_t i = 0; i < network->module_count; i++)
        if (network->modules[i].kind == SBERTJA_DENSE) {
            const sbj_tensor *t = views->tensors + network->dense_at[i];
            link_one(&views->matrices[network->config.layers * SBJ_LAYER_MATRICES + i], t,
                     network->modules[i].bias ? t + 1 : NULL);
        }
}
