/* See child.h. */
#include "support/child.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 10, WRONG = 70 };

pid_t child_start(void (*act)(void *), void *user)
{
    const char *multiplier = getenv("CK_TIMEOUT_MULTIPLIER");
    fflush(NULL);
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        alarm(SECONDS * (multiplier != NULL ? (unsigned)atoi(multiplier) : 1));
        act(user);
        _exit(0);
    }
    return child;
}

void child_wait(const char *what, pid_t child)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        ck_abort_msg("%s: the child %s", what, WTERMSIG(status) == SIGALRM ? "hung" : "was killed by a signal");
    ck_assert_msg(WEXITSTATUS(status) == 0, "%s: the child ended with %d", what, WEXITSTATUS(status));
}

void child_run(const char *what, void (*act)(void *), void *user)
{
    child_wait(what, child_start(act, user));
}

void child_must(bool sound, const char *format, ...)
{
    va_list arguments;
    if (sound)
        return;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    _exit(WRONG);
}
