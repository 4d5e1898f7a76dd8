/* What is measured: models with random weights (and the default model) and texts of stated lengths, both made from
 * tests/data with a fixed seed, so that every run and every peer works on the same. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <sbertja.h>

typedef struct shape {
    const char *name; /* "base" */
    int layers, hidden, heads, intermediate;
    const char *directory; /* where such a model lies; NULL: it is made */
} shape;

typedef struct workload {
    const char *name;
    size_t count;
    char **texts;
    double tokens, flops; /* in all; forward, without padding */
} workload;

/* The shape's directory; or FOLDER/NAME, made if it is not there; vocab.txt filled up to 32,000 entries. */
void make_model(const shape *s, const char *folder, char *path, size_t room);
/* The model once more, in FOLDER/NAME-PRECISION, with packed weights beside it; f32 has none: the model itself. */
void save_packed(const shape *s, const char *model, const char *precision, const char *folder, char *path, size_t room);
/* Texts: "short" as they are, "128" of 128 tokens, "mixed" of 8 to 256 tokens, "one" short one. */
void make_workload(const char *name, const sbertja_tokenizer *tokenizer, const shape *s, workload *w);
void free_workload(workload *w);
/* 2 (4 H^2 + 2 H I) L + 4 S H L a token of a sentence with S tokens: docs/ARCHITECTURE.md. */
double forward_flops(const shape *s, double tokens);
_Noreturn void give_up(const char *what, const char *why);

#endif
