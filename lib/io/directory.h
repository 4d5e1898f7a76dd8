/* Replacing a directory as a whole. At any instant the old or the new one is there, complete.
 *
 *   sbj_directory_begin   makes "TARGET.new-XXXXXX" beside the target (and the target's parents)
 *   ...                   the caller writes files into `.path`, and may make sub-directories
 *   sbj_directory_commit  syncs it all and exchanges the two in one step (renameat2 with RENAME_EXCHANGE; a plain
 *                         rename where there was nothing; where the system has no exchange, two renames with the old one
 *                         kept as "TARGET.old-XXXXXX" in between), then deletes the old one.
 *                         If one of ours has come meanwhile (another process saved there), it is replaced too; anything else
 *                         stays, and commit fails
 *   sbj_directory_abort   deletes what was begun; harmless after commit
 */
#ifndef SBJ_DIRECTORY_H
#define SBJ_DIRECTORY_H

#include "io/file.h"

/* What may be replaced. */
typedef struct sbj_directory_kind {
    bool (*is_ours)(const char *path); /* whether an existing, non-empty directory is one of these */
    bool (*is_part)(const char *name); /* whether an entry of it belongs to it, and goes with it; NULL: all do */
} sbj_directory_kind;

typedef struct sbj_directory {
    const sbj_alloc *alloc;
    char *target, *path; /* path: where to write; NULL when nothing is begun */
    bool replaces;       /* whether something of ours stood there at the beginning */
    const sbj_directory_kind *kind;
} sbj_directory;

/* `kind` says whether an existing, non-empty target may be replaced; if not, _E_IO names it and nothing is made. What
 * stands in it and is no part of its kind (a note, a folder of the user's) is moved into the new one at the end of commit,
 * unless that has an entry of the same name. */
sbertja_status sbj_directory_begin(const sbj_alloc *alloc, const char *target, const sbj_directory_kind *kind,
                                   sbj_directory *directory, sbertja_error *error);
sbertja_status sbj_directory_commit(sbj_directory *directory, sbertja_error *error);
void sbj_directory_abort(sbj_directory *directory); /* takes a zeroed one */
/* Whether two targets are one or lie one in the other, so that replacing one would take the other away. Their parents
 * exist; the targets themselves need not. */
bool sbj_directories_overlap(const char *a, const char *b);

#endif
