/* libzip unpacks, expat parses; this file connects the two and keeps them within bounds. */
#include "io/package.h"

#include <expat.h>
#include <string.h>
#include <zip.h>

/* Spreadsheets pack to a tenth or a fiftieth of their size: this much is far from any honest file. */
enum { MOST_FIRST = 32 << 20, MOST_RATIO = 256, CHUNK = 16384, MOST_TAG = 256 << 10, NAMESPACE_END = '|' };

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
    if (!sbj_mul(size, MOST_RATIO, &package->most) || !sbj_add(package->most, MOST_FIRST, &package->most))
        package->most = SIZE_MAX;
    zip_error_init(&fault);
    zip_source_t *source = zip_source_buffer_create(data, size, 0, &fault);
    package->zip = source == NULL ? NULL : zip_open_from_source(source, ZIP_RDONLY, &fault);
    sbertja_status status = SBERTJA_OK;
    if (package->zip == NULL) {
        bool memory = zip_error_code_zip(&fault) == ZIP_ER_MEMORY;
        status = sbj_fail(error, memory ? SBERTJA_E_MEMORY : SBERTJA_E_FORMAT, "%s: no spreadsheet: %s", path,
                          zip_error_strerror(&fault));
        zip_source_free(source);
    }
    zip_error_fini(&fault);
    return status;
}

void sbj_package_close(sbj_package *package)
{
    if (package->zip != NULL)
        zip_discard(package->zip);
    package->zip = NULL;
}

/* ---- Events of the parser --------------------------------------------------------------------------------------- */

typedef struct part_reader {
    const sbj_xml_handler *handler;
    XML_Parser parser;
    sbertja_status status; /* the first that a handler gave */
    bool document_type;
    sbertja_error *error;
} part_reader;

static const char *local_name(const char *name)
{
    const char *end = strrchr(name, NAMESPACE_END);
    return end == NULL ? name : end + 1;
}

const char *sbj_xml_attribute(const char **attributes, const char *name)
{
    for (; attributes[0] != NULL; attributes += 2)
        if (strcmp(local_name(attributes[0]), name) == 0)
            return attributes[1];
    return NULL;
}

static void stop_unless_ok(part_reader *reader, sbertja_status status)
{
    reader->status = status;
    if (status != SBERTJA_OK)
        XML_StopParser(reader->parser, XML_FALSE);
}

/* Expat may still call handlers after a stop: the closing tag of an empty element, for one. */
static void XMLCALL on_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
    part_reader *reader = data;
    const sbj_xml_handler *handler = reader->handler;
    if (reader->status == SBERTJA_OK && handler->start != NULL)
        stop_unless_ok(reader, handler->start(handler->context, local_name(name), attributes, reader->error));
}

static void XMLCALL on_end(void *data, const XML_Char *name)
{
    part_reader *reader = data;
    const sbj_xml_handler *handler = reader->handler;
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
    return sbj_fail(reader->error, code == XML_ERROR_NO_MEMORY ? SBERTJA_E_MEMORY : SBERTJA_E_FORMAT,
                    "line %zu: malformed XML: %s", line, XML_ErrorString(code));
}

static sbertja_status unpack_and_parse(const part_reader *reader, zip_file_t *file, size_t most)
{
    size_t total = 0;
    for (;;) {
        void *chunk = XML_GetBuffer(reader->parser, CHUNK);
        if (chunk == NULL)
            return sbj_no_memory(reader->error, CHUNK);
        zip_int64_t count = zip_fread(file, chunk, CHUNK);
        if (count < 0)
            return sbj_fail(reader->error, SBERTJA_E_FORMAT, "cannot be unpacked: %s", zip_file_strerror(file));
        total += (size_t)count;
        if (total > most)
            return sbj_fail(reader->error, SBERTJA_E_FORMAT,
                            "unpacks to more than %zu bytes, the most that is read from a file of this size", most);
        if (XML_ParseBuffer(reader->parser, (int)count, count == 0) != XML_STATUS_OK)
            return parse_failed(reader);
        /* Expat begins a tag again with every chunk until it has all of it: the time grows with the square. */
        if (total - (size_t)XML_GetCurrentByteIndex(reader->parser) > MOST_TAG)
            return sbj_fail(reader->error, SBERTJA_E_FORMAT, "line %zu: a tag of more than %d bytes",
                            (size_t)XML_GetCurrentLineNumber(reader->parser), (int)MOST_TAG);
        if (count == 0)
            return SBERTJA_OK;
    }
}

/* A handler's error names its own place, such as a row of the sheet. */
static sbertja_status parse_file(const sbj_package *package, const char *part, zip_file_t *file,
                                 const sbj_xml_handler *handler, sbertja_error *error)
{
    part_reader reader = {handler, XML_ParserCreateNS(NULL, NAMESPACE_END), SBERTJA_OK, false, error};
    if (reader.parser == NULL)
        return sbj_no_memory(error, CHUNK);
    XML_SetUserData(reader.parser, &reader);
    XML_SetElementHandler(reader.parser, on_start, on_end);
    XML_SetCharacterDataHandler(reader.parser, on_text);
    XML_SetStartDoctypeDeclHandler(reader.parser, on_document_type);
    sbertja_status status = unpack_and_parse(&reader, file, package->most);
    XML_ParserFree(reader.parser);
    if (status != SBERTJA_OK && reader.status == SBERTJA_OK)
        return sbj_in(error, status, "%s: %s", package->path, part);
    return status;
}

sbertja_status sbj_package_parse(const sbj_package *package, const char *part, const sbj_xml_handler *handler,
                                 sbertja_error *error)
{
    zip_int64_t index = zip_name_locate(package->zip, part, ZIP_FL_NOCASE);
    if (index < 0)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: %s: not in the file", package->path, part);
    zip_file_t *file = zip_fopen_index(package->zip, (zip_uint64_t)index, 0);
    if (file == NULL)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: %s: cannot be unpacked: %s", package->path, part,
                        zip_strerror(package->zip));
    sbertja_status status = parse_file(package, part, file, handler, error);
    zip_fclose(file);
    return status;
}
