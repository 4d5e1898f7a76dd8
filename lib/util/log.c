/* Formats a message and hands it to the host. */
#include "util/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "util/guard.h"

void sbj_say(const sbj_log *log, sbertja_log_level level, const char *format, ...)
{
    char text[1024];
    if (log == NULL || log->function == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    sbj_cut_at_character(text, sizeof text);
    sbj_guard_log(log->function, log->user, level, text);
}
