/* A forked child that does something and ends by itself. */
#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/* Runs act(user) in a forked child. One that hangs is killed after ten seconds, times Check's multiplier; the test ends
 * when the child was killed, called child_must(false, ...), or ended otherwise than by returning. `what` names it. */
void child_run(const char *what, void (*act)(void *), void *user);

/* In two steps, for several at a time. */
pid_t child_start(void (*act)(void *), void *user);
void child_wait(const char *what, pid_t child);

/* Ends the child with a line that names what is wrong, unless `sound`. Check's own assertions do not work in a child. */
void child_must(bool sound, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
