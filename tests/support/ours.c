/* See ours.h. */
#include "support/ours.h"

#include <check.h>
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temporary.h"

static sbertja_status has_ours(const char *path, bool *found, sbertja_error *error)
{
    char buffer[PATH_MAX];
    (void)error;
    *found = sbj_has_file(sbj_directory_current(path, buffer), "ours");
    return SBERTJA_OK;
}

static bool is_part(const char *name)
{
    return strcmp(name, "ours") == 0 || strcmp(name, "1_Pooling") == 0 || strcmp(name, "stale") == 0;
}

const sbj_directory_kind ours = {has_ours, NULL, NULL}, ours_only = {has_ours, is_part, "ours"};

void must(sbertja_status status, const sbertja_error *error)
{
    ck_assert_msg(status == SBERTJA_OK, "%s", error->message);
}

void must_fail(sbertja_status status, const sbertja_error *error, const char *text)
{
    ck_assert_msg(status == SBERTJA_E_IO, "status %d", (int)status);
    ck_assert_msg(strstr(error->message, text) != NULL, "\"%s\" is not in: %s", text, error->message);
}

void put(const char *directory, const char *name, const char *content)
{
    char path[600];
    sbertja_error error;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    must(sbj_write_file(path, content, strlen(content), &error), &error);
}

void fill(const char *path, const char *content)
{
    char folder[600];
    sbertja_error error;
    snprintf(folder, sizeof folder, "%s/1_Pooling", path);
    must(sbj_make_directories(folder, &error), &error);
    put(path, "ours", content);
    put(folder, "config.json", content);
}

static bool has_content(const char *path, const char *name, const char *content)
{
    char file[600];
    sbj_map map;
    snprintf(file, sizeof file, "%s/%s", path, name);
    if (sbj_map_open(file, &map, NULL) != SBERTJA_OK)
        return false;
    const bool same = map.size == strlen(content) && memcmp(map.data, content, map.size) == 0;
    sbj_map_close(&map);
    return same;
}

bool is_whole(const char *path, const char *content)
{
    char buffer[PATH_MAX];
    path = sbj_directory_current(path, buffer);
    return has_content(path, "ours", content) && has_content(path, "1_Pooling/config.json", content);
}

void check_whole(const char *path, const char *content)
{
    ck_assert_msg(is_whole(path, content), "%s does not hold \"%s\"", path, content);
}

int entries(const char *path)
{
    int count = 0;
    DIR *list = opendir(path);
    ck_assert_ptr_nonnull(list);
    for (struct dirent *entry; (entry = readdir(list)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(list);
    return count;
}

void begin(const char *target, const sbj_directory_kind *kind, sbj_directory *directory)
{
    sbertja_error error;
    must(sbj_directory_begin(&sbj_malloc, target, kind, directory, &error), &error);
    ck_assert(sbj_is_directory(directory->path));
}

sbertja_status save(const char *target, const sbj_directory_kind *kind, const char *content, sbertja_error *error)
{
    sbj_directory directory;
    sbertja_status status = sbj_directory_begin(&sbj_malloc, target, kind, &directory, error);
    if (status == SBERTJA_OK) {
        fill(directory.path, content);
        status = sbj_directory_commit(&directory, error);
    }
    sbj_directory_abort(&directory);
    return status;
}

bool own_mounts(void)
{
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

void in_a_process(const char *name, const char *reason, int (*work)(const char *folder))
{
    int code;
    char folder[300];
    snprintf(folder, sizeof folder, "%s", temporary_path(""));
    folder[strlen(folder) - 1] = '\0'; /* the slash */
    const pid_t child = fork();
    if (child == 0)
        _exit(work(folder));
    ck_assert_int_eq(waitpid(child, &code, 0), child);
    ck_assert_msg(WIFEXITED(code), "%s: status %d", name, code);
    if (WEXITSTATUS(code) == 77)
        printf("SKIP: %s: %s\n", name, reason);
    else
        ck_assert_msg(WEXITSTATUS(code) == 0, "%s: failed at line %d (modulo 251)", name, WEXITSTATUS(code));
}
