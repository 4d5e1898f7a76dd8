/* Error texts. The only place that formats into a sbertja_error. */
#include "util/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void sbj_cut_at_character(char *text, size_t room)
{
    size_t n = strlen(text);
    if (n + 1 < room)
        return;
    while (n > 0 && ((unsigned char)text[n - 1] & 0xC0) == 0x80)
        n--;
    if (n > 0 && (unsigned char)text[n - 1] >= 0xC0)
        n--;
    text[n] = '\0';
}

sbertja_status sbj_fail(sbertja_error *error, sbertja_status status, const char *format, ...)
{
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        error->status = status;
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
        sbj_cut_at_character(error->message, sizeof error->message);
    }
    return status;
}

sbertja_status sbj_in(sbertja_error *error, sbertja_status status, const char *format, ...)
{
    if (error != NULL) {
        char text[sizeof error->message];
        va_list arguments;
        va_start(arguments, format);
        int n = vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        size_t used = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
        if (used + 2 < sizeof text) {
            size_t room = sizeof text - used - 3, length = strlen(error->message);
            memcpy(text + used, ": ", 2);
            length = length < room ? length : room;
            memcpy(text + used + 2, error->message, length);
            text[used + 2 + length] = '\0';
        }
        memcpy(error->message, text, sizeof text);
        sbj_cut_at_character(error->message, sizeof error->message);
        error->status = status;
    }
    return status;
}

sbertja_status sbj_no_memory(sbertja_error *error, size_t bytes)
{
    return sbj_fail(error, SBERTJA_E_MEMORY, "out of memory: %zu bytes", bytes);
}
