/* The page that a child finds cleared. */
#define _GNU_SOURCE
#include "util/process.h"

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static unsigned *make_page(void)
{
#ifdef MADV_WIPEONFORK
    void *page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return NULL;
    if (madvise(page, page_size(), MADV_WIPEONFORK) == 0)
        return page;
    munmap(page, page_size());
#endif
    return NULL;
}

void sbj_process_remember(sbj_process *process)
{
    if (process->page == NULL && process->id == 0)
        process->page = make_page();
    if (process->page != NULL)
        *process->page = 1;
    process->id = getpid();
}

bool sbj_process_is_same(const sbj_process *process)
{
    return process->page != NULL ? *process->page != 0 : process->id == getpid();
}

void sbj_process_forget(sbj_process *process)
{
    if (process->page != NULL)
        munmap(process->page, page_size());
    *process = (sbj_process){NULL, 0};
}
