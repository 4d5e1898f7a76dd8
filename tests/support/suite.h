/* The main function of a test program: one suite, one case, a table of tests. */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>

typedef struct suite_entry {
    const TTest *test;
    int loops; /* runs _i = 0 to loops-1; 0: once */
} suite_entry;

int suite_run(const char *name, int seconds, const suite_entry *entries, int count);

#define SUITE_MAIN(name, seconds, ...)                                                                                 \
    int main(void)                                                                                                     \
    {                                                                                                                  \
        const suite_entry entries[] = {__VA_ARGS__};                                                                   \
        return suite_run(name, seconds, entries, (int)(sizeof entries / sizeof *entries));                             \
    }

#endif
