/* A trainer's state on the disk, replaced as a whole each time (io/directory.h), so that a kill at any moment leaves a
 * sound one:
 *
 *   checkpoint.json   format, steps done, best score, and the configuration that must be the same on resuming
 *   parameters.bin    the parameter arena as it lies in memory, little-endian, and after it for each objective m and v
 *
 * Where the samplers stand, and which words they have dealt, follows from the number of steps, and dropout from seed
 * and step, so none of it is stored. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "io/directory.h"
#include "io/json.h"
#include "train/trainer.h"
#include "util/hash.h"

enum { FORMAT = 1 };

static const char *const description = "checkpoint.json", *const arrays = "parameters.bin";

/* Of all that the data and the network are, so that a checkpoint of other data is not taken for this one's. */
static void add_hash(cJSON *object, const char *key, uint64_t h)
{
    char text[17];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)h);
    cJSON_AddStringToObject(object, key, text);
}

static cJSON *describe_goal(const sbj_goal *goal)
{
    const sbj_dataset *d = goal->dataset;
    uint64_t h = SBJ_HASH_START;
    for (size_t i = 0; i < d->examples * d->groups; i++)
        h = sbj_hash(h, goal->tokens.ids[i], goal->tokens.counts[i] * sizeof(int32_t));
    h = sbj_hash(h, d->labels, d->examples * sizeof *d->labels);
    if (goal->sampler.text_numbers != NULL) /* texts of the same tokens may differ, and make other batches */
        h = sbj_hash(h, goal->sampler.text_numbers, d->examples * d->groups * sizeof *goal->sampler.text_numbers);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "loss", goal->loss.loss);
    cJSON_AddNumberToObject(o, "metric", goal->loss.metric);
    cJSON_AddNumberToObject(o, "margin", goal->loss.margin);
    cJSON_AddNumberToObject(o, "scale", goal->loss.scale);
    cJSON_AddNumberToObject(o, "batch_size", (double)goal->sampler.batch_size);
    cJSON_AddNumberToObject(o, "samples_per_label", (double)goal->sampler.per_label);
    cJSON_AddBoolToObject(o, "shuffle", goal->sampler.shuffle);
    cJSON_AddBoolToObject(o, "no_duplicates", goal->sampler.text_numbers != NULL);
    cJSON_AddNumberToObject(o, "batch_tokens", goal->sampler.tokens == NULL ? 0 : (double)goal->sampler.batch_tokens);
    cJSON_AddNumberToObject(o, "examples", (double)d->examples);
    add_hash(o, "data", h);
    cJSON_AddNumberToObject(o, "similarity_weight", goal->loss.similarity);
    return o;
}

/* The shapes of the parameters and all that does not show in them. */
static uint64_t hash_network(const sbj_network *n)
{
    const sbj_config *c = &n->config;
    const double numbers[] = {(double)c->heads, (double)c->activation, c->eps, c->hidden_dropout, c->attention_dropout};
    uint64_t h = sbj_hash(SBJ_HASH_START, numbers, sizeof numbers);
    for (size_t i = 0; i < n->parameter_count; i++) {
        const sbj_parameter *p = &n->parameters[i];
        const uint64_t shape[] = {p->rows, p->columns};
        h = sbj_hash(h, p->name, strlen(p->name));
        h = sbj_hash(h, shape, sizeof shape);
    }
    for (size_t i = 0; i < n->module_count; i++) {
        const sbj_module *m = &n->modules[i];
        const uint32_t kind[] = {(uint32_t)m->kind, (uint32_t)m->activation};
        h = sbj_hash(h, kind, sizeof kind);
        h = sbj_hash(h, m->modes, m->mode_count * sizeof *m->modes);
    }
    return h;
}

static cJSON *describe(const sbj_trainer *t, const sbj_progress_state *state)
{
    const sbj_network *n = &t->model->network;
    cJSON *c = cJSON_CreateObject();
    cJSON_AddStringToObject(c, "device", t->model->backend->table->name);
    add_hash(c, "network", hash_network(n));
    cJSON_AddNumberToObject(c, "parameters", (double)n->arena_size);
    cJSON_AddNumberToObject(c, "steps", (double)state->total);
    cJSON_AddStringToObject(c, "scheduler", sbj_schedule_name(t->schedule));
    cJSON_AddNumberToObject(c, "warmup_steps", (double)t->warmup_steps);
    cJSON_AddNumberToObject(c, "learning_rate", t->learning_rate);
    cJSON_AddStringToObject(c, "preset", t->correct_bias ? "torch" : "st-0.4.1");
    cJSON_AddNumberToObject(c, "beta1", t->beta1);
    cJSON_AddNumberToObject(c, "beta2", t->beta2);
    cJSON_AddNumberToObject(c, "epsilon", t->epsilon);
    cJSON_AddNumberToObject(c, "weight_decay", t->weight_decay);
    cJSON_AddNumberToObject(c, "max_grad_norm", t->max_grad_norm);
    cJSON_AddBoolToObject(c, "dropout", t->dropout);
    cJSON_AddNumberToObject(c, "gradient_accumulation_steps", (double)t->accumulation);
    cJSON_AddStringToObject(c, "precision", sbj_precision_name(t->precision));
    add_hash(c, "seed", t->seed);
    add_hash(c, "teachers", sbj_teachers_hash(&t->teachers));
    cJSON *goals = cJSON_AddArrayToObject(c, "objectives");
    for (size_t i = 0; i < t->goal_count; i++)
        cJSON_AddItemToArray(goals, describe_goal(&t->goals[i]));
    return c;
}

/* The first entry of the one that is not the same in the other; NULL: they agree. */
static const cJSON *first_difference(const cJSON *ours, const cJSON *theirs)
{
    for (const cJSON *item = ours->child; item != NULL; item = item->next) {
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(theirs, item->string);
        if (!cJSON_Compare(item, other, true))
            return item;
    }
    return NULL;
}

/* ---- The arrays ---- */

static size_t element_count(const sbj_trainer *t)
{
    return t->model->network.arena_size * (1 + 2 * t->goal_count);
}

/* The arenas in the order of the file. */
static sbj_tensor arena(const sbj_trainer *t, size_t index)
{
    const sbj_goal *goal = index == 0 ? NULL : &t->goals[(index - 1) / 2];
    return index == 0 ? t->parameters : index % 2 == 1 ? goal->m : goal->v;
}

static sbertja_status write_arrays(const sbj_trainer *t, const char *path, sbertja_error *error)
{
    const sbj_type real = t->model->backend->table->real;
    const size_t size = t->model->network.arena_size, bytes = element_count(t) * sbj_type_size(real);
    unsigned char *memory = sbj_new_raw(&t->alloc, bytes, 1);
    sbertja_status status = memory == NULL ? sbj_no_memory(error, bytes) : SBERTJA_OK;
    for (size_t i = 0; i < 1 + 2 * t->goal_count && status == SBERTJA_OK; i++)
        status = sbj_read(t->model->backend, arena(t, i), memory + i * size * sbj_type_size(real), real, error);
    if (status == SBERTJA_OK)
        status = sbj_write_file(path, memory, bytes, error);
    sbj_free(&t->alloc, memory);
    return status;
}

static sbertja_status read_arrays(sbj_trainer *t, const char *path, sbertja_error *error)
{
    const sbj_type real = t->model->backend->table->real;
    const size_t step = t->model->network.arena_size * sbj_type_size(real);
    sbj_map map = {0};
    sbertja_status status = sbj_map_open(path, &map, error);
    if (status == SBERTJA_OK && map.size != element_count(t) * sbj_type_size(real))
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: %zu bytes, expected %zu", path, map.size,
                          element_count(t) * sbj_type_size(real));
    for (size_t i = 0; i < 1 + 2 * t->goal_count && status == SBERTJA_OK; i++)
        status = sbj_write(t->model->backend, arena(t, i), map.data + i * step, real, error);
    sbj_map_close(&map);
    return status;
}

/* ---- Whole checkpoints ---- */

bool sbj_is_checkpoint(const char *directory)
{
    char *path = NULL;
    bool there = sbj_path_join(&sbj_malloc, directory, description, &path, NULL) == SBERTJA_OK && sbj_is_file(path);
    sbj_free(&sbj_malloc, path);
    return there;
}

static sbertja_status write_description(const sbj_trainer *t, const sbj_progress_state *state, const char *path,
                                        sbertja_error *error)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddNumberToObject(root, "format", FORMAT);
    cJSON_AddNumberToObject(root, "done", (double)state->done);
    if (isfinite(state->best))
        cJSON_AddNumberToObject(root, "best", state->best);
    cJSON_AddBoolToObject(root, "evaluated", state->evaluated);
    cJSON_AddItemToObject(root, "configuration", describe(t, state));
    sbertja_status status = root == NULL ? sbj_no_memory(error, 0) : sbj_json_write(root, path, error);
    cJSON_Delete(root);
    return status;
}

sbertja_status sbj_trainer_write(const sbj_trainer *t, const sbj_progress_state *state, const char *directory,
                                 sbertja_error *error)
{
    sbj_directory building = {0};
    char *path = NULL;
    sbertja_status status;
    if ((status = sbj_directory_begin(&t->alloc, directory, sbj_is_checkpoint, &building, error)) != SBERTJA_OK ||
        (status = sbj_path_join(&t->alloc, building.path, arrays, &path, error)) != SBERTJA_OK ||
        (status = write_arrays(t, path, error)) != SBERTJA_OK)
        goto done;
    sbj_free(&t->alloc, path);
    path = NULL;
    if ((status = sbj_path_join(&t->alloc, building.path, description, &path, error)) == SBERTJA_OK &&
        (status = write_description(t, state, path, error)) == SBERTJA_OK)
        status = sbj_directory_commit(&building, error);
done:
    sbj_free(&t->alloc, path);
    sbj_directory_abort(&building);
    return status;
}

sbertja_status sbj_trainer_check_target(const sbj_model *model, const char *directory, sbertja_error *error)
{
    sbj_directory building = {0};
    sbertja_status status = sbj_directory_begin(&model->alloc, directory, sbj_is_checkpoint, &building, error);
    sbj_directory_abort(&building);
    return status;
}

/* The configuration in a checkpoint against that of this training; what differs is named with both values. */
static sbertja_status compare(const sbj_trainer *t, const sbj_progress_state *state, const char *name,
                              const cJSON *theirs, sbertja_error *error)
{
    cJSON *ours = describe(t, state);
    if (ours == NULL)
        return sbj_no_memory(error, 0);
    const cJSON *difference = first_difference(ours, theirs);
    sbertja_status status = SBERTJA_OK;
    if (difference != NULL) {
        char *here = cJSON_PrintUnformatted(difference);
        char *there = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(theirs, difference->string));
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: a checkpoint of another training: %s: %.200s, here %.200s",
                          name, difference->string, there ? there : "nothing", here ? here : "?");
        cJSON_free(here);
        cJSON_free(there);
    }
    cJSON_Delete(ours);
    return status;
}

static sbertja_status check_description(const sbj_trainer *t, const sbj_json *json, sbj_progress_state *state,
                                        sbertja_error *error)
{
    long format, done;
    sbertja_status status;
    if ((status = sbj_json_int(json, json->root, "format", 0, &format, error)) != SBERTJA_OK ||
        (status = sbj_json_int(json, json->root, "done", -1, &done, error)) != SBERTJA_OK ||
        (status = sbj_json_bool(json, json->root, "evaluated", true, &state->evaluated, error)) != SBERTJA_OK ||
        (status = sbj_json_number(json, json->root, "best", -INFINITY, &state->best, error)) != SBERTJA_OK)
        return status;
    const cJSON *theirs = cJSON_GetObjectItemCaseSensitive(json->root, "configuration");
    if (format != FORMAT || !cJSON_IsObject(theirs))
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: not a checkpoint of this version", json->name);
    if ((status = compare(t, state, json->name, theirs, error)) != SBERTJA_OK)
        return status;
    if (done < 1 || (size_t)done > state->total)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: done: %ld, expected 1 to %zu steps", json->name, done,
                        state->total);
    state->done = (size_t)done;
    return SBERTJA_OK;
}

/* The samplers and the counters, moved to where they were after `done` steps. */
static void fast_forward(sbj_trainer *t, size_t done)
{
    for (size_t i = 0; i < t->goal_count; i++) {
        sbj_goal *goal = &t->goals[i];
        for (size_t batch = 0; batch < done * t->accumulation; batch++)
            sbj_goal_next(goal);
        goal->updates = done;
    }
}

sbertja_status sbj_trainer_read(sbj_trainer *t, const char *directory, sbj_progress_state *state, sbertja_error *error)
{
    char *json_path = NULL, *array_path = NULL;
    sbj_json json = {0};
    sbertja_status status;
    if ((status = sbj_path_join(&t->alloc, directory, description, &json_path, error)) != SBERTJA_OK ||
        (status = sbj_path_join(&t->alloc, directory, arrays, &array_path, error)) != SBERTJA_OK ||
        (status = sbj_json_read(&t->alloc, json_path, &json, error)) != SBERTJA_OK ||
        (status = check_description(t, &json, state, error)) != SBERTJA_OK ||
        (status = read_arrays(t, array_path, error)) != SBERTJA_OK)
        goto done;
    fast_forward(t, state->done);
    for (size_t i = 0; i < t->weights.matrix_count && status == SBERTJA_OK; i++)
        if (t->weights.matrices[i].parts > 0)
            status = sbj_prepare(t->model->backend, t->pool, &t->weights.matrices[i], error);
done:
    sbj_json_free(&json);
    sbj_free(&t->alloc, json_path);
    sbj_free(&t->alloc, array_path);
    return status;
}
