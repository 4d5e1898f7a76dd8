/* One table of how fast the library is on this machine: encode, training, tokenizing, cold start, memory; each with the
 * share of the matrix-product limit measured in the same run. `make bench` runs it.
 *
 *     build/bench/bench [--precision NAME] [MODEL ...] [PART ...]
 *
 *     models   base (12 x 768), small (4 x 384)
 *     parts    encode, train, tokenize, process
 *
 * All of them if none is named. */
#include <cblas.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mecab_alone.h"
#include "process.h"
#include "timing.h"
#include "workload.h"

enum { STEPS = 5 };

static const shape shapes[] = {{"base", 12, 768, 12, 3072}, {"small", 4, 384, 6, 1536}};

/* ---- The limit: the best rate of the product [576, H] x [I, H]' by OpenBLAS ---------------------------------------
 */

static double openblas_limit(const shape *s)
{
    const int m = 576, n = s->intermediate, k = s->hidden;
    float *a = malloc((size_t)(m * k) * sizeof *a), *b = malloc((size_t)n * (size_t)k * sizeof *b);
    float *c = malloc((size_t)m * (size_t)n * sizeof *c);
    double best = 0;
    for (int i = 0; i < m * k; i++)
        a[i] = (float)(i % 17) - 8;
    for (int i = 0; i < n * k; i++)
        b[i] = (float)(i % 13) - 6;
    for (int i = 0; i < 12; i++) {
        const double began = now();
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, a, k, b, k, 0, c, n);
        const double rate = 2.0 * m * n * k / (now() - began);
        best = rate > best ? rate : best;
    }
    free(a);
    free(b);
    free(c);
    return best;
}

/* ---- Rows of the table ---- */

static double limit; /* FLOP/s, of the model at hand */

static void print_row(const char *model, const char *what, double sentences, double tokens, double flops)
{
    printf("%-6s %-22s %10.1f %12.0f %9.1f %6.0f %%\n", model, what, sentences, tokens, flops / 1e9,
           100 * flops / limit);
    fflush(stdout);
}

static void bench_encode(const shape *s, const sbertja_model *model, const char *name)
{
    sbertja_session *session = NULL;
    sbertja_error error;
    workload w;
    runs taken = {0};
    make_workload(name, sbertja_model_tokenizer(model), s, &w);
    float *vectors = malloc(w.count * sbertja_model_dimension(model) * sizeof *vectors);
    if (sbertja_session_create(model, NULL, &session, &error) != SBERTJA_OK)
        give_up(name, error.message);
    while (next_run(&taken))
        if (sbertja_encode(session, (const char *const *)w.texts, NULL, w.count, NULL, vectors, &error) != SBERTJA_OK)
            give_up(name, error.message);
    const double t = typical(&taken);
    char what[64];
    snprintf(what, sizeof what, "encode %s", name);
    print_row(s->name, what, (double)w.count / t, w.tokens / t, w.flops / t);
    if (w.count == 1)
        printf("%-6s %-22s %10.2f ms\n", s->name, "one sentence", 1e3 * t);
    sbertja_session_free(session);
    free(vectors);
    free_workload(&w);
}

/* The time of each step, from the progress callback. */
typedef struct steps {
    double last, seconds[STEPS];
    int count;
} steps;

static int note_step(void *user, const sbertja_progress *progress)
{
    steps *s = user;
    const double t = now();
    if (progress->step > 2 && s->count < STEPS)
        s->seconds[s->count++] = t - s->last;
    s->last = t;
    return 0;
}

static void bench_training(const shape *s, const sbertja_model *model, const char *name, size_t batch)
{
    sbertja_dataset *dataset = NULL;
    sbertja_model *trained = NULL;
    sbertja_objective objective = SBERTJA_OBJECTIVE_INIT;
    sbertja_fit_options options = SBERTJA_FIT_OPTIONS_INIT;
    sbertja_error error;
    workload w;
    steps taken = {.count = 0};
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
    options.progress = note_step;
    options.progress_user = &taken;
    if (sbertja_fit(model, &objective, 1, &options, &trained, &error) != SBERTJA_OK)
        give_up("training", error.message);
    const double t = median(taken.seconds, taken.count);
    char what[64];
    snprintf(what, sizeof what, "train %zu x %s", batch, name);
    print_row(s->name, what, (double)batch / t, tokens / t, flops / t);
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
    printf("%-6s %-22s %10.1f %12.0f\n", s->name, "tokenize, one thread", (double)w.count / t, w.tokens / t);
    printf("%-6s %-22s %10.1f %12.0f %23.0f %% of the time\n", s->name, "MeCab alone", (double)w.count / m,
           (double)mecab.words / (double)mecab.texts * (double)w.count / m, 100 * m / t);
    mecab_alone_close(&mecab);
    sbertja_encoding_free(encoding);
    free_workload(&w);
}

static void bench_processes(const shape *s, const sbertja_model *model, const char *path, const places *at)
{
    runs taken = {0};
    workload w;
    double to_first[MOST_RUNS];
    int count = 0;
    make_workload("short", sbertja_model_tokenizer(model), s, &w);
    write_texts(at->texts, &w, 1);
    for (; next_run(&taken); count++)
        to_first[count] = run_command(at->command, path, at->texts).first_output;
    printf("%-6s %-22s %10.3f s to the first vector\n", s->name, "cold start", median(to_first, count));
    write_texts(at->texts, &w, 500);
    printf("%-6s %-22s %10.0f MB\n", s->name, "memory, encode 500",
           run_command(at->command, path, at->texts).megabytes);
    write_table(at->table, &w, 64);
    printf("%-6s %-22s %10.0f MB\n", s->name, "memory, train 32 short",
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

static const char *const models[] = {"base", "small", NULL};
static const char *const parts[] = {"encode", "train", "tokenize", "process", NULL};

static void bench_model(const shape *s, const wanted *w, const places *at)
{
    static const char *const names_of_work[] = {"short", "128", "mixed", "one"};
    char path[512];
    sbertja_model *model = NULL;
    sbertja_error error;
    make_model(s, at->folder, path, sizeof path);
    if (sbertja_model_load(path, NULL, &model, &error) != SBERTJA_OK)
        give_up(path, error.message);
    limit = openblas_limit(s);
    printf("%-6s %-22s %33.1f\n", s->name, "limit (OpenBLAS)", limit / 1e9);
    for (size_t i = 0; i < sizeof names_of_work / sizeof *names_of_work && wants(w, parts, "encode"); i++)
        bench_encode(s, model, names_of_work[i]);
    if (wants(w, parts, "train")) {
        bench_training(s, model, "short", 32);
        bench_training(s, model, "128", 16);
    }
    if (wants(w, parts, "tokenize"))
        bench_tokenizing(s, model);
    if (wants(w, parts, "process"))
        bench_processes(s, model, path, at);
    sbertja_model_free(model);
}

/* Takes --precision off the words; the load options have no such field yet, so there is one precision. */
static wanted read_arguments(int argc, char **argv)
{
    wanted w = {argv + 1, argc - 1};
    if (w.count > 0 && strcmp(w.words[0], "--precision") == 0) {
        if (w.count < 2 || strcmp(w.words[1], "f32") != 0)
            give_up("--precision", "expected f32");
        w.words += 2;
        w.count -= 2;
    }
    for (int i = 0; i < w.count; i++) {
        const wanted one = {w.words + i, 1};
        bool known = false;
        for (size_t k = 0; models[k] != NULL; k++)
            known = known || names(&one, models[k]);
        for (size_t k = 0; parts[k] != NULL; k++)
            known = known || names(&one, parts[k]);
        if (!known)
            give_up(w.words[i], "expected base, small, encode, train, tokenize or process");
    }
    return w;
}

int main(int argc, char **argv)
{
    places at;
    const wanted w = read_arguments(argc, argv);
    find_places(argv[0], &at);
    printf("libsbertja %s, engines: %s, instructions: %s, %ld processors, OpenBLAS: %s\n", sbertja_version(),
           sbertja_engines(), sbertja_instruction_sets(), sysconf(_SC_NPROCESSORS_ONLN), openblas_get_corename());
    printf("%-6s %-22s %10s %12s %9s %8s\n", "model", "work", "sent./s", "tokens/s", "GFLOP/s", "of limit");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (wants(&w, models, shapes[i].name))
            bench_model(&shapes[i], &w, &at);
    return 0;
}
