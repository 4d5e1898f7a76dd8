/* MeCab: words, runs longer than its 16-bit lengths, dictionaries that are broken. */
#include <check.h>
#include <mecab.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/failing_alloc.h"
#include "support/folders.h"
#include "support/words.h"
#include "text/dictionary.h"
#include "text/mecab.h"

/* MeCab itself leaks what it had made of a dictionary when it gives it up as broken; nothing else here is C++. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libmecab\nleak:libstdc++\n";
}

static char *ipadic; /* the system's */
static sbj_mecab *mecab;

static void setup(void)
{
    sbj_dictionary_search search = {.kind = "ipadic"};
    const char *kind;
    sbertja_error error;
    ck_assert_msg(sbj_dictionary_find(&sbj_malloc, &search, &kind, &ipadic, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_msg(sbj_mecab_open(&sbj_malloc, ipadic, &mecab, &error) == SBERTJA_OK, "%s", error.message);
}

static void teardown(void)
{
    sbj_mecab_close(mecab);
    sbj_free(&sbj_malloc, ipadic);
}

static void cut(const char *text, size_t length, words *found)
{
    sbj_mecab_parser *parser;
    sbertja_error error;
    words_init(found);
    ck_assert_int_eq(sbj_mecab_parser_create(mecab, &parser, &error), SBERTJA_OK);
    sbertja_status status = sbj_mecab_words(parser, (sbj_span){text, length}, words_take, found, &error);
    ck_assert_msg(status == SBERTJA_OK, "%s", error.message);
    sbj_mecab_parser_free(parser);
}

static const struct {
    const char *name, *text;
    size_t length; /* 0: up to the NUL */
    const char *words;
} cases[] = {
    {"empty", "", 0, ""},
    {"a sentence", "すもももももももものうち", 0, "すもも|も|もも|も|もも|の|うち"},
    {"blanks only", " \t\n  ", 0, ""},
    {"blanks between", "東京  京都\t大阪\n神戸", 0, "東京|京都|大阪|神戸"},
    {"blanks at the ends", " 東京 ", 0, "東京"},
    {"an ideographic blank is a word", "東京　京都", 0, "東京|　|京都"},
    {"a carriage return is one too", "東京\r京都", 0, "東京|\r|京都"},
    {"unknown words", "ヷヸヹ", 0, "ヷヸヹ"},
};
enum { CASES = sizeof cases / sizeof *cases };

START_TEST(words_of_texts)
{
    words found;
    cut(cases[_i].text, cases[_i].length > 0 ? cases[_i].length : strlen(cases[_i].text), &found);
    ck_assert_msg(strcmp(words_text(&found), cases[_i].words) == 0, "%s: %s", cases[_i].name, words_text(&found));
    words_free(&found);
}
END_TEST

/* What follows the text in memory is not looked at: words there do not count, and an unreadable page does no harm. */
START_TEST(nothing_past_the_end)
{
    static const char *const texts[] = {" ", "\n", "東京 ", "東京 \t\n ", "東京", "e"};
    static const char after[] = "東京特許許可局長官今日急遽休暇許可拒否";
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(pages, MAP_FAILED);
    ck_assert_int_eq(mprotect(pages + page, page, PROT_NONE), 0);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const size_t length = strlen(texts[i]);
        words alone, found;
        char followed[256];
        snprintf(followed, sizeof followed, "%s%s", texts[i], after);
        cut(texts[i], length, &alone);
        cut(followed, length, &found);
        ck_assert_str_eq(words_text(&found), words_text(&alone));
        words_free(&found);
        memcpy(pages + page - length, texts[i], length);
        cut(pages + page - length, length, &found);
        ck_assert_str_eq(words_text(&found), words_text(&alone));
        words_free(&found);
        words_free(&alone);
    }
    munmap(pages, 2 * page);
}
END_TEST

START_TEST(the_sink_stops)
{
    sbj_mecab_parser *parser;
    words found;
    words_init(&found);
    found.most = 2;
    ck_assert_int_eq(sbj_mecab_parser_create(mecab, &parser, NULL), SBERTJA_OK);
    const char *text = "すもももももももものうち";
    ck_assert_int_eq(sbj_mecab_words(parser, (sbj_span){text, strlen(text)}, words_take, &found, NULL), SBERTJA_OK);
    ck_assert_str_eq(words_text(&found), "すもも|も");
    words_free(&found);
    sbj_mecab_parser_free(parser);
}
END_TEST

/* `before`, `count` times `unit`, `after`. */
static char *run_of(const char *before, const char *unit, size_t count, const char *after)
{
    sbj_strbuf text = SBJ_STRBUF(&sbj_malloc);
    sbj_strbuf_text(&text, before);
    for (size_t i = 0; i < count; i++)
        sbj_strbuf_text(&text, unit);
    sbj_strbuf_text(&text, after);
    ck_assert(!text.failed);
    return text.text;
}

static const struct {
    const char *name, *before, *unit;
    size_t count;
    const char *after, *words;
} blank_runs[] = {
    {"shorter than a length can be", "犬", " ", 65000, "猫", "犬|猫"},
    {"with the word just as long", "犬", " ", 65532, "猫", "犬|猫"},
    {"with the word one too long", "犬", " ", 65533, "猫", "犬|猫"},
    {"as long as wraps to nothing", "犬", " ", 65536, "猫", "犬|猫"},
    {"100000", "犬", " ", 100000, "猫", "犬|猫"},
    {"twice around", "犬", " ", 131072, "猫", "犬|猫"},
    {"of several kinds", "犬", " \t\n", 40000, "猫", "犬|猫"},
    {"at the start", "", " ", 100000, "猫", "猫"},
    {"at the end", "犬", " ", 100000, "", "犬"},
    {"nothing else", "", " ", 100000, "", ""},
};
enum { BLANK_RUNS = sizeof blank_runs / sizeof *blank_runs };

START_TEST(long_runs_of_blanks)
{
    char *text = run_of(blank_runs[_i].before, blank_runs[_i].unit, blank_runs[_i].count, blank_runs[_i].after);
    words found;
    cut(text, strlen(text), &found);
    ck_assert_msg(strcmp(words_text(&found), blank_runs[_i].words) == 0, "%s: %.99s", blank_runs[_i].name,
                  words_text(&found));
    words_free(&found);
    sbj_free(&sbj_malloc, text);
}
END_TEST

/* Runs of characters over 65535 bytes: the words, side by side, are the text. */
static const struct {
    const char *unit;
    size_t count;
} runs[] = {{"あ", 100000}, {"１", 22000}, {"ー", 22000}, {"𠮷", 17000}, {"東京", 20000}};
enum { RUNS = sizeof runs / sizeof *runs };

START_TEST(long_runs_of_characters)
{
    char *text = run_of("犬", runs[_i].unit, runs[_i].count, "猫");
    words found;
    cut(text, strlen(text), &found);
    const char *at = text;
    for (const char *word = words_text(&found); *word != '\0'; word++)
        if (*word != '|' && *word != *at++)
            ck_abort_msg("%s: byte %zu", runs[_i].unit, (size_t)(at - text));
    ck_assert_uint_eq((size_t)(at - text), strlen(text));
    ck_assert_int_eq(strncmp(words_text(&found), "犬|", strlen("犬|")), 0);
    words_free(&found);
    sbj_free(&sbj_malloc, text);
}
END_TEST

/* A run of blanks is shortened without a change to the words around it. */
START_TEST(long_texts_with_long_blanks)
{
    char *blanks = run_of("", " ", 70000, ""), *once, *again;
    const char *sentence = "冷却水が漏れたので、ポンプを止めた。";
    words expected, found;
    once = run_of(sentence, blanks, 1, sentence);
    again = run_of(once, " ", 1, once);
    cut(again, strlen(again), &found);
    char *plain = run_of(sentence, " ", 1, sentence), *four = run_of(plain, " ", 1, plain);
    cut(four, strlen(four), &expected);
    ck_assert_str_eq(words_text(&found), words_text(&expected));
    words_free(&expected);
    words_free(&found);
    char *const all[] = {blanks, once, again, plain, four};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        sbj_free(&sbj_malloc, all[i]);
}
END_TEST

/* What libmecab itself finds in a text. */
static void cut_by_libmecab(const char *text, words *found)
{
    mecab_t *tagger = mecab_new(5, (char *[]){"mecab", "-d", ipadic, "-r", "/dev/null"});
    words_init(found);
    ck_assert_ptr_nonnull(tagger);
    for (const mecab_node_t *n = mecab_sparse_tonode(tagger, text)->next; n->stat != MECAB_EOS_NODE; n = n->next)
        words_take(found, (sbj_span){n->surface, n->length});
    mecab_destroy(tagger);
}

/* Pieces of texts in a random order: sentences, blanks of several lengths, runs of characters that are joined or not. */
static char *random_text(unsigned seed, size_t bytes)
{
    static const char *const pieces[] = {"冷却水が漏れたので、ポンプを止めた。", "すもももももももものうち", "東京都", "ー",
                                         "abc", "ＸＹＺ", "123", "１２", "ヷヸヹ", " ", "   ", "\n", "　", "。", "!?", "に",
                                         "を", "機械学習モデル", "𠮷野家", "é", "Ω", "ｶﾞ", "ゝゝ", "〇一二"};
    sbj_strbuf text = SBJ_STRBUF(&sbj_malloc);
    while (text.length < bytes) {
        seed = seed * 1103515245u + 12345u;
        const char *piece = pieces[(seed >> 16) % (sizeof pieces / sizeof *pieces)];
        for (unsigned i = seed >> 24 & 31; i > 0 && i < 29; i -= i > 3 ? 3 : i) /* some of them several times */
            sbj_strbuf_text(&text, piece);
        sbj_strbuf_text(&text, piece);
    }
    ck_assert(!text.failed);
    return text.text;
}

/* A text too long for libmecab's search, and one with runs that are, have the words that it finds. */
START_TEST(long_texts_have_the_same_words)
{
    char *text = random_text((unsigned)_i, _i % 2 == 0 ? 200000 : 3000), *run = run_of("", "ア", 600, "です。");
    char *both = run_of(text, run, 1, text);
    words expected, found;
    cut_by_libmecab(both, &expected);
    cut(both, strlen(both), &found);
    ck_assert_uint_eq(found.count, expected.count);
    ck_assert(strcmp(words_text(&found), words_text(&expected)) == 0);
    words_free(&expected);
    words_free(&found);
    sbj_free(&sbj_malloc, text);
    sbj_free(&sbj_malloc, run);
    sbj_free(&sbj_malloc, both);
}
END_TEST

/* 300,000 characters of one kind: libmecab alone would look 20 thousand characters ahead from each. */
START_TEST(runs_take_time_in_proportion)
{
    static const char *const units[] = {"ー", "a", "９", "。", "あ", "水", "ア", "𠮷", "😀"};
    char *text = run_of("犬", units[_i], 300000, "猫");
    words found;
    cut(text, strlen(text), &found);
    ck_assert_uint_gt(found.count, 2);
    words_free(&found);
    sbj_free(&sbj_malloc, text);
}
END_TEST

static bool stop_at_once(void *asked)
{
    ++*(int *)asked;
    return true;
}

START_TEST(a_long_text_can_be_stopped)
{
    char *text = random_text(1, 1000000);
    sbj_mecab_parser *parser;
    sbertja_error error;
    words found;
    int asked = 0;
    ck_assert_int_eq(sbj_mecab_parser_create(mecab, &parser, NULL), SBERTJA_OK);
    sbj_mecab_parser_interrupt(parser, (sbj_interrupt){stop_at_once, &asked});
    words_init(&found);
    const sbj_span whole = {text, strlen(text)};
    ck_assert_int_eq(sbj_mecab_words(parser, whole, words_take, &found, &error), SBERTJA_E_STOPPED);
    ck_assert_int_eq(asked, 1);
    ck_assert_str_eq(error.message, "stopped after 0 of 1000050 bytes of a text");
    sbj_mecab_parser_interrupt(parser, (sbj_interrupt){NULL, NULL});
    ck_assert_int_eq(sbj_mecab_words(parser, (sbj_span){text, 54}, words_take, &found, &error), SBERTJA_OK);
    words_free(&found);
    sbj_mecab_parser_free(parser);
    sbj_free(&sbj_malloc, text);
}
END_TEST

/* A dictionary whose file `name` is cut at `size` bytes; the others are the system's. */
static char *cut_dictionary(const char *cut_file, size_t size)
{
    static const char *const files[] = {"sys.dic", "unk.dic", "matrix.bin", "char.bin", "dicrc"};
    char *folder = folders_path("d");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char name[64], from[512];
        snprintf(name, sizeof name, "d/%s", files[i]);
        snprintf(from, sizeof from, "%s/%s", ipadic, files[i]);
        if (strcmp(files[i], cut_file) == 0) {
            folders_copy(from, name, size);
            continue;
        }
        char *path = folders_path(name);
        ck_assert_int_eq(symlink(from, path), 0);
        free(path);
    }
    return folder;
}

static const struct {
    const char *file;
    size_t size;
} broken[] = {{"unk.dic", 0},       {"unk.dic", 71},     {"unk.dic", 72},    {"unk.dic", 4000}, {"matrix.bin", 0},
              {"matrix.bin", 3},    {"matrix.bin", 400}, {"char.bin", 0},    {"char.bin", 3},   {"char.bin", 100},
              {"char.bin", 262495}, {"sys.dic", 72},     {"sys.dic", 100000}};
enum { BROKEN = sizeof broken / sizeof *broken };

START_TEST(broken_dictionaries)
{
    char *folder = cut_dictionary(broken[_i].file, broken[_i].size);
    sbj_mecab *opened;
    sbertja_error error;
    sbertja_status status = sbj_mecab_open(&sbj_malloc, folder, &opened, &error);
    ck_assert_msg(status == SBERTJA_E_FORMAT && opened == NULL, "%s cut at %zu", broken[_i].file, broken[_i].size);
    ck_assert_msg(strstr(error.message, folder) != NULL, "%s", error.message);
    if (strcmp(broken[_i].file, "char.bin") == 0) {
        char found[64];
        snprintf(found, sizeof found, "found %zu bytes", broken[_i].size);
        ck_assert_msg(strstr(error.message, found) != NULL, "%s", error.message);
    }
    free(folder);
    folders_clear();
}
END_TEST

/* The dictionary's own mecabrc is read: a user dictionary that it names must be there. */
START_TEST(own_mecabrc)
{
    char *folder = cut_dictionary("dicrc", SIZE_MAX);
    sbj_mecab *opened;
    sbertja_error error;
    folders_write("d/mecabrc", "; nothing\n", 10);
    ck_assert_int_eq(sbj_mecab_open(&sbj_malloc, folder, &opened, &error), SBERTJA_OK);
    sbj_mecab_close(opened);
    folders_write("d/mecabrc", "userdic = /nonexistent/user.dic\n", 32);
    ck_assert_int_eq(sbj_mecab_open(&sbj_malloc, folder, &opened, &error), SBERTJA_E_FORMAT);
    ck_assert_msg(strstr(error.message, "user.dic") != NULL, "%s", error.message);
    free(folder);
    folders_clear();
}
END_TEST

START_TEST(allocations_fail)
{
    failing_alloc heap;
    size_t n = 0;
    char *text = run_of("犬", " ", 100000, "猫");
    do {
        sbj_mecab *opened = NULL;
        sbj_mecab_parser *parser = NULL;
        words found;
        words_init(&found);
        failing_alloc_init(&heap, ++n);
        sbertja_status status = sbj_mecab_open(&heap.alloc, ipadic, &opened, NULL);
        if (status == SBERTJA_OK)
            status = sbj_mecab_parser_create(opened, &parser, NULL);
        if (status == SBERTJA_OK)
            status = sbj_mecab_words(parser, (sbj_span){text, strlen(text)}, words_take, &found, NULL);
        ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
        sbj_mecab_parser_free(parser);
        sbj_mecab_close(opened);
        words_free(&found);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
    ck_assert_uint_gt(n, 4);
    sbj_free(&sbj_malloc, text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text/mecab");
    TCase *tcase = tcase_create("mecab");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, words_of_texts, 0, CASES);
    tcase_add_test(tcase, nothing_past_the_end);
    tcase_add_test(tcase, the_sink_stops);
    tcase_add_loop_test(tcase, long_runs_of_blanks, 0, BLANK_RUNS);
    tcase_add_loop_test(tcase, long_runs_of_characters, 0, RUNS);
    tcase_add_test(tcase, long_texts_with_long_blanks);
    tcase_add_loop_test(tcase, long_texts_have_the_same_words, 0, 12);
    tcase_add_loop_test(tcase, runs_take_time_in_proportion, 0, 9);
    tcase_add_test(tcase, a_long_text_can_be_stopped);
    tcase_add_loop_test(tcase, broken_dictionaries, 0, BROKEN);
    tcase_add_test(tcase, own_mecabrc);
    tcase_add_test(tcase, allocations_fail);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
