/* What the targets of tables share: every cell that is read is UTF-8 without a NUL, and may be asked for a number. */
#ifndef TABLES_H
#define TABLES_H

#include <string.h>

#include "fuzz/fuzz.h"
#include "io/table.h"
#include "text/utf8.h"

static inline void fuzz_table(const char *path)
{
    sbertja_error error = {SBERTJA_OK, ""};
    sbj_table *table;
    size_t length, found;
    double number;
    if (sbj_table_read(&sbj_malloc, path, &table, &error) != SBERTJA_OK) {
        fuzz_must(table == NULL && error.message[0] != '\0');
        return;
    }
    const size_t rows = sbj_table_rows(table), columns = sbj_table_columns(table);
    fuzz_must(columns > 0 && sbj_table_cell(table, rows, 0, NULL) == NULL && sbj_table_name(table, columns) == NULL);
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < columns; k++) {
            const char *cell = sbj_table_cell(table, i, k, &length);
            fuzz_must(cell != NULL && strlen(cell) == length);
            fuzz_must(sbj_utf8_check(cell, length, NULL) == SBERTJA_OK);
            sbj_table_number(table, i, k, &number, &error);
        }
    for (size_t k = 0; k < columns; k++)
        sbj_table_find(table, sbj_table_name(table, k), &found, &error);
    sbj_table_free(table);
}

#endif
