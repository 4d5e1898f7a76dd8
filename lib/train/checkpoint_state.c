/* A trainer's state on the disk, replaced as a whole each time (io/directory.h), so that a kill at any moment leaves a
 * sound one:
 *
 *   checkpoint.json   format, steps done, best score, and the configuration that must be the same on resuming
 *                     (checkpoint_compare.h), and the environment that should be
 *   parameters.bin    the parameter arena as it lies in memory, little-endian, and after it for each objective m and v
 *
 * Where the samplers stand, and which words they have dealt, follows from the number of steps, and dropout from seed
 * and step, so none of it is stored. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "io/directory.h"
#include "io/input.h"
#include "io/json.h"
#include "train/checkpoint_compare.h"
#include "util/finite.h"
#include "util/hash.h"

enum { FORMAT = 1, STRETCH = 1 << 16 }; /* elements that are read at a time */

static const char description[] = "checkpoint.json", arrays[] = "parameters.bin";

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

/* One arena from the file, a stretch at a time in `room`. */
static sbertja_status read_arena(sbj_trainer *t, size_t index, const sbj_input *file, sbj_type real, void *room,
                                 sbertja_error *error)
{
    const size_t size = t->model->network.arena_size, element = sbj_type_size(real);
    sbertja_status status = SBERTJA_OK;
    for (size_t first = 0; first < size && status == SBERTJA_OK; first += STRETCH) {
        const size_t count = size - first < STRETCH ? size - first : STRETCH;
        status = sbj_input_read(file, (index * size + first) * element, room, count * element, error);
        if (status == SBERTJA_OK && !are_finite(room, count, real))
            status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: a value is not a finite number", file->path);
        if (status == SBERTJA_OK)
            status = sbj_write(t->model->backend, sbj_window(arena(t, index), 0, 1, first, count), room, real, error);
    }
    return status;
}

/* `real`: the type in the file, which is the other one if the device is. */
static sbertja_status read_arrays(sbj_trainer *t, const char *path, sbj_type real, sbertja_error *error)
{
    const size_t bytes = element_count(t) * sbj_type_size(real);
    sbj_input file;
    sbertja_status status = sbj_input_open(path, &file, error);
    if (status != SBERTJA_OK)
        return status;
    void *room = sbj_new_raw(&t->alloc, STRETCH, sbj_type_size(real));
    if (room == NULL)
        status = sbj_no_memory(error, STRETCH * sbj_type_size(real));
    else if (file.size != bytes)
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: %zu bytes, expected %zu", path, file.size, bytes);
    for (size_t i = 0; i < 1 + 2 * t->goal_count && status == SBERTJA_OK; i++)
        status = read_arena(t, i, &file, real, room, error);
    if (status == SBERTJA_OK)
        status = sbj_input_check(&file, error);
    sbj_free(&t->alloc, room);
    sbj_input_close(&file);
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

static sbertja_status is_checkpoint(const char *directory, bool *found, sbertja_error *error)
{
    char current[PATH_MAX];
    (void)error;
    directory = sbj_directory_current(directory, current);
    *found = sbj_has_file(directory, description) && sbj_has_file(directory, arrays);
    return SBERTJA_OK;
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
    sbj_put_configuration(t, sbj_json_put(t, root, "configuration", cJSON_CreateObject()), trainer, state);
    sbj_put_environment(t, sbj_json_put(t, root, "environment", cJSON_CreateObject()), trainer);
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

static sbertja_status check_description(const sbj_trainer *t, const sbj_json *json, bool any, sbj_progress_state *state,
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
    if ((status = sbj_compare_checkpoint(t, state, json, any, error)) != SBERTJA_OK)
        return status;
    if (done < 1 || (size_t)done > state->total)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: done: %ld, expected 1 to %zu steps", json->name, done,
                        state->total);
    state->done = (size_t)done;
    return SBERTJA_OK;
}

/* The type of the arrays, by the device that they are from. */
static sbj_type stored_type(const sbj_json *json)
{
    const cJSON *configuration = cJSON_GetObjectItemCaseSensitive(json->root, "configuration");
    const char *device = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(configuration, "device"));
    return device != NULL && strcmp(device, "ref") == 0 ? SBJ_F64 : SBJ_F32;
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

sbertja_status sbj_trainer_read(sbj_trainer *t, const char *directory, bool any, sbj_progress_state *state,
                                sbertja_error *error)
{
    char *json_path = NULL, *array_path = NULL, current[PATH_MAX];
    sbj_json json = {0};
    sbertja_status status;
    directory = sbj_directory_current(directory, current);
    if ((status = sbj_path_join(&t->alloc, directory, description, &json_path, error)) != SBERTJA_OK ||
        (status = sbj_path_join(&t->alloc, directory, arrays, &array_path, error)) != SBERTJA_OK ||
        (status = sbj_json_read(&t->alloc, json_path, &json, error)) != SBERTJA_OK ||
        (status = check_description(t, &json, any, state, error)) != SBERTJA_OK ||
        (status = read_arrays(t, array_path, stored_type(&json), error)) != SBERTJA_OK)
        goto done;
    fast_forward(t, state->done);
    status = sbj_trainer_prepare(t, error);
done:
    sbj_json_free(&json);
    sbj_free(&t->alloc, json_path);
    sbj_free(&t->alloc, array_path);
    return status;
}
