/* One function an operation: it lists the tensors with what the formula in backend.h says of them. */
#include "backend/op_check.h"

#include <math.h>

#include "backend/sheet.h"

static void check_rate(sbj_sheet *s, sbj_dropout dropout)
{
    if (!(dropout.rate >= 0 && dropout.rate < 1))
        sbj_sheet_fault(s, "dropout: rate %s, expected 0 to less than 1", sbj_number_text(dropout.rate).text);
}

static void check_eps(sbj_sheet *s, double eps)
{
    if (!(eps > 0 && isfinite(eps)))
        sbj_sheet_fault(s, "eps: %s, expected a number greater than 0", sbj_number_text(eps).text);
}

/* Every sentence has a token, so that means and softmax are defined. */
static void check_batch(sbj_sheet *s, const sbj_batch *batch)
{
    size_t longest = 0;
    if (batch == NULL || batch->host_cu == NULL || batch->sentences == 0) {
        sbj_sheet_fault(s, "batch: expected at least one sentence");
        return;
    }
    const int32_t *cu = batch->host_cu;
    if (cu[0] != 0)
        sbj_sheet_fault(s, "batch: cu[0] is %d, expected 0", (int)cu[0]);
    for (size_t n = 0; n < batch->sentences; n++) {
        if (cu[n + 1] <= cu[n]) {
            sbj_sheet_fault(s, "batch: cu[%zu] is %d after %d, expected it to ascend", n + 1, (int)cu[n + 1],
                            (int)cu[n]);
            return;
        }
        size_t length = (size_t)(cu[n + 1] - cu[n]);
        longest = length > longest ? length : longest;
    }
    if ((size_t)cu[batch->sentences] != batch->tokens)
        sbj_sheet_fault(s, "batch: cu[%zu] is %d, expected the number of tokens, %zu", batch->sentences,
                        (int)cu[batch->sentences], batch->tokens);
    if (longest != batch->longest)
        sbj_sheet_fault(s, "batch: longest sentence %zu, cu says %zu", batch->longest, longest);
    sbj_sheet_add_i32(s, "cu", batch->cu, "[1, N+1]", 1, batch->sentences + 1, SBJ_READ);
}

static const char *const weight_names[SBJ_PARTS] = {"w: weight[0]", "w: weight[1]", "w: weight[2]"};
static const char *const bias_names[SBJ_PARTS] = {"w: bias[0]", "w: bias[1]", "w: bias[2]"};
static const char *const weight_gradient_names[SBJ_PARTS] = {"gradient of w: weight[0]", "gradient of w: weight[1]",
                                                             "gradient of w: weight[2]"};
static const char *const bias_gradient_names[SBJ_PARTS] = {"gradient of w: bias[0]", "gradient of w: bias[1]",
                                                           "gradient of w: bias[2]"};

/* Adds the parts of a matrix and gives its size; a matrix with a fault gives [0, 0]. */
static void add_matrix(sbj_sheet *s, const sbj_matrix *w, size_t *out, size_t *in)
{
    *out = *in = 0;
    if (w == NULL || w->parts < 1 || w->parts > SBJ_PARTS) {
        sbj_sheet_fault(s, "w: %zu parts, expected 1 to %d", w == NULL ? (size_t)0 : w->parts, SBJ_PARTS);
        return;
    }
    bool biased = false;
    for (size_t i = 0; i < w->parts; i++)
        biased = biased || sbj_present(w->bias[i]);
    *in = w->weight[0].columns;
    for (size_t i = 0; i < w->parts; i++) {
        size_t rows = w->weight[i].rows;
        sbj_sheet_add(s, weight_names[i], w->weight[i], "[out, in]", rows, *in, SBJ_READ);
        if (biased)
            sbj_sheet_add(s, bias_names[i], w->bias[i], "[1, out]", 1, rows, SBJ_READ);
        *out += rows;
    }
}

static void add_matrix_gradient(sbj_sheet *s, const sbj_matrix *w, const sbj_matrix *gradient)
{
    if (gradient == NULL || w == NULL || s->status != SBERTJA_OK)
        return;
    if (gradient->parts != w->parts) {
        sbj_sheet_fault(s, "gradient of w: %zu parts, expected %zu", gradient->parts, w->parts);
        return;
    }
    for (size_t i = 0; i < w->parts; i++) {
        size_t rows = w->weight[i].rows;
        sbj_sheet_add(s, weight_gradient_names[i], gradient->weight[i], "[out, in]", rows, w->weight[i].columns,
                      SBJ_WRITTEN);
        if (sbj_present(w->bias[i]))
            sbj_sheet_add(s, bias_gradient_names[i], gradient->bias[i], "[1, out]", 1, rows, SBJ_WRITTEN);
        else if (sbj_present(gradient->bias[i]))
            sbj_sheet_fault(s, "%s: expected none, as the matrix has no bias", bias_gradient_names[i]);
    }
}

sbertja_status sbj_check_matrix(const sbj_backend *backend, const sbj_matrix *w, sbertja_error *error)
{
    sbj_sheet s;
    size_t out, in;
    sbj_sheet_begin(&s, "prepare", backend, error);
    add_matrix(&s, w, &out, &in);
    return sbj_sheet_judge(&s);
}

/* Without a backward the table of words may be in 16 bits. */
static sbj_type word_type(const sbj_run *run, const sbj_embed *r, const sbj_embed_gradients *g)
{
    const sbj_backend_table *table = run->backend->table;
    return sbj_type_is_half(r->word.type) && g == NULL && table->half_words ? r->word.type : table->real;
}

sbertja_status sbj_check_embed(const sbj_run *run, const sbj_embed *r, const sbj_embed_gradients *g,
                               sbertja_error *error)
{
    sbj_sheet s;
    size_t tokens = r->batch == NULL ? 0 : r->batch->tokens, hidden = r->word.columns;
    unsigned saved = g == NULL ? SBJ_WRITTEN | SBJ_OPTIONAL : SBJ_READ;
    sbj_sheet_begin(&s, g == NULL ? "embed" : "embed_backward", run->backend, error);
    check_batch(&s, r->batch);
    check_rate(&s, r->dropout);
    check_eps(&s, r->eps);
    if (r->rounded && (g != NULL || !run->backend->table->half_words))
        sbj_sheet_fault(&s, "word: to be rounded, expected to be read as it stands");
    if (s.status == SBERTJA_OK) {
        sbj_sheet_add_i32(&s, "ids", r->batch->ids, "[1, T]", 1, tokens, SBJ_READ);
        sbj_sheet_add_i32(&s, "positions", r->batch->positions, "[1, T]", 1, tokens, SBJ_READ);
    }
    sbj_sheet_add_type(&s, "word", r->word, word_type(run, r, g), "[V, H]", r->word.rows, hidden, SBJ_READ);
    sbj_sheet_add(&s, "position", r->position, "[P, H]", r->position.rows, hidden, SBJ_READ);
    sbj_sheet_add(&s, "type", r->type, "[types, H]", r->type.rows, hidden, SBJ_READ);
    sbj_sheet_add(&s, "gamma", r->gamma, "[1, H]", 1, hidden, SBJ_READ);
    sbj_sheet_add(&s, "beta", r->beta, "[1, H]", 1, hidden, SBJ_READ);
    sbj_sheet_add(&s, "sum", r->sum, "[T, H]", tokens, hidden, saved & ~(unsigned)SBJ_OPTIONAL);
    sbj_sheet_add(&s, "stats", r->stats, "[T, 2]", tokens, 2, saved);
    if (g == NULL) {
        sbj_sheet_add(&s, "y", r->y, "[T, H]", tokens, hidden, SBJ_WRITTEN);
        if (!sbj_present(r->stats))
            sbj_sheet_may_be(&s, "sum", "y");
        return sbj_sheet_judge(&s);
    }
    sbj_sheet_add(&s, "gradient of y", g->y, "[T, H]", tokens, hidden, SBJ_WRITTEN);
    sbj_sheet_add(&s, "gradient of word", g->word, "[V, H]", r->word.rows, hidden, SBJ_WRITTEN);
    sbj_sheet_add(&s, "gradient of position", g->position, "[P, H]", r->position.rows, hidden, SBJ_WRITTEN);
    sbj_sheet_add(&s, "gradient of type", g->type, "[types, H]", r->type.rows, hidden, SBJ_WRITTEN);
    sbj_sheet_add(&s, "gradient of gamma", g->gamma, "[1, H]", 1, hidden, SBJ_WRITTEN);
    sbj_sheet_add(&s, "gradient of beta", g->beta, "[1, H]", 1, hidden, SBJ_WRITTEN);
    return sbj_sheet_judge(&s);
}

sbertja_status sbj_check_linear(const sbj_run *run, const sbj_linear *r, const sbj_linear_gradients *g,
                                sbertja_error *error)
{
    sbj_sheet s;
    size_t rows = r->x.rows, out, in;
    sbj_sheet_begin(&s, g == NULL ? "linear" : "linear_backward", run->backend, error);
    if (r->activation < SBJ_IDENTITY || r->activation > SBJ_SIGMOID)
        sbj_sheet_fault(&s, "activation: %d, expected 0 to %d", (int)r->activation, SBJ_SIGMOID);
    if (r->activation == SBJ_IDENTITY && sbj_present(r->pre))
        sbj_sheet_fault(&s, "pre: expected none without an activation");
    add_matrix(&s, r->w, &out, &in);
    sbj_sheet_add(&s, "x", r->x, "[M, in]", rows, in, SBJ_READ);
    if (g == NULL) {
        sbj_sheet_add(&s, "pre", r->pre, "[M, out]", rows, out, SBJ_WRITTEN | SBJ_OPTIONAL);
        sbj_sheet_add(&s, "y", r->y, "[M, out]", rows, out, SBJ_WRITTEN);
        return sbj_sheet_judge(&s);
    }
    if (r->activation != SBJ_IDENTITY)
        sbj_sheet_add(&s, "pre", r->pre, "[M, out]", rows, out, SBJ_READ);
    sbj_sheet_add(&s, "gradient of y", g->y, "[M, out]", rows, out, SBJ_WRITTEN);
    sbj_sheet_add(&s, "gradient of x", g->x, "[M, in]", rows, in, g->add_x ? SBJ_WRITTEN : SBJ_WRITTEN | SBJ_OPTIONAL);
    add_matrix_gradient(&s, r->w, g->w);
    return sbj_sheet_judge(&s);
}

sbertja_status sbj_check_linear_norm(const sbj_run *run, const sbj_linear_norm *r, const sbj_linear_norm_gradients *g,
                                     sbertja_error *error)
{
    sbj_sheet s;
    size_t rows = r->x.rows, out, in;
    sbj_sheet_begin(&s, g == NULL ? "linear_norm" : "linear_norm_backward", run->backend, error);
    check_rate(&s, r->dropout);
    check_eps(&s, r->eps);
    add_matrix(&s, r->w, &out, &in);
    sbj_sheet_add(&s, "x", r->x, "[M, in]", rows, in, SBJ_READ);
    sbj_sheet_add(&s, "gamma", r->gamma, "[1, H]", 1, out, SBJ_READ);
    sbj_sheet_add(&s, "beta", r->beta, "[1, H]", 1, out, SBJ_READ);
    if (g == NULL) {
        sbj_sheet_add(&s, "residual", r->residual, "[M, H]", rows, out, SBJ_READ);
        sbj_sheet_add(&s, "sum", r->sum, "[M, H]", rows, out, SBJ_WRITTEN);
        sbj_sheet_add(&s, "stats", r->stats, "[M, 2]", rows, 2, SBJ_WRITTEN | SBJ_OPTIONAL);
        sbj_sheet_add(&s, "y", r->y, "[M, H]", rows, out, SBJ_WRITTEN);
        if (!sbj_present(r->stats))
            sbj_sheet_may_be(&s, "sum", "y");
        return sbj_sheet_judge(&s);
    }
    sbj_sheet_add(&s, "sum", r->sum, "[M, H]", rows, out, SBJ_READ);
    sbj_sheet_add(&s, "stats", r->stats, "[M, 2]", rows, 2, SBJ_READ);
    sbj_sheet_add(&s, "gradient of y", g->y, "[M, H]", rows, out, SBJ_READ);
    sbj_sheet_add(&s, "gradient of residual", g->residual, "[M, H]", rows, out, SBJ_WRITTEN);
    sbj_sheet_may_be(&s, "gradient of y", "gradient of residual");
    sbj_sheet_add(&s, "gradient of x", g->x, "[M, in]", rows, in, SBJ_WRITTEN);
    if (g->w == NULL)
        sbj_sheet_fault(&s, "gradient of w: none");
    add_matrix_gradient(&s, r->w, g->w);
    sbj_sheet_add(&s, "gradient of gamma", g->gamma, "[1, H]", 1, out, SBJ_WRITTEN);
    sbj_sheet_add(&s, "gradient of beta", g->beta, "[1, H]", 1, out, SBJ_WRITTEN);
    return sbj_sheet_judge(&s);
}

/* The columns of dropout are 32-bit numbers: heads * max_positions must be one. */
static void check_heads(sbj_sheet *s, const sbj_attention *r)
{
    size_t hidden = r->y.columns, columns;
    if (r->heads == 0 || hidden % r->heads != 0)
        sbj_sheet_fault(s, "heads: %zu, expected a divisor of the %zu columns of y", r->heads, hidden);
    if (!sbj_mul(r->heads, r->max_positions, &columns) || columns > UINT32_MAX)
        sbj_sheet_fault(s, "heads: %zu with %zu positions, expected a product below 2^32", r->heads, r->max_positions);
    if (r->batch != NULL && r->batch->longest > r->max_positions)
        sbj_sheet_fault(s, "batch: longest sentence %zu, expected at most max_positions, %zu", r->batch->longest,
                        r->max_positions);
}

sbertja_status sbj_check_attention(const sbj_run *run, const sbj_attention *r, const sbj_attention_gradients *g,
                                   sbertja_error *error)
{
    sbj_sheet s;
    size_t tokens = r->batch == NULL ? 0 : r->batch->tokens, hidden = r->y.columns;
    sbj_sheet_begin(&s, g == NULL ? "attention" : "attention_backward", run->backend, error);
    check_batch(&s, r->batch);
    check_rate(&s, r->dropout);
    check_heads(&s, r);
    sbj_sheet_add(&s, "y", r->y, "[T, H]", tokens, hidden, g == NULL ? SBJ_WRITTEN : SBJ_READ);
    sbj_sheet_add(&s, "qkv", r->qkv, "[T, 3H]", tokens, 3 * hidden, SBJ_READ);
    sbj_sheet_add(&s, "lse", r->lse, "[T, A]", tokens, r->heads, g == NULL ? SBJ_WRITTEN | SBJ_OPTIONAL : SBJ_READ);
    if (g != NULL) {
        sbj_sheet_add(&s, "gradient of y", g->y, "[T, H]", tokens, hidden, SBJ_READ);
        sbj_sheet_add(&s, "gradient of qkv", g->qkv, "[T, 3H]", tokens, 3 * hidden, SBJ_WRITTEN);
    }
    return sbj_sheet_judge(&s);
}

static void check_modes(sbj_sheet *s, const sbj_pool_op *r)
{
    unsigned seen = 0;
    if (r->mode_count < 1 || r->mode_count > SBJ_POOL_MODES) {
        sbj_sheet_fault(s, "modes: %zu, expected 1 to %d", r->mode_count, SBJ_POOL_MODES);
        return;
    }
    for (size_t i = 0; i < r->mode_count; i++) {
        int mode = (int)r->modes[i];
        if (mode < SBJ_POOL_CLS || mode > SBJ_POOL_LAST) {
            sbj_sheet_fault(s, "modes[%zu]: %d, expected 1 to %d", i, mode, SBJ_POOL_LAST);
            return;
        }
        if (seen & 1u << mode)
            sbj_sheet_fault(s, "modes[%zu]: %d a second time", i, mode);
        seen |= 1u << mode;
    }
}

static bool has_max(const sbj_pool_op *r)
{
    for (size_t i = 0; i < r->mode_count && i < SBJ_POOL_MODES; i++)
        if (r->modes[i] == SBJ_POOL_MAX)
            return true;
    return false;
}

static void check_skip(sbj_sheet *s, const sbj_pool_op *r, const sbj_pool_gradients *g)
{
    const sbj_batch *batch = r->batch;
    if (r->skip > 0 && (g != NULL || sbj_present(r->argmax)))
        sbj_sheet_fault(s, "skip: %zu, expected 0 in training", r->skip);
    for (size_t n = 0; r->skip > 0 && has_max(r) && batch != NULL && n < batch->sentences; n++)
        if ((size_t)(batch->host_cu[n + 1] - batch->host_cu[n]) <= r->skip)
            sbj_sheet_fault(s, "skip: %zu tokens, sentence %zu has no more for max", r->skip, n);
}

sbertja_status sbj_check_pool(const sbj_run *run, const sbj_pool_op *r, const sbj_pool_gradients *g,
                              sbertja_error *error)
{
    sbj_sheet s;
    sbj_tensor x = g == NULL ? r->x : g->x, y = g == NULL ? r->y : g->y;
    size_t tokens = r->batch == NULL ? 0 : r->batch->tokens, sentences = r->batch == NULL ? 0 : r->batch->sentences;
    size_t hidden = x.columns, vector = r->mode_count * hidden;
    sbj_sheet_begin(&s, g == NULL ? "pool" : "pool_backward", run->backend, error);
    check_batch(&s, r->batch);
    check_modes(&s, r);
    check_skip(&s, r, g);
    sbj_sheet_add(&s, g == NULL ? "x" : "gradient of x", x, "[T, H]", tokens, hidden,
                  g == NULL ? SBJ_READ : SBJ_WRITTEN);
    if (has_max(r))
        sbj_sheet_add_i32(&s, "argmax", r->argmax, "[N, H]", sentences, hidden,
                          g == NULL ? SBJ_WRITTEN | SBJ_OPTIONAL : SBJ_READ);
    sbj_sheet_add(&s, g == NULL ? "y" : "gradient of y", y, "[N, modes H]", sentences, vector,
                  g == NULL ? SBJ_WRITTEN : SBJ_READ);
    return sbj_sheet_judge(&s);
}

sbertja_status sbj_check_normalize(const sbj_run *run, const sbj_normalize *r, const sbj_normalize_gradients *g,
                                   sbertja_error *error)
{
    sbj_sheet s;
    size_t rows = r->x.rows, columns = r->x.columns;
    sbj_sheet_begin(&s, g == NULL ? "normalize" : "normalize_backward", run->backend, error);
    sbj_sheet_add(&s, "x", r->x, "[N, E]", rows, columns, SBJ_READ);
    sbj_sheet_add(&s, "y", r->y, "[N, E]", rows, columns, SBJ_WRITTEN);
    if (g == NULL) {
        sbj_sheet_may_be(&s, "x", "y");
        return sbj_sheet_judge(&s);
    }
    sbj_sheet_add(&s, "gradient of y", g->y, "[N, E]", rows, columns, SBJ_READ);
    sbj_sheet_add(&s, "gradient of x", g->x, "[N, E]", rows, columns, SBJ_WRITTEN);
    sbj_sheet_may_be(&s, "gradient of y", "gradient of x");
    return sbj_sheet_judge(&s);
}

static void check_segments(sbj_sheet *s, const sbj_segment *segments, size_t segment_count, size_t size)
{
    size_t end = 0;
    for (size_t i = 0; i < segment_count; i++) {
        const sbj_segment *segment = &segments[i];
        size_t count, after;
        if (segment->offset < end) {
            sbj_sheet_fault(s, "segments[%zu]: begins at %zu, expected %zu or later", i, segment->offset, end);
            return;
        }
        if (!sbj_mul(segment->rows, segment->columns, &count) || !sbj_add(segment->offset, count, &after) ||
            after > size) {
            sbj_sheet_fault(s, "segments[%zu]: [%zu, %zu] at %zu, the arena has %zu elements", i, segment->rows,
                            segment->columns, segment->offset, size);
            return;
        }
        end = after;
    }
}

sbertja_status sbj_check_sumsq(const sbj_run *run, const sbj_sumsq *r, sbertja_error *error)
{
    sbj_sheet s;
    sbj_sheet_begin(&s, "sumsq", run->backend, error);
    check_segments(&s, r->segments, r->segment_count, r->arena.columns);
    sbj_sheet_add(&s, "arena", r->arena, "[1, size]", 1, r->arena.columns, SBJ_READ);
    return sbj_sheet_judge(&s);
}

static void check_number(sbj_sheet *s, const char *name, double value, double least, double below)
{
    if (!(value >= least && value < below))
        sbj_sheet_fault(s, "%s: %s, expected %s to less than %s", name, sbj_number_text(value).text,
                        sbj_number_text(least).text, sbj_number_text(below).text);
}

sbertja_status sbj_check_adamw(const sbj_run *run, const sbj_adamw *r, sbertja_error *error)
{
    sbj_sheet s;
    size_t size = r->parameters.columns;
    sbj_sheet_begin(&s, "adamw", run->backend, error);
    check_number(&s, "lr", r->lr, 0, INFINITY);
    check_number(&s, "beta1", r->beta1, 0, 1);
    check_number(&s, "beta2", r->beta2, 0, 1);
    check_number(&s, "weight_decay", r->weight_decay, 0, INFINITY);
    check_number(&s, "grad_scale", r->grad_scale, 0, INFINITY);
    check_eps(&s, r->eps);
    if (r->t == 0)
        sbj_sheet_fault(&s, "t: 0, expected 1 or more");
    check_segments(&s, r->segments, r->segment_count, size);
    sbj_sheet_add(&s, "parameters", r->parameters, "[1, size]", 1, size, SBJ_WRITTEN);
    sbj_sheet_add(&s, "gradients", r->gradients, "[1, size]", 1, size, SBJ_WRITTEN);
    sbj_sheet_add(&s, "m", r->m, "[1, size]", 1, size, SBJ_WRITTEN);
    sbj_sheet_add(&s, "v", r->v, "[1, size]", 1, size, SBJ_WRITTEN);
    return sbj_sheet_judge(&s);
}
