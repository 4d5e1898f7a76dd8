/* encode: windows of texts -> ids -> batches of like length -> vectors -> the caller's rows. */
#include "model/session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/finite.h"

enum {
    WINDOW = 8192,         /* texts tokenized and sorted at a time: memory does not grow with the number of texts */
    DEFAULT_BUDGET = 512, /* tokens: as fast as more, with less memory */
    MOST_BUDGET = 1 << 22
};

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
    s->batch_tokens = options->batch_tokens != 0 ? options->batch_tokens : DEFAULT_BUDGET;
    sbertja_status status = sbj_pool_create(&s->alloc, options->threads, &s->pool, error);
    if (status == SBERTJA_OK) {
        const int threads = sbj_pool_threads(s->pool);
        sbj_workspace_init(model->backend, &model->network, &s->alloc, false, threads, &s->workspace);
        status = sbj_encodings_create(&s->alloc, model->tokenizer, threads, &s->encodings, error);
    }
    if (status != SBERTJA_OK) {
        sbj_session_free(s);
        return status;
    }
    *result = s;
    return SBERTJA_OK;
}

void sbj_session_free(sbj_session *s)
{
    if (s == NULL)
        return;
    sbj_alloc alloc = s->alloc;
    sbj_workspace_free(&s->workspace);
    sbj_encodings_free(&alloc, s->encodings, sbj_pool_threads(s->pool));
    sbj_pool_free(s->pool);
    sbj_free(&alloc, s->rows);
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

/* Texts from `first` on that fit the budget; at least one. */
static size_t cut_batch(const sbj_session *s, const item *items, size_t first, size_t count)
{
    size_t last = first, tokens = 0;
    while (last < count && (last == first || tokens + items[last].tokens <= s->batch_tokens))
        tokens += items[last++].tokens;
    return last;
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
    float *vectors;
    size_t done, total;
} call;

static sbertja_status make_rows(sbj_session *s, size_t count, sbertja_error *error)
{
    if (!sbj_grow(&s->alloc, (void **)&s->rows, &s->rows_capacity, 0, count, sizeof *s->rows))
        return sbj_no_memory(error, count * sizeof *s->rows);
    return SBERTJA_OK;
}

static sbertja_status give_token_vectors(const call *c, const item *items, size_t count, size_t base, sbj_tensor hidden,
                                         sbertja_error *error)
{
    sbj_session *s = c->session;
    const size_t width = s->model->network.config.hidden;
    for (size_t i = 0; i < count; i++) {
        const size_t begin = (size_t)s->workspace.host_cu[i], tokens = items[i].tokens;
        sbertja_status status = make_rows(s, tokens * width, error);
        if (status == SBERTJA_OK)
            status = sbj_read(s->model->backend, sbj_window(hidden, begin, tokens, 0, width), s->rows, SBJ_F32, error);
        if (status != SBERTJA_OK)
            return status;
        if (c->options->token_vectors(c->options->token_vectors_user, base + items[i].index, tokens, width, s->rows))
            return sbj_fail(error, SBERTJA_E_STOPPED, "stopped by the token_vectors callback");
    }
    return SBERTJA_OK;
}

static sbertja_status give_vectors(const call *c, const sbj_run *run, const item *items, size_t count, size_t base,
                                   sbj_tensor hidden, sbertja_error *error)
{
    sbj_session *s = c->session;
    const size_t width = s->model->network.width;
    sbertja_status status = sbj_head_forward(run, &s->model->weights, &s->workspace, hidden, error);
    if (status == SBERTJA_OK)
        status = make_rows(s, count * width, error);
    if (status == SBERTJA_OK)
        status = sbj_read(s->model->backend, s->workspace.vectors, s->rows, SBJ_F32, error);
    for (size_t i = 0; i < count && status == SBERTJA_OK; i++) {
        float *row = c->vectors + (base + items[i].index) * width;
        memcpy(row, s->rows + i * width, width * sizeof *row);
        if (!sbj_all_finite(row, width))
            return sbj_fail(error, SBERTJA_E_FORMAT, "text %zu: a value of its vector is not a finite number: the model's "
                            "weights are broken", base + items[i].index);
        if (c->options->normalize)
            normalize_row(row, width);
    }
    return status;
}

/* `ids` and `counts` have the batch's texts in the order of `items`. */
static sbertja_status run_batch(call *c, const item *items, size_t count, size_t base, const int32_t *const *ids,
                                const size_t *counts, sbertja_error *error)
{
    sbj_session *s = c->session;
    sbj_tensor hidden;
    sbertja_status status = sbj_workspace_pack(&s->workspace, ids, counts, count, error);
    const sbj_run run = {s->model->backend, s->pool, s->workspace.scratch, 0, 0};
    if (status == SBERTJA_OK)
        status = sbj_bert_forward(&run, &s->model->weights, &s->workspace, false, &hidden, error);
    if (status == SBERTJA_OK && c->options->token_vectors != NULL)
        status = give_token_vectors(c, items, count, base, hidden, error);
    if (status == SBERTJA_OK && c->vectors != NULL)
        status = give_vectors(c, &run, items, count, base, hidden, error);
    c->done += count;
    if (status == SBERTJA_OK && c->options->progress != NULL &&
        c->options->progress(c->options->progress_user, c->done, c->total))
        status = sbj_fail(error, SBERTJA_E_STOPPED, "stopped by the progress callback after %zu of %zu texts", c->done,
                          c->total);
    return status;
}

/* Room for the largest of the batches that are to come, so that memory is planned once. */
static sbertja_status reserve(sbj_session *s, const item *items, size_t count, sbertja_error *error)
{
    size_t most_tokens = 0, most_texts = 0;
    for (size_t first = 0, last; first < count; first = last) {
        size_t tokens = 0;
        last = cut_batch(s, items, first, count);
        for (size_t i = first; i < last; i++)
            tokens += items[i].tokens;
        most_tokens = tokens > most_tokens ? tokens : most_tokens;
        most_texts = last - first > most_texts ? last - first : most_texts;
    }
    return sbj_workspace_reserve(&s->workspace, most_tokens, most_texts, count > 0 ? items[0].tokens : 0, error);
}

/* The window's texts, sorted and cut. */
static sbertja_status run_window(call *c, const sbj_token_lists *lists, size_t base, sbertja_error *error)
{
    sbj_session *s = c->session;
    const size_t count = lists->texts;
    item *items = sbj_new(&s->alloc, count, sizeof *items);
    const int32_t **ids = sbj_new(&s->alloc, count, sizeof *ids);
    size_t *counts = sbj_new(&s->alloc, count, sizeof *counts);
    sbertja_status status = SBERTJA_OK;
    if (items == NULL || ids == NULL || counts == NULL) {
        status = sbj_no_memory(error, count * sizeof *items);
        goto done;
    }
    for (size_t i = 0; i < count; i++)
        items[i] = (item){i, lists->counts[i]};
    qsort(items, count, sizeof *items, by_length);
    for (size_t i = 0; i < count; i++) {
        ids[i] = lists->ids[items[i].index];
        counts[i] = items[i].tokens;
    }
    status = reserve(s, items, count, error);
    for (size_t first = 0, last; first < count && status == SBERTJA_OK; first = last) {
        last = cut_batch(s, items, first, count);
        status = run_batch(c, items + first, last - first, base, ids + first, counts + first, error);
    }
done:
    sbj_free(&s->alloc, items);
    sbj_free(&s->alloc, ids);
    sbj_free(&s->alloc, counts);
    return status;
}

sbertja_status sbj_session_encode(sbj_session *s, const char *const *texts, const size_t *lengths, size_t count,
                                  const sbertja_encode_options *options, float *vectors, sbertja_error *error)
{
    static const sbertja_encode_options defaults = SBERTJA_ENCODE_OPTIONS_INIT;
    call c = {s, options != NULL ? options : &defaults, vectors, 0, count};
    sbertja_status status = SBERTJA_OK;
    if (s->busy)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "session: a callback cannot encode with the session that called it");
    s->busy = true;
    for (size_t base = 0; base < count && status == SBERTJA_OK; base += WINDOW) {
        const size_t n = count - base < WINDOW ? count - base : WINDOW;
        sbj_token_lists lists = {0};
        status = sbj_tokenize_all(&s->alloc, s->pool, s->encodings, texts + base,
                                  lengths != NULL ? lengths + base : NULL, n, base, &lists, error);
        if (status == SBERTJA_OK)
            status = run_window(&c, &lists, base, error);
        sbj_token_lists_free(&lists);
    }
    s->busy = false;
    return status;
}
