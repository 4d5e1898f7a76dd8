/* A table while it is read: what the readers of the three formats share. Each appends a cell's bytes to `text` and ends
 * the cell; then it ends the row. The header is the first row.
 *
 *     text    "text\0label\0冷却水が漏れた。\0001\0..."      begins  0, 5, 11, ...     lines  1, 2, ...
 */
#ifndef SBJ_TABLE_PRIVATE_H
#define SBJ_TABLE_PRIVATE_H

#include "io/table.h"

struct sbertja_table {
    sbj_alloc alloc;
    char *path;
    sbj_strbuf text;
    size_t *begins; /* where each cell begins in `text`, and where the next one would */
    size_t cells, begin_room;
    size_t *lines;          /* where each row begins */
    size_t rows, line_room; /* with the header */
    size_t columns;         /* 0 until the header has ended */
};

/* Makes a cell of what was appended to `text` since the last one. `line` is for errors. */
sbertja_status sbj_table_end_cell(sbj_table *table, size_t line, sbertja_error *error);
/* Makes a row of the cells since the last one, which must be as many as the header has. */
sbertja_status sbj_table_end_row(sbj_table *table, size_t line, sbertja_error *error);
size_t sbj_table_open_cells(const sbj_table *table); /* cells since the last row ended */

/* The readers of the formats. `data` is the whole file without a byte order mark. */
sbertja_status sbj_read_tsv(sbj_table *table, const char *data, size_t size, sbertja_error *error);
sbertja_status sbj_read_csv(sbj_table *table, const char *data, size_t size, sbertja_error *error);
sbertja_status sbj_read_xlsx(sbj_table *table, const char *data, size_t size, sbertja_error *error);

#endif
