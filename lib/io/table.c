/* Tables of text cells: the reader is chosen by the ending of the name; building and looking up is common to all. */
#include "io/table.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "io/input.h"
#include "io/number.h"
#include "io/table_private.h"
#include "io/valid_utf8.h"
#include "text/utf8.h"

/* ---- Building --------------------------------------------------------------------------------------------------- */

size_t sbj_table_open_cells(const sbj_table *table)
{
    return table->cells.count - table->rows * table->columns;
}

sbertja_status sbj_table_add_cell(sbj_table *table, const char *text, size_t length, size_t line, sbertja_error *error)
{
    sbertja_status status = sbj_utf8_check(text, length, error);
    if (status == SBERTJA_OK && memchr(text, '\0', length) != NULL)
        status = sbj_fail(error, SBERTJA_E_FORMAT, "a NUL byte, expected text");
    if (status != SBERTJA_OK)
        return sbj_in(error, status, "%s: line %zu: column %zu", table->path, line, sbj_table_open_cells(table) + 1);
    return sbj_list_add(&table->cells, (uintptr_t)text) ? SBERTJA_OK : sbj_no_memory(error, SBJ_LIST_PAGE * sizeof text);
}

sbertja_status sbj_table_note_failure(sbj_table *table, sbertja_error *error)
{
    const size_t column = sbj_table_open_cells(table) - 1;
    /* Names of columns are only compared, so an error value among them is a name like any other. */
    if (table->rows == 0 || column >= table->columns)
        return SBERTJA_OK;
    if (table->failures == NULL && (table->failures = sbj_new(&table->alloc, table->columns, sizeof(size_t))) == NULL)
        return sbj_no_memory(error, table->columns * sizeof(size_t));
    if (table->failures[column] == 0)
        table->failures[column] = table->cells.count - 1;
    return SBERTJA_OK;
}

sbertja_status sbj_table_end_row(sbj_table *table, size_t line, sbertja_error *error)
{
    size_t found = sbj_table_open_cells(table);
    if (table->rows > 0 && found != table->columns)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: line %zu: %zu columns, expected %zu", table->path, line, found,
                        table->columns);
    if (!sbj_list_add(&table->lines, line))
        return sbj_no_memory(error, SBJ_LIST_PAGE * sizeof line);
    table->columns = found;
    table->rows++;
    return SBERTJA_OK;
}

/* ---- Reading and freeing ---------------------------------------------------------------------------------------- */

typedef sbertja_status (*reader)(sbj_table *table, char *data, size_t size, sbertja_error *error);

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
    sbj_content *file = &table->file;
    size_t mark;
    sbertja_status status = sbj_content_read(&table->alloc, table->path, file, error);
    if (status == SBERTJA_OK && (status = sbj_skip_byte_order_mark(file->data, file->size, &mark, error)) != SBERTJA_OK)
        status = sbj_in(error, status, "%s", table->path);
    if (status == SBERTJA_OK)
        status = read(table, (char *)file->data + mark, file->size - mark, error);
    if (status == SBERTJA_OK && read == sbj_read_xlsx)
        sbj_content_free(file);
    if (status == SBERTJA_OK && table->rows == 0)
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: line 1: no text, expected a header", table->path);
    else if (status == SBERTJA_OK && table->rows == 1)
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: line %zu: only a header, expected rows after it", table->path,
                          (size_t)sbj_list_at(&table->lines, 0));
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
    table->alloc = table->texts.alloc = table->cells.alloc = table->lines.alloc = *alloc;
    table->path = sbj_copy_text(alloc, path, strlen(path));
    if (table->path == NULL) {
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
    sbj_content_free(&table->file);
    sbj_texts_free(&table->texts);
    sbj_list_free(&table->cells);
    sbj_list_free(&table->lines);
    sbj_free(&alloc, table->failures);
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
    const char *text = (const char *)sbj_list_at(&table->cells, row * table->columns + column);
    if (length != NULL)
        *length = strlen(text);
    return text;
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
    return sbj_list_at(&table->lines, row + 1);
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

void sbj_cell_reference(size_t column, size_t row, char reference[SBJ_REFERENCE])
{
    char letters[16], *at = letters + sizeof letters;
    *--at = '\0';
    for (; column > 0; column = (column - 1) / 26)
        *--at = (char)('A' + (column - 1) % 26);
    snprintf(reference, SBJ_REFERENCE, "%s%zu", at, row);
}

/* Error values are neither texts nor labels, and a row that has one is not known; but only in columns that are used. */
static sbertja_status check_failures(const sbj_table *table, size_t column, sbertja_error *error)
{
    char reference[SBJ_REFERENCE];
    if (table->failures == NULL || table->failures[column] == 0)
        return SBERTJA_OK;
    const size_t cell = table->failures[column], line = sbj_list_at(&table->lines, cell / table->columns);
    sbj_cell_reference(column + 1, line, reference);
    return sbj_fail(error, SBERTJA_E_FORMAT, "%s: line %zu: %s: the error value %s: correct the cell or delete its row",
                    table->path, line, reference, (const char *)sbj_list_at(&table->cells, cell));
}

sbertja_status sbj_table_find(const sbj_table *table, const char *name, size_t *column, sbertja_error *error)
{
    size_t found = table->columns;
    for (size_t i = 0; i < table->columns; i++) {
        if (strcmp(sbj_table_name(table, i), name) != 0)
            continue;
        if (found < table->columns)
            return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: there are two columns \"%s\", %zu and %zu",
                            table->path, name, found + 1, i + 1);
        found = i;
    }
    if (found == table->columns)
        return no_such_column(table, name, error);
    *column = found;
    return check_failures(table, found, error);
}

sbertja_status sbj_table_number(const sbj_table *table, size_t row, size_t column, double *value, sbertja_error *error)
{
    const char *cell = sbj_table_cell(table, row, column, NULL);
    if (!sbj_number_parse(cell, value))
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: line %zu: %s: \"%s\" is no number", table->path,
                        sbj_table_line(table, row), sbj_table_name(table, column), cell);
    return SBERTJA_OK;
}
