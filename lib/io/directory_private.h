/* The steps of directory.c that its tests take one by one. */
#ifndef SBJ_DIRECTORY_PRIVATE_H
#define SBJ_DIRECTORY_PRIVATE_H

#include "io/directory.h"

/* Syncs every file and directory below `path`, and itself. */
sbertja_status sbj_sync_tree(const char *path, sbertja_error *error);
/* Deletes `path` with all below it as far as that is possible. A symbolic link is deleted, never followed. */
void sbj_delete_tree(const char *path);

/* Moves every entry of `from` that is no part, and that `to` has no entry of the same name for, to `to`. */
sbertja_status sbj_move_others(const char *from, const char *to, bool (*is_part)(const char *name),
                               sbertja_error *error);

/* Puts `fresh` in the place of `target`, which is there, by one exchange: the old one then has the name `fresh`.
 * `*supported` false (and _E_IO): nothing was done, the system cannot. */
sbertja_status sbj_exchange(const char *fresh, const char *target, bool *supported, sbertja_error *error);
/* The same by two renames; `*old` is the name that the old one then has. If the second one fails the first is undone. */
sbertja_status sbj_rename_twice(const sbj_alloc *alloc, const char *fresh, const char *target, char **old,
                                sbertja_error *error);

#endif
