/* A table while it is read: what the readers of the three formats share. Each adds its cells one by one and ends the row
 * after the last. The header is the first row.
 *
 * A cell costs the address of its text. The texts of TSV and CSV are the file itself, read into memory once, in which
 * separators give way to NULs; those of a spreadsheet are in `texts`, where cells with the same shared string share it. */
#ifndef SBJ_TABLE_PRIVATE_H
#define SBJ_TABLE_PRIVATE_H

#include "io/input.h"
#include "io/table.h"
#include "util/store.h"

struct sbertja_table {
    sbj_alloc alloc;
    char *path;
    sbj_content file;
    sbj_texts texts;
    sbj_list cells;    /* where the text of each begins; NUL-terminated */
    sbj_list lines;    /* where each row begins in the file */
    size_t rows;       /* with the header */
    size_t columns;    /* 0 until the header has ended */
    size_t *failures;  /* for each column the first cell that holds a spreadsheet's error value, or 0; NULL: none does */
};

/* Adds a cell. Its text stays where it is and must end with NUL, as long as the table lives. `line` is for errors. */
sbertja_status sbj_table_add_cell(sbj_table *table, const char *text, size_t length, size_t line, sbertja_error *error);
/* Notes that the cell added last holds an error value, such as #N/A. */
sbertja_status sbj_table_note_failure(sbj_table *table, sbertja_error *error);
/* Makes a row of the cells since the last one, which must be as many as the header has. */
sbertja_status sbj_table_end_row(sbj_table *table, size_t line, sbertja_error *error);
size_t sbj_table_open_cells(const sbj_table *table); /* cells since the last row ended */

/* "D7" for column 4 and row 7, both from 1. */
enum { SBJ_REFERENCE = 48 };
void sbj_cell_reference(size_t column, size_t row, char reference[SBJ_REFERENCE]);

/* The readers of the formats. `data` is the whole file without a byte order mark, and a NUL behind it. Those of TSV and
 * CSV write into it. */
sbertja_status sbj_read_tsv(sbj_table *table, char *data, size_t size, sbertja_error *error);
sbertja_status sbj_read_csv(sbj_table *table, char *data, size_t size, sbertja_error *error);
sbertja_status sbj_read_xlsx(sbj_table *table, char *data, size_t size, sbertja_error *error);

#endif
