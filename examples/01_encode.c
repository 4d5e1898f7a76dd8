/* Sentence vectors: loads a model, encodes the texts of the command line, prints how similar each is to the first.
 *
 *     build/examples/01_encode [-m MODEL] "冷却水が漏れた。" "ポンプから水が漏れた。" "会議は三時に始まる。" */
#include <sbertja.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    const int named = argc > 2 && strcmp(argv[1], "-m") == 0;
    const char *directory = named ? argv[2] : NULL; /* NULL: the default model */
    const char *const *texts = (const char *const *)(argv + (named ? 3 : 1));
    const size_t count = (size_t)(argc - (named ? 3 : 1));
    if (count == 0) {
        fprintf(stderr, "usage: %s [-m MODEL] TEXT...\n", argv[0]);
        return 2;
    }
    sbertja_error error;
    sbertja_model *model = NULL;
    sbertja_session *session = NULL;
    float *vectors = NULL;
    int failed = 1;

    if (sbertja_model_load(directory, NULL, &model, &error) != SBERTJA_OK ||
        sbertja_session_create(model, NULL, &session, &error) != SBERTJA_OK)
        goto done;
    const size_t dimension = sbertja_model_dimension(model);
    vectors = malloc(count * dimension * sizeof *vectors);
    if (vectors == NULL) {
        snprintf(error.message, sizeof error.message, "out of memory");
        goto done;
    }
    if (sbertja_encode(session, texts, NULL, count, NULL, vectors, &error) != SBERTJA_OK)
        goto done;
    for (size_t i = 0; i < count; i++)
        printf("%.4f  %s\n", sbertja_cosine(vectors, vectors + i * dimension, dimension), texts[i]);
    failed = 0;
done:
    if (failed)
        fprintf(stderr, "%s\n", error.message);
    free(vectors);
    sbertja_session_free(session);
    sbertja_model_free(model);
    return failed;
}
