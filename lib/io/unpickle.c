/* The pickle machine: opcodes that push, join and call values on a stack, and a memo of values seen before. The opcodes
 * are those of protocols 2 to 5 that torch.save uses; docs: Python's pickletools.
 *
 * Bounds: every opcode makes at most one value, values are counted, the memo's numbers are at most the bytes read, and
 * nothing here or in the destructor descends into values (they may contain themselves). */
#include "io/unpickle.h"

#include <string.h>

#include "io/valid_utf8.h"

enum { BLOCK = 256, MOST_VALUES = 4000000, LONGEST_NAME = 200 };

typedef struct block {
    sbj_pickled values[BLOCK];
} block;

struct sbj_pickle {
    sbj_alloc alloc;
    block **blocks;
    size_t block_capacity, count; /* count of values */
    sbj_pickled *root;
};

typedef struct machine {
    sbj_pickle *pickle;
    const unsigned char *start, *at, *end;
    sbj_pickled **stack; /* NULL: a mark */
    size_t height, stack_capacity;
    sbj_pickled **memo; /* NULL: not set */
    size_t memo_count, memo_capacity;
    sbertja_error *error;
} machine;

typedef sbertja_status (*handler)(machine *m, unsigned char opcode);

enum { ORDERED_DICT = 1, REBUILD_TENSOR, REBUILD_PARAMETER, STORAGE };

/* The only names that are known. */
static const struct {
    const char *module, *name;
    int function;
    sbj_dtype dtype;
} globals[] = {
    {"collections", "OrderedDict", ORDERED_DICT, 0},
    {"torch._utils", "_rebuild_tensor_v2", REBUILD_TENSOR, 0},
    {"torch._utils", "_rebuild_parameter", REBUILD_PARAMETER, 0},
    {"torch", "DoubleStorage", STORAGE, SBJ_DTYPE_F64},
    {"torch", "FloatStorage", STORAGE, SBJ_DTYPE_F32},
    {"torch", "HalfStorage", STORAGE, SBJ_DTYPE_F16},
    {"torch", "BFloat16Storage", STORAGE, SBJ_DTYPE_BF16},
    {"torch", "LongStorage", STORAGE, SBJ_DTYPE_I64},
    {"torch", "IntStorage", STORAGE, SBJ_DTYPE_I32},
    {"torch", "ShortStorage", STORAGE, SBJ_DTYPE_I16},
    {"torch", "CharStorage", STORAGE, SBJ_DTYPE_I8},
    {"torch", "ByteStorage", STORAGE, SBJ_DTYPE_U8},
    {"torch", "BoolStorage", STORAGE, SBJ_DTYPE_BOOL},
};

static sbertja_status malformed(machine *m, const char *what)
{
    return sbj_fail(m->error, SBERTJA_E_FORMAT, "pickle, byte %zu: %s", (size_t)(m->at - m->start), what);
}

/* ---- Bytes, stack, values ---- */

/* `count` bytes of the pickle, or NULL at its end. */
static const unsigned char *take(machine *m, size_t count)
{
    if (count > (size_t)(m->end - m->at))
        return NULL;
    m->at += count;
    return m->at - count;
}

/* A little-endian number of 1 to 8 bytes; false at the end. */
static bool take_number(machine *m, size_t bytes, uint64_t *number)
{
    const unsigned char *from = take(m, bytes);
    *number = 0;
    for (size_t i = bytes; from != NULL && i-- > 0;)
        *number = *number << 8 | from[i];
    return from != NULL;
}

static sbertja_status cut_short(machine *m)
{
    return malformed(m, "the file ends inside it");
}

static sbertja_status push(machine *m, sbj_pickled *value)
{
    if (!sbj_grow(&m->pickle->alloc, (void **)&m->stack, &m->stack_capacity, m->height, m->height + 1,
                  sizeof *m->stack))
        return sbj_no_memory(m->error, (m->height + 1) * sizeof *m->stack);
    m->stack[m->height++] = value;
    return SBERTJA_OK;
}

/* The topmost value, taken off; NULL when there is none or a mark. */
static sbj_pickled *pop(machine *m)
{
    if (m->height == 0 || m->stack[m->height - 1] == NULL)
        return NULL;
    return m->stack[--m->height];
}

static sbj_pickled *top(const machine *m)
{
    return m->height > 0 ? m->stack[m->height - 1] : NULL;
}

/* Whether the topmost `count` are values and not marks. */
static bool has(const machine *m, size_t count)
{
    for (size_t i = 1; i <= count; i++)
        if (i > m->height || m->stack[m->height - i] == NULL)
            return false;
    return true;
}

/* How many values stand above the topmost mark; false without a mark. Only for opcodes that then take them all off:
 * looking for a far mark again and again would take forever. */
static bool above_mark(const machine *m, size_t *count)
{
    size_t place = m->height;
    while (place > 0 && m->stack[place - 1] != NULL)
        place--;
    *count = m->height - place;
    return place > 0;
}

static sbertja_status push_new(machine *m, sbj_pickled_kind kind, sbj_pickled **value)
{
    sbj_pickle *pickle = m->pickle;
    size_t blocks = pickle->count / BLOCK;
    if (pickle->count >= MOST_VALUES)
        return sbj_fail(m->error, SBERTJA_E_UNSUPPORTED, "pickle: more than %d values", MOST_VALUES);
    if (pickle->count % BLOCK == 0) {
        if (!sbj_grow(&pickle->alloc, (void **)&pickle->blocks, &pickle->block_capacity, blocks, blocks + 1,
                      sizeof *pickle->blocks) ||
            (pickle->blocks[blocks] = sbj_new(&pickle->alloc, 1, sizeof **pickle->blocks)) == NULL)
            return sbj_no_memory(m->error, sizeof **pickle->blocks);
    }
    *value = &pickle->blocks[blocks]->values[pickle->count++ % BLOCK];
    (*value)->kind = kind;
    return push(m, *value);
}

static sbertja_status append(machine *m, sbj_pickled *list, sbj_pickled *const *values, size_t count)
{
    size_t used = list->as.list.count;
    if (count == 0)
        return SBERTJA_OK;
    if (!sbj_grow(&m->pickle->alloc, (void **)&list->as.list.items, &list->as.list.capacity, used, used + count,
                  sizeof *values))
        return sbj_no_memory(m->error, (used + count) * sizeof *values);
    memcpy(list->as.list.items + used, values, count * sizeof *values);
    list->as.list.count += count;
    return SBERTJA_OK;
}

/* ---- Opcodes that push something new ---- */

static sbertja_status protocol(machine *m, unsigned char opcode)
{
    uint64_t number;
    (void)opcode;
    if (!take_number(m, 1, &number))
        return cut_short(m);
    if (number < 2 || number > 5)
        return sbj_fail(m->error, SBERTJA_E_UNSUPPORTED, "pickle: protocol %u, expected 2 to 5", (unsigned)number);
    return SBERTJA_OK;
}

static sbertja_status frame(machine *m, unsigned char opcode)
{
    (void)opcode;
    return take(m, 8) != NULL ? SBERTJA_OK : cut_short(m);
}

static sbertja_status mark(machine *m, unsigned char opcode)
{
    (void)opcode;
    return push(m, NULL);
}

static sbertja_status empty(machine *m, unsigned char opcode)
{
    sbj_pickled *value;
    sbj_pickled_kind kind = SBJ_PICKLED_NONE;
    switch (opcode) {
    case ')': kind = SBJ_PICKLED_TUPLE; break;
    case ']': kind = SBJ_PICKLED_LIST; break;
    case '}': kind = SBJ_PICKLED_DICTIONARY; break;
    default: break;
    }
    return push_new(m, kind, &value);
}

static sbertja_status boolean(machine *m, unsigned char opcode)
{
    sbj_pickled *value;
    sbertja_status status = push_new(m, SBJ_PICKLED_BOOLEAN, &value);
    if (status == SBERTJA_OK)
        value->as.integer = opcode == 0x88;
    return status;
}

static sbertja_status integer(machine *m, unsigned char opcode)
{
    sbj_pickled *value;
    uint64_t number;
    if (!take_number(m, opcode == 'K' ? 1 : opcode == 'M' ? 2 : 4, &number))
        return cut_short(m);
    sbertja_status status = push_new(m, SBJ_PICKLED_INTEGER, &value);
    if (status == SBERTJA_OK)
        value->as.integer = opcode == 'J' ? (int64_t)(int32_t)(uint32_t)number : (int64_t)number;
    return status;
}

static sbertja_status long_integer(machine *m, unsigned char opcode)
{
    sbj_pickled *value;
    uint64_t length, number = 0;
    (void)opcode;
    const unsigned char *bytes = take_number(m, 1, &length) ? take(m, (size_t)length) : NULL;
    if (bytes == NULL)
        return cut_short(m);
    sbertja_status status = push_new(m, length > 8 ? SBJ_PICKLED_WIDE : SBJ_PICKLED_INTEGER, &value);
    if (status != SBERTJA_OK)
        return status;
    if (length > 8) {
        value->as.text.bytes = (const char *)bytes;
        value->as.text.length = (size_t)length;
        return SBERTJA_OK;
    }
    /* Two's complement: the bytes that are not there are copies of the sign. */
    if (length > 0 && bytes[length - 1] >= 0x80)
        number = UINT64_MAX;
    for (size_t i = (size_t)length; i-- > 0;)
        number = number << 8 | bytes[i];
    memcpy(&value->as.integer, &number, sizeof number);
    return SBERTJA_OK;
}

static sbertja_status fraction(machine *m, unsigned char opcode)
{
    sbj_pickled *value;
    (void)opcode;
    return take(m, 8) != NULL ? push_new(m, SBJ_PICKLED_FRACTION, &value) : cut_short(m);
}

static sbertja_status text(machine *m, unsigned char opcode)
{
    sbj_pickled *value;
    uint64_t length;
    const unsigned char *bytes =
        take_number(m, opcode == 'X' ? 4 : 1, &length) ? take(m, (size_t)length) : NULL;
    if (bytes == NULL)
        return cut_short(m);
    if (sbj_valid_utf8((const char *)bytes, (size_t)length) != length)
        return malformed(m, "a text that is not UTF-8");
    sbertja_status status = push_new(m, SBJ_PICKLED_TEXT, &value);
    if (status == SBERTJA_OK) {
        value->as.text.bytes = (const char *)bytes;
        value->as.text.length = (size_t)length;
    }
    return status;
}

/* ---- Opcodes that join values ---- */

static sbertja_status tuple(machine *m, unsigned char opcode)
{
    sbj_pickled *value;
    size_t count = (size_t)(opcode - 0x84);
    bool marked = opcode == 't';
    if (marked ? !above_mark(m, &count) : !has(m, count))
        return malformed(m, "a tuple of values that are not there");
    sbertja_status status = push_new(m, SBJ_PICKLED_TUPLE, &value);
    if (status == SBERTJA_OK)
        status = append(m, value, m->stack + m->height - 1 - count, count);
    if (status != SBERTJA_OK)
        return status;
    m->height -= 1 + count + marked;
    return push(m, value);
}

/* APPEND, APPENDS, SETITEM, SETITEMS: the values above the mark, or the topmost one or two, go into what is below. */
static sbertja_status extend(machine *m, unsigned char opcode)
{
    bool dictionary = opcode == 's' || opcode == 'u', many = opcode == 'e' || opcode == 'u';
    size_t count = dictionary ? 2 : 1;
    if (many ? !above_mark(m, &count) : !has(m, count))
        return malformed(m, "items that are not there");
    m->height -= count + many;
    sbj_pickled *container = top(m);
    if (container == NULL || container->kind != (dictionary ? SBJ_PICKLED_DICTIONARY : SBJ_PICKLED_LIST))
        return malformed(m, "items for something that takes none");
    if (dictionary && count % 2 != 0)
        return malformed(m, "a key without a value");
    return append(m, container, m->stack + m->height + many, count);
}

static sbertja_status build(machine *m, unsigned char opcode)
{
    (void)opcode;
    sbj_pickled *state = pop(m), *object = top(m);
    /* The attributes of an OrderedDict (_metadata: versions of modules) change none of its tensors. */
    if (state == NULL || object == NULL || object->kind != SBJ_PICKLED_DICTIONARY)
        return malformed(m, "attributes for something that has none");
    return SBERTJA_OK;
}

static sbertja_status put(machine *m, unsigned char opcode)
{
    uint64_t number = m->memo_count;
    if (opcode != 0x94 && !take_number(m, opcode == 'q' ? 1 : 4, &number))
        return cut_short(m);
    if (top(m) == NULL || number > (uint64_t)(m->at - m->start))
        return malformed(m, "a wrong memo");
    size_t needed = (size_t)number + 1;
    if (!sbj_grow(&m->pickle->alloc, (void **)&m->memo, &m->memo_capacity, m->memo_count, needed, sizeof *m->memo))
        return sbj_no_memory(m->error, needed * sizeof *m->memo);
    for (; m->memo_count < needed; m->memo_count++)
        m->memo[m->memo_count] = NULL;
    m->memo[number] = top(m);
    return SBERTJA_OK;
}

static sbertja_status get(machine *m, unsigned char opcode)
{
    uint64_t number;
    if (!take_number(m, opcode == 'h' ? 1 : 4, &number))
        return cut_short(m);
    if (number >= m->memo_count || m->memo[number] == NULL)
        return malformed(m, "a memo that is not there");
    return push(m, m->memo[number]);
}

/* ---- Names and calls ---- */

static bool same(const char *known, const char *bytes, size_t length)
{
    return strlen(known) == length && memcmp(known, bytes, length) == 0;
}

static bool is_printable(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)bytes[i] < 0x20 || bytes[i] == 0x7F)
            return false;
    return length <= LONGEST_NAME && sbj_valid_utf8(bytes, length) == length;
}

static sbertja_status push_global(machine *m, const char *module, size_t module_length, const char *name,
                                  size_t name_length)
{
    sbj_pickled *value;
    for (size_t i = 0; i < sizeof globals / sizeof *globals; i++) {
        if (!same(globals[i].module, module, module_length) || !same(globals[i].name, name, name_length))
            continue;
        sbertja_status status = push_new(m, SBJ_PICKLED_GLOBAL, &value);
        if (status == SBERTJA_OK) {
            value->as.global.function = globals[i].function;
            value->as.global.dtype = globals[i].dtype;
        }
        return status;
    }
    if (!is_printable(module, module_length) || !is_printable(name, name_length))
        return malformed(m, "an unreadable name");
    return sbj_fail(m->error, SBERTJA_E_UNSUPPORTED, "refuses to call %.*s.%.*s", (int)module_length, module,
                    (int)name_length, name);
}

/* A line without its line feed; NULL when there is none. */
static const char *take_line(machine *m, size_t *length)
{
    const unsigned char *line = m->at, *end = memchr(m->at, '\n', (size_t)(m->end - m->at));
    if (end == NULL)
        return NULL;
    m->at = end + 1;
    *length = (size_t)(end - line);
    return (const char *)line;
}

static sbertja_status global(machine *m, unsigned char opcode)
{
    size_t module_length, name_length;
    (void)opcode;
    const char *module = take_line(m, &module_length);
    const char *name = module != NULL ? take_line(m, &name_length) : NULL;
    return name != NULL ? push_global(m, module, module_length, name, name_length) : cut_short(m);
}

static sbertja_status stack_global(machine *m, unsigned char opcode)
{
    (void)opcode;
    const sbj_pickled *name = pop(m), *module = pop(m);
    if (name == NULL || module == NULL || name->kind != SBJ_PICKLED_TEXT || module->kind != SBJ_PICKLED_TEXT)
        return malformed(m, "a name that is no text");
    return push_global(m, module->as.text.bytes, module->as.text.length, name->as.text.bytes, name->as.text.length);
}

static sbertja_status persistent(machine *m, unsigned char opcode)
{
    sbj_pickled *value;
    (void)opcode;
    const sbj_pickled *id = pop(m);
    if (id == NULL || id->kind != SBJ_PICKLED_TUPLE)
        return malformed(m, "a persistent id that is no tuple");
    sbertja_status status = push_new(m, SBJ_PICKLED_STORAGE, &value);
    if (status == SBERTJA_OK)
        value->as.arguments = id;
    return status;
}

static sbertja_status reduce(machine *m, unsigned char opcode)
{
    sbj_pickled *value;
    (void)opcode;
    const sbj_pickled *arguments = pop(m), *function = pop(m);
    if (arguments == NULL || arguments->kind != SBJ_PICKLED_TUPLE || function == NULL ||
        function->kind != SBJ_PICKLED_GLOBAL)
        return malformed(m, "a call of something that cannot be called");
    size_t count = arguments->as.list.count;
    sbj_pickled **items = arguments->as.list.items;
    switch (function->as.global.function) {
    case ORDERED_DICT:
        if (count != 0)
            return malformed(m, "an OrderedDict made from arguments");
        return push_new(m, SBJ_PICKLED_DICTIONARY, &value);
    case REBUILD_TENSOR: {
        sbertja_status status = push_new(m, SBJ_PICKLED_TENSOR, &value);
        if (status == SBERTJA_OK)
            value->as.arguments = arguments;
        return status;
    }
    case REBUILD_PARAMETER: /* a tensor that has a gradient */
        if (count == 0 || items[0]->kind != SBJ_PICKLED_TENSOR)
            return malformed(m, "a parameter that is no tensor");
        return push(m, items[0]);
    default:
        return malformed(m, "a storage that is called");
    }
}

static const handler handlers[256] = {
    [0x80] = protocol,     [0x95] = frame,       ['('] = mark,      [')'] = empty,       [']'] = empty,
    ['}'] = empty,         ['N'] = empty,        [0x88] = boolean,  [0x89] = boolean,    ['J'] = integer,
    ['K'] = integer,       ['M'] = integer,      [0x8A] = long_integer, ['G'] = fraction, ['X'] = text,
    [0x8C] = text,         [0x85] = tuple,       [0x86] = tuple,    [0x87] = tuple,      ['t'] = tuple,
    ['a'] = extend,        ['e'] = extend,       ['s'] = extend,    ['u'] = extend,      ['b'] = build,
    ['q'] = put,           ['r'] = put,          [0x94] = put,      ['h'] = get,         ['j'] = get,
    ['c'] = global,        [0x93] = stack_global, ['Q'] = persistent, ['R'] = reduce,
};

static sbertja_status run(machine *m)
{
    for (;;) {
        const unsigned char *opcode = take(m, 1);
        if (opcode == NULL)
            return cut_short(m);
        if (*opcode == '.')
            break;
        if (handlers[*opcode] == NULL)
            return sbj_fail(m->error, SBERTJA_E_UNSUPPORTED, "pickle, byte %zu: opcode 0x%02x",
                            (size_t)(m->at - m->start - 1), *opcode);
        sbertja_status status = handlers[*opcode](m, *opcode);
        if (status != SBERTJA_OK)
            return status;
    }
    m->pickle->root = pop(m);
    return m->pickle->root != NULL && m->height == 0 ? SBERTJA_OK : malformed(m, "expected one value at its end");
}

sbertja_status sbj_unpickle(const sbj_alloc *alloc, const void *data, size_t size, sbj_pickle **result, size_t *used,
                            sbertja_error *error)
{
    *result = NULL;
    *used = 0;
    sbj_pickle *pickle = sbj_new(alloc, 1, sizeof *pickle);
    if (pickle == NULL)
        return sbj_no_memory(error, sizeof *pickle);
    pickle->alloc = *alloc;
    machine m = {.pickle = pickle, .start = data, .at = data, .end = (const unsigned char *)data + size,
                 .error = error};
    sbertja_status status = run(&m);
    sbj_free(alloc, m.stack);
    sbj_free(alloc, m.memo);
    if (status != SBERTJA_OK) {
        sbj_pickle_free(pickle);
        return status;
    }
    *used = (size_t)(m.at - m.start);
    *result = pickle;
    return SBERTJA_OK;
}

void sbj_pickle_free(sbj_pickle *pickle)
{
    if (pickle == NULL)
        return;
    sbj_alloc alloc = pickle->alloc;
    for (size_t i = 0; i < pickle->count; i++) {
        sbj_pickled *value = &pickle->blocks[i / BLOCK]->values[i % BLOCK];
        if (value->kind == SBJ_PICKLED_TUPLE || value->kind == SBJ_PICKLED_LIST ||
            value->kind == SBJ_PICKLED_DICTIONARY)
            sbj_free(&alloc, value->as.list.items);
    }
    for (size_t i = 0; i * BLOCK < pickle->count; i++)
        sbj_free(&alloc, pickle->blocks[i]);
    sbj_free(&alloc, pickle->blocks);
    sbj_free(&alloc, pickle);
}

const sbj_pickled *sbj_pickle_root(const sbj_pickle *pickle)
{
    return pickle->root;
}

const sbj_pickled *sbj_pickle_value(const sbj_pickle *pickle, size_t index)
{
    return index < pickle->count ? &pickle->blocks[index / BLOCK]->values[index % BLOCK] : NULL;
}

bool sbj_pickled_is_text(const sbj_pickled *value, const char *known)
{
    return value->kind == SBJ_PICKLED_TEXT && same(known, value->as.text.bytes, value->as.text.length);
}

const char *sbj_pickled_kind_name(const sbj_pickled *value)
{
    static const char *const names[] = {
        [SBJ_PICKLED_NONE] = "None",           [SBJ_PICKLED_BOOLEAN] = "a boolean",
        [SBJ_PICKLED_INTEGER] = "an integer",  [SBJ_PICKLED_WIDE] = "an integer",
        [SBJ_PICKLED_FRACTION] = "a fraction", [SBJ_PICKLED_TEXT] = "a string",
        [SBJ_PICKLED_TUPLE] = "a tuple",       [SBJ_PICKLED_LIST] = "a list",
        [SBJ_PICKLED_DICTIONARY] = "a dict",   [SBJ_PICKLED_GLOBAL] = "a class or function",
        [SBJ_PICKLED_STORAGE] = "a storage",   [SBJ_PICKLED_TENSOR] = "a tensor",
    };
    return names[value->kind];
}
