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

typedef struct sbj_directory {
    const sbj_alloc *alloc;
    char *target, *path; /* path: where to write; NULL when nothing is begun */
    bool replaces;       /* whether something of ours stood there at the beginning */
    bool (*is_ours)(const char *path);
} sbj_directory;

/* `is_ours` says whether an existing, non-empty target may be replaced; if not, _E_IO names it and nothing is made. */
sbertja_status sbj_directory_begin(const sbj_alloc *alloc, const char *target, bool (*is_ours)(const char *path),
                                   sbj_directory *directory, sbertja_error *error);
sbertja_status sbj_directory_commit(sbj_directory *directory, sbertja_error *error);
void sbj_directory_abort(sbj_directory *directory); /* takes a zeroed one */
/* Whether two targets are one or lie one in the other, so that replacing one would take the other away. Their parents
 * exist; the targets themselves need not. */
bool sbj_directories_overlap(const char *a, const char *b);

#endif
