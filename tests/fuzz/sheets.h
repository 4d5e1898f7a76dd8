/* The parts of a spreadsheet around the one that a target changes. */
#ifndef SHEETS_H
#define SHEETS_H

#include "fuzz/tables.h"
#include "fuzz/zips.h"

#define SHEETS_MAIN "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define SHEETS_OFFICE "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define SHEETS_PACKAGE "http://schemas.openxmlformats.org/package/2006/relationships"

static const char fuzz_sheet[] =
    "<worksheet xmlns=\"" SHEETS_MAIN "\"><sheetData>"
    "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"inlineStr\"><is><t>label</t></is></c></row>"
    "<row r=\"2\"><c r=\"A2\" t=\"s\"><v>1</v></c><c r=\"B2\"><v>1.5</v></c></row>"
    "<row r=\"4\"><c r=\"A4\" t=\"str\"><f>A2</f><v>x_x000D_y</v></c><c r=\"B4\" t=\"b\"><v>1</v></c></row>"
    "</sheetData></worksheet>";
static const char fuzz_strings[] =
    "<sst xmlns=\"" SHEETS_MAIN "\" count=\"2\" uniqueCount=\"2\"><si><t>text</t></si>"
    "<si><r><t>水が</t></r><rPh><t>みず</t></rPh><r><t xml:space=\"preserve\"> 漏れた</t></r></si></sst>";
static const char fuzz_workbook[] = "<workbook xmlns=\"" SHEETS_MAIN "\" xmlns:r=\"" SHEETS_OFFICE "\"><sheets>"
                                    "<sheet name=\"a\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>";
static const char fuzz_package_relations[] =
    "<Relationships xmlns=\"" SHEETS_PACKAGE "\"><Relationship Id=\"rId1\" Type=\"" SHEETS_OFFICE
    "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>";
static const char fuzz_workbook_relations[] =
    "<Relationships xmlns=\"" SHEETS_PACKAGE "\"><Relationship Id=\"rId1\" Type=\"" SHEETS_OFFICE
    "/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"rId2\" Type=\"" SHEETS_OFFICE
    "/sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>";

/* NULL for the part that is as above. */
static inline const char *fuzz_spreadsheet(const fuzz_part *sheet, const fuzz_part *strings, const fuzz_part *workbook,
                                           const fuzz_part *relations)
{
    fuzz_part parts[] = {{"_rels/.rels", fuzz_package_relations, sizeof fuzz_package_relations - 1},
                         {"xl/workbook.xml", fuzz_workbook, sizeof fuzz_workbook - 1},
                         {"xl/_rels/workbook.xml.rels", fuzz_workbook_relations, sizeof fuzz_workbook_relations - 1},
                         {"xl/worksheets/sheet1.xml", fuzz_sheet, sizeof fuzz_sheet - 1},
                         {"xl/sharedStrings.xml", fuzz_strings, sizeof fuzz_strings - 1}};
    const fuzz_part *const given[] = {NULL, workbook, relations, sheet, strings};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (given[i] != NULL) {
            parts[i].data = given[i]->data;
            parts[i].size = given[i]->size;
        }
    return fuzz_zip("table.xlsx", parts, sizeof parts / sizeof *parts);
}

#endif
