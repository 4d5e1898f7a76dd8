/* Normalization: known results, and that pieces give what the whole gives. */
#include <check.h>
#include <stdlib.h>
#include <utf8proc.h>

#include "support/failing_alloc.h"
#include "text/normalize.h"
#include "text/utf8.h"
#include "util/rng.h"

/* Results of Python's unicodedata.normalize. */
static const struct {
    const char *name;
    sbj_form form;
    const char *text, *result;
} cases[] = {
    {"nothing to do", SBJ_NFKC, "漢字とかなとASCII", "漢字とかなとASCII"},
    {"empty", SBJ_NFKC, "", ""},
    {"full-width letters and digits", SBJ_NFKC, "ＡＢＣ１２３", "ABC123"},
    {"half-width kana", SBJ_NFKC, "ｱｲｳ", "アイウ"},
    {"half-width kana with marks", SBJ_NFKC, "ﾊﾟﾌﾞ", "パブ"},
    {"mark composes with the kana before", SBJ_NFKC, "か\xE3\x82\x99さ", "がさ"},
    {"mark at the start", SBJ_NFKC, "\xE3\x82\x99か", "\xE3\x82\x99か"},
    {"mark after ASCII", SBJ_NFKC, "e\xCC\x81t", "ét"},
    {"compatibility characters", SBJ_NFKC, "㌔①㈱…～", "キロ1(株)...~"},
    {"ideographic blank", SBJ_NFKC, "あ　い", "あ い"},
    {"marks in the wrong order", SBJ_NFKC, "a\xCC\x81\xCC\xA3", "ạ\xCC\x81"},
    {"Hangul letters", SBJ_NFKC, "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", "한"},
    {"Hangul syllable and a final", SBJ_NFKC, "하\xE1\x86\xAB", "한"},
    {"outside the basic plane", SBJ_NFKC, "𝐀😀丽", "A😀丽"},
    {"composition exclusion", SBJ_NFKC, "\xE0\xA5\x98", "\xE0\xA4\x95\xE0\xA4\xBC"},
    {"NFC leaves widths alone", SBJ_NFC, "Ａｱか\xE3\x82\x99", "Ａｱが"},
    {"NFD takes marks apart", SBJ_NFD, "がé",
     "か\xE3\x82\x99"
     "e\xCC\x81"},
    {"NFD takes syllables apart", SBJ_NFD, "한", "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB"},
};
enum { CASES = sizeof cases / sizeof *cases };

static sbj_normalizer normalizer;

START_TEST(known)
{
    sbj_normalize_scratch scratch = {&sbj_malloc, NULL, 0};
    sbj_strbuf out = SBJ_STRBUF(&sbj_malloc);
    sbj_span text = {cases[_i].text, strlen(cases[_i].text)}, result;
    sbertja_error error;
    ck_assert_int_eq(sbj_normalize(&normalizer, cases[_i].form, text, &scratch, &out, &result, &error), SBERTJA_OK);
    sbj_span expected = {cases[_i].result, strlen(cases[_i].result)};
    ck_assert_msg(sbj_span_equal(result, expected), "%s: %.*s", cases[_i].name, (int)result.length, result.text);
    sbj_strbuf_free(&out);
    sbj_normalize_scratch_free(&scratch);
}
END_TEST

static void expect_as_whole(sbj_span text, sbj_normalize_scratch *scratch, sbj_strbuf *out)
{
    static const utf8proc_option_t options[] = {UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT,
                                                UTF8PROC_STABLE | UTF8PROC_COMPOSE,
                                                UTF8PROC_STABLE | UTF8PROC_DECOMPOSE};
    for (int form = SBJ_NFKC; form <= SBJ_NFD; form++) {
        utf8proc_uint8_t *whole;
        sbj_span result;
        utf8proc_ssize_t length =
            utf8proc_map((const utf8proc_uint8_t *)text.text, (utf8proc_ssize_t)text.length, &whole, options[form]);
        sbertja_status status = sbj_normalize(&normalizer, (sbj_form)form, text, scratch, out, &result, NULL);
        if (length < 0 || status != SBERTJA_OK || !sbj_span_equal(result, (sbj_span){(char *)whole, (size_t)length}))
            ck_abort_msg("form %d of %.*s", form, (int)text.length, text.text);
        free(whole);
    }
}

/* Each character after one that much composes with, and before one that composes with much. */
START_TEST(every_character)
{
    sbj_normalize_scratch scratch = {&sbj_malloc, NULL, 0};
    sbj_strbuf out = SBJ_STRBUF(&sbj_malloc);
    for (uint32_t c = 1; c < 0x20000; c++) {
        char text[16] = "e";
        if (c >= 0xD800 && c < 0xE000)
            continue;
        size_t length = 1 + sbj_utf8_put(c, text + 1);
        length += sbj_utf8_put(0x0301, text + length);
        expect_as_whole((sbj_span){text, length}, &scratch, &out);
    }
    sbj_strbuf_free(&out);
    sbj_normalize_scratch_free(&scratch);
}
END_TEST

static uint32_t random_character(sbj_rng *rng)
{
    static const struct {
        uint32_t first, count;
    } blocks[] = {{0x20, 95},    {0x300, 112},    {0x3040, 192},  {0x3300, 256},  {0xFF00, 240},
                  {0x1100, 256}, {0xAC00, 11172}, {0x900, 0x400}, {0x1D100, 256}, {0x10000, 0x20000}};
    uint64_t block = sbj_rng_below(rng, sizeof blocks / sizeof *blocks);
    return blocks[block].first + (uint32_t)sbj_rng_below(rng, blocks[block].count);
}

START_TEST(random_texts)
{
    sbj_normalize_scratch scratch = {&sbj_malloc, NULL, 0};
    sbj_strbuf out = SBJ_STRBUF(&sbj_malloc);
    sbj_rng rng = sbj_rng_make(7, 0);
    for (int i = 0; i < 5000; i++) {
        char text[4 * 24];
        size_t length = 0, count = (size_t)sbj_rng_below(&rng, 24);
        while (count-- > 0)
            length += sbj_utf8_put(random_character(&rng), text + length);
        expect_as_whole((sbj_span){text, length}, &scratch, &out);
    }
    sbj_strbuf_free(&out);
    sbj_normalize_scratch_free(&scratch);
}
END_TEST

START_TEST(allocations_fail)
{
    failing_alloc heap;
    size_t n = 0;
    do {
        failing_alloc_init(&heap, ++n);
        sbj_normalize_scratch scratch = {&heap.alloc, NULL, 0};
        sbj_strbuf out = SBJ_STRBUF(&heap.alloc);
        sbj_span text = {"一二三ﾊﾟｶﾞ四五六㍿㍿㍿㍿", strlen("一二三ﾊﾟｶﾞ四五六㍿㍿㍿㍿")}, result;
        sbertja_status status = sbj_normalize(&normalizer, SBJ_NFKC, text, &scratch, &out, &result, NULL);
        ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
        /* The scratch is good for another text. */
        ck_assert_int_eq(sbj_normalize(&normalizer, SBJ_NFKC, text, &scratch, &out, &result, NULL), SBERTJA_OK);
        sbj_strbuf_free(&out);
        sbj_normalize_scratch_free(&scratch);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
    ck_assert_uint_gt(n, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text/normalize");
    TCase *tcase = tcase_create("normalize");
    sbj_normalizer_init(&normalizer);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, known, 0, CASES);
    tcase_add_test(tcase, every_character);
    tcase_add_test(tcase, random_texts);
    tcase_add_test(tcase, allocations_fail);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
