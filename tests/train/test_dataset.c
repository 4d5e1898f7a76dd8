/* Examples: copied, alike, and whole when memory runs out. */
#include <string.h>

#include "support/failing_alloc.h"
#include "support/suite.h"
#include "train/dataset.h"

/* The caller's memory may go at once; NUL bytes belong to a text whose length is given; a text may be empty. */
START_TEST(copies)
{
    char first[] = "a\0b", second[] = "";
    const char *const texts[] = {first, second};
    const size_t lengths[] = {3, 0};
    sbj_dataset *d;
    ck_assert(sbj_dataset_create(&sbj_malloc, &d, NULL) == SBERTJA_OK);
    ck_assert(sbj_dataset_add(d, texts, lengths, 2, 0.25, NULL) == SBERTJA_OK);
    ck_assert(sbj_dataset_add(d, texts, NULL, 2, -1, NULL) == SBERTJA_OK);
    memset(first, 'x', 3);
    ck_assert(d->examples == 2 && d->groups == 2);
    ck_assert(d->lengths[0] == 3 && memcmp(d->texts[0], "a\0b", 4) == 0);
    ck_assert(d->lengths[1] == 0 && d->lengths[2] == 1 && strcmp(d->texts[2], "a") == 0);
    ck_assert(d->labels[0] == 0.25 && d->labels[1] == -1);
    sbj_dataset_free(d);
}
END_TEST

START_TEST(numbers_of_texts)
{
    static const struct {
        size_t first, second; /* texts of two examples */
        sbertja_status status;
        const char *message;
    } cases[] = {{1, 1, SBERTJA_OK, ""},
                 {8, 8, SBERTJA_OK, ""},
                 {3, 2, SBERTJA_E_ARGUMENT, "example 1: 2 texts, the ones before have 3"},
                 {2, 3, SBERTJA_E_ARGUMENT, "example 1: 3 texts, the ones before have 2"},
                 {1, 0, SBERTJA_E_ARGUMENT, "example 1: 0 texts, expected 1 to 8"},
                 {1, 9, SBERTJA_E_ARGUMENT, "example 1: 9 texts, expected 1 to 8"}};
    static const char *const texts[9] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    sbertja_error error = {SBERTJA_OK, ""};
    sbj_dataset *d;
    ck_assert(sbj_dataset_create(&sbj_malloc, &d, NULL) == SBERTJA_OK);
    ck_assert(sbj_dataset_add(d, texts, NULL, cases[_i].first, 0, &error) == SBERTJA_OK);
    ck_assert_int_eq(sbj_dataset_add(d, texts, NULL, cases[_i].second, 0, &error), cases[_i].status);
    ck_assert_str_eq(error.message, cases[_i].message);
    ck_assert_uint_eq(d->examples, cases[_i].status == SBERTJA_OK ? 2 : 1);
    sbj_dataset_free(d);
}
END_TEST

/* After a failed allocation the examples so far are there, and the same one can be added again. */
START_TEST(out_of_memory)
{
    enum { EXAMPLES = 20 };
    static const char *const texts[] = {"anchor", "positive", "negative"};
    failing_alloc heap;
    size_t n = 0;
    do {
        sbertja_error error;
        sbj_dataset *d = NULL;
        failing_alloc_init(&heap, ++n);
        while (sbj_dataset_create(&heap.alloc, &d, &error) != SBERTJA_OK)
            ck_assert(error.status == SBERTJA_E_MEMORY && d == NULL && failing_alloc_live(&heap) == 0);
        for (size_t i = 0; i < EXAMPLES;) {
            const sbertja_status status = sbj_dataset_add(d, texts, NULL, 3, (double)i, &error);
            ck_assert(status == SBERTJA_OK || (status == SBERTJA_E_MEMORY && failing_alloc_failed(&heap)));
            i += status == SBERTJA_OK;
            ck_assert_uint_eq(d->examples, i);
        }
        for (size_t i = 0; i < EXAMPLES; i++)
            ck_assert(d->labels[i] == (double)i && strcmp(d->texts[3 * i + 1], "positive") == 0);
        sbj_dataset_free(d);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
}
END_TEST

SUITE_MAIN("train/dataset", 20, {copies, 0}, {numbers_of_texts, 6}, {out_of_memory, 0})
