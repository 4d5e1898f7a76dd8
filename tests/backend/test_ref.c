/* The reference back end on cases that were computed by hand. Numbers are small powers of two where that is possible,
 * and must then come out bit for bit. */
#include <check.h>
#include <math.h>

#include "backend/dropout.h"
#include "support/tensors.h"

static ops_device ref;
static sbertja_error error;

static void open_ref(void)
{
    ops_open(&ref, "ref", NULL, NULL, 2);
    give_scratch(&ref, 65536);
}

static void close_ref(void)
{
    tensors_free(&ref);
    ops_close(&ref);
}

static sbj_tensor t(size_t rows, size_t columns, const double *values)
{
    return tensor(&ref, rows, columns, values);
}

static void do_ok(sbertja_status status)
{
    must_do(status, &error);
}

/* ---- Linear ----------------------------------------------------------------------------------------------------- */

START_TEST(linear_of_powers_of_two)
{
    sbj_matrix w = {.parts = 2}, dw = {.parts = 2};
    w.weight[0] = t(1, 2, VALUES(1, 2));
    w.weight[1] = t(2, 2, VALUES(-4, 0.5, 0, 8));
    w.bias[0] = t(1, 1, VALUES(16));
    w.bias[1] = t(1, 2, VALUES(0, -1));
    dw.weight[0] = t(1, 2, VALUES(1, 1));
    dw.weight[1] = t(2, 2, VALUES(0, 0, 2, 2));
    dw.bias[0] = t(1, 1, VALUES(32));
    dw.bias[1] = t(1, 2, VALUES(0, 64));
    sbj_linear r = {t(2, 2, VALUES(1, 2, 4, -8)), &w, SBJ_IDENTITY, SBJ_NONE, t(2, 3, NULL)};
    do_ok(sbj_do_linear(&ref.run, &r, &error));
    expect(&ref, "y", r.y, VALUES(21, -3, 15, 4, -20, -65), 0);

    sbj_linear_gradients g = {t(2, 3, VALUES(1, 0, 2, 0, 4, -1)), t(2, 2, VALUES(1, 1, 1, 1)), true, &dw};
    do_ok(sbj_do_linear_backward(&ref.run, &r, &g, &error));
    expect(&ref, "dx", g.x, VALUES(2, 19, -15, -5), 0);
    expect(&ref, "dw0", dw.weight[0], VALUES(2, 3), 0);
    expect(&ref, "dw1", dw.weight[1], VALUES(16, -32, 0, 14), 0);
    expect(&ref, "db0", dw.bias[0], VALUES(33), 0);
    expect(&ref, "db1", dw.bias[1], VALUES(4, 65), 0);
    g.add_x = false;
    do_ok(sbj_do_linear_backward(&ref.run, &r, &g, &error));
    expect(&ref, "dx", g.x, VALUES(1, 18, -16, -6), 0);
}
END_TEST

/* Values from tables of the normal distribution and of tanh. */
static const struct {
    const char *name;
    sbj_activation activation;
    double x, y, derivative, bound;
} activations[] = {
    {"gelu at 0", SBJ_GELU, 0, 0, 0.5, 0},
    {"gelu at 1", SBJ_GELU, 1, 0.84134474606854295, 0.84134474606854295 + 0.24197072451914337, 1e-15},
    {"gelu at -1", SBJ_GELU, -1, -0.15865525393145705, 0.15865525393145705 - 0.24197072451914337, 1e-15},
    {"gelu far below", SBJ_GELU, -10, -7.6198530241605261e-23, 7.6198530241605261e-24 - 7.6945986267064199e-22, 1e-36},
    {"gelu far above", SBJ_GELU, 40, 40, 1, 0},
    {"gelu very far below", SBJ_GELU, -1e200, 0, 0, 0},
    {"gelu_tanh at 0", SBJ_GELU_TANH, 0, 0, 0.5, 0},
    {"gelu_tanh at 1", SBJ_GELU_TANH, 1, 0.84119199060827680, 1.0829640838457826, 1e-14},
    {"gelu_tanh far above", SBJ_GELU_TANH, 40, 40, 1, 0},
    {"relu above", SBJ_RELU, 0.5, 0.5, 1, 0},
    {"relu at 0", SBJ_RELU, 0, 0, 0, 0},
    {"relu at -0", SBJ_RELU, -0.0, 0, 0, 0},
    {"relu below", SBJ_RELU, -0.5, 0, 0, 0},
    {"relu just above", SBJ_RELU, 0x1p-1070, 0x1p-1070, 1, 0},
    {"tanh at 1/2", SBJ_TANH, 0.5, 0.46211715726000975, 0.78644773296592738, 1e-15},
    {"tanh far above", SBJ_TANH, 700, 1, 0, 0},
    {"sigmoid at 0", SBJ_SIGMOID, 0, 0.5, 0.25, 0},
    {"sigmoid far below", SBJ_SIGMOID, -1000, 0, 0, 0},
    {"identity", SBJ_IDENTITY, -3, -3, 1, 0},
};

START_TEST(activations_and_their_derivatives)
{
    sbj_activation activation = activations[_i].activation;
    sbj_matrix w = {.parts = 1, .weight = {t(1, 1, VALUES(1))}};
    sbj_tensor pre = activation == SBJ_IDENTITY ? SBJ_NONE : t(1, 1, NULL);
    sbj_linear r = {t(1, 1, &activations[_i].x), &w, activation, pre, t(1, 1, NULL)};
    sbj_linear_gradients g = {t(1, 1, VALUES(1)), t(1, 1, NULL), false, NULL};
    do_ok(sbj_do_linear(&ref.run, &r, &error));
    expect(&ref, activations[_i].name, r.y, &activations[_i].y, activations[_i].bound);
    do_ok(sbj_do_linear_backward(&ref.run, &r, &g, &error));
    expect(&ref, activations[_i].name, g.x, &activations[_i].derivative, activations[_i].bound);
}
END_TEST

/* ---- Layer norm ------------------------------------------------------------------------------------------------- */

/* Rows of x W' + residual; W is [4, 1] of zeros, so that the sum is the residual. */
static sbj_linear_norm norm_of(sbj_matrix *w, size_t rows, const double *residual, double eps)
{
    *w = (sbj_matrix){.parts = 1, .weight = {t(4, 1, VALUES(0, 0, 0, 0))}};
    sbj_linear_norm r = {.w = w, .eps = eps};
    r.x = t(rows, 1, VALUES(1, 1));
    r.residual = t(rows, 4, residual);
    r.gamma = t(1, 4, VALUES(1, 2, 4, 8));
    r.beta = t(1, 4, VALUES(0, 1, 0, -1));
    r.sum = t(rows, 4, NULL);
    r.stats = t(rows, 2, NULL);
    r.y = t(rows, 4, NULL);
    return r;
}

START_TEST(norm_of_powers_of_two)
{
    sbj_matrix w;
    sbj_linear_norm r = norm_of(&w, 1, VALUES(3, 5, 3, 5), 3);
    do_ok(sbj_do_linear_norm(&ref.run, &r, &error));
    expect(&ref, "sum", r.sum, VALUES(3, 5, 3, 5), 0);
    expect(&ref, "stats", r.stats, VALUES(4, 0.5), 0);
    expect(&ref, "y", r.y, VALUES(-0.5, 2, -2, 3), 0);
}
END_TEST

/* Nothing but eps stands between a constant row and a division by 0. */
START_TEST(norm_of_a_constant_row)
{
    sbj_matrix w, dw = {.parts = 1, .weight = {t(4, 1, VALUES(0, 0, 0, 0))}};
    sbj_linear_norm r = norm_of(&w, 1, VALUES(0.1, 0.1, 0.1, 0.1), 0x1p-40);
    sbj_linear_norm_gradients g = {
        t(1, 4, VALUES(1, 0.5, -0.25, 0)), t(1, 4, NULL), t(1, 1, NULL), &dw, t(1, 4, VALUES(0, 0, 0, 0)),
        t(1, 4, VALUES(0, 0, 0, 0))};
    do_ok(sbj_do_linear_norm(&ref.run, &r, &error));
    expect(&ref, "stats", r.stats, VALUES(0.1, 0x1p20), 0);
    expect(&ref, "y", r.y, VALUES(0, 1, 0, -1), 0);
    do_ok(sbj_do_linear_norm_backward(&ref.run, &r, &g, &error));
    expect(&ref, "dresidual", g.residual, VALUES(0.75 * 0x1p20, 0.75 * 0x1p20, -1.25 * 0x1p20, -0.25 * 0x1p20), 0);
    expect(&ref, "dgamma", g.gamma, VALUES(0, 0, 0, 0), 0);
    expect(&ref, "dbeta", g.beta, VALUES(1, 0.5, -0.25, 0), 0);
    expect(&ref, "dw", dw.weight[0], VALUES(0.75 * 0x1p20, 0.75 * 0x1p20, -1.25 * 0x1p20, -0.25 * 0x1p20), 0);
}
END_TEST

/* ---- Batches ---------------------------------------------------------------------------------------------------- */

static sbj_batch batch_of(size_t sentences, const int32_t *cu, const int32_t *ids, const int32_t *positions)
{
    size_t tokens = (size_t)cu[sentences], longest = 0;
    for (size_t n = 0; n < sentences; n++)
        if ((size_t)(cu[n + 1] - cu[n]) > longest)
            longest = (size_t)(cu[n + 1] - cu[n]);
    sbj_batch batch = {tokens, sentences, longest, cu, SBJ_NONE, SBJ_NONE, tensor_i32(&ref, sentences + 1, cu)};
    if (ids != NULL) {
        batch.ids = tensor_i32(&ref, tokens, ids);
        batch.positions = tensor_i32(&ref, tokens, positions);
    }
    return batch;
}

static sbj_embed embed_of(const sbj_batch *batch)
{
    sbj_embed r = {.batch = batch, .eps = 3};
    r.word = t(3, 2, VALUES(1, 1, 2, 4, 4, 2));
    r.position = t(2, 2, VALUES(8, 8, 0, 0));
    r.type = t(2, 2, VALUES(16, 16, NAN, NAN));
    r.gamma = t(1, 2, VALUES(2, 4));
    r.beta = t(1, 2, VALUES(0, 1));
    r.sum = t(batch->tokens, 2, NULL);
    r.stats = t(batch->tokens, 2, NULL);
    r.y = t(batch->tokens, 2, NULL);
    return r;
}

START_TEST(embed_adds_three_tables)
{
    static const int32_t cu[] = {0, 2, 3}, ids[] = {1, 2, 1}, positions[] = {0, 1, 0};
    const sbj_batch batch = batch_of(2, cu, ids, positions);
    sbj_embed r = embed_of(&batch);
    do_ok(sbj_do_embed(&ref.run, &r, &error));
    expect(&ref, "sum", r.sum, VALUES(26, 28, 20, 18, 26, 28), 0);
    expect(&ref, "stats", r.stats, VALUES(27, 0.5, 19, 0.5, 27, 0.5), 0);
    expect(&ref, "y", r.y, VALUES(-1, 3, 1, -1, -1, 3), 0);

    /* With z = (-1/2, 1/2) and g = gamma dy: dx = (g - mean(g) - z mean(g z)) / 2. */
    sbj_embed_gradients g = {t(3, 2, VALUES(1, 0, 0, 0, 1, 0)),
                             t(3, 2, VALUES(0, 0, 1, 1, 0, 0)),
                             t(2, 2, VALUES(0, 0, 0, 0)),
                             t(2, 2, VALUES(0, 0, 5, 5)),
                             t(1, 2, VALUES(0, 0)),
                             t(1, 2, VALUES(0, 0))};
    do_ok(sbj_do_embed_backward(&ref.run, &r, &g, &error));
    expect(&ref, "dword", g.word, VALUES(0, 0, 1.75, 0.25, 0, 0), 0);
    expect(&ref, "dposition", g.position, VALUES(0.75, -0.75, 0, 0), 0);
    expect(&ref, "dtype", g.type, VALUES(0.75, -0.75, 5, 5), 0);
    expect(&ref, "dgamma", g.gamma, VALUES(-1, 0), 0);
    expect(&ref, "dbeta", g.beta, VALUES(2, 0), 0);
}
END_TEST

static const struct {
    int32_t id, position;
    const char *message;
} beyond[] = {
    {3, 0, "embed: id 3 of token 1, expected 0 to 2"},
    {-1, 0, "embed: id -1 of token 1, expected 0 to 2"},
    {0, 2, "embed: position 2 of token 1, expected 0 to 1"},
    {0, -1, "embed: position -1 of token 1, expected 0 to 1"},
};

START_TEST(embed_refuses_ids_beyond_the_table)
{
    const int32_t cu[] = {0, 2}, ids[] = {0, beyond[_i].id}, positions[] = {0, beyond[_i].position};
    const sbj_batch batch = batch_of(1, cu, ids, positions);
    sbj_embed r = embed_of(&batch);
    ck_assert_int_eq(sbj_do_embed(&ref.run, &r, &error), SBERTJA_E_INTERNAL);
    ck_assert_str_eq(error.message, beyond[_i].message);
}
END_TEST

/* ---- Attention -------------------------------------------------------------------------------------------------- */

START_TEST(attention_to_equal_keys_is_the_mean)
{
    static const int32_t cu[] = {0, 4, 5};
    const sbj_batch batch = batch_of(2, cu, NULL, NULL);
    /* Two heads of width 1: query, query, key, key, value, value. */
    sbj_attention r = {&batch, 2, 4, {0, 0}, SBJ_NONE, t(5, 2, NULL), t(5, 2, NULL)};
    r.qkv = t(5, 6,
              VALUES(1, 2, 0, 4, 1, 16, 2, 2, 0, 4, 2, 32, 3, 2, 0, 4, 4, 64, 4, 2, 0, 4, 9, -16, 7, 1, 5, 2, 3, 128));
    do_ok(sbj_do_attention(&ref.run, &r, &error));
    expect(&ref, "y", r.y, VALUES(4, 24, 4, 24, 4, 24, 4, 24, 3, 128), 0);
    double of4 = log(4);
    expect(&ref, "lse", r.lse, VALUES(of4, 8 + of4, of4, 8 + of4, of4, 8 + of4, of4, 8 + of4, 35, 2), 1e-14);
}
END_TEST

/* exp of these scores overflows, and of their negatives is 0. */
START_TEST(attention_survives_huge_scores)
{
    static const int32_t cu[] = {0, 2};
    const sbj_batch batch = batch_of(1, cu, NULL, NULL);
    sbj_attention r = {&batch, 1, 2, {0, 0}, SBJ_NONE, t(2, 1, NULL), t(2, 1, NULL)};
    r.qkv = t(2, 3, VALUES(1e5, 1e5, 2, -1e5, -1e5, 8));
    do_ok(sbj_do_attention(&ref.run, &r, &error));
    expect(&ref, "y", r.y, VALUES(2, 8), 0);
    expect(&ref, "lse", r.lse, VALUES(1e10, 1e10), 0);
    sbj_attention_gradients g = {t(2, 1, VALUES(1, 4)), t(2, 3, NULL)};
    do_ok(sbj_do_attention_backward(&ref.run, &r, &g, &error));
    expect(&ref, "dqkv", g.qkv, VALUES(0, 0, 1, 0, 0, 4), 0);
}
END_TEST

/* ---- Dropout ---------------------------------------------------------------------------------------------------- */

enum { LONG = 40, WIDE = 36, SITE = 5 };

/* The rule of backend.h, written out once more. */
static double factor(double rate, size_t row, size_t column)
{
    const uint32_t counter[4] = {(uint32_t)(column / 4), (uint32_t)row, SITE, ref.run.step};
    uint32_t words[4];
    sbj_philox(ref.run.seed, counter, words);
    return words[column % 4] >= rate * 4294967296.0 ? 1 / (1 - rate) : 0;
}

/* Compares with the rule, and counts. */
static void expect_dropped(const char *what, const double *found, double rate, size_t rows, size_t columns,
                           size_t heads, size_t max_positions)
{
    size_t kept = 0, all = rows * columns * heads;
    for (size_t row = 0; row < rows; row++)
        for (size_t head = 0; head < heads; head++)
            for (size_t column = 0; column < columns; column++) {
                double value = *found++;
                ck_assert_msg(fabs(value - factor(rate, row, head * max_positions + column)) < 1e-12,
                              "%s: row %zu, head %zu, column %zu is %g", what, row, head, column, value);
                kept += value > 0;
            }
    double share = (double)kept / (double)all, deviation = sqrt(rate * (1 - rate) / (double)all);
    ck_assert_msg(fabs(share - (1 - rate)) < 5 * deviation + 1e-9, "%s: %g of all were kept", what, share);
}

static const double rates[] = {0, 0.1, 0.5, 0.9};

START_TEST(linear_norm_drops_by_the_rule)
{
    double ones[LONG], zeros[LONG * WIDE] = {0}, one_row[WIDE], found[LONG * WIDE];
    for (size_t i = 0; i < LONG; i++)
        ones[i] = 1;
    for (size_t i = 0; i < WIDE; i++)
        one_row[i] = 1;
    sbj_matrix w = {.parts = 1, .weight = {t(WIDE, 1, one_row)}};
    sbj_linear_norm r = {t(LONG, 1, ones),
                         &w,
                         {rates[_i], SITE},
                         t(LONG, WIDE, zeros),
                         t(1, WIDE, one_row),
                         t(1, WIDE, one_row),
                         1e-12,
                         t(LONG, WIDE, NULL),
                         SBJ_NONE,
                         t(LONG, WIDE, NULL)};
    do_ok(sbj_do_linear_norm(&ref.run, &r, &error));
    do_ok(sbj_read(ref.backend, r.sum, found, SBJ_F64, &error));
    expect_dropped("linear_norm", found, rates[_i], LONG, WIDE, 1, 0);
}
END_TEST

START_TEST(embed_drops_by_the_rule)
{
    int32_t cu[] = {0, LONG}, zeros[LONG] = {0};
    double none[WIDE] = {0}, ones[WIDE], found[LONG * WIDE];
    for (size_t i = 0; i < WIDE; i++)
        ones[i] = 1;
    const sbj_batch batch = batch_of(1, cu, zeros, zeros);
    /* gamma 0 and beta 1: the norm is 1 everywhere. */
    sbj_embed r = {
        &batch, t(1, WIDE, none),  t(1, WIDE, none),    t(1, WIDE, none), t(1, WIDE, none),    t(1, WIDE, ones),
        1e-12,  {rates[_i], SITE}, t(LONG, WIDE, NULL), SBJ_NONE,         t(LONG, WIDE, NULL), false};
    do_ok(sbj_do_embed(&ref.run, &r, &error));
    do_ok(sbj_read(ref.backend, r.y, found, SBJ_F64, &error));
    expect_dropped("embed", found, rates[_i], LONG, WIDE, 1, 0);
}
END_TEST

/* Keys are equal and key k's value is the k-th unit vector: y is dropout(P) itself, times the length. */
START_TEST(attention_drops_by_the_rule)
{
    enum { HEADS = 3, MAX_POSITIONS = LONG + 5, HIDDEN = HEADS * LONG };
    static double qkv[LONG * 3 * HIDDEN];
    double found[LONG * HIDDEN];
    int32_t cu[] = {0, LONG};
    for (size_t row = 0; row < LONG; row++)
        for (size_t head = 0; head < HEADS; head++)
            qkv[row * 3 * HIDDEN + 2 * HIDDEN + head * LONG + row] = LONG;
    const sbj_batch batch = batch_of(1, cu, NULL, NULL);
    sbj_attention r = {
        &batch, HEADS, MAX_POSITIONS, {rates[_i], SITE}, t(LONG, 3 * HIDDEN, qkv), SBJ_NONE, t(LONG, HIDDEN, NULL)};
    do_ok(sbj_do_attention(&ref.run, &r, &error));
    do_ok(sbj_read(ref.backend, r.y, found, SBJ_F64, &error));
    expect_dropped("attention", found, rates[_i], LONG, LONG, HEADS, MAX_POSITIONS);
}
END_TEST

/* The row is that in the batch, the column counts from the sentence's first token. */
START_TEST(attention_drops_by_row_of_batch_and_place_in_sentence)
{
    static const int32_t cu[] = {0, 3, 5};
    double qkv[5 * 6] = {0}, expected[10];
    for (size_t row = 0; row < 5; row++)
        qkv[row * 6 + 4 + (row < 3 ? row % 2 : row - 3)] = row < 3 ? 3 : 2;
    const sbj_batch batch = batch_of(2, cu, NULL, NULL);
    sbj_attention r = {&batch, 1, 9, {0.5, SITE}, t(5, 6, qkv), SBJ_NONE, t(5, 2, NULL)};
    do_ok(sbj_do_attention(&ref.run, &r, &error));
    for (size_t row = 0; row < 5; row++) {
        expected[2 * row] = factor(0.5, row, 0) + (row < 3 ? factor(0.5, row, 2) : 0);
        expected[2 * row + 1] = factor(0.5, row, 1);
    }
    expect(&ref, "y", r.y, expected, 1e-14);
}
END_TEST

/* ---- Pooling and length ----------------------------------------------------------------------------------------- */

START_TEST(pool_in_each_mode)
{
    static const int32_t cu[] = {0, 1, 5};
    const sbj_batch batch = batch_of(2, cu, NULL, NULL);
    sbj_pool_op r = {
        &batch,
        6,
        {SBJ_POOL_LAST, SBJ_POOL_MAX, SBJ_POOL_CLS, SBJ_POOL_MEAN, SBJ_POOL_WEIGHTED_MEAN, SBJ_POOL_MEAN_SQRT_LEN},
        t(5, 1, VALUES(-2, 1, 4, 4, -1)),
        SBJ_NONE,
        t(2, 6, NULL), 0};
    do_ok(sbj_do_pool(&ref.run, &r, &error));
    expect(&ref, "y", r.y, VALUES(-2, -2, -2, -2, -2, -2, -1, 4, 1, 2, 1.7, 4), 1e-15);
}
END_TEST

START_TEST(pool_max_gives_a_tie_to_the_first)
{
    static const int32_t cu[] = {0, 1, 5};
    const sbj_batch batch = batch_of(2, cu, NULL, NULL);
    sbj_pool_op r = {&batch,       1, {SBJ_POOL_MAX}, t(5, 2, VALUES(-2, 0, 1, 8, 4, 8, 4, 8, -1, 8)), SBJ_NONE,
                     t(2, 2, NULL), 0};
    r.argmax = tensor_i32(&ref, 4, (const int32_t[]){-1, -1, -1, -1});
    r.argmax.rows = r.argmax.columns = r.argmax.stride = 2;
    do_ok(sbj_do_pool(&ref.run, &r, &error));
    expect(&ref, "argmax", r.argmax, VALUES(0, 0, 2, 1), 0);
    sbj_pool_gradients g = {t(2, 2, VALUES(1, 2, 4, 8)), t(5, 2, NULL)};
    do_ok(sbj_do_pool_backward(&ref.run, &r, &g, &error));
    expect(&ref, "dx", g.x, VALUES(1, 2, 0, 8, 4, 0, 0, 0, 0, 0), 0);
}
END_TEST

START_TEST(normalize_and_its_least_length)
{
    sbj_normalize r = {t(3, 2, VALUES(3, 4, 0, 0, 0x1p-50, 0)), t(3, 2, NULL)};
    do_ok(sbj_do_normalize(&ref.run, &r, &error));
    expect(&ref, "y", r.y, VALUES(3.0 / 5, 4.0 / 5, 0, 0, 0x1p-50 / 1e-12, 0), 0);
    sbj_normalize_gradients g = {t(3, 2, VALUES(5, 0, 1, -1, 2, 0)), t(3, 2, NULL)};
    do_ok(sbj_do_normalize_backward(&ref.run, &r, &g, &error));
    expect(&ref, "dx", g.x, VALUES(0.64, -0.48, 1 / 1e-12, -1 / 1e-12, 2 / 1e-12, 0), 1e-15);
}
END_TEST

/* ---- Threads ---------------------------------------------------------------------------------------------------- */

START_TEST(the_number_of_threads_changes_no_bit)
{
    ops_device one;
    ops_open(&one, "ref", NULL, NULL, 1);
    for (size_t i = 0; i < ops_case_count; i++)
        ops_compare(&ref, &one, &ops_cases[i], 0);
    ops_close(&one);
}
END_TEST

/* ---- Making one ------------------------------------------------------------------------------------------------- */

START_TEST(it_needs_copies_and_nothing_prepared)
{
    const double host[4] = {0};
    sbj_buffer *buffer = NULL;
    ck_assert_int_eq(ref.backend->table->wrap(ref.backend, host, sizeof host, &buffer, &error), SBERTJA_E_UNSUPPORTED);
    ck_assert_ptr_null(buffer);
    sbj_matrix w = {.parts = 1, .weight = {t(4, 1, VALUES(0, 0, 0, 0))}};
    do_ok(sbj_prepare(ref.backend, ref.pool, &w, &error));
    ck_assert_ptr_null(w.packed);
    sbj_unprepare(ref.backend, &w);
    ck_assert_str_eq(ref.backend->table->name, "ref");
    ck_assert_int_eq(ref.backend->table->real, SBJ_F64);
    ck_assert_str_eq(ref.backend->table->instructions(ref.backend), "");
    ck_assert_str_eq(ref.backend->table->engine(ref.backend), "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ref");
    TCase *tests = tcase_create("ref");
    const int rate_count = sizeof rates / sizeof *rates;
    tcase_add_checked_fixture(tests, open_ref, close_ref);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, linear_of_powers_of_two);
    tcase_add_loop_test(tests, activations_and_their_derivatives, 0, sizeof activations / sizeof *activations);
    tcase_add_test(tests, norm_of_powers_of_two);
    tcase_add_test(tests, norm_of_a_constant_row);
    tcase_add_test(tests, embed_adds_three_tables);
    tcase_add_loop_test(tests, embed_refuses_ids_beyond_the_table, 0, sizeof beyond / sizeof *beyond);
    tcase_add_test(tests, attention_to_equal_keys_is_the_mean);
    tcase_add_test(tests, attention_survives_huge_scores);
    tcase_add_loop_test(tests, linear_norm_drops_by_the_rule, 0, rate_count);
    tcase_add_loop_test(tests, embed_drops_by_the_rule, 0, rate_count);
    tcase_add_loop_test(tests, attention_drops_by_the_rule, 0, rate_count);
    tcase_add_test(tests, attention_drops_by_row_of_batch_and_place_in_sentence);
    tcase_add_test(tests, pool_in_each_mode);
    tcase_add_test(tests, pool_max_gives_a_tie_to_the_first);
    tcase_add_test(tests, normalize_and_its_least_length);
    tcase_add_test(tests, the_number_of_threads_changes_no_bit);
    tcase_add_test(tests, it_needs_copies_and_nothing_prepared);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
