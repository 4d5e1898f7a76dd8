/* What a fuzz target has to define, and what it may use. A target is a file fuzz_KIND.c. It becomes two programs: with
 * libFuzzer, `make fuzz FUZZ=KIND`; with replay.c, a test that runs a small corpus, `make check T=fuzz/KIND`. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Defined by each target ---- */

/* Reads one input; the result is 0. What is read must hold together (fuzz_must), and a failure must say why. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Gives inputs to start from, made of files of the tree or by the library itself. */
typedef struct fuzz_sink {
    void (*take)(void *context, const void *data, size_t size);
    void *context;
} fuzz_sink;
void fuzz_seeds(const fuzz_sink *sink);

/* ---- For the targets ---- */

void fuzz_give(const fuzz_sink *sink, const void *data, size_t size);
void fuzz_give_text(const fuzz_sink *sink, const char *text);
/* A file of the tree, if it has at most `max` bytes; else as many from its start. */
void fuzz_give_file(const fuzz_sink *sink, const char *path, size_t max);

/* A name in a folder of this process: in FUZZ_FOLDER, /dev/shm, or the temporary folder. The folders above it are made.
 * Eight results are valid at a time. */
const char *fuzz_path(const char *name);
/* Writes the file of this name and returns its path. */
const char *fuzz_write(const char *name, const void *data, size_t size);
void fuzz_copy(const char *from, const char *name);
/* Cuts an input in two at its first 0xFF byte, which belongs to neither; without one the second part is empty. */
void fuzz_split(const uint8_t *data, size_t size, size_t *first, const uint8_t **second, size_t *second_size);

/* Ends the process with the line where it was called, unless `holds`. */
#define fuzz_must(holds) fuzz_check((holds), #holds, __FILE__, __LINE__)
void fuzz_check(bool holds, const char *what, const char *file, int line);

#endif
