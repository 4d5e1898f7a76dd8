/* Work in proportion to a text's length, counted: how often the dictionary is asked, and how far each question looks. */
#include <check.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"
#include "support/words.h"
#include "text/dictionary.h"
#include "text/mecab.h"
#include "text/viterbi.h"

static size_t lookups, seen; /* questions, and the bytes in front of them */

/* In place of libmecab's; its own search does not come by here. */
__attribute__((visibility("default"))) mecab_node_t *mecab_model_lookup(mecab_model_t *model, const char *begin,
                                                                        const char *end, mecab_lattice_t *lattice)
{
    mecab_node_t *(*own)(mecab_model_t *, const char *, const char *, mecab_lattice_t *);
    *(void **)&own = dlsym(RTLD_NEXT, "mecab_model_lookup");
    lookups++;
    seen += (size_t)(end - begin);
    return own(model, begin, end, lattice);
}

typedef struct stopper {
    size_t asked, stop_at; /* 0: never */
    size_t last, longest;  /* lookups between two questions */
} stopper;

static bool stops(void *context)
{
    stopper *s = context;
    if (s->asked++ > 0 && lookups - s->last > s->longest)
        s->longest = lookups - s->last;
    s->last = lookups;
    return s->asked == s->stop_at;
}

static sbertja_status cut(const char *text, stopper *s, words *found, sbertja_error *error)
{
    sbj_dictionary_search search = {.kind = "ipadic"};
    sbj_mecab *mecab;
    sbj_mecab_parser *parser;
    const char *kind;
    char *folder;
    ck_assert_int_eq(sbj_dictionary_find(&sbj_malloc, &search, &kind, &folder, error), SBERTJA_OK);
    ck_assert_int_eq(sbj_mecab_open(&sbj_malloc, folder, &mecab, error), SBERTJA_OK);
    ck_assert_int_eq(sbj_mecab_parser_create(mecab, &parser, error), SBERTJA_OK);
    sbj_mecab_parser_interrupt(parser, (sbj_interrupt){stops, s});
    words_init(found);
    lookups = seen = 0;
    const sbertja_status status = sbj_mecab_words(parser, (sbj_span){text, strlen(text)}, words_take, found, error);
    sbj_mecab_parser_free(parser);
    sbj_mecab_close(mecab);
    sbj_free(&sbj_malloc, folder);
    return status;
}

static char *repeated(const char *unit, size_t bytes)
{
    sbj_strbuf text = SBJ_STRBUF(&sbj_malloc);
    while (text.length < bytes)
        sbj_strbuf_text(&text, unit);
    ck_assert(!text.failed);
    return text.text;
}

/* Kinds of characters that libmecab joins to one unknown word: it would look at the rest of the run at each of them. */
static const char *const joined[] = {"ー", "a", "9", "９", "。", "あ", "ア", "Ω", "é", "!", "\r", "한", "😀", "𠮷", "aア😀"};
enum { JOINED = sizeof joined / sizeof *joined };

START_TEST(a_run_is_looked_at_once)
{
    static const size_t sizes[] = {2500, 30000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *text = repeated(joined[_i], sizes[i]);
        const size_t size = strlen(text);
        stopper s = {0};
        sbertja_error error;
        words found;
        ck_assert_int_eq(cut(text, &s, &found, &error), SBERTJA_OK);
        ck_assert_msg(lookups > 0, "%zu bytes were left to libmecab's own search", size);
        ck_assert_uint_le(lookups, 2 * size);
        ck_assert_uint_le(seen, lookups * (SBJ_LOOKAHEAD + 3));
        words_free(&found);
        sbj_free(&sbj_malloc, text);
    }
}
END_TEST

/* Ordinary texts of ordinary length are libmecab's. */
START_TEST(a_short_text_is_left_to_libmecab)
{
    char *text = repeated("冷却水が漏れたので、ポンプを止めた。", 10000);
    stopper s = {0};
    sbertja_error error;
    words found;
    ck_assert_int_eq(cut(text, &s, &found, &error), SBERTJA_OK);
    ck_assert_uint_eq(lookups, 0);
    words_free(&found);
    sbj_free(&sbj_malloc, text);
}
END_TEST

/* However long nothing is certain about the words, the question whether to stop comes after at most 16,384 lookups. */
START_TEST(it_can_be_stopped_anywhere)
{
    char *text = repeated(joined[_i], 70000);
    stopper s = {0}, third = {.stop_at = 3};
    sbertja_error error;
    words found;
    ck_assert_int_eq(cut(text, &s, &found, &error), SBERTJA_OK);
    ck_assert_uint_ge(s.asked, strlen(text) / 16384);
    ck_assert_uint_le(s.longest, 16384);
    words_free(&found);
    ck_assert_int_eq(cut(text, &third, &found, &error), SBERTJA_E_STOPPED);
    ck_assert_uint_eq(third.asked, 3);
    words_free(&found);
    sbj_free(&sbj_malloc, text);
}
END_TEST

SUITE_MAIN("text/viterbi", 60, {a_run_is_looked_at_once, JOINED}, {a_short_text_is_left_to_libmecab, 0},
           {it_can_be_stopped_anywhere, JOINED})
