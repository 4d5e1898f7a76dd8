/* Models: load, create, save, ask. */
#include <stdio.h>

#include "api/api.h"
#include "model/default_model.h"
#include "util/pool.h"

/* The caller's modules in this version's form: an array of an older one has shorter elements, all of one size. */
static sbertja_status take_modules(const sbertja_module *given, size_t count, sbertja_module taken[SBJ_MOST_MODULES],
                                   sbertja_error *error)
{
    if (count > SBJ_MOST_MODULES)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "modules: %zu, at most %d", count, SBJ_MOST_MODULES);
    for (size_t i = 0; i < count; i++) {
        const uint32_t size = given->size;
        const sbertja_module *element = (const void *)((const char *)given + i * size);
        char name[32];
        snprintf(name, sizeof name, "module %zu", i);
        taken[i] = (sbertja_module)SBERTJA_MODULE_INIT;
        if (size < offsetof(sbertja_module, exclude_prompt) || element->size != size)
            return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: size %u, expected %zu: start from the _INIT macro", name,
                            (unsigned)(size < offsetof(sbertja_module, exclude_prompt) ? size : element->size),
                            sizeof(sbertja_module));
        sbertja_status status = sbj_take_options(name, element, size, &taken[i], sizeof *taken, error);
        if (status != SBERTJA_OK)
            return status;
    }
    return SBERTJA_OK;
}

/* `modules` is where the caller's modules go. */
static sbertja_status model_options(const sbertja_load_options *given, sbj_model_options *options,
                                    sbertja_module modules[SBJ_MOST_MODULES], sbertja_error *error)
{
    sbertja_load_options o = SBERTJA_LOAD_OPTIONS_INIT;
    sbertja_status status = sbj_take_options("load options", given, given ? given->size : 0, &o, sizeof o, error);
    if (status != SBERTJA_OK)
        return status;
    if (o.modules == NULL && o.module_count > 0)
        return sbj_no_argument(error, "load options: modules");
    if (o.modules != NULL && (status = take_modules(o.modules, o.module_count, modules, error)) != SBERTJA_OK)
        return status;
    if ((status = sbj_check_allocator(o.allocator, error)) != SBERTJA_OK)
        return sbj_in(error, status, "load options");
    sbj_precision precision;
    if (!sbj_precision_parse(o.precision, &precision))
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "load options: precision \"%s\", expected f32, bf16 or int8",
                        o.precision);
    if (o.threads < 0 || o.threads > SBJ_MOST_THREADS)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "load options: threads: %d, expected 0 to %d", o.threads,
                        SBJ_MOST_THREADS);
    if (o.weights != NULL && strcmp(o.weights, "copied") != 0 && strcmp(o.weights, "mapped") != 0)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "load options: weights \"%s\", expected copied or mapped", o.weights);
    *options = (sbj_model_options){.alloc = o.allocator ? *o.allocator : sbj_malloc,
                                   .log = {o.log, o.log_user},
                                   .device = o.device,
                                   .engine = o.engine,
                                   .instructions = o.instructions,
                                   .dictionary = o.dictionary,
                                   .dictionary_places = o.dictionary_places,
                                   .max_tokens = o.max_tokens,
                                   .max_text_bytes = o.max_text_bytes,
                                   .modules = o.modules != NULL ? modules : NULL,
                                   .module_count = o.module_count,
                                   .seed = o.seed,
                                   .precision = precision,
                                   .threads = o.threads,
                                   .mapped = o.weights != NULL && strcmp(o.weights, "mapped") == 0};
    return SBERTJA_OK;
}

/* `*directory` becomes that of the default model, in `room`, where the caller names none. */
static sbertja_status default_directory(const char **directory, char room[SBJ_PATH_ROOM], sbertja_error *error)
{
    char file[SBJ_PATH_ROOM];
    if (*directory != NULL)
        return SBERTJA_OK;
    *directory = room;
    return sbj_default_model_find(sbj_own_file(file) ? file : NULL, room, error);
}

SBERTJA_API sbertja_status sbertja_default_model(char *path, size_t room, sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    char found[SBJ_PATH_ROOM];
    const char *directory = NULL;
    if (path == NULL)
        return sbj_no_argument(error, "path");
    if (room > 0)
        path[0] = '\0';
    const sbertja_status status = default_directory(&directory, found, error);
    if (status != SBERTJA_OK)
        return status;
    const size_t size = strlen(directory) + 1;
    if (size > room)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "room: %zu bytes, the path of the default model needs %zu", room,
                        size);
    memcpy(path, directory, size);
    return SBERTJA_OK;
}

SBERTJA_API sbertja_status sbertja_model_load(const char *directory, const sbertja_load_options *options,
                                              sbertja_model **model, sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    sbj_model_options inner;
    sbertja_module modules[SBJ_MOST_MODULES];
    char room[SBJ_PATH_ROOM];
    if (model == NULL)
        return sbj_no_argument(error, "model");
    *model = NULL;
    sbertja_status status = model_options(options, &inner, modules, error);
    if (status == SBERTJA_OK)
        status = default_directory(&directory, room, error);
    return status == SBERTJA_OK ? sbj_model_load(directory, &inner, (sbj_model **)model, error) : status;
}

SBERTJA_API sbertja_status sbertja_model_create(const sbertja_architecture *architecture,
                                                const sbertja_load_options *options, sbertja_model **model,
                                                sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    sbertja_architecture a = SBERTJA_ARCHITECTURE_INIT;
    sbj_model_options inner;
    sbertja_module modules[SBJ_MOST_MODULES];
    if (model == NULL)
        return sbj_no_argument(error, "model");
    *model = NULL;
    if (architecture == NULL)
        return sbj_no_argument(error, "architecture");
    sbertja_status status;
    if ((status = sbj_take_options("architecture", architecture, architecture->size, &a, sizeof a, error)) !=
            SBERTJA_OK ||
        (status = model_options(options, &inner, modules, error)) != SBERTJA_OK)
        return status;
    return sbj_model_create(&a, &inner, (sbj_model **)model, error);
}

SBERTJA_API sbertja_status sbertja_model_save(const sbertja_model *model, const char *directory,
                                              const sbertja_save_options *options, sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    sbertja_save_options o = SBERTJA_SAVE_OPTIONS_INIT;
    if (model == NULL || directory == NULL)
        return sbj_no_argument(error, model == NULL ? "model" : "directory");
    sbertja_status status = sbj_take_options("save options", options, options ? options->size : 0, &o, sizeof o, error);
    return status == SBERTJA_OK ? sbj_model_save((const sbj_model *)model, directory, &o, error) : status;
}

SBERTJA_API void sbertja_model_free(sbertja_model *model)
{
    SBJ_KEEP_ERRNO;
    sbj_model_free((sbj_model *)model);
}

SBERTJA_API size_t sbertja_model_dimension(const sbertja_model *model)
{
    return sbj_model_dimension((const sbj_model *)model);
}

SBERTJA_API size_t sbertja_model_token_dimension(const sbertja_model *model)
{
    return ((const sbj_model *)model)->network.config.hidden;
}

SBERTJA_API size_t sbertja_model_max_tokens(const sbertja_model *model)
{
    return ((const sbj_model *)model)->max_tokens;
}

SBERTJA_API const char *sbertja_model_prompt(const sbertja_model *model, const char *name)
{
    return sbj_settings_prompt(&((const sbj_model *)model)->settings, name);
}

SBERTJA_API const char *sbertja_model_describe(const sbertja_model *model)
{
    return ((const sbj_model *)model)->description;
}

SBERTJA_API sbertja_status sbertja_directory_describe(const char *directory, char *json, size_t capacity, size_t *size,
                                                      sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    char room[SBJ_PATH_ROOM], *description = NULL;
    if (size != NULL)
        *size = 0;
    if (json == NULL && capacity > 0)
        return sbj_no_argument(error, "json");
    if (capacity > 0)
        json[0] = '\0';
    sbertja_status status = default_directory(&directory, room, error);
    if (status == SBERTJA_OK)
        status = sbj_directory_describe(&sbj_malloc, directory, &description, error);
    if (status != SBERTJA_OK)
        return status;
    const size_t needed = strlen(description) + 1;
    if (size != NULL)
        *size = needed;
    if (capacity >= needed)
        memcpy(json, description, needed);
    else if (json != NULL)
        status = sbj_fail(error, SBERTJA_E_ARGUMENT, "capacity: %zu bytes, the description needs %zu", capacity, needed);
    sbj_free(&sbj_malloc, description);
    return status;
}

SBERTJA_API size_t sbertja_model_parameter_count(const sbertja_model *model)
{
    return ((const sbj_model *)model)->network.parameter_count;
}

SBERTJA_API sbertja_status sbertja_model_parameter(const sbertja_model *model, size_t index, sbertja_parameter *info,
                                                   float *values, sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    const sbj_model *inner = (const sbj_model *)model;
    if (model == NULL)
        return sbj_no_argument(error, "model");
    if (index >= inner->network.parameter_count)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "parameter %zu: the model has %zu", index,
                        inner->network.parameter_count);
    const sbj_parameter *p = &inner->network.parameters[index];
    if (info != NULL)
        *info = (sbertja_parameter){p->name, p->rows, p->columns};
    return values == NULL ? SBERTJA_OK : sbj_model_values(inner, index, values, error);
}

SBERTJA_API const sbertja_tokenizer *sbertja_model_tokenizer(const sbertja_model *model)
{
    return (const sbertja_tokenizer *)((const sbj_model *)model)->tokenizer;
}

SBERTJA_API sbertja_status sbertja_tokenizer_load(const char *directory, const sbertja_load_options *options,
                                                  sbertja_tokenizer **tokenizer, sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    sbj_model_options inner;
    sbertja_module modules[SBJ_MOST_MODULES];
    sbj_layout layout = {0};
    char room[SBJ_PATH_ROOM];
    if (tokenizer == NULL)
        return sbj_no_argument(error, "tokenizer");
    *tokenizer = NULL;
    sbertja_status status = model_options(options, &inner, modules, error);
    if (status == SBERTJA_OK)
        status = default_directory(&directory, room, error);
    if (status == SBERTJA_OK)
        status = sbj_layout_read(&inner.alloc, directory, &layout, error);
    if (status == SBERTJA_OK) {
        const sbj_tokenizer_options choices = {&inner.alloc, inner.dictionary, inner.dictionary_places,
                                               inner.max_tokens ? inner.max_tokens : layout.max_tokens,
                                               inner.max_text_bytes, inner.log};
        status = sbj_tokenizer_load(layout.transformer, &choices, (sbj_tokenizer **)tokenizer, error);
    }
    sbj_layout_free(&layout);
    return status;
}
