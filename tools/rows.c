/* Columns of tables: see rows.h. */
#include "rows.h"

#include "basics.h"

#include <stdlib.h>
#include <string.h>

static int refused(const sbertja_error *error)
{
    library_refused(error);
    return DATA_WRONG;
}

int rows_read(table_rows *rows, const char *path, const char *const *columns, size_t column_count)
{
    sbertja_error error;
    memset(rows, 0, sizeof *rows);
    rows->path = path;
    if (sbertja_table_read(path, &rows->table, &error) != SBERTJA_OK)
        return refused(&error);
    rows->count = sbertja_table_rows(rows->table);
    for (size_t i = 0; i < column_count; i++) {
        size_t column;
        if (sbertja_table_find(rows->table, columns[i], &column, &error) != SBERTJA_OK)
            return refused(&error);
        rows->texts[i] = take(rows->count, sizeof *rows->texts[i]);
        for (size_t row = 0; row < rows->count; row++)
            rows->texts[i][row] = sbertja_table_cell(rows->table, row, column, NULL);
    }
    return DONE;
}

int rows_labels(table_rows *rows, const char *rule)
{
    sbertja_error error;
    rows->labels = take(rows->count, sizeof *rows->labels);
    if (sbertja_table_labels(rows->table, rule, rows->labels, &error) != SBERTJA_OK)
        return refused(&error);
    return DONE;
}

int rows_numbers(table_rows *rows, const char *column)
{
    sbertja_error error;
    size_t index;
    if (sbertja_table_find(rows->table, column, &index, &error) != SBERTJA_OK)
        return refused(&error);
    rows->numbers = take(rows->count, sizeof *rows->numbers);
    for (size_t row = 0; row < rows->count; row++)
        if (sbertja_table_number(rows->table, row, index, &rows->numbers[row], &error) != SBERTJA_OK)
            return refused(&error);
    return DONE;
}

int rows_scores(table_rows *rows, const char *column)
{
    int status = rows_numbers(rows, column);
    for (size_t row = 1; row < rows->count && status == DONE; row++)
        if (rows->numbers[row] != rows->numbers[0])
            return DONE;
    return status != DONE
               ? status
               : data_wrong("%s: column \"%s\": expected different scores to judge a model by", rows->path, column);
}

void rows_free(table_rows *rows)
{
    for (size_t i = 0; i < ROWS_TEXTS; i++)
        free(rows->texts[i]);
    free(rows->labels);
    free(rows->numbers);
    sbertja_table_free(rows->table);
    memset(rows, 0, sizeof *rows);
}
