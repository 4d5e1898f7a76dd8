/* The shared strings of a spreadsheet (xl/sharedStrings.xml): <si> elements, numbered from 0. */
#include "io/worksheet.h"
#include "text/utf8.h"

typedef struct shared_reader {
    const sbj_package *package;
    sbj_table *table;
    sbj_shared *shared;
    sbj_rich_text rich;
    sbj_strbuf value; /* the string so far */
} shared_reader;

static sbertja_status start(void *context, const char *name, const char **attributes, sbertja_error *error)
{
    shared_reader *reader = context;
    (void)attributes, (void)error;
    sbj_rich_text_mark(&reader->rich, name, true);
    return SBERTJA_OK;
}

static sbertja_status text(void *context, const char *bytes, size_t length, sbertja_error *error)
{
    shared_reader *reader = context;
    sbj_strbuf *value = &reader->value;
    if (!sbj_rich_text_counts(&reader->rich))
        return SBERTJA_OK;
    sbj_strbuf_bytes(value, bytes, length);
    if (value->failed)
        return sbj_no_memory(error, value->length + length);
    if (value->length > SBJ_MAX_CELL)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: shared string %zu: more than %d bytes of text",
                        reader->package->path, reader->shared->strings.count, (int)SBJ_MAX_CELL);
    return SBERTJA_OK;
}

static sbertja_status end(void *context, const char *name, sbertja_error *error)
{
    shared_reader *reader = context;
    sbj_strbuf *value = &reader->value;
    sbj_rich_text_mark(&reader->rich, name, false);
    if (strcmp(name, "si") != 0)
        return SBERTJA_OK;
    const size_t length = value->length == 0 ? 0 : sbj_unescape(value->text, value->length);
    const char *copy = length == 0 ? "" : sbj_texts_copy(&reader->table->texts, value->text, length);
    if (copy == NULL || !sbj_list_add(&reader->shared->strings, (uintptr_t)copy))
        return sbj_no_memory(error, length + 1);
    sbj_strbuf_clear(value);
    return sbj_package_check_content(reader->package, sbj_content_size(reader->table, reader->shared), error);
}

sbertja_status sbj_read_shared(const sbj_package *package, const char *part, sbj_table *table, sbj_shared *shared,
                               sbertja_error *error)
{
    shared_reader reader = {package, table, shared, {false, false}, SBJ_STRBUF(&table->alloc)};
    const sbj_xml_handler handler = {start, end, text, &reader};
    sbertja_status status = sbj_package_parse(package, part, package->max_part, &handler, error);
    sbj_strbuf_free(&reader.value);
    return status;
}

/* The number in "_x000D_", or -1. */
static long escaped(const char *text, size_t left)
{
    long value = 0;
    if (left < 7 || text[0] != '_' || text[1] != 'x' || text[6] != '_')
        return -1;
    for (int i = 2; i < 6; i++) {
        const char *digits = "0123456789ABCDEF0123456789abcdef", *digit = strchr(digits, text[i]);
        if (digit == NULL || text[i] == '\0')
            return -1;
        value = value * 16 + (digit - digits) % 16;
    }
    return value;
}

size_t sbj_unescape(char *text, size_t length)
{
    size_t used = 0;
    for (size_t at = 0; at < length;) {
        long value = escaped(text + at, length - at);
        /* NUL and halves of surrogate pairs are no text. */
        if (value <= 0 || (value >= 0xD800 && value <= 0xDFFF)) {
            text[used++] = text[at++];
            continue;
        }
        used += sbj_utf8_put((uint32_t)value, text + used);
        at += 7;
    }
    return used;
}
