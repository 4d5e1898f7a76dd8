/* What every file of the command uses: exit statuses, messages, memory. The command stands on <sbertja.h> alone, as any
 * other program does; it must not include headers of lib/. */
#ifndef SBERTJA_BASICS_H
#define SBERTJA_BASICS_H

#include <sbertja.h>

enum exit_status {
    DONE = 0,
    DATA_WRONG = 1, /* a file or a model is not what it should be, or cannot be read or written */
    CALL_WRONG = 2, /* what is typed is wrong, whatever the files hold */
    INTERRUPTED = 130
};

#if defined(__GNUC__)
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#else
#define PRINTF_LIKE(text, first)
#endif

/* Prints "sbertja: ..." and a line end on standard error, over a progress bar if there is one. */
void complain(const char *format, ...) PRINTF_LIKE(1, 2);
/* The same; the result is the exit status. */
int data_wrong(const char *format, ...) PRINTF_LIKE(1, 2);
int call_wrong(const char *format, ...) PRINTF_LIKE(1, 2);
/* Prints an error of the library: an option's value that it refused is a wrong call, all else wrong data. */
int library_refused(const sbertja_error *error);
/* A remark on standard error without the command's name, over a progress bar if there is one. */
void remark(const char *format, ...) PRINTF_LIKE(1, 2);

/* Zeroed memory for `count` things of `size` bytes (1 byte for 0), or `memory` made longer (not zeroed). When there is
 * none the command ends with a message and DATA_WRONG: there is nothing that it could still do. Freed with free(). */
void *take(size_t count, size_t size);
void *take_more(void *memory, size_t count, size_t size);

#endif
