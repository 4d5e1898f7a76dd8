/* Tokens and ids of BertJapaneseTokenizer, for every variant of tests/data. */
#include <check.h>
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/reference.h"
#include "text/tokenizer.h"

static const char *const variants[] = {
    "mecab_ipadic_wordpiece",      "mecab_ipadic_wordpiece_lower", "mecab_ipadic_wordpiece_raw",
    "mecab_ipadic_character",      "mecab_unidic_lite_wordpiece",  "basic_wordpiece",
    "basic_wordpiece_lower"};
enum { VARIANTS = sizeof variants / sizeof *variants };

/* The folder of the Python package unidic_lite, or "" where there is none. */
static void find_unidic_lite(char *folder, size_t room)
{
    const char *named = getenv("SBERTJA_TEST_UNIDIC_LITE");
    folder[0] = '\0';
    if (named != NULL) {
        snprintf(folder, room, "%s", named);
        return;
    }
    FILE *python = popen("python3 -c 'import unidic_lite; print(unidic_lite.DICDIR)' 2>/dev/null", "r");
    if (python != NULL) {
        if (fgets(folder, (int)room, python) != NULL)
            folder[strcspn(folder, "\n")] = '\0';
        pclose(python);
    }
}

static void check_line(sbj_encoding *encoding, const cJSON *line, const char *variant)
{
    const char *text = cJSON_GetObjectItem(line, "text")->valuestring;
    const cJSON *tokens = cJSON_GetObjectItem(line, "tokens"), *ids = cJSON_GetObjectItem(line, "ids");
    sbertja_error error;
    size_t count, i = 0;
    ck_assert_msg(sbj_encoding_ids_of(encoding, text, strlen(text), &error) == SBERTJA_OK, "%s: %s: %s", variant, text,
                  error.message);
    const int32_t *ours = sbj_encoding_ids(encoding, &count);
    for (const cJSON *t = tokens->child; t != NULL; t = t->next, i++) {
        const char *token = sbj_encoding_token(encoding, i);
        ck_assert_msg(token != NULL && strcmp(token, t->valuestring) == 0, "%s: %s: token %zu: %s, expected %s",
                      variant, text, i, token ? token : "none", t->valuestring);
    }
    ck_assert_msg(i == sbj_encoding_token_count(encoding), "%s: %s: %zu tokens, expected %zu", variant, text,
                  sbj_encoding_token_count(encoding), i);
    i = 0;
    for (const cJSON *id = ids->child; id != NULL; id = id->next, i++)
        ck_assert_msg(i < count && ours[i] == id->valueint, "%s: %s: id %zu", variant, text, i);
    ck_assert_msg(i == count, "%s: %s: %zu ids, expected %zu", variant, text, count, i);
}

static void check_variant(const char *folder, const char *variant, const char *dictionary)
{
    char path[1024], *line = NULL;
    size_t room = 0, lines = 0;
    const sbj_tokenizer_options options = {.alloc = &sbj_malloc, .dictionary = dictionary, .max_tokens = 64};
    sbertja_error error;
    sbj_tokenizer *tokenizer = NULL;
    sbj_encoding *encoding = NULL;
    snprintf(path, sizeof path, "%s/tokenizer.%s", folder, variant);
    ck_assert_msg(sbj_tokenizer_load(path, &options, &tokenizer, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_msg(sbj_encoding_create(tokenizer, &encoding, &error) == SBERTJA_OK, "%s", error.message);
    snprintf(path, sizeof path, "%s/tokens.%s.jsonl", folder, variant);
    FILE *file = fopen(path, "r");
    ck_assert(file != NULL);
    while (getline(&line, &room, file) > 0) {
        cJSON *json = cJSON_Parse(line);
        ck_assert(json != NULL);
        check_line(encoding, json, variant);
        cJSON_Delete(json);
        lines++;
    }
    ck_assert(lines > 100);
    free(line);
    fclose(file);
    sbj_encoding_free(encoding);
    sbj_tokenizer_free(tokenizer);
}

START_TEST(references)
{
    char folders[8][512], unidic_lite[512];
    const char *variant = variants[_i], *dictionary = NULL;
    if (strstr(variant, "unidic_lite") != NULL) {
        find_unidic_lite(unidic_lite, sizeof unidic_lite);
        if (unidic_lite[0] == '\0') {
            printf("SKIP: text/tokenizer %s: the Python package unidic-lite is not installed\n", variant);
            return;
        }
        dictionary = unidic_lite;
    }
    const size_t count = reference_folders(folders);
    for (size_t f = 0; f < count; f++)
        check_variant(folders[f], variant, dictionary);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text/tokenizer");
    TCase *cases = tcase_create("against BertJapaneseTokenizer");
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, references, 0, VARIANTS);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
