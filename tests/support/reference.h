/* Reading the PyTorch references under tests/data (or another folder of the same form, named by the environment variable
 * SBERTJA_REFERENCES, which only the tests read). */
#ifndef REFERENCE_H
#define REFERENCE_H

#include "io/archive.h"
#include "io/json.h"
#include "model/session.h"

enum { REFERENCE_MOST_TEXTS = 512 };

typedef struct reference {
    char folder[512]; /* tests/data/tiny */
    size_t count;
    char *texts[REFERENCE_MOST_TEXTS];
    double labels[REFERENCE_MOST_TEXTS];
} reference;

/* Every folder to test against: tests/data/tiny, then those of SBERTJA_REFERENCES (names separated by ':'). Returns how
 * many; ends the test on a fault. */
size_t reference_folders(char folders[8][512]);
void reference_open(reference *r, const char *folder);
void reference_close(reference *r);
const char *reference_path(const reference *r, const char *name); /* valid until the next call */
/* The archive `name` of the folder. */
sbj_archive *reference_archive(const reference *r, const char *name);
const float *reference_floats(const sbj_archive *archive, const char *name, size_t count);
/* Whether the folder has a file. */
bool reference_has(const reference *r, const char *name);

/* Loads with the device "ref", or "cpu"; ends the test on a fault. */
sbj_model *reference_model(const reference *r, const char *directory, const char *device, const sbertja_module *modules,
                           size_t module_count);

/* max |a - b| / max |b| over count values. */
double reference_difference(const float *a, const float *b, size_t count);
/* Ends the test, naming `what`, when a value exceeds its bound or is not a number. */
void reference_expect(double value, double bound, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
