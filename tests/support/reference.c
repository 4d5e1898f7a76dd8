/* Reading references. */
#include "support/reference.h"

#include <check.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t reference_folders(char folders[8][512])
{
    size_t count = 0;
    snprintf(folders[count++], 512, "tests/data/tiny");
    for (const char *more = getenv("SBERTJA_REFERENCES"); more != NULL && *more != '\0' && count < 8;) {
        const size_t length = strcspn(more, ":");
        snprintf(folders[count++], 512, "%.*s", (int)length, more);
        more += length + (more[length] == ':');
    }
    return count;
}

const char *reference_path(const reference *r, const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", r->folder, name);
    return path;
}

bool reference_has(const reference *r, const char *name)
{
    return sbj_is_file(reference_path(r, name));
}

void reference_open(reference *r, const char *folder)
{
    char line[8192];
    memset(r, 0, sizeof *r);
    snprintf(r->folder, sizeof r->folder, "%s", folder);
    FILE *file = fopen(reference_path(r, "sentences.tsv"), "r");
    ck_assert_msg(file != NULL, "%s: sentences.tsv is not there", folder);
    while (fgets(line, sizeof line, file) != NULL && r->count < REFERENCE_MOST_TEXTS) {
        line[strcspn(line, "\n")] = '\0';
        char *tab = strchr(line, '\t');
        ck_assert(tab != NULL);
        r->labels[r->count] = atof(line);
        r->texts[r->count++] = strdup(tab + 1);
    }
    fclose(file);
}

void reference_close(reference *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->texts[i]);
    r->count = 0;
}

sbj_archive *reference_archive(const reference *r, const char *name)
{
    sbertja_error error;
    sbj_archive *archive = NULL;
    ck_assert_msg(sbj_archive_open(&sbj_malloc, reference_path(r, name), &archive, &error) == SBERTJA_OK, "%s",
                  error.message);
    ck_assert(sbj_archive_map(archive, &error) == SBERTJA_OK);
    return archive;
}

const float *reference_floats(const sbj_archive *archive, const char *name, size_t count)
{
    const sbj_stored *stored = sbj_archive_find(archive, name);
    ck_assert_msg(stored != NULL, "%s is not there", name);
    ck_assert_msg(stored->dtype == SBJ_DTYPE_F32 && stored->count == count, "%s: %zu values, expected %zu", name,
                  stored->count, count);
    return stored->data;
}

sbj_model *reference_model(const reference *r, const char *directory, const char *device, const sbertja_module *modules,
                           size_t module_count)
{
    const sbj_model_options options = {
        .alloc = sbj_malloc, .device = device, .modules = modules, .module_count = module_count};
    sbertja_error error;
    sbj_model *model = NULL;
    ck_assert_msg(sbj_model_load(reference_path(r, directory), &options, &model, &error) == SBERTJA_OK, "%s",
                  error.message);
    return model;
}

double reference_difference(const float *a, const float *b, size_t count)
{
    double most = 0, largest = 0;
    for (size_t i = 0; i < count; i++) {
        const double difference = fabs((double)a[i] - b[i]);
        most = difference > most || isnan(difference) ? difference : most;
        largest = fmax(largest, fabs((double)b[i]));
        if (isnan(most))
            return NAN;
    }
    return most / fmax(largest, 1e-30);
}

void reference_expect(double value, double bound, const char *format, ...)
{
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    ck_assert_msg(value <= bound, "%s: %.3g, expected at most %.3g", what, value, bound);
}
