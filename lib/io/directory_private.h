/* The steps of directory.c that its tests take one by one. */
#ifndef SBJ_DIRECTORY_PRIVATE_H
#define SBJ_DIRECTORY_PRIVATE_H

#include "io/directory.h"

/* ---- tree.c: walking ---- */

/* Syncs every file and directory below `path`, and itself. */
sbertja_status sbj_sync_tree(const char *path, sbertja_error *error);
/* Deletes `path` with all below it as far as that is possible. A symbolic link is deleted, never followed. */
void sbj_delete_tree(const char *path);
void sbj_delete_entry(int parent, const char *name); /* the same of an entry of an open directory */
/* Opens a directory, not a link to one; -1 and errno. */
int sbj_open_directory(int parent, const char *name);
bool sbj_is_self_or_parent(const char *name);
/* Calls `visit` for each entry of the open directory, in the order of the directory, until it returns an errno. */
int sbj_each_entry(int directory, int (*visit)(int directory, const char *name, void *context), void *context);

/* Deletes the directory `old`, whose place `target` has taken. Every entry that is no part (NULL: all are), and that
 * `target` has no entry of the same name for, is moved there and never deleted, whatever other saves do meanwhile. */
sbertja_status sbj_retire(const char *old, const char *target, bool (*is_part)(const char *name),
                          sbertja_error *error);

/* Puts `fresh` in the place of `target`, which is there, by one exchange: the old one then has the name `fresh`. */
sbertja_status sbj_exchange(const char *fresh, const char *target, sbertja_error *error);

/* ---- attributes.c ---- */

/* Gives every entry of the tree `fresh` (and itself) the owner, group, mode and extended attributes of its counterpart in
 * `old`; an entry without one belongs to whom `old` does. What the process may not set stays as it is. */
void sbj_keep_attributes(const char *old, const char *fresh);
void sbj_copy_attributes(int from, int to); /* of open files or directories */

/* ---- install.c ---- */

/* Replaces the parts of `target`, a directory, by the entries of `staged`, a complete and synced directory that is gone
 * afterwards. */
sbertja_status sbj_install(const sbj_alloc *alloc, const char *staged, const char *target,
                           const sbj_directory_kind *kind, sbertja_error *error);
/* Completes what a killed process began; nothing to do is good. */
sbertja_status sbj_install_finish(const sbj_alloc *alloc, const char *target, const sbj_directory_kind *kind,
                                  sbertja_error *error);
/* "TARGET/.sbertja": what the names of unfinished saves inside a target begin with. */
sbertja_status sbj_install_base(const sbj_alloc *alloc, const char *target, char **base, sbertja_error *error);
bool sbj_install_owns(const char *name); /* whether an entry of a target is one of these */

#endif
