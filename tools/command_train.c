/* sbertja train: fine-tunes a model on a table of labelled sentences, of triplets, or of pairs.
 *
 * With --eval the model is scored before, after each epoch and every --evaluation-steps, and the best one is what stays
 * in the output directory. Ctrl-C ends the training after the step that runs; the model is saved as it then is, unless
 * a scored one is there already. A second Ctrl-C ends the command at once. */
#include "basics.h"
#include "command.h"
#include "fitting.h"
#include "options.h"
#include "progress.h"
#include "results.h"
#include "train_data.h"
#include "vectors.h"

#include <string.h>

typedef struct train_settings {
    model_settings model;
    sbertja_fit_options fit;
    sbertja_objective objective;
    sbertja_module pooling;
    const char *data, *eval, *output;
    const char *loss, *metric;
    train_columns columns;
} train_settings;

typedef struct training_run {
    const train_settings *settings;
    train_data data;
    double before;
    fit_scores scores;           /* those after `before` */
    double loss_sum, active_sum; /* of this epoch, until its last step */
    size_t loss_steps;
    size_t epochs;     /* that ended */
    double epoch_loss; /* mean of the last of them */
} training_run;

/* ---- Callbacks of sbertja_fit ---------------------------------------------------------------------------------- */

static int score(const training_run *training, const sbertja_model *model, double *figure)
{
    const train_settings *settings = training->settings;
    return train_data_score(&training->data, model, &settings->model, settings->objective.metric, figure);
}

static int evaluate(void *user, const sbertja_model *model, size_t epoch, size_t steps, double *figure)
{
    training_run *training = user;
    training->scores.failed = score(training, model, figure);
    if (training->scores.failed)
        return 1;
    const char *name = train_data_figure(&training->data);
    const char *remarks = fit_scores_take(&training->scores, *figure) ? ", the best so far" : "";
    if (steps == (size_t)-1)
        remark("epoch %zu/%zu: %s %.4f%s", epoch + 1, training->settings->fit.epochs, name, *figure, remarks);
    else
        remark("step %zu of epoch %zu: %s %.4f%s", steps, epoch + 1, name, *figure, remarks);
    return fit_interrupted();
}

static void end_epoch(training_run *training, const sbertja_progress *p)
{
    const char *what = train_data_active(&training->data);
    char active[80] = "";
    if (what)
        snprintf(active, sizeof active, ", %.1f %% %s", 100 * training->active_sum / (double)training->loss_steps,
                 what);
    training->epoch_loss = training->loss_sum / (double)training->loss_steps;
    training->epochs++;
    remark("epoch %zu/%zu: step %zu/%zu, mean loss %.4f%s, %.1f sentences a second", p->epoch + 1, p->epochs, p->step,
           p->steps, training->epoch_loss, active, p->sentences_per_second);
    training->loss_sum = training->active_sum = 0;
    training->loss_steps = 0;
}

static int show_step(void *user, const sbertja_progress *p)
{
    training_run *training = user;
    char tail[160];
    snprintf(tail, sizeof tail, "epoch %zu/%zu, loss %.4f, %.0f %% active, %.0f sentences/s, %.0f s left", p->epoch + 1,
             p->epochs, p->loss, 100 * p->active, p->sentences_per_second, p->seconds_left);
    progress_draw("training", p->step, p->steps, tail);
    training->loss_sum += p->loss;
    training->active_sum += p->active;
    training->loss_steps++;
    if (p->epochs && p->step % (p->steps / p->epochs) == 0)
        end_epoch(training, p);
    return fit_interrupted();
}

/* ---- Training -------------------------------------------------------------------------------------------------- */

static void write_figure_of(const training_run *training, const char *when, double value)
{
    char name[40];
    snprintf(name, sizeof name, "%s_%s", train_data_figure(&training->data), when);
    write_figure(name, value);
}

static void write_figures(const training_run *training)
{
    if (training->epochs)
        write_figure("loss", training->epoch_loss);
    if (training->settings->eval)
        write_figure_of(training, "before", training->before);
    if (training->scores.count)
        write_figure_of(training, "after", fit_scores_final(&training->scores, training->settings->fit.keep_last));
}

static int fit(training_run *training, const sbertja_model *model, const sbertja_dataset *dataset)
{
    sbertja_objective objective = training->settings->objective;
    sbertja_fit_options options = training->settings->fit;
    objective.dataset = dataset;
    options.progress = show_step;
    options.progress_user = training;
    options.stop = fit_stop;
    options.evaluate = training->settings->eval ? evaluate : NULL;
    options.evaluate_user = training;
    options.output_path = training->settings->output;
    options.threads = training->settings->model.session.threads;
    int status = fit_model(model, &objective, 1, &options, &training->scores, train_data_figure(&training->data));
    if (status == DONE)
        write_figures(training);
    return status;
}

static int train(training_run *training)
{
    const train_settings *settings = training->settings;
    sbertja_dataset *dataset = NULL;
    sbertja_model *model = NULL;
    int status = train_data_read(&training->data, settings->data, settings->eval);
    if (status == DONE)
        status = train_data_fill(&training->data, &dataset);
    if (status == DONE)
        status = model_open(&settings->model, &model);
    if (status == DONE && settings->eval) {
        status = score(training, model, &training->before);
        if (status == DONE)
            remark("before training: %s %.4f", train_data_figure(&training->data), training->before);
    }
    if (status == DONE)
        status = fit(training, model, dataset);
    sbertja_model_free(model);
    sbertja_dataset_free(dataset);
    return status;
}

/* ---- The sub-command ------------------------------------------------------------------------------------------- */

static const char notes[] =
    "Losses, and the columns that --text names where they have other names:\n"
    "  batch-all-triplet           text; and --label, by which all triplets of a batch are made\n"
    "  triplet                     named by --anchor, --positive, --negative\n"
    "  cosine-similarity           sentence1,sentence2; and scores of 0 to 1, which the cosines are to be\n"
    "  cosent                      the same, but only the order of the scores counts\n"
    "  multiple-negatives-ranking  anchor,positive[,negative...]; the others' texts are negatives, too, so that\n"
    "                              --no-duplicates is wise\n"
    "The score of --eval is the accuracy by the nearest centroid of the training rows; for triplets how often the\n"
    "positive is nearer than the negative by --metric; for scores Spearman's rank correlation with the cosines;\n"
    "for anchors how often, of the table's positives, their own is the nearest. Ctrl-C saves the model as it is and\n"
    "exits with 130.";

static int parse(int argc, char **argv, train_settings *s)
{
    sbertja_fit_options *f = &s->fit;
    sbertja_objective *o = &s->objective;
    train_columns *c = &s->columns;
    const option options[] = {
        {"data", 0, OPTION_TEXT, &s->data, "TABLE", "what to train on (.tsv, .csv, .xlsx)", 0, 1},
        {"output", 'o', OPTION_TEXT, &s->output, "DIR", "where the trained model is saved", 0, 1},
        {"loss", 0, OPTION_CHOICE, &s->loss, TRAIN_LOSSES, "see below", 0, 0},
        {"text", 0, OPTION_TEXT, &c->text, "COL[,COL...]", "columns of the texts, by the loss: see below", 0, 0},
        {"label", 0, OPTION_TEXT, &c->label, "RULE",
         "a column [label], or as cause=1:1,effect=1:2,else:0; of scores a column [score]", 0, 0},
        {"max-score", 0, OPTION_REAL, &c->max_score, "X", "scores are divided by it: 5 makes 0 to 5 into 0 to 1", 0, 0},
        {"anchor", 0, OPTION_TEXT, &c->anchor, "COL", "--loss triplet: its column", 0, 0},
        {"positive", 0, OPTION_TEXT, &c->positive, "COL", "--loss triplet: its column", 0, 0},
        {"negative", 0, OPTION_TEXT, &c->negative, "COL", "--loss triplet: its column", 0, 0},
        {"metric", 0, OPTION_CHOICE, &s->metric, "euclidean|cosine|manhattan", "distance of the triplet losses", 0, 0},
        {"margin", 0, OPTION_REAL, &o->margin, "X", "of the triplet losses", 0, 0},
        {"scale", 0, OPTION_REAL, &o->scale, "X", "cosent, multiple-negatives-ranking: cosines are multiplied by it", 0,
         0},
        {"epochs", 0, OPTION_SIZE, &f->epochs, "N", "times through the data", 1, 0},
        {"steps-per-epoch", 0, OPTION_SIZE, &f->steps_per_epoch, "N", "0: once through the data", 0, 0},
        {"batch-size", 0, OPTION_SIZE, &o->batch_size, "N", "sentences (or triplets, or pairs) in a batch", 1, 0},
        {"accumulation-steps", 0, OPTION_SIZE, &f->gradient_accumulation_steps, "N",
         "batches whose mean gradient makes one step", 1, 0},
        {"samples-per-label", 0, OPTION_SIZE, &o->samples_per_label, "N",
         "sentences of one label that stand together; 0: shuffled", 0, 0},
        {"no-duplicates", 0, OPTION_FLAG, &o->no_duplicates, NULL, "no text twice in a batch", 0, 0},
        {"lr", 0, OPTION_REAL, &f->learning_rate, "X", "largest learning rate", 0, 0},
        {"scheduler", 0, OPTION_CHOICE, &f->scheduler,
         "warmuplinear|constantlr|warmupconstant|warmupcosine|warmupcosinewithhardrestarts", "of the learning rate", 0,
         0},
        {"warmup-steps", 0, OPTION_SIZE, &f->warmup_steps, "N", "until the learning rate is at its largest", 0, 0},
        {"preset", 0, OPTION_CHOICE, &f->preset, "torch|st-0.4.1", "the form of AdamW", 0, 0},
        {"weight-decay", 0, OPTION_REAL, &f->weight_decay, "X", "of AdamW", 0, 0},
        {"max-grad-norm", 0, OPTION_REAL, &f->max_grad_norm, "X", "gradients are clipped to this norm; 0: not", 0, 0},
        {"no-dropout", 0, OPTION_FLAG, &f->no_dropout, NULL, "whatever the model's configuration says", 0, 0},
        {"bf16", 0, OPTION_FLAG, &f->bf16, NULL, "multiply in bf16 where the processor does", 0, 0},
        {"seed", 0, OPTION_SEED, &f->seed, "N", "of batches and dropout", 0, 0},
        {"pooling", 0, OPTION_TEXT, &s->pooling.pooling, "NAME", "mean, cls, max, ...: instead of the model's modules",
         0, 0},
        {"eval", 0, OPTION_TEXT, &s->eval, "TABLE", "score each epoch on it and keep the best model", 0, 0},
        {"evaluation-steps", 0, OPTION_SIZE, &f->evaluation_steps, "N", "also score every N steps; 0: do not", 0, 0},
        {"keep-last", 0, OPTION_FLAG, &f->keep_last, NULL, "keep the last model, not the best", 0, 0},
        {"checkpoint", 0, OPTION_TEXT, &f->checkpoint_path, "DIR", "where the state to resume from is kept", 0, 0},
        {"checkpoint-steps", 0, OPTION_SIZE, &f->checkpoint_steps, "N", "0: at the end of each epoch", 0, 0},
        {"resume", 0, OPTION_FLAG, &f->resume, "any",
         "go on from --checkpoint if there is something; any: also one of another machine, engine or version", 0, 0},
        {0},
    };
    const option_usage usage = {
        .name = "train",
        .arguments = "",
        .summary = "Fine-tunes a model on a table of sentences with labels, of triplets, or of pairs.",
        .options = options,
        .common = s->model.options,
        .notes = notes,
    };
    return options_parse(&usage, argc, argv, NULL);
}

static int check(train_settings *s, train_data *data)
{
    if (s->fit.resume && !s->fit.checkpoint_path)
        return call_wrong("train --resume: --checkpoint DIR is missing");
    int status = train_data_choose(data, s->loss, &s->columns);
    if (status != DONE)
        return status;
    s->objective.loss = train_data_loss(data);
    if (s->objective.loss == SBERTJA_BATCH_ALL_TRIPLET_LOSS && !strcmp(s->metric, "manhattan"))
        return call_wrong("--metric: expected euclidean|cosine with --loss batch-all-triplet, found \"manhattan\"");
    s->objective.metric = !strcmp(s->metric, "euclidean") ? SBERTJA_EUCLIDEAN
                          : !strcmp(s->metric, "cosine")  ? SBERTJA_COSINE
                                                          : SBERTJA_MANHATTAN;
    if (s->objective.loss == SBERTJA_TRIPLET_LOSS)
        s->objective.samples_per_label = 0; /* triplets have no labels to group by */
    if (s->pooling.pooling) {
        s->model.load.modules = &s->pooling;
        s->model.load.module_count = 1;
    }
    return DONE;
}

int command_train(int argc, char **argv)
{
    train_settings s = {
        .fit = SBERTJA_FIT_OPTIONS_INIT,
        .objective = SBERTJA_OBJECTIVE_INIT,
        .pooling = SBERTJA_MODULE_INIT,
        .loss = "batch-all-triplet",
        .metric = "euclidean",
        .columns = {.anchor = "anchor", .positive = "positive", .negative = "negative", .max_score = 1},
    };
    training_run training = {.settings = &s, .scores = FIT_SCORES_INIT};
    s.pooling.pooling = NULL;
    s.fit.warmup_steps = 100;
    s.fit.scheduler = "warmuplinear";
    s.fit.preset = "torch";
    model_settings_init(&s.model, SETTINGS_DIRECTORY | SETTINGS_TOKENS | SETTINGS_LOAD | SETTINGS_VECTORS);
    int status = parse(argc, argv, &s);
    if (status != OPTIONS_GO)
        return status;
    status = check(&s, &training.data);
    if (status == DONE)
        status = train(&training);
    train_data_free(&training.data);
    return status;
}
