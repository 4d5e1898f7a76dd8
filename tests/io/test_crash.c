/* Power failures: every state that the disk may be in after one, at every moment of a save, holds the old or the new
 * directory, whole; and the next save sets everything right.
 *
 * The calls by which the library changes files are defined here, in front of the C library's: they do the work, and record
 * it. From the record a model of a file system makes the states that are legal after a crash:
 *
 *   data        of a file that was not synced after it was written is lost
 *   entries     of a directory (making, removing, renaming, linking) reach the disk in their order, as far as any of them:
 *               all those before the directory's last fsync, and any number of the later ones. One call is one change, also
 *               the exchange of two names and a rename between directories
 *   together    either all directories stop at one moment (a journal, as ext4, XFS and btrfs have it), which is tried for
 *               each moment, or each at another one, of which some are tried at random
 *
 * Not modelled: owners and modes, disks that acknowledge an fsync and lose it. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/directory_private.h"
#include "support/ours.h"
#include "support/suite.h"

/* ---- The record ---- */

enum { MAX_NODES = 256, MAX_OPS = 1024, MAX_DATA = 64, MAX_ENTRIES = 256, NAME = 64 };

typedef enum op_kind { ADD, REMOVE, MOVE, EXCHANGE, WRITE, SYNC } op_kind;

typedef struct op {
    op_kind kind;
    int node, second;    /* what it is about; of EXCHANGE: what `to` and `from` have after it */
    int from, to;        /* directories; `to` of MOVE and EXCHANGE, else the same */
    char name[NAME], other[NAME];
    char data[MAX_DATA]; /* WRITE: the whole content after it */
    size_t size;
} op;

typedef struct node {
    ino_t number;
    bool directory;
    char data[MAX_DATA]; /* current */
    size_t size;
} node;

typedef struct entry {
    int directory, node;
    char name[NAME];
} entry;

static struct {
    bool on, no_links, no_exchange;
    node nodes[MAX_NODES];
    int node_count;
    op ops[MAX_OPS];
    int op_count;
    entry start[MAX_ENTRIES]; /* all of it on the disk */
    int start_count;
} record;

static int find(ino_t number)
{
    for (int i = record.node_count - 1; i >= 0; i--) /* a number may be used again: the latest counts */
        if (record.nodes[i].number == number)
            return i;
    return -1;
}

static int add_node(const struct stat *status)
{
    ck_assert_int_lt(record.node_count, MAX_NODES);
    record.nodes[record.node_count] = (node){.number = status->st_ino, .directory = S_ISDIR(status->st_mode)};
    return record.node_count++;
}

static op *add_op(op_kind kind)
{
    ck_assert_int_lt(record.op_count, MAX_OPS);
    op *o = &record.ops[record.op_count++];
    *o = (op){.kind = kind, .from = -1, .to = -1, .node = -1, .second = -1};
    return o;
}

/* The directory that a path is in, as a node (-1: none of ours), and its last name. */
static int parent_of(int directory, const char *path, char name[NAME])
{
    char copy[PATH_MAX], again[PATH_MAX];
    struct stat status;
    snprintf(copy, sizeof copy, "%s", path);
    snprintf(again, sizeof again, "%s", path);
    snprintf(name, NAME, "%s", basename(again));
    return fstatat(directory, dirname(copy), &status, 0) == 0 ? find(status.st_ino) : -1;
}

static void record_new(int directory, const char *path)
{
    char name[NAME];
    struct stat status;
    const int parent = parent_of(directory, path, name);
    if (!record.on || parent < 0 || fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    const int made = add_node(&status);
    op *o = add_op(ADD);
    o->from = o->to = parent;
    o->node = made;
    memcpy(o->name, name, NAME);
}

static void record_one(op_kind kind, int directory, const char *path, int other_directory, const char *other)
{
    char name[NAME], second[NAME];
    struct stat status;
    const int from = parent_of(directory, path, name), to = parent_of(other_directory, other, second);
    if (!record.on || from < 0 || to < 0)
        return;
    op *o = add_op(kind);
    o->from = from;
    o->to = to;
    o->node = fstatat(other_directory, other, &status, AT_SYMLINK_NOFOLLOW) == 0 ? find(status.st_ino) : -1;
    o->second = fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW) == 0 ? find(status.st_ino) : -1;
    memcpy(o->name, name, NAME);
    memcpy(o->other, second, NAME);
}

static void record_data(int file, const void *data, size_t size)
{
    struct stat status;
    const int written = record.on && fstat(file, &status) == 0 ? find(status.st_ino) : -1;
    if (written < 0)
        return;
    node *n = &record.nodes[written];
    ck_assert_uint_le(n->size + size, MAX_DATA);
    memcpy(n->data + n->size, data, size);
    n->size += size;
    op *o = add_op(WRITE);
    o->node = written;
    o->size = n->size;
    memcpy(o->data, n->data, n->size);
}

/* ---- The calls ---- */

static int open_and_record(int directory, const char *path, int flags, mode_t mode)
{
    struct stat status;
    const bool made = (flags & O_CREAT) != 0 && fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW) != 0;
    const int file = (int)syscall(SYS_openat, directory, path, flags, mode);
    const int number = errno;
    if (made && file >= 0)
        record_new(directory, path);
    errno = number;
    return file;
}

static mode_t mode_of(int flags, va_list rest)
{
    return (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_and_record(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_and_record(directory, path, flags, mode);
}

ssize_t write(int file, const void *data, size_t size)
{
    const ssize_t written = syscall(SYS_write, file, data, size);
    const int number = errno;
    if (written > 0)
        record_data(file, data, (size_t)written);
    errno = number;
    return written;
}

ssize_t sendfile(int to, int from, off_t *offset, size_t size)
{
    char data[MAX_DATA];
    (void)offset;
    const ssize_t taken = read(from, data, size < sizeof data ? size : sizeof data);
    return taken > 0 ? write(to, data, (size_t)taken) : taken;
}

/* Nothing has to reach a real disk. */
int fsync(int file)
{
    struct stat status;
    const int synced = record.on && fstat(file, &status) == 0 ? find(status.st_ino) : -1;
    if (synced >= 0)
        add_op(SYNC)->node = synced;
    return 0;
}

int mkdirat(int directory, const char *path, mode_t mode)
{
    const int result = (int)syscall(SYS_mkdirat, directory, path, mode), number = errno;
    if (result == 0)
        record_new(directory, path);
    errno = number;
    return result;
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

int unlinkat(int directory, const char *path, int flags)
{
    const int result = (int)syscall(SYS_unlinkat, directory, path, flags), number = errno;
    if (result == 0)
        record_one(REMOVE, directory, path, directory, path);
    errno = number;
    return result;
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
    if (record.on && record.no_exchange && flags != 0) {
        errno = EINVAL;
        return -1;
    }
    const int result = (int)syscall(SYS_renameat2, from, old, to, new, flags), number = errno;
    if (result == 0)
        record_one((flags & RENAME_EXCHANGE) != 0 ? EXCHANGE : MOVE, from, old, to, new);
    errno = number;
    return result;
}

int renameat(int from, const char *old, int to, const char *new)
{
    return renameat2(from, old, to, new, 0);
}

int rename(const char *old, const char *new)
{
    return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0);
}

int linkat(int from, const char *old, int to, const char *new, int flags)
{
    struct stat status;
    char name[NAME];
    if (record.on && record.no_links) {
        errno = EPERM;
        return -1;
    }
    const int result = (int)syscall(SYS_linkat, from, old, to, new, flags), number = errno;
    const int parent = parent_of(to, new, name);
    if (result == 0 && record.on && parent >= 0 && fstatat(to, new, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        const int linked = find(status.st_ino);
        op *o = add_op(ADD);
        o->from = o->to = parent;
        o->node = linked;
        memcpy(o->name, name, NAME);
    }
    errno = number;
    return result;
}

/* ---- Legal states ---- */

typedef struct state {
    entry entries[MAX_ENTRIES];
    int count;
} state;

static entry *entry_of(state *s, int directory, const char *name)
{
    for (int i = 0; i < s->count; i++)
        if (s->entries[i].directory == directory && strcmp(s->entries[i].name, name) == 0)
            return &s->entries[i];
    return NULL;
}

static void put_entry(state *s, int directory, const char *name, int held)
{
    entry *e = entry_of(s, directory, name);
    if (e == NULL) {
        ck_assert_int_lt(s->count, MAX_ENTRIES);
        e = &s->entries[s->count++];
        e->directory = directory;
        memcpy(e->name, name, NAME);
    }
    e->node = held;
}

static void drop_entry(state *s, entry *e)
{
    *e = s->entries[--s->count];
}

static void apply(state *s, const op *o)
{
    entry *first = o->kind <= EXCHANGE ? entry_of(s, o->from, o->name) : NULL;
    if (o->kind == ADD)
        put_entry(s, o->from, o->name, o->node);
    else if (o->kind == REMOVE && first != NULL)
        drop_entry(s, first);
    else if (o->kind == EXCHANGE) {
        put_entry(s, o->from, o->name, o->second);
        put_entry(s, o->to, o->other, o->node);
    } else if (o->kind == MOVE && o->second < 0) { /* else two names of one file: a rename does nothing */
        if (first != NULL)
            drop_entry(s, first);
        put_entry(s, o->to, o->other, o->node);
    }
}

static bool is_metadata(const op *o)
{
    return o->kind <= EXCHANGE;
}

/* The entries on the disk if the power fails before op `end` and each directory's changes got as far as `limits`. */
static void reach(state *s, int end, const int *floors, const int *limits)
{
    memcpy(s->entries, record.start, sizeof record.start);
    s->count = record.start_count;
    for (int i = 0; i < end; i++) {
        const op *o = &record.ops[i];
        if (is_metadata(o) && (i < floors[o->from] || i < floors[o->to] || (i < limits[o->from] && i < limits[o->to])))
            apply(s, o);
    }
}

static void find_floors(int end, int *floors)
{
    memset(floors, 0, MAX_NODES * sizeof *floors);
    for (int i = 0; i < end; i++)
        if (record.ops[i].kind == SYNC)
            floors[record.ops[i].node] = i;
}

/* What of a file's data is on the disk. */
static size_t durable_data(int file, int end, char data[MAX_DATA])
{
    size_t size = 0, written = 0;
    char current[MAX_DATA];
    for (int i = 0; i < end; i++) {
        const op *o = &record.ops[i];
        if (o->kind == WRITE && o->node == file) {
            written = o->size;
            memcpy(current, o->data, o->size);
        } else if (o->kind == SYNC && o->node == file) {
            size = written;
            memcpy(data, current, written);
        }
    }
    return size;
}

static void build(const state *s, int directory, const char *path, int end, int level)
{
    for (int i = 0; i < s->count && level < 8; i++) {
        const entry *e = &s->entries[i];
        char inner[PATH_MAX], data[MAX_DATA];
        if (e->directory != directory)
            continue;
        snprintf(inner, sizeof inner, "%s/%s", path, e->name);
        if (record.nodes[e->node].directory) {
            ck_assert_int_eq(mkdir(inner, 0700), 0);
            build(s, e->node, inner, end, level + 1);
            continue;
        }
        size_t size = durable_data(e->node, end, data);
        if (e->node <= record.start_count) { /* was there from the beginning */
            size = record.nodes[e->node].size;
            memcpy(data, record.nodes[e->node].data, size);
        }
        FILE *file = fopen(inner, "wb");
        ck_assert(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0);
    }
}

/* ---- The saves ---- */

typedef struct scene {
    const char *name;
    bool existing, works_there, no_links, no_exchange;
} scene;

static const scene scenes[] = {{"to a new place", false, false, false, false},
                               {"by exchange", true, false, false, false},
                               {"in place", true, true, false, false},
                               {"in place, by copies", true, true, true, false},
                               {"in place, without an exchange", true, false, false, true}};
enum { SCENES = sizeof scenes / sizeof *scenes, SAMPLES = 3 };

/* Takes what is there as the state at the beginning. */
static void snapshot(int directory, const char *path)
{
    static const char *const names[] = {"m", "ours", "1_Pooling", "config.json", "note", "stale"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char inner[PATH_MAX];
        struct stat status;
        snprintf(inner, sizeof inner, "%s/%s", path, names[i]);
        if (lstat(inner, &status) != 0)
            continue;
        const int held = add_node(&status);
        entry *e = &record.start[record.start_count++];
        e->directory = directory;
        e->node = held;
        snprintf(e->name, NAME, "%s", names[i]);
        if (S_ISDIR(status.st_mode)) {
            snapshot(held, inner);
            continue;
        }
        FILE *file = fopen(inner, "rb");
        record.nodes[held].size = fread(record.nodes[held].data, 1, MAX_DATA, file);
        fclose(file);
    }
}

static void perform(const scene *how, const char *root)
{
    char target[100];
    sbertja_error error;
    struct stat status;
    snprintf(target, sizeof target, "%s/m", root);
    ck_assert_int_eq(mkdir(root, 0700), 0);
    if (how->existing) {
        fill(target, "old");
        put(target, "note", "a user's");
        put(target, "stale", "of the old");
        if (how->works_there)
            ck_assert_int_eq(chdir(target), 0);
    }
    memset(&record, 0, sizeof record);
    /* Node 0 is the root; the files of the beginning follow, so that their numbers are at most the count of entries. */
    ck_assert_int_eq(stat(root, &status), 0);
    add_node(&status);
    snapshot(0, root);
    record.no_links = how->no_links;
    record.no_exchange = how->no_exchange;
    record.on = true;
    const sbertja_status saved = save(target, &ours_only, "new", &error);
    record.on = false;
    must(saved, &error);
    ck_assert_int_eq(chdir("/"), 0);
}

static bool note_is_there(const char *root)
{
    char path[PATH_MAX], name[256];
    snprintf(path, sizeof path, "%s/m/note", root);
    if (access(path, F_OK) != 0 && sbj_find_name(root, "m.new-", "", name))
        snprintf(path, sizeof path, "%s/%s/note", root, name);
    return access(path, F_OK) == 0;
}

/* One state on a disk of its own: what it holds, and, if `save_again`, what the next save makes of it. */
static void check_state(const scene *how, const state *s, int end, bool save_again, const char *disk)
{
    char target[100];
    sbertja_error error;
    ck_assert_int_eq(mkdir(disk, 0700), 0);
    build(s, 0, disk, end, 0);
    snprintf(target, sizeof target, "%s/m", disk);
    const bool is_old = how->existing ? is_whole(target, "old") : access(target, F_OK) != 0;
    ck_assert_msg(is_old || is_whole(target, "new"), "%s: before op %d of %d: neither the old nor the new one", how->name,
                  end, record.op_count);
    ck_assert_msg(end < record.op_count || is_whole(target, "new"), "%s: the new one is lost", how->name);
    ck_assert_msg(!how->existing || note_is_there(disk), "%s: before op %d: the user's file is lost", how->name, end);
    if (save_again)
        must(save(target, &ours_only, "newer", &error), &error);
    ck_assert(!save_again || is_whole(target, "newer"));
    ck_assert_msg(!save_again || (entries(target) == (how->existing ? 3 : 2) && entries(disk) == 1), "%s: before op %d: something is left",
                  how->name, end);
    sbj_delete_tree(disk);
}

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

START_TEST(power_fails)
{
    static state s;
    static int floors[MAX_NODES], limits[MAX_NODES];
    /* In memory where possible: a thousand directories are made and deleted. What a failure leaves is to be looked at. */
    char folder[] = "/dev/shm/sbertja-crash-XXXXXX", root[64], disk[64];
    unsigned seed = 1;
    size_t states = 0;
    if (mkdtemp(folder) == NULL) {
        strcpy(folder, "/tmp/sbertja-crash-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
    }
    snprintf(root, sizeof root, "%s/made", folder);
    snprintf(disk, sizeof disk, "%s/disk", folder);
    perform(&scenes[_i], root);
    for (int end = 0; end <= record.op_count; end++) {
        find_floors(end, floors);
        for (int stop = 0; stop <= end + SAMPLES; stop++) {
            if (stop < end && !is_metadata(&record.ops[stop]))
                continue;
            for (int n = 0; n < MAX_NODES; n++)
                limits[n] = stop <= end ? stop : (int)(next_random(&seed) % (unsigned)(end + 1));
            if (stop < end && stop < floors[record.ops[stop].from] && stop < floors[record.ops[stop].to])
                continue; /* on the disk anyway: the same as another state */
            reach(&s, end, floors, limits);
            check_state(&scenes[_i], &s, end, states % 3 == 0, disk);
            states++;
        }
    }
    ck_assert_uint_gt(states, 100);
    sbj_delete_tree(folder);
    if (getenv("VERBOSE") != NULL)
        printf("%s: %d ops, %zu states\n", scenes[_i].name, record.op_count, states);
}
END_TEST

SUITE_MAIN("io/crash", 60, {power_fails, SCENES})
