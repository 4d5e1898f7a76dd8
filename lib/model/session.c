/* encode: windows of texts -> ids -> batches of like length -> vectors -> the caller's rows. While a window's batches
 * are computed, the next window's texts become ids: tasks of the same threads, so that none waits for another kind of
 * work. */
#include "model/session.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "util/finite.h"

enum {
    WINDOW = 8192,  /* texts tokenized and sorted at a time: memory does not grow with the number of texts */
    FIRST = 1024,   /* fewer, before there is something to compute */
    TOGETHER = 512, /* tokens in a batch of all threads: as fast as more, with less memory */
    APART = 256,    /* and in one of a thread's own */
    LEAST = 64,     /* that are worth a batch of one's own */
    ROUND = 8,      /* batches of each thread between two calls of progress */
    MOST_BUDGET = 1 << 22
};

static void init_lane(sbj_session *s, sbj_lane *lane, sbj_pool *pool)
{
    lane->pool = pool;
    sbj_workspace_init(s->model->backend, &s->model->network, &s->alloc, false, sbj_pool_threads(pool),
                       &lane->workspace);
}

static void free_lane(const sbj_alloc *alloc, sbj_lane *lane)
{
    sbj_workspace_free(&lane->workspace);
    sbj_free(alloc, lane->rows);
}

static sbertja_status make_lanes(sbj_session *s, sbertja_error *error)
{
    const size_t threads = (size_t)sbj_pool_threads(s->pool);
    const sbj_backend *backend = s->model->backend;
    init_lane(s, &s->together, s->pool);
    if (threads == 1 || backend->table->runs_apart == NULL || !backend->table->runs_apart(backend))
        return SBERTJA_OK;
    s->apart = sbj_new(&s->alloc, threads, sizeof *s->apart);
    if (s->apart == NULL)
        return sbj_no_memory(error, threads * sizeof *s->apart);
    for (size_t i = 0; i < threads; i++)
        init_lane(s, &s->apart[i], NULL);
    return SBERTJA_OK;
}

sbertja_status sbj_session_create(const sbj_model *model, const sbertja_session_options *options, sbj_session **result,
                                  sbertja_error *error)
{
    static const sbertja_session_options defaults = SBERTJA_SESSION_OPTIONS_INIT;
    options = options != NULL ? options : &defaults;
    *result = NULL;
    if (options->batch_tokens > MOST_BUDGET)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "batch_tokens: %zu, expected at most %d", options->batch_tokens,
                        MOST_BUDGET);
    sbj_session *s = sbj_new(&model->alloc, 1, sizeof *s);
    if (s == NULL)
        return sbj_no_memory(error, sizeof *s);
    s->model = model;
    s->alloc = model->alloc;
    s->batch_tokens = options->batch_tokens;
    sbertja_status status = sbj_pool_create(&s->alloc, options->threads, &model->log, &s->pool, error);
    if (status == SBERTJA_OK)
        status = make_lanes(s, error);
    if (status == SBERTJA_OK)
        status = sbj_encodings_create(&s->alloc, model->tokenizer, sbj_pool_threads(s->pool), &s->encodings, error);
    if (status != SBERTJA_OK) {
        sbj_session_free(s);
        return status;
    }
    *result = s;
    return SBERTJA_OK;
}

void sbj_session_free(sbj_session *s)
{
    if (s == NULL || sbj_use_is_begun(&s->use))
        return;
    sbj_alloc alloc = s->alloc;
    free_lane(&alloc, &s->together);
    for (int i = 0; s->apart != NULL && i < sbj_pool_threads(s->pool); i++)
        free_lane(&alloc, &s->apart[i]);
    sbj_free(&alloc, s->apart);
    sbj_encodings_free(&alloc, s->encodings, sbj_pool_threads(s->pool));
    sbj_pool_free(s->pool);
    sbj_free(&alloc, s);
}

/* A text of the window; longest first, so that a batch has texts of like length. */
typedef struct item {
    size_t index, tokens;
} item;

static int by_length(const void *left, const void *right)
{
    const item *a = left, *b = right;
    if (a->tokens != b->tokens)
        return a->tokens > b->tokens ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static void normalize_row(float *row, size_t width)
{
    double sum = 0;
    for (size_t i = 0; i < width; i++)
        sum += (double)row[i] * row[i];
    const double scale = 1 / fmax(sqrt(sum), 1e-12);
    for (size_t i = 0; i < width; i++)
        row[i] = (float)(row[i] * scale);
}

/* The state of one call. */
typedef struct call {
    sbj_session *session;
    const sbertja_encode_options *options;
    const char *const *texts;
    const size_t *lengths;
    float *vectors;
    size_t done, total;
    const char *prompt; /* NULL: none */
    size_t skip;        /* tokens of each text that pooling leaves out: [CLS] and the prompt's */
    size_t dimension;   /* of the vectors that the caller gets */
    sbj_watch watch;
} call;

static bool ask_progress(void *context)
{
    const call *c = context;
    return c->options->progress(c->options->progress_user, c->done, c->total) != 0;
}

static sbertja_status fail_stopped(const call *c, sbertja_error *error)
{
    return sbj_fail(error, SBERTJA_E_STOPPED, "stopped by the progress callback after %zu of %zu texts", c->done,
                    c->total);
}

/* ---- A batch ----------------------------------------------------------------------------------------------------- */

static sbertja_status make_rows(const sbj_session *s, sbj_lane *lane, size_t count, sbertja_error *error)
{
    if (!sbj_grow(&s->alloc, (void **)&lane->rows, &lane->rows_capacity, 0, count, sizeof *lane->rows))
        return sbj_no_memory(error, count * sizeof *lane->rows);
    return SBERTJA_OK;
}

static sbertja_status give_token_vectors(const call *c, sbj_lane *lane, const item *items, size_t count, size_t base,
                                         sbj_tensor hidden, sbertja_error *error)
{
    const sbj_session *s = c->session;
    const size_t width = s->model->network.config.hidden;
    for (size_t i = 0; i < count; i++) {
        const size_t begin = (size_t)lane->workspace.host_cu[i], tokens = items[i].tokens;
        sbertja_status status = make_rows(s, lane, tokens * width, error);
        if (status == SBERTJA_OK)
            status =
                sbj_read(s->model->backend, sbj_window(hidden, begin, tokens, 0, width), lane->rows, SBJ_F32, error);
        if (status != SBERTJA_OK)
            return status;
        if (c->options->token_vectors(c->options->token_vectors_user, base + items[i].index, tokens, width, lane->rows))
            return sbj_fail(error, SBERTJA_E_STOPPED, "stopped by the token_vectors callback");
    }
    return SBERTJA_OK;
}

/* Where a prompt and a text melt into fewer tokens than the prompt has by itself, max pooling has none left. */
static sbertja_status check_skip(const call *c, const item *items, size_t count, size_t base, sbertja_error *error)
{
    const sbj_module *pooling = &c->session->model->network.modules[0];
    bool has_max = false;
    for (size_t k = 0; k < pooling->mode_count; k++)
        has_max = has_max || pooling->modes[k] == SBJ_POOL_MAX;
    for (size_t i = 0; c->skip > 0 && has_max && i < count; i++)
        if (items[i].tokens <= c->skip)
            return sbj_fail(error, SBERTJA_E_UNSUPPORTED,
                            "text %zu: has no more tokens with the prompt than the prompt alone, so nothing is left for "
                            "max pooling",
                            base + items[i].index);
    return SBERTJA_OK;
}

static sbertja_status give_vectors(const call *c, sbj_lane *lane, const sbj_run *run, const item *items, size_t count,
                                   size_t base, sbj_tensor hidden, sbertja_error *error)
{
    const sbj_session *s = c->session;
    const size_t width = s->model->network.width, dimension = c->dimension;
    sbertja_status status = check_skip(c, items, count, base, error);
    lane->workspace.pool.skip = c->skip;
    if (status == SBERTJA_OK)
        status = sbj_head_forward(run, &s->model->weights, &lane->workspace, hidden, error);
    if (status == SBERTJA_OK)
        status = make_rows(s, lane, count * width, error);
    if (status == SBERTJA_OK)
        status = sbj_read(s->model->backend, lane->workspace.vectors, lane->rows, SBJ_F32, error);
    for (size_t i = 0; i < count && status == SBERTJA_OK; i++) {
        float *row = c->vectors + (base + items[i].index) * dimension;
        memcpy(row, lane->rows + i * width, dimension * sizeof *row);
        if (!sbj_all_finite(row, dimension))
            return sbj_fail(error, SBERTJA_E_FORMAT,
                            "text %zu: a value of its vector is not a finite number: the model's "
                            "weights are broken",
                            base + items[i].index);
        if (c->options->normalize)
            normalize_row(row, dimension);
    }
    return status;
}

/* `ids` and `counts` have the batch's texts in the order of `items`. */
static sbertja_status run_batch(const call *c, sbj_lane *lane, const item *items, size_t count, size_t base,
                                const int32_t *const *ids, const size_t *counts, sbertja_error *error)
{
    const sbj_model *model = c->session->model;
    sbj_tensor hidden;
    sbertja_status status = sbj_workspace_pack(&lane->workspace, ids, counts, count, error);
    const sbj_run run = {model->backend, lane->pool, lane->workspace.scratch, 0, 0};
    if (status == SBERTJA_OK)
        status = sbj_bert_forward(&run, &model->weights, &lane->workspace, false, &hidden, error);
    if (status == SBERTJA_OK && c->options->token_vectors != NULL)
        status = give_token_vectors(c, lane, items, count, base, hidden, error);
    if (status == SBERTJA_OK && c->vectors != NULL)
        status = give_vectors(c, lane, &run, items, count, base, hidden, error);
    return status;
}

/* ---- A window ---------------------------------------------------------------------------------------------------- */

/* Its texts in order of length, cut into batches: number b goes up to text end[b]. */
typedef struct window {
    const call *call;
    sbj_tokenizing *behind; /* the next window's texts, or NULL */
    size_t base, texts, tokens, batches;
    item *items;
    const int32_t **ids;
    size_t *counts, *end;
    bool apart;
    size_t round, length; /* the first batch of those that are run now; how many they are */
    atomic_size_t next;   /* of them, the next to be run */
    atomic_size_t failed; /* no batch behind this one need be run */
} window;

static size_t first_of(const window *w, size_t batch)
{
    return batch == 0 ? 0 : w->end[batch - 1];
}

static size_t tokens_of(const window *w, size_t batch)
{
    size_t tokens = 0;
    for (size_t i = first_of(w, batch); i < w->end[batch]; i++)
        tokens += w->counts[i];
    return tokens;
}

/* At least one text a batch. Towards the end, batches of a thread's own become smaller, so that all are done at about
 * the same time. */
static void cut(window *w, size_t budget, size_t threads)
{
    size_t i = 0, left = w->tokens;
    for (w->batches = 0; i < w->texts; w->batches++) {
        const size_t share = left / (2 * threads) > LEAST ? left / (2 * threads) : LEAST;
        const size_t most = w->apart && share < budget ? share : budget, first = i;
        size_t tokens = 0;
        while (i < w->texts && (i == first || tokens + w->counts[i] <= most))
            tokens += w->counts[i++];
        w->end[w->batches] = i;
        left -= tokens;
    }
}

/* Whether threads that each take the next batch finish within an eighth of the best time. */
static bool is_even(const window *w, size_t *load, size_t threads)
{
    size_t most = 0;
    for (size_t batch = 0; batch < w->batches; batch++) {
        size_t least = 0;
        for (size_t i = 1; i < threads; i++)
            least = load[i] < load[least] ? i : least;
        load[least] += tokens_of(w, batch);
        most = load[least] > most ? load[least] : most;
    }
    return most <= w->tokens / threads * 9 / 8;
}

static sbertja_status cut_window(window *w, sbertja_error *error)
{
    const sbj_session *s = w->call->session;
    const size_t threads = (size_t)sbj_pool_threads(s->pool);
    w->apart = s->apart != NULL && w->call->options->token_vectors == NULL && w->tokens / threads >= LEAST;
    if (w->apart) {
        size_t *load = sbj_new(&s->alloc, threads, sizeof *load);
        if (load == NULL)
            return sbj_no_memory(error, threads * sizeof *load);
        cut(w, s->batch_tokens != 0 ? s->batch_tokens : APART, threads);
        w->apart = is_even(w, load, threads);
        sbj_free(&s->alloc, load);
    }
    if (!w->apart)
        cut(w, s->batch_tokens != 0 ? s->batch_tokens : TOGETHER, threads);
    return SBERTJA_OK;
}

/* Room for the largest of the batches that are to come, so that memory is planned once. */
static sbertja_status reserve(const window *w, sbertja_error *error)
{
    sbj_session *s = w->call->session;
    size_t most_tokens = 0, most_texts = 0;
    for (size_t batch = 0; batch < w->batches; batch++) {
        const size_t tokens = tokens_of(w, batch), texts = w->end[batch] - first_of(w, batch);
        most_tokens = tokens > most_tokens ? tokens : most_tokens;
        most_texts = texts > most_texts ? texts : most_texts;
    }
    const size_t longest = w->texts > 0 ? w->counts[0] : 0;
    if (!w->apart)
        return sbj_workspace_reserve(&s->together.workspace, most_tokens, most_texts, longest, error);
    sbertja_status status = SBERTJA_OK;
    for (int i = 0; i < sbj_pool_threads(s->pool) && status == SBERTJA_OK; i++)
        status = sbj_workspace_reserve(&s->apart[i].workspace, most_tokens, most_texts, longest, error);
    return status;
}

/* A batch. Its error takes the place of the lane's, which can only be that of a later batch. */
static void run_on(window *w, size_t batch, sbj_lane *lane)
{
    const size_t first = first_of(w, batch);
    if (batch > atomic_load(&w->failed))
        return;
    sbertja_status status = run_batch(w->call, lane, w->items + first, w->end[batch] - first, w->base, w->ids + first,
                                      w->counts + first, &lane->error);
    if (status == SBERTJA_OK)
        return;
    lane->status = status;
    lane->failed = batch;
    size_t known = atomic_load(&w->failed);
    while (batch < known && !atomic_compare_exchange_weak(&w->failed, &known, batch))
        ;
}

/* The next batch, whichever task it is run for: the longest texts first, and the small batches last; behind them a
 * chunk of the next window. */
static void run_apart(void *context, size_t task, int thread)
{
    window *w = context;
    const size_t number = atomic_fetch_add(&w->next, 1);
    (void)task;
    if (number < w->length)
        run_on(w, w->round + number, &w->call->session->apart[thread]);
    else if (atomic_load(&w->failed) == SIZE_MAX)
        sbj_tokenize_chunk(w->behind, number - w->length, thread);
}

/* The status and the error of the first batch that failed, and the lanes ready for another window. */
static sbertja_status take_error(const window *w, sbertja_error *error)
{
    sbj_session *s = w->call->session;
    const size_t lanes = w->apart ? (size_t)sbj_pool_threads(s->pool) : 1;
    sbertja_status status = SBERTJA_OK;
    for (size_t i = 0; i < lanes; i++) {
        sbj_lane *lane = w->apart ? &s->apart[i] : &s->together;
        if (lane->status != SBERTJA_OK && lane->failed == atomic_load(&w->failed)) {
            status = lane->status;
            if (error != NULL)
                *error = lane->error;
        }
        lane->status = SBERTJA_OK;
    }
    return status;
}

/* Batches that are run without a call of progress in between. */
static size_t round_length(const window *w)
{
    const sbj_session *s = w->call->session;
    const size_t left = w->batches - w->round;
    size_t length = w->apart ? ROUND * (size_t)sbj_pool_threads(s->pool) : 1;
    if (w->apart && w->call->options->progress == NULL)
        length = left;
    return length < left ? length : left;
}

static sbertja_status run_batches(call *c, window *w, sbertja_error *error)
{
    sbj_pool *pool = c->session->pool;
    const size_t chunks = w->behind != NULL ? w->behind->lists.chunks : 0;
    sbertja_status status = SBERTJA_OK;
    atomic_store(&w->failed, SIZE_MAX);
    for (; w->round < w->batches && status == SBERTJA_OK; w->round += w->length) {
        w->length = round_length(w);
        const bool last = w->round + w->length == w->batches;
        atomic_store(&w->next, 0);
        if (w->apart)
            sbj_pool_run(pool, w->length + (last ? chunks : 0), run_apart, w);
        else
            run_on(w, w->round, &c->session->together);
        status = take_error(w, error);
        if (!w->apart && last && status == SBERTJA_OK)
            sbj_pool_run(pool, chunks, sbj_tokenize_chunk, w->behind);
        c->done += w->end[w->round + w->length - 1] - first_of(w, w->round);
        if (status == SBERTJA_OK && c->options->progress != NULL &&
            (atomic_load(&c->watch.stopped) || ask_progress(c)))
            status = fail_stopped(c, error);
    }
    return status;
}

/* The window's texts, sorted and cut; and all chunks of the texts behind it (which may be NULL), unless there is an
 * error. */
static sbertja_status run_window(call *c, const sbj_token_lists *lists, size_t base, sbj_tokenizing *behind,
                                 sbertja_error *error)
{
    const sbj_session *s = c->session;
    const size_t count = lists->texts;
    window w = {.call = c, .behind = behind, .base = base, .texts = count};
    w.items = sbj_new(&s->alloc, count, sizeof *w.items);
    w.ids = sbj_new(&s->alloc, count, sizeof *w.ids);
    w.counts = sbj_new(&s->alloc, count, sizeof *w.counts);
    w.end = sbj_new(&s->alloc, count, sizeof *w.end);
    sbertja_status status = SBERTJA_OK;
    if (w.items == NULL || w.ids == NULL || w.counts == NULL || w.end == NULL) {
        status = sbj_no_memory(error, count * sizeof *w.items);
        goto done;
    }
    for (size_t i = 0; i < count; i++)
        w.items[i] = (item){i, lists->counts[i]};
    qsort(w.items, count, sizeof *w.items, by_length);
    for (size_t i = 0; i < count; i++) {
        w.ids[i] = lists->ids[w.items[i].index];
        w.counts[i] = w.items[i].tokens;
        w.tokens += w.counts[i];
    }
    if ((status = cut_window(&w, error)) == SBERTJA_OK && (status = reserve(&w, error)) == SBERTJA_OK)
        status = run_batches(c, &w, error);
done:
    sbj_free(&s->alloc, w.items);
    sbj_free(&s->alloc, w.ids);
    sbj_free(&s->alloc, w.counts);
    sbj_free(&s->alloc, w.end);
    return status;
}

/* From text `base` on, or `tokenizing` stays as it is. Never leaves less than half a window behind. */
static sbertja_status begin_window(call *c, size_t base, sbj_tokenizing *tokenizing, sbertja_error *error)
{
    const sbj_session *s = c->session;
    const size_t left = c->total - base, most = base == 0 ? FIRST : WINDOW;
    const size_t count = left <= most + most / 2 ? left : most;
    if (count == 0)
        return SBERTJA_OK;
    return sbj_tokenizing_begin(&s->alloc, s->encodings, c->texts + base, c->lengths != NULL ? c->lengths + base : NULL,
                                count, c->prompt, base, &c->watch, tokenizing, error);
}

static sbertja_status encode(call *c, sbertja_error *error)
{
    sbj_tokenizing next = {0};
    sbertja_status status = begin_window(c, 0, &next, error);
    if (status == SBERTJA_OK)
        sbj_pool_run(c->session->pool, next.lists.chunks, sbj_tokenize_chunk, &next);
    for (size_t base = 0, behind; base < c->total && status == SBERTJA_OK; base = behind) {
        sbj_token_lists lists;
        status = sbj_tokenizing_end(&next, &lists, error);
        behind = base + lists.texts;
        if (status == SBERTJA_OK)
            status = begin_window(c, behind, &next, error);
        if (status == SBERTJA_OK)
            status = run_window(c, &lists, base, behind < c->total ? &next : NULL, error);
        sbj_token_lists_free(&lists);
    }
    sbj_tokenizing_drop(&next);
    return status == SBERTJA_E_STOPPED && atomic_load(&c->watch.stopped) ? fail_stopped(c, error) : status;
}

/* How many tokens pooling leaves out: those of the prompt by itself with [CLS], but not its [SEP]. */
static sbertja_status count_prompt(call *c, sbertja_error *error)
{
    sbj_encoding *encoding = c->session->encodings[0];
    size_t tokens;
    if (c->prompt == NULL)
        return SBERTJA_OK;
    sbertja_status status = sbj_encoding_ids_of(encoding, c->prompt, strlen(c->prompt), error);
    if (status != SBERTJA_OK)
        return sbj_in(error, status, "prompt");
    sbj_encoding_ids(encoding, &tokens);
    c->skip = c->session->model->network.modules[0].exclude_prompt ? tokens - 1 : 0;
    return SBERTJA_OK;
}

sbertja_status sbj_session_encode(sbj_session *s, const char *const *texts, const size_t *lengths, size_t count,
                                  const sbertja_encode_options *options, float *vectors, sbertja_error *error)
{
    static const sbertja_encode_options defaults = SBERTJA_ENCODE_OPTIONS_INIT;
    const size_t width = s->model->network.width;
    options = options != NULL ? options : &defaults;
    if (options->dimension > width)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "encode options: dimension: %zu, expected at most %zu",
                        options->dimension, width);
    call c = {.session = s, .options = options, .texts = texts, .lengths = lengths, .vectors = vectors, .total = count,
              .prompt = options->prompt != NULL && options->prompt[0] != '\0' ? options->prompt : NULL,
              .dimension = options->dimension != 0 ? options->dimension : sbj_model_dimension(s->model)};
    if (options->progress != NULL) {
        c.watch.ask = ask_progress;
        c.watch.context = &c;
    }
    if (!sbj_use_begin(&s->use))
        return sbj_pool_is_forked(s->pool)
                   ? sbj_fail(error, SBERTJA_E_ARGUMENT,
                              "session: it was encoding when this process was forked; create another one here")
                   : sbj_fail(error, SBERTJA_E_ARGUMENT,
                              "session: a callback cannot encode with the session that called it");
    if (c.watch.ask != NULL)
        sbj_pool_while_waiting(s->pool, sbj_watch_waiting, &c.watch);
    sbertja_status status = count_prompt(&c, error);
    if (status == SBERTJA_OK)
        status = encode(&c, error);
    sbj_pool_while_waiting(s->pool, NULL, NULL);
    sbj_use_end(&s->use);
    return status;
}
