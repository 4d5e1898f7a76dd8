/* The cells of a spreadsheet's sheet.
 *
 *     <sheetData> <row r="3"> <c r="B3" t="s"> <v>17</v> </c> ... </row> ... </sheetData>
 *
 * Sheets leave out what is empty, and also name cells that only have a colour. So a cell counts when it has text: cells
 * and rows between such ones are empty, those after the last are not there, and the first row with text is the header.
 * Dates are the numbers that they are stored as; a formula is its last result. */
#include "io/worksheet.h"

#include "io/number.h"
#include "io/table_private.h"

enum { MOST_ROWS = 1048576, MOST_COLUMNS = 16384 }; /* Excel's own */

typedef struct sheet_reader {
    const sbj_package *package;
    const sbj_shared *shared;
    sbj_table *table;
    bool in_data, in_cell, in_value;
    sbj_rich_text rich;
    size_t row, column; /* of the cell, from 1 */
    size_t last_row;    /* the last one with text; 0: none yet */
    char type[12];      /* the cell's attribute t */
    sbj_strbuf value;   /* its text so far */
} sheet_reader;

/* ---- Places ----------------------------------------------------------------------------------------------------- */

static sbertja_status cell_fault(const sheet_reader *sheet, sbertja_error *error, const char *fault)
{
    return sbj_fail(error, SBERTJA_E_FORMAT, "%s: line %zu: column %zu: %s", sheet->package->path, sheet->row,
                    sheet->column, fault);
}

/* Up to `most`; larger for a larger number, 0 for no number. */
static size_t small_number(const char *text, size_t most)
{
    size_t value = 0;
    if (*text == '\0')
        return 0;
    for (; *text >= '0' && *text <= '9' && value <= most; text++)
        value = value * 10 + (size_t)(*text - '0');
    return *text == '\0' || value > most ? value : 0;
}

/* The column of "AB12": 28; 0 when there is none. */
static size_t column_of(const char *reference)
{
    size_t column = 0;
    for (; *reference >= 'A' && *reference <= 'Z' && column <= MOST_COLUMNS; reference++)
        column = column * 26 + (size_t)(*reference - 'A' + 1);
    return column;
}

static sbertja_status begin_row(sheet_reader *sheet, const char **attributes, sbertja_error *error)
{
    const char *number = sbj_xml_attribute(attributes, "r");
    size_t before = sheet->row;
    sheet->row = number == NULL ? before + 1 : small_number(number, MOST_ROWS);
    sheet->column = 0;
    if (sheet->row <= before || sheet->row > MOST_ROWS)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: row \"%s\" after row %zu, expected a larger one, at most %d",
                        sheet->package->path, number == NULL ? "" : number, before, (int)MOST_ROWS);
    return SBERTJA_OK;
}

static sbertja_status begin_cell(sheet_reader *sheet, const char **attributes, sbertja_error *error)
{
    const char *reference = sbj_xml_attribute(attributes, "r"), *type = sbj_xml_attribute(attributes, "t");
    size_t before = sheet->column;
    sheet->column = reference == NULL ? before + 1 : column_of(reference);
    if (sheet->row == 0 || sheet->column <= before || sheet->column > MOST_COLUMNS)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: line %zu: cell \"%s\" after column %zu, expected a larger one",
                        sheet->package->path, sheet->row, reference == NULL ? "" : reference, before);
    sheet->in_cell = true;
    sbj_strbuf_clear(&sheet->value);
    type = type == NULL ? "n" : type;
    if (strlen(type) >= sizeof sheet->type)
        return cell_fault(sheet, error, "a cell of an unknown type");
    memcpy(sheet->type, type, strlen(type) + 1);
    return SBERTJA_OK;
}

/* ---- Putting cells into the table ------------------------------------------------------------------------------- */

/* Bounds what a few bytes can ask for: by rows far below and columns far to the right, and by one long shared string
 * that many cells refer to. */
static sbertja_status check_room(const sheet_reader *sheet, size_t cells, size_t bytes, sbertja_error *error)
{
    const sbj_table *table = sheet->table;
    size_t most = sheet->package->most, cell_bytes;
    if (!sbj_add(table->cells, cells, &cells) || !sbj_mul(cells, sizeof(size_t), &cell_bytes) || cell_bytes > most ||
        bytes > most - table->text.length)
        return sbj_fail(error, SBERTJA_E_FORMAT,
                        "%s: line %zu: the cells take over %zu bytes, the most that is read from a file of this size",
                        sheet->package->path, sheet->row, most);
    return SBERTJA_OK;
}

static sbertja_status put_empty_cells(sheet_reader *sheet, size_t count, sbertja_error *error)
{
    sbertja_status status = check_room(sheet, count, count, error);
    for (size_t i = 0; i < count && status == SBERTJA_OK; i++)
        status = sbj_table_end_cell(sheet->table, sheet->row, error);
    return status;
}

/* The rows without text since the last one with text; none before the header. */
static sbertja_status put_empty_rows(sheet_reader *sheet, sbertja_error *error)
{
    size_t columns = sheet->table->columns, count = sheet->row - sheet->last_row - 1, cells;
    sbertja_status status = SBERTJA_OK;
    if (sheet->last_row == 0)
        return SBERTJA_OK;
    if (sbj_mul(columns, count, &cells))
        status = check_room(sheet, cells, cells, error);
    for (size_t i = 1; i <= count && status == SBERTJA_OK; i++) {
        status = put_empty_cells(sheet, columns, error);
        if (status == SBERTJA_OK)
            status = sbj_table_end_row(sheet->table, sheet->last_row + i, error);
    }
    return status;
}

static sbertja_status put_cell(sheet_reader *sheet, const char *text, size_t length, sbertja_error *error)
{
    sbertja_status status = SBERTJA_OK;
    if (length == 0)
        return SBERTJA_OK;
    if (sbj_table_open_cells(sheet->table) == 0)
        status = put_empty_rows(sheet, error);
    if (status == SBERTJA_OK)
        status = put_empty_cells(sheet, sheet->column - 1 - sbj_table_open_cells(sheet->table), error);
    if (status == SBERTJA_OK)
        status = check_room(sheet, 1, length + 1, error);
    if (status != SBERTJA_OK)
        return status;
    sbj_strbuf_bytes(&sheet->table->text, text, length);
    return sbj_table_end_cell(sheet->table, sheet->row, error);
}

static sbertja_status put_shared(sheet_reader *sheet, sbertja_error *error)
{
    const sbj_shared *shared = sheet->shared;
    const char *number = sheet->value.text;
    size_t index = small_number(number, shared->count);
    if (index >= shared->count || (index == 0 && strcmp(number, "0") != 0))
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: line %zu: column %zu: shared string \"%s\", there are %zu",
                        sheet->package->path, sheet->row, sheet->column, number, shared->count);
    size_t begin = shared->begins[index];
    return put_cell(sheet, shared->text.text + begin, shared->begins[index + 1] - begin, error);
}

static sbertja_status put_number(sheet_reader *sheet, sbertja_error *error)
{
    char text[SBJ_NUMBER_ROOM];
    double value;
    if (!sbj_number_parse(sheet->value.text, &value))
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: line %zu: column %zu: \"%s\" is no number", sheet->package->path,
                        sheet->row, sheet->column, sheet->value.text);
    sbj_number_print(value, text);
    return put_cell(sheet, text, strlen(text), error);
}

static sbertja_status end_cell(sheet_reader *sheet, sbertja_error *error)
{
    sbj_strbuf *value = &sheet->value;
    sheet->in_cell = false;
    if (value->failed)
        return sbj_no_memory(error, value->length + 1);
    if (value->length == 0)
        return SBERTJA_OK;
    if (strcmp(sheet->type, "n") == 0)
        return put_number(sheet, error);
    if (strcmp(sheet->type, "s") == 0)
        return put_shared(sheet, error);
    /* The rest is text as it stands: inline strings, results of formulas, 0 and 1, dates, "#N/A". */
    value->length = sbj_unescape(value->text, value->length);
    return put_cell(sheet, value->text, value->length, error);
}

static sbertja_status end_row(sheet_reader *sheet, sbertja_error *error)
{
    sbj_table *table = sheet->table;
    size_t filled = sbj_table_open_cells(table);
    sbertja_status status = SBERTJA_OK;
    if (filled == 0)
        return SBERTJA_OK;
    if (filled < table->columns)
        status = put_empty_cells(sheet, table->columns - filled, error);
    if (status == SBERTJA_OK)
        status = sbj_table_end_row(table, sheet->row, error);
    sheet->last_row = sheet->row;
    return status;
}

/* ---- Elements --------------------------------------------------------------------------------------------------- */

static sbertja_status start(void *context, const char *name, const char **attributes, sbertja_error *error)
{
    sheet_reader *sheet = context;
    if (strcmp(name, "sheetData") == 0)
        sheet->in_data = true;
    else if (sheet->in_data && strcmp(name, "row") == 0)
        return begin_row(sheet, attributes, error);
    else if (sheet->in_data && strcmp(name, "c") == 0)
        return begin_cell(sheet, attributes, error);
    else if (strcmp(name, "v") == 0)
        sheet->in_value = true;
    sbj_rich_text_mark(&sheet->rich, name, true);
    return SBERTJA_OK;
}

static sbertja_status end(void *context, const char *name, sbertja_error *error)
{
    sheet_reader *sheet = context;
    if (strcmp(name, "sheetData") == 0)
        sheet->in_data = false;
    else if (sheet->in_data && strcmp(name, "row") == 0)
        return end_row(sheet, error);
    else if (sheet->in_cell && strcmp(name, "c") == 0)
        return end_cell(sheet, error);
    else if (strcmp(name, "v") == 0)
        sheet->in_value = false;
    sbj_rich_text_mark(&sheet->rich, name, false);
    return SBERTJA_OK;
}

static sbertja_status text(void *context, const char *bytes, size_t length, sbertja_error *error)
{
    sheet_reader *sheet = context;
    (void)error;
    if (sheet->in_cell && (sheet->in_value || sbj_rich_text_counts(&sheet->rich)))
        sbj_strbuf_bytes(&sheet->value, bytes, length);
    return SBERTJA_OK;
}

sbertja_status sbj_read_sheet(const sbj_package *package, const char *part, const sbj_shared *shared, sbj_table *table,
                              sbertja_error *error)
{
    sheet_reader sheet = {.package = package, .shared = shared, .table = table, .value = SBJ_STRBUF(&table->alloc)};
    const sbj_xml_handler handler = {start, end, text, &sheet};
    sbertja_status status = sbj_package_parse(package, part, &handler, error);
    sbj_strbuf_free(&sheet.value);
    return status;
}
