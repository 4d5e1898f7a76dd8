/* Temporary names: those of living processes stay, those of killed ones go, and nobody else's are touched. */
#include "io/claim.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/ours.h"
#include "support/suite.h"
#include "support/temporary.h"

static int make_directory(const char *path, void *context)
{
    (void)context;
    return mkdir(path, 0700) == 0 ? 0 : 17;
}

static bool count_and_delete(const char *path, void *context)
{
    ++*(int *)context;
    return rmdir(path) == 0;
}

static int sweep(void)
{
    int count = 0;
    sbj_claim_sweep(temporary_path("m"), count_and_delete, &count);
    return count;
}

static void claim(sbj_claim *claim)
{
    sbertja_error error;
    must(sbj_claim_make(&sbj_malloc, temporary_path("m"), make_directory, NULL, claim, &error), &error);
}

START_TEST(a_living_claim_stays)
{
    sbj_claim one, two;
    claim(&one);
    claim(&two);
    ck_assert_str_ne(one.path, two.path);
    ck_assert_int_eq(sweep(), 0);
    ck_assert_int_eq(entries(temporary_path("")), 4);
    rmdir(one.path);
    rmdir(two.path);
    sbj_claim_release(&one);
    sbj_claim_release(&two);
    sbj_claim_release(&two);
    ck_assert_int_eq(entries(temporary_path("")), 0);
}
END_TEST

static int claim_and_wait(const char *base, int ready)
{
    sbj_claim made;
    if (sbj_claim_make(&sbj_malloc, base, make_directory, NULL, &made, NULL) != SBERTJA_OK || write(ready, "x", 1) != 1)
        return 1;
    pause();
    return 0;
}

START_TEST(a_killed_claim_goes)
{
    int ready[2];
    char byte;
    const char *base = temporary_path("m");
    ck_assert_int_eq(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0)
        _exit(claim_and_wait(base, ready[1]));
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_int_eq(sweep(), 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert_int_eq(entries(temporary_path("")), 2);
    ck_assert_int_eq(sweep(), 1);
    ck_assert_int_eq(entries(temporary_path("")), 0);
}
END_TEST

START_TEST(what_is_not_ours_stays)
{
    static const char *const folders[] = {"m.new-abcdef", "m.new-backup", "m.old-abcdef", "m.new-toolong", "mm.new-abc123"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        ck_assert_int_eq(mkdir(temporary_path(folders[i]), 0700), 0);
    put(temporary_path(""), "m.new-backup.lock", "my own notes");
    put(temporary_path(""), "m.new-toolong.lock", "sbertja: the name without .lock is being written\n");
    put(temporary_path(""), "mm.new-abc123.lock", "sbertja: the name without .lock is being written\n");
    ck_assert_int_eq(symlink("m.new-abcdef", temporary_path("m.new-linked.lock")), 0);
    ck_assert_int_eq(mkfifo(temporary_path("m.new-fifofi.lock"), 0600), 0);
    ck_assert_int_eq(sweep(), 0);
    ck_assert_int_eq(entries(temporary_path("")), 10);
}
END_TEST

/* A kill between creating a lock file and filling it: nothing else was made yet. */
START_TEST(an_empty_lock_file_goes_alone)
{
    ck_assert_int_eq(mkdir(temporary_path("m.new-abcdef"), 0700), 0);
    put(temporary_path(""), "m.new-abcdef.lock", "");
    ck_assert_int_eq(sweep(), 0);
    ck_assert_int_eq(entries(temporary_path("")), 1);
}
END_TEST

START_TEST(one_waits_for_the_other)
{
    sbj_claim one, two;
    sbertja_error error;
    const char *path = temporary_path("lock");
    must(sbj_claim_wait(&sbj_malloc, path, 0, &one, &error), &error);
    must_fail(sbj_claim_wait(&sbj_malloc, path, 0, &two, &error), &error, "another process");
    sbj_claim_release(&one);
    must(sbj_claim_wait(&sbj_malloc, path, 0, &two, &error), &error);
    sbj_claim_release(&two);
    ck_assert_int_eq(entries(temporary_path("")), 0);
}
END_TEST

/* Files are written beside their target as well. */
START_TEST(a_killed_file_goes)
{
    sbertja_error error;
    put(temporary_path(""), "v.npy.new-abcdef", "half");
    put(temporary_path(""), "v.npy.new-abcdef.lock", "sbertja: the name without .lock is being written\n");
    put(temporary_path(""), "v.npy.new-abcdeg", "somebody's");
    must(sbj_replace_file(temporary_path("v.npy"), "new", 3, &error), &error);
    ck_assert(!sbj_is_file(temporary_path("v.npy.new-abcdef")));
    ck_assert(sbj_is_file(temporary_path("v.npy.new-abcdeg")));
    ck_assert_int_eq(entries(temporary_path("")), 2);
}
END_TEST

SUITE_MAIN("io/claim", 10, {a_living_claim_stays, 0}, {a_killed_claim_goes, 0}, {what_is_not_ours_stays, 0},
           {an_empty_lock_file_goes_alone, 0}, {one_waits_for_the_other, 0}, {a_killed_file_goes, 0})
