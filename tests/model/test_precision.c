/* Models in bf16 and int8: how far their vectors are from those in f32, and what they do not depend on. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/encode.h"
#include "support/processor.h"
#include "support/reference.h"
#include "support/suite.h"

static const char *const directories[] = {"bert",  "hf-bin-half", "hf-safetensors-bf16",
                                          "model", "model-0.4.1", "model-cls-dense-normalize"};
enum { DIRECTORIES = sizeof directories / sizeof *directories };

static const sbj_precision precisions[] = {SBJ_PRECISION_BF16, SBJ_PRECISION_INT8};

static sbj_model *load(const char *directory, sbj_precision precision, const char *instructions)
{
    const sbj_model_options options = {
        .alloc = sbj_malloc, .device = "cpu", .instructions = instructions, .precision = precision};
    sbertja_error error;
    sbj_model *model = NULL;
    ck_assert_msg(sbj_model_load(directory, &options, &model, &error) == SBERTJA_OK, "%s", error.message);
    return model;
}

static double cosine(const float *a, const float *b, size_t n)
{
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; i++) {
        ab += (double)a[i] * b[i];
        aa += (double)a[i] * a[i];
        bb += (double)b[i] * b[i];
    }
    return ab / sqrt(aa * bb);
}

/* docs/NUMERICS.md: bf16 at least 0.999 for every sentence, int8 at least 0.99 on average. */
static void compare(const reference *r, const char *directory)
{
    sbj_model *exact = load(reference_path(r, directory), SBJ_PRECISION_F32, NULL);
    const size_t width = exact->network.width;
    float *right = malloc(r->count * width * sizeof *right), *vectors = malloc(r->count * width * sizeof *vectors);
    encode_texts(exact, 2, 0, (const char *const *)r->texts, r->count, right);
    for (size_t p = 0; p < 2; p++) {
        sbj_model *model = load(reference_path(r, directory), precisions[p], NULL);
        double sum = 0, least = 1;
        encode_texts(model, 2, 0, (const char *const *)r->texts, r->count, vectors);
        /* Weights that are stored in bf16 lose nothing, where the left sides of products are not rounded too. */
        const bool same =
            precisions[p] == SBJ_PRECISION_BF16 && strstr(directory, "bf16") != NULL && !processor_multiplies_bf16();
        ck_assert((memcmp(vectors, right, r->count * width * sizeof *right) == 0) == same);
        for (size_t i = 0; i < r->count; i++) {
            const double c = cosine(vectors + i * width, right + i * width, width);
            sum += c;
            least = c < least ? c : least;
        }
        const bool good = p == 0 ? least >= 0.999 : sum / (double)r->count >= 0.99;
        ck_assert_msg(good, "%s/%s, %s: cosine with f32: mean %.6f, least %.6f", r->folder, directory,
                      sbj_precision_name(precisions[p]), sum / (double)r->count, least);
        sbj_model_free(model);
    }
    free(right);
    free(vectors);
    sbj_model_free(exact);
}

START_TEST(vectors_are_near_those_in_f32)
{
    char folders[8][512];
    const size_t count = reference_folders(folders);
    for (size_t f = 0; f < count; f++) {
        reference r;
        reference_open(&r, folders[f]);
        compare(&r, directories[_i]);
        reference_close(&r);
    }
}
END_TEST

/* The same texts in other orders, batches and numbers of threads: the same bits. */
START_TEST(independent_of_the_rest)
{
    static const struct {
        int threads;
        size_t budget;
    } ways[] = {{1, 0}, {2, 0}, {4, 0}, {1, 1}, {2, 70}, {4, 333}, {2, 100000}};
    reference r;
    reference_open(&r, "tests/data/tiny");
    sbj_model *model = load("tests/data/tiny/model", precisions[_i], NULL);
    const size_t width = model->network.width, n = r.count;
    float *first = malloc(n * width * sizeof *first), *other = malloc(n * width * sizeof *other);
    encode_texts(model, 2, 0, (const char *const *)r.texts, n, first);
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        const char *texts[REFERENCE_MOST_TEXTS];
        for (size_t i = 0; i < n; i++) /* another order in each way; 97 is prime */
            texts[i] = r.texts[(i * (2 * w + 5) % 97) % n];
        encode_texts(model, ways[w].threads, ways[w].budget, texts, n, other);
        for (size_t i = 0; i < n; i++)
            ck_assert_msg(
                memcmp(other + i * width, first + (i * (2 * w + 5) % 97) % n * width, width * sizeof *other) == 0,
                "way %zu, text %zu", w, i);
    }
    free(first);
    free(other);
    sbj_model_free(model);
    reference_close(&r);
}
END_TEST

START_TEST(the_description_says_it)
{
    char wanted[40];
    sbj_model *model = load("tests/data/tiny/model", (sbj_precision)_i, "portable");
    snprintf(wanted, sizeof wanted, "\"precision\":\"%s\"", sbj_precision_name((sbj_precision)_i));
    ck_assert_ptr_nonnull(strstr(model->description, wanted));
    sbj_model_free(model);
}
END_TEST

SUITE_MAIN("model/precision", 60, {vectors_are_near_those_in_f32, DIRECTORIES}, {independent_of_the_rest, 2},
           {the_description_says_it, 3})
