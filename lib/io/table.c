/* Tables of text cells: the reader is chosen by the ending of the name; building and looking up is common to all. */
#include "io/table.h"

#include <string.h>
#include <strings.h>

#include "io/input.h"
#include "io/number.h"
#include "io/table_private.h"
#include "text/utf8.h"

/* ---- Building --------------------------------------------------------------------------------------------------- */

size_t sbj_table_open_cells(const sbj_table *table)
{
    return table->cells - table->rows * table->columns;
}

/* Notes where the next cell begins; called once before the first. */
static bool note_begin(sbj_table *table, size_t index)
{
    if (!sbj_grow(&table->alloc, (void **)&table->begins, &table->begin_room, index, index + 1, sizeof(size_t)))
        return false;
    table->begins[index] = table->text.length;
    return true;
}

sbertja_status sbj_table_end_cell(sbj_table *table, size_t line, sbertja_error *error)
{
    size_t begin = table->begins[table->cells], length = table->text.length - begin;
    sbj_strbuf_bytes(&table->text, "", 1);
    if (table->text.failed || !note_begin(table, table->cells + 1))
        return sbj_no_memory(error, table->text.length + 1);
    const char *cell = table->text.text + begin;
    sbertja_status status = sbj_utf8_check(cell, length, error);
    if (status == SBERTJA_OK && memchr(cell, '\0', length) != NULL)
        status = sbj_fail(error, SBERTJA_E_FORMAT, "a NUL byte, expected text");
    if (status != SBERTJA_OK)
        return sbj_in(error, status, "%s: line %zu: column %zu", table->path, line, sbj_table_open_cells(table) + 1);
    table->cells++;
    return SBERTJA_OK;
}

sbertja_status sbj_table_end_row(sbj_table *table, size_t line, sbertja_error *error)
{
    size_t found = sbj_table_open_cells(table);
    if (table->rows > 0 && found != table->columns)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: line %zu: %zu columns, expected %zu", table->path, line, found,
                        table->columns);
    if (!sbj_grow(&table->alloc, (void **)&table->lines, &table->line_room, table->rows, table->rows + 1,
                  sizeof(size_t)))
        return sbj_no_memory(error, (table->rows + 1) * sizeof(size_t));
    table->columns = found;
    table->lines[table->rows++] = line;
    return SBERTJA_OK;
}

/* ---- Reading and freeing ---------------------------------------------------------------------------------------- */

typedef sbertja_status (*reader)(sbj_table *table, const char *data, size_t size, sbertja_error *error);

static reader choose_reader(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1, *dot = strrchr(name, '.');
    if (dot == NULL)
        return NULL;
    if (strcasecmp(dot, ".tsv") == 0)
        return sbj_read_tsv;
    if (strcasecmp(dot, ".csv") == 0)
        return sbj_read_csv;
    if (strcasecmp(dot, ".xlsx") == 0)
        return sbj_read_xlsx;
    return NULL;
}

static sbertja_status read_into(sbj_table *table, reader read, sbertja_error *error)
{
    static const char mark[] = "\xEF\xBB\xBF";
    sbj_content file;
    sbertja_status status = sbj_content_read(&table->alloc, table->path, &file, error);
    if (status == SBERTJA_OK) {
        const char *data = (const char *)file.data;
        size_t skip = file.size >= 3 && memcmp(data, mark, 3) == 0 ? 3 : 0;
        status = read(table, data + skip, file.size - skip, error);
    }
    sbj_content_free(&file);
    if (status == SBERTJA_OK && table->rows == 0)
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: line 1: no text, expected a header", table->path);
    else if (status == SBERTJA_OK && table->rows == 1)
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: line %zu: only a header, expected rows after it", table->path,
                          table->lines[0]);
    return status;
}

sbertja_status sbj_table_read(const sbj_alloc *alloc, const char *path, sbj_table **result, sbertja_error *error)
{
    sbertja_status status;
    *result = NULL;
    reader read = choose_reader(path);
    if (read == NULL)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: expected a name that ends in .tsv, .csv or .xlsx", path);
    sbj_table *table = sbj_new(alloc, 1, sizeof *table);
    if (table == NULL)
        return sbj_no_memory(error, sizeof *table);
    table->alloc = *alloc;
    table->text.alloc = &table->alloc;
    table->path = sbj_copy_text(alloc, path, strlen(path));
    if (table->path == NULL || !note_begin(table, 0)) {
        status = sbj_no_memory(error, strlen(path) + 1);
        goto fail;
    }
    status = read_into(table, read, error);
    if (status != SBERTJA_OK)
        goto fail;
    *result = table;
    return SBERTJA_OK;
fail:
    sbj_table_free(table);
    return status;
}

void sbj_table_free(sbj_table *table)
{
    if (table == NULL)
        return;
    sbj_alloc alloc = table->alloc;
    sbj_strbuf_free(&table->text);
    sbj_free(&alloc, table->begins);
    sbj_free(&alloc, table->lines);
    sbj_free(&alloc, table->path);
    sbj_free(&alloc, table);
}

/* ---- Asking ----------------------------------------------------------------------------------------------------- */

size_t sbj_table_rows(const sbj_table *table)
{
    return table->rows - 1;
}

size_t sbj_table_columns(const sbj_table *table)
{
    return table->columns;
}

const char *sbj_table_path(const sbj_table *table)
{
    return table->path;
}

/* Row 0 is the header here. */
static const char *cell_text(const sbj_table *table, size_t row, size_t column, size_t *length)
{
    if (row >= table->rows || column >= table->columns)
        return NULL;
    const size_t *begin = table->begins + row * table->columns + column;
    if (length != NULL)
        *length = begin[1] - begin[0] - 1;
    return table->text.text + begin[0];
}

const char *sbj_table_name(const sbj_table *table, size_t column)
{
    return cell_text(table, 0, column, NULL);
}

const char *sbj_table_cell(const sbj_table *table, size_t row, size_t column, size_t *length)
{
    return row < sbj_table_rows(table) ? cell_text(table, row + 1, column, length) : NULL;
}

size_t sbj_table_line(const sbj_table *table, size_t row)
{
    return table->lines[row + 1];
}

static sbertja_status no_such_column(const sbj_table *table, const char *name, sbertja_error *error)
{
    sbj_strbuf names = SBJ_STRBUF(&table->alloc);
    for (size_t i = 0; i < table->columns; i++)
        sbj_strbuf_format(&names, "%s\"%s\"", i > 0 ? ", " : "", sbj_table_name(table, i));
    sbertja_status status = names.failed ? sbj_no_memory(error, names.length)
                                         : sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: no column \"%s\", there are %s",
                                                    table->path, name, names.text);
    sbj_strbuf_free(&names);
    return status;
}

sbertja_status sbj_table_find(const sbj_table *table, const char *name, size_t *column, sbertja_error *error)
{
    size_t found = table->columns;
    for (size_t i = 0; i < table->columns; i++) {
        if (strcmp(sbj_table_name(table, i), name) != 0)
            continue;
        if (found < table->columns)
            return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: column \"%s\" stands twice, as columns %zu and %zu",
                            table->path, name, found + 1, i + 1);
        found = i;
    }
    if (found == table->columns)
        return no_such_column(table, name, error);
    *column = found;
    return SBERTJA_OK;
}

sbertja_status sbj_table_number(const sbj_table *table, size_t row, size_t column, double *value, sbertja_error *error)
{
    const char *cell = sbj_table_cell(table, row, column, NULL);
    if (!sbj_number_parse(cell, value))
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: line %zu: %s: \"%s\" is no number", table->path,
                        sbj_table_line(table, row), sbj_table_name(table, column), cell);
    return SBERTJA_OK;
}
