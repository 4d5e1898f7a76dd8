/* Messages for the host's log callback; nothing is ever printed. */
#ifndef SBJ_LOG_H
#define SBJ_LOG_H

#include "util/status.h"

typedef struct sbj_log {
    sbertja_log_function function; /* NULL: silence */
    void *user;
} sbj_log;

void sbj_say(const sbj_log *log, sbertja_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
