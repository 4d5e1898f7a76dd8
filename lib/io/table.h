/* Tables of text cells with a header: TSV (no quoting), CSV (RFC 4180), XLSX (first sheet). Cells are checked UTF-8
 * without NUL bytes. Line numbers in errors count from 1 and include the header (rows of the sheet for XLSX). */
#ifndef SBJ_TABLE_H
#define SBJ_TABLE_H

#include "io/file.h"

typedef struct sbertja_table sbj_table; /* the public handle itself */

/* By the ending of the name, upper or lower case; other endings are _E_UNSUPPORTED with the ones that are read. A byte
 * order mark, CR LF line ends and a missing last line end are fine; a wholly empty last line is no row. */
sbertja_status sbj_table_read(const sbj_alloc *alloc, const char *path, sbj_table **table, sbertja_error *error);
void sbj_table_free(sbj_table *table);
size_t sbj_table_rows(const sbj_table *table);
size_t sbj_table_columns(const sbj_table *table);
const char *sbj_table_name(const sbj_table *table, size_t column); /* NULL past the end */
sbertja_status sbj_table_find(const sbj_table *table, const char *name, size_t *column, sbertja_error *error);
const char *sbj_table_cell(const sbj_table *table, size_t row, size_t column, size_t *length); /* NULL past the end */
/* A decimal number with a point, whatever the locale. */
sbertja_status sbj_table_number(const sbj_table *table, size_t row, size_t column, double *value, sbertja_error *error);
size_t sbj_table_line(const sbj_table *table, size_t row); /* the line that the row begins on */
const char *sbj_table_path(const sbj_table *table);

/* label.c: see sbertja_table_labels. */
sbertja_status sbj_table_labels(const sbj_alloc *alloc, const sbj_table *table, const char *rule, int *labels,
                                sbertja_error *error);

#endif
