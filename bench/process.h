/* Whole processes: how long the command takes to its first output, and how much memory it ever has. */
#ifndef PROCESS_H
#define PROCESS_H

#include "workload.h"

/* Where things are, from the place of this program. */
typedef struct places {
    char folder[512];                          /* build/bench */
    char command[600];                         /* build/bin/sbertja */
    char texts[600], table[600], trained[600]; /* made in the folder */
} places;

typedef struct process {
    double first_output, megabytes; /* seconds from the start; the largest resident size */
} process;

/* `bench --measure PROGRAM ARGUMENT...` is how the bench starts what it measures: prints the two numbers. */
#define MEASURE "--measure"
void measure_process(char *const *arguments);

void find_places(const char *program, places *found);
void write_texts(const char *path, const workload *w, size_t count);
void write_table(const char *path, const workload *w, size_t count);            /* with labels, for training */
/* sbertja encode */
process run_command(const char *command, const char *model, const char *precision, const char *texts);
process train_command(const char *command, const char *model, const char *table, const char *trained);

#endif
