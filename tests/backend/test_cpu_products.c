/* What the CPU back end's engines promise about matrix products: exact numbers come out exact; with the engine packed a
 * row's bits depend on nothing but the row and the weights. */
#include <cblas.h>
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/engine_narrow.h"
#include "support/ops.h"
#include "support/tensors.h"
#include "util/rng.h"

static const char *const sets[] = {"amx", "avx512bf16", "avx512vnni", "avx512", "avx2", "portable"};
enum { SETS = sizeof sets / sizeof *sets, IN = 801, OUT = 905, SCRATCH = 8 << 20 };

static sbertja_error error;

static bool have(const char *set)
{
    if (strstr(sbj_cpu_instruction_sets(), set) != NULL)
        return true;
    printf("SKIP: kernels for %s: this machine has only: %s\n", set, sbj_cpu_instruction_sets());
    return false;
}

/* Uniform in -1 to 1, with all bits of a float. */
static double *random_values(size_t count, uint32_t stream)
{
    sbj_rng rng = sbj_rng_make(1, stream);
    double *values = malloc(count * sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(2 * sbj_rng_uniform(&rng) - 1);
    return values;
}

/* ---- Exact numbers ----------------------------------------------------------------------------------------------- */

/* Signed powers of two from 1/8 to 8, or 0: sums of a few hundred products are exact in a float. */
static double *powers_of_two(size_t count, uint32_t stream)
{
    sbj_rng rng = sbj_rng_make(2, stream);
    double *values = malloc(count * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        int exponent = (int)sbj_rng_below(&rng, 8);
        values[i] = exponent == 7 ? 0 : ldexp(sbj_rng_below(&rng, 2) ? 1 : -1, exponent - 3);
    }
    return values;
}

static const struct {
    const char *name;
    size_t m, in, out, parts;
} exact_sizes[] = {
    {"one by one", 1, 1, 1, 1},       {"one row", 1, 64, 48, 1},      {"one column", 50, 33, 1, 1},
    {"tile edges", 7, 17, 31, 1},     {"primes", 97, 101, 103, 1},    {"block edges", 97, 385, 97, 1},
    {"whole blocks", 96, 384, 96, 1}, {"three parts", 13, 40, 23, 3},
};
enum { EXACT = sizeof exact_sizes / sizeof *exact_sizes };

typedef struct problem {
    size_t m, in, out, parts; /* out: of each part */
    double *x, *dy, *w[SBJ_PARTS], *b[SBJ_PARTS];
} problem;

static problem problem_of(size_t i)
{
    problem p = {
        exact_sizes[i].m, exact_sizes[i].in, exact_sizes[i].out, exact_sizes[i].parts, NULL, NULL, {NULL}, {NULL}};
    p.x = powers_of_two(p.m * p.in, 0);
    p.dy = powers_of_two(p.m * p.out * p.parts, 1);
    for (size_t part = 0; part < p.parts; part++) {
        p.w[part] = powers_of_two(p.out * p.in, 2 + (uint32_t)part);
        p.b[part] = powers_of_two(p.out, 5 + (uint32_t)part);
    }
    return p;
}

static void free_problem(problem *p)
{
    free(p->x);
    free(p->dy);
    for (size_t part = 0; part < p->parts; part++) {
        free(p->w[part]);
        free(p->b[part]);
    }
}

static double *expected_y(const problem *p)
{
    size_t wide = p->parts * p->out;
    double *y = malloc(p->m * wide * sizeof *y);
    for (size_t r = 0; r < p->m; r++)
        for (size_t c = 0; c < wide; c++) {
            double sum = p->b[c / p->out][c % p->out];
            for (size_t k = 0; k < p->in; k++)
                sum += p->x[r * p->in + k] * p->w[c / p->out][c % p->out * p->in + k];
            y[r * wide + c] = sum;
        }
    return y;
}

static double *expected_dx(const problem *p)
{
    size_t wide = p->parts * p->out;
    double *dx = malloc(p->m * p->in * sizeof *dx);
    for (size_t r = 0; r < p->m; r++)
        for (size_t k = 0; k < p->in; k++) {
            dx[r * p->in + k] = 0;
            for (size_t c = 0; c < wide; c++)
                dx[r * p->in + k] += p->dy[r * wide + c] * p->w[c / p->out][c % p->out * p->in + k];
        }
    return dx;
}

/* The gradient that is added to is w (or b) itself. */
static double *expected_dw(const problem *p, size_t part)
{
    size_t wide = p->parts * p->out;
    double *dw = malloc(p->out * p->in * sizeof *dw);
    for (size_t c = 0; c < p->out; c++)
        for (size_t k = 0; k < p->in; k++) {
            dw[c * p->in + k] = p->w[part][c * p->in + k];
            for (size_t r = 0; r < p->m; r++)
                dw[c * p->in + k] += p->dy[r * wide + part * p->out + c] * p->x[r * p->in + k];
        }
    return dw;
}

static double *expected_db(const problem *p, size_t part)
{
    double *db = malloc(p->out * sizeof *db);
    for (size_t c = 0; c < p->out; c++) {
        db[c] = p->b[part][c];
        for (size_t r = 0; r < p->m; r++)
            db[c] += p->dy[r * p->parts * p->out + part * p->out + c];
    }
    return db;
}

static void expect_and_free(ops_device *cpu, const char *what, sbj_tensor t, double *values)
{
    expect(cpu, what, t, values, 0);
    free(values);
}

static void solve(ops_device *cpu, const problem *p, bool prepared, sbj_precision precision)
{
    sbj_matrix w = {.parts = p->parts, .precision = precision}, dw = {.parts = p->parts};
    for (size_t i = 0; i < p->parts; i++) {
        w.weight[i] = tensor(cpu, p->out, p->in, p->w[i]);
        w.bias[i] = tensor(cpu, 1, p->out, p->b[i]);
        dw.weight[i] = tensor(cpu, p->out, p->in, p->w[i]);
        dw.bias[i] = tensor(cpu, 1, p->out, p->b[i]);
    }
    sbj_linear r = {tensor(cpu, p->m, p->in, p->x), &w, SBJ_IDENTITY, SBJ_NONE,
                    tensor(cpu, p->m, p->parts * p->out, NULL)};
    sbj_linear_gradients g = {tensor(cpu, p->m, p->parts * p->out, p->dy), tensor(cpu, p->m, p->in, NULL), false, &dw};
    if (prepared)
        must_do(sbj_prepare(cpu->backend, cpu->pool, &w, &error), &error);
    must_do(sbj_do_linear(&cpu->run, &r, &error), &error);
    must_do(sbj_do_linear_backward(&cpu->run, &r, &g, &error), &error);
    expect_and_free(cpu, "y", r.y, expected_y(p));
    expect_and_free(cpu, "dx", g.x, expected_dx(p));
    for (size_t i = 0; i < p->parts; i++) {
        expect_and_free(cpu, "dw", dw.weight[i], expected_dw(p, i));
        expect_and_free(cpu, "db", dw.bias[i], expected_db(p, i));
    }
    sbj_unprepare(cpu->backend, &w);
    tensors_free(cpu);
}

/* One instruction set; engines packed, openblas on our pool, openblas on its own threads. */
START_TEST(powers_of_two_come_out_bit_for_bit)
{
    static const char *const engines[] = {"packed", "openblas", "openblas"};
    if (!have(sets[_i]))
        return;
    for (int engine = 0; engine < 3; engine++) {
        ops_device cpu;
        openblas_set_num_threads(engine == 2 ? 2 : 1);
        ops_open(&cpu, "cpu", sets[_i], engines[engine], 2);
        give_scratch(&cpu, SCRATCH);
        for (size_t i = 0; i < EXACT; i++) {
            problem p = problem_of(i);
            solve(&cpu, &p, true, SBJ_PRECISION_F32);
            solve(&cpu, &p, false, SBJ_PRECISION_F32);
            if (cpu.backend->table->trains_in(cpu.backend, SBJ_PRECISION_BF16))
                solve(&cpu, &p, true, SBJ_PRECISION_BF16); /* which has powers of two */
            free_problem(&p);
        }
        ops_close(&cpu);
    }
}
END_TEST

/* What a product of bf16 takes of scratch: of a [m, k] a line of each row and its pairs in an odd number of cache lines,
 * of b [k, n] its panels. */
static size_t needed(const sbj_kernels *kernels, size_t m, size_t k, size_t n)
{
    const size_t lines = sbj_lines((k + 1) / 2) / 16, odd = lines % 2 == 0 ? lines + 1 : lines;
    return sbj_lines(m * sizeof(sbj_narrow_row) / sizeof(float)) + m * odd * 16 +
           sbj_narrow_size(kernels, kernels->bf16, k, n);
}

START_TEST(scratch_is_enough_for_every_product_of_a_training)
{
    static const size_t sizes[][3] = {{768, 768, 768},  {1184, 768, 768},  {40, 32, 32},   {2304, 1024, 1024},
                                      {33, 768, 3072},  {16384, 384, 1536}, {1, 16, 24},    {1216, 1024, 1536},
                                      {5000, 256, 64}};
    const size_t tokens = sizes[_i][0], hidden = sizes[_i][1], inner = sizes[_i][2];
    const size_t weights[][2] = {{3 * hidden, hidden}, {hidden, hidden}, {inner, hidden}, {hidden, inner}};
    const sbj_extent extent = {.tokens = tokens, .hidden = hidden, .inner = inner, .training = true};
    const sbj_kernels *kernels;
    if (!have("avx512bf16"))
        return;
    must_do(sbj_isa_choose("avx512bf16", &kernels, &error), &error);
    const size_t scratch = sbj_narrow_scratch(kernels, kernels->bf16, &extent);
    for (size_t i = 0; i < 4; i++) {
        const size_t out = weights[i][0], in = weights[i][1];
        ck_assert_uint_ge(scratch, needed(kernels, tokens, out, in)); /* dx = dy W */
        ck_assert_uint_ge(scratch, needed(kernels, out, tokens, in)); /* dW = dy' x */
        ck_assert_uint_ge(scratch, needed(kernels, tokens, in, 0));   /* x W', packed before */
    }
}
END_TEST

/* ---- Rows and their neighbours ----------------------------------------------------------------------------------- */

typedef struct layer {
    ops_device cpu;
    sbj_matrix w;
    double *x; /* [MOST_ROWS, IN] */
} layer;

enum { MOST_ROWS = 200 };

static void open_layer(layer *l, const char *set)
{
    double *weight = random_values(OUT * IN, 1), *bias = random_values(OUT, 2);
    memset(l, 0, sizeof *l);
    ops_open(&l->cpu, "cpu", set, "packed", 2);
    give_scratch(&l->cpu, SCRATCH);
    l->w.parts = 1;
    must_do(sbj_tensor_new(l->cpu.backend, SBJ_F32, OUT, IN, &l->w.weight[0], &error), &error);
    must_do(sbj_tensor_new(l->cpu.backend, SBJ_F32, 1, OUT, &l->w.bias[0], &error), &error);
    must_do(sbj_write(l->cpu.backend, l->w.weight[0], weight, SBJ_F64, &error), &error);
    must_do(sbj_write(l->cpu.backend, l->w.bias[0], bias, SBJ_F64, &error), &error);
    l->x = random_values(MOST_ROWS * IN, 3);
    free(weight);
    free(bias);
}

static void close_layer(layer *l)
{
    sbj_unprepare(l->cpu.backend, &l->w);
    sbj_tensor_free(l->cpu.backend, &l->w.weight[0]);
    sbj_tensor_free(l->cpu.backend, &l->w.bias[0]);
    ops_close(&l->cpu);
    free(l->x);
}

/* gelu(x W' + b) of `rows` rows, of which the first is row `first` of l->x; caller frees. */
static float *outputs(layer *l, size_t first, size_t rows)
{
    float *y = malloc(rows * OUT * sizeof *y);
    sbj_tensor x = tensor(&l->cpu, rows, IN, l->x + first * IN), t = tensor(&l->cpu, rows, OUT, NULL);
    sbj_linear r = {x, &l->w, SBJ_GELU, SBJ_NONE, t};
    must_do(sbj_do_linear(&l->cpu.run, &r, &error), &error);
    must_do(sbj_read(l->cpu.backend, t, y, SBJ_F32, &error), &error);
    tensors_free(&l->cpu);
    return y;
}

static void expect_same_rows(const char *what, const float *a, const float *b, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        ck_assert_msg(memcmp(a + i * OUT, b + i * OUT, OUT * sizeof *a) == 0, "%s: row %zu has other bits", what, i);
}

START_TEST(a_row_alone_has_the_bits_it_has_among_others)
{
    static const size_t counts[] = {2, 5, 48, 97, MOST_ROWS};
    layer l;
    if (!have(sets[_i]))
        return;
    open_layer(&l, sets[_i]);
    must_do(sbj_prepare(l.cpu.backend, l.cpu.pool, &l.w, &error), &error);
    float *all = outputs(&l, 0, MOST_ROWS);
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        float *some = outputs(&l, MOST_ROWS - counts[c], counts[c]);
        expect_same_rows("the last rows", some, all + (MOST_ROWS - counts[c]) * OUT, counts[c]);
        free(some);
    }
    for (size_t row = 0; row < MOST_ROWS; row += 7) {
        float *alone = outputs(&l, row, 1);
        expect_same_rows("a row alone", alone, all + row * OUT, 1);
        free(alone);
    }
    free(all);
    close_layer(&l);
}
END_TEST

/* Packed before, packed during the call in shared scratch, packed by each task because there is too little scratch. */
START_TEST(who_packs_changes_no_bit)
{
    layer l;
    if (!have(sets[_i]))
        return;
    open_layer(&l, sets[_i]);
    float *shared = outputs(&l, 0, MOST_ROWS);
    sbj_extent extent = {.tokens = MOST_ROWS, .sentences = 1, .longest = MOST_ROWS, .hidden = IN, .inner = OUT};
    give_scratch(&l.cpu, sbj_scratch_size(l.cpu.backend, &extent, 2));
    float *each = outputs(&l, 0, MOST_ROWS);
    must_do(sbj_prepare(l.cpu.backend, l.cpu.pool, &l.w, &error), &error);
    float *before = outputs(&l, 0, MOST_ROWS);
    expect_same_rows("packed by each task", each, shared, MOST_ROWS);
    expect_same_rows("packed before", before, shared, MOST_ROWS);
    free(shared);
    free(each);
    free(before);
    close_layer(&l);
}
END_TEST

START_TEST(prepare_again_takes_the_new_weights)
{
    layer l;
    double *weight = random_values(OUT * IN, 9);
    open_layer(&l, NULL);
    must_do(sbj_prepare(l.cpu.backend, l.cpu.pool, &l.w, &error), &error);
    must_do(sbj_write(l.cpu.backend, l.w.weight[0], weight, SBJ_F64, &error), &error);
    void *packed = l.w.packed;
    must_do(sbj_prepare(l.cpu.backend, l.cpu.pool, &l.w, &error), &error);
    ck_assert_ptr_eq(packed, l.w.packed);
    float *prepared = outputs(&l, 0, 100);
    sbj_unprepare(l.cpu.backend, &l.w);
    ck_assert_ptr_null(l.w.packed);
    float *plain = outputs(&l, 0, 100);
    expect_same_rows("new weights", prepared, plain, 100);
    free(prepared);
    free(plain);
    free(weight);
    close_layer(&l);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cpu_products");
    TCase *tests = tcase_create("cpu_products");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, powers_of_two_come_out_bit_for_bit, 0, SETS);
    tcase_add_loop_test(tests, scratch_is_enough_for_every_product_of_a_training, 0, 9);
    tcase_add_loop_test(tests, a_row_alone_has_the_bits_it_has_among_others, 0, SETS);
    tcase_add_loop_test(tests, who_packs_changes_no_bit, 0, SETS);
    tcase_add_test(tests, prepare_again_takes_the_new_weights);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
