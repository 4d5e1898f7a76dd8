/* The two parts of a spreadsheet that hold its text. */
#ifndef SBJ_WORKSHEET_H
#define SBJ_WORKSHEET_H

#include <string.h>

#include "io/package.h"
#include "io/table_private.h"

/* The texts that cells refer to by number. */
typedef struct sbj_shared {
    sbj_list strings; /* addresses in the table's texts */
} sbj_shared;

sbertja_status sbj_read_shared(const sbj_package *package, const char *part, sbj_table *table, sbj_shared *shared,
                               sbertja_error *error);
/* Adds the cells to the table. `shared` may be empty. `stale`: the workbook asks to be calculated when it is opened, so
 * that a formula's value may be a mere placeholder. */
sbertja_status sbj_read_sheet(const sbj_package *package, const char *part, const sbj_shared *shared, bool stale,
                              sbj_table *table, sbertja_error *error);

/* Bytes that the table and the shared strings take so far. */
static inline size_t sbj_content_size(const sbj_table *table, const sbj_shared *shared)
{
    return table->texts.bytes + (table->cells.count + table->lines.count + shared->strings.count) * sizeof(uintptr_t);
}

/* Which characters of a string count: those of <t>, which stands alone or in the runs <r> of rich text, but not those
 * in <rPh>, the reading that Japanese Excel keeps of what was typed. */
typedef struct sbj_rich_text {
    bool in_text, in_reading;
} sbj_rich_text;

static inline void sbj_rich_text_mark(sbj_rich_text *rich, const char *name, bool opened)
{
    if (strcmp(name, "t") == 0)
        rich->in_text = opened;
    else if (strcmp(name, "rPh") == 0)
        rich->in_reading = opened;
}

static inline bool sbj_rich_text_counts(const sbj_rich_text *rich)
{
    return rich->in_text && !rich->in_reading;
}

/* Replaces, in place, "_x000D_" by the character that it stands for; gives the new length. */
size_t sbj_unescape(char *text, size_t length);

#endif
