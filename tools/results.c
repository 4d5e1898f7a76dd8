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

static void name_files(result_file *out)
{
    size_t size = strlen(out->path) + 1;
    out->target = realpath(out->path, NULL);
    if (!out->target) { /* nothing is there yet */
        out->target = take(size, 1);
        memcpy(out->target, out->path, size);
    }
    size = strlen(out->target) + 32;
    out->draft = take(size, 1);
    snprintf(out->draft, size, "%s.%ld.part", out->target, (long)getpid());
}

static void free_names(result_file *out)
{
    free(out->target);
    free(out->draft);
}

int results_open(result_file *out, const char *path)
{
    *out = (result_file){.stream = stdout, .path = path && strcmp(path, "-") ? path : NULL};
    if (!out->path)
        return DONE;
    if (!results_special(path))
        name_files(out);
    out->stream = fopen(out->draft ? out->draft : path, "wb");
    if (out->stream)
        return DONE;
    int status = data_wrong("%s: cannot be written: %s", path, strerror(errno));
    free_names(out);
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
    if (fflush(out->stream) == 0 && !had_failed && (!out->draft || fsync(fileno(out->stream)) == 0))
        return DONE;
    int reason = out->reason ? out->reason : errno;
    if (reason != EPIPE)
        complain("%s: cannot be written: %s", name, reason ? strerror(reason) : "a write failed");
    return DATA_WRONG;
}

/* Takes the place of what was there, and its mode. */
static int replace(const result_file *out)
{
    struct stat old;
    if ((stat(out->target, &old) == 0 && chmod(out->draft, old.st_mode & 07777) != 0) ||
        rename(out->draft, out->target) != 0)
        return data_wrong("%s: cannot be written: %s", out->path, strerror(errno));
    return DONE;
}

int results_close(result_file *out, int status)
{
    const char *name = out->path ? out->path : "standard output";
    int written = finish(out, name);
    if (out->path) {
        if (fclose(out->stream) != 0 && written == DONE)
            written = data_wrong("%s: cannot be written: %s", name, strerror(errno));
        if (out->draft && status == DONE && written == DONE)
            written = replace(out);
        if (out->draft && (status != DONE || written != DONE))
            unlink(out->draft);
        free_names(out);
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
