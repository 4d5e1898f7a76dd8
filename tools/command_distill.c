/* sbertja distill: a student learns the vectors that teachers give for plain texts.
 *
 * The arguments are lessons: a file of texts, a line each, and for every teacher a .npy file with a row for each line,
 * or "-" where that teacher has none. "+" begins the next lesson; a training step takes a batch of each in turn. */
#include "basics.h"
#include "command.h"
#include "fitting.h"
#include "lines.h"
#include "options.h"
#include "progress.h"
#include "results.h"
#include "rows.h"
#include "scores.h"
#include "vectors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LESSONS = 8, MOST_TEACHERS = 8, MOST_ARGUMENTS = MOST_LESSONS * (MOST_TEACHERS + 2) };

typedef struct distill_settings {
    model_settings model;
    sbertja_fit_options fit;
    sbertja_objective objective; /* what all lessons share */
    size_t steps;
    const char *output, *loss, *weights;
    const char *eval, *sentence1, *sentence2, *score;
    const char *arguments[MOST_ARGUMENTS];
} distill_settings;

typedef struct lesson {
    text_lines texts;
    sbertja_dataset *dataset;
    sbertja_teacher teachers[MOST_TEACHERS];
} lesson;

typedef struct distilling {
    const distill_settings *settings;
    lesson lessons[MOST_LESSONS];
    sbertja_objective objectives[MOST_LESSONS];
    size_t count;
    table_rows pairs; /* of --eval */
    fit_scores scores;
    size_t steps, scored_at; /* done; at the last evaluation */
    size_t loss_steps;
    double loss_sum, mean_loss; /* since the last line of progress; mean until then */
} distilling;

/* ---- Lessons --------------------------------------------------------------------------------------------------- */

/* Of `count` teachers; without --weights they weigh the same. */
static int read_weights(const distill_settings *s, size_t count, double weights[MOST_TEACHERS])
{
    const char *at = s->weights;
    double sum = 0;
    size_t given = 0;
    for (size_t i = 0; i < MOST_TEACHERS; i++)
        weights[i] = 1;
    for (size_t i = 0; *at; i++, given++) {
        char *end;
        double weight = strtod(at, &end);
        if (i == MOST_TEACHERS || end == at || (*end && *end != ',') || !isfinite(weight) || weight < 0)
            return call_wrong("--weights: expected numbers of at least 0 with commas between, found \"%s\"",
                              s->weights);
        sum += weights[i] = weight;
        at = *end ? end + 1 : end;
    }
    if (given && given != count)
        return call_wrong("--weights %s: expected a number for each of the %zu teachers", s->weights, count);
    if (given && sum <= 0)
        return call_wrong("--weights %s: expected at least one above 0", s->weights);
    return DONE;
}

/* The arguments up to "+" or the end; how many. */
static size_t lesson_arguments(const char *const *arguments)
{
    size_t count = 0;
    while (arguments[count] && strcmp(arguments[count], "+"))
        count++;
    return count;
}

static int read_texts(lesson *l, const char *path)
{
    sbertja_error error;
    int status = lines_read(&l->texts, path);
    if (status != DONE)
        return status;
    sbertja_status made = sbertja_dataset_create(&l->dataset, &error);
    for (size_t i = 0; i < l->texts.count && made == SBERTJA_OK; i++)
        made = sbertja_dataset_add(l->dataset, &l->texts.texts[i], &l->texts.lengths[i], 1, 0, &error);
    return made == SBERTJA_OK ? DONE : library_refused(&error);
}

static int read_lesson(distilling *d, const char *const *arguments, size_t count, const double *weights)
{
    lesson *l = &d->lessons[d->count];
    sbertja_objective *objective = &d->objectives[d->count++];
    if (count < 2 || count > MOST_TEACHERS + 1)
        return call_wrong("distill: lesson %zu: expected a file of texts and 1 to %d teachers, found %zu arguments",
                          d->count, MOST_TEACHERS, count);
    int status = read_texts(l, arguments[0]);
    *objective = d->settings->objective;
    objective->dataset = l->dataset;
    objective->teachers = l->teachers;
    objective->teacher_count = count - 1;
    for (size_t i = 0; i + 1 < count; i++) {
        l->teachers[i] = (sbertja_teacher)SBERTJA_TEACHER_INIT;
        l->teachers[i].weight = weights[i];
        if (strcmp(arguments[i + 1], "-"))
            l->teachers[i].path = arguments[i + 1];
    }
    return status;
}

static int read_lessons(distilling *d)
{
    double weights[MOST_TEACHERS];
    const char *const *arguments = d->settings->arguments;
    const size_t first = lesson_arguments(arguments);
    int status = read_weights(d->settings, first > 0 ? first - 1 : 0, weights);
    while (status == DONE && *arguments) {
        size_t count = lesson_arguments(arguments);
        if (d->count == MOST_LESSONS)
            return call_wrong("distill: expected at most %d lessons", MOST_LESSONS);
        status = read_lesson(d, arguments, count, weights);
        arguments += count;
        if (status == DONE && *arguments && !*++arguments)
            status = call_wrong("distill: expected a lesson after \"+\"");
    }
    return status;
}

static void free_lessons(distilling *d)
{
    for (size_t i = 0; i < d->count; i++) {
        sbertja_dataset_free(d->lessons[i].dataset);
        lines_free(&d->lessons[i].texts);
    }
    rows_free(&d->pairs);
}

/* ---- Callbacks of sbertja_fit ---------------------------------------------------------------------------------- */

static int evaluate(void *user, const sbertja_model *model, size_t epoch, size_t steps, double *spearman)
{
    distilling *d = user;
    (void)epoch;
    if (d->scored_at == d->steps && d->scores.count)
        return 0; /* at the end: the same weights were scored just now */
    d->scored_at = d->steps;
    d->scores.failed = sts_correlations(model, &d->settings->model, &d->pairs, spearman, NULL);
    if (d->scores.failed)
        return 1;
    const char *remarks = fit_scores_take(&d->scores, *spearman) ? ", the best so far" : "";
    if (steps == (size_t)-1)
        remark("at the end: Spearman %.4f%s", *spearman, remarks);
    else
        remark("step %zu: Spearman %.4f%s", steps, *spearman, remarks);
    return fit_interrupted();
}

static int show_step(void *user, const sbertja_progress *p)
{
    enum { EVERY = 100 };
    distilling *d = user;
    char tail[160];
    snprintf(tail, sizeof tail, "step %zu/%zu, loss %.4f, %.0f sentences/s, %.0f s left", p->step, p->steps, p->loss,
             p->sentences_per_second, p->seconds_left);
    progress_draw("distilling", p->step, p->steps, tail);
    d->steps = p->step;
    d->loss_sum += p->loss;
    d->loss_steps++;
    if (p->objective + 1 == d->count && p->step % EVERY == 0) {
        d->mean_loss = d->loss_sum / (double)d->loss_steps;
        remark("step %zu/%zu: mean loss %.4f, %.0f sentences/s, %.0f s left", p->step, p->steps, d->mean_loss,
               p->sentences_per_second, p->seconds_left);
        d->loss_sum = 0;
        d->loss_steps = 0;
    }
    return fit_interrupted();
}

/* ---- Distilling ------------------------------------------------------------------------------------------------ */

static int fit(distilling *d, const sbertja_model *model)
{
    sbertja_fit_options options = d->settings->fit;
    options.steps_per_epoch = d->settings->steps;
    options.progress = show_step;
    options.progress_user = d;
    options.stop = fit_stop;
    options.evaluate = d->settings->eval ? evaluate : NULL;
    options.evaluate_user = d;
    options.output_path = d->settings->output;
    options.threads = d->settings->model.session.threads;
    int status = fit_model(model, d->objectives, d->count, &options, &d->scores, "Spearman");
    if (d->loss_steps)
        d->mean_loss = d->loss_sum / (double)d->loss_steps;
    if (status == DONE)
        write_figure("loss", d->mean_loss);
    if (status == DONE && d->scores.count)
        write_figure("spearman_cosine", fit_scores_final(&d->scores, options.keep_last));
    return status;
}

static int distill(distilling *d)
{
    const distill_settings *s = d->settings;
    const char *columns[] = {s->sentence1, s->sentence2};
    sbertja_model *model = NULL;
    int status = read_lessons(d);
    if (status == DONE && s->eval)
        status = rows_read(&d->pairs, s->eval, columns, 2);
    if (status == DONE && s->eval)
        status = rows_scores(&d->pairs, s->score);
    if (status == DONE)
        status = model_open(&s->model, &model);
    if (status == DONE)
        status = fit(d, model);
    sbertja_model_free(model);
    free_lessons(d);
    return status;
}

/* ---- The sub-command ------------------------------------------------------------------------------------------- */

static int parse(int argc, char **argv, distill_settings *s)
{
    sbertja_fit_options *f = &s->fit;
    sbertja_objective *o = &s->objective;
    const option options[] = {
        {"output", 'o', OPTION_TEXT, &s->output, "DIR", "where the student is saved", 0, 1},
        {"loss", 0, OPTION_CHOICE, &s->loss, "mse|cosine", "between the head's vectors and the teachers'", 0, 0},
        {"weights", 0, OPTION_TEXT, &s->weights, "X,X,...", "of the teachers; left out: 1", 0, 0},
        {"similarity", 0, OPTION_REAL, &o->similarity_weight, "X", "weight of the cosines between a batch's texts", 0,
         0},
        {"keep-head", 0, OPTION_FLAG, &f->keep_head, NULL, "the student keeps the head, as a Dense module", 0, 0},
        {"steps", 0, OPTION_SIZE, &s->steps, "N", "0: once through the smallest lesson", 0, 0},
        {"batch-size", 0, OPTION_SIZE, &o->batch_size, "N", "most texts in a step's batch", 1, 0},
        {"step-tokens", 0, OPTION_SIZE, &o->batch_tokens, "N", "most tokens in a step's batch; 0: any number", 0, 0},
        {"lr", 0, OPTION_REAL, &f->learning_rate, "X", "largest learning rate", 0, 0},
        {"scheduler", 0, OPTION_CHOICE, &f->scheduler,
         "warmuplinear|constantlr|warmupconstant|warmupcosine|warmupcosinewithhardrestarts", "of the learning rate", 0,
         0},
        {"warmup-steps", 0, OPTION_SIZE, &f->warmup_steps, "N", "until the learning rate is at its largest", 0, 0},
        {"weight-decay", 0, OPTION_REAL, &f->weight_decay, "X", "of AdamW", 0, 0},
        {"max-grad-norm", 0, OPTION_REAL, &f->max_grad_norm, "X", "gradients are clipped to this norm; 0: not", 0, 0},
        {"no-dropout", 0, OPTION_FLAG, &f->no_dropout, NULL, "whatever the model's configuration says", 0, 0},
        {"bf16", 0, OPTION_FLAG, &f->bf16, NULL, "multiply in bf16 where the processor does", 0, 0},
        {"seed", 0, OPTION_SEED, &f->seed, "N", "of batches, dropout and the head", 0, 0},
        {"eval", 0, OPTION_TEXT, &s->eval, "TABLE", "score on its pairs (Spearman) and keep the best", 0, 0},
        {"evaluation-steps", 0, OPTION_SIZE, &f->evaluation_steps, "N", "every N steps; 0: at the end", 0, 0},
        {"sentence1", 0, OPTION_TEXT, &s->sentence1, "COL", "--eval: first text", 0, 0},
        {"sentence2", 0, OPTION_TEXT, &s->sentence2, "COL", "--eval: second text", 0, 0},
        {"score", 0, OPTION_TEXT, &s->score, "COL", "--eval: how similar they are", 0, 0},
        {"keep-last", 0, OPTION_FLAG, &f->keep_last, NULL, "keep the last model, not the best", 0, 0},
        {"checkpoint", 0, OPTION_TEXT, &f->checkpoint_path, "DIR", "where the state to resume from is kept", 0, 0},
        {"checkpoint-steps", 0, OPTION_SIZE, &f->checkpoint_steps, "N", "0: at the end", 0, 0},
        {"resume", 0, OPTION_FLAG, &f->resume, "any",
         "go on from --checkpoint if there is something; any: also one of another machine, engine or version", 0, 0},
        {0},
    };
    const option_usage usage = {
        .name = "distill",
        .arguments = "TEXTS TEACHER.npy... [+ TEXTS TEACHER.npy... ...]",
        .summary = "Trains a student to give the vectors of teachers for plain texts.",
        .least = 2,
        .most = MOST_ARGUMENTS - 1,
        .options = options,
        .common = s->model.options,
        .notes = "TEXTS has a text a line, TEACHER.npy a row of float32 or float16 for each; \"-\" where that teacher\n"
                 "has none. \"+\" begins another lesson with the same teachers; each step takes a batch of every one.\n"
                 "A loss of 1 (mse) is to know nothing. Ctrl-C ends after a step and exits with 130.",
    };
    return options_parse(&usage, argc, argv, s->arguments);
}

int command_distill(int argc, char **argv)
{
    distill_settings s = {
        .fit = SBERTJA_FIT_OPTIONS_INIT,
        .objective = SBERTJA_OBJECTIVE_INIT,
        .loss = "mse",
        .weights = "1",
        .sentence1 = "sentence1",
        .sentence2 = "sentence2",
        .score = "score",
    };
    s.fit.warmup_steps = 500;
    s.fit.scheduler = "warmupcosine";
    s.fit.learning_rate = 5e-4;
    s.objective.loss = SBERTJA_DISTILLATION_LOSS;
    s.objective.samples_per_label = 0;
    s.objective.batch_size = 256;
    s.objective.batch_tokens = 8192;
    model_settings_init(&s.model, SETTINGS_DIRECTORY | SETTINGS_TOKENS | SETTINGS_LOAD | SETTINGS_VECTORS);
    int status = parse(argc, argv, &s);
    if (status != OPTIONS_GO)
        return status;
    if (s.fit.resume && !s.fit.checkpoint_path)
        return call_wrong("distill --resume: --checkpoint DIR is missing");
    s.objective.metric = !strcmp(s.loss, "cosine") ? SBERTJA_COSINE : SBERTJA_EUCLIDEAN;
    distilling d = {.settings = &s, .scores = FIT_SCORES_INIT};
    return distill(&d);
}
