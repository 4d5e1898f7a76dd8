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
#include "util/finite.h"
#include "util/hash.h"

enum { FORMAT = 1 };

static const char description[] = "checkpoint.json", arrays[] = "parameters.bin";

static void put_hash(sbj_json_tree *t, cJSON *object, const char *key, uint64_t h)
{
    char text[17];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)h);
    sbj_json_put(t, object, key, cJSON_CreateString(text));
}

/* With a hash of all that its data are, so that a checkpoint of other data is not taken for this one's. */
static void put_goal(sbj_json_tree *t, cJSON *list, const sbj_goal *goal)
{
    const sbj_dataset *d = goal->dataset;
    uint64_t h = SBJ_HASH_START;
    for (size_t i = 0; i < d->examples * d->groups; i++)
        h = sbj_hash(h, goal->tokens.ids[i], goal->tokens.counts[i] * sizeof(int32_t));
    h = sbj_hash(h, d->labels, d->examples * sizeof *d->labels);
    if (goal->sampler.text_numbers != NULL) /* texts of the same tokens may differ, and make other batches */
        h = sbj_hash(h, goal->sampler.text_numbers, d->examples * d->groups * sizeof *goal->sampler.text_numbers);
    cJSON *o = sbj_json_put(t, list, NULL, cJSON_CreateObject());
    sbj_json_put(t, o, "loss", cJSON_CreateNumber(goal->loss.loss));
    sbj_json_put(t, o, "metric", cJSON_CreateNumber(goal->loss.metric));
    sbj_json_put(t, o, "margin", cJSON_CreateNumber(goal->loss.margin));
    sbj_json_put(t, o, "scale", cJSON_CreateNumber(goal->loss.scale));
    sbj_json_put(t, o, "batch_size", cJSON_CreateNumber((double)goal->sampler.batch_size));
    sbj_json_put(t, o, "samples_per_label", cJSON_CreateNumber((double)goal->sampler.per_label));
    sbj_json_put(t, o, "shuffle", cJSON_CreateBool(goal->sampler.shuffle));
    sbj_json_put(t, o, "no_duplicates", cJSON_CreateBool(goal->sampler.text_numbers != NULL));
    sbj_json_put(t, o, "batch_tokens", cJSON_CreateNumber(goal->sampler.tokens == NULL ? 0 : (double)goal->sampler.batch_tokens));
    sbj_json_put(t, o, "examples", cJSON_CreateNumber((double)d->examples));
    put_hash(t, o, "data", h);
    sbj_json_put(t, o, "similarity_weight", cJSON_CreateNumber(goal->loss.similarity));
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

static void put_configuration(sbj_json_tree *t, cJSON *c, const sbj_trainer *trainer, const sbj_progress_state *state)
{
    const sbj_network *n = &trainer->model->network;
    sbj_json_put(t, c, "device", cJSON_CreateString(trainer->model->backend->table->name));
    put_hash(t, c, "network", hash_network(n));
    sbj_json_put(t, c, "parameters", cJSON_CreateNumber((double)n->arena_size));
    sbj_json_put(t, c, "steps", cJSON_CreateNumber((double)state->total));
    sbj_json_put(t, c, "scheduler", cJSON_CreateString(sbj_schedule_name(trainer->schedule)));
    sbj_json_put(t, c, "warmup_steps", cJSON_CreateNumber((double)trainer->warmup_steps));
    sbj_json_put(t, c, "learning_rate", cJSON_CreateNumber(trainer->learning_rate));
    sbj_json_put(t, c, "preset", cJSON_CreateString(trainer->correct_bias ? "torch" : "st-0.4.1"));
    sbj_json_put(t, c, "beta1", cJSON_CreateNumber(trainer->beta1));
    sbj_json_put(t, c, "beta2", cJSON_CreateNumber(trainer->beta2));
    sbj_json_put(t, c, "epsilon", cJSON_CreateNumber(trainer->epsilon));
    sbj_json_put(t, c, "weight_decay", cJSON_CreateNumber(trainer->weight_decay));
    sbj_json_put(t, c, "max_grad_norm", cJSON_CreateNumber(trainer->max_grad_norm));
    sbj_json_put(t, c, "dropout", cJSON_CreateBool(trainer->dropout));
    sbj_json_put(t, c, "gradient_accumulation_steps", cJSON_CreateNumber((double)trainer->accumulation));
    sbj_json_put(t, c, "precision", cJSON_CreateString(sbj_precision_name(trainer->precision)));
    put_hash(t, c, "seed", trainer->seed);
    put_hash(t, c, "teachers", sbj_teachers_hash(&trainer->teachers));
    cJSON *goals = sbj_json_put(t, c, "objectives", cJSON_CreateArray());
    for (size_t i = 0; i < trainer->goal_count; i++)
        put_goal(t, goals, &trainer->goals[i]);
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

/* A training that diverged leaves the last checkpoint before that as it is, and does not go on from one. */
static bool are_finite(const void *values, size_t count, sbj_type real)
{
    return real == SBJ_F64 ? sbj_all_finite_doubles(values, count) : sbj_all_finite(values, count);
}

static sbertja_status write_arrays(const sbj_trainer *t, const char *path, sbertja_error *error)
{
    const sbj_type real = t->model->backend->table->real;
    const size_t size = t->model->network.arena_size, bytes = element_count(t) * sbj_type_size(real);
    unsigned char *memory = sbj_new_raw(&t->alloc, bytes, 1);
    sbertja_status status = memory == NULL ? sbj_no_memory(error, bytes) : SBERTJA_OK;
    for (size_t i = 0; i < 1 + 2 * t->goal_count && status == SBERTJA_OK; i++)
        status = sbj_read(t->model->backend, arena(t, i), memory + i * size * sbj_type_size(real), real, error);
    if (status == SBERTJA_OK && !are_finite(memory, element_count(t), real))
        status = sbj_diverged("a weight", error);
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
    if (status == SBERTJA_OK && !are_finite(map.data, element_count(t), real))
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: a value is not a finite number", path);
    for (size_t i = 0; i < 1 + 2 * t->goal_count && status == SBERTJA_OK; i++)
        status = sbj_write(t->model->backend, arena(t, i), map.data + i * step, real, error);
    sbj_map_close(&map);
    return status;
}

/* ---- Whole checkpoints ---- */

sbertja_status sbj_find_checkpoint(const sbj_alloc *alloc, const char *directory, bool *found, sbertja_error *error)
{
    char *path = NULL, current[PATH_MAX];
    *found = false;
    sbertja_status status = sbj_path_join(alloc, sbj_directory_current(directory, current), description, &path, error);
    if (status == SBERTJA_OK)
        status = sbj_find_file(path, found, error);
    sbj_free(alloc, path);
    return status;
}

static bool is_checkpoint(const char *directory)
{
    char current[PATH_MAX];
    directory = sbj_directory_current(directory, current);
    return sbj_has_file(directory, description) && sbj_has_file(directory, arrays);
}

static bool is_part(const char *name)
{
    return strcmp(name, description) == 0 || strcmp(name, arrays) == 0;
}

static const sbj_directory_kind checkpoints = {is_checkpoint, is_part, description};

static sbertja_status write_description(const sbj_trainer *trainer, const sbj_progress_state *state, const char *path,
                                        sbertja_error *error)
{
    sbj_json_tree tree = sbj_json_begin(cJSON_CreateObject()), *t = &tree;
    cJSON *const root = tree.root;
    sbj_json_put(t, root, "format", cJSON_CreateNumber(FORMAT));
    sbj_json_put(t, root, "done", cJSON_CreateNumber((double)state->done));
    if (isfinite(state->best))
        sbj_json_put(t, root, "best", cJSON_CreateNumber(state->best));
    sbj_json_put(t, root, "evaluated", cJSON_CreateBool(state->evaluated));
    put_configuration(t, sbj_json_put(t, root, "configuration", cJSON_CreateObject()), trainer, state);
    return sbj_json_write(t, path, error);
}

sbertja_status sbj_trainer_write(const sbj_trainer *t, const sbj_progress_state *state, const char *directory,
                                 sbertja_error *error)
{
    sbj_directory building = {0};
    char *path = NULL;
    sbertja_status status;
    if ((status = sbj_directory_begin(&t->alloc, directory, &checkpoints, &building, error)) != SBERTJA_OK ||
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
    sbertja_status status = sbj_directory_begin(&model->alloc, directory, &checkpoints, &building, error);
    sbj_directory_abort(&building);
    return status;
}

/* The configuration in a checkpoint against that of this training; what differs is named with both values. */
static sbertja_status compare(const sbj_trainer *t, const sbj_progress_state *state, const char *name,
                              const cJSON *theirs, sbertja_error *error)
{
    sbj_json_tree ours = sbj_json_begin(cJSON_CreateObject());
    put_configuration(&ours, ours.root, t, state);
    const cJSON *difference = ours.failed ? NULL : first_difference(ours.root, theirs);
    sbertja_status status = ours.failed ? sbj_no_memory(error, 0) : SBERTJA_OK;
    if (difference != NULL) {
        char *here = cJSON_PrintUnformatted(difference);
        char *there = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(theirs, difference->string));
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: a checkpoint of another training: %s: %.200s, here %.200s",
                          name, difference->string, there ? there : "nothing", here ? here : "?");
        cJSON_free(here);
        cJSON_free(there);
    }
    sbj_json_tree_free(&ours);
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
    char *json_path = NULL, *array_path = NULL, current[PATH_MAX];
    sbj_json json = {0};
    sbertja_status status;
    directory = sbj_directory_current(directory, current);
    if ((status = sbj_path_join(&t->alloc, directory, description, &json_path, error)) != SBERTJA_OK ||
        (status = sbj_path_join(&t->alloc, directory, arrays, &array_path, error)) != SBERTJA_OK ||
        (status = sbj_json_read(&t->alloc, json_path, &json, error)) != SBERTJA_OK ||
        (status = check_description(t, &json, state, error)) != SBERTJA_OK ||
        (status = read_arrays(t, array_path, error)) != SBERTJA_OK)
        goto done;
    fast_forward(t, state->done);
    status = sbj_trainer_prepare(t, error);
done:
    sbj_json_free(&json);
    sbj_free(&t->alloc, json_path);
    sbj_free(&t->alloc, array_path);
    return status;
}
