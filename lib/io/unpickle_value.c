/* Values of the machine, and the four names it knows: OrderedDict, _rebuild_tensor_v2, _rebuild_parameter, storages. */
#include "io/unpickle_private.h"

#include <string.h>

sbertja_status sbj_pickle_fault(sbertja_error *error, const char *what)
{
    return sbj_fail(error, SBERTJA_E_FORMAT, "not a sound file of tensors: %s", what);
}

sbertja_status sbj_pickle_value(sbj_pickle *p, sbj_value value, size_t *number, sbertja_error *error)
{
    if (!sbj_grow(&p->alloc, (void **)&p->values, &p->value_capacity, p->value_count, p->value_count + 1,
                  sizeof *p->values))
        return sbj_no_memory(error, p->value_count * sizeof *p->values);
    p->values[p->value_count] = value;
    *number = p->value_count++;
    return SBERTJA_OK;
}

sbertja_status sbj_pickle_copy(sbj_pickle *p, const unsigned char *bytes, size_t length, const char **text,
                               sbertja_error *error)
{
    if (memchr(bytes, '\0', length) != NULL)
        return sbj_pickle_fault(error, "a text with a NUL byte");
    if (!sbj_grow(&p->alloc, (void **)&p->texts, &p->text_capacity, p->text_count, p->text_count + 1,
                  sizeof *p->texts))
        return sbj_no_memory(error, p->text_count * sizeof *p->texts);
    char *copy = sbj_copy_text(&p->alloc, (const char *)bytes, length);
    if (copy == NULL)
        return sbj_no_memory(error, length);
    p->texts[p->text_count++] = copy;
    *text = copy;
    return SBERTJA_OK;
}

sbertja_status sbj_pickle_append(sbj_pickle *p, size_t container, size_t value, sbertja_error *error)
{
    const size_t used = p->link_count, link = used == 0 ? 1 : used; /* number 0 stands for the end */
    if (!sbj_grow(&p->alloc, (void **)&p->links, &p->link_capacity, used, link + 1, sizeof *p->links))
        return sbj_no_memory(error, (link + 1) * sizeof *p->links);
    p->link_count = link + 1;
    sbj_value *c = &p->values[container];
    p->links[link] = (sbj_link){value, 0};
    if (c->count++ == 0)
        c->first = link;
    else
        p->links[c->last].next = link;
    c->last = link;
    return SBERTJA_OK;
}

sbertja_status sbj_pickle_tuple(sbj_pickle *p, size_t from, size_t *number, sbertja_error *error)
{
    const size_t count = p->depth - from;
    if (!sbj_grow(&p->alloc, (void **)&p->items, &p->item_capacity, p->item_count, p->item_count + count,
                  sizeof *p->items))
        return sbj_no_memory(error, (p->item_count + count) * sizeof *p->items);
    const sbj_value tuple = {.kind = SBJ_V_TUPLE, .first = p->item_count, .count = count};
    for (size_t i = 0; i < count; i++)
        p->items[p->item_count++] = p->stack[from + i];
    p->depth = from;
    return sbj_pickle_value(p, tuple, number, error);
}

/* ---- Names ---- */

static const struct {
    const char *module, *name;
    sbj_global global;
    sbj_dtype dtype;
} globals[] = {
    {"collections", "OrderedDict", SBJ_G_DICT, 0},
    {"torch._utils", "_rebuild_tensor_v2", SBJ_G_TENSOR, 0},
    {"torch._utils", "_rebuild_parameter", SBJ_G_PARAMETER, 0},
    {"torch", "DoubleStorage", SBJ_G_STORAGE, SBJ_DTYPE_F64},
    {"torch", "FloatStorage", SBJ_G_STORAGE, SBJ_DTYPE_F32},
    {"torch", "HalfStorage", SBJ_G_STORAGE, SBJ_DTYPE_F16},
    {"torch", "BFloat16Storage", SBJ_G_STORAGE, SBJ_DTYPE_BF16},
    {"torch", "LongStorage", SBJ_G_STORAGE, SBJ_DTYPE_I64},
    {"torch", "IntStorage", SBJ_G_STORAGE, SBJ_DTYPE_I32},
    {"torch", "ShortStorage", SBJ_G_STORAGE, SBJ_DTYPE_I16},
    {"torch", "CharStorage", SBJ_G_STORAGE, SBJ_DTYPE_I8},
    {"torch", "ByteStorage", SBJ_G_STORAGE, SBJ_DTYPE_U8},
    {"torch", "BoolStorage", SBJ_G_STORAGE, SBJ_DTYPE_BOOL},
};

sbertja_status sbj_pickle_global(sbj_pickle *p, const char *module, const char *name, size_t *number,
                                 sbertja_error *error)
{
    for (size_t i = 0; i < sizeof globals / sizeof *globals; i++)
        if (strcmp(globals[i].module, module) == 0 && strcmp(globals[i].name, name) == 0)
            return sbj_pickle_value(
                p, (sbj_value){.kind = SBJ_V_GLOBAL, .integer = globals[i].global, .dtype = globals[i].dtype}, number,
                error);
    return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "refuses to call %.100s.%.100s: only tensors are read", module, name);
}

/* Item i of a tuple when it is of this kind; NULL otherwise. */
static const sbj_value *item(const sbj_pickle *p, size_t tuple, size_t i, sbj_value_kind kind)
{
    const sbj_value *t = &p->values[tuple];
    if (t->kind != SBJ_V_TUPLE || i >= t->count)
        return NULL;
    const sbj_value *found = &p->values[p->items[t->first + i]];
    return found->kind == kind ? found : NULL;
}

/* ("storage", class, key, device, elements) */
sbertja_status sbj_pickle_storage(sbj_pickle *p, size_t id, size_t *number, sbertja_error *error)
{
    const sbj_value *tag = item(p, id, 0, SBJ_V_TEXT), *class = item(p, id, 1, SBJ_V_GLOBAL);
    const sbj_value *key = item(p, id, 2, SBJ_V_TEXT), *elements = item(p, id, 4, SBJ_V_INT);
    if (tag == NULL || class == NULL || key == NULL || elements == NULL || strcmp(tag->text, "storage") != 0 ||
        class->integer != SBJ_G_STORAGE || elements->integer < 0)
        return sbj_pickle_fault(error, "a persistent id that is no storage");
    return sbj_pickle_value(
        p, (sbj_value){.kind = SBJ_V_STORAGE, .text = key->text, .integer = elements->integer, .dtype = class->dtype},
        number, error);
}

static bool sizes(const sbj_pickle *p, const sbj_value *tuple, size_t *out)
{
    for (size_t i = 0; i < tuple->count; i++) {
        const sbj_value *v = &p->values[p->items[tuple->first + i]];
        if (v->kind != SBJ_V_INT || v->integer < 0)
            return false;
        out[i] = (size_t)v->integer;
    }
    return true;
}

/* _rebuild_tensor_v2(storage, offset, shape, stride, ...) */
static sbertja_status rebuild(sbj_pickle *p, size_t arguments, size_t *number, sbertja_error *error)
{
    const sbj_value *storage = item(p, arguments, 0, SBJ_V_STORAGE), *offset = item(p, arguments, 1, SBJ_V_INT);
    const sbj_value *shape = item(p, arguments, 2, SBJ_V_TUPLE), *stride = item(p, arguments, 3, SBJ_V_TUPLE);
    if (storage == NULL || offset == NULL || shape == NULL || stride == NULL || offset->integer < 0 ||
        shape->count != stride->count || shape->count > SBJ_MOST_DIMENSIONS)
        return sbj_pickle_fault(error, "a tensor's arguments");
    sbj_pickled_tensor t = {.key = storage->text,
                            .dtype = storage->dtype,
                            .elements = (size_t)storage->integer,
                            .offset = (size_t)offset->integer,
                            .dimensions = shape->count};
    if (!sizes(p, shape, t.shape) || !sizes(p, stride, t.stride))
        return sbj_pickle_fault(error, "a tensor's shape or stride");
    if (!sbj_grow(&p->alloc, (void **)&p->tensors, &p->tensor_capacity, p->tensor_count, p->tensor_count + 1,
                  sizeof *p->tensors))
        return sbj_no_memory(error, p->tensor_count * sizeof *p->tensors);
    p->tensors[p->tensor_count] = t;
    return sbj_pickle_value(p, (sbj_value){.kind = SBJ_V_TENSOR, .integer = (int64_t)p->tensor_count++}, number, error);
}

sbertja_status sbj_pickle_reduce(sbj_pickle *p, size_t callable, size_t arguments, size_t *number,
                                 sbertja_error *error)
{
    const sbj_value *c = &p->values[callable];
    if (c->kind != SBJ_V_GLOBAL || p->values[arguments].kind != SBJ_V_TUPLE)
        return sbj_pickle_fault(error, "a call of what is no name");
    switch (c->integer) {
    case SBJ_G_DICT:
        if (p->values[arguments].count != 0)
            return sbj_pickle_fault(error, "an OrderedDict with arguments");
        return sbj_pickle_value(p, (sbj_value){.kind = SBJ_V_DICT}, number, error);
    case SBJ_G_TENSOR: return rebuild(p, arguments, number, error);
    case SBJ_G_PARAMETER: {
        const sbj_value *tensor = item(p, arguments, 0, SBJ_V_TENSOR);
        if (tensor == NULL)
            return sbj_pickle_fault(error, "a parameter that is no tensor");
        return sbj_pickle_value(p, *tensor, number, error);
    }
    default: return sbj_pickle_fault(error, "a call of a storage class");
    }
}
