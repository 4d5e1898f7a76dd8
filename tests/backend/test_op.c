/* The checks that stand before every back end: each row of the table takes records that are right, spoils one thing,
 * and names the message. A back end that only counts its calls stands behind them. */
#include <check.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "backend/host.h"

/* ---- A back end that counts calls -------------------------------------------------------------------------------- */

static int calls;

/* The table's functions differ in the type of their records only. */
#define COUNTS(name, record)                                                                                           \
    static sbertja_status name(const sbj_run *run, const record *r, sbertja_error *error)                              \
    {                                                                                                                  \
        (void)run, (void)r, (void)error;                                                                               \
        calls++;                                                                                                       \
        return SBERTJA_OK;                                                                                             \
    }                                                                                                                  \
    static sbertja_status name##_backward(const sbj_run *run, const record *r, const name##_gradients *g,              \
                                          sbertja_error *error)                                                        \
    {                                                                                                                  \
        (void)g;                                                                                                       \
        return name(run, r, error);                                                                                    \
    }
typedef sbj_embed_gradients embed_gradients;
typedef sbj_linear_gradients linear_gradients;
typedef sbj_linear_norm_gradients linear_norm_gradients;
typedef sbj_attention_gradients attention_gradients;
typedef sbj_pool_gradients pool_gradients;
typedef sbj_normalize_gradients normalize_gradients;
COUNTS(embed, sbj_embed)
COUNTS(linear, sbj_linear)
COUNTS(linear_norm, sbj_linear_norm)
COUNTS(attention, sbj_attention)
COUNTS(pool, sbj_pool_op)
COUNTS(normalize, sbj_normalize)

static sbertja_status sumsq(const sbj_run *run, const sbj_sumsq *r, double *sum, sbertja_error *error)
{
    (void)run, (void)r, (void)sum, (void)error;
    calls++;
    return SBERTJA_OK;
}

static sbertja_status adamw(const sbj_run *run, const sbj_adamw *r, sbertja_error *error)
{
    (void)run, (void)r, (void)error;
    calls++;
    return SBERTJA_OK;
}

static sbertja_status prepare(const sbj_backend *backend, sbj_pool *threads, sbj_matrix *w, sbertja_error *error)
{
    (void)backend, (void)threads, (void)w, (void)error;
    calls++;
    return SBERTJA_OK;
}

static const sbj_backend_table table = {
    .name = "counting",
    .real = SBJ_F32,
    .half_words = true,
    .prepare = prepare,
    .embed = embed,
    .embed_backward = embed_backward,
    .linear = linear,
    .linear_backward = linear_backward,
    .linear_norm = linear_norm,
    .linear_norm_backward = linear_norm_backward,
    .attention = attention,
    .attention_backward = attention_backward,
    .pool = pool,
    .pool_backward = pool_backward,
    .normalize = normalize,
    .normalize_backward = normalize_backward,
    .sumsq = sumsq,
    .adamw = adamw,
};
static const sbj_backend backend = {&table, {NULL, NULL, NULL}};
static const sbj_run run = {&backend, NULL, NULL, 1, 1};

/* ---- Records that are right -------------------------------------------------------------------------------------- */

/* T 7 tokens in N 3 sentences, H 12, A 4, I 20, V 9. */
typedef struct records {
    sbj_batch batch;
    int32_t cu[4];
    sbj_matrix w, dw, qkv, dqkv; /* [20, 12] and three of [12, 12] */
    sbj_embed embed;
    sbj_embed_gradients d_embed;
    sbj_linear linear, parts;
    sbj_linear_gradients d_linear, d_parts;
    sbj_linear_norm norm; /* 12 to 20 */
    sbj_linear_norm_gradients d_norm;
    sbj_attention attention;
    sbj_attention_gradients d_attention;
    sbj_pool_op pool;
    sbj_pool_gradients d_pool;
    sbj_normalize normalize;
    sbj_normalize_gradients d_normalize;
    sbj_sumsq sumsq;
    sbj_adamw adamw;
    sbj_segment segments[3];
} records;

static sbj_buffer buffers[128];
static size_t buffers_used;

static sbj_tensor typed(sbj_type type, size_t rows, size_t columns)
{
    sbj_tensor t = {&buffers[buffers_used++], 0, rows, columns, columns, type};
    ck_assert(buffers_used < sizeof buffers / sizeof *buffers);
    return t;
}

static sbj_tensor real(size_t rows, size_t columns)
{
    return typed(SBJ_F32, rows, columns);
}

static sbj_matrix matrix(size_t parts, size_t out, size_t in)
{
    sbj_matrix m = {.parts = parts};
    for (size_t i = 0; i < parts; i++) {
        m.weight[i] = real(out, in);
        m.bias[i] = real(1, out);
    }
    return m;
}

static void make_embed(records *r)
{
    r->embed = (sbj_embed){&r->batch, real(9, 12), real(8, 12), real(2, 12), real(1, 12), real(1, 12), 1e-12,
                           {0.1, 0},  real(7, 12), real(7, 2),  real(7, 12), false};
    r->d_embed = (sbj_embed_gradients){real(7, 12), real(9, 12), real(8, 12), real(2, 12), real(1, 12), real(1, 12)};
}

static void make_dense(records *r)
{
    r->w = matrix(1, 20, 12);
    r->dw = matrix(1, 20, 12);
    r->qkv = matrix(3, 12, 12);
    r->dqkv = matrix(3, 12, 12);
    r->linear = (sbj_linear){real(7, 12), &r->w, SBJ_GELU, real(7, 20), real(7, 20)};
    r->d_linear = (sbj_linear_gradients){real(7, 20), real(7, 12), false, &r->dw};
    r->parts = (sbj_linear){real(7, 12), &r->qkv, SBJ_IDENTITY, SBJ_NONE, real(7, 36)};
    r->d_parts = (sbj_linear_gradients){real(7, 36), real(7, 12), true, &r->dqkv};
    r->norm = (sbj_linear_norm){real(7, 12), &r->w, {0.1, 0},    real(7, 20), real(1, 20),
                                real(1, 20), 1e-12, real(7, 20), real(7, 2),  real(7, 20)};
    r->d_norm = (sbj_linear_norm_gradients){real(7, 20), real(7, 20), real(7, 12), &r->dw, real(1, 20), real(1, 20)};
}

static void make(records *r)
{
    memset(r, 0, sizeof *r);
    buffers_used = 0;
    memcpy(r->cu, (int32_t[]){0, 2, 3, 7}, sizeof r->cu);
    r->batch = (sbj_batch){7, 3, 4, r->cu, typed(SBJ_I32, 1, 7), typed(SBJ_I32, 1, 7), typed(SBJ_I32, 1, 4)};
    make_embed(r);
    make_dense(r);
    r->attention = (sbj_attention){&r->batch, 4, 8, {0.1, 0}, real(7, 36), real(7, 4), real(7, 12)};
    r->d_attention = (sbj_attention_gradients){real(7, 12), real(7, 36)};
    r->pool = (sbj_pool_op){&r->batch,   2, {SBJ_POOL_MEAN, SBJ_POOL_MAX}, real(7, 12), typed(SBJ_I32, 3, 12),
                            real(3, 24), 0};
    r->d_pool = (sbj_pool_gradients){real(3, 24), real(7, 12)};
    r->normalize = (sbj_normalize){real(3, 12), real(3, 12)};
    r->d_normalize = (sbj_normalize_gradients){real(3, 12), real(3, 12)};
    const sbj_segment segments[] = {{0, 4, 5, true, NULL}, {20, 1, 10, false, NULL}, {32, 3, 6, true, NULL}};
    r->sumsq = (sbj_sumsq){real(1, 50), r->segments, 3};
    memcpy(r->segments, segments, sizeof segments);
    r->adamw = (sbj_adamw){real(1, 50), real(1, 50), real(1, 50), real(1, 50), r->segments, 3,   1e-3,
                           0.9,         0.999,       1e-8,        0.01,        1,           1,   true};
}

typedef enum operation {
    EMBED,
    D_EMBED,
    LINEAR,
    D_LINEAR,
    PARTS,
    D_PARTS,
    NORM,
    D_NORM,
    ATTENTION,
    D_ATTENTION,
    POOL,
    D_POOL,
    NORMALIZE,
    D_NORMALIZE,
    SUMSQ,
    ADAMW,
    PREPARE,
    OPERATIONS
} operation;

static sbertja_status call(operation op, records *r, sbertja_error *error)
{
    double sum;
    switch (op) {
    case EMBED: return sbj_do_embed(&run, &r->embed, error);
    case D_EMBED: return sbj_do_embed_backward(&run, &r->embed, &r->d_embed, error);
    case LINEAR: return sbj_do_linear(&run, &r->linear, error);
    case D_LINEAR: return sbj_do_linear_backward(&run, &r->linear, &r->d_linear, error);
    case PARTS: return sbj_do_linear(&run, &r->parts, error);
    case D_PARTS: return sbj_do_linear_backward(&run, &r->parts, &r->d_parts, error);
    case NORM: return sbj_do_linear_norm(&run, &r->norm, error);
    case D_NORM: return sbj_do_linear_norm_backward(&run, &r->norm, &r->d_norm, error);
    case ATTENTION: return sbj_do_attention(&run, &r->attention, error);
    case D_ATTENTION: return sbj_do_attention_backward(&run, &r->attention, &r->d_attention, error);
    case POOL: return sbj_do_pool(&run, &r->pool, error);
    case D_POOL: return sbj_do_pool_backward(&run, &r->pool, &r->d_pool, error);
    case NORMALIZE: return sbj_do_normalize(&run, &r->normalize, error);
    case D_NORMALIZE: return sbj_do_normalize_backward(&run, &r->normalize, &r->d_normalize, error);
    case SUMSQ: return sbj_do_sumsq(&run, &r->sumsq, &sum, error);
    case ADAMW: return sbj_do_adamw(&run, &r->adamw, error);
    case PREPARE: return sbj_prepare(&backend, NULL, &r->qkv, error);
    case OPERATIONS: break;
    }
    return SBERTJA_E_INTERNAL;
}

/* ---- What is spoilt, and what is said --------------------------------------------------------------------------- */

typedef enum change { NONE, ROWS, COLUMNS, STRIDE, TYPE, SAME, SHIFTED, SIZE, INTEGER, ON, REAL, NOTHING } change;

typedef struct fault {
    operation op;
    size_t where; /* in records: a tensor for NONE to SHIFTED, else a number or pointer */
    change change;
    double value; /* for SAME and SHIFTED: where the other tensor is */
    const char *message; /* NULL: nothing is wrong with it */
} fault;

#define AT(member) offsetof(records, member)

static const fault faults[] = {
    {LINEAR, AT(linear.x), COLUMNS, 11, "linear: x: [7, 11], expected [M, in] = [7, 12]"},
    {LINEAR, AT(linear.x), NONE, 0, "linear: x: none, expected [M, in] = [0, 12]"},
    {LINEAR, AT(linear.x), ROWS, 0, "linear: x: [0, 12], expected no side to be 0"},
    {LINEAR, AT(linear.x), TYPE, SBJ_F64, "linear: x: type F64, expected F32"},
    {LINEAR, AT(linear.x), TYPE, 9, "linear: x: type no type, expected F32"},
    {LINEAR, AT(linear.x), STRIDE, 11, "linear: x: stride 11, expected at least the 12 columns"},
    {LINEAR, AT(linear.y), COLUMNS, 19, "linear: y: [7, 19], expected [M, out] = [7, 20]"},
    {LINEAR, AT(linear.y), ROWS, 6, "linear: y: [6, 20], expected [M, out] = [7, 20]"},
    {LINEAR, AT(linear.pre), ROWS, 6, "linear: pre: [6, 20], expected [M, out] = [7, 20]"},
    {LINEAR, AT(linear.pre), NONE, 0, NULL},
    {LINEAR, AT(linear.y), SAME, AT(linear.pre), "linear: pre and y overlap"},
    {LINEAR, AT(linear.activation), INTEGER, 6, "linear: activation: 6, expected 0 to 5"},
    {LINEAR, AT(linear.activation), INTEGER, SBJ_IDENTITY, "linear: pre: expected none without an activation"},
    {LINEAR, AT(linear.w), NOTHING, 0, "linear: w: 0 parts, expected 1 to 3"},
    {LINEAR, AT(w.parts), SIZE, 4, "linear: w: 4 parts, expected 1 to 3"},
    {LINEAR, AT(w.bias[0]), NONE, 0, NULL},
    {LINEAR, AT(w.bias[0]), COLUMNS, 12, "linear: w: bias[0]: [1, 12], expected [1, out] = [1, 20]"},
    {PARTS, AT(qkv.weight[1]), COLUMNS, 13, "linear: w: weight[1]: [12, 13], expected [out, in] = [12, 12]"},
    {PARTS, AT(qkv.weight[2]), NONE, 0, "linear: w: weight[2]: none, expected [out, in] = [0, 12]"},
    {PARTS, AT(qkv.weight[2]), ROWS, 13, "linear: w: bias[2]: [1, 12], expected [1, out] = [1, 13]"},
    {PARTS, AT(qkv.bias[1]), NONE, 0, "linear: w: bias[1]: none, expected [1, out] = [1, 12]"},
    {PARTS, AT(qkv.bias[0]), NONE, 0, "linear: w: bias[0]: none, expected [1, out] = [1, 12]"},
    {PREPARE, AT(qkv.weight[1]), COLUMNS, 13, "prepare: w: weight[1]: [12, 13], expected [out, in] = [12, 12]"},
    {PREPARE, AT(qkv.parts), SIZE, 0, "prepare: w: 0 parts, expected 1 to 3"},

    {D_LINEAR, AT(linear.pre), NONE, 0, "linear_backward: pre: none, expected [M, out] = [7, 20]"},
    {D_LINEAR, AT(d_linear.y), COLUMNS, 21, "linear_backward: gradient of y: [7, 21], expected [M, out] = [7, 20]"},
    {D_LINEAR, AT(d_linear.x), NONE, 0, NULL},
    {D_LINEAR, AT(d_linear.w), NOTHING, 0, NULL},
    {D_LINEAR, AT(d_linear.x), SAME, AT(linear.x), "linear_backward: x and gradient of x overlap"},
    {D_LINEAR, AT(dw.weight[0]), ROWS, 19,
     "linear_backward: gradient of w: weight[0]: [19, 12], expected [out, in] = [20, 12]"},
    {D_LINEAR, AT(dw.bias[0]), NONE, 0,
     "linear_backward: gradient of w: bias[0]: none, expected [1, out] = [1, 20]"},
    {D_LINEAR, AT(w.bias[0]), NONE, 0,
     "linear_backward: gradient of w: bias[0]: expected none, as the matrix has no bias"},
    {D_PARTS, AT(dqkv.parts), SIZE, 2, "linear_backward: gradient of w: 2 parts, expected 3"},
    {D_PARTS, AT(d_parts.x), NONE, 0, "linear_backward: gradient of x: none, expected [M, in] = [7, 12]"},
    {D_PARTS, AT(dqkv.weight[2]), SAME, AT(qkv.weight[2]),
     "linear_backward: w: weight[2] and gradient of w: weight[2] overlap"},

    {NORM, AT(norm.residual), COLUMNS, 12, "linear_norm: residual: [7, 12], expected [M, H] = [7, 20]"},
    {NORM, AT(norm.gamma), COLUMNS, 12, "linear_norm: gamma: [1, 12], expected [1, H] = [1, 20]"},
    {NORM, AT(norm.beta), ROWS, 2, "linear_norm: beta: [2, 20], expected [1, H] = [1, 20]"},
    {NORM, AT(norm.stats), COLUMNS, 3, "linear_norm: stats: [7, 3], expected [M, 2] = [7, 2]"},
    {NORM, AT(norm.sum), NONE, 0, "linear_norm: sum: none, expected [M, H] = [7, 20]"},
    {NORM, AT(norm.y), SAME, AT(norm.residual), "linear_norm: residual and y overlap"},
    {NORM, AT(norm.y), SAME, AT(norm.sum), "linear_norm: sum and y overlap"},
    {NORM, AT(norm.dropout.rate), REAL, 1, "linear_norm: dropout: rate 1.000000, expected 0 to less than 1"},
    {NORM, AT(norm.dropout.rate), REAL, -0.25, "linear_norm: dropout: rate -0.250000, expected 0 to less than 1"},
    {NORM, AT(norm.dropout.rate), REAL, NAN, "linear_norm: dropout: rate NaN, expected 0 to less than 1"},
    {NORM, AT(norm.dropout.rate), REAL, 0, NULL},
    {NORM, AT(norm.eps), REAL, 0, "linear_norm: eps: 0.000000, expected a number greater than 0"},
    {NORM, AT(norm.eps), REAL, -1e-12, "linear_norm: eps: -less than 0.000001, expected a number greater than 0"},
    {NORM, AT(norm.eps), REAL, INFINITY, "linear_norm: eps: infinity, expected a number greater than 0"},
    {D_NORM, AT(norm.stats), NONE, 0, "linear_norm_backward: stats: none, expected [M, 2] = [7, 2]"},
    {D_NORM, AT(d_norm.residual), SAME, AT(d_norm.y), NULL},
    {D_NORM, AT(d_norm.residual), SHIFTED, AT(d_norm.y),
     "linear_norm_backward: gradient of y and gradient of residual overlap"},
    {D_NORM, AT(d_norm.x), COLUMNS, 20, "linear_norm_backward: gradient of x: [7, 20], expected [M, in] = [7, 12]"},
    {D_NORM, AT(d_norm.w), NOTHING, 0, "linear_norm_backward: gradient of w: none"},
    {D_NORM, AT(d_norm.gamma), NONE, 0, "linear_norm_backward: gradient of gamma: none, expected [1, H] = [1, 20]"},

    {EMBED, AT(embed.word), TYPE, SBJ_BF16, NULL},
    {EMBED, AT(embed.word), TYPE, SBJ_F16, NULL},
    {EMBED, AT(embed.word), TYPE, SBJ_F64, "embed: word: type F64, expected F32"},
    {EMBED, AT(embed.position), TYPE, SBJ_BF16, "embed: position: type BF16, expected F32"},
    {D_EMBED, AT(embed.word), TYPE, SBJ_BF16, "embed_backward: word: type BF16, expected F32"},
    {D_EMBED, AT(d_embed.word), TYPE, SBJ_F16, "embed_backward: gradient of word: type F16, expected F32"},
    {EMBED, AT(embed.rounded), ON, 0, NULL},
    {D_EMBED, AT(embed.rounded), ON, 0, "embed_backward: word: to be rounded, expected to be read as it stands"},
    {EMBED, AT(embed.position), COLUMNS, 11, "embed: position: [8, 11], expected [P, H] = [8, 12]"},
    {EMBED, AT(embed.type), COLUMNS, 11, "embed: type: [2, 11], expected [types, H] = [2, 12]"},
    {EMBED, AT(embed.y), ROWS, 6, "embed: y: [6, 12], expected [T, H] = [7, 12]"},
    {EMBED, AT(embed.stats), NONE, 0, NULL},
    {EMBED, AT(embed.batch), NOTHING, 0, "embed: batch: expected at least one sentence"},
    {EMBED, AT(embed.dropout.rate), REAL, 1.5, "embed: dropout: rate 1.500000, expected 0 to less than 1"},
    {EMBED, AT(batch.ids), COLUMNS, 6, "embed: ids: [1, 6], expected [1, T] = [1, 7]"},
    {EMBED, AT(batch.ids), TYPE, SBJ_F32, "embed: ids: type F32, expected I32"},
    {EMBED, AT(batch.positions), NONE, 0, "embed: positions: none, expected [1, T] = [1, 7]"},
    {EMBED, AT(batch.cu), COLUMNS, 3, "embed: cu: [1, 3], expected [1, N+1] = [1, 4]"},
    {EMBED, AT(batch.sentences), SIZE, 0, "embed: batch: expected at least one sentence"},
    {EMBED, AT(batch.host_cu), NOTHING, 0, "embed: batch: expected at least one sentence"},
    {EMBED, AT(batch.tokens), SIZE, 8, "embed: batch: cu[3] is 7, expected the number of tokens, 8"},
    {EMBED, AT(batch.longest), SIZE, 3, "embed: batch: longest sentence 3, cu says 4"},
    {EMBED, AT(cu[0]), INTEGER, 1, "embed: batch: cu[0] is 1, expected 0"},
    {EMBED, AT(cu[2]), INTEGER, 2, "embed: batch: cu[2] is 2 after 2, expected it to ascend"},
    {EMBED, AT(cu[2]), INTEGER, -5, "embed: batch: cu[2] is -5 after 2, expected it to ascend"},
    {D_EMBED, AT(embed.sum), NONE, 0, "embed_backward: sum: none, expected [T, H] = [7, 12]"},
    {D_EMBED, AT(embed.stats), NONE, 0, "embed_backward: stats: none, expected [T, 2] = [7, 2]"},
    {D_EMBED, AT(d_embed.word), ROWS, 8, "embed_backward: gradient of word: [8, 12], expected [V, H] = [9, 12]"},
    {D_EMBED, AT(d_embed.y), SAME, AT(embed.sum), "embed_backward: sum and gradient of y overlap"},

    {ATTENTION, AT(attention.heads), SIZE, 5, "attention: heads: 5, expected a divisor of the 12 columns of y"},
    {ATTENTION, AT(attention.heads), SIZE, 0, "attention: heads: 0, expected a divisor of the 12 columns of y"},
    {ATTENTION, AT(attention.max_positions), SIZE, 3,
     "attention: batch: longest sentence 4, expected at most max_positions, 3"},
    {ATTENTION, AT(attention.max_positions), SIZE, 1u << 30,
     "attention: heads: 4 with 1073741824 positions, expected a product below 2^32"},
    {ATTENTION, AT(attention.qkv), COLUMNS, 24, "attention: qkv: [7, 24], expected [T, 3H] = [7, 36]"},
    {ATTENTION, AT(attention.lse), COLUMNS, 3, "attention: lse: [7, 3], expected [T, A] = [7, 4]"},
    {ATTENTION, AT(attention.lse), NONE, 0, NULL},
    {ATTENTION, AT(attention.y), ROWS, 8, "attention: y: [8, 12], expected [T, H] = [7, 12]"},
    {D_ATTENTION, AT(attention.lse), NONE, 0, "attention_backward: lse: none, expected [T, A] = [7, 4]"},
    {D_ATTENTION, AT(d_attention.qkv), SAME, AT(attention.qkv),
     "attention_backward: qkv and gradient of qkv overlap"},
    {D_ATTENTION, AT(d_attention.y), COLUMNS, 11,
     "attention_backward: gradient of y: [7, 11], expected [T, H] = [7, 12]"},

    {POOL, AT(pool.mode_count), SIZE, 0, "pool: modes: 0, expected 1 to 6"},
    {POOL, AT(pool.mode_count), SIZE, 7, "pool: modes: 7, expected 1 to 6"},
    {POOL, AT(pool.modes[1]), INTEGER, SBJ_POOL_MEAN, "pool: modes[1]: 3 a second time"},
    {POOL, AT(pool.modes[1]), INTEGER, 7, "pool: modes[1]: 7, expected 1 to 6"},
    {POOL, AT(pool.x), ROWS, 6, "pool: x: [6, 12], expected [T, H] = [7, 12]"},
    {POOL, AT(pool.y), COLUMNS, 12, "pool: y: [3, 12], expected [N, modes H] = [3, 24]"},
    {POOL, AT(pool.argmax), ROWS, 7, "pool: argmax: [7, 12], expected [N, H] = [3, 12]"},
    {POOL, AT(pool.argmax), TYPE, SBJ_F32, "pool: argmax: type F32, expected I32"},
    {POOL, AT(pool.argmax), NONE, 0, NULL},
    {D_POOL, AT(pool.argmax), NONE, 0, "pool_backward: argmax: none, expected [N, H] = [3, 12]"},
    {D_POOL, AT(d_pool.x), ROWS, 6, "pool_backward: gradient of x: [6, 12], expected [T, H] = [7, 12]"},
    {D_POOL, AT(d_pool.y), ROWS, 2, "pool_backward: gradient of y: [2, 24], expected [N, modes H] = [3, 24]"},

    {NORMALIZE, AT(normalize.y), COLUMNS, 11, "normalize: y: [3, 11], expected [N, E] = [3, 12]"},
    {NORMALIZE, AT(normalize.y), SAME, AT(normalize.x), NULL},
    {NORMALIZE, AT(normalize.y), SHIFTED, AT(normalize.x), "normalize: x and y overlap"},
    {D_NORMALIZE, AT(normalize.y), SAME, AT(normalize.x), "normalize_backward: x and y overlap"},
    {D_NORMALIZE, AT(d_normalize.x), SAME, AT(d_normalize.y), NULL},
    {D_NORMALIZE, AT(d_normalize.x), ROWS, 2, "normalize_backward: gradient of x: [2, 12], expected [N, E] = [3, 12]"},

    {SUMSQ, AT(sumsq.arena), ROWS, 2, "sumsq: arena: [2, 50], expected [1, size] = [1, 50]"},
    {SUMSQ, AT(sumsq.arena), COLUMNS, 49, "sumsq: segments[2]: [3, 6] at 32, the arena has 49 elements"},
    {ADAMW, AT(adamw.v), COLUMNS, 49, "adamw: v: [1, 49], expected [1, size] = [1, 50]"},
    {ADAMW, AT(adamw.m), SAME, AT(adamw.v), "adamw: m and v overlap"},
    {ADAMW, AT(adamw.lr), REAL, -1, "adamw: lr: -1.000000, expected 0.000000 to less than infinity"},
    {ADAMW, AT(adamw.lr), REAL, 0, NULL},
    {ADAMW, AT(adamw.beta1), REAL, 1, "adamw: beta1: 1.000000, expected 0.000000 to less than 1.000000"},
    {ADAMW, AT(adamw.beta2), REAL, 2e9,
     "adamw: beta2: 1000000000 or more, expected 0.000000 to less than 1.000000"},
    {ADAMW, AT(adamw.grad_scale), REAL, NAN, "adamw: grad_scale: NaN, expected 0.000000 to less than infinity"},
    {ADAMW, AT(adamw.eps), REAL, 0, "adamw: eps: 0.000000, expected a number greater than 0"},
    {ADAMW, AT(segments[1].offset), SIZE, 19, "adamw: segments[1]: begins at 19, expected 20 or later"},
    {ADAMW, AT(segments[2].rows), SIZE, 4, "adamw: segments[2]: [4, 6] at 32, the arena has 50 elements"},
    {ADAMW, AT(segments[2].columns), SIZE, 0x1p63,
     "adamw: segments[2]: [3, 9223372036854775808] at 32, the arena has 50 elements"},
    {ADAMW, AT(segments[2].rows), SIZE, 0, NULL},
};
enum { FAULTS = sizeof faults / sizeof *faults };

static void apply(const fault *f, records *r)
{
    char *base = (char *)r;
    sbj_tensor *t = (sbj_tensor *)(base + f->where);
    switch (f->change) {
    case NONE: *t = SBJ_NONE; break;
    case ROWS: t->rows = (size_t)f->value; break;
    case COLUMNS:
        t->columns = (size_t)f->value;
        t->stride = t->columns > t->stride ? t->columns : t->stride;
        break;
    case STRIDE: t->stride = (size_t)f->value; break;
    case TYPE: t->type = (sbj_type)f->value; break;
    case SAME: t->buffer = ((sbj_tensor *)(base + (size_t)f->value))->buffer; break;
    case SHIFTED:
        t->buffer = ((sbj_tensor *)(base + (size_t)f->value))->buffer;
        t->offset = 1;
        break;
    case SIZE: *(size_t *)(base + f->where) = (size_t)f->value; break;
    case INTEGER: *(int32_t *)(base + f->where) = (int32_t)f->value; break;
    case ON: *(bool *)(base + f->where) = true; break;
    case REAL: *(double *)(base + f->where) = f->value; break;
    case NOTHING: memset(base + f->where, 0, sizeof(void *)); break;
    }
}

START_TEST(right_records_reach_the_back_end)
{
    records r;
    for (int op = 0; op < OPERATIONS; op++) {
        sbertja_error error = {SBERTJA_OK, ""};
        make(&r);
        calls = 0;
        ck_assert_msg(call((operation)op, &r, &error) == SBERTJA_OK, "%d: %s", op, error.message);
        ck_assert_int_eq(calls, 1);
    }
}
END_TEST

START_TEST(a_wrong_record_is_named_and_goes_no_further)
{
    const fault *f = &faults[_i];
    sbertja_error error = {SBERTJA_OK, ""};
    records r;
    make(&r);
    apply(f, &r);
    calls = 0;
    sbertja_status status = call(f->op, &r, &error);
    ck_assert_str_eq(error.message, f->message == NULL ? "" : f->message);
    ck_assert_int_eq(status, f->message == NULL ? SBERTJA_OK : SBERTJA_E_INTERNAL);
    ck_assert_int_eq(calls, f->message == NULL);
    ck_assert_int_eq(call(f->op, &r, NULL), status); /* without an error to fill */
}
END_TEST

START_TEST(inference_may_put_the_sum_where_y_goes)
{
    records r;
    sbertja_error error = {SBERTJA_OK, ""};
    make(&r);
    r.norm.stats = r.embed.stats = SBJ_NONE;
    r.norm.sum = r.norm.y;
    r.embed.sum = r.embed.y;
    ck_assert_msg(call(NORM, &r, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_msg(call(EMBED, &r, &error) == SBERTJA_OK, "%s", error.message);
    r.norm.sum.offset = 4;
    ck_assert_int_eq(call(NORM, &r, &error), SBERTJA_E_INTERNAL);
    ck_assert_str_eq(error.message, "linear_norm: sum and y overlap");
}
END_TEST

/* Columns of one matrix, as query, key and value are: where they do not meet, rows may interleave. */
START_TEST(windows_side_by_side_do_not_overlap)
{
    static const struct {
        size_t x_at, y_at, stride;
        bool apart;
    } rows[] = {
        {0, 12, 24, true},  {12, 0, 24, true},  {0, 12, 23, false},   {0, 11, 24, false}, {11, 0, 24, false},
        {0, 36, 12, true},  {36, 0, 12, true},  {0, 35, 12, false},   {5, 17, 29, true},  {5, 17, 27, true},
        {0, 20, 24, false}, {0, 47, 24, false}, {0, 2 * 24 + 12, 24, true},
    };
    records r;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sbertja_error error = {SBERTJA_OK, ""};
        make(&r);
        r.normalize.y.buffer = r.normalize.x.buffer;
        r.normalize.x.stride = r.normalize.y.stride = rows[i].stride;
        r.normalize.x.offset = rows[i].x_at;
        r.normalize.y.offset = rows[i].y_at;
        ck_assert_msg((call(NORMALIZE, &r, &error) == SBERTJA_OK) == rows[i].apart, "row %zu: %s", i, error.message);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("op");
    TCase *tests = tcase_create("op");
    tcase_add_test(tests, right_records_reach_the_back_end);
    tcase_add_loop_test(tests, a_wrong_record_is_named_and_goes_no_further, 0, FAULTS);
    tcase_add_test(tests, inference_may_put_the_sum_where_y_goes);
    tcase_add_test(tests, windows_side_by_side_do_not_overlap);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
