/* libzip unpacks, expat parses; this file connects the two and keeps them within bounds. */
#include "io/package.h"

#include <expat.h>
#include <string.h>
#include <zip.h>

#include "io/zip_status.h"

/* Spreadsheets pack to a tenth or a fiftieth of their size. These limits are far from any that people or their programs
 * make, and near enough that what they let through is done in seconds. */
enum {
    BASE = 64 << 20,
    PART_RATIO = 256,   /* XML that repeats itself packs well, and costs only time */
    CONTENT_RATIO = 32, /* what stays in memory */
    MAX_DEPTH = 64,
    MAX_NAMES = 2048, /* expat keeps every name of an element or attribute that it has met */
    MAX_TAG = 256 << 10,
    CHUNK = 16384
};

static size_t limit(size_t size, size_t ratio)
{
    size_t product;
    return sbj_mul(size, ratio, &product) && sbj_add(product, BASE, &product) ? product : SIZE_MAX;
}

static sbertja_status fail_zip(sbertja_error *error, zip_error_t *fault, const char *path, const char *what)
{
    return sbj_fail(error, sbj_zip_status(fault), "%s: %s: %s", path, what, zip_error_strerror(fault));
}

sbertja_status sbj_package_open(const char *path, const char *data, size_t size, sbj_package *package,
                                sbertja_error *error)
{
    static const char compound[] = "\xD0\xCF\x11\xE0";
    zip_error_t fault;
    memset(package, 0, sizeof *package);
    package->path = path;
    if (size >= 4 && memcmp(data, compound, 4) == 0)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED,
                        "%s: an older form or one with a password, expected an .xlsx without", path);
    if (sbj_zip_has_too_many((const unsigned char *)data, size))
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: more than 65534 files in the archive", path);
    package->max_part = limit(size, PART_RATIO);
    package->max_content = limit(size, CONTENT_RATIO);
    zip_error_init(&fault);
    zip_source_t *source = zip_source_buffer_create(data, size, 0, &fault);
    package->zip = source == NULL ? NULL : sbj_zip_open_source(source, &fault);
    sbertja_status status = SBERTJA_OK;
    if (package->zip == NULL) {
        status = fail_zip(error, &fault, path, "no spreadsheet");
        zip_source_free(source);
    }
    zip_error_fini(&fault);
    return status;
}

sbertja_status sbj_package_check_content(const sbj_package *package, size_t bytes, sbertja_error *error)
{
    if (bytes <= package->max_content)
        return SBERTJA_OK;
    return sbj_fail(error, SBERTJA_E_FORMAT,
                    "%s: the cells take more than %zu bytes, the most that is read from a file of this size",
                    package->path, package->max_content);
}

void sbj_package_close(sbj_package *package)
{
    if (package->zip != NULL)
        zip_discard(package->zip);
    package->zip = NULL;
}

/* ---- Events of the parser --------------------------------------------------------------------------------------- */

typedef struct part_reader {
    const char *path, *part;
    const sbj_xml_handler *handler;
    XML_Parser parser;
    sbertja_status status; /* the first that a handler gave, or that stopped the parser */
    bool document_type;
    sbertja_error *error;
    size_t depth, names;
    unsigned char seen[MAX_NAMES]; /* a bit for each of 16,384 hash values of names */
} part_reader;

static const char *local_name(const char *name)
{
    const char *end = strrchr(name, ':');
    return end == NULL ? name : end + 1;
}

const char *sbj_xml_attribute(const char **attributes, const char *name)
{
    for (; attributes[0] != NULL; attributes += 2)
        if (strcmp(local_name(attributes[0]), name) == 0 && strncmp(attributes[0], "xmlns:", 6) != 0)
            return attributes[1];
    return NULL;
}

static void stop_unless_ok(part_reader *reader, sbertja_status status)
{
    reader->status = status;
    if (status != SBERTJA_OK)
        XML_StopParser(reader->parser, XML_FALSE);
}

/* Counts a name that has not been met. Names with equal hashes count as one: fewer are counted, never more. */
static void note_name(part_reader *reader, const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    hash ^= hash >> 15;
    unsigned char *byte = &reader->seen[hash / 8 % sizeof reader->seen], bit = (unsigned char)(1u << hash % 8);
    reader->names += (*byte & bit) == 0;
    *byte |= bit;
}

/* What grows with the names and the nesting of elements stays in expat until the part has ended. */
static sbertja_status check_structure(part_reader *reader, const char *name, const char **attributes)
{
    note_name(reader, name);
    for (; attributes[0] != NULL; attributes += 2)
        note_name(reader, attributes[0]);
    const char *what = ++reader->depth > MAX_DEPTH ? "elements nested too deeply"
                       : reader->names > MAX_NAMES ? "too many names of elements and attributes"
                                                   : NULL;
    return what == NULL ? SBERTJA_OK
                        : sbj_fail(reader->error, SBERTJA_E_FORMAT, "%s: %s: line %zu: %s", reader->path, reader->part,
                                   (size_t)XML_GetCurrentLineNumber(reader->parser), what);
}

/* Expat may still call handlers after a stop: the closing tag of an empty element, for one. */
static void XMLCALL on_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
    part_reader *reader = data;
    const sbj_xml_handler *handler = reader->handler;
    if (reader->status == SBERTJA_OK)
        stop_unless_ok(reader, check_structure(reader, name, attributes));
    if (reader->status == SBERTJA_OK && handler->start != NULL)
        stop_unless_ok(reader, handler->start(handler->context, local_name(name), attributes, reader->error));
}

static void XMLCALL on_end(void *data, const XML_Char *name)
{
    part_reader *reader = data;
    const sbj_xml_handler *handler = reader->handler;
    reader->depth--;
    if (reader->status == SBERTJA_OK && handler->end != NULL)
        stop_unless_ok(reader, handler->end(handler->context, local_name(name), reader->error));
}

static void XMLCALL on_text(void *data, const XML_Char *text, int length)
{
    part_reader *reader = data;
    const sbj_xml_handler *handler = reader->handler;
    if (reader->status == SBERTJA_OK && handler->text != NULL)
        stop_unless_ok(reader, handler->text(handler->context, text, (size_t)length, reader->error));
}

/* Without a document type there are no entities to unfold or to fetch; no spreadsheet has one. */
static void XMLCALL on_document_type(void *data, const XML_Char *name, const XML_Char *system, const XML_Char *public,
                                     int internal)
{
    part_reader *reader = data;
    (void)name, (void)system, (void)public, (void)internal;
    reader->document_type = true;
    XML_StopParser(reader->parser, XML_FALSE);
}

/* ---- Parsing a part --------------------------------------------------------------------------------------------- */

static sbertja_status parse_failed(const part_reader *reader)
{
    size_t line = XML_GetCurrentLineNumber(reader->parser);
    enum XML_Error code = XML_GetErrorCode(reader->parser);
    if (reader->status != SBERTJA_OK)
        return reader->status;
    if (reader->document_type)
        return sbj_fail(reader->error, SBERTJA_E_FORMAT, "line %zu: a document type, which no spreadsheet has", line);
    if (code == XML_ERROR_NO_MEMORY)
        return sbj_fail(reader->error, SBERTJA_E_MEMORY, "line %zu: out of memory", line);
    return sbj_fail(reader->error, SBERTJA_E_FORMAT, "line %zu: malformed XML: %s", line, XML_ErrorString(code));
}

static sbertja_status unpack_and_parse(const part_reader *reader, zip_file_t *file, size_t max)
{
    size_t total = 0;
    for (;;) {
        void *chunk = XML_GetBuffer(reader->parser, CHUNK);
        if (chunk == NULL)
            return sbj_no_memory(reader->error, CHUNK);
        zip_int64_t count = zip_fread(file, chunk, CHUNK);
        if (count < 0)
            return sbj_fail(reader->error, sbj_zip_status(zip_file_get_error(file)), "cannot be unpacked: %s",
                            zip_file_strerror(file));
        total += (size_t)count;
        if (total > max)
            return sbj_fail(reader->error, SBERTJA_E_FORMAT,
                            "unpacks to more than %zu bytes, the most that is read from a file of this size", max);
        if (XML_ParseBuffer(reader->parser, (int)count, count == 0) != XML_STATUS_OK)
            return parse_failed(reader);
        /* Expat begins a tag again with every chunk until it has all of it: the time grows with the square. */
        if (total - (size_t)XML_GetCurrentByteIndex(reader->parser) > MAX_TAG)
            return sbj_fail(reader->error, SBERTJA_E_FORMAT, "line %zu: a tag of more than %d bytes",
                            (size_t)XML_GetCurrentLineNumber(reader->parser), (int)MAX_TAG);
        if (count == 0)
            return SBERTJA_OK;
    }
}

/* A handler's error names its own place, such as a row of the sheet. */
static sbertja_status parse_file(const sbj_package *package, const char *part, zip_file_t *file, size_t max,
                                 const sbj_xml_handler *handler, sbertja_error *error)
{
    part_reader reader = {.path = package->path, .part = part, .handler = handler, .error = error};
    reader.parser = XML_ParserCreate(NULL);
    if (reader.parser == NULL)
        return sbj_no_memory(error, CHUNK);
    XML_SetUserData(reader.parser, &reader);
    XML_SetElementHandler(reader.parser, on_start, on_end);
    XML_SetCharacterDataHandler(reader.parser, on_text);
    XML_SetStartDoctypeDeclHandler(reader.parser, on_document_type);
    sbertja_status status = unpack_and_parse(&reader, file, max);
    XML_ParserFree(reader.parser);
    if (status != SBERTJA_OK && reader.status == SBERTJA_OK)
        return sbj_in(error, status, "%s: %s", package->path, part);
    return status;
}

sbertja_status sbj_package_parse(const sbj_package *package, const char *part, size_t max,
                                 const sbj_xml_handler *handler, sbertja_error *error)
{
    zip_int64_t index = zip_name_locate(package->zip, part, ZIP_FL_NOCASE);
    zip_error_t *fault = zip_get_error(package->zip);
    if (index < 0 && zip_error_code_zip(fault) == ZIP_ER_NOENT)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: %s: not in the file", package->path, part);
    zip_file_t *file = index < 0 ? NULL : zip_fopen_index(package->zip, (zip_uint64_t)index, 0);
    if (file == NULL) {
        sbertja_status status = sbj_zip_status(fault);
        return sbj_fail(error, status, "%s: %s: cannot be unpacked: %s", package->path, part, zip_error_strerror(fault));
    }
    sbertja_status status = parse_file(package, part, file, max, handler, error);
    zip_fclose(file);
    return status;
}
