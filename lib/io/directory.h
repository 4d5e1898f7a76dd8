/* Replacing a directory as a whole. At any instant the old or the new one is there, complete.
 *
 *   sbj_directory_begin   makes "TARGET.new-XXXXXX" beside the target (and the target's parents)
 *   ...                   the caller writes files into `.path`, and may make sub-directories
 *   sbj_directory_commit  syncs it all and exchanges the two in one step (renameat2 with RENAME_EXCHANGE; a plain
 *                         rename where there was nothing), then deletes the old one.
 *                         If one of ours has come meanwhile (another process saved there), it is replaced too; anything else
 *                         stays, and commit fails
 *   sbj_directory_abort   deletes what was begun; harmless after commit
 *
 * Not every directory can be exchanged: a mount point cannot, nor one that has another one inside, nor one whose parent may
 * not be written to; and the working directory would be exchanged under the process's feet. Those are replaced in place,
 * file by file (install.c), and a reader that asks sbj_directory_current sees the old or the new one there, too.
 *
 * The new one takes over the owner, group, mode and extended attributes (ACLs among them) of the old one and of its files,
 * as far as the process may set them. What a killed save left behind is deleted by the next one (claim.h). */
#ifndef SBJ_DIRECTORY_H
#define SBJ_DIRECTORY_H

#include <limits.h>

#include "io/claim.h"

/* What may be replaced. */
typedef struct sbj_directory_kind {
    /* Whether an existing, non-empty directory is one of these. Only a lack of memory is an error. */
    sbertja_status (*is_ours)(const char *path, bool *ours, sbertja_error *error);
    bool (*is_part)(const char *name); /* whether an entry of it belongs to it, and goes with it; NULL: all do */
    const char *last; /* a file without which other programs do not open it; in place it comes last. NULL: none */
} sbj_directory_kind;

typedef struct sbj_directory {
    const sbj_alloc *alloc;
    char *target;
    const char *path; /* where to write; NULL when nothing is begun */
    bool replaces;    /* whether something of ours was there at the beginning */
    bool in_place;
    const sbj_directory_kind *kind;
    sbj_claim claim; /* of `path` */
} sbj_directory;

/* `kind` says whether an existing, non-empty target may be replaced. So may one that holds nothing but what people keep
 * beside a model (.csv, .log and .md files, hidden files, "eval", "logs", "runs", "lost+found", checkpoints). If it may not,
 * _E_IO names what is in the way and nothing is made. What is no part of its kind (a note, a folder of the user's) is moved
 * into the new one at the end of commit, unless that has an entry of the same name. */
sbertja_status sbj_directory_begin(const sbj_alloc *alloc, const char *target, const sbj_directory_kind *kind,
                                   sbj_directory *directory, sbertja_error *error);
sbertja_status sbj_directory_commit(sbj_directory *directory, sbertja_error *error);
void sbj_directory_abort(sbj_directory *directory); /* takes a zeroed one */

/* Where to read a directory that may be in the middle of being replaced in place: `path` itself, or the complete new one
 * inside it, whose path is then in `buffer`. */
const char *sbj_directory_current(const char *path, char buffer[PATH_MAX]);

/* Bytes that are free on the file system that `path` would be made on; SIZE_MAX if that cannot be found out. */
size_t sbj_free_space(const char *path);

/* Whether two targets are one or lie one in the other, so that replacing one would take the other away. Their parents
 * exist; the targets themselves need not. */
bool sbj_directories_overlap(const char *a, const char *b);

#endif
