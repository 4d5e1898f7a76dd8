/* Comma-separated values as RFC 4180 has them: a cell in quotes may hold commas, line ends and, doubled, quotes. Beyond
 * the RFC, a quote inside a cell that does not begin with one is an ordinary character. */
#include <string.h>

#include "io/table_private.h"

typedef struct csv_reader {
    sbj_table *table;
    const char *at, *end;
    size_t line; /* that `at` is on */
} csv_reader;

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

static void read_plain(csv_reader *csv)
{
    const char *begin = csv->at;
    while (!at_row_end(csv) && *csv->at != ',')
        csv->at++;
    sbj_strbuf_bytes(&csv->table->text, begin, (size_t)(csv->at - begin));
}

/* `at` is the opening quote; it ends behind the closing one. */
static sbertja_status read_quoted(csv_reader *csv, sbertja_error *error)
{
    size_t first = csv->line;
    csv->at++;
    for (;;) {
        const char *begin = csv->at, *quote = memchr(begin, '"', (size_t)(csv->end - begin));
        if (quote == NULL)
            return sbj_fail(error, SBERTJA_E_FORMAT, "%s: line %zu: column %zu: the quote is never closed",
                            csv->table->path, first, sbj_table_open_cells(csv->table) + 1);
        bool doubled = quote + 1 < csv->end && quote[1] == '"';
        for (const char *c = begin; c < quote; c++)
            csv->line += *c == '\n';
        sbj_strbuf_bytes(&csv->table->text, begin, (size_t)(quote - begin) + doubled);
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

static sbertja_status read_row(csv_reader *csv, sbertja_error *error)
{
    size_t first = csv->line;
    for (;;) {
        size_t line = csv->line;
        sbertja_status status = SBERTJA_OK;
        if (csv->at < csv->end && *csv->at == '"')
            status = read_quoted(csv, error);
        else
            read_plain(csv);
        if (status == SBERTJA_OK)
            status = sbj_table_end_cell(csv->table, line, error);
        if (status != SBERTJA_OK)
            return status;
        if (at_row_end(csv))
            break;
        csv->at++; /* the comma */
    }
    skip_row_end(csv);
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

sbertja_status sbj_read_csv(sbj_table *table, const char *data, size_t size, sbertja_error *error)
{
    csv_reader csv = {table, data, data + size, 1};
    sbertja_status status = SBERTJA_OK;
    while (status == SBERTJA_OK && !at_empty_last_line(&csv))
        status = read_row(&csv, error);
    return status;
}
