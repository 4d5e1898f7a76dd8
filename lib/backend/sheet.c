/* Judges the tensors of an operation. */
#include "backend/sheet.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *type_name(sbj_type type)
{
    static const char *const names[] = {"no type", "F32", "F64", "I32", "BF16", "F16"};
    return names[type <= SBJ_F16 ? type : 0];
}

sbj_number sbj_number_text(double value)
{
    sbj_number number;
    double size = fabs(value);
    const char *sign = signbit(value) ? "-" : "";
    if (isnan(value))
        snprintf(number.text, sizeof number.text, "NaN");
    else if (size >= 1e9)
        snprintf(number.text, sizeof number.text, "%s%s", sign, isinf(value) ? "infinity" : "1000000000 or more");
    else if (size > 0 && size < 1e-6)
        snprintf(number.text, sizeof number.text, "%sless than 0.000001", sign);
    else
        snprintf(number.text, sizeof number.text, "%s%u.%06u", sign, (unsigned)size,
                 (unsigned)((size - floor(size)) * 1e6));
    return number;
}

void sbj_sheet_begin(sbj_sheet *sheet, const char *operation, const sbj_backend *backend, sbertja_error *error)
{
    sheet->operation = operation;
    sheet->real = backend->table->real;
    sheet->count = sheet->pair_count = 0;
    sheet->status = SBERTJA_OK;
    sheet->error = error;
}

void sbj_sheet_fault(sbj_sheet *sheet, const char *format, ...)
{
    char text[sizeof sheet->error->message];
    if (sheet->status != SBERTJA_OK)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    sheet->status = sbj_fail(sheet->error, SBERTJA_E_INTERNAL, "%s: %s", sheet->operation, text);
}

static void add(sbj_sheet *sheet, sbj_sheet_item item)
{
    if (sheet->status != SBERTJA_OK)
        return;
    if (sheet->count == SBJ_SHEET_MOST)
        sbj_sheet_fault(sheet, "more than %d tensors", SBJ_SHEET_MOST);
    else
        sheet->items[sheet->count++] = item;
}

void sbj_sheet_add_type(sbj_sheet *sheet, const char *name, sbj_tensor tensor, sbj_type type, const char *letters,
                        size_t rows, size_t columns, unsigned use)
{
    add(sheet, (sbj_sheet_item){name, letters, tensor, rows, columns, type, use});
}

void sbj_sheet_add(sbj_sheet *sheet, const char *name, sbj_tensor tensor, const char *letters, size_t rows,
                   size_t columns, unsigned use)
{
    sbj_sheet_add_type(sheet, name, tensor, sheet->real, letters, rows, columns, use);
}

void sbj_sheet_add_i32(sbj_sheet *sheet, const char *name, sbj_tensor tensor, const char *letters, size_t rows,
                       size_t columns, unsigned use)
{
    sbj_sheet_add_type(sheet, name, tensor, SBJ_I32, letters, rows, columns, use);
}

void sbj_sheet_may_be(sbj_sheet *sheet, const char *a, const char *b)
{
    if (sheet->status != SBERTJA_OK)
        return;
    if (sheet->pair_count == SBJ_SHEET_PAIRS) {
        sbj_sheet_fault(sheet, "more than %d pairs", SBJ_SHEET_PAIRS);
        return;
    }
    sheet->pairs[sheet->pair_count][0] = a;
    sheet->pairs[sheet->pair_count++][1] = b;
}

static void judge_item(sbj_sheet *sheet, const sbj_sheet_item *item)
{
    const sbj_tensor *t = &item->tensor;
    if (!sbj_present(*t)) {
        if (!(item->use & SBJ_OPTIONAL))
            sbj_sheet_fault(sheet, "%s: none, expected %s = [%zu, %zu]", item->name, item->letters, item->rows,
                            item->columns);
    } else if (t->type != item->type)
        sbj_sheet_fault(sheet, "%s: type %s, expected %s", item->name, type_name(t->type), type_name(item->type));
    else if (t->rows == 0 || t->columns == 0)
        sbj_sheet_fault(sheet, "%s: [%zu, %zu], expected no side to be 0", item->name, t->rows, t->columns);
    else if (t->rows != item->rows || t->columns != item->columns)
        sbj_sheet_fault(sheet, "%s: [%zu, %zu], expected %s = [%zu, %zu]", item->name, t->rows, t->columns,
                        item->letters, item->rows, item->columns);
    else if (t->stride < t->columns)
        sbj_sheet_fault(sheet, "%s: stride %zu, expected at least the %zu columns", item->name, t->stride, t->columns);
}

/* Windows of one buffer whose rows are equally far apart overlap when their rows and their columns do; for other pairs
 * it is enough that the spans from first to last element do. */
static bool overlap(const sbj_tensor *a, const sbj_tensor *b)
{
    if (a->buffer != b->buffer || a->type != b->type)
        return false;
    if (a->offset > b->offset)
        return overlap(b, a);
    if (b->offset >= a->offset + (a->rows - 1) * a->stride + a->columns)
        return false;
    size_t column = (b->offset - a->offset) % a->stride;
    return a->stride != b->stride || column < a->columns || column + b->columns > a->stride;
}

static bool same_window(const sbj_tensor *a, const sbj_tensor *b)
{
    return a->buffer == b->buffer && a->offset == b->offset && a->rows == b->rows && a->columns == b->columns &&
           (a->stride == b->stride || a->rows == 1);
}

static bool allowed(const sbj_sheet *sheet, const sbj_sheet_item *a, const sbj_sheet_item *b)
{
    for (size_t i = 0; i < sheet->pair_count; i++) {
        const char *const *pair = sheet->pairs[i];
        if ((strcmp(pair[0], a->name) == 0 && strcmp(pair[1], b->name) == 0) ||
            (strcmp(pair[1], a->name) == 0 && strcmp(pair[0], b->name) == 0))
            return same_window(&a->tensor, &b->tensor);
    }
    return false;
}

static void judge_pair(sbj_sheet *sheet, const sbj_sheet_item *a, const sbj_sheet_item *b)
{
    if (!((a->use | b->use) & SBJ_WRITTEN) || !sbj_present(a->tensor) || !sbj_present(b->tensor))
        return;
    if (overlap(&a->tensor, &b->tensor) && !allowed(sheet, a, b))
        sbj_sheet_fault(sheet, "%s and %s overlap", a->name, b->name);
}

sbertja_status sbj_sheet_judge(sbj_sheet *sheet)
{
    for (size_t i = 0; i < sheet->count && sheet->status == SBERTJA_OK; i++)
        judge_item(sheet, &sheet->items[i]);
    for (size_t i = 0; i < sheet->count && sheet->status == SBERTJA_OK; i++)
        for (size_t j = i + 1; j < sheet->count; j++)
            judge_pair(sheet, &sheet->items[i], &sheet->items[j]);
    return sheet->status;
}
