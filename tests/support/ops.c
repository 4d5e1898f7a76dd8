/* Builds the record of an operation from an ops_case, runs it, and brings the results back as doubles. */
#include "support/ops.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/rng.h"

enum { MOST_PLACED = 48, VOCABULARY = 11, TYPES = 2, SITE = 7 };

/* What becomes of a tensor after the operation. */
typedef enum after { FORGET, FETCH } after;

typedef struct placed {
    char name[16];
    sbj_tensor whole, window; /* of one buffer; what is outside the window must stay NaN */
    after after;
} placed;

typedef struct work {
    ops_device *device;
    const ops_case *what;
    ops_set *in, *out;
    placed items[MOST_PLACED];
    size_t count;
    size_t tokens, sentences, longest;
    int32_t cu[OPS_MOST_LENGTHS + 1];
    sbj_batch batch;
} work;

static void must(sbertja_status status, const sbertja_error *error)
{
    ck_assert_msg(status == SBERTJA_OK, "%s", error->message);
}

/* ---- Devices ---------------------------------------------------------------------------------------------------- */

void ops_open(ops_device *device, const char *name, const char *instructions, const char *engine, int threads)
{
    sbertja_error error;
    sbj_backend_options options = {name, engine, instructions, &sbj_malloc, {NULL, NULL}};
    memset(device, 0, sizeof *device);
    must(sbj_backend_create(&options, &device->backend, &error), &error);
    must(sbj_pool_create(&sbj_malloc, threads, &device->pool, &error), &error);
    device->run = (sbj_run){device->backend, device->pool, NULL, 0x1234567890abcdefu, 3};
    snprintf(device->name_text, sizeof device->name_text, "%s%s%s%s%s", name, instructions ? " " : "",
             instructions ? instructions : "", engine ? " " : "", engine ? engine : "");
    device->name = device->name_text;
}

void ops_close(ops_device *device)
{
    if (device->scratch != NULL)
        device->backend->table->release(device->backend, device->scratch);
    sbj_pool_free(device->pool);
    sbj_backend_free(device->backend);
    memset(device, 0, sizeof *device);
}

static void fill_nan(const ops_device *device, sbj_tensor t)
{
    sbertja_error error;
    size_t count = t.rows * t.columns;
    double *nan = malloc((count + 1) * sizeof *nan);
    for (size_t i = 0; i < count; i++)
        nan[i] = NAN;
    must(sbj_write(device->backend, t, nan, SBJ_F64, &error), &error);
    free(nan);
}

/* The sizes that the operation's real use has: a dense layer goes from H to I, or I to H, or H to parts of H. */
static sbj_extent extent_of(const work *w)
{
    const ops_case *what = w->what;
    size_t low = what->inner && what->inner < what->hidden ? what->inner : what->hidden;
    size_t high = what->inner > what->hidden ? what->inner : what->hidden;
    sbj_extent extent = {w->tokens, w->sentences, w->longest, low, what->heads, high, 0, 0, !what->inference};
    if (what->kind == OPS_LINEAR_NORM)
        extent.hidden = what->hidden;
    if (what->kind == OPS_POOL || what->kind == OPS_NORMALIZE)
        extent.vector = what->hidden * SBJ_POOL_MODES;
    if (what->kind == OPS_ADAMW || what->kind == OPS_SUMSQ)
        extent = (sbj_extent){.parameters = 64 + 5 * what->hidden, .training = true};
    return extent;
}

static void spoil_scratch(work *w)
{
    ops_device *device = w->device;
    sbertja_error error;
    sbj_extent extent = extent_of(w);
    sbj_type real = device->backend->table->real;
    size_t bytes = sbj_scratch_size(device->backend, &extent, sbj_pool_threads(device->pool));
    if (device->scratch != NULL)
        device->backend->table->release(device->backend, device->scratch);
    must(device->backend->table->alloc(device->backend, bytes, &device->scratch, &error), &error);
    device->run.scratch = device->scratch;
    size_t count = bytes / sbj_type_size(real);
    if (count > 0)
        fill_nan(device, (sbj_tensor){device->scratch, 0, 1, count, count, real});
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

ops_values *ops_find(ops_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->items[i].name, name) == 0)
            return &set->items[i];
    return NULL;
}

void ops_clear(ops_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        free(set->items[i].values);
    set->count = 0;
}

static ops_values *new_values(ops_set *set, const char *name, size_t rows, size_t columns)
{
    ck_assert(set->count < OPS_MOST_VALUES);
    ops_values *values = &set->items[set->count++];
    snprintf(values->name, sizeof values->name, "%s", name);
    values->rows = rows;
    values->columns = columns;
    values->values = malloc((rows * columns + 1) * sizeof(double));
    return values;
}

static uint32_t stream_of(const char *case_name, const char *name)
{
    uint32_t sum = 2166136261u;
    for (const char *c = case_name; *c; c++)
        sum = (sum ^ (unsigned char)*c) * 16777619u;
    for (const char *c = name; *c; c++)
        sum = (sum ^ (unsigned char)*c) * 16777619u;
    return sum;
}

/* The inputs of a name, drawn at the first call: mean + spread * normal, as floats. */
static ops_values *drawn(work *w, const char *name, size_t rows, size_t columns, double mean, double spread)
{
    ops_values *values = ops_find(w->in, name);
    if (values != NULL)
        return values;
    sbj_rng rng = sbj_rng_make(42, stream_of(w->what->name, name));
    values = new_values(w->in, name, rows, columns);
    for (size_t i = 0; i < rows * columns; i++)
        values->values[i] = (float)(mean + spread * sbj_rng_normal(&rng));
    return values;
}

/* ---- Tensors on the device -------------------------------------------------------------------------------------- */

static placed *place(work *w, const char *name, after then)
{
    ck_assert(w->count < MOST_PLACED);
    placed *p = &w->items[w->count++];
    snprintf(p->name, sizeof p->name, "%s", name);
    p->after = then;
    return p;
}

/* A window of NaN in a larger tensor of NaN. */
static sbj_tensor place_nan(work *w, const char *name, size_t rows, size_t columns, bool parameter, after then)
{
    sbertja_error error;
    placed *p = place(w, name, then);
    size_t padding = w->what->padding;
    const sbj_backend *backend = w->device->backend;
    if (parameter)
        must(sbj_tensor_new(backend, backend->table->real, 1, padding + rows * columns, &p->whole, &error), &error);
    else
        must(sbj_tensor_new(backend, backend->table->real, rows, padding + columns, &p->whole, &error), &error);
    fill_nan(w->device, p->whole);
    p->window = sbj_window(p->whole, 0, rows, parameter ? padding : padding / 2, columns);
    if (parameter)
        p->window.stride = columns;
    return p->window;
}

static void upload(work *w, sbj_tensor t, const ops_values *values)
{
    sbertja_error error;
    ck_assert_uint_eq(t.rows, values->rows);
    ck_assert_uint_eq(t.columns, values->columns);
    must(sbj_write(w->device->backend, t, values->values, SBJ_F64, &error), &error);
}

static sbj_tensor input(work *w, const char *name, size_t rows, size_t columns, double mean, double spread)
{
    sbj_tensor t = place_nan(w, name, rows, columns, false, FORGET);
    upload(w, t, drawn(w, name, rows, columns, mean, spread));
    return t;
}

static sbj_tensor parameter(work *w, const char *name, size_t rows, size_t columns, double mean, double spread)
{
    sbj_tensor t = place_nan(w, name, rows, columns, true, FORGET);
    upload(w, t, drawn(w, name, rows, columns, mean, spread));
    return t;
}

/* The gradient of a parameter, which is added to what is there. */
static sbj_tensor added(work *w, const char *name, size_t rows, size_t columns)
{
    sbj_tensor t = place_nan(w, name, rows, columns, true, FETCH);
    upload(w, t, drawn(w, name, rows, columns, 0, 1));
    return t;
}

static sbj_tensor output(work *w, const char *name, size_t rows, size_t columns)
{
    return place_nan(w, name, rows, columns, false, FETCH);
}

/* Another name for a tensor that is there, whose contents the operation replaces. */
static sbj_tensor renamed(work *w, const char *old, const char *name)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->items[i].name, old) == 0) {
            snprintf(w->items[i].name, sizeof w->items[i].name, "%s", name);
            w->items[i].after = FETCH;
            return w->items[i].window;
        }
    ck_abort_msg("no tensor %s", old);
    return SBJ_NONE;
}

static sbj_tensor place_i32(work *w, const char *name, const int32_t *values, size_t rows, size_t columns, after then)
{
    sbertja_error error;
    placed *p = place(w, name, then);
    must(sbj_tensor_new(w->device->backend, SBJ_I32, rows, columns, &p->whole, &error), &error);
    p->window = p->whole;
    must(sbj_write(w->device->backend, p->window, values, SBJ_I32, &error), &error);
    return p->window;
}

static void check_padding(work *w, const placed *p)
{
    sbertja_error error;
    size_t count = p->whole.rows * p->whole.columns, outside = 0;
    double *values = malloc((count + 1) * sizeof *values);
    fill_nan(w->device, p->window);
    must(sbj_read(w->device->backend, p->whole, values, SBJ_F64, &error), &error);
    for (size_t i = 0; i < count; i++)
        outside += !isnan(values[i]);
    free(values);
    ck_assert_msg(outside == 0, "%s, %s: %s: %zu elements outside the window were written", w->device->name,
                  w->what->name, p->name, outside);
}

static void fetch_and_free(work *w)
{
    sbertja_error error;
    for (size_t i = 0; i < w->count; i++) {
        placed *p = &w->items[i];
        if (p->after == FETCH) {
            ops_values *values = new_values(w->out, p->name, p->window.rows, p->window.columns);
            must(sbj_read(w->device->backend, p->window, values->values, SBJ_F64, &error), &error);
        }
        if (w->what->padding > 0 && p->whole.type != SBJ_I32)
            check_padding(w, p);
        sbj_tensor_free(w->device->backend, &p->whole);
    }
    w->count = 0;
}

static void place_batch(work *w)
{
    const size_t *lengths = w->what->lengths;
    int32_t *ids, *positions;
    w->tokens = w->sentences = w->longest = 0;
    w->cu[0] = 0;
    for (; w->sentences < OPS_MOST_LENGTHS && lengths[w->sentences] > 0; w->sentences++) {
        w->tokens += lengths[w->sentences];
        w->cu[w->sentences + 1] = (int32_t)w->tokens;
        w->longest = lengths[w->sentences] > w->longest ? lengths[w->sentences] : w->longest;
    }
    ids = calloc(w->tokens + 1, sizeof *ids);
    positions = calloc(w->tokens + 1, sizeof *positions);
    sbj_rng rng = sbj_rng_make(7, (uint32_t)w->tokens);
    for (size_t n = 0; n < w->sentences; n++)
        for (int32_t t = w->cu[n]; t < w->cu[n + 1]; t++) {
            ids[t] = (int32_t)sbj_rng_below(&rng, VOCABULARY);
            positions[t] = t - w->cu[n];
        }
    w->batch = (sbj_batch){w->tokens, w->sentences, w->longest, w->cu, SBJ_NONE, SBJ_NONE, SBJ_NONE};
    if (w->sentences > 0) {
        w->batch.ids = place_i32(w, "ids", ids, 1, w->tokens, FORGET);
        w->batch.positions = place_i32(w, "positions", positions, 1, w->tokens, FORGET);
        w->batch.cu = place_i32(w, "cu", w->cu, 1, w->sentences + 1, FORGET);
    }
    free(ids);
    free(positions);
}

/* ---- One function an operation ----------------------------------------------------------------------------------- */

static double eps_of(const ops_case *what)
{
    return what->eps > 0 ? what->eps : 1e-12;
}

static double scale_of(const ops_case *what)
{
    return what->scale > 0 ? what->scale : 1;
}

static void run_embed(work *w, bool backward)
{
    sbertja_error error;
    const ops_case *what = w->what;
    size_t tokens = w->tokens, hidden = what->hidden;
    sbj_embed r = {.batch = &w->batch, .eps = eps_of(what), .dropout = {what->dropout, SITE}};
    r.word = parameter(w, "word", VOCABULARY, hidden, 0, scale_of(what));
    r.position = parameter(w, "position", w->longest, hidden, 0, 0.5 * scale_of(what));
    r.type = parameter(w, "type", TYPES, hidden, 0, 0.5 * scale_of(what));
    r.gamma = parameter(w, "gamma", 1, hidden, 1, 0.2);
    r.beta = parameter(w, "beta", 1, hidden, 0, 0.5);
    r.y = output(w, "y", tokens, hidden);
    r.sum = what->inference && what->in_place ? r.y : output(w, "sum", tokens, hidden);
    r.stats = what->inference ? SBJ_NONE : output(w, "stats", tokens, 2);
    must(sbj_do_embed(&w->device->run, &r, &error), &error);
    if (!backward)
        return;
    sbj_embed_gradients g = {.y = input(w, "dy", tokens, hidden, 0, 1)};
    g.word = added(w, "dword", VOCABULARY, hidden);
    g.position = added(w, "dposition", w->longest, hidden);
    g.type = added(w, "dtype", TYPES, hidden);
    g.gamma = added(w, "dgamma", 1, hidden);
    g.beta = added(w, "dbeta", 1, hidden);
    spoil_scratch(w);
    must(sbj_do_embed_backward(&w->device->run, &r, &g, &error), &error);
}

static sbj_matrix matrix(work *w, size_t parts, size_t out, size_t in, bool no_bias, bool gradient)
{
    static const char *const names[2][SBJ_PARTS][2] = {{{"w0", "b0"}, {"w1", "b1"}, {"w2", "b2"}},
                                                       {{"dw0", "db0"}, {"dw1", "db1"}, {"dw2", "db2"}}};
    sbj_matrix m = {.parts = parts};
    for (size_t i = 0; i < parts; i++) {
        const char *const *name = names[gradient][i];
        m.weight[i] = gradient ? added(w, name[0], out, in) : parameter(w, name[0], out, in, 0, 1 / sqrt((double)in));
        if (!no_bias)
            m.bias[i] = gradient ? added(w, name[1], 1, out) : parameter(w, name[1], 1, out, 0, 0.5);
    }
    return m;
}

static void run_linear(work *w, bool backward)
{
    sbertja_error error;
    const ops_case *what = w->what;
    const sbj_backend *backend = w->device->backend;
    size_t rows = w->tokens, parts = what->parts ? what->parts : 1, out = parts * what->hidden;
    sbj_matrix m = matrix(w, parts, what->hidden, what->inner, what->no_bias, false), dm;
    sbj_linear r = {.w = &m, .activation = what->activation};
    r.x = input(w, "x", rows, what->inner, 0, scale_of(what));
    r.y = output(w, "y", rows, out);
    r.pre = what->inference || r.activation == SBJ_IDENTITY ? SBJ_NONE : output(w, "pre", rows, out);
    must(sbj_prepare(backend, w->device->pool, &m, &error), &error);
    must(sbj_do_linear(&w->device->run, &r, &error), &error);
    if (backward) {
        sbj_linear_gradients g = {.add_x = what->add_x};
        g.y = input(w, "dy", rows, out, 0, 1);
        g.x = what->no_x ? SBJ_NONE : output(w, "dx", rows, what->inner);
        if (what->add_x)
            upload(w, g.x, drawn(w, "dx", rows, what->inner, 0, 1));
        dm = what->no_w ? m : matrix(w, parts, what->hidden, what->inner, what->no_bias, true);
        g.w = what->no_w ? NULL : &dm;
        spoil_scratch(w);
        must(sbj_do_linear_backward(&w->device->run, &r, &g, &error), &error);
    }
    sbj_unprepare(backend, &m);
}

static void run_linear_norm(work *w, bool backward)
{
    sbertja_error error;
    const ops_case *what = w->what;
    const sbj_backend *backend = w->device->backend;
    size_t rows = w->tokens, hidden = what->hidden;
    sbj_matrix m = matrix(w, 1, hidden, what->inner, what->no_bias, false), dm;
    sbj_linear_norm r = {.w = &m, .eps = eps_of(what), .dropout = {what->dropout, SITE}};
    r.x = input(w, "x", rows, what->inner, 0, scale_of(what));
    r.residual = input(w, "residual", rows, hidden, 0, scale_of(what));
    r.gamma = parameter(w, "gamma", 1, hidden, 1, 0.2);
    r.beta = parameter(w, "beta", 1, hidden, 0, 0.5);
    r.y = output(w, "y", rows, hidden);
    r.sum = what->inference && what->in_place ? r.y : output(w, "sum", rows, hidden);
    r.stats = what->inference ? SBJ_NONE : output(w, "stats", rows, 2);
    must(sbj_prepare(backend, w->device->pool, &m, &error), &error);
    must(sbj_do_linear_norm(&w->device->run, &r, &error), &error);
    if (backward) {
        sbj_linear_norm_gradients g = {.y = input(w, "dy", rows, hidden, 0, 1)};
        g.residual = what->in_place ? renamed(w, "dy", "dresidual") : output(w, "dresidual", rows, hidden);
        g.x = output(w, "dx", rows, what->inner);
        dm = matrix(w, 1, hidden, what->inner, what->no_bias, true);
        g.w = &dm;
        g.gamma = added(w, "dgamma", 1, hidden);
        g.beta = added(w, "dbeta", 1, hidden);
        spoil_scratch(w);
        must(sbj_do_linear_norm_backward(&w->device->run, &r, &g, &error), &error);
    }
    sbj_unprepare(backend, &m);
}

static void run_attention(work *w, bool backward)
{
    sbertja_error error;
    const ops_case *what = w->what;
    sbj_attention r = {&w->batch, what->heads, w->longest + 3, {what->dropout, SITE}, SBJ_NONE, SBJ_NONE, SBJ_NONE};
    r.qkv = input(w, "qkv", w->tokens, 3 * what->hidden, 0, scale_of(what));
    r.y = output(w, "y", w->tokens, what->hidden);
    r.lse = what->inference ? SBJ_NONE : output(w, "lse", w->tokens, what->heads);
    must(sbj_do_attention(&w->device->run, &r, &error), &error);
    if (!backward)
        return;
    sbj_attention_gradients g = {input(w, "dy", w->tokens, what->hidden, 0, 1), SBJ_NONE};
    g.qkv = output(w, "dqkv", w->tokens, 3 * what->hidden);
    spoil_scratch(w);
    must(sbj_do_attention_backward(&w->device->run, &r, &g, &error), &error);
}

static void run_pool(work *w, bool backward)
{
    sbertja_error error;
    const ops_case *what = w->what;
    sbj_pool_op r = {.batch = &w->batch};
    bool max = false;
    for (; r.mode_count < SBJ_POOL_MODES && what->modes[r.mode_count] != 0; r.mode_count++) {
        r.modes[r.mode_count] = what->modes[r.mode_count];
        max = max || r.modes[r.mode_count] == SBJ_POOL_MAX;
    }
    r.x = input(w, "x", w->tokens, what->hidden, 0, scale_of(what));
    r.y = output(w, "y", w->sentences, r.mode_count * what->hidden);
    if (max && !what->inference) {
        int32_t *none = malloc(w->sentences * what->hidden * sizeof *none);
        for (size_t i = 0; i < w->sentences * what->hidden; i++)
            none[i] = INT32_MIN;
        r.argmax = place_i32(w, "argmax", none, w->sentences, what->hidden, FETCH);
        free(none);
    }
    must(sbj_do_pool(&w->device->run, &r, &error), &error);
    if (!backward)
        return;
    sbj_pool_gradients g = {input(w, "dy", w->sentences, r.mode_count * what->hidden, 0, 1), SBJ_NONE};
    g.x = output(w, "dx", w->tokens, what->hidden);
    spoil_scratch(w);
    must(sbj_do_pool_backward(&w->device->run, &r, &g, &error), &error);
}

static void run_normalize(work *w, bool backward)
{
    sbertja_error error;
    const ops_case *what = w->what;
    sbj_normalize r = {.x = input(w, "x", w->tokens, what->hidden, 0, scale_of(what))};
    r.y = what->inference && what->in_place ? renamed(w, "x", "y") : output(w, "y", w->tokens, what->hidden);
    must(sbj_do_normalize(&w->device->run, &r, &error), &error);
    if (!backward)
        return;
    sbj_normalize_gradients g = {.y = input(w, "dy", w->tokens, what->hidden, 0, 1)};
    g.x = what->in_place ? renamed(w, "dy", "dx") : output(w, "dx", w->tokens, what->hidden);
    spoil_scratch(w);
    must(sbj_do_normalize_backward(&w->device->run, &r, &g, &error), &error);
}

static void run_sumsq(work *w)
{
    sbertja_error error;
    sbj_tensor t = parameter(w, "tensor", 1, 64 + 5 * w->what->hidden, 0, scale_of(w->what));
    ops_values *sum = new_values(w->out, "sum", 1, 1);
    sum->values[0] = NAN;
    must(sbj_do_sumsq(&w->device->run, t, sum->values, &error), &error);
}

/* Three parameters with gaps around them; the first row of the last never had a gradient. */
static void run_adamw(work *w)
{
    sbertja_error error;
    size_t hidden = w->what->hidden, size = 64 + 5 * hidden;
    const sbj_segment segments[] = {{2, 3, 4, true}, {20, 1, 7, false}, {27, 5, hidden, true}};
    sbj_adamw r = {.segments = segments, .segment_count = 3, .lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .t = 3};
    r.eps = w->what->st_preset ? 1e-6 : 1e-8;
    r.weight_decay = 0.1;
    r.grad_scale = 0.75;
    r.correct_bias = !w->what->st_preset;
    drawn(w, "parameters", 1, size, 0, 1);
    ops_values *gradients = drawn(w, "gradients", 1, size, 0, 1), *m = drawn(w, "m", 1, size, 0, 0.1);
    ops_values *v = drawn(w, "v", 1, size, 0, 0.1);
    for (size_t i = 0; i < size; i++) {
        v->values[i] = fabs(v->values[i]);
        if (i >= 27 && i < 27 + hidden)
            gradients->values[i] = m->values[i] = v->values[i] = 0;
    }
    r.parameters = added(w, "parameters", 1, size);
    r.gradients = added(w, "gradients", 1, size);
    r.m = added(w, "m", 1, size);
    r.v = added(w, "v", 1, size);
    must(sbj_do_adamw(&w->device->run, &r, &error), &error);
}

void ops_run(ops_device *device, const ops_case *what, bool backward, ops_set *in, ops_set *out)
{
    work *w = calloc(1, sizeof *w);
    w->device = device;
    w->what = what;
    w->in = in;
    w->out = out;
    backward = backward && !what->inference;
    ops_clear(out);
    place_batch(w);
    spoil_scratch(w);
    switch (what->kind) {
    case OPS_EMBED: run_embed(w, backward); break;
    case OPS_LINEAR: run_linear(w, backward); break;
    case OPS_LINEAR_NORM: run_linear_norm(w, backward); break;
    case OPS_ATTENTION: run_attention(w, backward); break;
    case OPS_POOL: run_pool(w, backward); break;
    case OPS_NORMALIZE: run_normalize(w, backward); break;
    case OPS_SUMSQ: run_sumsq(w); break;
    case OPS_ADAMW: run_adamw(w); break;
    }
    fetch_and_free(w);
    free(w);
}

/* ---- Comparing --------------------------------------------------------------------------------------------------- */

double ops_difference(const ops_values *a, const ops_values *b)
{
    double largest = 0, difference = 0;
    ck_assert_uint_eq(a->rows, b->rows);
    ck_assert_uint_eq(a->columns, b->columns);
    for (size_t i = 0; i < b->rows * b->columns; i++) {
        double d = fabs(a->values[i] - b->values[i]);
        if (isnan(d))
            return INFINITY;
        difference = d > difference ? d : difference;
        largest = fabs(b->values[i]) > largest ? fabs(b->values[i]) : largest;
    }
    return difference == 0 ? 0 : difference / (largest > 0 ? largest : 1);
}

void ops_compare(ops_device *tested, ops_device *trusted, const ops_case *what, double bound)
{
    ops_set in = {.count = 0}, a = {.count = 0}, b = {.count = 0};
    double slack = what->slack > 0 ? what->slack : 1;
    ops_run(trusted, what, true, &in, &b);
    ops_run(tested, what, true, &in, &a);
    ck_assert_uint_eq(a.count, b.count);
    for (size_t i = 0; i < a.count; i++) {
        double limit = strcmp(a.items[i].name, "argmax") == 0 ? 0 : bound * slack;
        double difference = ops_difference(&a.items[i], &b.items[i]);
        ck_assert_msg(difference <= limit, "%s, %s: %s differs by %g of the largest, the limit is %g", tested->name,
                      what->name, a.items[i].name, difference, limit);
    }
    ops_clear(&in);
    ops_clear(&a);
    ops_clear(&b);
}
