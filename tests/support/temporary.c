/* One folder a process. */
#include "support/temporary.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64];
static pid_t owner;

static int delete_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)type;
    (void)where;
    return remove(path);
}

static void delete_folder(void)
{
    if (owner == getpid())
        nftw(folder, delete_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *temporary_path(const char *name)
{
    static char paths[8][256];
    static int next;
    if (owner != getpid()) { /* Check runs each test in a process of its own */
        owner = getpid();
        snprintf(folder, sizeof folder, "/tmp/sbertja-test-XXXXXX");
        if (mkdtemp(folder) == NULL)
            abort();
        atexit(delete_folder);
    }
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}
