/* A look at JSON text without building anything: whether it is well formed (RFC 8259), and how much cJSON would make of
 * it. cJSON is lenient, tells a fault only by its place, and cannot tell a fault from a lack of memory; what passes here
 * it parses, unless memory is short. */
#ifndef SBJ_JSON_SCAN_H
#define SBJ_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

typedef struct sbj_json_scan {
    const char *text;
    size_t length, at;
    size_t values;     /* met so far, with the members of lists and objects */
    size_t max_values; /* more are a fault */
    int level;         /* of lists and objects around `at` */
    const char *fault; /* what is wrong at `at`, once something is */
} sbj_json_scan;

/* Reads from `at` to behind one value, or to its fault. */
bool sbj_json_scan_value(sbj_json_scan *scan);
/* Goes to the end of the text, where only blanks may be left. */
bool sbj_json_scan_end(sbj_json_scan *scan);

#endif
