/* The trainer: its memory, and one step. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

#include "io/number.h"
#include "util/finite.h"

/* ---- Making one ---- */

static sbertja_status check_texts(const sbj_dataset *dataset, const sbj_loss_needs *needs, sbertja_error *error)
{
    const size_t least = needs->least_texts, most = needs->most_texts;
    if (dataset->examples == 0 || (dataset->groups >= least && (most == 0 || dataset->groups <= most)))
        return SBERTJA_OK;
    return sbj_fail(error, SBERTJA_E_FORMAT, "its examples have %zu text%s, the loss needs %zu%s", dataset->groups,
                    dataset->groups == 1 ? "" : "s", least, most == 0 ? " or more" : "");
}

static sbertja_status check_labels(const sbj_dataset *dataset, sbj_label_kind kind, sbertja_error *error)
{
    for (size_t i = 0; i < dataset->examples && kind != SBJ_LABEL_UNUSED; i++) {
        const double label = dataset->labels[i];
        char text[SBJ_NUMBER_ROOM];
        if (isfinite(label) && (kind == SBJ_LABEL_SCORE || label == floor(label)))
            continue;
        sbj_number_print(label, text);
        return sbj_fail(error, SBERTJA_E_FORMAT, "example %zu: %s %s is no %s", i,
                        kind == SBJ_LABEL_SCORE ? "score" : "label", text,
                        kind == SBJ_LABEL_SCORE ? "finite number" : "integer");
    }
    return SBERTJA_OK;
}

/* The objective against what its loss needs; `*o` is then as the sampler is to take it. */
static sbertja_status check_objective(const sbj_loss_spec *spec, const sbj_dataset *d, sbertja_objective *o,
                                      sbertja_error *error)
{
    sbertja_status status = sbj_loss_check(spec, error);
    if (status != SBERTJA_OK)
        return status;
    const sbj_loss_needs *needs = sbj_loss_find(spec->loss);
    if (!needs->by_label)
        o->samples_per_label = 0;
    if ((status = check_texts(d, needs, error)) != SBERTJA_OK)
        return status;
    /* A sampler that groups sorts by label, so it must not see a NaN. */
    return check_labels(d, o->samples_per_label != 0 ? SBJ_LABEL_CLASS : needs->label, error);
}

static sbertja_status make_goal(sbj_trainer *t, sbj_goal *goal, const sbertja_objective *given, uint32_t stream,
                                sbertja_error *error)
{
    const sbj_dataset *d = (const sbj_dataset *)given->dataset;
    const sbj_type real = t->model->backend->table->real;
    const size_t size = t->model->network.arena_size;
    sbertja_objective o = *given;
    sbertja_status status;
    goal->index = stream - 1;
    goal->loss = (sbj_loss_spec){o.loss, o.metric, o.margin, o.scale, o.similarity_weight};
    goal->dataset = d;
    if (d == NULL)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "no dataset is given");
    if ((status = check_objective(&goal->loss, d, &o, error)) != SBERTJA_OK ||
        (status = sbj_sampler_create(&t->alloc, d, &o, t->seed, stream, &t->log, &goal->sampler, error)) != SBERTJA_OK)
        return status;
    if ((goal->rows = sbj_new(&t->alloc, o.batch_size, sizeof *goal->rows)) == NULL)
        return sbj_no_memory(error, o.batch_size * sizeof *goal->rows);
    goal->words = t->model->network.parameters[SBJ_WORD].rows;
    if ((goal->reached = sbj_new(&t->alloc, goal->words, 1)) == NULL)
        return sbj_no_memory(error, goal->words);
    if ((status = sbj_tokenize_all(&t->alloc, t->pool, t->encodings, (const char *const *)d->texts, d->lengths,
                                   d->examples * d->groups, &t->watch, &goal->tokens, error)) != SBERTJA_OK)
        return status;
    if (o.batch_tokens > 0 &&
        (status = sbj_sampler_limit(&goal->sampler, d, goal->tokens.counts, o.batch_tokens, error)) != SBERTJA_OK)
        return status;
    if ((status = sbj_tensor_new(t->model->backend, real, 1, size, &goal->m, error)) != SBERTJA_OK)
        return status;
    return sbj_tensor_new(t->model->backend, real, 1, size, &goal->v, error);
}

static sbertja_status check_options(const sbertja_fit_options *o, sbertja_error *error)
{
    const struct {
        const char *name;
        double value, below;
    } numbers[] = {{"learning_rate", o->learning_rate, INFINITY},
                   {"beta1", o->beta1, 1},
                   {"beta2", o->beta2, 1},
                   {"epsilon", o->epsilon, INFINITY},
                   {"weight_decay", o->weight_decay, INFINITY},
                   {"max_grad_norm", o->max_grad_norm, INFINITY}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[SBJ_NUMBER_ROOM];
        if (numbers[i].value >= 0 && numbers[i].value < numbers[i].below)
            continue;
        sbj_number_print(numbers[i].value, text);
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: %s, expected %s", numbers[i].name, text,
                        numbers[i].below == 1 ? "at least 0 and less than 1" : "a number of at least 0");
    }
    if (o->gradient_accumulation_steps == 0)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "gradient_accumulation_steps: 0, expected at least 1");
    return SBERTJA_OK;
}

static sbj_precision choose_precision(const sbj_trainer *t, const sbertja_fit_options *o)
{
    const sbj_backend *b = t->model->backend;
    if (!o->bf16)
        return SBJ_PRECISION_F32;
    if (b->table->trains_in(b, SBJ_PRECISION_BF16))
        return SBJ_PRECISION_BF16;
    sbj_say(&t->log, SBERTJA_LOG_WARNING, "bf16: device %s (%s %s) does not multiply it: training is in %s",
            b->table->name, b->table->engine(b), b->table->instructions(b),
            b->table->real == SBJ_F64 ? "double" : "f32");
    return SBJ_PRECISION_F32;
}

static sbertja_status set_options(sbj_trainer *t, const sbertja_fit_options *o, sbertja_error *error)
{
    sbj_preset preset;
    sbertja_status status;
    if ((status = check_options(o, error)) != SBERTJA_OK ||
        (status = sbj_preset_parse(o->preset, &preset, error)) != SBERTJA_OK ||
        (status = sbj_schedule_parse(o->scheduler, &t->schedule, error)) != SBERTJA_OK)
        return status;
    t->log = o->log != NULL ? (sbj_log){o->log, o->log_user} : t->model->log;
    t->warmup_steps = o->warmup_steps;
    t->learning_rate = o->learning_rate;
    t->beta1 = o->beta1;
    t->beta2 = o->beta2;
    t->epsilon = o->epsilon > 0 ? o->epsilon : preset.epsilon;
    t->weight_decay = o->weight_decay;
    t->max_grad_norm = o->max_grad_norm;
    t->correct_bias = preset.correct_bias;
    t->dropout = !o->no_dropout;
    t->precision = choose_precision(t, o);
    t->accumulation = o->gradient_accumulation_steps;
    t->seed = o->seed;
    t->keep_head = o->keep_head != 0;
    return SBERTJA_OK;
}

/* All trained parameters in one arena, with the model's values; gradients in another. */
static sbertja_status make_arenas(sbj_trainer *t, sbertja_error *error)
{
    const sbj_backend *b = t->model->backend;
    const sbj_network *n = &t->model->network;
    const sbj_type real = b->table->real;
    const sbj_run run = {b, t->pool, NULL, 0, 0};
    sbertja_status status;
    if ((status = sbj_tensor_new(b, real, 1, n->arena_size, &t->parameters, error)) != SBERTJA_OK ||
        (status = sbj_zero(&run, t->parameters, error)) != SBERTJA_OK || /* for what lies between them */
        (status = sbj_tensor_new(b, real, 1, n->arena_size, &t->gradients, error)) != SBERTJA_OK ||
        (status = sbj_views_make(n, &t->weights, error)) != SBERTJA_OK ||
        (status = sbj_views_make(n, &t->weight_gradients, error)) != SBERTJA_OK)
        return status;
    if ((t->segments = sbj_new(&t->alloc, n->parameter_count, sizeof *t->segments)) == NULL)
        return sbj_no_memory(error, n->parameter_count * sizeof *t->segments);
    sbj_views_in_arena(&t->weights, t->parameters.buffer, real);
    sbj_views_in_arena(&t->weight_gradients, t->gradients.buffer, real);
    for (size_t i = 0; i < n->config.layers * SBJ_LAYER_MATRICES; i++)
        t->weights.matrices[i].precision = t->precision;
    for (size_t i = 0; i < n->parameter_count && status == SBERTJA_OK; i++) {
        const sbj_parameter *p = &n->parameters[i];
        if (!p->trained)
            continue;
        t->segments[t->segment_count++] = (sbj_segment){p->offset, p->rows, p->columns, p->decay, NULL};
        float *values = sbj_new_raw(&t->alloc, p->rows * p->columns, sizeof *values);
        if (values == NULL)
            return sbj_no_memory(error, p->rows * p->columns * sizeof *values);
        if ((status = sbj_model_values(t->model, i, values, error)) == SBERTJA_OK)
            status = sbj_write(b, t->weights.tensors[i], values, SBJ_F32, error);
        sbj_free(&t->alloc, values);
    }
    return status;
}

static sbertja_status zero_arenas(sbj_trainer *t, sbertja_error *error)
{
    const sbj_run run = {t->model->backend, t->pool, NULL, 0, 0};
    sbertja_status status = sbj_zero(&run, t->gradients, error);
    for (size_t i = 0; i < t->goal_count && status == SBERTJA_OK; i++)
        if ((status = sbj_zero(&run, t->goals[i].m, error)) == SBERTJA_OK)
            status = sbj_zero(&run, t->goals[i].v, error);
    return status;
}

/* In f32 a product packs its weight itself, in scratch that it leaves in the caches: no slower than weights that were
 * packed after the step before, and one copy of the encoder less in memory. */
sbertja_status sbj_trainer_prepare(sbj_trainer *t, sbertja_error *error)
{
    sbertja_status status = SBERTJA_OK;
    if (t->precision == SBJ_PRECISION_F32)
        return SBERTJA_OK;
    for (size_t i = 0; i < t->weights.matrix_count && status == SBERTJA_OK; i++)
        if (t->weights.matrices[i].parts > 0)
            status = sbj_prepare(t->model->backend, t->pool, &t->weights.matrices[i], error);
    return status;
}

/* The teachers, and a model with a head that can give their vectors. */
static sbertja_status make_head(sbj_trainer *t, const sbertja_objective *objectives, size_t count, sbertja_error *error)
{
    sbertja_status status = sbj_teachers_open(&t->alloc, objectives, count, &t->teachers, error);
    if (status == SBERTJA_OK && t->teachers.count > 0 &&
        (status = sbj_model_with_head(t->parent, t->teachers.width, t->seed, &t->with_head, error)) == SBERTJA_OK)
        t->model = t->with_head;
    return status;
}

static bool ask_to_stop(void *options)
{
    const sbertja_fit_options *o = options;
    return o->stop(o->stop_user) != 0;
}

static sbertja_status make(sbj_trainer *t, const sbertja_objective *objectives, size_t count,
                           const sbertja_fit_options *options, sbertja_error *error)
{
    sbertja_status status;
    if ((status = set_options(t, options, error)) != SBERTJA_OK ||
        (status = make_head(t, objectives, count, error)) != SBERTJA_OK ||
        (status = sbj_pool_create(&t->alloc, options->threads, &t->log, &t->pool, error)) != SBERTJA_OK)
        return status;
    if (options->stop != NULL)
        t->watch = (sbj_watch){.ask = ask_to_stop, .context = (void *)options};
    const int threads = sbj_pool_threads(t->pool);
    sbj_workspace_init(t->model->backend, &t->model->network, &t->alloc, true, threads, &t->workspace);
    t->workspace.precision = t->precision;
    if ((status = sbj_encodings_create(&t->alloc, t->model->tokenizer, threads, &t->encodings, error)) != SBERTJA_OK ||
        (status = make_arenas(t, error)) != SBERTJA_OK)
        return status;
    if ((t->goals = sbj_new(&t->alloc, count, sizeof *t->goals)) == NULL)
        return sbj_no_memory(error, count * sizeof *t->goals);
    for (t->goal_count = 0; t->goal_count < count && status == SBERTJA_OK;) {
        const size_t i = t->goal_count++;
        if ((status = make_goal(t, &t->goals[i], &objectives[i], (uint32_t)(i + 1), error)) != SBERTJA_OK)
            sbj_in(error, status, "objective %zu", i);
    }
    if (status == SBERTJA_OK)
        status = zero_arenas(t, error);
    return status == SBERTJA_OK ? sbj_trainer_prepare(t, error) : status;
}

sbertja_status sbj_trainer_create(const sbj_model *model, const sbertja_objective *objectives, size_t count,
                                  const sbertja_fit_options *options, sbj_trainer **result, sbertja_error *error)
{
    sbj_trainer *t = sbj_new(&model->alloc, 1, sizeof *t);
    *result = NULL;
    if (t == NULL)
        return sbj_no_memory(error, sizeof *t);
    t->parent = t->model = model;
    t->alloc = model->alloc;
    sbertja_status status = make(t, objectives, count, options, error);
    if (status == SBERTJA_OK)
        *result = t;
    else
        sbj_trainer_free(t);
    return status;
}

void sbj_trainer_end(sbj_trainer *t)
{
    const sbj_backend *b = t->model->backend;
    for (size_t i = 0; i < t->goal_count; i++) {
        sbj_tensor_free(b, &t->goals[i].m);
        sbj_tensor_free(b, &t->goals[i].v);
    }
    sbj_tensor_free(b, &t->gradients);
    sbj_workspace_free(&t->workspace);
}

void sbj_trainer_free(sbj_trainer *t)
{
    if (t == NULL)
        return;
    sbj_alloc alloc = t->alloc;
    const sbj_backend *b = t->model->backend;
    sbj_trainer_end(t);
    for (size_t i = 0; i < t->goal_count; i++) {
        sbj_goal *goal = &t->goals[i];
        sbj_token_lists_free(&goal->tokens);
        sbj_sampler_free(&goal->sampler);
        sbj_free(&alloc, goal->rows);
        sbj_free(&alloc, goal->reached);
    }
    for (size_t i = 0; i < t->weights.matrix_count; i++)
        sbj_unprepare(b, &t->weights.matrices[i]);
    sbj_views_free(&t->weights);
    sbj_views_free(&t->weight_gradients);
    sbj_tensor_free(b, &t->parameters);
    if (t->pool != NULL)
        sbj_encodings_free(&alloc, t->encodings, sbj_pool_threads(t->pool));
    sbj_pool_free(t->pool);
    sbj_free(&alloc, t->goals);
    sbj_free(&alloc, t->segments);
    sbj_free(&alloc, t->vectors);
    sbj_free(&alloc, t->vector_gradients);
    sbj_free(&alloc, t->outputs);
    sbj_free(&alloc, t->output_gradients);
    sbj_free(&alloc, t->targets);
    sbj_teachers_close(&t->teachers);
    sbj_model_free(t->with_head);
    sbj_distinct_free(&t->batch, &alloc);
    sbj_free(&alloc, t);
}

/* ---- A step ---- */

size_t sbj_goal_next(sbj_goal *goal)
{
    const size_t examples = sbj_sampler_next(&goal->sampler, goal->rows), groups = goal->dataset->groups;
    for (size_t i = 0; i < examples * groups; i++) {
        const size_t text = goal->rows[i / groups] * groups + i % groups;
        for (size_t k = 0; k < goal->tokens.counts[text]; k++) {
            const size_t id = (size_t)goal->tokens.ids[text][k];
            if (id < goal->words) /* else the forward pass refuses the batch */
                goal->reached[id] = 1;
        }
    }
    return examples;
}

/* The sentences of the batch, group after group, and room for their vectors. With dropout equal ones are not the same:
 * the masks differ. */
static sbertja_status gather(sbj_trainer *t, const sbj_goal *goal, size_t examples, sbertja_error *error)
{
    const sbj_config *config = &t->model->network.config;
    const bool once = !t->dropout || (config->hidden_dropout == 0 && config->attention_dropout == 0);
    const size_t groups = goal->dataset->groups, sentences = examples * groups;
    const size_t numbers = sentences * t->parent->network.width, outputs = sentences * t->teachers.width;
    sbertja_status status = sbj_distinct_begin(&t->batch, &t->alloc, sentences, error);
    if (status != SBERTJA_OK)
        return status;
    if (!sbj_grow(&t->alloc, (void **)&t->vectors, &t->vector_capacity, 0, numbers, sizeof *t->vectors) ||
        !sbj_grow(&t->alloc, (void **)&t->vector_gradients, &t->gradient_capacity, 0, numbers,
                  sizeof *t->vector_gradients) ||
        !sbj_grow(&t->alloc, (void **)&t->outputs, &t->output_capacity, 0, outputs, sizeof *t->outputs) ||
        !sbj_grow(&t->alloc, (void **)&t->output_gradients, &t->output_gradient_capacity, 0, outputs,
                  sizeof *t->output_gradients) ||
        !sbj_grow(&t->alloc, (void **)&t->targets, &t->target_capacity, 0, outputs, sizeof *t->targets))
        return sbj_no_memory(error, (numbers + outputs) * sizeof *t->vectors);
    for (size_t g = 0; g < groups; g++)
        for (size_t i = 0; i < examples; i++) {
            const size_t text = goal->rows[i] * groups + g;
            sbj_distinct_add(&t->batch, goal->tokens.ids[text], goal->tokens.counts[text], once);
        }
    return sbj_workspace_pack(&t->workspace, t->batch.ids, t->batch.lengths, t->batch.count, error);
}

sbertja_status sbj_diverged(const char *what, sbertja_error *error)
{
    return sbj_fail(error, SBERTJA_E_ARGUMENT,
                    "%s is not a finite number; a smaller learning rate or a longer warm-up may help", what);
}

/* The sentence vectors, and with a head what it makes of them, go to the host. */
static sbertja_status read_vectors(sbj_trainer *t, sbertja_error *error)
{
    const sbj_backend *b = t->model->backend;
    const sbj_workspace *w = &t->workspace;
    const bool head = t->with_head != NULL;
    sbertja_status status = sbj_read(b, head ? w->body : w->vectors, t->vectors, SBJ_F64, error);
    if (status == SBERTJA_OK && head)
        status = sbj_read(b, w->vectors, t->outputs, SBJ_F64, error);
    if (status != SBERTJA_OK)
        return status;
    sbj_distinct_spread(&t->batch, t->vectors, t->parent->network.width);
    sbj_distinct_spread(&t->batch, t->outputs, t->teachers.width);
    return SBERTJA_OK;
}

static sbertja_status write_gradients(sbj_trainer *t, sbertja_error *error)
{
    const sbj_backend *b = t->model->backend;
    sbj_workspace *w = &t->workspace;
    sbj_distinct_sum(&t->batch, t->vector_gradients, t->parent->network.width);
    sbj_distinct_sum(&t->batch, t->output_gradients, t->teachers.width);
    w->body_gradient = t->with_head != NULL;
    if (!w->body_gradient)
        return sbj_write(b, w->vector_gradients, t->vector_gradients, SBJ_F64, error);
    sbertja_status status = sbj_write(b, w->body_gradients, t->vector_gradients, SBJ_F64, error);
    return status == SBERTJA_OK ? sbj_write(b, w->vector_gradients, t->output_gradients, SBJ_F64, error) : status;
}

/* What the teachers say of this batch. A loss without teachers leaves the head alone. */
static sbertja_status ask_teachers(sbj_trainer *t, const sbj_goal *goal, sbj_loss_part *parts, sbj_loss_batch *batch,
                                   sbertja_error *error)
{
    const size_t outputs = t->batch.sentences * t->teachers.width;
    memset(t->output_gradients, 0, outputs * sizeof *t->output_gradients);
    if (!sbj_loss_find(goal->loss.loss)->teachers)
        return SBERTJA_OK;
    batch->output_width = t->teachers.width;
    batch->outputs = t->outputs;
    batch->targets = t->targets;
    batch->parts = parts;
    batch->part_count = sbj_teachers_parts(&t->teachers, goal->index, parts);
    return sbj_teachers_targets(&t->teachers, goal->index, goal->rows, batch->examples, t->targets, error);
}

static sbertja_status run_loss(sbj_trainer *t, const sbj_goal *goal, size_t examples, sbj_step_result *result,
                               sbertja_error *error)
{
    sbj_loss_part parts[SBJ_MOST_TEACHERS];
    double *labels = sbj_new(&t->alloc, examples, sizeof *labels);
    if (labels == NULL)
        return sbj_no_memory(error, examples * sizeof *labels);
    for (size_t i = 0; i < examples; i++)
        labels[i] = goal->dataset->labels[goal->rows[i]];
    sbj_loss_batch batch = {.examples = examples,
                            .groups = goal->dataset->groups,
                            .dimension = t->parent->network.width,
                            .vectors = t->vectors,
                            .labels = labels};
    sbj_loss_result loss = {.gradient = t->vector_gradients, .output_gradient = t->output_gradients};
    sbertja_status status = read_vectors(t, error);
    if (status == SBERTJA_OK && t->with_head != NULL)
        status = ask_teachers(t, goal, parts, &batch, error);
    if (status == SBERTJA_OK)
        status = sbj_loss_run(&t->alloc, &goal->loss, &batch, &loss, error);
    if (status == SBERTJA_OK && !isfinite(loss.loss))
        status = sbj_diverged("the loss", error);
    if (status == SBERTJA_OK)
        status = write_gradients(t, error);
    result->loss += loss.loss / (double)t->accumulation;
    result->active += loss.active / (double)t->accumulation;
    sbj_free(&t->alloc, labels);
    return status;
}

static sbertja_status update(sbj_trainer *t, sbj_goal *goal, double learning_rate, sbj_step_result *result,
                             sbertja_error *error)
{
    const sbj_run run = {t->model->backend, t->pool, t->workspace.scratch, t->seed, 0};
    const sbj_sumsq sumsq = {t->gradients, t->segments, t->segment_count};
    const double batches = (double)t->accumulation; /* the arena has the sum of their gradients */
    double sum;
    t->segments[SBJ_WORD].reached = goal->reached;
    sbertja_status status = sbj_do_sumsq(&run, &sumsq, &sum, error);
    if (status != SBERTJA_OK)
        return status;
    result->grad_norm = sqrt(sum) / batches;
    if (!isfinite(sum))
        return sbj_diverged("the gradient", error);
    const sbj_adamw adamw = {
        t->parameters,     t->gradients,    goal->m,
        goal->v,           t->segments,     t->segment_count,
        learning_rate,     t->beta1,        t->beta2,
        t->epsilon,        t->weight_decay, sbj_clip_factor(result->grad_norm, t->max_grad_norm) / batches,
        goal->updates + 1, t->correct_bias};
    if ((status = sbj_do_adamw(&run, &adamw, error)) != SBERTJA_OK)
        return status;
    goal->updates++;
    return sbj_trainer_prepare(t, error);
}

/* Forward and back with the next batch, whose gradient is added to those of this step's batches before it. */
static sbertja_status add_batch(sbj_trainer *t, sbj_goal *goal, uint32_t key, sbj_step_result *result,
                                sbertja_error *error)
{
    const size_t examples = sbj_goal_next(goal);
    sbertja_status status = gather(t, goal, examples, error);
    if (status != SBERTJA_OK)
        return status;
    result->sentences += t->batch.sentences;
    const sbj_run run = {t->model->backend, t->pool, t->workspace.scratch, t->seed, key};
    if ((status = sbj_forward(&run, &t->weights, &t->workspace, t->dropout, error)) != SBERTJA_OK ||
        (status = run_loss(t, goal, examples, result, error)) != SBERTJA_OK)
        return status;
    return sbj_backward(&run, &t->workspace, &t->weight_gradients, error);
}

sbertja_status sbj_trainer_step(sbj_trainer *t, size_t index, size_t step, double learning_rate,
                                sbj_step_result *result, sbertja_error *error)
{
    sbj_goal *goal = &t->goals[index];
    sbertja_status status = SBERTJA_OK;
    *result = (sbj_step_result){0};
    for (size_t i = 0; i < t->accumulation && status == SBERTJA_OK; i++) {
        const size_t batch = step * t->accumulation + i;
        status = add_batch(t, goal, (uint32_t)(batch * t->goal_count + index), result, error);
    }
    return status == SBERTJA_OK ? update(t, goal, learning_rate, result, error) : status;
}

sbertja_status sbj_trainer_check(sbj_trainer *t, sbertja_error *error)
{
    const sbj_run run = {t->model->backend, t->pool, t->workspace.scratch, t->seed, 0};
    if (t->batch.sentences == 0) /* no step was made */
        return SBERTJA_OK;
    sbertja_status status = sbj_forward(&run, &t->weights, &t->workspace, false, error);
    if (status == SBERTJA_OK)
        status = read_vectors(t, error);
    if (status == SBERTJA_OK &&
        !sbj_all_finite_doubles(t->vectors, t->batch.sentences * t->parent->network.width))
        status = sbj_diverged("a sentence vector after the last step", error);
    return status;
}

sbertja_status sbj_trainer_model(const sbj_trainer *t, sbj_model **model, sbertja_error *error)
{
    const sbertja_status status = sbj_model_with(t->keep_head ? t->model : t->parent, &t->weights, model, error);
    return status == SBERTJA_E_FORMAT ? sbj_diverged("a weight", error) : status;
}
