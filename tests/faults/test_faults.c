/* Every call of the table in calls.c under every kind of fault, transient and persistent: the n-th malloc, open, read, ...
 * fails, for n = 1, 2, ... until the call gets by without it. Each run checks the status, that there is a message, that no
 * block of memory and no descriptor is left, that no temporary is left beside what was to be written, and that the
 * handle still gives the same bits.
 *
 * `make check` tries a few places of each pair; `make faults` (FAULTS=all) every one. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults/calls.h"
#include "faults/injector.h"
#include "support/suite.h"
#include "support/temporary.h"

enum { STEPS = 4, MALLOC_STEPS = 16, MAX_SHOWN = 3, WARM_UPS = 2 };

/* ---- What a crash was about -------------------------------------------------------------------------------------- */

static char now[200];
static int failures;

static void say_and_die(int signal_number)
{
    if (write(2, now, strlen(now)) < 0)
        _exit(1);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* ---- What must not be left --------------------------------------------------------------------------------------- */

static size_t open_files(void)
{
    size_t count = 0;
    DIR *list = opendir("/proc/self/fd");
    while (readdir(list) != NULL)
        count++;
    closedir(list);
    return count;
}

/* "*.new-XXXXXX" and "*.old-XXXXXX" in the folder of temporary.h. */
static size_t temporaries(void)
{
    size_t count = 0;
    DIR *list = opendir(temporary_path(""));
    for (struct dirent *entry; list != NULL && (entry = readdir(list)) != NULL;)
        count += strstr(entry->d_name, ".new-") != NULL || strstr(entry->d_name, ".old-") != NULL;
    if (list != NULL)
        closedir(list);
    return count;
}

typedef struct traces {
    size_t blocks[FAULT_OWNERS], files, temporaries;
} traces;

static traces look(void)
{
    traces found = {.files = open_files(), .temporaries = temporaries()};
    for (int owner = 0; owner < FAULT_OWNERS; owner++)
        found.blocks[owner] = fault_live((fault_owner)owner);
    return found;
}

/* ---- One run ----------------------------------------------------------------------------------------------------- */

/* Whether a caller that does it right does not notice the fault. */
static bool is_harmless(fault_kind kind)
{
    return kind == FAULT_SHORT_READ || kind == FAULT_SHORT_WRITE || kind == FAULT_INTERRUPT;
}

static bool is_expected(fault_kind kind, sbertja_status status)
{
    if (status == SBERTJA_OK)
        return true; /* there was another way */
    if (is_harmless(kind))
        return false;
    if (kind == FAULT_MALLOC || kind == FAULT_THREAD)
        return status == SBERTJA_E_MEMORY;
    if (kind == FAULT_MMAP)
        return status == SBERTJA_E_MEMORY || status == SBERTJA_E_IO || status == SBERTJA_E_FORMAT;
    if (kind == FAULT_STAT && status == SBERTJA_E_FORMAT)
        return true; /* of a dictionary that libmecab could not open */
    return status == SBERTJA_E_IO || status == SBERTJA_E_MISSING;
}

/* What is wrong with a run, or NULL. */
static const char *judge(fault_kind kind, sbertja_status status, const sbertja_error *error, bool fired)
{
    if (!fired && status != SBERTJA_OK)
        return "failed without a fault";
    if (!is_expected(kind, status))
        return "another status was expected";
    if (status == SBERTJA_OK && error->status != SBERTJA_OK)
        return "success, and an error was written";
    if (status != SBERTJA_OK && (error->status != status || error->message[0] == '\0'))
        return "no message";
    return NULL;
}

/* Faults that also strike whoever clears up; and a directory that may not have reached the disk keeps the one before. */
static bool may_leave_temporaries(fault_kind kind, bool persistent)
{
    return kind == FAULT_UNLINK || kind == FAULT_OPEN || kind == FAULT_STAT || kind == FAULT_FSYNC ||
           (persistent && kind == FAULT_MALLOC);
}

/* libmecab leaves the dictionary's file open when it cannot map it or ask for its size. */
static bool may_leave_a_file(fault_kind kind)
{
    return kind == FAULT_MMAP || kind == FAULT_STAT;
}

/* libzip keeps a block when it has no memory while it writes an archive. */
static bool may_leave_memory(const sbertja_error *error)
{
    return strstr(error->message, "pytorch_model.bin: cannot be written") != NULL;
}

static const char *compare(fault_kind kind, bool persistent, const sbertja_error *error, const traces *before,
                           const traces *after)
{
    if (after->blocks[OWNER_PROGRAM] > before->blocks[OWNER_PROGRAM])
        return "memory of the library is left";
    if (!may_leave_memory(error) && after->blocks[OWNER_LIBRARY] > before->blocks[OWNER_LIBRARY])
        return "memory of a library inside is left";
    if (!may_leave_a_file(kind) && after->files > before->files)
        return "a file is left open";
    if (!may_leave_temporaries(kind, persistent) && after->temporaries > before->temporaries)
        return "a temporary is left";
    return NULL;
}

/* Runs the call with the n-th call of the kind failing; false when it got by without one. */
static bool run(const fault_call *call, void *state, fault_kind kind, bool persistent, size_t n)
{
    sbertja_error error = {SBERTJA_OK, ""};
    snprintf(now, sizeof now, "during: %s, %s %zu%s\n", call->name, fault_name(kind), n, persistent ? " and later" : "");
    const traces before = look();
    fault_arm(kind, n, persistent);
    const sbertja_status status = call->run(state, &error);
    const bool fired = fault_disarm();
    const char *fault = judge(kind, status, &error, fired), *unsound = call->sound(state, status);
    const traces after = look();
    if (fault == NULL)
        fault = unsound != NULL ? unsound : compare(kind, persistent, &error, &before, &after);
    if (fault != NULL) {
        fprintf(stderr, "%s: %s: %s\n", fault, sbertja_status_name(status), error.message);
        fprintf(stderr, "  %s", now);
        failures++;
    }
    return fired;
}

/* Runs the call without faults and counts what it calls. */
static void count_calls(const fault_call *call, void *state, size_t counts[FAULT_KINDS])
{
    sbertja_error error = {SBERTJA_OK, ""};
    size_t before[FAULT_KINDS];
    for (int kind = 0; kind < FAULT_KINDS; kind++)
        before[kind] = fault_calls((fault_kind)kind);
    const sbertja_status status = call->run(state, &error);
    for (int kind = 0; kind < FAULT_KINDS; kind++)
        counts[kind] = fault_calls((fault_kind)kind) - before[kind];
    const char *fault = call->sound(state, status);
    ck_assert_msg(status == SBERTJA_OK && fault == NULL, "%s: %s %s", call->name, error.message, fault ? fault : "");
}

static void run_all(const fault_call *call, void *state, fault_kind kind, bool persistent, size_t count)
{
    const size_t steps = getenv("FAULTS") != NULL ? count : kind == FAULT_MALLOC ? MALLOC_STEPS : STEPS;
    const size_t step = count <= steps ? 1 : count / steps;
    const int before = failures;
    size_t n = 1;
    while (run(call, state, kind, persistent, n) && failures < before + MAX_SHOWN)
        n += step;
}

static void try_faults(const fault_call *call, bool persistent)
{
    size_t counts[FAULT_KINDS];
    signal(SIGABRT, say_and_die);
    signal(SIGSEGV, say_and_die);
    void *state = call->prepare();
    for (int i = 0; i < WARM_UPS; i++) /* what libraries make once and keep */
        count_calls(call, state, counts);
    for (int kind = 0; kind < FAULT_KINDS; kind++)
        if (counts[kind] > 0)
            run_all(call, state, (fault_kind)kind, persistent, counts[kind]);
    if (temporaries() > 0) /* whatever could not be deleted then, the next save deletes */
        count_calls(call, state, counts);
    ck_assert_uint_eq(temporaries(), 0);
    call->release(state);
    ck_assert_int_eq(failures, 0);
}

START_TEST(transient)
{
    try_faults(&fault_calls_table[_i], false);
}
END_TEST

START_TEST(persistent)
{
    try_faults(&fault_calls_table[_i], true);
}
END_TEST

/* The injector itself: what it refuses, counts and lets through. */
START_TEST(injects)
{
    if (!fault_counts_memory())
        return;
    const size_t before = fault_live(OWNER_PROGRAM);
    fault_arm(FAULT_MALLOC, 2, false);
    void *volatile one = malloc(1), *volatile two = malloc(1), *volatile three = malloc(1);
    ck_assert(fault_disarm());
    ck_assert(one != NULL && two == NULL && three != NULL);
    ck_assert_uint_eq(fault_live(OWNER_PROGRAM), before + 2);
    free(one);
    free(three);
    ck_assert_uint_eq(fault_live(OWNER_PROGRAM), before);
    fault_arm(FAULT_OPEN, 1, true);
    ck_assert_ptr_null(fopen("/dev/null", "r"));
    ck_assert_ptr_null(opendir("/"));
    ck_assert(fault_disarm());
    fault_arm(FAULT_OPEN, 1, true);
    ck_assert(!fault_disarm());
}
END_TEST

int main(void)
{
    const suite_entry entries[] = {{injects, 0}, {transient, fault_call_count}, {persistent, fault_call_count}};
    if (!fault_counts_memory())
        printf("SKIP: faults of malloc: the sanitizer has an allocator of its own\n");
    return suite_run("faults/faults", 120, entries, sizeof entries / sizeof *entries);
}
