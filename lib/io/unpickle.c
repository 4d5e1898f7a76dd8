/* The opcodes. Every length is checked against what is left of the data, every pop against the stack. */
#include "io/unpickle_private.h"

#include <string.h>

enum { DEEPEST = 1 << 20, MOST_MEMO = 1 << 24 };

static sbertja_status take(sbj_pickle *p, size_t count, const unsigned char **bytes, sbertja_error *error)
{
    *bytes = p->at;
    if ((size_t)(p->end - p->at) < count)
        return sbj_pickle_fault(error, "it ends in the middle of a pickle");
    p->at += count;
    return SBERTJA_OK;
}

/* A little-endian number of 1, 2, 4 or 8 bytes. */
static sbertja_status number(sbj_pickle *p, size_t bytes, uint64_t *value, sbertja_error *error)
{
    const unsigned char *at;
    sbertja_status status = take(p, bytes, &at, error);
    *value = 0;
    for (size_t i = 0; i < bytes && status == SBERTJA_OK; i++)
        *value |= (uint64_t)at[i] << 8 * i;
    return status;
}

static sbertja_status push(sbj_pickle *p, size_t value, sbertja_error *error)
{
    if (p->depth == DEEPEST)
        return sbj_pickle_fault(error, "too deep");
    if (!sbj_grow(&p->alloc, (void **)&p->stack, &p->stack_capacity, p->depth, p->depth + 1, sizeof *p->stack))
        return sbj_no_memory(error, p->depth * sizeof *p->stack);
    p->stack[p->depth++] = value;
    return SBERTJA_OK;
}

static sbertja_status push_value(sbj_pickle *p, sbj_value value, sbertja_error *error)
{
    size_t v;
    sbertja_status status = sbj_pickle_value(p, value, &v, error);
    return status == SBERTJA_OK ? push(p, v, error) : status;
}

static sbertja_status pop(sbj_pickle *p, size_t *value, sbertja_error *error)
{
    *value = 0;
    if (p->depth == 0)
        return sbj_pickle_fault(error, "the stack is empty");
    *value = p->stack[--p->depth];
    return SBERTJA_OK;
}

/* Where the values after the topmost mark begin. */
static sbertja_status after_mark(const sbj_pickle *p, size_t *from, sbertja_error *error)
{
    *from = 0;
    for (size_t i = p->depth; i > 0; i--)
        if (p->values[p->stack[i - 1]].kind == SBJ_V_MARK) {
            *from = i;
            return SBERTJA_OK;
        }
    return sbj_pickle_fault(error, "a mark is missing");
}

/* ---- Groups of opcodes ---- */

static sbertja_status tuple_of(sbj_pickle *p, size_t count, sbertja_error *error)
{
    size_t v;
    if (p->depth < count)
        return sbj_pickle_fault(error, "the stack is empty");
    sbertja_status status = sbj_pickle_tuple(p, p->depth - count, &v, error);
    return status == SBERTJA_OK ? push(p, v, error) : status;
}

static sbertja_status tuple_to_mark(sbj_pickle *p, sbertja_error *error)
{
    size_t from, v;
    sbertja_status status = after_mark(p, &from, error);
    if (status != SBERTJA_OK || (status = sbj_pickle_tuple(p, from, &v, error)) != SBERTJA_OK)
        return status;
    p->depth--; /* the mark */
    return push(p, v, error);
}

/* Appends the values from `from` on to the container below them. */
static sbertja_status add_all(sbj_pickle *p, size_t from, size_t container_at, sbj_value_kind kind,
                              sbertja_error *error)
{
    sbertja_status status = SBERTJA_OK;
    const size_t count = p->depth - from;
    if (p->values[p->stack[container_at]].kind != kind || (kind == SBJ_V_DICT && count % 2 != 0))
        return sbj_pickle_fault(error, "items for what is no container");
    for (size_t i = from; i < p->depth && status == SBERTJA_OK; i++)
        status = sbj_pickle_append(p, p->stack[container_at], p->stack[i], error);
    p->depth = container_at + 1;
    return status;
}

static sbertja_status add_to_mark(sbj_pickle *p, sbj_value_kind kind, sbertja_error *error)
{
    size_t from;
    sbertja_status status = after_mark(p, &from, error);
    if (status != SBERTJA_OK)
        return status;
    return from < 2 ? sbj_pickle_fault(error, "the stack is empty") : add_all(p, from, from - 2, kind, error);
}

static sbertja_status add_few(sbj_pickle *p, size_t count, sbj_value_kind kind, sbertja_error *error)
{
    if (p->depth < count + 1)
        return sbj_pickle_fault(error, "the stack is empty");
    return add_all(p, p->depth - count, p->depth - count - 1, kind, error);
}

static sbertja_status text(sbj_pickle *p, size_t length_bytes, sbertja_error *error)
{
    uint64_t length;
    const unsigned char *bytes;
    const char *copy;
    sbertja_status status = number(p, length_bytes, &length, error);
    if (status != SBERTJA_OK || (status = take(p, (size_t)length, &bytes, error)) != SBERTJA_OK ||
        (status = sbj_pickle_copy(p, bytes, (size_t)length, &copy, error)) != SBERTJA_OK)
        return status;
    return push_value(p, (sbj_value){.kind = SBJ_V_TEXT, .text = copy}, error);
}

static sbertja_status integer(sbj_pickle *p, size_t bytes, bool is_signed, sbertja_error *error)
{
    uint64_t value;
    sbertja_status status = number(p, bytes, &value, error);
    if (status != SBERTJA_OK)
        return status;
    if (is_signed && bytes < 8 && value >> (8 * bytes - 1) != 0)
        value |= UINT64_MAX << 8 * bytes;
    return push_value(p, (sbj_value){.kind = SBJ_V_INT, .integer = (int64_t)value}, error);
}

/* LONG1: a length, then a two's complement number. Longer than 8 bytes is only the magic number, which others look at. */
static sbertja_status long_integer(sbj_pickle *p, sbertja_error *error)
{
    uint64_t length;
    const unsigned char *skipped;
    sbertja_status status = number(p, 1, &length, error);
    if (status != SBERTJA_OK)
        return status;
    if (length == 0 || length > 8) {
        status = take(p, (size_t)length, &skipped, error);
        return status == SBERTJA_OK ? push_value(p, (sbj_value){.kind = SBJ_V_INT}, error) : status;
    }
    return integer(p, (size_t)length, true, error);
}

/* A line of GLOBAL, without its line feed. */
static sbertja_status line(sbj_pickle *p, const char **copy, sbertja_error *error)
{
    const unsigned char *end = memchr(p->at, '\n', (size_t)(p->end - p->at));
    if (end == NULL)
        return sbj_pickle_fault(error, "it ends in the middle of a pickle");
    const unsigned char *begin = p->at;
    p->at = end + 1;
    return sbj_pickle_copy(p, begin, (size_t)(end - begin), copy, error);
}

static sbertja_status global(sbj_pickle *p, const char *module, const char *name, sbertja_error *error)
{
    size_t v;
    sbertja_status status = sbj_pickle_global(p, module, name, &v, error);
    return status == SBERTJA_OK ? push(p, v, error) : status;
}

static sbertja_status global_lines(sbj_pickle *p, sbertja_error *error)
{
    const char *module, *name;
    sbertja_status status;
    if ((status = line(p, &module, error)) != SBERTJA_OK || (status = line(p, &name, error)) != SBERTJA_OK)
        return status;
    return global(p, module, name, error);
}

static sbertja_status global_from_stack(sbj_pickle *p, sbertja_error *error)
{
    size_t name, module;
    sbertja_status status;
    if ((status = pop(p, &name, error)) != SBERTJA_OK || (status = pop(p, &module, error)) != SBERTJA_OK)
        return status;
    if (p->values[name].kind != SBJ_V_TEXT || p->values[module].kind != SBJ_V_TEXT)
        return sbj_pickle_fault(error, "a name that is no text");
    return global(p, p->values[module].text, p->values[name].text, error);
}

static sbertja_status reduce(sbj_pickle *p, sbertja_error *error)
{
    size_t arguments, callable, v;
    sbertja_status status;
    if ((status = pop(p, &arguments, error)) != SBERTJA_OK || (status = pop(p, &callable, error)) != SBERTJA_OK ||
        (status = sbj_pickle_reduce(p, callable, arguments, &v, error)) != SBERTJA_OK)
        return status;
    return push(p, v, error);
}

static sbertja_status persistent(sbj_pickle *p, sbertja_error *error)
{
    size_t id, v;
    sbertja_status status;
    if ((status = pop(p, &id, error)) != SBERTJA_OK || (status = sbj_pickle_storage(p, id, &v, error)) != SBERTJA_OK)
        return status;
    return push(p, v, error);
}

/* An OrderedDict's attributes (_metadata): nothing that is needed. */
static sbertja_status build(sbj_pickle *p, sbertja_error *error)
{
    size_t state;
    sbertja_status status = pop(p, &state, error);
    if (status == SBERTJA_OK && (p->depth == 0 || p->values[p->stack[p->depth - 1]].kind != SBJ_V_DICT))
        return sbj_pickle_fault(error, "attributes of what is no dictionary");
    return status;
}

static sbertja_status put(sbj_pickle *p, uint64_t index, sbertja_error *error)
{
    if (p->depth == 0 || index >= MOST_MEMO)
        return sbj_pickle_fault(error, "the memo");
    const size_t before = p->memo_count;
    if (!sbj_grow(&p->alloc, (void **)&p->memo, &p->memo_capacity, p->memo_count, (size_t)index + 1, sizeof *p->memo))
        return sbj_no_memory(error, (size_t)index * sizeof *p->memo);
    if (index >= before) {
        memset(p->memo + before, 0, ((size_t)index + 1 - before) * sizeof *p->memo);
        p->memo_count = (size_t)index + 1;
    }
    p->memo[index] = p->stack[p->depth - 1] + 1;
    return SBERTJA_OK;
}

static sbertja_status memo(sbj_pickle *p, unsigned char opcode, sbertja_error *error)
{
    uint64_t index = p->memo_count; /* MEMOIZE */
    sbertja_status status = SBERTJA_OK;
    if (opcode != 0x94)
        status = number(p, opcode == 'q' || opcode == 'h' ? 1 : 4, &index, error);
    if (status != SBERTJA_OK || opcode == 0x94 || opcode == 'q' || opcode == 'r')
        return status == SBERTJA_OK ? put(p, index, error) : status;
    if (index >= p->memo_count || p->memo[index] == 0)
        return sbj_pickle_fault(error, "the memo");
    return push(p, p->memo[index] - 1, error);
}

static sbertja_status skip(sbj_pickle *p, size_t bytes, sbertja_error *error)
{
    const unsigned char *skipped;
    return take(p, bytes, &skipped, error);
}

static sbertja_status step(sbj_pickle *p, unsigned char opcode, sbertja_error *error)
{
    switch (opcode) {
    case 0x80: return skip(p, 1, error);                                          /* PROTO */
    case 0x95: return skip(p, 8, error);                                          /* FRAME */
    case '(': return push_value(p, (sbj_value){.kind = SBJ_V_MARK}, error);       /* MARK */
    case 'N': return push_value(p, (sbj_value){.kind = SBJ_V_NONE}, error);       /* NONE */
    case 0x88: return push_value(p, (sbj_value){.kind = SBJ_V_INT, .integer = 1}, error); /* NEWTRUE */
    case 0x89: return push_value(p, (sbj_value){.kind = SBJ_V_INT}, error);       /* NEWFALSE */
    case 'G': {                                                                   /* BINFLOAT */
        sbertja_status status = skip(p, 8, error);
        return status == SBERTJA_OK ? push_value(p, (sbj_value){.kind = SBJ_V_NONE}, error) : status;
    }
    case 'K': return integer(p, 1, false, error);     /* BININT1 */
    case 'M': return integer(p, 2, false, error);     /* BININT2 */
    case 'J': return integer(p, 4, true, error);      /* BININT */
    case 0x8a: return long_integer(p, error);         /* LONG1 */
    case 'X': return text(p, 4, error);               /* BINUNICODE */
    case 0x8c: return text(p, 1, error);              /* SHORT_BINUNICODE */
    case 'T': return text(p, 4, error);               /* BINSTRING */
    case 'U': return text(p, 1, error);               /* SHORT_BINSTRING */
    case '}': return push_value(p, (sbj_value){.kind = SBJ_V_DICT}, error);  /* EMPTY_DICT */
    case ']': return push_value(p, (sbj_value){.kind = SBJ_V_LIST}, error);  /* EMPTY_LIST */
    case ')': return tuple_of(p, 0, error);           /* EMPTY_TUPLE */
    case 0x85: return tuple_of(p, 1, error);          /* TUPLE1 */
    case 0x86: return tuple_of(p, 2, error);          /* TUPLE2 */
    case 0x87: return tuple_of(p, 3, error);          /* TUPLE3 */
    case 't': return tuple_to_mark(p, error);         /* TUPLE */
    case 'u': return add_to_mark(p, SBJ_V_DICT, error);  /* SETITEMS */
    case 'e': return add_to_mark(p, SBJ_V_LIST, error);  /* APPENDS */
    case 's': return add_few(p, 2, SBJ_V_DICT, error);   /* SETITEM */
    case 'a': return add_few(p, 1, SBJ_V_LIST, error);   /* APPEND */
    case 'c': return global_lines(p, error);          /* GLOBAL */
    case 0x93: return global_from_stack(p, error);    /* STACK_GLOBAL */
    case 'R': return reduce(p, error);                /* REDUCE */
    case 'Q': return persistent(p, error);            /* BINPERSID */
    case 'b': return build(p, error);                 /* BUILD */
    case 'q': case 'r': case 0x94: case 'h': case 'j': return memo(p, opcode, error);
    default:
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "opcode 0x%02x is refused: only tensors are read", opcode);
    }
}

sbertja_status sbj_unpickle(const sbj_alloc *alloc, const unsigned char *data, size_t size, size_t *used,
                            sbj_pickle **result, sbertja_error *error)
{
    const unsigned char *opcode;
    sbertja_status status;
    sbj_pickle *p = sbj_new(alloc, 1, sizeof *p);
    *result = NULL;
    if (p == NULL)
        return sbj_no_memory(error, sizeof *p);
    p->alloc = *alloc;
    p->at = data;
    p->end = data + size;
    while ((status = take(p, 1, &opcode, error)) == SBERTJA_OK && *opcode != '.')
        if ((status = step(p, *opcode, error)) != SBERTJA_OK)
            break;
    if (status == SBERTJA_OK)
        status = pop(p, &p->root, error);
    if (status != SBERTJA_OK) {
        sbj_pickle_free(p);
        return status;
    }
    *used = (size_t)(p->at - data);
    *result = p;
    return SBERTJA_OK;
}

void sbj_pickle_free(sbj_pickle *p)
{
    if (p == NULL)
        return;
    sbj_alloc alloc = p->alloc;
    for (size_t i = 0; i < p->text_count; i++)
        sbj_free(&alloc, p->texts[i]);
    sbj_free(&alloc, p->texts);
    sbj_free(&alloc, p->values);
    sbj_free(&alloc, p->items);
    sbj_free(&alloc, p->links);
    sbj_free(&alloc, p->tensors);
    sbj_free(&alloc, p->stack);
    sbj_free(&alloc, p->memo);
    sbj_free(&alloc, p);
}

/* ---- The result ---- */

bool sbj_pickle_is_dictionary(const sbj_pickle *p)
{
    return p->values[p->root].kind == SBJ_V_DICT;
}

/* The next link of the root's chain: *cursor is 0 before the first, the last link's number after it. */
static const sbj_value *next_value(const sbj_pickle *p, sbj_value_kind kind, size_t *cursor)
{
    const sbj_value *root = &p->values[p->root];
    const size_t link = root->kind != kind || root->count == 0 ? 0 : *cursor == 0 ? root->first : p->links[*cursor].next;
    if (link == 0)
        return NULL;
    *cursor = link;
    return &p->values[p->links[link].value];
}

bool sbj_pickle_next_tensor(const sbj_pickle *p, size_t *cursor, sbj_pickled_tensor *tensor)
{
    const sbj_value *key, *value;
    while ((key = next_value(p, SBJ_V_DICT, cursor)) != NULL) {
        value = next_value(p, SBJ_V_DICT, cursor);
        if (key->kind == SBJ_V_TEXT && value->kind == SBJ_V_TENSOR) {
            *tensor = p->tensors[value->integer];
            tensor->name = key->text;
            return true;
        }
    }
    return false;
}

const char *sbj_pickle_next_text(const sbj_pickle *p, size_t *cursor)
{
    const sbj_value *value;
    while ((value = next_value(p, SBJ_V_LIST, cursor)) != NULL)
        if (value->kind == SBJ_V_TEXT)
            return value->text;
    return NULL;
}
