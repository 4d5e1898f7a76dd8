/* Small directories for the tests of lib/io/directory.h: one file "ours" with a content, and a folder inside. */
#ifndef OURS_H
#define OURS_H

#include "io/directory.h"

extern const sbj_directory_kind ours;        /* every entry is a part */
extern const sbj_directory_kind ours_only;   /* "ours", "1_Pooling" and "stale" are parts, "ours" the last */

void must(sbertja_status status, const sbertja_error *error);
/* _E_IO with this text in its message. */
void must_fail(sbertja_status status, const sbertja_error *error, const char *text);

void put(const char *directory, const char *name, const char *content); /* a file; the directory is there */
void fill(const char *path, const char *content);                       /* a directory of ours */
void check_whole(const char *path, const char *content);                /* as `fill` left it, or a save of it */
bool is_whole(const char *path, const char *content);
int entries(const char *path);
void begin(const char *target, const sbj_directory_kind *kind, sbj_directory *directory);
/* Begin, fill, commit. */
sbertja_status save(const char *target, const sbj_directory_kind *kind, const char *content, sbertja_error *error);

/* Runs `work` on a temporary folder in a process of its own and checks that it gives 0, which else is the line that failed
 * (see EXPECT). 77 is a skip, which is printed with `name` and the reason. */
void in_a_process(const char *name, const char *reason, int (*work)(const char *folder));
#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            return __LINE__ % 251 == 77 || __LINE__ % 251 == 0 ? 1 : __LINE__ % 251;                                   \
    } while (0)
bool own_mounts(void); /* for `work`: false if mounting is not allowed here */

#endif
