/* Directories that cannot be exchanged: they are replaced in place, and are never a mixture to who reads what is current. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/directory_private.h"
#include "support/ours.h"
#include "support/suite.h"
#include "support/temporary.h"

static const char *const no_mounts = "mounting is not allowed here";

/* ---- The working directory ---- */

START_TEST(the_working_directory_stays_one)
{
    static const char *const places[] = {"m", "m/eval", "m/1_Pooling", "m"};
    static const char *const targets[] = {".", "..", "..", NULL};
    char before[PATH_MAX], after[PATH_MAX];
    struct stat named, here;
    sbertja_error error;
    const char *target = temporary_path("m");
    fill(target, "old");
    put(target, "stale", "old");
    ck_assert_int_eq(mkdir(temporary_path("m/eval"), 0700), 0);
    ck_assert_int_eq(chdir(temporary_path(places[_i])), 0);
    ck_assert_ptr_nonnull(getcwd(before, sizeof before));
    must(save(targets[_i] != NULL ? targets[_i] : target, &ours_only, "new", &error), &error);
    ck_assert_msg(getcwd(after, sizeof after) != NULL, "the working directory is gone");
    ck_assert_str_eq(before, after);
    ck_assert(stat(before, &named) == 0 && stat(".", &here) == 0 && named.st_ino == here.st_ino);
    check_whole(target, "new");
    ck_assert_int_eq(entries(target), 3); /* ours, 1_Pooling, eval */
    ck_assert_int_eq(entries(temporary_path("")), 1);
}
END_TEST

/* ---- Mount points ---- */

/* A volume that is mounted, empty but for what a new file system has. */
static int onto_a_volume(const char *folder)
{
    char target[300], path[400];
    sbertja_error error;
    struct stat before, after;
    snprintf(target, sizeof target, "%s/volume", folder);
    mkdir(target, 0700);
    if (!own_mounts() || mount("none", target, "tmpfs", 0, "size=1m") != 0)
        return 77;
    snprintf(path, sizeof path, "%s/lost+found", target);
    mkdir(path, 0700);
    stat(target, &before);
    EXPECT(save(target, &ours_only, "first", &error) == SBERTJA_OK && is_whole(target, "first"));
    put(target, "note", "a user's");
    put(target, "stale", "of an old model");
    EXPECT(save(target, &ours_only, "second", &error) == SBERTJA_OK && is_whole(target, "second"));
    EXPECT(entries(target) == 4); /* ours, 1_Pooling, note, lost+found */
    EXPECT(entries(folder) == 1);
    EXPECT(stat(target, &after) == 0 && before.st_ino == after.st_ino);
    return 0;
}

/* The same file system under another name: the device numbers do not tell. */
static int onto_a_bind_mount(const char *folder)
{
    char target[300], source[300];
    sbertja_error error;
    snprintf(target, sizeof target, "%s/m", folder);
    snprintf(source, sizeof source, "%s/source", folder);
    mkdir(target, 0700);
    fill(source, "old");
    if (!own_mounts() || mount(source, target, NULL, MS_BIND, NULL) != 0)
        return 77;
    EXPECT(save(target, &ours_only, "new", &error) == SBERTJA_OK);
    EXPECT(is_whole(target, "new") && is_whole(source, "new"));
    EXPECT(entries(target) == 2 && entries(folder) == 2);
    return 0;
}

/* What is mounted inside cannot move to a new directory. */
static int around_a_mount(const char *folder)
{
    char target[300], inside[400];
    sbertja_error error;
    snprintf(target, sizeof target, "%s/m", folder);
    snprintf(inside, sizeof inside, "%s/data", target);
    fill(target, "old");
    mkdir(inside, 0700);
    if (!own_mounts() || mount("none", inside, "tmpfs", 0, "size=1m") != 0)
        return 77;
    put(inside, "rows", "1");
    EXPECT(save(target, &ours_only, "new", &error) == SBERTJA_OK);
    EXPECT(is_whole(target, "new") && entries(inside) == 1);
    EXPECT(entries(target) == 3 && entries(folder) == 1);
    return 0;
}

/* Mounted between the beginning and the end: what was written beside it is on another file system. */
static int mounted_meanwhile(const char *folder)
{
    char target[300];
    sbj_directory directory;
    sbertja_error error;
    snprintf(target, sizeof target, "%s/m", folder);
    fill(target, "old");
    begin(target, &ours_only, &directory);
    fill(directory.path, "new");
    if (!own_mounts() || mount("none", target, "tmpfs", 0, "size=1m") != 0) {
        sbj_directory_abort(&directory);
        return 77;
    }
    EXPECT(sbj_directory_commit(&directory, &error) == SBERTJA_OK);
    EXPECT(is_whole(target, "new") && entries(target) == 2 && entries(folder) == 1);
    return 0;
}

/* A directory of an overlay's lower layer, as of a container's image: renaming it is refused with EXDEV. */
static int in_an_overlay(const char *folder)
{
    char base[300], path[400], options[1300];
    sbertja_error error;
    snprintf(base, sizeof base, "%s/base", folder);
    mkdir(base, 0700);
    if (!own_mounts() || mount("none", base, "tmpfs", 0, "size=4m") != 0)
        return 77;
    static const char *const parts[] = {"lower", "upper", "work", "merged"};
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", base, parts[i]);
        mkdir(path, 0700);
    }
    snprintf(path, sizeof path, "%s/lower/m", base);
    fill(path, "old");
    put(path, "note", "a user's");
    snprintf(options, sizeof options, "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work", base, base, base);
    snprintf(path, sizeof path, "%s/merged", base);
    if (mount("none", path, "overlay", 0, options) != 0)
        return 77;
    snprintf(path, sizeof path, "%s/merged/m", base);
    EXPECT(save(path, &ours_only, "new", &error) == SBERTJA_OK);
    EXPECT(is_whole(path, "new") && entries(path) == 3);
    EXPECT(save(path, &ours_only, "newer", &error) == SBERTJA_OK);
    EXPECT(is_whole(path, "newer") && entries(path) == 3);
    snprintf(path, sizeof path, "%s/merged", base);
    EXPECT(entries(path) == 1);
    return 0;
}

/* A file that is mounted, as containers do it with single files. */
static int onto_a_mounted_file(const char *folder)
{
    char target[300], source[300];
    sbertja_error error;
    struct stat status;
    put(folder, "source", "something longer");
    put(folder, "v.npy", "");
    snprintf(source, sizeof source, "%s/source", folder);
    snprintf(target, sizeof target, "%s/v.npy", folder);
    if (!own_mounts() || mount(source, target, NULL, MS_BIND, NULL) != 0)
        return 77;
    EXPECT(sbj_replace_file(target, "new", 3, &error) == SBERTJA_OK);
    EXPECT(stat(source, &status) == 0 && status.st_size == 3 && entries(folder) == 2);
    return 0;
}

/* ---- Rights ---- */

/* The directory may be written to, its parent may not. */
static int under_a_parent_of_others(const char *folder)
{
    char target[300];
    sbertja_error error;
    struct stat status;
    snprintf(target, sizeof target, "%s/m", folder);
    fill(target, "old");
    char path[400];
    snprintf(path, sizeof path, "%s/1_Pooling", target);
    if (geteuid() != 0 || chown(target, 1234, 1234) != 0 || chown(path, 1234, 1234) != 0 || chmod(folder, 0755) != 0 ||
        setgid(1234) != 0 || setuid(1234) != 0)
        return 77;
    EXPECT(save(target, &ours_only, "new", &error) == SBERTJA_OK);
    EXPECT(is_whole(target, "new") && entries(target) == 2);
    snprintf(path, sizeof path, "%s/none", folder);
    EXPECT(save(path, &ours_only, "new", &error) == SBERTJA_E_IO);
    EXPECT(strstr(error.message, "Permission denied") != NULL && strstr(error.message, path) != NULL);
    EXPECT(stat(target, &status) == 0 && status.st_uid == 1234);
    return 0;
}

/* A directory shared by a group: it stays its owner's, who the saving user is not. */
static int into_a_shared_directory(const char *folder)
{
    char target[300], path[400];
    sbertja_error error;
    struct stat status;
    snprintf(target, sizeof target, "%s/m", folder);
    fill(target, "old");
    snprintf(path, sizeof path, "%s/1_Pooling", target);
    if (geteuid() != 0 || chown(target, 1, 1234) != 0 || chmod(target, 02775) != 0 || chown(path, 1, 1234) != 0 ||
        chmod(path, 02775) != 0 || chmod(folder, 0777) != 0 || setgid(1234) != 0 || setuid(1234) != 0)
        return 77;
    EXPECT(save(target, &ours_only, "new", &error) == SBERTJA_OK);
    EXPECT(is_whole(target, "new") && entries(target) == 2);
    EXPECT(stat(target, &status) == 0 && status.st_uid == 1 && (status.st_mode & 07777) == 02775);
    return 0;
}

static int on_a_read_only_disk(const char *folder)
{
    char target[300];
    sbertja_error error;
    snprintf(target, sizeof target, "%s/m", folder);
    fill(target, "old");
    if (!own_mounts() || mount(folder, folder, NULL, MS_BIND, NULL) != 0 ||
        mount(NULL, folder, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) != 0)
        return 77;
    EXPECT(save(target, &ours_only, "new", &error) == SBERTJA_E_IO);
    EXPECT(strstr(error.message, "Read-only") != NULL && strstr(error.message, target) != NULL);
    EXPECT(is_whole(target, "old"));
    return 0;
}

static const struct {
    const char *name;
    int (*work)(const char *folder);
} faults[] = {
    {"io/in_place onto_a_volume", onto_a_volume},
    {"io/in_place onto_a_bind_mount", onto_a_bind_mount},
    {"io/in_place around_a_mount", around_a_mount},
    {"io/in_place mounted_meanwhile", mounted_meanwhile},
    {"io/in_place in_an_overlay", in_an_overlay},
    {"io/in_place onto_a_mounted_file", onto_a_mounted_file},
    {"io/in_place under_a_parent_of_others", under_a_parent_of_others},
    {"io/in_place into_a_shared_directory", into_a_shared_directory},
    {"io/in_place on_a_read_only_disk", on_a_read_only_disk},
};
enum { FAULTS = sizeof faults / sizeof *faults };

START_TEST(saved_in_spite_of)
{
    in_a_process(faults[_i].name, no_mounts, faults[_i].work);
}
END_TEST

/* ---- Kills and company ---- */

/* After the new one has become current, whatever else has been done: it is what is read, and the next save completes it. */
START_TEST(interrupted)
{
    sbertja_error error;
    char buffer[PATH_MAX];
    const char *target = temporary_path("m");
    fill(target, "old");
    put(target, "stale", "old");
    put(target, "note", "a user's");
    fill(temporary_path("m/.sbertja-current"), "new");
    if (_i >= 1)
        ck_assert_int_eq(unlink(temporary_path("m/ours")), 0);
    if (_i >= 2)
        ck_assert_int_eq(link(temporary_path("m/.sbertja-current/ours"), temporary_path("m/ours")), 0);
    ck_assert_str_ne(sbj_directory_current(target, buffer), target);
    check_whole(target, "new");
    must(sbj_install_finish(&sbj_malloc, target, &ours_only, &error), &error);
    ck_assert_str_eq(sbj_directory_current(target, buffer), target);
    check_whole(target, "new");
    ck_assert_int_eq(entries(target), 3); /* ours, 1_Pooling, note */
    must(save(target, &ours_only, "newer", &error), &error);
    check_whole(target, "newer");
}
END_TEST

/* Links in the place of files and folders are replaced, not followed. */
START_TEST(links_are_not_followed)
{
    sbertja_error error;
    fill(temporary_path("else"), "kept");
    fill(temporary_path("m"), "old");
    sbj_delete_tree(temporary_path("m/1_Pooling"));
    ck_assert_int_eq(symlink("../else/1_Pooling", temporary_path("m/1_Pooling")), 0);
    ck_assert_int_eq(unlink(temporary_path("m/ours")), 0);
    ck_assert_int_eq(symlink("../else/ours", temporary_path("m/ours")), 0);
    ck_assert_int_eq(chdir(temporary_path("m")), 0);
    must(save(".", &ours_only, "new", &error), &error);
    check_whole(temporary_path("m"), "new");
    check_whole(temporary_path("else"), "kept");
}
END_TEST

static void save_again_and_again(const char *target, const char *content, int times)
{
    for (int i = 0; i < times; i++)
        if (save(target, &ours_only, content, NULL) != SBERTJA_OK)
            _exit(1);
    _exit(0);
}

/* In two processes, and in place in the second round (a process that works in the target). */
START_TEST(two_at_once)
{
    int codes[2];
    pid_t children[2];
    const char *target = temporary_path("m");
    fill(target, "one");
    put(target, "note", "a user's");
    for (int i = 0; i < 2; i++)
        if ((children[i] = fork()) == 0) {
            if (_i == 1 && chdir(target) != 0)
                _exit(2);
            save_again_and_again(target, i == 0 ? "one" : "two", 60);
        }
    for (int i = 0; i < 2; i++) {
        waitpid(children[i], &codes[i], 0);
        ck_assert_msg(WIFEXITED(codes[i]) && WEXITSTATUS(codes[i]) == 0, "process %d: %d", i, codes[i]);
    }
    ck_assert(is_whole(target, "one") || is_whole(target, "two"));
    ck_assert_int_eq(entries(target), 3);
    ck_assert_int_eq(entries(temporary_path("")), 1);
}
END_TEST

/* At any moment: what is current is whole, nobody's file is lost, and the next save leaves nothing of it. */
START_TEST(killed_at_any_moment)
{
    sbertja_error error;
    char target[300];
    snprintf(target, sizeof target, "%s", temporary_path("m")); /* whose texts live for eight calls */
    fill(target, "old");
    for (int round = 0; round < 60; round++) {
        const struct timespec wait = {0, 100000 * (round + 1)};
        put(target, "note", "a user's");
        const pid_t child = fork();
        if (child == 0) {
            if (_i == 1 && chdir(target) != 0)
                _exit(2);
            save_again_and_again(target, "new", 1000);
        }
        nanosleep(&wait, NULL);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        ck_assert_msg(is_whole(target, "old") || is_whole(target, "new"), "round %d", round);
        must(save(target, &ours_only, "old", &error), &error);
        check_whole(target, "old");
        ck_assert_int_eq(entries(target), 3);
        ck_assert_int_eq(entries(temporary_path("")), 1);
    }
}
END_TEST

SUITE_MAIN("io/in_place", 60, {the_working_directory_stays_one, 4}, {saved_in_spite_of, FAULTS}, {interrupted, 3},
           {links_are_not_followed, 0}, {two_at_once, 2}, {killed_at_any_moment, 2})
