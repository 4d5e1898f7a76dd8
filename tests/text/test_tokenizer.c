/* Tokens and ids of BertJapaneseTokenizer, for every variant of tests/data; limits, threads, memory. */
#include <check.h>
#include <cjson/cJSON.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing_alloc.h"
#include "support/reference.h"
#include "text/tokenizer.h"

static const char *const variants[] = {"mecab_ipadic_wordpiece",      "mecab_ipadic_wordpiece_lower",
                                       "mecab_ipadic_wordpiece_raw",  "mecab_ipadic_character",
                                       "mecab_unidic_lite_wordpiece", "basic_wordpiece",
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

/* ---- Edges, one vocabulary ---- */

static const char tiny[] = "tests/data/tiny";

static sbj_tokenizer *open_tokenizer(const sbj_alloc *alloc, const char *variant, size_t max_tokens)
{
    const sbj_tokenizer_options options = {.alloc = alloc, .max_tokens = max_tokens};
    char path[512];
    sbertja_error error;
    sbj_tokenizer *tokenizer = NULL;
    snprintf(path, sizeof path, "%s/tokenizer.%s", tiny, variant);
    ck_assert_msg(sbj_tokenizer_load(path, &options, &tokenizer, &error) == SBERTJA_OK, "%s", error.message);
    return tokenizer;
}

/* Results of transformers' BertJapaneseTokenizer. */
static const struct {
    const char *name, *variant, *text;
    size_t length; /* 0: up to the NUL */
    const char *tokens;
} edges[] = {
    {"empty", "mecab_ipadic_wordpiece", "", 0, ""},
    {"blanks only", "mecab_ipadic_wordpiece", " \t\n　 ", 0, ""},
    {"an ideographic blank without NFKC", "mecab_ipadic_wordpiece_raw", "の　た", 0, "の た"},
    {"special tokens are cut out first", "mecab_ipadic_wordpiece", "の[MASK] です[SEP]", 0, "の [MASK] です [SEP]"},
    {"whatever their neighbours are", "basic_wordpiece", "の[MASK]た", 0, "の [MASK] た"},
    {"full-width ones are none", "mecab_ipadic_character", "［ＭＡＳＫ］", 0, "[ M A S K ]"},
    {"nor are those in lower case", "basic_wordpiece_lower", "[mask]", 0, "[ m ##a ##s ##k ]"},
    {"NUL is dropped, where BertJapaneseTokenizer cuts", "mecab_ipadic_wordpiece", "で\0す", 7, "です"},
    {"also before a special token", "mecab_ipadic_wordpiece", "で\0す[SEP]です\0", 19, "です [SEP] です"},
    {"nothing but NUL", "mecab_ipadic_wordpiece", "\0\0", 2, ""},
    {"for basic NUL is no character", "basic_wordpiece", "の\0た", 7, "の ##た"},
    {"a special token that NUL hid", "basic_wordpiece_lower", "[MA\0SK]", 7, "[MASK]"},
    {"marks fall with lower case", "basic_wordpiece_lower", "が", 0, "か"},
};
enum { EDGES = sizeof edges / sizeof *edges };

START_TEST(texts_at_the_edge)
{
    sbj_tokenizer *tokenizer = open_tokenizer(&sbj_malloc, edges[_i].variant, 0);
    sbj_encoding *encoding = NULL;
    char joined[512] = "";
    sbertja_error error;
    size_t length = edges[_i].length > 0 ? edges[_i].length : strlen(edges[_i].text), ids;
    ck_assert_int_eq(sbj_encoding_create(tokenizer, &encoding, &error), SBERTJA_OK);
    ck_assert_int_eq(sbj_encoding_ids_of(encoding, edges[_i].text, length, &error), SBERTJA_OK);
    size_t count = sbj_encoding_token_count(encoding);
    for (size_t i = 0; i < count; i++)
        snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s%s", i > 0 ? " " : "",
                 sbj_encoding_token(encoding, i));
    ck_assert_msg(strcmp(joined, edges[_i].tokens) == 0, "%s: %s", edges[_i].name, joined);
    ck_assert_ptr_null(sbj_encoding_token(encoding, count));
    const int32_t *values = sbj_encoding_ids(encoding, &ids);
    ck_assert_uint_eq(ids, count + 2);
    ck_assert_int_eq(values[0], 2);
    ck_assert_int_eq(values[ids - 1], 3);
    sbj_encoding_free(encoding);
    sbj_tokenizer_free(tokenizer);
}
END_TEST

/* Ids are cut, tokens are not. */
START_TEST(limits)
{
    static const size_t most[] = {2, 3, 5, 8, 9, 64};
    for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
        sbj_tokenizer *tokenizer = open_tokenizer(&sbj_malloc, "mecab_ipadic_wordpiece", most[i]);
        sbj_encoding *encoding = NULL;
        const char *text = "の の の の の の";
        size_t count;
        ck_assert_uint_eq(sbj_tokenizer_max_tokens(tokenizer), most[i]);
        ck_assert_int_eq(sbj_encoding_create(tokenizer, &encoding, NULL), SBERTJA_OK);
        ck_assert_int_eq(sbj_encoding_ids_of(encoding, text, strlen(text), NULL), SBERTJA_OK);
        const int32_t *ids = sbj_encoding_ids(encoding, &count);
        ck_assert_uint_eq(count, most[i] < 8 ? most[i] : 8);
        ck_assert_int_eq(ids[count - 1], 3);
        ck_assert_uint_eq(sbj_encoding_token_count(encoding), 6);
        sbj_encoding_free(encoding);
        sbj_tokenizer_free(tokenizer);
    }
    const sbj_tokenizer_options options = {.alloc = &sbj_malloc, .max_tokens = 1};
    sbj_tokenizer *tokenizer;
    sbertja_error error;
    ck_assert_int_eq(sbj_tokenizer_load("tests/data/tiny/tokenizer.basic_wordpiece", &options, &tokenizer, &error),
                     SBERTJA_E_ARGUMENT);
    ck_assert_ptr_null(tokenizer);
}
END_TEST

START_TEST(invalid_text)
{
    sbj_tokenizer *tokenizer = open_tokenizer(&sbj_malloc, "basic_wordpiece", 0);
    sbj_encoding *encoding = NULL;
    sbertja_error error;
    size_t count;
    ck_assert_int_eq(sbj_encoding_create(tokenizer, &encoding, NULL), SBERTJA_OK);
    ck_assert_int_eq(sbj_encoding_ids_of(encoding, "の\xFF", 4, &error), SBERTJA_E_FORMAT);
    ck_assert_str_eq(error.message, "invalid UTF-8 at byte 3");
    sbj_encoding_ids(encoding, &count);
    ck_assert_uint_eq(count, 0);
    ck_assert_uint_eq(sbj_encoding_token_count(encoding), 0);
    sbj_encoding_free(encoding);
    sbj_tokenizer_free(tokenizer);
}
END_TEST

START_TEST(shared_by_owners)
{
    sbj_tokenizer *tokenizer = open_tokenizer(&sbj_malloc, "basic_wordpiece", 0);
    ck_assert_ptr_eq(sbj_tokenizer_share(tokenizer), tokenizer);
    sbj_tokenizer_free(tokenizer);
    ck_assert_uint_eq(sbj_tokenizer_vocabulary_size(tokenizer), 1532);
    sbj_tokenizer_free(tokenizer);
    sbj_tokenizer_free(NULL);
    sbj_encoding_free(NULL);
}
END_TEST

/* ---- One tokenizer, four threads ---- */

enum { THREADS = 4, ROUNDS = 20, TEXTS = 4 };

static const char *const thread_texts[TEXTS] = {
    "冷却水が漏れたので、ポンプを止めた。", "バッチの開始時刻がバックアップと重なっていたらしい。",
    "ＡＢＣ㌔ﾊﾟ[MASK]苗を植える間隔が詰まりすぎ、", "コンクリートの圧縮強度試験の結果は良好だった。"};

typedef struct thread_work {
    const sbj_tokenizer *tokenizer;
    int32_t ids[TEXTS][64];
    size_t counts[TEXTS];
    bool same;
} thread_work;

static void *encode_often(void *context)
{
    thread_work *work = context;
    sbj_encoding *encoding = NULL;
    work->same = sbj_encoding_create(work->tokenizer, &encoding, NULL) == SBERTJA_OK;
    for (int round = 0; work->same && round < ROUNDS; round++)
        for (int i = 0; work->same && i < TEXTS; i++) {
            size_t count;
            work->same = sbj_encoding_ids_of(encoding, thread_texts[i], strlen(thread_texts[i]), NULL) == SBERTJA_OK;
            const int32_t *ids = sbj_encoding_ids(encoding, &count);
            if (round == 0 && count <= 64) {
                work->counts[i] = count;
                memcpy(work->ids[i], ids, count * sizeof *ids);
            }
            work->same = work->same && count == work->counts[i] && memcmp(work->ids[i], ids, count * sizeof *ids) == 0;
        }
    sbj_encoding_free(encoding);
    return NULL;
}

START_TEST(threads)
{
    static thread_work work[THREADS];
    pthread_t ids[THREADS];
    sbj_tokenizer *tokenizer = open_tokenizer(&sbj_malloc, "mecab_ipadic_wordpiece_lower", 64);
    for (int i = 0; i < THREADS; i++) {
        work[i].tokenizer = tokenizer;
        ck_assert_int_eq(pthread_create(&ids[i], NULL, encode_often, &work[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(ids[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        ck_assert(work[i].same);
        ck_assert_int_eq(memcmp(work[i].ids, work[0].ids, sizeof work[0].ids), 0);
    }
    sbj_tokenizer_free(tokenizer);
}
END_TEST

/* ---- Memory ---- */

static sbertja_status load_and_encode(const sbj_alloc *alloc, const char *directory)
{
    const sbj_tokenizer_options options = {.alloc = alloc};
    const char *text = "か\xE3\x82\x99ＡＢＣΣ[MASK]苗を植える間隔が詰まりすぎ、風通しが悪かった。";
    sbj_tokenizer *tokenizer = NULL;
    sbj_encoding *encoding = NULL;
    sbertja_status status = sbj_tokenizer_load(directory, &options, &tokenizer, NULL);
    if (status == SBERTJA_OK)
        status = sbj_encoding_create(tokenizer, &encoding, NULL);
    if (status == SBERTJA_OK)
        status = sbj_encoding_ids_of(encoding, text, strlen(text), NULL);
    /* After a failure the encoding is good for another text. */
    if (status == SBERTJA_E_MEMORY && encoding != NULL)
        ck_assert_int_eq(sbj_encoding_ids_of(encoding, text, strlen(text), NULL), SBERTJA_OK);
    sbj_encoding_free(encoding);
    sbj_tokenizer_free(tokenizer);
    return status;
}

START_TEST(allocations_fail)
{
    static const char *const names[] = {"mecab_ipadic_wordpiece_lower", "mecab_ipadic_character",
                                        "basic_wordpiece_lower"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        failing_alloc heap;
        size_t n = 0;
        char path[512];
        snprintf(path, sizeof path, "%s/tokenizer.%s", tiny, names[i]);
        do {
            failing_alloc_init(&heap, ++n);
            sbertja_status status = load_and_encode(&heap.alloc, path);
            ck_assert_msg(status == (failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK), "%s: allocation %zu",
                          names[i], n);
            ck_assert_uint_eq(failing_alloc_live(&heap), 0);
        } while (failing_alloc_failed(&heap));
        ck_assert_uint_gt(n, 10);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text/tokenizer");
    TCase *cases = tcase_create("against BertJapaneseTokenizer");
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, references, 0, VARIANTS);
    suite_add_tcase(suite, cases);
    TCase *alone = tcase_create("by itself");
    tcase_set_timeout(alone, 60);
    tcase_add_loop_test(alone, texts_at_the_edge, 0, EDGES);
    tcase_add_test(alone, limits);
    tcase_add_test(alone, invalid_text);
    tcase_add_test(alone, shared_by_owners);
    tcase_add_test(alone, threads);
    tcase_add_test(alone, allocations_fail);
    suite_add_tcase(suite, alone);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
