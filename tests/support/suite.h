/* The main function of a test program: one suite, one case, a table of tests. */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>
#include <stdbool.h>

typedef struct suite_entry {
    const TTest *test;
    int loops; /* runs _i = 0 to loops-1; 0: once */
} suite_entry;

/* Whether the instruction set that "auto" takes multiplies in bf16. If not, `what` (or NULL) is said to be skipped. */
bool suite_multiplies_bf16(const char *what);
int suite_run(const char *name, int seconds, const suite_entry *entries, int count);

#define SUITE_MAIN(name, seconds, ...)                                                                                 \
    int main(void)                                                                                                     \
    {                                                                                                                  \
        const suite_entry entries[] = {__VA_ARGS__};                                                                   \
        return suite_run(name, seconds, entries, (int)(sizeof entries / sizeof *entries));                             \
    }

#endif
