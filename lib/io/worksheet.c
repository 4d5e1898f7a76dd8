/* The cells of a spreadsheet's sheet.
 *
 *     <sheetData> <row r="3"> <c r="B3" t="s"> <v>17</v> </c> ... </row> ... </sheetData>
 *
 * Sheets leave out what is empty, and also name cells that only have a colour. So a cell counts when it has text: cells
 * and rows between such ones are empty, those after the last are not there, and the first row with text is the header.
 * Dates are the numbers that they are stored as; a formula is its stored result, and one without is an error. */
#include "io/worksheet.h"

#include <stdarg.h>
#include <stdio.h>

#include "io/number.h"

enum { MOST_ROWS = 1048576, MOST_COLUMNS = 16384 }; /* Excel's own */

typedef struct sheet_reader {
    const sbj_package *package;
    const sbj_shared *shared;
    sbj_table *table;
    bool stale; /* see sbj_read_sheet */
    bool in_data, in_cell, in_value;
    bool has_formula, has_value; /* the cell has <f>, <v> */
    sbj_rich_text rich;
    size_t row, column; /* of the cell, from 1 */
    size_t last_row;    /* the last one with text; 0: none yet */
    char type[12];      /* the cell's attribute t */
    sbj_strbuf value;   /* its text so far */
} sheet_reader;

/* ---- Places ----------------------------------------------------------------------------------------------------- */

static sbertja_status cell_fault(const sheet_reader *sheet, sbertja_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "PATH: line 7: D7: what" */
static sbertja_status cell_fault(const sheet_reader *sheet, sbertja_error *error, const char *format, ...)
{
    char what[256], reference[SBJ_REFERENCE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    sbj_cut_at_character(what, sizeof what);
    sbj_cell_reference(sheet->column, sheet->row, reference);
    return sbj_fail(error, SBERTJA_E_FORMAT, "%s: line %zu: %s: %s", sheet->package->path, sheet->row, reference, what);
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

/* Boolean, date, error value, text in the cell, number, shared string, text from a formula. */
static bool is_type(const char *type)
{
    static const char *const types[] = {"b", "d", "e", "inlineStr", "n", "s", "str"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
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
    sheet->has_formula = sheet->has_value = false;
    sbj_strbuf_clear(&sheet->value);
    type = type == NULL ? "n" : type;
    if (!is_type(type))
        return cell_fault(sheet, error, "a cell of the unknown type \"%s\"", type);
    memcpy(sheet->type, type, strlen(type) + 1);
    return SBERTJA_OK;
}

/* ---- Putting cells into the table ------------------------------------------------------------------------------- */

/* Rows far below and columns far to the right, which cost a few bytes in the file, all become cells. */
static sbertja_status check_room(const sheet_reader *sheet, size_t cells, sbertja_error *error)
{
    size_t bytes;
    if (!sbj_mul(cells, sizeof(uintptr_t), &bytes) ||
        !sbj_add(bytes, sbj_content_size(sheet->table, sheet->shared), &bytes))
        bytes = SIZE_MAX;
    return sbj_package_check_content(sheet->package, bytes, error);
}

static sbertja_status put_empty_cells(sheet_reader *sheet, size_t count, sbertja_error *error)
{
    sbertja_status status = check_room(sheet, count, error);
    for (size_t i = 0; i < count && status == SBERTJA_OK; i++)
        status = sbj_table_add_cell(sheet->table, "", 0, sheet->row, error);
    return status;
}

/* The rows without text since the last one with text; none before the header. */
static sbertja_status put_empty_rows(sheet_reader *sheet, sbertja_error *error)
{
    size_t columns = sheet->table->columns, count = sheet->row - sheet->last_row - 1, cells;
    sbertja_status status = SBERTJA_OK;
    if (sheet->last_row == 0)
        return SBERTJA_OK;
    status = check_room(sheet, sbj_mul(columns, count, &cells) ? cells : SIZE_MAX, error);
    for (size_t i = 1; i <= count && status == SBERTJA_OK; i++) {
        status = put_empty_cells(sheet, columns, error);
        if (status == SBERTJA_OK)
            status = sbj_table_end_row(sheet->table, sheet->last_row + i, error);
    }
    return status;
}

/* Fills up what is empty before the cell. */
static sbertja_status reach_cell(sheet_reader *sheet, sbertja_error *error)
{
    sbertja_status status = SBERTJA_OK;
    if (sbj_table_open_cells(sheet->table) == 0)
        status = put_empty_rows(sheet, error);
    if (status == SBERTJA_OK)
        status = put_empty_cells(sheet, sheet->column - 1 - sbj_table_open_cells(sheet->table), error);
    return status;
}

static sbertja_status put_cell(sheet_reader *sheet, const char *text, size_t length, sbertja_error *error)
{
    if (length == 0)
        return SBERTJA_OK;
    sbertja_status status = reach_cell(sheet, error);
    if (status != SBERTJA_OK)
        return status;
    const char *copy = sbj_texts_copy(&sheet->table->texts, text, length);
    if (copy == NULL)
        return sbj_no_memory(error, length + 1);
    if ((status = check_room(sheet, 1, error)) == SBERTJA_OK)
        status = sbj_table_add_cell(sheet->table, copy, length, sheet->row, error);
    return status;
}

static sbertja_status put_shared(sheet_reader *sheet, sbertja_error *error)
{
    const sbj_list *strings = &sheet->shared->strings;
    const char *number = sheet->value.text;
    size_t index = small_number(number, strings->count);
    if (index >= strings->count || (index == 0 && strcmp(number, "0") != 0))
        return cell_fault(sheet, error, "shared string \"%s\", there are %zu", number, strings->count);
    const char *text = (const char *)sbj_list_at(strings, index);
    if (*text == '\0')
        return SBERTJA_OK;
    sbertja_status status = reach_cell(sheet, error);
    if (status == SBERTJA_OK)
        status = check_room(sheet, 1, error);
    /* Without a look at the text: the parser has checked it, and many cells may share a long one. */
    if (status == SBERTJA_OK && !sbj_list_add(&sheet->table->cells, (uintptr_t)text))
        status = sbj_no_memory(error, SBJ_LIST_PAGE * sizeof text);
    return status;
}

static sbertja_status put_number(sheet_reader *sheet, sbertja_error *error)
{
    char text[SBJ_NUMBER_ROOM];
    double value;
    if (!sbj_number_parse(sheet->value.text, &value))
        return cell_fault(sheet, error, "\"%s\" is not a number", sheet->value.text);
    sbj_number_print(value, text);
    return put_cell(sheet, text, strlen(text), error);
}

/* Programs that write spreadsheets without calculating them leave the value of a formula out (openpyxl), or write 0 and
 * ask for a calculation (XlsxWriter, and pandas for texts that begin with "="). An empty text is a value, though. */
static sbertja_status check_formula(const sheet_reader *sheet, sbertja_error *error)
{
    static const char remedy[] = "open and save it in a spreadsheet program";
    const sbj_strbuf *value = &sheet->value;
    if (!sheet->has_formula)
        return SBERTJA_OK;
    if (value->length == 0 && !(sheet->has_value && strcmp(sheet->type, "str") == 0))
        return cell_fault(sheet, error, "formula without a stored value: %s", remedy);
    if (sheet->stale && strcmp(sheet->type, "n") == 0 && strcmp(value->text, "0") == 0)
        return cell_fault(sheet, error, "formula whose stored 0 may be a placeholder, since the workbook asks to be "
                          "calculated when it is opened: %s", remedy);
    return SBERTJA_OK;
}

static sbertja_status end_cell(sheet_reader *sheet, sbertja_error *error)
{
    sbj_strbuf *value = &sheet->value;
    sheet->in_cell = false;
    sbertja_status status = check_formula(sheet, error);
    if (status != SBERTJA_OK || value->length == 0)
        return status;
    if (strcmp(sheet->type, "n") == 0)
        return put_number(sheet, error);
    if (strcmp(sheet->type, "s") == 0)
        return put_shared(sheet, error);
    /* The rest is text as it is: inline strings, results of formulas, 0 and 1, dates, "#N/A". */
    value->length = sbj_unescape(value->text, value->length);
    status = put_cell(sheet, value->text, value->length, error);
    if (status == SBERTJA_OK && strcmp(sheet->type, "e") == 0)
        status = sbj_table_note_failure(sheet->table, error);
    return status;
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
        sheet->in_value = sheet->has_value = true;
    else if (strcmp(name, "f") == 0)
        sheet->has_formula = true;
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
    sbj_strbuf *value = &sheet->value;
    if (!sheet->in_cell || !(sheet->in_value || sbj_rich_text_counts(&sheet->rich)))
        return SBERTJA_OK;
    sbj_strbuf_bytes(value, bytes, length);
    if (value->failed)
        return sbj_no_memory(error, value->length + length);
    if (value->length > SBJ_MAX_CELL)
        return cell_fault(sheet, error, "more than %d bytes of text", (int)SBJ_MAX_CELL);
    return SBERTJA_OK;
}

sbertja_status sbj_read_sheet(const sbj_package *package, const char *part, const sbj_shared *shared, bool stale,
                              sbj_table *table, sbertja_error *error)
{
    sheet_reader sheet = {
        .package = package, .shared = shared, .table = table, .stale = stale, .value = SBJ_STRBUF(&table->alloc)};
    const sbj_xml_handler handler = {start, end, text, &sheet};
    sbertja_status status = sbj_package_parse(package, part, package->max_part, &handler, error);
    sbj_strbuf_free(&sheet.value);
    return status;
}
