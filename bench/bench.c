/* One table of how fast the library is on this machine: encode, training, tokenizing, cold start, memory; each with the
 * share of the matrix-product limit measured in the same run. `make bench` runs it.
 *
 *     build/bench/bench [WORD ...]
 *
 *     models       base (12 x 768), small (4 x 384), default (models/default)
 *     parts        encode, train, tokenize, process
 *     precisions   f32, bf16, int8: of encode and process; of train f32, and bf16 where the machine multiplies it
 *
 * All of a kind if none of it is named. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limit.h"
#include "mecab_alone.h"
#include "process.h"
#include "timing.h"
#include "workload.h"

enum { STEPS = 5 };

static const shape shapes[] = {{"base", 12, 768, 12, 3072, NULL},
                               {"small", 4, 384, 6, 1536, NULL},
                               {"default", 6, 384, 6, 320, "models/default"}};

/* ---- Rows of the table ---- */

static void print_row(const char *model, const char *what, double sentences, double tokens, double flops, limit *l)
{
    const char *engine;
    const double most = take_limit(l, &engine);
    printf("%-7s %-24s %10.1f %12.0f %9.1f", model, what, sentences, tokens, flops / 1e9);
    if (most > 0)
        printf(" %6.0f %% of %.0f (%s)", 100 * flops / most, most / 1e9, engine);
    putchar('\n');
    fflush(stdout);
}

/* One sentence alone is encoded many times in a run. */
static void bench_encode(const shape *s, const sbertja_model *model, const char *precision, const char *name, limit *l)
{
    sbertja_session *session = NULL;
    sbertja_error error;
    workload w;
    runs taken = {0};
    make_workload(name, sbertja_model_tokenizer(model), s, &w);
    const char *const *texts = (const char *const *)w.texts;
    const int times = w.count == 1 ? 20 : 1;
    float *vectors = malloc(w.count * sbertja_model_dimension(model) * sizeof *vectors);
    if (sbertja_session_create(model, NULL, &session, &error) != SBERTJA_OK)
        give_up(name, error.message);
    while (next_run(&taken)) {
        for (int i = 0; i < times; i++)
            if (sbertja_encode(session, texts, NULL, w.count, NULL, vectors, &error) != SBERTJA_OK)
                give_up(name, error.message);
        pause_run(&taken);
        measure_limit(l);
    }
    const double t = typical(&taken) / times;
    char what[64];
    snprintf(what, sizeof what, "%s encode %s", precision, name);
    print_row(s->name, what, (double)w.count / t, w.tokens / t, w.flops / t, l);
    if (w.count == 1)
        printf("%-7s %-24s %10.2f ms\n", s->name, what, 1e3 * t);
    sbertja_session_free(session);
    free(vectors);
    free_workload(&w);
}

/* The time of each step, from the progress callback. */
typedef struct steps {
    double last, seconds[STEPS];
    int count;
    limit *limit; /* measured between steps */
} steps;

static int note_step(void *user, const sbertja_progress *progress)
{
    steps *s = user;
    const double t = now();
    if (progress->step > 2 && s->count < STEPS)
        s->seconds[s->count++] = t - s->last;
    measure_limit(s->limit);
    s->last = now();
    return 0;
}

static void bench_training(const shape *s, const sbertja_model *model, const char *precision, const char *name,
                           size_t batch, limit *l)
{
    sbertja_dataset *dataset = NULL;
    sbertja_model *trained = NULL;
    sbertja_objective objective = SBERTJA_OBJECTIVE_INIT;
    sbertja_fit_options options = SBERTJA_FIT_OPTIONS_INIT;
    sbertja_error error;
    workload w;
    steps taken = {.limit = l};
    double tokens = 0, flops = 0;
    make_workload(name, sbertja_model_tokenizer(model), s, &w);
    sbertja_dataset_create(&dataset, NULL);
    for (size_t i = 0; i < batch; i++)
        sbertja_dataset_add(dataset, (const char *const *)&w.texts[i], NULL, 1, (double)(i % 3), NULL);
    tokens = w.tokens / (double)w.count * (double)batch;
    flops = 3 * w.flops / (double)w.count * (double)batch;
    objective.dataset = dataset;
    objective.batch_size = batch;
    objective.samples_per_label = 0;
    options.epochs = STEPS + 2;
    options.bf16 = strcmp(precision, "bf16") == 0;
    options.progress = note_step;
    options.progress_user = &taken;
    if (sbertja_fit(model, &objective, 1, &options, &trained, &error) != SBERTJA_OK)
        give_up("training", error.message);
    const double t = median(taken.seconds, taken.count);
    char what[64];
    snprintf(what, sizeof what, "%s train %zu x %s", precision, batch, name);
    print_row(s->name, what, (double)batch / t, tokens / t, flops / t, l);
    sbertja_model_free(trained);
    sbertja_dataset_free(dataset);
    free_workload(&w);
}

/* One thread; of MeCab alone the words are counted as tokens. */
static void bench_tokenizing(const shape *s, const sbertja_model *model)
{
    sbertja_encoding *encoding = NULL;
    workload w;
    runs whole = {0}, alone = {0};
    mecab_alone mecab;
    make_workload("short", sbertja_model_tokenizer(model), s, &w);
    sbertja_encoding_create(sbertja_model_tokenizer(model), &encoding, NULL);
    mecab_alone_open(&mecab);
    while (next_run(&whole)) { /* in turn, so that both see the same machine */
        for (size_t i = 0; i < 10 * w.count; i++)
            sbertja_tokenize(encoding, w.texts[i % w.count], (size_t)-1, NULL);
        pause_run(&whole);
        next_run(&alone);
        for (size_t i = 0; i < 10 * w.count; i++)
            mecab_alone_parse(&mecab, w.texts[i % w.count]);
        pause_run(&alone);
    }
    const double t = typical(&whole) / 10, m = typical(&alone) / 10;
    printf("%-7s %-24s %10.1f %12.0f\n", s->name, "tokenize, one thread", (double)w.count / t, w.tokens / t);
    printf("%-7s %-24s %10.1f %12.0f %23.0f %% of the time\n", s->name, "MeCab alone", (double)w.count / m,
           (double)mecab.words / (double)mecab.texts * (double)w.count / m, 100 * m / t);
    mecab_alone_close(&mecab);
    sbertja_encoding_free(encoding);
    free_workload(&w);
}

/* A cold start of bf16 and int8 is from saved packed weights. */
static void bench_processes(const shape *s, const sbertja_model *model, const char *source, const char *precision,
                            const places *at)
{
    runs taken = {0};
    workload w;
    char path[640], what[64];
    double to_first[MOST_RUNS];
    int count = 0;
    save_packed(s, source, precision, at->folder, path, sizeof path);
    make_workload("short", sbertja_model_tokenizer(model), s, &w);
    write_texts(at->texts, &w, 1);
    for (; next_run(&taken); count++)
        to_first[count] = run_command(at->command, path, precision, at->texts).first_output;
    snprintf(what, sizeof what, "%s cold start", precision);
    printf("%-7s %-24s %10.3f s to the first vector\n", s->name, what, median(to_first, count));
    write_texts(at->texts, &w, 500);
    snprintf(what, sizeof what, "%s encode 500", precision);
    printf("%-7s %-24s %10.0f MB\n", s->name, what, run_command(at->command, path, precision, at->texts).megabytes);
    free_workload(&w);
}

static void bench_training_process(const shape *s, const sbertja_model *model, const char *path, const places *at)
{
    workload w;
    make_workload("short", sbertja_model_tokenizer(model), s, &w);
    write_table(at->table, &w, 64);
    printf("%-7s %-24s %10.0f MB\n", s->name, "f32 train 32 short",
           train_command(at->command, path, at->table, at->trained).megabytes);
    free_workload(&w);
}

/* ---- What is wanted ---- */

typedef struct wanted {
    char *const *words;
    int count;
} wanted;

static bool names(const wanted *w, const char *name)
{
    for (int i = 0; i < w->count; i++)
        if (strcmp(w->words[i], name) == 0)
            return true;
    return false;
}

/* Whether it is named, or nothing of its kind is. */
static bool wants(const wanted *w, const char *const *kind, const char *name)
{
    bool any = false;
    for (size_t i = 0; kind[i] != NULL; i++)
        any = any || names(w, kind[i]);
    return names(w, name) || !any;
}

static const char *const models[] = {"base", "small", "default", NULL};
static const char *const parts[] = {"encode", "train", "tokenize", "process", NULL};
static const char *const precisions[] = {"f32", "bf16", "int8", NULL};

static sbertja_model *load(const char *path, const char *precision)
{
    sbertja_load_options options = SBERTJA_LOAD_OPTIONS_INIT;
    sbertja_model *model = NULL;
    sbertja_error error;
    options.precision = precision;
    if (sbertja_model_load(path, &options, &model, &error) != SBERTJA_OK)
        give_up(path, error.message);
    return model;
}

static void bench_all_encoding(const shape *s, const sbertja_model *model, const char *precision)
{
    static const char *const names_of_work[] = {"short", "128", "mixed", "one"};
    limit *l = open_limit(s, precision);
    for (size_t i = 0; i < sizeof names_of_work / sizeof *names_of_work; i++)
        bench_encode(s, model, precision, names_of_work[i], l);
    close_limit(l);
}

static void bench_precision(const shape *s, const char *path, const char *precision, const wanted *w, const places *at)
{
    sbertja_model *model = load(path, precision);
    if (wants(w, parts, "encode"))
        bench_all_encoding(s, model, precision);
    if (wants(w, parts, "process"))
        bench_processes(s, model, path, precision, at);
    sbertja_model_free(model);
}

/* Whether the best instruction set, which is the one that is taken, does. */
static bool multiplies_bf16(void)
{
    const char *sets = sbertja_instruction_sets();
    return strncmp(sets, "amx ", 4) == 0 || strncmp(sets, "avx512bf16 ", 11) == 0;
}

static void bench_all_training(const shape *s, const sbertja_model *model, const char *path, const wanted *w,
                               const places *at)
{
    for (size_t i = 0; i < 2; i++) {
        if (!wants(w, precisions, precisions[i]))
            continue;
        if (strcmp(precisions[i], "bf16") == 0 && !multiplies_bf16()) {
            printf("%-7s %-24s this machine does not multiply bf16, or not fast\n", s->name, "bf16 train");
            continue;
        }
        limit *l = open_limit(s, precisions[i]);
        bench_training(s, model, precisions[i], "short", 32, l);
        bench_training(s, model, precisions[i], "128", 16, l);
        close_limit(l);
    }
    bench_training_process(s, model, path, at);
}

static void bench_model(const shape *s, const wanted *w, const places *at)
{
    char path[512];
    make_model(s, at->folder, path, sizeof path);
    for (size_t i = 0; precisions[i] != NULL; i++)
        if (wants(w, precisions, precisions[i]) && (wants(w, parts, "encode") || wants(w, parts, "process")))
            bench_precision(s, path, precisions[i], w, at);
    if (!wants(w, parts, "train") && !wants(w, parts, "tokenize"))
        return;
    sbertja_model *model = load(path, NULL);
    if (wants(w, parts, "train"))
        bench_all_training(s, model, path, w, at);
    if (wants(w, parts, "tokenize"))
        bench_tokenizing(s, model);
    sbertja_model_free(model);
}

static wanted read_arguments(int argc, char **argv)
{
    static const char *const *const kinds[] = {models, parts, precisions};
    const wanted w = {argv + 1, argc - 1};
    for (int i = 0; i < w.count; i++) {
        const wanted one = {w.words + i, 1};
        bool known = false;
        for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
            for (size_t k = 0; kinds[kind][k] != NULL; k++)
                known = known || names(&one, kinds[kind][k]);
        if (!known)
            give_up(w.words[i], "expected a model (base, small, default), a part (encode, train, tokenize, process) or "
                                "a precision (f32, bf16, int8)");
    }
    return w;
}

int main(int argc, char **argv)
{
    places at;
    if (argc > 2 && strcmp(argv[1], MEASURE) == 0) {
        measure_process(argv + 2);
        return 0;
    }
    const wanted w = read_arguments(argc, argv);
    find_places(argv[0], &at);
    printf("libsbertja %s, engines: %s, instructions: %s, %ld processors\n", sbertja_version(),
           sbertja_engines(), sbertja_instruction_sets(), sysconf(_SC_NPROCESSORS_ONLN));
    printf("%-7s %-24s %10s %12s %9s %8s\n", "model", "work", "sent./s", "tokens/s", "GFLOP/s", "of limit");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (wants(&w, models, shapes[i].name))
            bench_model(&shapes[i], &w, &at);
    return 0;
}
