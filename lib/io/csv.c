/* Comma-separated values as RFC 4180 has them: a cell in quotes may hold commas, line ends and, doubled, quotes. Beyond
 * the RFC, a quote inside a cell that does not begin with one is an ordinary character. */
#include <string.h>

#include "io/table_private.h"

typedef struct csv_reader {
    sbj_table *table;
    char *at, *end;
    size_t line; /* that `at` is on */
} csv_reader;

/* A cell's text, in the file itself: what quotes enclose moves to the left as doubled quotes become single ones. */
typedef struct csv_cell {
    char *begin, *end;
} csv_cell;

static bool at_row_end(const csv_reader *csv)
{
    size_t left = (size_t)(csv->end - csv->at);
    return left == 0 || csv->at[0] == '\n' || (csv->at[0] == '\r' && (left == 1 || csv->at[1] == '\n'));
}

static void skip_row_end(csv_reader *csv)
{
    if (csv->at < csv->end && *csv->at == '\r')
        csv->at++;
    if (csv->at < csv->end)
        csv->at++;
    csv->line++;
}

static csv_cell read_plain(csv_reader *csv)
{
    csv_cell cell = {csv->at, csv->at};
    while (!at_row_end(csv) && *csv->at != ',')
        csv->at++;
    cell.end = csv->at;
    return cell;
}

/* `at` is the opening quote; it ends behind the closing one. */
static sbertja_status read_quoted(csv_reader *csv, csv_cell *cell, sbertja_error *error)
{
    size_t first = csv->line;
    cell->begin = cell->end = ++csv->at;
    for (;;) {
        char *begin = csv->at, *quote = memchr(begin, '"', (size_t)(csv->end - begin));
        if (quote == NULL)
            return sbj_fail(error, SBERTJA_E_FORMAT, "%s: line %zu: column %zu: the quote is never closed",
                            csv->table->path, first, sbj_table_open_cells(csv->table) + 1);
        const bool doubled = quote + 1 < csv->end && quote[1] == '"';
        const size_t taken = (size_t)(quote - begin) + doubled;
        for (const char *c = begin; c < quote; c++)
            csv->line += *c == '\n';
        if (cell->end < begin)
            memmove(cell->end, begin, taken);
        cell->end += taken;
        csv->at = quote + 1 + doubled;
        if (!doubled)
            break;
    }
    if (!at_row_end(csv) && *csv->at != ',')
        return sbj_fail(error, SBERTJA_E_FORMAT,
                        "%s: line %zu: column %zu: text after the closing quote, expected a comma", csv->table->path,
                        csv->line, sbj_table_open_cells(csv->table) + 1);
    return SBERTJA_OK;
}

/* Separators become NULs only when they have been looked at, since the cell may end where one is. */
static sbertja_status read_row(csv_reader *csv, sbertja_error *error)
{
    size_t first = csv->line;
    for (bool more = true; more;) {
        size_t line = csv->line;
        csv_cell cell = {NULL, NULL};
        sbertja_status status = SBERTJA_OK;
        if (csv->at < csv->end && *csv->at == '"')
            status = read_quoted(csv, &cell, error);
        else
            cell = read_plain(csv);
        if (status != SBERTJA_OK)
            return status;
        more = !at_row_end(csv);
        if (more)
            csv->at++; /* the comma */
        else
            skip_row_end(csv);
        *cell.end = '\0';
        status = sbj_table_add_cell(csv->table, cell.begin, (size_t)(cell.end - cell.begin), line, error);
        if (status != SBERTJA_OK)
            return status;
    }
    return sbj_table_end_row(csv->table, first, error);
}

/* Whether nothing is left but a line end: an empty last line is no row. */
static bool at_empty_last_line(const csv_reader *csv)
{
    csv_reader ahead = *csv;
    if (!at_row_end(csv))
        return false;
    skip_row_end(&ahead);
    return ahead.at == ahead.end;
}

sbertja_status sbj_read_csv(sbj_table *table, char *data, size_t size, sbertja_error *error)
{
    csv_reader csv = {table, data, data + size, 1};
    sbertja_status status = SBERTJA_OK;
    while (status == SBERTJA_OK && !at_empty_last_line(&csv))
        status = read_row(&csv, error);
    return status;
}
