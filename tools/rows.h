/* The columns of a table that a sub-command works on. */
#ifndef SBERTJA_ROWS_H
#define SBERTJA_ROWS_H

#include <sbertja.h>

enum { ROWS_TEXTS = 8 }; /* as many as an example can have */

typedef struct table_rows {
    sbertja_table *table;
    const char *path;
    size_t count;
    const char **texts[ROWS_TEXTS]; /* texts[i][row]: the i-th column asked for; they live as long as the table */
    int *labels;                    /* by rows_labels() */
    double *numbers;                /* by rows_numbers() */
} table_rows;

/* Reads the table and finds the columns named (at most ROWS_TEXTS). All return an exit status, with a message. A column
 * that is not there is a fault of the table, since only the table can show it. rows_free() in any case. */
int rows_read(table_rows *rows, const char *path, const char *const *columns, size_t column_count);
int rows_labels(table_rows *rows, const char *rule);
int rows_numbers(table_rows *rows, const char *column);
/* Numbers to judge a model by: a correlation with a constant is none. */
int rows_scores(table_rows *rows, const char *column);
void rows_free(table_rows *rows);

#endif
