/* Builds the record of an operation from an ops_case, runs it, and compares the results of two back ends. */
#include "support/ops.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/ops_place.h"

enum { TYPES = 2, SITE = 7 };

/* ---- Devices ---------------------------------------------------------------------------------------------------- */

void ops_open(ops_device *device, const char *name, const char *instructions, const char *engine, int threads)
{
    ops_open_with(device, name, instructions, engine, threads, SBJ_PRECISION_F32);
}

void ops_open_with(ops_device *device, const char *name, const char *instructions, const char *engine, int threads,
                   sbj_precision precision)
{
    sbertja_error error;
    sbj_backend_options options = {name, engine, instructions, &sbj_malloc, {NULL, NULL}, precision};
    memset(device, 0, sizeof *device);
    ops_must(sbj_backend_create(&options, &device->backend, &error), &error);
    ops_must(sbj_pool_create(&sbj_malloc, threads, &(sbj_log){NULL, NULL}, &device->pool, &error), &error);
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

/* The sizes that the operation's real use has: a dense layer goes from H to I, or I to H, or H to parts of H. */
static sbj_extent extent_of(const ops_work *w)
{
    const ops_case *what = w->what;
    size_t low = what->inner && what->inner < what->hidden ? what->inner : what->hidden;
    size_t high = what->inner > what->hidden ? what->inner : what->hidden;
    sbj_extent extent = {w->tokens, w->sentences, w->longest, low, what->heads, high, 0, 0, !what->inference, 0};
    if (what->kind == OPS_LINEAR_NORM)
        extent.hidden = what->hidden;
    if (what->kind == OPS_POOL || what->kind == OPS_NORMALIZE)
        extent.vector = what->hidden * SBJ_POOL_MODES;
    if (what->kind == OPS_ADAMW || what->kind == OPS_SUMSQ)
        extent = (sbj_extent){.parameters = 64 + 5 * what->hidden, .training = true};
    return extent;
}

static void spoil_scratch(ops_work *w)
{
    ops_device *device = w->device;
    sbertja_error error;
    sbj_extent extent = extent_of(w);
    sbj_type real = device->backend->table->real;
    size_t bytes = sbj_scratch_size(device->backend, &extent, sbj_pool_threads(device->pool));
    if (device->scratch != NULL)
        device->backend->table->release(device->backend, device->scratch);
    ops_must(device->backend->table->alloc(device->backend, bytes, &device->scratch, &error), &error);
    device->run.scratch = device->scratch;
    size_t count = bytes / sbj_type_size(real);
    if (count > 0)
        ops_fill_nan(device, (sbj_tensor){device->scratch, 0, 1, count, count, real});
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

static void run_embed(ops_work *w, bool backward)
{
    sbertja_error error;
    const ops_case *what = w->what;
    size_t tokens = w->tokens, hidden = what->hidden;
    sbj_embed r = {.batch = &w->batch, .eps = eps_of(what), .dropout = {what->dropout, SITE}};
    r.word = ops_parameter(w, "word", OPS_VOCABULARY, hidden, 0, scale_of(what));
    r.position = ops_parameter(w, "position", w->longest, hidden, 0, 0.5 * scale_of(what));
    r.type = ops_parameter(w, "type", TYPES, hidden, 0, 0.5 * scale_of(what));
    r.gamma = ops_parameter(w, "gamma", 1, hidden, 1, 0.2);
    r.beta = ops_parameter(w, "beta", 1, hidden, 0, 0.5);
    r.y = ops_output(w, "y", tokens, hidden);
    r.sum = what->inference && what->in_place ? r.y : ops_output(w, "sum", tokens, hidden);
    r.stats = what->inference ? SBJ_NONE : ops_output(w, "stats", tokens, 2);
    ops_must(sbj_do_embed(&w->device->run, &r, &error), &error);
    if (!backward)
        return;
    sbj_embed_gradients g = {.y = ops_input(w, "dy", tokens, hidden, 0, 1)};
    g.word = ops_added(w, "dword", OPS_VOCABULARY, hidden);
    g.position = ops_added(w, "dposition", w->longest, hidden);
    g.type = ops_added(w, "dtype", TYPES, hidden);
    g.gamma = ops_added(w, "dgamma", 1, hidden);
    g.beta = ops_added(w, "dbeta", 1, hidden);
    spoil_scratch(w);
    ops_must(sbj_do_embed_backward(&w->device->run, &r, &g, &error), &error);
}

static sbj_matrix matrix(ops_work *w, size_t parts, size_t out, size_t in, bool no_bias, bool gradient)
{
    static const char *const names[2][SBJ_PARTS][2] = {{{"w0", "b0"}, {"w1", "b1"}, {"w2", "b2"}},
                                                       {{"dw0", "db0"}, {"dw1", "db1"}, {"dw2", "db2"}}};
    sbj_matrix m = {.parts = parts};
    for (size_t i = 0; i < parts; i++) {
        const char *const *name = names[gradient][i];
        m.weight[i] =
            gradient ? ops_added(w, name[0], out, in) : ops_parameter(w, name[0], out, in, 0, 1 / sqrt((double)in));
        if (!no_bias)
            m.bias[i] = gradient ? ops_added(w, name[1], 1, out) : ops_parameter(w, name[1], 1, out, 0, 0.5);
    }
    return m;
}

static void run_linear(ops_work *w, bool backward)
{
    sbertja_error error;
    const ops_case *what = w->what;
    const sbj_backend *backend = w->device->backend;
    size_t rows = w->tokens, parts = what->parts ? what->parts : 1, out = parts * what->hidden;
    sbj_matrix m = matrix(w, parts, what->hidden, what->inner, what->no_bias, false), dm;
    sbj_linear r = {.w = &m, .activation = what->activation};
    r.x = ops_input(w, "x", rows, what->inner, 0, scale_of(what));
    r.y = ops_output(w, "y", rows, out);
    r.pre = what->inference || r.activation == SBJ_IDENTITY ? SBJ_NONE : ops_output(w, "pre", rows, out);
    ops_must(sbj_prepare(backend, w->device->pool, &m, &error), &error);
    ops_must(sbj_do_linear(&w->device->run, &r, &error), &error);
    if (backward) {
        sbj_linear_gradients g = {.add_x = what->add_x};
        g.y = ops_input(w, "dy", rows, out, 0, 1);
        g.x = what->no_x ? SBJ_NONE : ops_output(w, "dx", rows, what->inner);
        if (what->add_x)
            ops_upload(w, g.x, ops_drawn(w, "dx", rows, what->inner, 0, 1));
        dm = what->no_w ? m : matrix(w, parts, what->hidden, what->inner, what->no_bias, true);
        g.w = what->no_w ? NULL : &dm;
        spoil_scratch(w);
        ops_must(sbj_do_linear_backward(&w->device->run, &r, &g, &error), &error);
    }
    sbj_unprepare(backend, &m);
}

static void run_linear_norm(ops_work *w, bool backward)
{
    sbertja_error error;
    const ops_case *what = w->what;
    const sbj_backend *backend = w->device->backend;
    size_t rows = w->tokens, hidden = what->hidden;
    sbj_matrix m = matrix(w, 1, hidden, what->inner, what->no_bias, false), dm;
    sbj_linear_norm r = {.w = &m, .eps = eps_of(what), .dropout = {what->dropout, SITE}};
    r.x = ops_input(w, "x", rows, what->inner, 0, scale_of(what));
    r.residual = ops_input(w, "residual", rows, hidden, 0, scale_of(what));
    r.gamma = ops_parameter(w, "gamma", 1, hidden, 1, 0.2);
    r.beta = ops_parameter(w, "beta", 1, hidden, 0, 0.5);
    r.y = ops_output(w, "y", rows, hidden);
    r.sum = what->inference && what->in_place ? r.y : ops_output(w, "sum", rows, hidden);
    r.stats = what->inference ? SBJ_NONE : ops_output(w, "stats", rows, 2);
    ops_must(sbj_prepare(backend, w->device->pool, &m, &error), &error);
    ops_must(sbj_do_linear_norm(&w->device->run, &r, &error), &error);
    if (backward) {
        sbj_linear_norm_gradients g = {.y = ops_input(w, "dy", rows, hidden, 0, 1)};
        g.residual = what->in_place ? ops_renamed(w, "dy", "dresidual") : ops_output(w, "dresidual", rows, hidden);
        g.x = ops_output(w, "dx", rows, what->inner);
        dm = matrix(w, 1, hidden, what->inner, what->no_bias, true);
        g.w = &dm;
        g.gamma = ops_added(w, "dgamma", 1, hidden);
        g.beta = ops_added(w, "dbeta", 1, hidden);
        spoil_scratch(w);
        ops_must(sbj_do_linear_norm_backward(&w->device->run, &r, &g, &error), &error);
    }
    sbj_unprepare(backend, &m);
}

static void run_attention(ops_work *w, bool backward)
{
    sbertja_error error;
    const ops_case *what = w->what;
    sbj_attention r = {&w->batch, what->heads, w->longest + 3, {what->dropout, SITE}, SBJ_NONE, SBJ_NONE, SBJ_NONE};
    r.qkv = ops_input(w, "qkv", w->tokens, 3 * what->hidden, 0, scale_of(what));
    r.y = ops_output(w, "y", w->tokens, what->hidden);
    r.lse = what->inference ? SBJ_NONE : ops_output(w, "lse", w->tokens, what->heads);
    ops_must(sbj_do_attention(&w->device->run, &r, &error), &error);
    if (!backward)
        return;
    sbj_attention_gradients g = {ops_input(w, "dy", w->tokens, what->hidden, 0, 1), SBJ_NONE};
    g.qkv = ops_output(w, "dqkv", w->tokens, 3 * what->hidden);
    spoil_scratch(w);
    ops_must(sbj_do_attention_backward(&w->device->run, &r, &g, &error), &error);
}

static void run_pool(ops_work *w, bool backward)
{
    sbertja_error error;
    const ops_case *what = w->what;
    sbj_pool_op r = {.batch = &w->batch};
    bool max = false;
    for (; r.mode_count < SBJ_POOL_MODES && what->modes[r.mode_count] != 0; r.mode_count++) {
        r.modes[r.mode_count] = what->modes[r.mode_count];
        max = max || r.modes[r.mode_count] == SBJ_POOL_MAX;
    }
    r.x = ops_input(w, "x", w->tokens, what->hidden, 0, scale_of(what));
    r.y = ops_output(w, "y", w->sentences, r.mode_count * what->hidden);
    if (max && !what->inference) {
        int32_t *none = malloc(w->sentences * what->hidden * sizeof *none);
        for (size_t i = 0; i < w->sentences * what->hidden; i++)
            none[i] = INT32_MIN;
        r.argmax = ops_place_i32(w, "argmax", none, w->sentences, what->hidden, OPS_FETCH);
        free(none);
    }
    ops_must(sbj_do_pool(&w->device->run, &r, &error), &error);
    if (!backward)
        return;
    sbj_pool_gradients g = {ops_input(w, "dy", w->sentences, r.mode_count * what->hidden, 0, 1), SBJ_NONE};
    g.x = ops_output(w, "dx", w->tokens, what->hidden);
    spoil_scratch(w);
    ops_must(sbj_do_pool_backward(&w->device->run, &r, &g, &error), &error);
}

static void run_normalize(ops_work *w, bool backward)
{
    sbertja_error error;
    const ops_case *what = w->what;
    sbj_normalize r = {.x = ops_input(w, "x", w->tokens, what->hidden, 0, scale_of(what))};
    r.y = what->inference && what->in_place ? ops_renamed(w, "x", "y") : ops_output(w, "y", w->tokens, what->hidden);
    ops_must(sbj_do_normalize(&w->device->run, &r, &error), &error);
    if (!backward)
        return;
    sbj_normalize_gradients g = {.y = ops_input(w, "dy", w->tokens, what->hidden, 0, 1)};
    g.x = what->in_place ? ops_renamed(w, "dy", "dx") : ops_output(w, "dx", w->tokens, what->hidden);
    spoil_scratch(w);
    ops_must(sbj_do_normalize_backward(&w->device->run, &r, &g, &error), &error);
}

static void run_sumsq(ops_work *w)
{
    sbertja_error error;
    const size_t size = 64 + 5 * w->what->hidden;
    const sbj_segment segments[] = {{0, 1, 30, false, NULL}, {37, 1, size - 37, false, NULL}};
    const sbj_sumsq r = {ops_parameter(w, "arena", 1, size, 0, scale_of(w->what)), segments, 2};
    ops_values *sum = ops_new_values(w->out, "sum", 1, 1);
    sum->values[0] = NAN;
    ops_must(sbj_do_sumsq(&w->device->run, &r, sum->values, &error), &error);
}

/* Three parameters with gaps around them; the first row of the last never had a gradient. */
static void run_adamw(ops_work *w)
{
    sbertja_error error;
    size_t hidden = w->what->hidden, size = 64 + 5 * hidden;
    const sbj_segment segments[] = {
        {2, 3, 4, true, NULL}, {20, 1, 7, false, NULL}, {27, 5, hidden, true, NULL}};
    sbj_adamw r = {.segments = segments, .segment_count = 3, .lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .t = 3};
    r.eps = w->what->st_preset ? 1e-6 : 1e-8;
    r.weight_decay = 0.1;
    r.grad_scale = 0.75;
    r.correct_bias = !w->what->st_preset;
    ops_drawn(w, "parameters", 1, size, 0, 1);
    ops_values *gradients = ops_drawn(w, "gradients", 1, size, 0, 1), *m = ops_drawn(w, "m", 1, size, 0, 0.1);
    ops_values *v = ops_drawn(w, "v", 1, size, 0, 0.1);
    for (size_t i = 0; i < size; i++) {
        v->values[i] = fabs(v->values[i]);
        if (i >= 27 && i < 27 + hidden)
            gradients->values[i] = m->values[i] = v->values[i] = 0;
    }
    r.parameters = ops_added(w, "parameters", 1, size);
    r.gradients = ops_added(w, "gradients", 1, size);
    r.m = ops_added(w, "m", 1, size);
    r.v = ops_added(w, "v", 1, size);
    ops_must(sbj_do_adamw(&w->device->run, &r, &error), &error);
}

void ops_run(ops_device *device, const ops_case *what, bool backward, ops_set *in, ops_set *out)
{
    ops_work *w = calloc(1, sizeof *w);
    w->device = device;
    w->what = what;
    w->in = in;
    w->out = out;
    backward = backward && !what->inference;
    ops_clear(out);
    ops_place_batch(w);
    spoil_scratch(w);
    switch (what->kind) {
    case OPS_EMBED:
        run_embed(w, backward);
        break;
    case OPS_LINEAR:
        run_linear(w, backward);
        break;
    case OPS_LINEAR_NORM:
        run_linear_norm(w, backward);
        break;
    case OPS_ATTENTION:
        run_attention(w, backward);
        break;
    case OPS_POOL:
        run_pool(w, backward);
        break;
    case OPS_NORMALIZE:
        run_normalize(w, backward);
        break;
    case OPS_SUMSQ:
        run_sumsq(w);
        break;
    case OPS_ADAMW:
        run_adamw(w);
        break;
    }
    ops_fetch_and_free(w);
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
