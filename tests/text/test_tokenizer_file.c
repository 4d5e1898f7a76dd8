/* The tokenizer's files: what is refused and why (tests/invalid/tokenizer), what is read, and that what is saved is
 * read back the same. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing_alloc.h"
#include "support/folders.h"
#include "support/scratch.h"
#include "text/tokenizer.h"

static const char invalid[] = "tests/invalid/tokenizer", vocabulary[] = "tests/data/vocab.txt";

static sbertja_status load(const sbj_alloc *alloc, const char *folder, sbj_tokenizer **tokenizer, sbertja_error *error)
{
    const sbj_tokenizer_options options = {.alloc = alloc};
    char *path = folders_path(folder);
    sbertja_status status = sbj_tokenizer_load(path, &options, tokenizer, error);
    ck_assert((status == SBERTJA_OK) == (*tokenizer != NULL));
    free(path);
    return status;
}

static void write_model(const char *config, const char *specials, const char *added)
{
    folders_copy(vocabulary, "m/vocab.txt", SIZE_MAX);
    folders_write("m/tokenizer_config.json", config, strlen(config));
    if (specials != NULL)
        folders_write("m/special_tokens_map.json", specials, strlen(specials));
    if (added != NULL)
        folders_write("m/added_tokens.json", added, strlen(added));
}

/* NAME.json is a tokenizer_config.json; NAME.message holds the status, and the message without the folder. */
static void expect_refused(const char *name)
{
    char path[512];
    size_t size;
    sbj_tokenizer *tokenizer = NULL;
    sbertja_error error = {SBERTJA_OK, ""};
    snprintf(path, sizeof path, "%s/%s.json", invalid, name);
    char *config = scratch_read(path, &size);
    snprintf(path, sizeof path, "%s/%s.message", invalid, name);
    char *expected = scratch_read(path, &size), *line = strchr(expected, '\n');
    *line++ = '\0';
    line[strcspn(line, "\n")] = '\0';
    write_model(config, NULL, NULL);
    sbertja_status status = load(&sbj_malloc, "m", &tokenizer, &error);
    ck_assert_msg(strcmp(sbertja_status_name(status), expected) == 0, "%s: %s: %s", name, sbertja_status_name(status),
                  error.message);
    char *folder = folders_path("m/");
    ck_assert_msg(strncmp(error.message, folder, strlen(folder)) == 0 &&
                      strcmp(error.message + strlen(folder), line) == 0,
                  "%s: %s", name, error.message);
    free(folder);
    free(config);
    free(expected);
    folders_clear();
}

START_TEST(refused)
{
    DIR *list = opendir(invalid);
    int count = 0;
    ck_assert_ptr_nonnull(list);
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        char name[256];
        char *end = strstr(entry->d_name, ".json");
        if (end == NULL)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(end - entry->d_name), entry->d_name);
        expect_refused(name);
        count++;
    }
    closedir(list);
    ck_assert_int_ge(count, 27);
}
END_TEST

static const struct {
    const char *name, *config, *specials, *added;
    sbj_tokenizer_config read;
} cases[] = {
    {"as sentence-transformers 0.4.1 wrote it",
     "{\"do_lower_case\": false, \"word_tokenizer_type\": \"basic\"}",
     NULL,
     NULL,
     {.basic = true, .normalize = true, .dictionary = "ipadic", .mask = "[MASK]"}},
    {"MeCab without mecab_kwargs is ipadic",
     "{\"word_tokenizer_type\": \"mecab\", \"subword_tokenizer_type\": \"character\", \"model_max_length\": 512}",
     NULL,
     NULL,
     {.character = true, .normalize = true, .dictionary = "ipadic", .model_max_length = 512, .mask = "[MASK]"}},
    {"null is absent",
     "{\"word_tokenizer_type\": \"mecab\", \"mecab_kwargs\": null, \"do_lower_case\": null, \"never_split\": null}",
     NULL,
     NULL,
     {.normalize = true, .dictionary = "ipadic", .mask = "[MASK]"}},
    {"the class alone is basic",
     "{\"tokenizer_class\": \"BertJapaneseTokenizer\"}",
     NULL,
     NULL,
     {.basic = true, .normalize = true, .dictionary = "ipadic", .mask = "[MASK]"}},
    {"no NFKC",
     "{\"word_tokenizer_type\": \"mecab\", \"mecab_kwargs\": {\"mecab_dic\": \"ipadic\", \"normalize_text\": false, "
     "\"mecab_option\": \"\"}}",
     NULL,
     NULL,
     {.dictionary = "ipadic", .mask = "[MASK]"}},
    {"a length that is no limit",
     "{\"word_tokenizer_type\": \"basic\", \"model_max_length\": 1000000000000000019884624838656}",
     NULL,
     NULL,
     {.basic = true, .normalize = true, .dictionary = "ipadic", .mask = "[MASK]"}},
    {"tokens as objects",
     "{\"word_tokenizer_type\": \"basic\", \"mask_token\": {\"content\": \"の\", \"lstrip\": false}}",
     NULL,
     NULL,
     {.basic = true, .normalize = true, .dictionary = "ipadic", .mask = "の"}},
    {"special_tokens_map.json has the last word",
     "{\"word_tokenizer_type\": \"basic\", \"mask_token\": \"[MASK]\"}",
     "{\"mask_token\": \"た\"}",
     NULL,
     {.basic = true, .normalize = true, .dictionary = "ipadic", .mask = "た"}},
    {"but not where added tokens are listed",
     "{\"word_tokenizer_type\": \"basic\", \"added_tokens_decoder\": {\"4\": {\"content\": \"[MASK]\"}}}",
     "{\"mask_token\": \"た\"}",
     NULL,
     {.basic = true, .normalize = true, .dictionary = "ipadic", .mask = "[MASK]"}},
    {"an empty added_tokens.json",
     "{\"word_tokenizer_type\": \"basic\"}",
     NULL,
     "{}",
     {.basic = true, .normalize = true, .dictionary = "ipadic", .mask = "[MASK]"}},
    {"special ones in added_tokens.json",
     "{\"word_tokenizer_type\": \"basic\"}",
     NULL,
     "{\"[MASK]\": 4, \"[CLS]\": 2}",
     {.basic = true, .normalize = true, .dictionary = "ipadic", .mask = "[MASK]"}},
};
enum { CASES = sizeof cases / sizeof *cases };

static void expect_same_config(const sbj_tokenizer_config *a, const sbj_tokenizer_config *b, const char *name)
{
    ck_assert_msg(a->basic == b->basic && a->character == b->character && a->lower_case == b->lower_case &&
                      a->normalize == b->normalize && strcmp(a->dictionary, b->dictionary) == 0 &&
                      a->model_max_length == b->model_max_length && strcmp(a->mask, b->mask) == 0,
                  "%s", name);
}

START_TEST(configs)
{
    const sbj_tokenizer_config *expected = &cases[_i].read;
    sbj_tokenizer *tokenizer = NULL;
    sbertja_error error;
    write_model(cases[_i].config, cases[_i].specials, cases[_i].added);
    ck_assert_msg(load(&sbj_malloc, "m", &tokenizer, &error) == SBERTJA_OK, "%s: %s", cases[_i].name, error.message);
    expect_same_config(sbj_tokenizer_get_config(tokenizer), expected, cases[_i].name);
    ck_assert_uint_eq(sbj_tokenizer_max_tokens(tokenizer), expected->model_max_length);
    ck_assert((sbj_tokenizer_dictionary(tokenizer)[0] == '\0') == expected->basic);
    sbj_tokenizer_free(tokenizer);
    folders_clear();
}
END_TEST

START_TEST(added_file_refused)
{
    sbj_tokenizer *tokenizer;
    sbertja_error error;
    write_model("{\"word_tokenizer_type\": \"basic\"}", NULL, "{\"[NEW]\": 1532}");
    ck_assert_int_eq(load(&sbj_malloc, "m", &tokenizer, &error), SBERTJA_E_UNSUPPORTED);
    ck_assert_msg(strstr(error.message, "added_tokens.json: ") != NULL && strstr(error.message, "[NEW]") != NULL, "%s",
                  error.message);
    folders_clear();
}
END_TEST

START_TEST(missing_files)
{
    static const char *const files[] = {"m/vocab.txt", "m/tokenizer_config.json"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        sbj_tokenizer *tokenizer;
        sbertja_error error;
        write_model("{\"word_tokenizer_type\": \"basic\"}", NULL, NULL);
        char *path = folders_path(files[i]);
        ck_assert_int_eq(remove(path), 0);
        ck_assert_int_eq(load(&sbj_malloc, "m", &tokenizer, &error), SBERTJA_E_IO);
        ck_assert_msg(strstr(error.message, path) != NULL, "%s", error.message);
        free(path);
        folders_clear();
    }
}
END_TEST

/* No cut config is read as something else. */
START_TEST(config_cut_at_every_byte)
{
    const char *path = "tests/data/tiny/tokenizer.basic_wordpiece/tokenizer_config.json";
    size_t size;
    char *content = scratch_read(path, &size), *end = strrchr(content, '}');
    folders_copy(vocabulary, "m/vocab.txt", SIZE_MAX);
    for (size_t cut = 0; cut <= (size_t)(end - content); cut++) {
        sbj_tokenizer *tokenizer;
        sbertja_error error;
        folders_copy(path, "m/tokenizer_config.json", cut);
        ck_assert_msg(load(&sbj_malloc, "m", &tokenizer, &error) == SBERTJA_E_FORMAT, "cut at %zu", cut);
    }
    free(content);
    folders_clear();
}
END_TEST

/* ---- Saving ---- */

static const char *const variants[] = {
    "mecab_ipadic_wordpiece", "mecab_ipadic_wordpiece_lower", "mecab_ipadic_wordpiece_raw", "mecab_ipadic_character",
    "basic_wordpiece",        "basic_wordpiece_lower"};
enum { VARIANTS = sizeof variants / sizeof *variants };

static void expect_same_file(const char *a, const char *b)
{
    size_t a_size, b_size;
    char *a_content = scratch_read(a, &a_size), *b_content = scratch_read(b, &b_size);
    ck_assert_uint_eq(a_size, b_size);
    ck_assert_int_eq(memcmp(a_content, b_content, a_size), 0);
    free(a_content);
    free(b_content);
}

START_TEST(saved_and_read_back)
{
    const sbj_tokenizer_options options = {.alloc = &sbj_malloc, .max_tokens = 64};
    char from[512];
    sbj_tokenizer *tokenizer, *again;
    sbertja_error error;
    snprintf(from, sizeof from, "tests/data/tiny/tokenizer.%s", variants[_i]);
    ck_assert_msg(sbj_tokenizer_load(from, &options, &tokenizer, &error) == SBERTJA_OK, "%s", error.message);
    char *saved = folders_path("s"), *written = folders_path("s/vocab.txt");
    ck_assert_msg(sbj_tokenizer_save(tokenizer, saved, 48, false, NULL, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_msg(load(&sbj_malloc, "s", &again, &error) == SBERTJA_OK, "%s", error.message);
    expect_same_file(vocabulary, written);
    sbj_tokenizer_config expected = *sbj_tokenizer_get_config(tokenizer);
    expected.model_max_length = 48;
    expect_same_config(sbj_tokenizer_get_config(again), &expected, variants[_i]);
    free(saved);
    free(written);
    sbj_tokenizer_free(tokenizer);
    sbj_tokenizer_free(again);
    folders_clear();
}
END_TEST

START_TEST(from_a_vocabulary_alone)
{
    sbj_tokenizer_config config;
    const sbj_tokenizer_options options = {.alloc = &sbj_malloc, .max_tokens = 32};
    sbj_tokenizer *tokenizer;
    sbertja_error error;
    sbj_tokenizer_config_init(&config);
    config.basic = false;
    ck_assert_msg(sbj_tokenizer_create(vocabulary, &config, &options, &tokenizer, &error) == SBERTJA_OK, "%s",
                  error.message);
    ck_assert_uint_eq(sbj_tokenizer_vocabulary_size(tokenizer), 1532);
    sbj_tokenizer_free(tokenizer);
    snprintf(config.dictionary, sizeof config.dictionary, "naist-jdic");
    ck_assert_int_eq(sbj_tokenizer_create(vocabulary, &config, &options, &tokenizer, &error), SBERTJA_E_UNSUPPORTED);
    ck_assert_ptr_null(tokenizer);
}
END_TEST

START_TEST(allocations_fail_while_saving)
{
    size_t n = 0;
    for (bool failed = true; failed;) {
        failing_alloc heap;
        const sbj_tokenizer_options options = {.alloc = &heap.alloc};
        sbj_tokenizer *tokenizer;
        failing_alloc_init(&heap, 0);
        ck_assert_int_eq(sbj_tokenizer_load("tests/data/tiny/tokenizer.basic_wordpiece", &options, &tokenizer, NULL),
                         SBERTJA_OK);
        heap.fail_at = failing_alloc_calls(&heap) + ++n;
        char *saved = folders_path("s"), *inside = folders_path("s/x");
        sbertja_status status = sbj_tokenizer_save(tokenizer, saved, 48, false, NULL, NULL);
        failed = failing_alloc_failed(&heap);
        ck_assert_int_eq(status, failed ? SBERTJA_E_MEMORY : SBERTJA_OK);
        sbj_tokenizer_free(tokenizer);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
        free(saved);
        free(inside);
    }
    ck_assert_uint_gt(n, 5);
    folders_clear();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text/tokenizer_file");
    TCase *tcase = tcase_create("files");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, refused);
    tcase_add_loop_test(tcase, configs, 0, CASES);
    tcase_add_test(tcase, added_file_refused);
    tcase_add_test(tcase, missing_files);
    tcase_add_test(tcase, config_cut_at_every_byte);
    tcase_add_loop_test(tcase, saved_and_read_back, 0, VARIANTS);
    tcase_add_test(tcase, from_a_vocabulary_alone);
    tcase_add_test(tcase, allocations_fail_while_saving);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
