/* Spreadsheets: the sample against the same table as TSV; sheets written here, part by part; damaged files. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "io/table.h"
#include "support/failing_alloc.h"
#include "support/scratch.h"

/* ---- Writing a spreadsheet -------------------------------------------------------------------------------------- */

#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
#define MAIN "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define OFFICE "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACKAGE "http://schemas.openxmlformats.org/package/2006/relationships"

typedef struct part {
    const char *name, *content;
} part;

static const part root = {"_rels/.rels", XML "<Relationships xmlns='" PACKAGE "'><Relationship Id='rId1' Type='" OFFICE
                                             "/officeDocument' Target='xl/workbook.xml'/></Relationships>"};
static const part book = {"xl/workbook.xml", XML "<workbook xmlns='" MAIN "' xmlns:r='" OFFICE
                                                 "'><sheets><sheet name='データ' sheetId='3' r:id='rId2'/>"
                                                 "<sheet name='他' sheetId='1' r:id='rId1'/></sheets></workbook>"};
static const part links = {"xl/_rels/workbook.xml.rels",
                           XML "<Relationships xmlns='" PACKAGE "'><Relationship Id='rId1' Type='" OFFICE
                               "/worksheet' Target='worksheets/sheet1.xml'/><Relationship Id='rId2' Type='" OFFICE
                               "/worksheet' Target='/xl/worksheets/sheet2.xml'/><Relationship Id='rId3' Type='" OFFICE
                               "/sharedStrings' Target='sharedStrings.xml'/></Relationships>"};
static const part other = {
    "xl/worksheets/sheet1.xml",
    "<worksheet><sheetData><row><c t='str'><v>wrong sheet</v></c></row></sheetData></worksheet>"};

static const char *write_parts(const char *name, const part *parts, size_t count)
{
    const char *path = scratch_path(name);
    int fault;
    remove(path);
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &fault);
    ck_assert_ptr_nonnull(zip);
    for (size_t i = 0; i < count; i++)
        if (parts[i].content != NULL) {
            zip_source_t *source = zip_source_buffer(zip, parts[i].content, strlen(parts[i].content), 0);
            ck_assert_int_ge(zip_file_add(zip, parts[i].name, source, ZIP_FL_ENC_UTF_8), 0);
        }
    ck_assert_int_eq(zip_close(zip), 0);
    return path;
}

/* A workbook whose first sheet, sheet2.xml, has these rows. `shared` are the <si> elements, or NULL. */
static const char *write_sheet(const char *rows, const char *shared)
{
    static char sheet[8192], strings[4096];
    snprintf(sheet, sizeof sheet,
             XML "<worksheet xmlns='" MAIN "'><cols><col min='1'/></cols>\n<sheetData>%s</sheetData>"
                 "<c>x</c></worksheet>",
             rows);
    snprintf(strings, sizeof strings, XML "<sst xmlns='" MAIN "'>%s</sst>", shared == NULL ? "" : shared);
    const part parts[] = {root,
                          book,
                          links,
                          other,
                          {"xl/worksheets/sheet2.xml", sheet},
                          {"xl/sharedStrings.xml", shared == NULL ? NULL : strings}};
    const part *last = &parts[4];
    /* Without shared strings the relationship is not there either. */
    if (shared == NULL) {
        static char plain[2048];
        snprintf(plain, sizeof plain, "%.*s</Relationships>",
                 (int)(strstr(links.content, "<Relationship Id='rId3'") - links.content), links.content);
        const part without[] = {root, book, {links.name, plain}, other, *last};
        return write_parts("a.xlsx", without, 5);
    }
    return write_parts("a.xlsx", parts, 6);
}

/* The cells as one text: tabs between cells, '|' between rows, a '\n' as it is. */
static const char *flat(const sbj_table *table)
{
    static char text[8192];
    size_t used = 0;
    text[0] = '\0';
    for (size_t row = 0; row <= sbj_table_rows(table); row++)
        for (size_t column = 0; column < sbj_table_columns(table); column++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s",
                                     column > 0 ? "\t"
                                     : row > 0  ? "|"
                                                : "",
                                     row == 0 ? sbj_table_name(table, column)
                                              : sbj_table_cell(table, row - 1, column, NULL));
    return text;
}

/* ---- Sheets ----------------------------------------------------------------------------------------------------- */

#define HEADER "<row r='1'><c r='A1' t='str'><v>x</v></c><c r='B1' t='str'><v>y</v></c></row>"
#define ONE "<row r='2'><c r='A2'><v>1</v></c></row>"

typedef struct sheet_case {
    const char *what, *rows, *shared, *expected; /* the cells, or, after '!', the message behind the path */
} sheet_case;

static const sheet_case cases[] = {
    {"numbers", HEADER "<row r='2'><c r='A2'><v>3</v></c><c r='B2' t='n'><v>1.0</v></c></row>", NULL, "x\ty|3\t1"},
    {"fractions, exponents, dates",
     HEADER "<row r='2'><c r='A2'><v>2.5000000000000001E-2</v></c><c r='B2' s='4'>"
            "<v>45000</v></c></row>",
     NULL, "x\ty|0.025\t45000"},
    {"booleans, formulas, faults",
     HEADER "<row r='2'><c r='A2' t='b'><v>1</v></c><c r='B2' t='str'><f>A1&amp;\"b\"</f>"
            "<v>ab</v></c></row><row r='3'><c r='A3' t='e'><v>#N/A</v></c><c r='B3'><f>1+1</f><v>2</v></c></row>",
     NULL, "x\ty|1\tab|#N/A\t2"},
    {"inline strings",
     HEADER "<row r='2'><c r='A2' t='inlineStr'><is><t xml:space='preserve'> 冷却水 </t></is></c>"
            "<c r='B2' t='inlineStr'><is><r><rPr><b/></rPr><t>漏</t></r><r><t>れ</t></r></is></c></row>",
     NULL, "x\ty| 冷却水 \t漏れ"},
    {"shared strings", HEADER "<row r='2'><c r='A2' t='s'><v>1</v></c><c r='B2' t='s'><v>0</v></c></row>",
     "<si><t>a &lt; b\nc</t></si><si><t>水</t></si>", "x\ty|水\ta < b\nc"},
    {"rich text and readings", HEADER "<row r='2'><c r='A2' t='s'><v>0</v></c><c r='B2' t='s'><v>1</v></c></row>",
     "<si><r><t>冷却</t></r><r><rPr/><t xml:space='preserve'> 水</t></r><rPh sb='0' eb='2'><t>レイキャク</t></rPh>"
     "<phoneticPr fontId='1'/></si><si><t>漏れ</t><rPh sb='0' eb='1'><t>モ</t></rPh></si>",
     "x\ty|冷却 水\t漏れ"},
    {"a reading in an inline string",
     HEADER "<row r='2'><c r='A2' t='inlineStr'><is><t>漏</t><rPh sb='0' eb='1'><t>モ"
            "</t></rPh></is></c></row>",
     NULL, "x\ty|漏\t"},
    {"escapes",
     HEADER "<row r='2'><c r='A2' t='str'><v>a_x000D_b_x005F_x000D_</v></c><c r='B2' t='s'><v>0</v></c></row>",
     "<si><t>_x3042__x00e9__xD800__x0000__x12_</t></si>", "x\ty|a\rb_x000D_\tあé_xD800__x0000__x12_"},
    {"gaps",
     "<row r='1'><c r='A1' t='str'><v>x</v></c><c r='C1' t='str'><v>z</v></c></row><row r='2'><c r='B2'><v>1</v>"
     "</c></row><row r='5'><c r='C5'><v>2</v></c></row>",
     NULL, "x\t\tz|\t1\t|\t\t|\t\t|\t\t2"},
    {"places left out",
     "<row><c t='str'><v>x</v></c><c t='str'><v>y</v></c></row><row><c><v>1</v></c><c><v>2</v></c></row>", NULL,
     "x\ty|1\t2"},
    {"coloured nothing right and below",
     HEADER "<row r='2'><c r='A2'><v>1</v></c><c r='D2' s='5'/></row><row r='3'><c r='A3'"
            " s='5'/><c r='B3' t='s'/></row><row r='9'/>",
     NULL, "x\ty|1\t"},
    {"nothing above",
     "<row r='2'/><row r='3'><c r='A3' t='str'><v>x</v></c></row><row r='4'><c r='A4'><v>1</v></c></row>", NULL, "x|1"},
    {"beyond the header", HEADER "<row r='2'><c r='A2'><v>1</v></c><c r='D2'><v>4</v></c></row>", NULL,
     "!: line 2: 4 columns, expected 2"},
    {"no number", HEADER "<row r='2'><c r='B2'><v>1,5</v></c></row>", NULL,
     "!: line 2: B2: \"1,5\" is not a number"},
    {"a shared string too far", HEADER "<row r='2'><c r='A2' t='s'><v>1</v></c></row>", "<si><t>a</t></si>",
     "!: line 2: A2: shared string \"1\", there are 1"},
    {"a shared string without a number", HEADER "<row r='2'><c r='A2' t='s'><v>a</v></c></row>", "<si><t>a</t></si>",
     "!: line 2: A2: shared string \"a\", there are 1"},
    {"no shared strings", HEADER "<row r='2'><c r='A2' t='s'><v>0</v></c></row>", NULL,
     "!: line 2: A2: shared string \"0\", there are 0"},
    {"rows out of order", HEADER "<row r='1'><c r='A1'><v>1</v></c></row>", NULL,
     "!: row \"1\" after row 1, expected a larger one, at most 1048576"},
    {"a row too far", HEADER "<row r='1048577'/>", NULL,
     "!: row \"1048577\" after row 1, expected a larger one, at most 1048576"},
    {"cells out of order", HEADER "<row r='2'><c r='B2'><v>1</v></c><c r='A2'><v>1</v></c></row>", NULL,
     "!: line 2: cell \"A2\" after column 2, expected a larger one"},
    {"a column too far", HEADER "<row r='2'><c r='XFE2'><v>1</v></c></row>", NULL,
     "!: line 2: cell \"XFE2\" after column 0, expected a larger one"},
    {"a cell outside rows", "<c r='A1'><v>1</v></c>", NULL,
     "!: line 0: cell \"A1\" after column 0, expected a larger one"},
    {"an unknown type", HEADER "<row r='2'><c r='A2' t='somethingElse'><v>1</v></c></row>", NULL,
     "!: line 2: A2: a cell of the unknown type \"somethingElse\""},
    {"a date in words", HEADER "<row r='2'><c r='A2' t='d'><v>2024-02-29T12:00:00</v></c></row>", NULL,
     "x\ty|2024-02-29T12:00:00\t"},
    {"formulas with their values",
     HEADER "<row r='2'><c r='A2' t='str'><f>A1</f><v>a</v></c><c r='B2'><f t='shared' ref='B2:B3' si='0'>1+1</f>"
            "<v>2</v></c></row><row r='3'><c r='A3' t='str'><f>\"\"</f><v></v></c><c r='B3'><f t='shared' si='0'/>"
            "<v>0</v></c></row><row r='4'><c r='A4' t='b'><f t='array' ref='A4'>1=1</f><v>1</v></c></row>",
     NULL, "x\ty|a\t2|\t0|1\t"},
    {"a formula without a value", HEADER "<row r='7'><c r='B7'><f>1+1</f></c></row>", NULL,
     "!: line 7: B7: formula without a stored value: open and save it in a spreadsheet program"},
    {"a formula with an empty value", HEADER ONE "<row r='3'><c r='A3'><f>1+1</f><v/></c></row>", NULL,
     "!: line 3: A3: formula without a stored value: "},
    {"a shared formula without a value", HEADER "<row r='2'><c r='A2'><f t='shared' si='0'/><v></v></c></row>", NULL,
     "!: line 2: A2: formula without a stored value: "},
    {"an array formula without a value", HEADER "<row r='2'><c r='A2' t='b'><f t='array' ref='A2'>1=1</f></c></row>", NULL,
     "!: line 2: A2: formula without a stored value: "},
    {"a formula of text without a value", HEADER "<row r='2'><c r='AB2' t='str'><f>A1</f></c></row>", NULL,
     "!: line 2: AB2: formula without a stored value: "},
    {"a formula of an error without a value", HEADER "<row r='2'><c r='A2' t='e'><f>NA()</f><v></v></c></row>", NULL,
     "!: line 2: A2: formula without a stored value: "},
    {"a formula in the header", "<row r='1'><c r='A1'><f>B1</f><v></v></c></row>" ONE, NULL,
     "!: line 1: A1: formula without a stored value: "},
    {"merged and hidden cells are cells",
     HEADER "<row r='2' hidden='1'><c r='A2'><v>1</v></c><c r='B2'><v>2</v></c></row><row r='3'><c r='B3'><v>3</v></c>"
            "</row>",
     NULL, "x\ty|1\t2|\t3"},
    {"prefixes, and another name space that has a letter of ours",
     HEADER "<x:row xmlns:x='" MAIN "' xmlns:r='a' r='2'><x:c xmlns:t='b' r='A2'><x:v>1</x:v></x:c></x:row>", NULL,
     "x\ty|1\t"},
    {"empty", "", NULL, "!: line 1: no text, expected a header"},
    {"only a header", HEADER, NULL, "!: line 1: only a header, expected rows after it"},
    {"malformed", HEADER "\n<row r='2'><c></row>", NULL,
     "!: xl/worksheets/sheet2.xml: line 4: malformed XML: mismatched tag"},
    {"malformed shared strings", HEADER, "<si><t>a</si>",
     "!: xl/sharedStrings.xml: line 2: malformed XML: mismatched tag"},
    {"not UTF-8", HEADER "<row r='2'><c r='A2' t='str'><v>\x82\xA0</v></c></row>", NULL,
     "!: xl/worksheets/sheet2.xml: line 3: malformed XML: not well-formed (invalid token)"},
    {"cells that take too much",
     "<row r='1'><c r='XFD1' t='str'><v>x</v></c></row><row r='1048576'><c r='A1048576'><v>1"
     "</v></c></row>",
     NULL, "!: the cells take more than "},
};

static void check_case(const sheet_case *c)
{
    const char *path = write_sheet(c->rows, c->shared);
    sbj_table *table;
    sbertja_error error;
    sbertja_status status = sbj_table_read(&sbj_malloc, path, &table, &error);
    if (c->expected[0] != '!') {
        ck_assert_msg(status == SBERTJA_OK, "%s: %s", c->what, error.message);
        ck_assert_msg(strcmp(flat(table), c->expected) == 0, "%s: %s", c->what, flat(table));
    } else {
        ck_assert_ptr_null(table);
        ck_assert_msg(status == SBERTJA_E_FORMAT && strncmp(error.message, path, strlen(path)) == 0 &&
                          strncmp(error.message + strlen(path), c->expected + 1, strlen(c->expected + 1)) == 0,
                      "%s: status %d: %s", c->what, status, error.message);
    }
    sbj_table_free(table);
}

START_TEST(sheets)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_case(&cases[i]);
}
END_TEST

START_TEST(lines_are_rows_of_the_sheet)
{
    sbj_table *table;
    const char *path =
        write_sheet("<row r='2'><c r='A2' t='str'><v>x</v></c></row><row r='3'><c r='A3'><v>1</v></c></row>"
                    "<row r='5'><c r='A5'><v>1</v></c></row>",
                    NULL);
    ck_assert_int_eq(sbj_table_read(&sbj_malloc, path, &table, NULL), SBERTJA_OK);
    ck_assert_uint_eq(sbj_table_rows(table), 3);
    for (size_t row = 0; row < 3; row++)
        ck_assert_uint_eq(sbj_table_line(table, row), row + 3);
    sbj_table_free(table);
}
END_TEST

START_TEST(sample_is_the_table_in_the_text_file)
{
    sbj_table *sheet, *text;
    sbertja_error error;
    ck_assert_msg(sbj_table_read(&sbj_malloc, "examples/report/report.xlsx", &sheet, &error) == SBERTJA_OK, "%s",
                  error.message);
    ck_assert_int_eq(sbj_table_read(&sbj_malloc, "examples/report/report.tsv", &text, &error), SBERTJA_OK);
    ck_assert_uint_eq(sbj_table_rows(sheet), 600);
    ck_assert_uint_eq(sbj_table_rows(text), 600);
    ck_assert_uint_eq(sbj_table_columns(sheet), sbj_table_columns(text));
    for (size_t column = 0; column < sbj_table_columns(text); column++) {
        ck_assert_str_eq(sbj_table_name(sheet, column), sbj_table_name(text, column));
        for (size_t row = 0; row < 600; row++)
            ck_assert_str_eq(sbj_table_cell(sheet, row, column, NULL), sbj_table_cell(text, row, column, NULL));
    }
    sbj_table_free(text);
    sbj_table_free(sheet);
}
END_TEST

/* ---- Packages --------------------------------------------------------------------------------------------------- */

typedef struct package_case {
    const char *what;
    part parts[5];
    const char *expected;
} package_case;

#define GOOD_SHEET                                                                                                     \
    {                                                                                                                  \
        "xl/worksheets/sheet2.xml", "<worksheet><sheetData>" HEADER ONE "</sheetData></worksheet>"                     \
    }
#define RELATIONS(inside) "<Relationships>" inside "</Relationships>"

START_TEST(parts_of_a_package)
{
    const package_case packages[] = {
        {"whole, without namespaces and shared strings",
         {root,
          book,
          {links.name,
           RELATIONS("<Relationship Id='rId2' Type='http://purl.oclc.org/ooxml/officeDocument/relationships/worksheet' "
                     "Target='../xl/./worksheets/sheet2.xml'/>")},
          GOOD_SHEET},
         "x\ty|1\t"},
        {"a chart first",
         {root,
          {"XL/Workbook.xml", "<workbook xmlns:r='r'><sheets><sheet r:id='c'/><sheet r:id='s'/>"
                              "</sheets></workbook>"},
          {links.name, RELATIONS("<Relationship Id='c' Type='x/chartsheet' Target='c.xml'/>"
                                 "<Relationship Id='s' Type='x/worksheet' Target='worksheets/sheet2.xml'/>")},
          GOOD_SHEET},
         "x\ty|1\t"},
        {"no relationships", {book, links, GOOD_SHEET}, "!: _rels/.rels: not in the file"},
        {"no workbook named", {{root.name, RELATIONS("")}, book, links}, "!: no workbook in it"},
        {"no workbook", {root, links, GOOD_SHEET}, "!: xl/workbook.xml: not in the file"},
        {"no sheet named",
         {root, {book.name, "<workbook/>"}, links, GOOD_SHEET},
         "!: xl/workbook.xml: no sheet of cells"},
        {"an external sheet",
         {root,
          book,
          {links.name, RELATIONS("<Relationship Id='rId2' Type='x/worksheet' "
                                 "TargetMode='External' Target='http://example.org/a.xml'/>")}},
         "!: xl/workbook.xml: no sheet of cells"},
        {"no sheet",
         {root,
          book,
          {links.name, RELATIONS("<Relationship Id='rId2' Type='x/worksheet' "
                                 "Target='../a.xml'/>")}},
         "!: a.xml: not in the file"},
        {"a document type",
         {root, {book.name, "<!DOCTYPE workbook [<!ENTITY a 'b'>]><workbook/>"}, links},
         "!: xl/workbook.xml: line 1: a document type, which no spreadsheet has"},
        {"a part that is empty",
         {root, {book.name, ""}, links},
         "!: xl/workbook.xml: line 1: malformed XML: no element found"},
    };
    for (size_t i = 0; i < sizeof packages / sizeof packages[0]; i++) {
        const package_case *c = &packages[i];
        size_t count = 0;
        while (count < 5 && c->parts[count].name != NULL)
            count++;
        const char *path = write_parts("a.xlsx", c->parts, count);
        sbj_table *table;
        sbertja_error error = {SBERTJA_OK, ""};
        sbertja_status status = sbj_table_read(&sbj_malloc, path, &table, &error);
        if (c->expected[0] == '!')
            ck_assert_msg(status == SBERTJA_E_FORMAT && strcmp(error.message + strlen(path), c->expected + 1) == 0,
                          "%s: %d: %s", c->what, status, error.message);
        else
            ck_assert_msg(status == SBERTJA_OK && strcmp(flat(table), c->expected) == 0, "%s: %s", c->what,
                          error.message);
        sbj_table_free(table);
    }
}
END_TEST

START_TEST(other_files)
{
    sbj_table *table;
    sbertja_error error;
    ck_assert_int_eq(sbj_table_read(&sbj_malloc, scratch_file("a.xlsx", "x\ty\n", 4), &table, &error),
                     SBERTJA_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(error.message, "a.xlsx: no spreadsheet: "));
    ck_assert_int_eq(sbj_table_read(&sbj_malloc, scratch_file("a.xlsx", "", 0), &table, &error), SBERTJA_E_FORMAT);
    ck_assert_int_eq(sbj_table_read(&sbj_malloc, scratch_file("a.xlsx", "\xD0\xCF\x11\xE0....", 8), &table, &error),
                     SBERTJA_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(error.message, "expected an .xlsx without"));
}
END_TEST

/* What a small file may unpack to: many blanks, a tag without end, and texts and structures that stay in memory. One long
 * text that all cells refer to is in memory once. */
START_TEST(bombs)
{
    const size_t blanks = 96 << 20;
    char *content = malloc(blanks + 1);
    sbj_table *table;
    sbertja_error error;
    memset(content, ' ', blanks);
    content[blanks] = '\0';
    const part parts[] = {root, book, links, {"xl/worksheets/sheet2.xml", content}, {"xl/sharedStrings.xml", "<sst/>"}};
    memcpy(content, "<worksheet>", 11);
    ck_assert_int_eq(sbj_table_read(&sbj_malloc, write_parts("a.xlsx", parts, 5), &table, &error), SBERTJA_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(error.message, "xl/worksheets/sheet2.xml: unpacks to more than "));
    content[10] = ' ';
    ck_assert_int_eq(sbj_table_read(&sbj_malloc, write_parts("a.xlsx", parts, 5), &table, &error), SBERTJA_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(error.message, "xl/worksheets/sheet2.xml: line 1: a tag of more than 262144 bytes"));

    size_t used = (size_t)sprintf(content, "<worksheet><sheetData>");
    for (size_t row = 0; row < 4000; row++)
        used += (size_t)sprintf(content + used, "<row><c t='s'><v>0</v></c></row>");
    sprintf(content + used, "</sheetData></worksheet>");
    char *strings = malloc(40000);
    sprintf(strings, "<sst><si><t>%032000d</t></si></sst>", 7);
    const part many[] = {root, book, links, parts[3], {"xl/sharedStrings.xml", strings}};
    ck_assert_int_eq(sbj_table_read(&sbj_malloc, write_parts("a.xlsx", many, 5), &table, &error), SBERTJA_OK);
    size_t length;
    ck_assert_ptr_eq(sbj_table_cell(table, 0, 0, NULL), sbj_table_cell(table, 3998, 0, &length));
    ck_assert_uint_eq(length, 32000);
    sbj_table_free(table);
    free(strings);

    /* More rows than a sheet can have. */
    used = (size_t)sprintf(content, "<worksheet><sheetData>");
    for (size_t row = 0; row < 2000000; row++)
        used += (size_t)sprintf(content + used, "<row><c><v>7</v></c></row>");
    sprintf(content + used, "</sheetData></worksheet>");
    ck_assert_int_eq(sbj_table_read(&sbj_malloc, write_parts("a.xlsx", parts, 5), &table, &error), SBERTJA_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(error.message, ": row \"\" after row 1048576, "));
    free(content);
}
END_TEST

static void check_refused(const char *sheet, const char *message)
{
    const part parts[] = {root, book, links, {"xl/worksheets/sheet2.xml", sheet}, {"xl/sharedStrings.xml", "<sst/>"}};
    sbj_table *table;
    sbertja_error error;
    ck_assert_int_eq(sbj_table_read(&sbj_malloc, write_parts("a.xlsx", parts, 5), &table, &error), SBERTJA_E_FORMAT);
    ck_assert_msg(strstr(error.message, message) != NULL, "%s", error.message);
}

/* The parser keeps names and open elements. */
START_TEST(bombs_inside_the_parser)
{
    char *content = malloc(1 << 20);
    size_t used = 0;
    for (int i = 0; i < 100; i++)
        used += (size_t)sprintf(content + used, "<a>");
    check_refused(content, "xl/worksheets/sheet2.xml: line 1: elements nested too deeply");
    used = (size_t)sprintf(content, "<a>");
    for (int i = 0; i < 5000; i++)
        used += (size_t)sprintf(content + used, "<b%d/>", i);
    check_refused(content, "xl/worksheets/sheet2.xml: line 1: too many names of elements and attributes");
    used = (size_t)sprintf(content, "<a>");
    for (int i = 0; i < 5000; i++)
        used += (size_t)sprintf(content + used, "<b c%d=''/>", i);
    check_refused(content, "line 1: too many names of elements and attributes");
    free(content);
}
END_TEST

START_TEST(too_many_files_in_the_archive)
{
    size_t size;
    char *content = scratch_read(write_sheet(HEADER ONE, NULL), &size);
    sbj_table *table;
    sbertja_error error;
    memcpy(content + size - 22 + 10, "\xFF\xFF", 2);
    ck_assert_int_eq(sbj_table_read(&sbj_malloc, scratch_file("a.xlsx", content, size), &table, &error),
                     SBERTJA_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(error.message, "a.xlsx: more than 65534 files in the archive"));
    free(content);
}
END_TEST

/* XlsxWriter's way to write a formula: a 0 for a value, and a request to calculate it. */
START_TEST(placeholders)
{
    static const struct {
        const char *workbook, *value, *message;
    } rows[] = {
        {"<calcPr calcId='1' fullCalcOnLoad='1'/>", "0", "a.xlsx: line 2: A2: formula whose stored 0 may be a placeholder"},
        {"<calcPr fullCalcOnLoad='true'/>", "0", "a.xlsx: line 2: A2: formula whose stored 0 may be a placeholder"},
        {"<calcPr fullCalcOnLoad='0'/>", "0", NULL},
        {"", "0", NULL},
        {"<calcPr calcId='1' fullCalcOnLoad='1'/>", "3", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char sheet[512], workbook[512];
        snprintf(workbook, sizeof workbook, "<workbook xmlns:r='r'><sheets><sheet r:id='rId2'/></sheets>%s</workbook>",
                 rows[i].workbook);
        snprintf(sheet, sizeof sheet, "<worksheet><sheetData>" HEADER "<row r='2'><c r='A2'><f>1-1</f><v>%s</v></c></row>"
                 "</sheetData></worksheet>", rows[i].value);
        const part parts[] = {root, {book.name, workbook}, links, {"xl/worksheets/sheet2.xml", sheet},
                              {"xl/sharedStrings.xml", "<sst/>"}};
        sbj_table *table;
        sbertja_error error = {SBERTJA_OK, ""};
        sbertja_status status = sbj_table_read(&sbj_malloc, write_parts("a.xlsx", parts, 5), &table, &error);
        ck_assert_msg(status == (rows[i].message == NULL ? SBERTJA_OK : SBERTJA_E_FORMAT), "%zu: %s", i, error.message);
        ck_assert_msg(rows[i].message == NULL || strstr(error.message, rows[i].message) != NULL, "%s", error.message);
        sbj_table_free(table);
    }
}
END_TEST

/* An error value makes its column unusable, as text and in label rules; other columns are not affected. */
START_TEST(error_values)
{
    sbj_table *table;
    sbertja_error error;
    size_t column;
    int labels[8];
    const char *path = write_sheet("<row r='1'><c r='A1' t='str'><v>x</v></c><c r='B1' t='str'><v>y</v></c><c r='C1' "
                                   "t='e'><v>#REF!</v></c></row><row r='4'><c r='A4'><v>1</v></c><c r='B4' t='e'><f>NA()"
                                   "</f><v>#N/A</v></c></row><row r='5'><c r='B5' t='e'><v>#DIV/0!</v></c></row>",
                                   NULL);
    ck_assert_msg(sbj_table_read(&sbj_malloc, path, &table, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_int_eq(sbj_table_find(table, "x", &column, &error), SBERTJA_OK);
    ck_assert_int_eq(sbj_table_find(table, "#REF!", &column, &error), SBERTJA_OK);
    const char *rules[] = {"y", "x=1:1,y=2:2,else:0", "y=#N/A:1,else:0"};
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(sbj_table_labels(&sbj_malloc, table, rules[i], labels, &error), SBERTJA_E_FORMAT);
        ck_assert_msg(strstr(error.message, "a.xlsx: line 4: B4: the error value #N/A: correct the cell or delete its row") !=
                      NULL, "%s", error.message);
    }
    ck_assert_int_eq(sbj_table_find(table, "y", &column, &error), SBERTJA_E_FORMAT);
    ck_assert_int_eq(sbj_table_labels(&sbj_malloc, table, "x=1:1,else:0", labels, &error), SBERTJA_OK);
    sbj_table_free(table);
}
END_TEST

/* ---- Damage ----------------------------------------------------------------------------------------------------- */

static void must_not_crash(const char *content, size_t size)
{
    sbj_table *table;
    sbertja_error error;
    if (sbj_table_read(&sbj_malloc, scratch_file("damaged.xlsx", content, size), &table, &error) != SBERTJA_OK)
        ck_assert_ptr_null(table);
    sbj_table_free(table);
}

START_TEST(cut_and_changed)
{
    size_t size, whole;
    char *content = scratch_read(write_sheet(cases[5].rows, cases[5].shared), &size);
    char *sample = scratch_read("examples/report/report.xlsx", &whole);
    for (size_t cut = 0; cut < size; cut++)
        must_not_crash(content, cut);
    for (size_t cut = 0; cut < whole; cut += whole / 150)
        must_not_crash(sample, cut);
    for (size_t at = 0; at < size; at++) {
        char before = content[at];
        content[at] = (char)(before ^ (1 << at % 8));
        must_not_crash(content, size);
        content[at] = before;
    }
    free(sample);
    free(content);
}
END_TEST

START_TEST(every_allocation_fails_once)
{
    failing_alloc heap;
    size_t n = 0;
    write_sheet(cases[5].rows, cases[5].shared);
    do {
        sbj_table *table;
        sbertja_error error;
        failing_alloc_init(&heap, ++n);
        sbertja_status status = sbj_table_read(&heap.alloc, scratch_path("a.xlsx"), &table, &error);
        ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
        ck_assert_int_eq(table == NULL, status != SBERTJA_OK);
        sbj_table_free(table);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
    ck_assert_uint_ge(n, 15);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("xlsx");
    TCase *tests = tcase_create("xlsx");
    tcase_add_checked_fixture(tests, NULL, scratch_clear);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, sheets);
    tcase_add_test(tests, lines_are_rows_of_the_sheet);
    tcase_add_test(tests, sample_is_the_table_in_the_text_file);
    tcase_add_test(tests, parts_of_a_package);
    tcase_add_test(tests, other_files);
    tcase_add_test(tests, bombs);
    tcase_add_test(tests, bombs_inside_the_parser);
    tcase_add_test(tests, too_many_files_in_the_archive);
    tcase_add_test(tests, placeholders);
    tcase_add_test(tests, error_values);
    tcase_add_test(tests, cut_and_changed);
    tcase_add_test(tests, every_allocation_fails_once);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
