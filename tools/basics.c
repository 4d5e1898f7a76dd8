/* Messages and memory of the command: see basics.h. */
#include "basics.h"

#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void print(const char *prefix, const char *format, va_list arguments)
{
    progress_clear();
    fputs(prefix, stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print("sbertja: ", format, arguments);
    va_end(arguments);
}

int data_wrong(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print("sbertja: ", format, arguments);
    va_end(arguments);
    return DATA_WRONG;
}

int call_wrong(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print("sbertja: ", format, arguments);
    va_end(arguments);
    return CALL_WRONG;
}

int library_refused(const sbertja_error *error)
{
    complain("%s", error->message);
    return error->status == SBERTJA_E_ARGUMENT ? CALL_WRONG : DATA_WRONG;
}

void remark(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print("", format, arguments);
    va_end(arguments);
}

void *take(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    if (!memory) {
        complain("out of memory");
        exit(DATA_WRONG);
    }
    return memory;
}

void *take_more(void *memory, size_t count, size_t size)
{
    void *longer = size && count > (size_t)-1 / size ? NULL : realloc(memory, count * size);
    if (!longer) {
        complain("out of memory");
        exit(DATA_WRONG);
    }
    return longer;
}
