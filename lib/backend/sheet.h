/* The list of tensors that one operation touches, with what is expected of each; op_check.c fills it, sheet.c judges.
 */
#ifndef SBJ_SHEET_H
#define SBJ_SHEET_H

#include "backend/backend.h"

enum { SBJ_SHEET_MOST = 32, SBJ_SHEET_PAIRS = 4 };

typedef enum sbj_sheet_use {
    SBJ_READ = 0,
    SBJ_WRITTEN = 1, /* must not overlap any other tensor of the sheet, but see sbj_sheet_may_be */
    SBJ_OPTIONAL = 2 /* may be none */
} sbj_sheet_use;

typedef struct sbj_sheet_item {
    const char *name, *letters; /* "x", "[M, in]" */
    sbj_tensor tensor;
    size_t rows, columns;
    sbj_type type;
    unsigned use;
} sbj_sheet_item;

typedef struct sbj_sheet {
    const char *operation;
    sbj_type real;
    sbj_sheet_item items[SBJ_SHEET_MOST];
    size_t count;
    const char *pairs[SBJ_SHEET_PAIRS][2]; /* names that may be the same window */
    size_t pair_count;
    sbertja_status status; /* of the first fault, after which the sheet takes nothing more */
    sbertja_error *error;
} sbj_sheet;

void sbj_sheet_begin(sbj_sheet *sheet, const char *operation, const sbj_backend *backend, sbertja_error *error);
void sbj_sheet_add(sbj_sheet *sheet, const char *name, sbj_tensor tensor, const char *letters, size_t rows,
                   size_t columns, unsigned use);
void sbj_sheet_add_type(sbj_sheet *sheet, const char *name, sbj_tensor tensor, sbj_type type, const char *letters,
                        size_t rows, size_t columns, unsigned use);
void sbj_sheet_add_i32(sbj_sheet *sheet, const char *name, sbj_tensor tensor, const char *letters, size_t rows,
                       size_t columns, unsigned use);
void sbj_sheet_may_be(sbj_sheet *sheet, const char *a, const char *b);
/* Notes a fault that is no matter of one tensor; the first one stays. */
void sbj_sheet_fault(sbj_sheet *sheet, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The status of the first fault: those noted, then those of the tensors in their order, then overlaps. */
sbertja_status sbj_sheet_judge(sbj_sheet *sheet);

/* A number for a message: six decimals, the point whatever the host's locale is. */
typedef struct sbj_number {
    char text[32];
} sbj_number;
sbj_number sbj_number_text(double value);

#endif
