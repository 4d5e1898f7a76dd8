/* One table of how fast the library is on this machine: encode, training, tokenizing, cold start, memory; each with the
 * share of the matrix-product limit measured in the same run. `make bench` runs it.
 *
 *     build/bench/bench [MODEL ...]     models: base (12 x 768), small (4 x 384); both if none is named */
#define _GNU_SOURCE
#include <cblas.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "workload.h"

enum { RUNS = 5, STEPS = 5 };

static const shape shapes[] = {{"base", 12, 768, 12, 3072}, {"small", 4, 384, 6, 1536}};
static const char *folder, *command; /* build/bench, build/bin/sbertja */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, ascending);
    return values[count / 2];
}

/* ---- The limit: the best rate of the shape [576, H] x [I, H]' by OpenBLAS, and by a layer of the library itself ---- */

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
    for (int run = 0; run < 12; run++) {
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
    double seconds[RUNS];
    make_workload(name, sbertja_model_tokenizer(model), s, &w);
    float *vectors = malloc(w.count * sbertja_model_dimension(model) * sizeof *vectors);
    if (sbertja_session_create(model, NULL, &session, &error) != SBERTJA_OK)
        give_up(name, error.message);
    for (int run = -1; run < RUNS; run++) {
        const double began = now();
        if (sbertja_encode(session, (const char *const *)w.texts, NULL, w.count, NULL, vectors, &error) != SBERTJA_OK)
            give_up(name, error.message);
        if (run >= 0)
            seconds[run] = now() - began;
    }
    const double t = median(seconds, RUNS);
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

static void bench_tokenizing(const shape *s, const sbertja_model *model)
{
    sbertja_encoding *encoding = NULL;
    workload w;
    double seconds[RUNS];
    make_workload("short", sbertja_model_tokenizer(model), s, &w);
    sbertja_encoding_create(sbertja_model_tokenizer(model), &encoding, NULL);
    for (int run = 0; run < RUNS; run++) {
        const double began = now();
        for (int again = 0; again < 10; again++)
            for (size_t i = 0; i < w.count; i++)
                sbertja_tokenize(encoding, w.texts[i], (size_t)-1, NULL);
        seconds[run] = (now() - began) / 10;
    }
    const double t = median(seconds, RUNS);
    printf("%-6s %-22s %10.1f %12.0f\n", s->name, "tokenize, one thread", (double)w.count / t, w.tokens / t);
    sbertja_encoding_free(encoding);
    free_workload(&w);
}

/* ---- Whole processes ---- */

/* Seconds from the start of `sbertja encode` to its end, and its peak memory in MB. */
static void run_command(const char *model, const char *texts, double *seconds, double *megabytes)
{
    struct rusage usage;
    int status;
    const double began = now();
    const pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stdout) == NULL)
            _exit(127);
        execl(command, command, "encode", "-m", model, texts, (char *)NULL);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0)
        give_up(command, "cannot be run");
    *seconds = now() - began;
    *megabytes = (double)usage.ru_maxrss / 1024;
}

static void write_texts(const char *path, const workload *w, size_t count)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        give_up(path, "cannot be written");
    for (size_t i = 0; i < count; i++)
        fprintf(file, "%s\n", w->texts[i % w->count]);
    fclose(file);
}

static void bench_processes(const shape *s, const sbertja_model *model, const char *path)
{
    char texts[512];
    double seconds[RUNS], megabytes[RUNS];
    workload w;
    make_workload("short", sbertja_model_tokenizer(model), s, &w);
    snprintf(texts, sizeof texts, "%s/texts.txt", folder);
    write_texts(texts, &w, 1);
    for (int run = 0; run < RUNS; run++)
        run_command(path, texts, &seconds[run], &megabytes[run]);
    printf("%-6s %-22s %10.3f s\n", s->name, "cold start", median(seconds, RUNS));
    write_texts(texts, &w, 500);
    run_command(path, texts, &seconds[0], &megabytes[0]);
    printf("%-6s %-22s %10.0f MB\n", s->name, "peak memory, encode", megabytes[0]);
    free_workload(&w);
}

static void bench_model(const shape *s)
{
    static const char *const names[] = {"short", "128", "mixed", "one"};
    char path[512];
    sbertja_model *model = NULL;
    sbertja_error error;
    make_model(s, folder, path, sizeof path);
    if (sbertja_model_load(path, NULL, &model, &error) != SBERTJA_OK)
        give_up(path, error.message);
    limit = openblas_limit(s);
    printf("%-6s %-22s %33.1f\n", s->name, "limit (OpenBLAS)", limit / 1e9);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        bench_encode(s, model, names[i]);
    bench_training(s, model, "short", 32);
    bench_training(s, model, "128", 16);
    bench_tokenizing(s, model);
    bench_processes(s, model, path);
    sbertja_model_free(model);
}

static bool is_wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return argc < 2;
}

int main(int argc, char **argv)
{
    char here[512], there[600];
    const char *slash = strrchr(argv[0], '/');
    const int length = slash == NULL ? 1 : (int)(slash - argv[0]);
    snprintf(here, sizeof here, "%.*s", length, slash == NULL ? "." : argv[0]);
    snprintf(there, sizeof there, "%s/../bin/sbertja", here);
    folder = here;
    command = there;
    printf("libsbertja %s, engines: %s, instructions: %s, %ld processors, OpenBLAS: %s\n", sbertja_version(),
           sbertja_engines(), sbertja_instruction_sets(), sysconf(_SC_NPROCESSORS_ONLN), openblas_get_corename());
    printf("%-6s %-22s %10s %12s %9s %8s\n", "model", "work", "sent./s", "tokens/s", "GFLOP/s", "of limit");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (is_wanted(shapes[i].name, argc, argv))
            bench_model(&shapes[i]);
    return 0;
}
