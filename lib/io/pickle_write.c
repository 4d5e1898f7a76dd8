/* Writes the opcodes by hand: there is one shape of object only.
 *
 *     OrderedDict() filled with  NAME: _rebuild_tensor_v2(
 *         persistent id ("storage", FloatStorage, KEY, "cpu", COUNT), 0, SHAPE, STRIDES, False, OrderedDict()) */
#include "io/pickle_write.h"

#include <string.h>

#include "io/archive_private.h"

/* The names that come once for each tensor are written once and then taken from the memo under these numbers. */
enum { ORDERED_DICT, REBUILD_TENSOR, FLOAT_STORAGE };

static const char *const globals[] = {
    [ORDERED_DICT] = "ccollections\nOrderedDict\n",
    [REBUILD_TENSOR] = "ctorch._utils\n_rebuild_tensor_v2\n",
    [FLOAT_STORAGE] = "ctorch\nFloatStorage\n",
};

static void put_byte(sbj_strbuf *buffer, int byte)
{
    char c = (char)byte;
    sbj_strbuf_bytes(buffer, &c, 1);
}

static void put_little_endian(sbj_strbuf *buffer, uint64_t number, int bytes)
{
    for (; bytes > 0; bytes--, number >>= 8)
        put_byte(buffer, (int)(number & 0xFF));
}

static void put_size(sbj_strbuf *buffer, size_t size)
{
    if (size <= 0xFF) {
        put_byte(buffer, 'K');
        put_little_endian(buffer, size, 1);
    } else if (size <= 0xFFFF) {
        put_byte(buffer, 'M');
        put_little_endian(buffer, size, 2);
    } else if (size <= INT32_MAX) {
        put_byte(buffer, 'J');
        put_little_endian(buffer, size, 4);
    } else { /* LONG1 of nine bytes: the ninth keeps the sign positive */
        put_byte(buffer, 0x8A);
        put_byte(buffer, 9);
        put_little_endian(buffer, size, 8);
        put_byte(buffer, 0);
    }
}

static void put_text(sbj_strbuf *buffer, const char *text)
{
    size_t length = strlen(text);
    put_byte(buffer, 'X');
    put_little_endian(buffer, length, 4);
    sbj_strbuf_bytes(buffer, text, length);
}

static void put_global(sbj_strbuf *buffer, int which, bool first)
{
    if (first)
        sbj_strbuf_text(buffer, globals[which]);
    put_byte(buffer, first ? 'q' : 'h');
    put_byte(buffer, which);
}

/* `strides` instead of the shape itself: how far apart neighbours are in row order. */
static void put_tuple(sbj_strbuf *buffer, const sbj_entry *entry, bool strides)
{
    put_byte(buffer, '(');
    for (size_t i = 0; i < entry->dimensions; i++) {
        size_t stride = 1;
        for (size_t k = i + 1; k < entry->dimensions; k++)
            stride *= entry->shape[k];
        put_size(buffer, strides ? stride : entry->shape[i]);
    }
    put_byte(buffer, 't');
}

static void put_tensor(sbj_strbuf *buffer, const sbj_entry *entry, size_t index)
{
    sbj_strbuf key = SBJ_STRBUF(buffer->alloc);
    size_t count;
    sbj_shape_count(entry->dimensions, entry->shape, &count);
    sbj_strbuf_format(&key, "%zu", index);
    put_text(buffer, entry->name);
    put_global(buffer, REBUILD_TENSOR, index == 0);
    sbj_strbuf_text(buffer, "((");
    put_text(buffer, "storage");
    put_global(buffer, FLOAT_STORAGE, index == 0);
    if (key.failed)
        buffer->failed = true;
    else
        put_text(buffer, key.text);
    put_text(buffer, "cpu");
    put_size(buffer, count);
    sbj_strbuf_text(buffer, "tQ");
    put_size(buffer, 0);
    put_tuple(buffer, entry, false);
    put_tuple(buffer, entry, true);
    put_byte(buffer, 0x89); /* requires_grad: False */
    put_global(buffer, ORDERED_DICT, false);
    sbj_strbuf_text(buffer, ")RtR");
    sbj_strbuf_free(&key);
}

void sbj_pickle_state_dict(sbj_strbuf *buffer, const sbj_entry *entries, size_t count)
{
    sbj_strbuf_text(buffer, "\x80\x02");
    put_global(buffer, ORDERED_DICT, true);
    sbj_strbuf_text(buffer, ")R(");
    for (size_t i = 0; i < count; i++)
        put_tensor(buffer, &entries[i], i);
    sbj_strbuf_text(buffer, "u.");
}
