/* Tab-separated values: a line feed ends a row, a tab ends a cell, and nothing quotes: `"` is an ordinary character. */
#include <string.h>

#include "io/table_private.h"

/* `end` is where the NUL of the last cell goes. */
static sbertja_status read_line(sbj_table *table, char *at, char *end, size_t line, sbertja_error *error)
{
    for (;;) {
        char *tab = memchr(at, '\t', (size_t)(end - at)), *stop = tab == NULL ? end : tab;
        *stop = '\0';
        sbertja_status status = sbj_table_add_cell(table, at, (size_t)(stop - at), line, error);
        if (status != SBERTJA_OK)
            return status;
        if (tab == NULL)
            return sbj_table_end_row(table, line, error);
        at = tab + 1;
    }
}

sbertja_status sbj_read_tsv(sbj_table *table, char *data, size_t size, sbertja_error *error)
{
    char *at = data, *after = data + size;
    sbertja_status status = SBERTJA_OK;
    for (size_t line = 1; at < after && status == SBERTJA_OK; line++) {
        char *feed = memchr(at, '\n', (size_t)(after - at)), *end = feed == NULL ? after : feed;
        char *next = feed == NULL ? after : feed + 1;
        if (end > at && end[-1] == '\r')
            end--;
        if (end == at && next == after)
            break; /* an empty last line */
        status = read_line(table, at, end, line, error);
        at = next;
    }
    return status;
}
