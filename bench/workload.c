/* Models and texts. */
#define _POSIX_C_SOURCE 200809L
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { VOCABULARY = 32000, MOST_TEXTS = 94, ROOM = 1 << 16 }; /* the last two of the 96 are long on purpose */

_Noreturn void give_up(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

static void make_vocabulary(const char *path)
{
    char line[1024];
    int count = 0;
    FILE *in = fopen("tests/data/vocab.txt", "r"), *out = fopen(path, "w");
    if (in == NULL || out == NULL)
        give_up(path, "cannot be made; run from the top of the source tree");
    for (; fgets(line, sizeof line, in) != NULL; count++)
        fputs(line, out);
    for (; count < VOCABULARY; count++)
        fprintf(out, "[unused%d]\n", count);
    fclose(in);
    fclose(out);
}

void make_model(const shape *s, const char *folder, char *path, size_t room)
{
    char vocabulary[512];
    struct stat info;
    sbertja_architecture a = SBERTJA_ARCHITECTURE_INIT;
    sbertja_model *model = NULL;
    sbertja_error error;
    if (s->directory != NULL) {
        snprintf(path, room, "%s", s->directory);
        return;
    }
    mkdir(folder, 0777);
    snprintf(path, room, "%s/%s", folder, s->name);
    if (stat(path, &info) == 0)
        return;
    snprintf(vocabulary, sizeof vocabulary, "%s/vocab.txt", folder);
    make_vocabulary(vocabulary);
    a.vocabulary = vocabulary;
    a.layers = s->layers;
    a.hidden = s->hidden;
    a.heads = s->heads;
    a.intermediate = s->intermediate;
    if (sbertja_model_create(&a, NULL, &model, &error) != SBERTJA_OK ||
        sbertja_model_save(model, path, NULL, &error) != SBERTJA_OK)
        give_up(path, error.message);
    sbertja_model_free(model);
}

void save_packed(const shape *s, const char *source, const char *precision, const char *folder, char *path, size_t room)
{
    sbertja_save_options options = SBERTJA_SAVE_OPTIONS_INIT;
    sbertja_model *model = NULL;
    sbertja_error error;
    if (strcmp(precision, "f32") == 0) {
        snprintf(path, room, "%s", source);
        return;
    }
    snprintf(path, room, "%s/%s-%s", folder, s->name, precision);
    options.packed = precision;
    if (sbertja_model_load(source, NULL, &model, &error) != SBERTJA_OK ||
        sbertja_model_save(model, path, &options, &error) != SBERTJA_OK)
        give_up(path, error.message);
    sbertja_model_free(model);
}

double forward_flops(const shape *s, double tokens)
{
    const double h = s->hidden, i = s->intermediate, l = s->layers;
    return tokens * (2 * (4 * h * h + 2 * h * i) * l + 4 * tokens * h * l);
}

/* ---- Texts ---- */

static size_t read_sentences(char *sentences[MOST_TEXTS])
{
    char line[8192];
    size_t count = 0;
    FILE *file = fopen("tests/data/tiny/sentences.tsv", "r");
    if (file == NULL)
        give_up("tests/data/tiny/sentences.tsv", "is not there; run from the top of the source tree");
    while (count < MOST_TEXTS && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        sentences[count++] = strdup(strchr(line, '\t') + 1);
    }
    fclose(file);
    return count;
}

/* A generator of its own, so that the texts never change. */
static uint32_t draw(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static size_t token_count(sbertja_encoding *encoding, const char *text)
{
    size_t count;
    sbertja_error error;
    if (sbertja_tokenize(encoding, text, (size_t)-1, &error) != SBERTJA_OK)
        give_up(text, error.message);
    sbertja_encoding_ids(encoding, &count);
    return count;
}

/* Sentences joined until there are enough tokens, then cut character by character. */
static char *text_of(size_t tokens, char *const *sentences, size_t count, sbertja_encoding *encoding, uint32_t *state)
{
    char *text = calloc(ROOM, 1);
    while (token_count(encoding, text) < tokens)
        strcat(text, sentences[draw(state) % count]);
    for (size_t length = strlen(text); token_count(encoding, text) > tokens;) {
        do
            length--;
        while (((unsigned char)text[length] & 0xC0) == 0x80);
        text[length] = '\0';
    }
    return text;
}

void make_workload(const char *name, const sbertja_tokenizer *tokenizer, const shape *s, workload *w)
{
    char *sentences[MOST_TEXTS];
    const size_t count = read_sentences(sentences);
    uint32_t state = 20260101;
    sbertja_encoding *encoding = NULL;
    if (sbertja_encoding_create(tokenizer, &encoding, NULL) != SBERTJA_OK)
        give_up("tokenizer", "out of memory");
    *w = (workload){.name = name, .count = strcmp(name, "short") == 0 ? 4 * count : strcmp(name, "one") == 0 ? 1 : 48};
    w->texts = calloc(w->count, sizeof *w->texts);
    for (size_t i = 0; i < w->count; i++) {
        const size_t tokens = strcmp(name, "128") == 0 ? 128 : strcmp(name, "mixed") == 0 ? 8 + draw(&state) % 249 : 0;
        w->texts[i] = tokens > 0 ? text_of(tokens, sentences, count, encoding, &state) : strdup(sentences[i % count]);
        const double made = (double)token_count(encoding, w->texts[i]);
        w->tokens += made;
        w->flops += forward_flops(s, made);
    }
    for (size_t i = 0; i < count; i++)
        free(sentences[i]);
    sbertja_encoding_free(encoding);
}

void free_workload(workload *w)
{
    for (size_t i = 0; i < w->count; i++)
        free(w->texts[i]);
    free(w->texts);
}
