/* Tells a process from a child that fork made of it: in the child none of the parent's other threads exist.
 *
 * The mark is a page that the kernel clears in every child (MADV_WIPEONFORK, Linux 4.14), so that asking costs one load;
 * a handler of pthread_atfork would need a global counter, and misses children made by the system call alone. Without
 * such a page getpid is asked, a system call each time. */
#ifndef SBJ_PROCESS_H
#define SBJ_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct sbj_process {
    unsigned *page; /* NULL: there is none, `id` is compared */
    pid_t id;
} sbj_process;

/* Remembers the calling process. Accepts a zeroed struct, or one that an ancestor of this process has filled. */
void sbj_process_remember(sbj_process *process);
/* Whether the calling process is the one remembered, and not a descendant. */
bool sbj_process_is_same(const sbj_process *process);
void sbj_process_forget(sbj_process *process); /* accepts a zeroed struct */

#endif
