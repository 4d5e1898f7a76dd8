/* System calls that a signal of the host may interrupt (EINTR, where a handler lacks SA_RESTART), made again until they are
 * not. Never close: on Linux the file is closed all the same, so its EINTR is no failure. */
#ifndef SBJ_RETRY_H
#define SBJ_RETRY_H

#include <errno.h>

#define SBJ_RETRY(call)                                                                                                \
    __extension__({                                                                                                    \
        int retried_result;                                                                                            \
        do                                                                                                             \
            retried_result = (call);                                                                                   \
        while (retried_result == -1 && errno == EINTR);                                                                \
        retried_result;                                                                                                \
    })

#endif
