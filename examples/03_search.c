/* Similar documents: encodes the column text of a table and finds the rows nearest to a query.
 *
 *     build/examples/03_search [-m MODEL] examples/report/train.tsv "ポンプから水が漏れた。" */
#include <sbertja.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 5 };

/* For what this program itself asks of malloc. */
static sbertja_status out_of_memory(sbertja_error *error)
{
    snprintf(error->message, sizeof error->message, "out of memory");
    return error->status = SBERTJA_E_MEMORY;
}

/* The texts of the table, then the query; as many vectors. */
static sbertja_status encode(sbertja_session *session, const sbertja_table *table, const char *query, size_t dimension,
                             float **vectors, sbertja_error *error)
{
    const size_t rows = sbertja_table_rows(table);
    size_t column = 0;
    const char **texts = malloc((rows + 1) * sizeof *texts);
    *vectors = malloc((rows + 1) * dimension * sizeof **vectors);
    sbertja_status status = texts == NULL || *vectors == NULL ? out_of_memory(error)
                                                              : sbertja_table_find(table, "text", &column, error);
    for (size_t i = 0; i < rows && status == SBERTJA_OK; i++)
        texts[i] = sbertja_table_cell(table, i, column, NULL);
    if (status == SBERTJA_OK) {
        texts[rows] = query;
        status = sbertja_encode(session, texts, NULL, rows + 1, NULL, *vectors, error);
    }
    free(texts);
    return status;
}

int main(int argc, char **argv)
{
    const int named = argc > 2 && strcmp(argv[1], "-m") == 0;
    const char *directory = named ? argv[2] : NULL; /* NULL: the default model */
    char **arguments = argv + (named ? 3 : 1);
    sbertja_error error;
    sbertja_model *model = NULL;
    sbertja_session *session = NULL;
    sbertja_table *table = NULL;
    float *vectors = NULL, scores[MOST];
    size_t found[MOST], column;
    int failed = 1;

    if (argc != (named ? 5 : 3)) {
        fprintf(stderr, "usage: %s [-m MODEL] TABLE QUERY\n", argv[0]);
        return 2;
    }
    if (sbertja_model_load(directory, NULL, &model, &error) != SBERTJA_OK ||
        sbertja_session_create(model, NULL, &session, &error) != SBERTJA_OK ||
        sbertja_table_read(arguments[0], &table, &error) != SBERTJA_OK)
        goto done;
    const size_t dimension = sbertja_model_dimension(model), rows = sbertja_table_rows(table);
    const size_t k = rows < MOST ? rows : MOST;
    if (encode(session, table, arguments[1], dimension, &vectors, &error) != SBERTJA_OK ||
        sbertja_search(vectors, rows, vectors + rows * dimension, 1, dimension, k, found, scores, &error) != SBERTJA_OK ||
        sbertja_table_find(table, "text", &column, &error) != SBERTJA_OK)
        goto done;
    for (size_t i = 0; i < k; i++)
        printf("%.4f  %s\n", scores[i], sbertja_table_cell(table, found[i], column, NULL));
    failed = 0;
done:
    if (failed)
        fprintf(stderr, "%s\n", error.message);
    free(vectors);
    sbertja_table_free(table);
    sbertja_session_free(session);
    sbertja_model_free(model);
    return failed;
}
