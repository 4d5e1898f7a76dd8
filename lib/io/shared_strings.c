/* The shared strings of a spreadsheet (xl/sharedStrings.xml): <si> elements, numbered from 0. */
#include "io/worksheet.h"
#include "text/utf8.h"

typedef struct shared_reader {
    sbj_shared *shared;
    sbj_rich_text rich;
} shared_reader;

static bool note_begin(sbj_shared *shared)
{
    if (!sbj_grow(shared->text.alloc, (void **)&shared->begins, &shared->room, shared->count, shared->count + 1,
                  sizeof(size_t)))
        return false;
    shared->begins[shared->count] = shared->text.length;
    return true;
}

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
    if (sbj_rich_text_counts(&reader->rich))
        sbj_strbuf_bytes(&reader->shared->text, bytes, length);
    return reader->shared->text.failed ? sbj_no_memory(error, length) : SBERTJA_OK;
}

static sbertja_status end(void *context, const char *name, sbertja_error *error)
{
    shared_reader *reader = context;
    sbj_shared *shared = reader->shared;
    sbj_rich_text_mark(&reader->rich, name, false);
    if (strcmp(name, "si") != 0)
        return SBERTJA_OK;
    size_t begin = shared->begins[shared->count];
    if (shared->text.length > begin)
        shared->text.length = begin + sbj_unescape(shared->text.text + begin, shared->text.length - begin);
    shared->count++;
    return note_begin(shared) ? SBERTJA_OK : sbj_no_memory(error, (shared->count + 1) * sizeof(size_t));
}

sbertja_status sbj_read_shared(const sbj_package *package, const char *part, sbj_shared *shared, sbertja_error *error)
{
    shared_reader reader = {shared, {false, false}};
    const sbj_xml_handler handler = {start, end, text, &reader};
    sbj_strbuf_bytes(&shared->text, "", 0); /* `text` is a pointer even if all strings are empty */
    if (shared->text.failed || !note_begin(shared))
        return sbj_no_memory(error, sizeof(size_t));
    return sbj_package_parse(package, part, &handler, error);
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
