/* Products with matrices in int8 and bf16: the same numbers as the formulas in plain C, whatever the shape, the
 * instruction set, the neighbours and the threads. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/cpu.h"
#include "util/float16.h"
#include "support/ops.h"
#include "support/suite.h"
#include "support/tensors.h"
#include "util/rng.h"

static const char *const sets[] = {"amx", "avx512bf16", "avx512vnni", "avx512", "avx2", "portable"};
enum { SETS = sizeof sets / sizeof *sets, SCRATCH = 8 << 20 };

static sbertja_error error;

static bool have(const char *set)
{
    if (strstr(sbj_cpu_instruction_sets(), set) != NULL)
        return true;
    printf("SKIP: products for %s: this machine has only: %s\n", set, sbj_cpu_instruction_sets());
    return false;
}

/* ---- One layer, in plain C and on a device ----------------------------------------------------------------------- */

static const struct size {
    const char *name;
    size_t m, in, out, parts;
} sizes[] = {
    {"one by one", 1, 1, 1, 1},
    {"one pair", 1, 2, 3, 1},
    {"two rows", 2, 7, 17, 1},
    {"three rows", 3, 33, 15, 1},
    {"four rows", 4, 16, 16, 1},
    {"five rows", 5, 31, 32, 1},
    {"six rows", 6, 64, 33, 1},
    {"seven rows", 7, 65, 47, 1},
    {"eight rows", 8, 9, 8, 1},
    {"nine rows", 9, 100, 97, 1},
    {"ten rows", 10, 101, 96, 1},
    {"eleven rows", 11, 48, 129, 1},
    {"twelve rows", 12, 49, 31, 1},
    {"thirteen rows", 13, 40, 23, 3},
    {"a block and a row", 97, 385, 97, 1},
    {"a step and a number", 5, 1537, 40, 1},
    {"two steps", 14, 3072, 33, 1},
    {"a group of columns", 3, 30, 801, 1},
    {"a large block and a row", 257, 70, 40, 1},
    {"a large block and some rows", 300, 801, 97, 1},
};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* Rows of very different size, so that a scale that is another row's shows. */
static float *values(size_t rows, size_t columns, uint32_t stream)
{
    sbj_rng rng = sbj_rng_make(3, stream);
    float *x = malloc(rows * columns * sizeof *x);
    for (size_t i = 0; i < rows * columns; i++)
        x[i] = (float)ldexp(2 * sbj_rng_uniform(&rng) - 1, (int)(i / columns * 7 % 11) - 5);
    return x;
}

typedef struct layer {
    size_t m, in, out, parts;
    float *x, *w[SBJ_PARTS], *b[SBJ_PARTS];
} layer;

static layer layer_of(const struct size *s)
{
    layer l = {.m = s->m, .in = s->in, .out = s->out, .parts = s->parts, .x = values(s->m, s->in, 0)};
    for (uint32_t i = 0; i < s->parts; i++) {
        l.w[i] = values(s->out, s->in, 1 + i);
        l.b[i] = values(1, s->out, 5 + i);
    }
    return l;
}

static void free_layer(layer *l)
{
    free(l->x);
    for (size_t i = 0; i < l->parts; i++) {
        free(l->w[i]);
        free(l->b[i]);
    }
}

static float quantized(const float *x, size_t n, int *q)
{
    float largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmaxf(largest, fabsf(x[i]));
    for (size_t i = 0; i < n; i++)
        q[i] = largest == 0 ? 0 : (int)rintf(x[i] * (127 / largest));
    return largest / 127;
}

/* Bit for bit what int8 must give: the sum is exact, the rest is three roundings. */
static float int8_element(const layer *l, size_t row, size_t part, size_t column, int *a, int *b)
{
    int64_t sum = 0;
    float row_scale = quantized(l->x + row * l->in, l->in, a);
    float column_scale = quantized(l->w[part] + column * l->in, l->in, b);
    for (size_t k = 0; k < l->in; k++)
        sum += a[k] * b[k];
    return (float)sum * (row_scale * column_scale) + l->b[part][column];
}

static double as_bf16(float x)
{
    return sbj_float_from_bf16(sbj_bf16_from_float(x));
}

/* In double; `size` is what errors are measured by. `both`: the row is rounded like the weights. */
static double bf16_element(const layer *l, size_t row, size_t part, size_t column, bool both, double *size)
{
    double sum = l->b[part][column];
    *size = fabs(sum);
    for (size_t k = 0; k < l->in; k++) {
        const float x = l->x[row * l->in + k];
        double term = (both ? as_bf16(x) : (double)x) * as_bf16(l->w[part][column * l->in + k]);
        sum += term;
        *size += fabs(term);
    }
    return sum;
}

static sbj_tensor upload(ops_device *cpu, size_t rows, size_t columns, const float *x)
{
    sbj_tensor t = tensor(cpu, rows, columns, NULL);
    must_do(sbj_write(cpu->backend, t, x, SBJ_F32, &error), &error);
    return t;
}

/* x W' + b of rows first to first+rows-1; caller frees. */
static float *outputs(ops_device *cpu, const layer *l, sbj_precision precision, size_t first, size_t rows)
{
    const size_t wide = l->parts * l->out;
    sbj_matrix w = {.parts = l->parts, .precision = precision};
    float *y = malloc(rows * wide * sizeof *y);
    for (size_t i = 0; i < l->parts; i++) {
        w.weight[i] = upload(cpu, l->out, l->in, l->w[i]);
        w.bias[i] = upload(cpu, 1, l->out, l->b[i]);
    }
    sbj_linear r = {upload(cpu, rows, l->in, l->x + first * l->in), &w, SBJ_IDENTITY, SBJ_NONE,
                    tensor(cpu, rows, wide, NULL)};
    must_do(sbj_prepare(cpu->backend, cpu->pool, &w, &error), &error);
    float *nothing = malloc(l->out * l->in * sizeof *nothing);
    for (size_t i = 0; i < l->out * l->in; i++)
        nothing[i] = NAN;
    for (size_t i = 0; i < l->parts; i++) /* the packed form is all that is read */
        must_do(sbj_write(cpu->backend, w.weight[i], nothing, SBJ_F32, &error), &error);
    free(nothing);
    must_do(sbj_do_linear(&cpu->run, &r, &error), &error);
    must_do(sbj_read(cpu->backend, r.y, y, SBJ_F32, &error), &error);
    sbj_unprepare(cpu->backend, &w);
    tensors_free(cpu);
    return y;
}

START_TEST(int8_is_the_formula_bit_for_bit)
{
    ops_device cpu;
    if (!have(sets[_i]))
        return;
    ops_open_with(&cpu, "cpu", sets[_i], "packed", 2, SBJ_PRECISION_INT8);
    give_scratch(&cpu, SCRATCH);
    for (size_t s = 0; s < SIZES; s++) {
        layer l = layer_of(&sizes[s]);
        int *a = malloc(l.in * sizeof *a), *b = malloc(l.in * sizeof *b);
        float *y = outputs(&cpu, &l, SBJ_PRECISION_INT8, 0, l.m);
        for (size_t i = 0; i < l.m * l.parts * l.out; i++) {
            size_t row = i / (l.parts * l.out), column = i % (l.parts * l.out);
            float right = int8_element(&l, row, column / l.out, column % l.out, a, b);
            ck_assert_msg(y[i] == right, "%s, %s: row %zu, column %zu: %a, expected %a", sets[_i], sizes[s].name, row,
                          column, (double)y[i], (double)right);
        }
        free(y);
        free(a);
        free(b);
        free_layer(&l);
    }
    ops_close(&cpu);
}
END_TEST

/* Only an instruction set that multiplies pairs of bf16 rounds the left side. */
START_TEST(bf16_rounds_the_weights_and_little_else)
{
    ops_device cpu;
    const sbj_kernels *kernels;
    if (!have(sets[_i]))
        return;
    must_do(sbj_isa_choose(sets[_i], &kernels, &error), &error);
    ck_assert((kernels->bf16 != NULL) == (strcmp(sets[_i], "avx512bf16") == 0 || strcmp(sets[_i], "amx") == 0));
    ops_open_with(&cpu, "cpu", sets[_i], "packed", 2, SBJ_PRECISION_BF16);
    give_scratch(&cpu, SCRATCH);
    for (size_t s = 0; s < SIZES; s++) {
        layer l = layer_of(&sizes[s]);
        float *y = outputs(&cpu, &l, SBJ_PRECISION_BF16, 0, l.m);
        for (size_t i = 0; i < l.m * l.parts * l.out; i++) {
            size_t row = i / (l.parts * l.out), column = i % (l.parts * l.out);
            double size, right = bf16_element(&l, row, column / l.out, column % l.out, kernels->bf16 != NULL, &size);
            ck_assert_msg(fabs(y[i] - right) <= 1e-5 * size, "%s, %s: row %zu, column %zu: %g, expected %g", sets[_i],
                          sizes[s].name, row, column, (double)y[i], right);
        }
        free(y);
        free_layer(&l);
    }
    ops_close(&cpu);
}
END_TEST

static const sbj_precision precisions[] = {SBJ_PRECISION_BF16, SBJ_PRECISION_INT8};

/* Fewer and more rows, other places, 1, 2 and 4 threads. */
START_TEST(a_row_has_the_same_bits_in_any_company)
{
    static const struct size whole = {"", 300, 801, 203, 1};
    static const size_t rows[][2] = {{0, 1}, {256, 1}, {255, 3}, {77, 2}, {100, 13}, {30, 97}, {299, 1}, {0, 300}};
    const char *set = sets[_i / 2];
    const sbj_precision precision = precisions[_i % 2];
    if (!have(set))
        return;
    layer l = layer_of(&whole);
    float *all = NULL;
    for (int threads = 1; threads <= 4; threads *= 2) {
        ops_device cpu;
        ops_open_with(&cpu, "cpu", set, "packed", threads, precision);
        give_scratch(&cpu, SCRATCH);
        if (all == NULL)
            all = outputs(&cpu, &l, precision, 0, l.m);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            float *some = outputs(&cpu, &l, precision, rows[i][0], rows[i][1]);
            ck_assert_msg(memcmp(some, all + rows[i][0] * l.out, rows[i][1] * l.out * sizeof *some) == 0,
                          "%s, %d threads, %zu rows from %zu", set, threads, rows[i][1], rows[i][0]);
            free(some);
        }
        ops_close(&cpu);
    }
    free(all);
    free_layer(&l);
}
END_TEST

/* ---- Rows and weights that are no ordinary numbers -----------------------------------------------------------------
 */

static const struct {
    const char *name;
    float x[3], w[3], y;
} odd_numbers[] = {
    {"a row of zeros", {0, 0, -0.0f}, {1, 2, 3}, 0},
    {"a weight of zeros", {1, 2, 3}, {0, 0, 0}, 0},
    {"too small for a reciprocal", {1e-40f, 0, 0}, {1, 0, 0}, 0},
    {"the largest", {3e38f, 0, 0}, {1, 0, 0}, 3e38f},
    {"infinity", {INFINITY, 1, 1}, {1, 1, 1}, NAN},
    {"minus infinity in a weight", {1, 1, 1}, {1, -INFINITY, 1}, NAN},
    {"NaN", {0, NAN, 1}, {1, 1, 1}, NAN},
    {"NaN in a weight", {0, 0, 1}, {1, 1, NAN}, NAN},
};
enum { ODD_NUMBERS = sizeof odd_numbers / sizeof *odd_numbers };

START_TEST(int8_of_odd_numbers)
{
    const sbj_kernels *kernels;
    if (!have(sets[_i]))
        return;
    must_do(sbj_isa_choose(sets[_i], &kernels, &error), &error);
    for (size_t i = 0; i < ODD_NUMBERS; i++) {
        const size_t groups = (3 + kernels->int8->group - 1) / kernels->int8->group;
        uint32_t words[2] = {~0u, ~0u};
        uint8_t panel[4 * 64];
        float column_scales[64], y = 0;
        const sbj_narrow_row row = kernels->int8->narrow(odd_numbers[i].x, 3, words);
        const sbj_narrow_scales scales = {&row, column_scales};
        kernels->int8->pack_panels((sbj_operand){odd_numbers[i].w, 1, 3}, 3, 1, column_scales, panel);
        kernels->int8->multiply(1, 1, groups, words, groups, panel, sizeof panel, &scales, &y, 1, false);
        ck_assert_msg(isnan(odd_numbers[i].y) ? isnan(y) : fabsf(y - odd_numbers[i].y) <= fabsf(y) * 1e-6f,
                      "%s, %s: %g", sets[_i], odd_numbers[i].name, (double)y);
        ck_assert_int_eq(words[groups - 1] >> (kernels->int8->group == 4 ? 24 : 16), 0);
    }
}
END_TEST

START_TEST(bf16_rounds_as_files_do)
{
    static const float odd[] = {1,      1.00390625f, 1.01171875f, -1.00390625f, 3e38f, 3.4e38f,
                                1e-40f, -0.0f,       INFINITY,    -INFINITY,    NAN,   0x1.fffffep-127f};
    enum { ODD = sizeof odd / sizeof *odd };
    const sbj_kernels *kernels;
    float panels[64 * ODD];
    if (!have(sets[_i]))
        return;
    must_do(sbj_isa_choose(sets[_i], &kernels, &error), &error);
    const size_t half = kernels->gemm->panel_columns / 2;
    float two_columns[ODD][64] = {{0}}; /* column 0 and the one that shares its word */
    for (size_t i = 0; i < ODD; i++)
        two_columns[i][0] = two_columns[i][half] = odd[i];
    kernels->gemm->pack_panels_bf16((sbj_operand){two_columns[0], 64, 1}, ODD, 2 * half, panels);
    for (size_t i = 0; i < ODD; i++) {
        uint32_t word, right = sbj_bf16_from_float(odd[i]);
        memcpy(&word, panels + i * half, sizeof word);
        if (isnan(odd[i]))
            ck_assert(isnan(sbj_float_from_bf16((uint16_t)word)) && isnan(sbj_float_from_bf16((uint16_t)(word >> 16))));
        else
            ck_assert_msg(word == (right << 16 | right), "%s: %g: %x, expected %x twice", sets[_i], (double)odd[i],
                          word, right);
    }
}
END_TEST

/* ---- Packed forms in files -----------------------------------------------------------------------------------------
 */

static uint64_t hash(const unsigned char *data, size_t size)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        h = (h ^ data[i]) * 0x100000001b3u;
    return h;
}

/* The bytes of a matrix that has all edges: they are kept in files. If this fails, SBJ_PACKED_VERSION must be raised,
 * and the numbers here set to those of the new form. */
static const struct {
    const char *set;
    sbj_precision precision;
    uint64_t hash;
} forms[] = {
    {"amx", SBJ_PRECISION_BF16, 0x0da5f61f11a229d9},        {"amx", SBJ_PRECISION_INT8, 0x71e7b43852b99a55},
    {"avx512bf16", SBJ_PRECISION_BF16, 0x0da5f61f11a229d9}, {"avx512bf16", SBJ_PRECISION_INT8, 0x71e7b43852b99a55},
    {"avx512vnni", SBJ_PRECISION_BF16, 0x4343a4afa8745181}, {"avx512vnni", SBJ_PRECISION_INT8, 0x71e7b43852b99a55},
    {"avx512", SBJ_PRECISION_BF16, 0x4343a4afa8745181},     {"avx512", SBJ_PRECISION_INT8, 0x506ce83e1cc1db45},
    {"avx2", SBJ_PRECISION_BF16, 0x50f964c664b9ba71},       {"avx2", SBJ_PRECISION_INT8, 0x3ddfde439fd94e4d},
    {"portable", SBJ_PRECISION_BF16, 0x4f91089fc301e011},   {"portable", SBJ_PRECISION_INT8, 0x6c645dbfe918ce75},
};
enum { FORMS = sizeof forms / sizeof *forms };

START_TEST(packed_forms_are_those_of_this_version)
{
    enum { OUT = 801, IN = 387 };
    ops_device cpu;
    if (!have(forms[_i].set))
        return;
    ops_open_with(&cpu, "cpu", forms[_i].set, "packed", 2, forms[_i].precision);
    float *w = values(OUT, IN, 1);
    sbj_matrix m = {.parts = 2, .precision = forms[_i].precision};
    m.weight[0] = m.weight[1] = upload(&cpu, OUT, IN, w);
    must_do(sbj_prepare(cpu.backend, cpu.pool, &m, &error), &error);
    const size_t size = sbj_packed_size(cpu.backend, &m);
    const unsigned char *data = sbj_packed_data(cpu.backend, &m);
    ck_assert_int_eq(SBJ_PACKED_VERSION, 3);
    ck_assert_msg(hash(data, size) == forms[_i].hash, "%s, %s: the packed form has changed: 0x%llx", forms[_i].set,
                  sbj_precision_name(forms[_i].precision), (unsigned long long)hash(data, size));
    sbj_unprepare(cpu.backend, &m);
    tensors_free(&cpu);
    free(w);
    ops_close(&cpu);
}
END_TEST

/* Adopted bytes do what the matrix that they are from does, and remain the caller's. */
START_TEST(adopted_bytes_are_the_matrix)
{
    enum { M = 5, OUT = 70, IN = 65 };
    const sbj_precision precision = precisions[_i];
    ops_device cpu;
    ops_open_with(&cpu, "cpu", NULL, NULL, 1, precision);
    give_scratch(&cpu, SCRATCH);
    float *w = values(OUT, IN, 1), *x = values(M, IN, 2), first[M * OUT], second[M * OUT];
    sbj_matrix m = {.parts = 1, .precision = precision};
    m.weight[0] = upload(&cpu, OUT, IN, w);
    sbj_linear r = {upload(&cpu, M, IN, x), &m, SBJ_IDENTITY, SBJ_NONE, tensor(&cpu, M, OUT, NULL)};
    must_do(sbj_prepare(cpu.backend, cpu.pool, &m, &error), &error);
    must_do(sbj_do_linear(&cpu.run, &r, &error), &error);
    must_do(sbj_read(cpu.backend, r.y, first, SBJ_F32, &error), &error);
    const size_t size = sbj_packed_size(cpu.backend, &m);
    void *kept = sbj_new_aligned(&sbj_malloc, size);
    memcpy(kept, sbj_packed_data(cpu.backend, &m), size);
    must_do(sbj_adopt(cpu.backend, &m, kept, &error), &error);
    ck_assert_ptr_eq(sbj_packed_data(cpu.backend, &m), kept);
    must_do(sbj_do_linear(&cpu.run, &r, &error), &error);
    must_do(sbj_read(cpu.backend, r.y, second, SBJ_F32, &error), &error);
    ck_assert(memcmp(first, second, sizeof first) == 0);
    must_do(sbj_prepare(cpu.backend, cpu.pool, &m, &error), &error); /* anew, and not into the caller's bytes */
    ck_assert_ptr_ne(sbj_packed_data(cpu.backend, &m), kept);
    sbj_unprepare(cpu.backend, &m);
    sbj_free_aligned(&sbj_malloc, kept);
    tensors_free(&cpu);
    free(w);
    free(x);
    ops_close(&cpu);
}
END_TEST

START_TEST(a_matrix_asks_for_what_the_back_end_was_made_for)
{
    ops_device cpu;
    ops_open_with(&cpu, "cpu", NULL, NULL, 1, SBJ_PRECISION_BF16);
    sbj_matrix m = {.parts = 1, .precision = SBJ_PRECISION_INT8};
    m.weight[0] = tensor(&cpu, 2, 3, NULL);
    ck_assert_int_eq(sbj_prepare(cpu.backend, cpu.pool, &m, &error), SBERTJA_E_INTERNAL);
    ck_assert_str_eq(error.message, "matrix: precision int8, the back end was made for f32 and bf16");
    ck_assert_int_eq(sbj_adopt(cpu.backend, &m, &m, &error), SBERTJA_E_INTERNAL);
    tensors_free(&cpu);
    ops_close(&cpu);
}
END_TEST

SUITE_MAIN("cpu_precision", 60, {int8_is_the_formula_bit_for_bit, SETS},
           {bf16_rounds_the_weights_and_little_else, SETS}, {a_row_has_the_same_bits_in_any_company, 2 * SETS},
           {int8_of_odd_numbers, SETS}, {bf16_rounds_as_files_do, SETS},
           {packed_forms_are_those_of_this_version, FORMS}, {adopted_bytes_are_the_matrix, 2},
           {a_matrix_asks_for_what_the_back_end_was_made_for, 0})
