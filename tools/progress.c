/* The progress bar: see progress.h. The only state of the command that is not passed around, since a message that is
 * printed anywhere has to remove the bar first. */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 30 };

static int drawn;
static double last_drawn;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int progress_on_terminal(void)
{
    return isatty(STDERR_FILENO);
}

void progress_draw(const char *what, size_t done, size_t total, const char *tail)
{
    double now = seconds(), share = total ? (double)done / (double)total : 1;
    if (!progress_on_terminal() || (done < total && now - last_drawn < 0.1))
        return;
    last_drawn = now;
    drawn = 1;
    int filled = (int)(share * BAR_WIDTH);
    fprintf(stderr, "\r%s [", what);
    for (int i = 0; i < BAR_WIDTH; i++)
        fputc(i < filled ? '#' : ' ', stderr);
    fprintf(stderr, "] %3d%% %s\033[K", (int)(share * 100), tail);
    fflush(stderr);
}

void progress_clear(void)
{
    if (drawn)
        fputs("\r\033[K", stderr);
    drawn = 0;
}

int progress_encode(void *user, size_t done, size_t total)
{
    progress_draw(user, done, total, "");
    return 0;
}
