/* Writing results: see results.h. */
#include "results.h"

#include "basics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int results_special(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && !S_ISREG(found.st_mode);
}

int results_apart(const char *output, const char *input)
{
    struct stat out, in;
    if (output && input && strcmp(output, "-") && strcmp(input, "-") && !results_special(output) &&
        stat(output, &out) == 0 && stat(input, &in) == 0 && out.st_dev == in.st_dev && out.st_ino == in.st_ino)
        return call_wrong("-o %s: this is what is read", output);
    return DONE;
}

int results_open(result_file *out, const char *path)
{
    out->stream = stdout;
    out->path = path && strcmp(path, "-") ? path : NULL;
    out->draft = NULL;
    out->reason = 0;
    if (!out->path)
        return DONE;
    if (!results_special(path)) {
        size_t size = strlen(path) + 32;
        out->draft = take(size, 1);
        snprintf(out->draft, size, "%s.%ld.part", path, (long)getpid());
    }
    out->stream = fopen(out->draft ? out->draft : path, "wb");
    if (out->stream)
        return DONE;
    int status = data_wrong("%s: cannot be written: %s", path, strerror(errno));
    free(out->draft);
    return status;
}

int results_failed(result_file *out)
{
    if (!ferror(out->stream))
        return 0;
    if (!out->reason)
        out->reason = errno;
    return 1;
}

/* Flushes, so that a full disk is noticed. A reader that closed its pipe has what it wanted: no message then. */
static int finish(result_file *out, const char *name)
{
    int had_failed = results_failed(out);
    errno = 0;
    if (fflush(out->stream) == 0 && !had_failed)
        return DONE;
    int reason = out->reason ? out->reason : errno;
    if (reason != EPIPE)
        complain("%s: cannot be written: %s", name, reason ? strerror(reason) : "a write failed");
    return DATA_WRONG;
}

int results_close(result_file *out, int status)
{
    const char *name = out->path ? out->path : "standard output";
    int written = finish(out, name);
    if (out->path) {
        if (fclose(out->stream) != 0 && written == DONE)
            written = data_wrong("%s: cannot be written: %s", name, strerror(errno));
        if (out->draft && status == DONE && written == DONE && rename(out->draft, out->path) != 0)
            written = data_wrong("%s: cannot be written: %s", name, strerror(errno));
        if (out->draft && (status != DONE || written != DONE))
            unlink(out->draft);
        free(out->draft);
    }
    return status != DONE ? status : written;
}

void write_json_string(FILE *stream, const char *text, size_t length)
{
    fputc('"', stream);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        switch (c) {
        case '"':
            fputs("\\\"", stream);
            break;
        case '\\':
            fputs("\\\\", stream);
            break;
        case '\n':
            fputs("\\n", stream);
            break;
        case '\r':
            fputs("\\r", stream);
            break;
        case '\t':
            fputs("\\t", stream);
            break;
        default:
            if (c < 0x20)
                fprintf(stream, "\\u%04x", c);
            else
                fputc(c, stream);
        }
    }
    fputc('"', stream);
}

void write_float(FILE *stream, float value)
{
    char text[32];
    if (!isfinite(value)) {
        fputs("null", stream);
        return;
    }
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    fputs(text, stream);
}

void write_figure(const char *name, double value)
{
    printf("%s\t%.4f\n", name, value);
}
