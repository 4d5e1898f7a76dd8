/* Which dictionary a tokenizer_config.json means, who decides otherwise, what the log says of it, and what is recorded
 * of the dictionary that a model was trained with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "support/folders.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "text/tokenizer.h"

enum { UNIDIC_LITE = 5981 };

static const char vocabulary[] = "tests/data/vocab.txt", debian[] = "/var/lib/mecab/dic/ipadic-utf8";

/* The last warning, and how many there were. */
typedef struct heard {
    int warnings;
    char text[1024];
} heard;

static void hear(void *user, sbertja_log_level level, const char *message)
{
    heard *h = user;
    if (level != SBERTJA_LOG_WARNING)
        return;
    h->warnings++;
    snprintf(h->text, sizeof h->text, "%s", message);
}

/* "m" with this config, loaded with these choices. In "places" is a unidic_lite that MeCab cannot open. */
static sbertja_status load(const char *config, const char *dictionary, heard *h, sbj_tokenizer **tokenizer,
                           sbertja_error *error)
{
    folders_copy(vocabulary, "m/vocab.txt", SIZE_MAX);
    folders_write("m/tokenizer_config.json", config, strlen(config));
    folders_dictionary("places/unidic_lite", "UTF-8", UNIDIC_LITE);
    char *model = folders_path("m"), *place = folders_path("places");
    const char *const places[] = {place, NULL};
    const sbj_tokenizer_options options = {
        .alloc = &sbj_malloc, .dictionary = dictionary, .places = places, .log = {hear, h}};
    *h = (heard){0};
    const sbertja_status status = sbj_tokenizer_load(model, &options, tokenizer, error);
    free(model);
    free(place);
    return status;
}

#define MECAB "{\"tokenizer_class\": \"BertJapaneseTokenizer\", \"word_tokenizer_type\": \"mecab\""

static const struct {
    const char *name, *config, *option, *kind;
    const char *says; /* in the one warning; NULL: none */
} cases[] = {
    {"4.44 and null", MECAB ", \"clean_up_tokenization_spaces\": true, \"mecab_kwargs\": null}", NULL, "ipadic",
     "ipadic is used"},
    {"nothing", MECAB "}", NULL, "ipadic", "ipadic is used"},
    {"no keys", MECAB ", \"mecab_kwargs\": {}}", NULL, "ipadic", "ipadic is used"},
    {"no dictionary among the keys", MECAB ", \"mecab_kwargs\": {\"normalize_text\": true}}", NULL, "ipadic",
     "ipadic is used"},
    {"5", MECAB ", \"mecab_kwargs\": null, \"backend\": \"custom\"}", NULL, "unidic_lite", "key backend"},
    {"5, no keys", MECAB ", \"mecab_kwargs\": {}, \"backend\": \"custom\"}", NULL, "unidic_lite", "key backend"},
    {"5, loaded and saved", MECAB ", \"is_local\": true}", NULL, "unidic_lite", "key is_local"},
    {"4.57", MECAB ", \"mecab_kwargs\": null, \"extra_special_tokens\": {}}", NULL, "unidic_lite",
     "key extra_special_tokens"},
    {"4.46", MECAB ", \"mecab_kwargs\": null, \"clean_up_tokenization_spaces\": false}", NULL, "unidic_lite",
     "key clean_up_tokenization_spaces false"},
    {"5 with a name", MECAB ", \"mecab_kwargs\": {\"mecab_dic\": \"ipadic\"}, \"backend\": \"custom\"}", NULL, "ipadic",
     NULL},
    {"the caller's kind against 5", MECAB ", \"mecab_kwargs\": null, \"backend\": \"custom\"}", "ipadic", "ipadic", NULL},
    {"the caller's folder against 5", MECAB ", \"backend\": \"custom\"}", debian, "ipadic", NULL},
    {"the caller's kind against 4.44", MECAB "}", "unidic_lite", "unidic_lite", NULL},
    {"the caller's kind against a name", MECAB ", \"mecab_kwargs\": {\"mecab_dic\": \"unidic_lite\"}}", "ipadic",
     "ipadic", "not unidic_lite that the model names"},
    {"the host's own, and the caller's kind", MECAB ", \"mecab_kwargs\": {\"mecab_dic\": null}}", "ipadic", "ipadic",
     NULL},
    {"a folder in the file, and the caller's", MECAB ", \"mecab_kwargs\": {\"mecab_dic\": null, \"mecab_option\": "
     "\"-d /dic -r'/a b/rc'\"}}", debian, "ipadic", NULL},
    {"a path in the file, and the caller's kind", MECAB ", \"mecab_kwargs\": {\"mecab_dic\": \"../dic\"}}", "ipadic",
     "ipadic", NULL},
};

START_TEST(which)
{
    sbj_tokenizer *tokenizer;
    heard h;
    sbertja_error error = {SBERTJA_OK, ""};
    const sbertja_status status = load(cases[_i].config, cases[_i].option, &h, &tokenizer, &error);
    if (strcmp(cases[_i].kind, "unidic_lite") == 0) { /* found where it is not sound: enough to see which was opened */
        ck_assert_msg(status == SBERTJA_E_FORMAT && strstr(error.message, "places/unidic_lite") != NULL, "%s: %s",
                      cases[_i].name, error.message);
    } else {
        ck_assert_msg(status == SBERTJA_OK, "%s: %s", cases[_i].name, error.message);
        ck_assert_str_eq(sbj_tokenizer_get_config(tokenizer)->dictionary, cases[_i].kind);
        ck_assert_str_eq(sbj_tokenizer_dictionary(tokenizer), debian);
    }
    ck_assert_msg(h.warnings == (cases[_i].says != NULL), "%s: %s", cases[_i].name, h.text);
    ck_assert_msg(cases[_i].says == NULL || strstr(h.text, cases[_i].says) != NULL, "%s: %s", cases[_i].name, h.text);
    sbj_tokenizer_free(tokenizer);
    folders_clear();
}
END_TEST

/* Options that could change words are refused even if the caller names a dictionary. */
START_TEST(options_of_mecab)
{
    static const char *const refused[] = {"-u user.dic", "-d", "-d /dic -u x", "-d '/dic", "-o out", "--dicdir=x", "x"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char config[256];
        sbj_tokenizer *tokenizer;
        heard h;
        sbertja_error error;
        snprintf(config, sizeof config, MECAB ", \"mecab_kwargs\": {\"mecab_option\": \"%s\"}}", refused[i]);
        ck_assert_msg(load(config, "ipadic", &h, &tokenizer, &error) == SBERTJA_E_UNSUPPORTED, "%s", refused[i]);
        ck_assert_msg(strstr(error.message, "mecab_option") != NULL, "%s", error.message);
        folders_clear();
    }
}
END_TEST

static char *config_of(const sbj_tokenizer *tokenizer, bool trained)
{
    sbertja_error error;
    size_t size;
    char *folder = folders_path("s"), *path = folders_path("s/tokenizer_config.json");
    ck_assert_msg(sbj_tokenizer_save(tokenizer, folder, 64, trained, NULL, &error) == SBERTJA_OK, "%s", error.message);
    char *config = scratch_read(path, &size);
    free(folder);
    free(path);
    return config;
}

/* A model keeps what its files say until it is trained; then they say what it was trained with. */
START_TEST(recorded)
{
    static const struct {
        const char *name, *config, *option, *kept_kind;
        bool kept;
        int warnings;
    } rows[] = {
        {"none", MECAB ", \"mecab_kwargs\": {\"mecab_dic\": \"ipadic\"}}", NULL, "\"ipadic\"", false, 0},
        {"another", MECAB ", \"mecab_kwargs\": {\"mecab_dic\": \"ipadic\"}, \"mecab_dictionary_fingerprint\": "
         "\"0123456789abcdef\"}", NULL, "\"ipadic\"", true, 1},
        {"named, and overruled", MECAB ", \"mecab_kwargs\": {\"mecab_dic\": \"unidic_lite\"}}", "ipadic",
         "\"unidic_lite\"", false, 1},
        {"not named, and decided", MECAB ", \"backend\": \"custom\"}", "ipadic", "\"ipadic\"", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sbj_tokenizer *tokenizer;
        heard h;
        sbertja_error error;
        ck_assert_msg(load(rows[i].config, rows[i].option, &h, &tokenizer, &error) == SBERTJA_OK, "%s", error.message);
        ck_assert_msg(h.warnings == rows[i].warnings, "%s: %s", rows[i].name, h.text);
        char *untrained = config_of(tokenizer, false), *trained = config_of(tokenizer, true);
        ck_assert_msg(strstr(untrained, rows[i].kept_kind) != NULL, "%s: %s", rows[i].name, untrained);
        ck_assert_msg((strstr(untrained, "0123456789abcdef") != NULL) == rows[i].kept, "%s", untrained);
        ck_assert_msg((strstr(untrained, "fingerprint") != NULL) == rows[i].kept, "%s", untrained);
        ck_assert_msg(strstr(trained, "\"mecab_dic\": \"ipadic\"") != NULL, "%s", trained);
        ck_assert_msg(strstr(trained, sbj_tokenizer_dictionary_fingerprint(tokenizer)) != NULL, "%s", trained);
        sbj_tokenizer_free(tokenizer);
        /* The trained one opens without a word, the same again. */
        ck_assert_msg(load(trained, NULL, &h, &tokenizer, &error) == SBERTJA_OK, "%s", error.message);
        ck_assert_msg(h.warnings == 0, "%s", h.text);
        sbj_tokenizer_free(tokenizer);
        free(untrained);
        free(trained);
        folders_clear();
    }
}
END_TEST

/* The dictionary in use has changed since: said once, with what to do. */
START_TEST(another_dictionary_is_told)
{
    static const char *const files[] = {"sys.dic", "unk.dic", "matrix.bin", "char.bin", "dicrc"};
    const char *config = MECAB ", \"mecab_kwargs\": {\"mecab_dic\": \"ipadic\"}}";
    sbj_tokenizer *tokenizer;
    heard h;
    sbertja_error error;
    ck_assert_msg(load(config, NULL, &h, &tokenizer, &error) == SBERTJA_OK, "%s", error.message);
    char *trained = config_of(tokenizer, true), *copy = folders_path("copy");
    sbj_tokenizer_free(tokenizer);
    for (int other = 0; other < 2; other++) { /* a copy is the same dictionary; with other settings it is another one */
        for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
            char from[256], to[64];
            snprintf(from, sizeof from, "%s/%s", debian, files[i]);
            snprintf(to, sizeof to, "copy/%s", files[i]);
            folders_copy(from, to, SIZE_MAX);
        }
        if (other)
            folders_write("copy/mecabrc", "; other\n", 8);
        ck_assert_msg(load(trained, copy, &h, &tokenizer, &error) == SBERTJA_OK, "%s", error.message);
        ck_assert_msg(h.warnings == other, "%d: %s", other, h.text);
        ck_assert(!other || (strstr(h.text, copy) != NULL && strstr(h.text, "trained with") != NULL));
        sbj_tokenizer_free(tokenizer);
    }
    free(trained);
    free(copy);
    folders_clear();
}
END_TEST

/* Compiled dictionaries are native data: of one in the model's directory no file is opened, whether another is found or
 * not, and whatever the model says of it. */
START_TEST(models_own_folder_is_not_opened)
{
    static const char *const folders[] = {"m/ipadic", "m/ipadic-utf8", "m/ipadic/dicdir", "m/unidic", "m/unidic/dicdir",
                                          "m"};
    static const char *const configs[] = {
        MECAB ", \"mecab_kwargs\": {\"mecab_dic\": \"ipadic\"}}", MECAB ", \"mecab_kwargs\": {\"mecab_dic\": \"unidic\"}}",
        MECAB ", \"mecab_kwargs\": {\"mecab_dic\": \"ipadic/dicdir\"}}",
        MECAB ", \"mecab_kwargs\": {\"mecab_dic\": null, \"mecab_option\": \"-d ipadic\"}}"};
    const int watch = inotify_init1(IN_NONBLOCK);
    ck_assert_int_ge(watch, 0);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        folders_dictionary(folders[i], "UTF-8", strstr(folders[i], "unidic") != NULL ? 15388 : 1316);
        char *path = folders_path(folders[i]);
        ck_assert_int_ge(inotify_add_watch(watch, path, IN_OPEN), 0);
        free(path);
    }
    folders_write("m/mecabrc", "userdic = ipadic/user.dic\n", 26);
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        char events[4096] __attribute__((aligned(8)));
        sbj_tokenizer *tokenizer;
        heard h;
        sbertja_error error;
        folders_copy(vocabulary, "m/vocab.txt", SIZE_MAX);
        folders_write("m/tokenizer_config.json", configs[i], strlen(configs[i]));
        while (read(watch, events, sizeof events) > 0)
            ;
        const sbertja_status status = load(configs[i], NULL, &h, &tokenizer, &error);
        ck_assert_int_eq(status, i == 0 ? SBERTJA_OK : i == 1 ? SBERTJA_E_MISSING : SBERTJA_E_UNSUPPORTED);
        sbj_tokenizer_free(tokenizer);
        for (ssize_t size, at = 0; (size = read(watch, events, sizeof events)) > 0; at = 0)
            while (at < size) {
                const struct inotify_event *event = (const void *)(events + at);
                const char *name = event->len > 0 ? event->name : "";
                ck_assert_msg(strcmp(name, "vocab.txt") == 0 || strstr(name, ".json") != NULL, "%zu: %s opened", i, name);
                at += (ssize_t)(sizeof *event + event->len);
            }
    }
    close(watch);
    folders_clear();
}
END_TEST

enum { CASES = sizeof cases / sizeof *cases };
SUITE_MAIN("text/mecab_kwargs", 30, {which, CASES}, {options_of_mecab, 0}, {recorded, 0}, {another_dictionary_is_told, 0},
           {models_own_folder_is_not_opened, 0})
