/* Makes system calls and allocations of this process fail on purpose.
 *
 * The injector defines malloc, open, read, ... itself and so takes them over from the C library, for the library under test
 * and for all libraries that it uses. It works in two ways: linked into a test program, which arms it through the functions
 * below; or as build/tests/faults/libfaults.so in LD_PRELOAD, armed for the whole run by the environment:
 *
 *     FAULT=malloc:17        the 17th allocation fails, and only that one
 *     FAULT=write:3+         the third write and all that follow fail (EIO)
 *     FAULT=write:3+:28      the same with errno 28 (ENOSPC)
 *     FAULT_COUNT=1          prints "malloc 4283" etc. at the end: how many calls of each kind there were
 *
 * A fault counts calls from the moment it was armed, in all threads. OpenBLAS may end the process when it has no memory, so
 * calls that it makes itself always succeed. */
#ifndef INJECTOR_H
#define INJECTOR_H

#include <stdbool.h>
#include <stddef.h>

typedef enum fault_kind {
    FAULT_MALLOC, /* malloc, calloc, realloc, memalign and their kin: ENOMEM */
    FAULT_OPEN,   /* open, openat, fopen, opendir: EACCES */
    FAULT_READ,   /* read, pread, fread: EIO */
    FAULT_SHORT_READ,  /* read, pread: half of what was asked for; no failure to a caller that reads on */
    FAULT_WRITE,       /* write, pwrite: EIO */
    FAULT_SHORT_WRITE, /* write, pwrite: half of what was asked for; no failure to a caller that writes on */
    FAULT_INTERRUPT,   /* open, read, pread, write, pwrite: EINTR; no failure to a caller that tries again */
    FAULT_FSYNC,       /* fsync, fdatasync: EIO */
    FAULT_CLOSE,       /* close: EIO, though the descriptor is closed, as on Linux */
    FAULT_RENAME,      /* rename, renameat2: EIO */
    FAULT_MKDIR,       /* mkdir: ENOSPC */
    FAULT_STAT,        /* stat, lstat, fstat: EIO */
    FAULT_UNLINK,      /* unlink, rmdir: EIO */
    FAULT_MMAP,        /* mmap: ENOMEM */
    FAULT_THREAD,      /* pthread_create: EAGAIN */
    FAULT_KINDS
} fault_kind;

const char *fault_name(fault_kind kind); /* "short-write" */

/* Arms one fault: the `nth` call of this kind from now on fails, and all later ones if `persistent`. */
void fault_arm(fault_kind kind, size_t nth, bool persistent);
/* Ends it. Returns true if a call has failed. */
bool fault_disarm(void);
/* How many calls of the kind there have been since the process began. */
size_t fault_calls(fault_kind kind);

/* Whose code asked for a block of memory that has not been released yet. */
typedef enum fault_owner {
    OWNER_PROGRAM, /* the program, with the library inside */
    OWNER_LIBRARY, /* cJSON, libzip, expat, utf8proc, zlib */
    OWNER_MECAB,   /* libmecab, and the C++ library for it */
    OWNER_OTHER,   /* the C library, the dynamic linker, OpenBLAS, Check, ... */
    FAULT_OWNERS
} fault_owner;
size_t fault_live(fault_owner owner); /* blocks */
/* Whether blocks are counted: sanitizers bring an allocator of their own, which is left alone. */
bool fault_counts_memory(void);

#endif
