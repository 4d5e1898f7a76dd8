/* Replacing a directory: at every point the old one or the new one is whole, and nothing else is left or lost. */
#include "io/directory.h"

#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "io/directory_private.h"
#include "support/failing_alloc.h"
#include "support/ours.h"
#include "support/suite.h"
#include "support/temporary.h"

/* ---- What is replaced ---- */

/* With a slash or two after it, with parents to make, relative to the place itself. */
static const char *const names[] = {"m", "m/", "m//", "a/b/m", "a//m/", "./m"};

START_TEST(made_where_nothing_was)
{
    sbj_directory directory;
    sbertja_error error;
    const char *target = temporary_path(names[_i]);
    begin(target, &ours, &directory);
    ck_assert(!sbj_is_directory(target));
    fill(directory.path, "new");
    must(sbj_directory_commit(&directory, &error), &error);
    ck_assert_ptr_null(directory.path);
    sbj_directory_abort(&directory);
    check_whole(target, "new");
    ck_assert_int_eq(entries(temporary_path("")), 1);
}
END_TEST

START_TEST(replaced)
{
    sbj_directory directory;
    sbertja_error error;
    const char *target = temporary_path(names[_i]);
    fill(target, "old");
    put(target, "more", "only the old one has this");
    begin(target, &ours, &directory);
    fill(directory.path, "new");
    check_whole(target, "old");
    must(sbj_directory_commit(&directory, &error), &error);
    check_whole(target, "new");
    ck_assert_int_eq(entries(target), 2);
    ck_assert_int_eq(entries(temporary_path("")), 1);
}
END_TEST

/* What is no part of a model stays, but for what the new one has too. */
START_TEST(other_files_stay)
{
    sbj_directory directory;
    sbertja_error error;
    sbj_map map;
    const char *target = temporary_path("m");
    char folder[600], path[600];
    snprintf(folder, sizeof folder, "%s/folder", target);
    fill(target, "old");
    must(sbj_make_directories(folder, &error), &error);
    put(folder, "deep", "deep");
    put(target, "stale", "old");
    put(target, "both", "old");
    put(target, "note", "note");
    must(sbj_directory_begin(&sbj_malloc, target, &ours_only, &directory, &error), &error);
    fill(directory.path, "new");
    put(directory.path, "both", "new");
    must(sbj_directory_commit(&directory, &error), &error);
    check_whole(target, "new");
    ck_assert_int_eq(entries(target), 5); /* ours, 1_Pooling, both, note, folder */
    snprintf(path, sizeof path, "%s/both", target);
    must(sbj_map_open(path, &map, &error), &error);
    ck_assert(map.size == 3 && memcmp(map.data, "new", 3) == 0);
    sbj_map_close(&map);
    snprintf(path, sizeof path, "%s/folder/deep", target);
    ck_assert(sbj_is_file(path));
    snprintf(path, sizeof path, "%s/note", target);
    ck_assert(sbj_is_file(path));
    ck_assert_int_eq(entries(temporary_path("")), 1);
}
END_TEST

START_TEST(an_empty_directory_is_replaced)
{
    sbj_directory directory;
    sbertja_error error;
    const char *target = temporary_path("m");
    ck_assert_int_eq(mkdir(target, 0700), 0);
    begin(target, &ours, &directory);
    fill(directory.path, "new");
    must(sbj_directory_commit(&directory, &error), &error);
    check_whole(target, "new");
}
END_TEST

START_TEST(a_link_stays_a_link)
{
    sbj_directory directory;
    sbertja_error error;
    struct stat status;
    const char *link = temporary_path("link");
    fill(temporary_path("real"), "old");
    ck_assert_int_eq(symlink(temporary_path("real"), link), 0);
    begin(link, &ours, &directory);
    fill(directory.path, "new");
    must(sbj_directory_commit(&directory, &error), &error);
    ck_assert(lstat(link, &status) == 0 && S_ISLNK(status.st_mode));
    check_whole(temporary_path("real"), "new");
    ck_assert_int_eq(entries(temporary_path("")), 2);
}
END_TEST

START_TEST(links_inside_are_not_followed)
{
    sbj_directory directory;
    sbertja_error error;
    char path[600];
    fill(temporary_path("m"), "old");
    fill(temporary_path("elsewhere"), "kept");
    snprintf(path, sizeof path, "%s/link", temporary_path("m"));
    ck_assert_int_eq(symlink(temporary_path("elsewhere"), path), 0);
    begin(temporary_path("m"), &ours, &directory);
    fill(directory.path, "new");
    must(sbj_directory_commit(&directory, &error), &error);
    check_whole(temporary_path("elsewhere"), "kept");
    begin(temporary_path("m"), &ours, &directory);
    snprintf(path, sizeof path, "%s/link", directory.path);
    ck_assert_int_eq(symlink(temporary_path("elsewhere"), path), 0);
    sbj_directory_abort(&directory);
    check_whole(temporary_path("elsewhere"), "kept");
    ck_assert_int_eq(entries(temporary_path("")), 2);
}
END_TEST

static struct stat status_of(const char *path)
{
    struct stat status;
    ck_assert_msg(lstat(path, &status) == 0, "%s", path);
    return status;
}

START_TEST(rights_are_kept)
{
    sbertja_error error;
    fill(temporary_path("m"), "old");
    ck_assert_int_eq(chmod(temporary_path("m"), 0750), 0);
    ck_assert_int_eq(chmod(temporary_path("m/1_Pooling"), 0711), 0);
    ck_assert_int_eq(chmod(temporary_path("m/ours"), 0440), 0);
    must(save(temporary_path("m"), &ours, "new", &error), &error);
    check_whole(temporary_path("m"), "new");
    ck_assert_int_eq(status_of(temporary_path("m")).st_mode & 07777, 0750);
    ck_assert_int_eq(status_of(temporary_path("m/1_Pooling")).st_mode & 07777, 0711);
    ck_assert_int_eq(status_of(temporary_path("m/ours")).st_mode & 07777, 0440);
}
END_TEST

/* A superuser who saves into a user's directory leaves it the user's, and what is new in it too. */
START_TEST(owners_are_kept)
{
    static const char *const kept[] = {"m", "m/ours", "m/1_Pooling", "m/1_Pooling/config.json"};
    sbertja_error error;
    char value[8];
    if (geteuid() != 0) {
        printf("SKIP: io/directory owners_are_kept: not the superuser\n");
        return;
    }
    fill(temporary_path("m"), "old");
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(chown(temporary_path(kept[i]), 1234, 2345), 0);
    ck_assert_int_eq(unlink(temporary_path("m/1_Pooling/config.json")), 0);
    const bool extended = setxattr(temporary_path("m/ours"), "user.note", "kept", 4, 0) == 0;
    must(save(temporary_path("m"), &ours, "new", &error), &error);
    check_whole(temporary_path("m"), "new");
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        const struct stat status = status_of(temporary_path(kept[i]));
        ck_assert_msg(status.st_uid == 1234 && status.st_gid == 2345, "%s", kept[i]);
    }
    if (extended)
        ck_assert(getxattr(temporary_path("m/ours"), "user.note", value, sizeof value) == 4);
    else
        printf("SKIP: io/directory owners_are_kept: no extended attributes on this file system\n");
}
END_TEST

/* The file has another name elsewhere: that one keeps its content. */
START_TEST(hard_links_keep_their_content)
{
    sbertja_error error;
    fill(temporary_path("m"), "old");
    ck_assert_int_eq(mkdir(temporary_path("copy"), 0700), 0);
    fill(temporary_path("copy"), "else");
    ck_assert_int_eq(unlink(temporary_path("copy/ours")), 0);
    ck_assert_int_eq(link(temporary_path("m/ours"), temporary_path("copy/ours")), 0);
    must(save(temporary_path("m"), &ours, "new", &error), &error);
    check_whole(temporary_path("m"), "new");
    sbj_map map;
    must(sbj_map_open(temporary_path("copy/ours"), &map, &error), &error);
    ck_assert(map.size == 3 && memcmp(map.data, "old", 3) == 0);
    sbj_map_close(&map);
}
END_TEST

/* What evaluations, training tools and version control leave in a directory is no reason to refuse it, and stays. */
START_TEST(companions_are_accepted)
{
    sbertja_error error;
    const char *target = temporary_path("m");
    ck_assert_int_eq(mkdir(target, 0700), 0);
    ck_assert_int_eq(mkdir(temporary_path("m/eval"), 0700), 0);
    ck_assert_int_eq(mkdir(temporary_path("m/state"), 0700), 0);
    put(target, "similarity_evaluation_dev_results.csv", "epoch");
    put(target, "README.md", "# card");
    put(target, "train.log", "loss");
    put(target, ".gitattributes", "*");
    put(temporary_path("m/state"), "checkpoint.json", "{}");
    must(save(target, &ours_only, "new", &error), &error);
    check_whole(target, "new");
    ck_assert_int_eq(entries(target), 8);
    ck_assert(sbj_is_file(temporary_path("m/state/checkpoint.json")));
}
END_TEST

/* ---- What is refused ---- */

START_TEST(refused)
{
    sbj_directory directory;
    sbertja_error error;
    ck_assert_int_eq(mkdir(temporary_path("theirs"), 0700), 0);
    put(temporary_path("theirs"), "letter.txt", "dear");
    put(temporary_path(""), "file", "x");
    ck_assert_int_eq(symlink("nowhere", temporary_path("dangling")), 0);
    const struct {
        const char *target, *text;
    } cases[] = {
        {"theirs", "theirs: a directory that is not empty"}, {"theirs/", "not empty"},
        {"file", "file: exists and is not a directory"},     {"file/x", "file"},
        {"dangling", "leads nowhere"},                       {"none/..", "expected the name"},
        {"none/.", "expected the name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        must_fail(sbj_directory_begin(&sbj_malloc, temporary_path(cases[i].target), &ours, &directory, &error),
                  &error, cases[i].text);
        ck_assert_ptr_null(directory.path);
        sbj_directory_abort(&directory);
    }
    must_fail(sbj_directory_begin(&sbj_malloc, "", &ours, &directory, &error), &error, "expected the name");
    must_fail(sbj_directory_begin(&sbj_malloc, "/", &ours, &directory, &error), &error, "/");
    ck_assert_int_eq(entries(temporary_path("")), 3);
    ck_assert_int_eq(entries(temporary_path("theirs")), 1);
}
END_TEST

/* ---- What goes wrong on the way ---- */

START_TEST(aborted)
{
    sbj_directory directory;
    const char *target = temporary_path("m");
    if (_i == 1)
        fill(target, "old");
    begin(target, &ours, &directory);
    fill(directory.path, "half");
    sbj_directory_abort(&directory);
    sbj_directory_abort(&directory);
    ck_assert_int_eq(entries(temporary_path("")), _i);
    if (_i == 1)
        check_whole(target, "old");
}
END_TEST

/* Of two saves to one absent place both succeed, and the later one stays. */
START_TEST(what_a_save_left_meanwhile_is_replaced)
{
    sbj_directory first, second;
    sbertja_error error;
    begin(temporary_path("m"), &ours, &first);
    begin(temporary_path("m"), &ours, &second);
    fill(first.path, "first");
    fill(second.path, "second");
    must(sbj_directory_commit(&first, &error), &error);
    must(sbj_directory_commit(&second, &error), &error);
    check_whole(temporary_path("m"), "second");
    ck_assert_int_eq(entries(temporary_path("")), 1);
}
END_TEST

START_TEST(what_came_meanwhile_is_not_deleted)
{
    sbj_directory directory;
    sbertja_error error;
    const char *target = temporary_path("m");
    begin(target, &ours, &directory);
    fill(directory.path, "new");
    ck_assert_int_eq(mkdir(target, 0700), 0);
    put(target, "letter.txt", "dear");
    must_fail(sbj_directory_commit(&directory, &error), &error, "cannot be put in place");
    ck_assert_ptr_nonnull(directory.path);
    sbj_directory_abort(&directory);
    ck_assert_int_eq(entries(target), 1);
    ck_assert_int_eq(entries(temporary_path("")), 1);
}
END_TEST

START_TEST(what_went_meanwhile_is_no_matter)
{
    sbj_directory directory;
    sbertja_error error;
    fill(temporary_path("m"), "old");
    begin(temporary_path("m"), &ours, &directory);
    fill(directory.path, "new");
    sbj_delete_tree(temporary_path("m"));
    must(sbj_directory_commit(&directory, &error), &error);
    check_whole(temporary_path("m"), "new");
    ck_assert_int_eq(entries(temporary_path("")), 1);
}
END_TEST

START_TEST(the_new_one_disappears)
{
    sbj_directory directory;
    sbertja_error error;
    fill(temporary_path("m"), "old");
    begin(temporary_path("m"), &ours, &directory);
    sbj_delete_tree(directory.path);
    must_fail(sbj_directory_commit(&directory, &error), &error, "cannot be synced");
    sbj_directory_abort(&directory);
    check_whole(temporary_path("m"), "old");
    ck_assert_int_eq(entries(temporary_path("")), 1);
}
END_TEST

/* The process ends between begin and commit: the old one is there, and the next save goes well beside the rest. */
START_TEST(killed)
{
    sbj_directory directory;
    sbertja_error error;
    const char *target = temporary_path("m");
    fill(target, "old");
    begin(target, &ours, &directory);
    fill(directory.path, "half");
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    check_whole(target, "old");
    sbj_directory again;
    begin(target, &ours, &again);
    ck_assert_str_ne(again.path, directory.path);
    fill(again.path, "new");
    must(sbj_directory_commit(&again, &error), &error);
    check_whole(target, "new");
    sbj_directory_abort(&directory);
    check_whole(target, "new");
}
END_TEST

START_TEST(no_memory)
{
    failing_alloc heap;
    sbj_directory directory;
    size_t n = 0;
    const char *target = temporary_path("m");
    do {
        sbertja_error error;
        failing_alloc_init(&heap, ++n);
        fill(target, "old");
        sbertja_status status = sbj_directory_begin(&heap.alloc, target, &ours, &directory, &error);
        if (status == SBERTJA_OK) {
            fill(directory.path, "new");
            status = sbj_directory_commit(&directory, &error);
        }
        sbj_directory_abort(&directory);
        ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
        check_whole(target, status == SBERTJA_OK ? "new" : "old");
        ck_assert_int_eq(entries(temporary_path("")), 1);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
}
END_TEST

/* ---- A disk that is full ---- */

static int fill_a_small_disk(const char *folder)
{
    static char block[1 << 14];
    char target[300];
    sbj_directory directory;
    sbertja_error error;
    sbertja_status status = SBERTJA_OK;
    if (!own_mounts() || mount("none", folder, "tmpfs", 0, "size=128k") != 0)
        return 77;
    snprintf(target, sizeof target, "%s/m", folder);
    fill(target, "old");
    begin(target, &ours, &directory);
    for (int i = 0; i < 20 && status == SBERTJA_OK; i++) {
        char path[600];
        snprintf(path, sizeof path, "%s/part%d", directory.path, i);
        status = sbj_write_file(path, block, sizeof block, &error);
    }
    sbj_directory_abort(&directory);
    EXPECT(status == SBERTJA_E_IO && strstr(error.message, "No space left") != NULL);
    EXPECT(is_whole(target, "old") && entries(folder) == 1);
    return 0;
}

START_TEST(a_full_disk)
{
    in_a_process("io/directory a_full_disk", "mounting a small disk is not allowed here", fill_a_small_disk);
}
END_TEST

enum { NAMES = sizeof names / sizeof *names };

SUITE_MAIN("io/directory", 20, {made_where_nothing_was, NAMES}, {other_files_stay, 0}, {replaced, NAMES}, {an_empty_directory_is_replaced, 0},
           {a_link_stays_a_link, 0}, {links_inside_are_not_followed, 0},
           {rights_are_kept, 0}, {owners_are_kept, 0}, {hard_links_keep_their_content, 0},
           {companions_are_accepted, 0}, {refused, 0}, {aborted, 2}, {what_came_meanwhile_is_not_deleted, 0},
           {what_a_save_left_meanwhile_is_replaced, 0},
           {what_went_meanwhile_is_no_matter, 0}, {the_new_one_disappears, 0}, {killed, 0}, {no_memory, 0},
           {a_full_disk, 0})
