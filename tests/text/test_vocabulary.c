/* vocab.txt: lines, ids, and faults by name. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/failing_alloc.h"
#include "support/scratch.h"
#include "text/utf8.h"
#include "text/vocabulary.h"

static sbj_span span(const char *text)
{
    return (sbj_span){text, strlen(text)};
}

/* As Python reads the same bytes: open(..., encoding="utf-8").readlines(), each without its "\n". */
static const struct {
    const char *name, *content;
    size_t count;
    const char *token;
    int32_t id;
} cases[] = {
    {"one line", "a\n", 1, "a", 0},
    {"no line feed at the end", "a\nb", 2, "b", 1},
    {"carriage returns before line feeds", "a\r\nb\r\n", 2, "b", 1},
    {"carriage returns alone", "a\rb\rc", 3, "c", 2},
    {"carriage return at the very end", "a\nb\r", 2, "b", 1},
    {"empty line in between", "a\n\nb\n", 3, "b", 2},
    {"empty lines at the end", "a\nb\n\n\n", 2, "b", 1},
    {"empty file", "", 0, "a", -1},
    {"blanks belong to the token", " a \n", 1, " a ", 0},
    {"and are not taken off", " a \n", 1, "a", -1},
    {"other line separators belong to the token", "a\xE2\x80\xA8z\nb", 2, "a\xE2\x80\xA8z", 0},
    {"the last of equal tokens", "a\nb\na\nb\na\n", 5, "a", 4},
    {"a prefix is another token", "ab\n", 1, "a", -1},
    {"an extension is another token", "ab\n", 1, "abc", -1},
    {"byte order mark, where Python would keep it", "\xEF\xBB\xBF[PAD]\nb\n", 2, "[PAD]", 0},
    {"only a byte order mark", "\xEF\xBB\xBF", 0, "", -1},
    {"kanji", "東京\n京都\n", 2, "京都", 1},
};
enum { CASES = sizeof cases / sizeof *cases };

START_TEST(lines)
{
    const char *path = scratch_file("vocab.txt", cases[_i].content, strlen(cases[_i].content));
    sbj_vocabulary vocabulary;
    sbertja_error error = {SBERTJA_OK, ""};
    ck_assert_msg(sbj_vocabulary_load(&sbj_malloc, path, &vocabulary, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_msg(vocabulary.count == cases[_i].count, "%s: %zu", cases[_i].name, vocabulary.count);
    int32_t id = sbj_vocabulary_find(&vocabulary, span(cases[_i].token));
    ck_assert_msg(id == cases[_i].id, "%s: id %d", cases[_i].name, (int)id);
    if (id >= 0)
        ck_assert_str_eq(sbj_vocabulary_text(&vocabulary, id).text, cases[_i].token);
    sbj_vocabulary_free(&vocabulary);
    scratch_clear();
}
END_TEST

START_TEST(every_token_is_found)
{
    const char *path = "tests/data/vocab.txt";
    sbj_vocabulary vocabulary;
    ck_assert_int_eq(sbj_vocabulary_load(&sbj_malloc, path, &vocabulary, NULL), SBERTJA_OK);
    ck_assert_uint_eq(vocabulary.count, 1532);
    for (size_t i = 0; i < vocabulary.count; i++)
        ck_assert_int_eq(sbj_vocabulary_find(&vocabulary, sbj_vocabulary_text(&vocabulary, (int32_t)i)), i);
    sbj_vocabulary_free(&vocabulary);
}
END_TEST

/* The key of a text, and its characters. */
static uint64_t read_key(sbj_span text, uint32_t characters[8], size_t *count)
{
    uint64_t key = 0;
    size_t bytes;
    *count = 0;
    for (size_t at = 0; at < text.length; at += bytes, (*count)++) {
        characters[*count] = sbj_utf8_next(text.text + at, &bytes);
        key = sbj_vocabulary_key(key, *count, characters[*count]);
    }
    return key;
}

/* Keys of more than three characters are not the characters themselves: the token's characters decide. */
START_TEST(equal_keys)
{
    static const char content[] = "東京ab\n##東abcd\n東京a\n##東\n";
    static const struct {
        const char *key_of;
        bool is_rest;
        uint32_t characters[5];
        size_t count;
        int32_t id;
    } lookups[] = {
        {"東京ab", false, {0x6771, 0x4EAC, 'a', 'b'}, 4, 0},
        {"東京ab", false, {0x6771, 0x4EAC, 'a', 'c'}, 4, -1},
        {"東京ab", false, {0x4EAC, 0x6771, 'a', 'b'}, 4, -1},
        {"東京ab", false, {0x6771, 0x4EAC, 'a'}, 3, -1},
        {"東京ab", false, {0x6771, 0x4EAC, 'a', 'b', 'c'}, 5, -1},
        {"東京ab", true, {'a', 'b'}, 2, -1},
        {"##東abcd", true, {0x6771, 'a', 'b', 'c', 'd'}, 5, 1},
        {"##東abcd", true, {0x4EAC, 'a', 'b', 'c', 'd'}, 5, -1},
        {"##東abcd", true, {0x6771, 'a', 'b', 'c'}, 4, -1},
        {"東京a", false, {0x6771, 0x4EAC, 'a'}, 3, 2},
        {"##東", true, {0x6771}, 1, 3},
        {"##東", false, {'#', '#', 0x6771}, 3, 3},
        {"東京b", false, {0x6771, 0x4EAC, 'b'}, 3, -1},
        {"東", false, {0x6771}, 1, -1},
        {"", false, {0}, 0, -1},
    };
    sbj_vocabulary vocabulary;
    ck_assert_int_eq(
        sbj_vocabulary_load(&sbj_malloc, scratch_file("vocab.txt", content, sizeof content - 1), &vocabulary, NULL),
        SBERTJA_OK);
    for (size_t i = 0; i < sizeof lookups / sizeof *lookups; i++) {
        uint32_t characters[8];
        size_t count;
        const uint64_t key = read_key(span(lookups[i].key_of), characters, &count);
        ck_assert_msg(sbj_vocabulary_find_key(&vocabulary, key, lookups[i].is_rest, lookups[i].characters,
                                              lookups[i].count) == lookups[i].id,
                      "lookup %zu", i);
    }
    sbj_vocabulary_free(&vocabulary);
    scratch_clear();
}
END_TEST

/* Longer keys differ, too, where the last characters change places. */
START_TEST(keys_of_like_tokens)
{
    static const char *const tokens[] = {"abcd", "abdc", "abcde", "abdce", "##ab", "##ba", "東京都庁", "東京庁都"};
    enum { COUNT = sizeof tokens / sizeof *tokens };
    uint64_t keys[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        uint32_t characters[8];
        size_t count;
        keys[i] = read_key(span(tokens[i]), characters, &count);
        for (size_t before = 0; before < i; before++)
            ck_assert_msg(keys[before] != keys[i], "%s, %s", tokens[before], tokens[i]);
    }
}
END_TEST

/* Keys of three characters have room for the largest, and a NUL is not the empty token. */
START_TEST(unusual_characters)
{
    static const char content[] = "\0\n\0\0\n\xF4\x8F\xBF\xBF\xF4\x8F\xBF\xBF\xF4\x8F\xBF\xBF\n\n𠮷野\n";
    static const struct {
        sbj_span text;
        int32_t id;
    } lookups[] = {
        {{"\0", 1}, 0},
        {{"\0\0", 2}, 1},
        {{"\0\0\0", 3}, -1},
        {{"\xF4\x8F\xBF\xBF\xF4\x8F\xBF\xBF\xF4\x8F\xBF\xBF", 12}, 2},
        {{"\xF4\x8F\xBF\xBF\xF4\x8F\xBF\xBF", 8}, -1},
        {{"", 0}, 3},
        {{"𠮷野", 7}, 4},
        {{"𠮷", 4}, -1},
    };
    sbj_vocabulary vocabulary;
    ck_assert_int_eq(
        sbj_vocabulary_load(&sbj_malloc, scratch_file("vocab.txt", content, sizeof content - 1), &vocabulary, NULL),
        SBERTJA_OK);
    ck_assert_uint_eq(vocabulary.count, 5);
    for (size_t i = 0; i < sizeof lookups / sizeof *lookups; i++) {
        uint32_t characters[8];
        size_t count;
        const uint64_t key = read_key(lookups[i].text, characters, &count);
        ck_assert_int_eq(sbj_vocabulary_find(&vocabulary, lookups[i].text), lookups[i].id);
        ck_assert_int_eq(sbj_vocabulary_find_key(&vocabulary, key, false, characters, count), lookups[i].id);
    }
    sbj_vocabulary_free(&vocabulary);
    scratch_clear();
}
END_TEST

START_TEST(longer_than_any_word)
{
    static char content[70000 + 4];
    memset(content, 'a', 70000);
    memcpy(content + 70000, "\nb\n", 4);
    sbj_vocabulary vocabulary;
    ck_assert_int_eq(sbj_vocabulary_load(&sbj_malloc, scratch_file("vocab.txt", content, 70003), &vocabulary, NULL),
                     SBERTJA_OK);
    ck_assert_int_eq(sbj_vocabulary_find(&vocabulary, (sbj_span){content, 70000}), 0);
    ck_assert_int_eq(sbj_vocabulary_find(&vocabulary, (sbj_span){content, 69999}), -1);
    ck_assert_int_eq(sbj_vocabulary_find(&vocabulary, span("b")), 1);
    sbj_vocabulary_free(&vocabulary);
    scratch_clear();
}
END_TEST

START_TEST(faults)
{
    char path[512], message[1020];
    sbj_vocabulary vocabulary;
    sbertja_error error;
    snprintf(path, sizeof path, "%s", scratch_file("vocab.txt", "a\nb\nc\xFFz\n", 8));
    ck_assert_int_eq(sbj_vocabulary_load(&sbj_malloc, path, &vocabulary, &error), SBERTJA_E_FORMAT);
    snprintf(message, sizeof message, "%s: line 3: invalid UTF-8 at byte 1", path);
    ck_assert_str_eq(error.message, message);
    scratch_file("vocab.txt", "\xFE\xFF\0a", 4);
    ck_assert_int_eq(sbj_vocabulary_load(&sbj_malloc, path, &vocabulary, &error), SBERTJA_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(error.message, "vocab.txt: begins with the byte order mark of UTF-16"));
    scratch_clear();
    ck_assert_int_eq(sbj_vocabulary_load(&sbj_malloc, path, &vocabulary, &error), SBERTJA_E_IO);
    ck_assert_ptr_nonnull(strstr(error.message, path));
}
END_TEST

START_TEST(size_is_limited)
{
    const size_t count = (1 << 22) + 1;
    char *content = malloc(2 * count);
    sbj_vocabulary vocabulary;
    sbertja_error error;
    for (size_t i = 0; i < count; i++)
        memcpy(content + 2 * i, "a\n", 2);
    const char *path = scratch_file("vocab.txt", content, 2 * count);
    free(content);
    ck_assert_int_eq(sbj_vocabulary_load(&sbj_malloc, path, &vocabulary, &error), SBERTJA_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(error.message, "vocab.txt: 4194305 lines, expected at most 4194304"));
    scratch_clear();
}
END_TEST

START_TEST(allocations_fail)
{
    failing_alloc heap;
    size_t n = 0;
    do {
        sbj_vocabulary vocabulary;
        failing_alloc_init(&heap, ++n);
        sbertja_status status = sbj_vocabulary_load(&heap.alloc, "tests/data/vocab.txt", &vocabulary, NULL);
        ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
        if (status == SBERTJA_OK)
            sbj_vocabulary_free(&vocabulary);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
    ck_assert_uint_gt(n, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text/vocabulary");
    TCase *tcase = tcase_create("vocabulary");
    tcase_add_loop_test(tcase, lines, 0, CASES);
    tcase_add_test(tcase, every_token_is_found);
    tcase_add_test(tcase, equal_keys);
    tcase_add_test(tcase, keys_of_like_tokens);
    tcase_add_test(tcase, unusual_characters);
    tcase_add_test(tcase, longer_than_any_word);
    tcase_add_test(tcase, faults);
    tcase_add_test(tcase, size_is_limited);
    tcase_add_test(tcase, allocations_fail);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
