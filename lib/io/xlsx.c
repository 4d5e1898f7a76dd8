/* Spreadsheets (Office Open XML): finds the parts and has them read. Which part is which is told by relationships:
 *
 *     _rels/.rels                  type .../officeDocument   ->  xl/workbook.xml
 *     xl/workbook.xml              <sheet name="report" r:id="rId1"/> ...
 *     xl/_rels/workbook.xml.rels   rId1, type .../worksheet  ->  xl/worksheets/sheet1.xml
 *                                  type .../sharedStrings    ->  xl/sharedStrings.xml (or none) */
#include "io/worksheet.h"

/* Bytes that the parts which say where the sheets are may unpack to, and the relationships that one may list. */
enum { MAX_DIRECTORY = 32 << 20, MAX_RELATIONS = 65536 };

typedef struct relation {
    size_t id, type, target; /* where they begin in `text` */
} relation;

typedef struct relations {
    const char *path; /* for errors */
    sbj_strbuf text;
    relation *items;
    size_t count, room;
} relations;

/* ---- Relationships ---------------------------------------------------------------------------------------------- */

static size_t keep(sbj_strbuf *text, const char *string)
{
    size_t begin = text->length;
    sbj_strbuf_bytes(text, string, strlen(string) + 1);
    return begin;
}

static sbertja_status on_relation(void *context, const char *name, const char **attributes, sbertja_error *error)
{
    relations *all = context;
    const char *id = sbj_xml_attribute(attributes, "Id"), *type = sbj_xml_attribute(attributes, "Type");
    const char *target = sbj_xml_attribute(attributes, "Target"), *mode = sbj_xml_attribute(attributes, "TargetMode");
    if (strcmp(name, "Relationship") != 0 || id == NULL || type == NULL || target == NULL ||
        (mode != NULL && strcmp(mode, "External") == 0))
        return SBERTJA_OK;
    if (all->count == MAX_RELATIONS)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: more than %d relationships", all->path, (int)MAX_RELATIONS);
    if (!sbj_grow(all->text.alloc, (void **)&all->items, &all->room, all->count, all->count + 1, sizeof *all->items))
        return sbj_no_memory(error, (all->count + 1) * sizeof *all->items);
    relation *item = &all->items[all->count];
    item->id = keep(&all->text, id);
    item->type = keep(&all->text, type);
    item->target = keep(&all->text, target);
    if (all->text.failed)
        return sbj_no_memory(error, all->text.length);
    all->count++;
    return SBERTJA_OK;
}

/* The part's folder with its slash, or "". */
static size_t folder_length(const char *part)
{
    const char *slash = strrchr(part, '/');
    return slash == NULL ? 0 : (size_t)(slash + 1 - part);
}

/* Those of the part, which is "" for the package as a whole. */
static sbertja_status read_relations(const sbj_package *package, const char *part, relations *all, sbertja_error *error)
{
    sbj_strbuf name = SBJ_STRBUF(all->text.alloc);
    const sbj_xml_handler handler = {on_relation, NULL, NULL, all};
    size_t folder = folder_length(part);
    sbj_strbuf_bytes(&name, part, folder);
    sbj_strbuf_format(&name, "_rels/%s.rels", part + folder);
    sbertja_status status =
        name.failed ? sbj_no_memory(error, strlen(part) + 12) : sbj_package_parse(package, name.text, MAX_DIRECTORY, &handler, error);
    sbj_strbuf_free(&name);
    return status;
}

static void free_relations(relations *all)
{
    sbj_free(all->text.alloc, all->items);
    sbj_strbuf_free(&all->text);
}

/* Types are addresses, of which the standard's two editions only share the last part. */
static bool has_type(const relations *all, const relation *item, const char *last)
{
    const char *type = all->text.text + item->type, *slash = strrchr(type, '/');
    return strcmp(slash == NULL ? type : slash + 1, last) == 0;
}

static const relation *find_type(const relations *all, const char *last)
{
    for (size_t i = 0; i < all->count; i++)
        if (has_type(all, &all->items[i], last))
            return &all->items[i];
    return NULL;
}

/* Appends the part that `target` names, seen from the part `from`: "/xl/a.xml", "a.xml", "../a.xml". */
static void resolve(const char *from, const char *target, sbj_strbuf *part)
{
    if (*target != '/')
        sbj_strbuf_bytes(part, from, folder_length(from));
    while (*target != '\0' && !part->failed) {
        size_t length = strcspn(target, "/");
        if (length == 2 && memcmp(target, "..", 2) == 0) {
            size_t kept = part->length;
            while (kept > 0 && part->text[kept - 1] == '/')
                kept--;
            while (kept > 0 && part->text[kept - 1] != '/')
                kept--;
            part->length = kept;
        } else if (length > 0 && !(length == 1 && *target == '.')) {
            sbj_strbuf_bytes(part, target, length);
            if (target[length] == '/')
                sbj_strbuf_bytes(part, "/", 1);
        }
        target += length + (target[length] == '/');
    }
    sbj_strbuf_bytes(part, "", 0);
}

/* ---- Finding the parts ------------------------------------------------------------------------------------------ */

typedef struct workbook_reader {
    const relations *all;
    const relation *sheet; /* the first in the workbook's order that is a sheet of cells, not a chart */
    bool stale;            /* the workbook asks to be calculated when it is opened */
} workbook_reader;

static sbertja_status on_workbook(void *context, const char *name, const char **attributes, sbertja_error *error)
{
    workbook_reader *workbook = context;
    const relations *all = workbook->all;
    const char *id = sbj_xml_attribute(attributes, "id"), *load = sbj_xml_attribute(attributes, "fullCalcOnLoad");
    (void)error;
    if (strcmp(name, "calcPr") == 0 && load != NULL)
        workbook->stale = strcmp(load, "1") == 0 || strcmp(load, "true") == 0;
    if (strcmp(name, "sheet") != 0 || id == NULL)
        return SBERTJA_OK;
    for (size_t i = 0; i < all->count && workbook->sheet == NULL; i++)
        if (strcmp(all->text.text + all->items[i].id, id) == 0 && has_type(all, &all->items[i], "worksheet"))
            workbook->sheet = &all->items[i];
    return SBERTJA_OK;
}

static sbertja_status find_workbook(const sbj_package *package, sbj_strbuf *part, sbertja_error *error)
{
    relations all = {package->path, SBJ_STRBUF(part->alloc), NULL, 0, 0};
    sbertja_status status = read_relations(package, "", &all, error);
    const relation *workbook = find_type(&all, "officeDocument");
    if (status == SBERTJA_OK && workbook == NULL)
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: no workbook in it", package->path);
    if (status == SBERTJA_OK) {
        resolve("", all.text.text + workbook->target, part);
        status = part->failed ? sbj_no_memory(error, part->length) : SBERTJA_OK;
    }
    free_relations(&all);
    return status;
}

/* `shared` stays empty when there are no shared strings. */
static sbertja_status find_parts(const sbj_package *package, const char *workbook, sbj_strbuf *sheet,
                                 sbj_strbuf *shared, bool *stale, sbertja_error *error)
{
    relations all = {package->path, SBJ_STRBUF(sheet->alloc), NULL, 0, 0};
    workbook_reader reader = {&all, NULL, false};
    const sbj_xml_handler handler = {on_workbook, NULL, NULL, &reader};
    sbertja_status status = read_relations(package, workbook, &all, error);
    if (status == SBERTJA_OK)
        status = sbj_package_parse(package, workbook, MAX_DIRECTORY, &handler, error);
    *stale = reader.stale;
    if (status == SBERTJA_OK && reader.sheet == NULL)
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: %s: no sheet of cells", package->path, workbook);
    if (status == SBERTJA_OK) {
        const relation *strings = find_type(&all, "sharedStrings");
        resolve(workbook, all.text.text + reader.sheet->target, sheet);
        if (strings != NULL)
            resolve(workbook, all.text.text + strings->target, shared);
        if (sheet->failed || shared->failed)
            status = sbj_no_memory(error, all.text.length);
    }
    free_relations(&all);
    return status;
}

sbertja_status sbj_read_xlsx(sbj_table *table, char *data, size_t size, sbertja_error *error)
{
    sbj_package package;
    sbj_strbuf workbook = SBJ_STRBUF(&table->alloc), sheet = workbook, strings = workbook;
    sbj_shared shared = {{.alloc = table->alloc}};
    bool stale;
    sbertja_status status = sbj_package_open(table->path, data, size, &package, error);
    if (status == SBERTJA_OK)
        status = find_workbook(&package, &workbook, error);
    if (status == SBERTJA_OK)
        status = find_parts(&package, workbook.text, &sheet, &strings, &stale, error);
    if (status == SBERTJA_OK && strings.length > 0)
        status = sbj_read_shared(&package, strings.text, table, &shared, error);
    if (status == SBERTJA_OK)
        status = sbj_read_sheet(&package, sheet.text, &shared, stale, table, error);
    sbj_list_free(&shared.strings);
    sbj_strbuf_free(&strings);
    sbj_strbuf_free(&sheet);
    sbj_strbuf_free(&workbook);
    sbj_package_close(&package);
    return status;
}
