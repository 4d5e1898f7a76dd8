/* The functions of the C library that the injector takes over. See injector.h.
 *
 * Everything here must work before main, in any thread and inside malloc: no allocation, no stdio, atomics only. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "faults/injector.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_MALLOC 0
#endif
#endif
#ifndef OWN_MALLOC
#define OWN_MALLOC 1
#endif

static const struct {
    const char *name;
    int number; /* errno of a failed call; 0: the call does less than was asked for */
} kinds[FAULT_KINDS] = {
    [FAULT_MALLOC] = {"malloc", ENOMEM},
    [FAULT_OPEN] = {"open", EACCES},
    [FAULT_READ] = {"read", EIO},
    [FAULT_SHORT_READ] = {"short-read", 0},
    [FAULT_WRITE] = {"write", EIO},
    [FAULT_SHORT_WRITE] = {"short-write", 0},
    [FAULT_INTERRUPT] = {"interrupt", EINTR},
    [FAULT_FSYNC] = {"fsync", EIO},
    [FAULT_CLOSE] = {"close", EIO},
    [FAULT_RENAME] = {"rename", EIO},
    [FAULT_MKDIR] = {"mkdir", ENOSPC},
    [FAULT_STAT] = {"stat", EIO},
    [FAULT_UNLINK] = {"unlink", EIO},
    [FAULT_MMAP] = {"mmap", ENOMEM},
    [FAULT_THREAD] = {"thread", EAGAIN},
};

static atomic_size_t calls[FAULT_KINDS];
static atomic_int armed = -1; /* the kind, or -1 */
static atomic_size_t first;   /* the call, counted as in `calls`, from which on it fails */
static atomic_bool lasting, fired;
static atomic_int number; /* errno instead of the kind's own; 0: the kind's own */

const char *fault_name(fault_kind kind)
{
    return kinds[kind].name;
}

void fault_arm(fault_kind kind, size_t nth, bool persistent)
{
    atomic_store(&fired, false);
    atomic_store(&lasting, persistent);
    atomic_store(&first, atomic_load(&calls[kind]) + nth);
    atomic_store(&armed, (int)kind);
}

bool fault_disarm(void)
{
    atomic_store(&armed, -1);
    return atomic_load(&fired);
}

size_t fault_calls(fault_kind kind)
{
    return atomic_load(&calls[kind]);
}

/* Counts a call and decides whether it fails; errno is set then. */
static bool fails(fault_kind kind)
{
    const size_t call = atomic_fetch_add(&calls[kind], 1) + 1;
    if (atomic_load(&armed) != (int)kind)
        return false;
    const size_t from = atomic_load(&first);
    if (call < from || (call > from && !atomic_load(&lasting)))
        return false;
    if (kind == FAULT_INTERRUPT && (call - from) % 2 == 1) /* whoever tries again succeeds at last */
        return false;
    atomic_store(&fired, true);
    const int other = atomic_load(&number);
    errno = other != 0 ? other : kinds[kind].number;
    return true;
}

/* ---- Who calls: the loaded object that an address belongs to --------------------------------------------------- */

typedef struct module {
    uintptr_t begin, end;
    fault_owner owner;
    bool exempt; /* OpenBLAS */
} module;

enum { MAX_MODULES = 512 };
static module modules[MAX_MODULES];
static atomic_size_t module_count;
static atomic_flag listing = ATOMIC_FLAG_INIT;

static bool contains(const char *path, const char *const names[])
{
    for (size_t i = 0; names[i] != NULL; i++)
        if (strstr(path, names[i]) != NULL)
            return true;
    return false;
}

static int add_module(struct dl_phdr_info *info, size_t size, void *count)
{
    static const char *const blas[] = {"openblas", "libgfortran", NULL};
    static const char *const mecab[] = {"libmecab", "libstdc++", NULL};
    static const char *const helpers[] = {"libcjson", "libzip", "libexpat", "libutf8proc", "libz.so", NULL};
    (void)size;
    size_t *n = count;
    for (int i = 0; i < info->dlpi_phnum && *n < MAX_MODULES; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_X) == 0)
            continue;
        module *m = &modules[*n];
        m->begin = info->dlpi_addr + segment->p_vaddr;
        m->end = m->begin + segment->p_memsz;
        m->exempt = contains(info->dlpi_name, blas);
        m->owner = info->dlpi_name[0] == '\0' || strstr(info->dlpi_name, "libsbertja") != NULL ? OWNER_PROGRAM
                   : contains(info->dlpi_name, mecab)                                          ? OWNER_MECAB
                   : contains(info->dlpi_name, helpers)                                        ? OWNER_LIBRARY
                                                                                               : OWNER_OTHER;
        ++*n;
    }
    return 0;
}

static const module *search(uintptr_t address)
{
    const size_t count = atomic_load(&module_count);
    for (size_t i = 0; i < count; i++)
        if (address >= modules[i].begin && address < modules[i].end)
            return &modules[i];
    return NULL;
}

/* NULL: an object that was loaded a moment ago. The list is made again then, by one thread at a time. */
static const module *module_of(const void *address)
{
    const module *found = search((uintptr_t)address);
    if (found != NULL || atomic_flag_test_and_set(&listing))
        return found;
    size_t count = 0;
    dl_iterate_phdr(add_module, &count);
    atomic_store(&module_count, count);
    atomic_flag_clear(&listing);
    return search((uintptr_t)address);
}

#define CALLER __builtin_extract_return_addr(__builtin_return_address(0))

/* Only the program is interrupted: not all libraries try again. */
static bool interrupted(const void *caller)
{
    const module *m = module_of(caller);
    return m != NULL && m->owner == OWNER_PROGRAM && fails(FAULT_INTERRUPT);
}

/* The functions that are taken over have to be seen by all shared libraries, whatever -fvisibility says. */
#pragma GCC visibility push(default)

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

static atomic_size_t live[FAULT_OWNERS];

size_t fault_live(fault_owner owner)
{
    return atomic_load(&live[owner]);
}

bool fault_counts_memory(void)
{
    return OWN_MALLOC;
}

#if OWN_MALLOC

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

/* Blocks by address, with their owners: open addressing, a deleted slot is marked. Enough for tests; what does not fit is not
 * counted. */
enum { SLOTS = 1 << 20 };
static struct {
    void *block;
    fault_owner owner;
} slots[SLOTS];
static atomic_flag table_busy = ATOMIC_FLAG_INIT;
#define DELETED ((void *)-1)

static void lock_table(void)
{
    while (atomic_flag_test_and_set_explicit(&table_busy, memory_order_acquire))
        ;
}

static void unlock_table(void)
{
    atomic_flag_clear_explicit(&table_busy, memory_order_release);
}

static size_t slot_of(const void *block, size_t attempt)
{
    return ((((uintptr_t)block >> 4) * 0x9E3779B97F4A7C15u >> 20) + attempt) & (SLOTS - 1);
}

static void *note(void *block, fault_owner owner)
{
    if (block == NULL)
        return NULL;
    lock_table();
    for (size_t i = 0; i < 64; i++) {
        const size_t slot = slot_of(block, i);
        if (slots[slot].block != NULL && slots[slot].block != DELETED)
            continue;
        slots[slot].block = block;
        slots[slot].owner = owner;
        atomic_fetch_add(&live[owner], 1);
        break;
    }
    unlock_table();
    return block;
}

/* Before the block is released, since its address may be given to another thread at once. */
static void forget(void *block)
{
    lock_table();
    for (size_t i = 0; i < 64; i++) {
        const size_t slot = slot_of(block, i);
        if (slots[slot].block == NULL)
            break;
        if (slots[slot].block != block)
            continue;
        slots[slot].block = DELETED;
        atomic_fetch_sub(&live[slots[slot].owner], 1);
        break;
    }
    unlock_table();
}

/* Whether this allocation fails; else whose it is. */
static bool refuse(const void *caller, fault_owner *owner)
{
    const module *m = module_of(caller);
    *owner = m != NULL ? m->owner : OWNER_OTHER;
    return (m == NULL || !m->exempt) && fails(FAULT_MALLOC);
}

void *malloc(size_t size)
{
    fault_owner owner;
    return refuse(CALLER, &owner) ? NULL : note(__libc_malloc(size), owner);
}

void *calloc(size_t count, size_t size)
{
    fault_owner owner;
    return refuse(CALLER, &owner) ? NULL : note(__libc_calloc(count, size), owner);
}

void *realloc(void *memory, size_t size)
{
    fault_owner owner;
    if (refuse(CALLER, &owner))
        return NULL;
    if (memory != NULL)
        forget(memory);
    void *moved = __libc_realloc(memory, size);
    if (moved == NULL && size > 0 && memory != NULL)
        note(memory, owner);
    return note(moved, owner);
}

void *memalign(size_t alignment, size_t size)
{
    fault_owner owner;
    return refuse(CALLER, &owner) ? NULL : note(__libc_memalign(alignment, size), owner);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    fault_owner owner;
    return refuse(CALLER, &owner) ? NULL : note(__libc_memalign(alignment, size), owner);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    fault_owner owner;
    *memory = refuse(CALLER, &owner) ? NULL : note(__libc_memalign(alignment, size), owner);
    return *memory != NULL ? 0 : ENOMEM;
}

void free(void *memory)
{
    if (memory == NULL)
        return;
    forget(memory);
    __libc_free(memory);
}

#endif

/* ---- Files and threads ------------------------------------------------------------------------------------------- */

/* The function of the C library that stands behind ours. */
#define REAL(name)                                                                                                     \
    static __typeof__(name) *real;                                                                                     \
    if (real == NULL)                                                                                                  \
        real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

#define TAKE_MODE(flags, mode)                                                                                         \
    mode_t mode = 0;                                                                                                   \
    if (((flags) & O_CREAT) != 0) {                                                                                    \
        va_list list;                                                                                                  \
        va_start(list, flags);                                                                                         \
        mode = (mode_t)va_arg(list, int);                                                                              \
        va_end(list);                                                                                                  \
    }

int open(const char *path, int flags, ...)
{
    TAKE_MODE(flags, mode)
    REAL(open);
    return fails(FAULT_OPEN) || interrupted(CALLER) ? -1 : real(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    TAKE_MODE(flags, mode)
    REAL(open64);
    return fails(FAULT_OPEN) || interrupted(CALLER) ? -1 : real(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    TAKE_MODE(flags, mode)
    REAL(openat);
    return fails(FAULT_OPEN) || interrupted(CALLER) ? -1 : real(folder, path, flags, mode);
}

FILE *fopen(const char *path, const char *mode)
{
    REAL(fopen);
    return fails(FAULT_OPEN) ? NULL : real(path, mode);
}

DIR *opendir(const char *path)
{
    REAL(opendir);
    return fails(FAULT_OPEN) ? NULL : real(path);
}

static size_t less(fault_kind kind, size_t size)
{
    return size > 1 && fails(kind) ? size / 2 : size;
}

ssize_t read(int file, void *data, size_t size)
{
    REAL(read);
    return fails(FAULT_READ) || interrupted(CALLER) ? -1 : real(file, data, less(FAULT_SHORT_READ, size));
}

ssize_t pread(int file, void *data, size_t size, off_t offset)
{
    REAL(pread);
    return fails(FAULT_READ) || interrupted(CALLER) ? -1 : real(file, data, less(FAULT_SHORT_READ, size), offset);
}

size_t fread(void *data, size_t size, size_t count, FILE *file)
{
    REAL(fread);
    if (!fails(FAULT_READ))
        return real(data, size, count, file);
    file->_flags |= 0x20; /* glibc's mark that ferror tells of */
    return 0;
}

ssize_t write(int file, const void *data, size_t size)
{
    REAL(write);
    return fails(FAULT_WRITE) || interrupted(CALLER) ? -1 : real(file, data, less(FAULT_SHORT_WRITE, size));
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset)
{
    REAL(pwrite);
    return fails(FAULT_WRITE) || interrupted(CALLER) ? -1 : real(file, data, less(FAULT_SHORT_WRITE, size), offset);
}

int fsync(int file)
{
    REAL(fsync);
    return fails(FAULT_FSYNC) ? -1 : real(file);
}

int fdatasync(int file)
{
    REAL(fdatasync);
    return fails(FAULT_FSYNC) ? -1 : real(file);
}

int close(int file)
{
    REAL(close);
    const int closed = real(file);
    return fails(FAULT_CLOSE) ? -1 : closed;
}

int rename(const char *from, const char *to)
{
    REAL(rename);
    return fails(FAULT_RENAME) ? -1 : real(from, to);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    REAL(renameat2);
    return fails(FAULT_RENAME) ? -1 : real(from_folder, from, to_folder, to, flags);
}

int mkdir(const char *path, mode_t mode)
{
    REAL(mkdir);
    return fails(FAULT_MKDIR) ? -1 : real(path, mode);
}

int stat(const char *path, struct stat *status)
{
    REAL(stat);
    return fails(FAULT_STAT) ? -1 : real(path, status);
}

int lstat(const char *path, struct stat *status)
{
    REAL(lstat);
    return fails(FAULT_STAT) ? -1 : real(path, status);
}

int fstat(int file, struct stat *status)
{
    REAL(fstat);
    return fails(FAULT_STAT) ? -1 : real(file, status);
}

int unlink(const char *path)
{
    REAL(unlink);
    return fails(FAULT_UNLINK) ? -1 : real(path);
}

int rmdir(const char *path)
{
    REAL(rmdir);
    return fails(FAULT_UNLINK) ? -1 : real(path);
}

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    REAL(mmap);
    const module *m = module_of(CALLER);
    return (m == NULL || !m->exempt) && fails(FAULT_MMAP) ? MAP_FAILED
                                                          : real(address, size, protection, flags, file, offset);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument)
{
    REAL(pthread_create);
    const module *m = module_of(CALLER);
    return (m == NULL || !m->exempt) && fails(FAULT_THREAD) ? EAGAIN : real(thread, attributes, start, argument);
}

#pragma GCC visibility pop

/* ---- By the environment ------------------------------------------------------------------------------------------ */

/* "write:3+:28" */
static bool arm_by(const char *text)
{
    const size_t length = strcspn(text, ":");
    char *end = NULL;
    for (int kind = 0; kind < FAULT_KINDS; kind++) {
        if (strlen(kinds[kind].name) != length || memcmp(kinds[kind].name, text, length) != 0 || text[length] != ':')
            continue;
        const unsigned long nth = strtoul(text + length + 1, &end, 10);
        const bool persistent = *end == '+';
        end += persistent;
        if (nth == 0 || (*end != '\0' && *end != ':'))
            return false;
        if (*end == ':')
            atomic_store(&number, (int)strtol(end + 1, NULL, 10));
        fault_arm((fault_kind)kind, nth, persistent);
        return true;
    }
    return false;
}

__attribute__((constructor)) static void begin(void)
{
    static const char usage[] = "FAULT: expected KIND:N, KIND:N+ or KIND:N+:ERRNO\n";
    const char *wanted = getenv("FAULT");
    if (wanted == NULL || arm_by(wanted))
        return;
    if (write(2, usage, sizeof usage - 1) < 0)
        _exit(125);
    _exit(125);
}

__attribute__((destructor)) static void end(void)
{
    char line[64];
    fault_disarm();
    if (getenv("FAULT_COUNT") == NULL)
        return;
    for (int kind = 0; kind < FAULT_KINDS; kind++) {
        const int length = snprintf(line, sizeof line, "%s %zu\n", kinds[kind].name, fault_calls((fault_kind)kind));
        if (write(2, line, (size_t)length) < 0)
            return;
    }
}
