/* Results: to standard output, or to a file that appears whole or not at all, in the place that a symbolic link names and
 * with the mode of the one it replaces. What is there and is no ordinary file (a device, a named pipe) is written to as it
 * is, never replaced. */
#ifndef SBERTJA_RESULTS_H
#define SBERTJA_RESULTS_H

#include <stddef.h>
#include <stdio.h>

typedef struct result_file {
    FILE *stream;
    const char *path; /* NULL: standard output */
    char *target;     /* where `path` leads; NULL: the stream writes to `path` itself */
    char *draft;      /* the file that is written, and renamed to `target` at the end; NULL: none */
    int reason;       /* errno of the first write seen to fail */
} result_file;

/* NULL and "-" are standard output. Both give an exit status. results_close() has to follow a successful open: its
 * `status` says how the work went, and comes back unless writing failed (a full disk, a closed pipe). */
int results_open(result_file *out, const char *path);
int results_close(result_file *out, int status);
/* Nonzero for a path where something other than an ordinary file is. */
int results_special(const char *path);
/* An error if both name the same file: results do not replace what they were made from. Takes NULL and "-". */
int results_apart(const char *output, const char *input);
/* Nonzero once a write has failed. Long work asks after each row, and stops. */
int results_failed(result_file *out);

void write_json_string(FILE *stream, const char *text, size_t length);
/* The shortest decimal form that reads back as the same float; NaN and infinities as "null", for JSON. */
void write_float(FILE *stream, float value);
/* "name<TAB>0.1234" and a line end on standard output: the form of all figures. */
void write_figure(const char *name, double value);

#endif
