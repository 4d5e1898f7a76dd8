/* Making models: from a directory, from sizes, from another model. */
#include "model/model.h"

#include <stdio.h>
#include <string.h>

static bool is_automatic(const char *choice)
{
    return choice == NULL || strcmp(choice, "auto") == 0;
}

/* What is wrong with sizes or modules that the caller gave is a wrong argument, not a wrong file. */
static sbertja_status as_argument(sbertja_status status, sbertja_error *error)
{
    if (status != SBERTJA_E_FORMAT && status != SBERTJA_E_UNSUPPORTED)
        return status;
    if (error != NULL)
        error->status = SBERTJA_E_ARGUMENT;
    return SBERTJA_E_ARGUMENT;
}

/* The modules of the options, or those of the directory, made to fit one another. */
static sbertja_status choose_modules(const sbj_model_options *options, size_t hidden, sbj_layout *layout,
                                     sbertja_error *error)
{
    if (options->modules == NULL)
        return sbj_modules_check(layout->modules, layout->module_count, hidden, layout->directory, error);
    sbertja_status status = sbj_modules_from_options(options->modules, options->module_count, layout, error);
    if (status == SBERTJA_OK)
        status = sbj_modules_check(layout->modules, layout->module_count, hidden, "modules", error);
    return as_argument(status, error);
}

/* Whether the engine keeps the encoder's matrices in a form of its own. */
static bool packs(const sbj_backend *backend, sbj_precision precision)
{
    const sbj_matrix one = {.parts = 1, .precision = precision, .weight = {{NULL, 0, 1, 1, 1, SBJ_F32}}};
    return sbj_packed_size(backend, &one) > 0;
}

/* The shell of a model, its back end, and the threads that read and pack. */
static sbertja_status begin(const sbj_model_options *options, sbj_model **result, sbj_pool **pool,
                            sbertja_error *error)
{
    sbj_model *model = sbj_new(&options->alloc, 1, sizeof *model);
    if (model == NULL)
        return sbj_no_memory(error, sizeof *model);
    model->alloc = options->alloc;
    model->log = options->log;
    const struct {
        char *copy;
        size_t room;
        const char *choice;
    } choices[] = {{model->device, sizeof model->device, options->device},
                   {model->engine, sizeof model->engine, options->engine},
                   {model->instructions, sizeof model->instructions, options->instructions}};
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        snprintf(choices[i].copy, choices[i].room, "%s",
                 is_automatic(choices[i].choice) ? "auto" : choices[i].choice);
    model->precision = options->precision;
    model->threads = options->threads;
    model->mapped = options->mapped;
    const sbj_backend_options backend = {options->device, options->engine, options->instructions, &model->alloc,
                                         options->log, options->precision};
    sbertja_status status = sbj_backend_create(&backend, &model->backend, error);
    if (status == SBERTJA_OK)
        status = sbj_pool_create(&model->alloc, model->threads, &model->log, pool, error);
    if (status != SBERTJA_OK) {
        sbj_model_free(model);
        return status;
    }
    model->packs = packs(model->backend, model->precision);
    if (is_automatic(options->device)) /* chosen once, for models made from this one too */
        snprintf(model->device, sizeof model->device, "%s", model->backend->table->name);
    *result = model;
    return SBERTJA_OK;
}

void sbj_model_free(sbj_model *model)
{
    if (model == NULL)
        return;
    sbj_alloc alloc = model->alloc;
    for (size_t i = 0; i < model->weights.matrix_count; i++)
        sbj_unprepare(model->backend, &model->weights.matrices[i]);
    for (size_t i = 0; i < model->network.parameter_count && model->buffers != NULL; i++)
        model->backend->table->release(model->backend, model->buffers[i]);
    if (model->backend != NULL)
        sbj_tensor_free(model->backend, &model->weights.words);
    for (size_t i = 0; i < model->network.parameter_count && model->own != NULL; i++)
        sbj_free_aligned(&alloc, model->own[i]);
    sbj_free(&alloc, model->own);
    sbj_free(&alloc, model->buffers);
    sbj_free(&alloc, model->stored);
    sbj_free(&alloc, model->sums);
    sbj_views_free(&model->weights);
    for (size_t i = 0; i < model->archive_count; i++)
        sbj_archive_free(model->archives[i]);
    sbj_packed_close(model);
    sbj_network_free(&model->network);
    sbj_tokenizer_free(model->tokenizer);
    sbj_backend_free(model->backend);
    sbj_json_free(&model->settings);
    sbj_kept_free(&alloc, &model->kept);
    sbj_free(&alloc, model->description);
    sbj_free(&alloc, model);
}

size_t sbj_model_dimension(const sbj_model *model)
{
    const size_t width = model->network.width;
    return model->truncate != 0 && model->truncate < width ? model->truncate : width;
}

static sbertja_status read_settings(sbj_model *model, sbertja_error *error)
{
    sbertja_status status =
        sbj_kept_parse(&model->alloc, &model->kept, SBJ_KEPT_SETTINGS, &model->settings, error);
    return status == SBERTJA_OK ? sbj_settings_check(&model->settings, &model->truncate, error) : status;
}

/* Ends what `begin` began: `status` is that of the steps between. */
static sbertja_status finish(sbj_model *model, sbj_pool *pool, sbertja_status status, sbj_model **result,
                             sbertja_error *error)
{
    if (status == SBERTJA_OK && (status = read_settings(model, error)) == SBERTJA_OK &&
        (status = sbj_model_pack(model, pool, error)) == SBERTJA_OK &&
        (status = sbj_weights_settle(model, error)) == SBERTJA_OK)
        status = sbj_model_describe(model, error);
    sbj_pool_free(pool);
    if (status == SBERTJA_OK)
        *result = model;
    else
        sbj_model_free(model);
    return status;
}

/* The longest input: what was asked for, else what the files say, and never more than there are positions. */
static sbertja_status choose_max_tokens(sbj_model *model, const sbj_config *config, size_t asked, size_t files,
                                        sbertja_error *error)
{
    if (asked != 0 && (asked < 3 || asked > config->max_positions))
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "max_tokens: %zu, expected 3 to %zu, the model's positions", asked,
                        config->max_positions);
    model->max_tokens = asked != 0 ? asked : files != 0 ? files : config->max_positions;
    if (model->max_tokens > config->max_positions) {
        sbj_say(&model->log, SBERTJA_LOG_WARNING, "the longest input is %zu tokens, not %zu: the model has no more "
                "positions", config->max_positions, model->max_tokens);
        model->max_tokens = config->max_positions;
    }
    if (model->max_tokens < 3)
        return sbj_fail(error, SBERTJA_E_FORMAT, "the longest input is %zu tokens, expected at least 3",
                        model->max_tokens);
    return SBERTJA_OK;
}

static sbertja_status load_tokenizer(sbj_model *model, const sbj_layout *layout, const sbj_config *config,
                                     const sbj_model_options *options, sbertja_error *error)
{
    const sbj_tokenizer_options choices = {&model->alloc, options->dictionary, options->dictionary_places,
                                           model->max_tokens, options->max_text_bytes, options->log};
    sbertja_status status = sbj_tokenizer_load(layout->transformer, &choices, &model->tokenizer, error);
    if (status != SBERTJA_OK)
        return status;
    size_t entries = sbj_tokenizer_vocabulary_size(model->tokenizer);
    if (entries > config->vocabulary)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: vocab.txt has %zu tokens, config.json's vocab_size is %zu",
                        layout->transformer, entries, config->vocabulary);
    return SBERTJA_OK;
}

static sbertja_status load(sbj_model *model, sbj_layout *layout, const sbj_model_options *options, sbj_pool *pool,
                           sbertja_error *error)
{
    sbj_config config;
    sbj_archive *archive = NULL;
    char *path = NULL;
    sbertja_status status;
    if ((status = sbj_path_join(&model->alloc, layout->transformer, "config.json", &path, error)) != SBERTJA_OK ||
        (status = sbj_config_read(&model->alloc, path, &config, error)) != SBERTJA_OK ||
        (status = choose_modules(options, config.hidden, layout, error)) != SBERTJA_OK ||
        (status = choose_max_tokens(model, &config, options->max_tokens, layout->max_tokens, error)) != SBERTJA_OK ||
        (status = load_tokenizer(model, layout, &config, options, error)) != SBERTJA_OK ||
        (status = sbj_kept_read(&model->alloc, layout, options->modules == NULL, &model->kept, error)) != SBERTJA_OK ||
        (status = sbj_weights_open(&model->alloc, layout->transformer, model->mapped, &archive, error)) != SBERTJA_OK)
        goto done;
    model->archives[model->archive_count++] = archive;
    bool pooler = sbj_weights_find(archive, "pooler.dense.weight") != NULL &&
                  sbj_weights_find(archive, "pooler.dense.bias") != NULL;
    status = sbj_network_make(&model->alloc, &config, layout->modules, layout->module_count, pooler, &model->network,
                              error);
    if (status == SBERTJA_OK && (status = sbj_weights_locate(model, layout, archive, options, error)) == SBERTJA_OK &&
        (status = sbj_packed_open(model, layout->transformer, pool, error)) == SBERTJA_OK)
        status = sbj_weights_read(model, pool, error);
done:
    sbj_free(&model->alloc, path);
    return status;
}

sbertja_status sbj_model_load(const char *directory, const sbj_model_options *options, sbj_model **result,
                              sbertja_error *error)
{
    sbj_model *model = NULL;
    sbj_pool *pool = NULL;
    sbj_layout layout = {0};
    *result = NULL;
    sbertja_status status = sbj_layout_read(&options->alloc, directory, &layout, error);
    if (status == SBERTJA_OK && (status = begin(options, &model, &pool, error)) == SBERTJA_OK)
        status = finish(model, pool, load(model, &layout, options, pool, error), result, error);
    sbj_layout_free(&layout);
    return status;
}

/* ---- From sizes ---- */

static sbertja_status architecture_config(const sbertja_architecture *a, sbj_config *config, sbertja_error *error)
{
    const int sizes[] = {a->layers, a->hidden, a->heads, a->intermediate, a->max_positions};
    memset(config, 0, sizeof *config);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i] < 1)
            return sbj_fail(error, SBERTJA_E_ARGUMENT,
                            "architecture: layers, hidden, heads, intermediate, max_positions: %d, expected at least 1",
                            sizes[i]);
    config->layers = (size_t)a->layers;
    config->hidden = (size_t)a->hidden;
    config->heads = (size_t)a->heads;
    config->intermediate = (size_t)a->intermediate;
    config->max_positions = (size_t)a->max_positions;
    config->types = 2;
    config->eps = 1e-12;
    config->hidden_dropout = config->attention_dropout = a->dropout;
    if (!sbj_activation_parse(a->activation ? a->activation : "gelu", &config->activation))
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "architecture: activation \"%s\", expected gelu, gelu_new or relu",
                        a->activation);
    return SBERTJA_OK;
}

/* One of two names. */
static sbertja_status choose(const char *what, const char *name, const char *first, const char *second, bool *is_second,
                             sbertja_error *error)
{
    *is_second = name != NULL && strcmp(name, second) == 0;
    if (*is_second || name == NULL || strcmp(name, first) == 0)
        return SBERTJA_OK;
    return sbj_fail(error, SBERTJA_E_ARGUMENT, "architecture: %s \"%s\", expected %s or %s", what, name, first, second);
}

static sbertja_status create_tokenizer(sbj_model *model, const sbertja_architecture *a,
                                       const sbj_model_options *options, sbertja_error *error)
{
    sbj_tokenizer_config config;
    sbertja_status status;
    sbj_tokenizer_config_init(&config);
    config.lower_case = a->lower_case != 0;
    if (a->mecab_dictionary != NULL)
        snprintf(config.dictionary, sizeof config.dictionary, "%s", a->mecab_dictionary);
    if ((status = choose("word_tokenizer", a->word_tokenizer, "mecab", "basic", &config.basic, error)) != SBERTJA_OK ||
        (status = choose("subword_tokenizer", a->subword_tokenizer, "wordpiece", "character", &config.character,
                         error)) != SBERTJA_OK)
        return status;
    const sbj_tokenizer_options choices = {&model->alloc, options->dictionary, options->dictionary_places,
                                           model->max_tokens, options->max_text_bytes, options->log};
    return sbj_tokenizer_create(a->vocabulary, &config, &choices, &model->tokenizer, error);
}

static sbertja_status create(sbj_model *model, const sbertja_architecture *a, const sbj_model_options *options,
                             sbertja_error *error)
{
    static const sbertja_module mean = SBERTJA_MODULE_INIT;
    sbj_model_options with_modules = *options;
    sbj_config config;
    sbj_layout layout = {0};
    sbertja_status status;
    if (options->modules == NULL) {
        with_modules.modules = &mean;
        with_modules.module_count = 1;
    }
    if ((status = architecture_config(a, &config, error)) != SBERTJA_OK ||
        (status = as_argument(choose_max_tokens(model, &config, options->max_tokens, 0, error), error)) != SBERTJA_OK ||
        (status = create_tokenizer(model, a, options, error)) != SBERTJA_OK)
        return status;
    if (sbj_tokenizer_pad(model->tokenizer) < 0) /* nothing here needs it, but all others do */
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: token [PAD]: not in the vocabulary", a->vocabulary);
    config.vocabulary = sbj_tokenizer_vocabulary_size(model->tokenizer);
    if ((status = as_argument(sbj_config_check(&config, "architecture", error), error)) != SBERTJA_OK ||
        (status = choose_modules(&with_modules, config.hidden, &layout, error)) != SBERTJA_OK ||
        (status = sbj_network_make(&model->alloc, &config, layout.modules, layout.module_count, false,
                                   &model->network, error)) != SBERTJA_OK)
        return status;
    return sbj_weights_random(model, a->seed, options, error);
}

sbertja_status sbj_model_create(const sbertja_architecture *architecture, const sbj_model_options *options,
                                sbj_model **result, sbertja_error *error)
{
    sbj_model *model = NULL;
    sbj_pool *pool = NULL;
    *result = NULL;
    if (architecture->vocabulary == NULL)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "architecture: no vocabulary file is given");
    sbertja_status status = begin(options, &model, &pool, error);
    if (status != SBERTJA_OK)
        return status;
    return finish(model, pool, create(model, architecture, options, error), result, error);
}

/* ---- From another model ---- */

/* `head`: the width of a Dense module that the parent does not have; 0: none. */
static sbertja_status derive(const sbj_model *parent, const sbj_views *values, size_t head, uint64_t seed,
                             sbj_model **result, sbertja_error *error)
{
    const sbj_model_options options = {.alloc = parent->alloc, .log = parent->log, .device = parent->device,
                                       .engine = parent->engine, .instructions = parent->instructions,
                                       .precision = parent->precision, .threads = parent->threads};
    sbj_model *model = NULL;
    sbj_pool *pool = NULL;
    *result = NULL;
    sbertja_status status = begin(&options, &model, &pool, error);
    if (status != SBERTJA_OK)
        return status;
    model->tokenizer = sbj_tokenizer_share(parent->tokenizer);
    model->max_tokens = parent->max_tokens;
    model->trained = parent->trained || values != &parent->weights;
    status = sbj_kept_copy(&model->alloc, &parent->kept, &model->kept, error);
    if (status == SBERTJA_OK)
        status = head > 0 ? sbj_network_with_head(&parent->network, head, &model->network, error)
                          : sbj_network_copy(&parent->network, &model->network, error);
    if (status == SBERTJA_OK)
        status = sbj_weights_copy(model, parent, values, seed, error);
    return finish(model, pool, status, result, error);
}

sbertja_status sbj_model_with(const sbj_model *parent, const sbj_views *values, sbj_model **result,
                              sbertja_error *error)
{
    return derive(parent, values, 0, 0, result, error);
}

sbertja_status sbj_model_with_head(const sbj_model *parent, size_t width, uint64_t seed, sbj_model **result,
                                   sbertja_error *error)
{
    return derive(parent, &parent->weights, width, seed, result, error);
}
