/* Files and directories. Errors name the path and the system's reason. */
#ifndef SBJ_FILE_H
#define SBJ_FILE_H

#include "io/input.h"
#include "util/strbuf.h"

/* A whole file, mapped read-only and private: for those who ask for it, since a file that is cut short then ends the
 * process. Stays valid when the file is replaced or deleted. */
typedef struct sbj_map {
    const unsigned char *data; /* never NULL after success, also for an empty file */
    size_t size;
    bool mapped;
} sbj_map;

sbertja_status sbj_map_open(const char *path, sbj_map *map, sbertja_error *error); /* a directory is an error */
sbertja_status sbj_input_map(const sbj_input *input, sbj_map *map, sbertja_error *error); /* may be closed afterwards */
void sbj_map_close(sbj_map *map); /* takes a zeroed one */
/* Gives back the memory of the whole pages in `size` bytes at `data`, which lie in the map; they come back from the file
 * when they are read again. */
void sbj_map_forget(const sbj_map *map, const void *data, size_t size);

/* "directory/name" in a new string. An empty directory means name alone. */
sbertja_status sbj_path_join(const sbj_alloc *alloc, const char *directory, const char *name, char **path,
                             sbertja_error *error);
/* Whether a file that need not be there is there. Only "no such file or directory" means that it is not; what cannot be
 * looked at (permissions, a link in a circle), a link to nothing, and anything but a regular file is _E_IO with the path
 * and the reason, so that a fault is never taken for absence. */
sbertja_status sbj_find_file(const char *path, bool *found, sbertja_error *error);
/* _E_IO with the reason unless this is a directory. */
sbertja_status sbj_check_directory(const char *path, sbertja_error *error);
/* For questions whose only answer is yes or no, such as whether a directory may be replaced; a fault is a no. */
bool sbj_is_file(const char *path);
bool sbj_has_file(const char *directory, const char *name); /* a regular file of that name */
bool sbj_is_directory(const char *path);
/* The first name in the directory, in the order of its bytes, that begins and ends so; false: none. */
bool sbj_find_name(const char *directory, const char *begin, const char *end, char name[256]);
sbertja_status sbj_make_directories(const char *path, sbertja_error *error); /* with parents; there already: good */

/* A new file with this content, synced to the disk; whatever stood there is replaced. Not atomic: for files in a
 * directory that is being built (see directory.h). */
sbertja_status sbj_write_file(const char *path, const void *data, size_t size, sbertja_error *error);
/* The same of `count` pieces, each asked for when the one before is written. */
typedef sbertja_status (*sbj_piece)(void *context, size_t index, const void **data, size_t *size, sbertja_error *error);
sbertja_status sbj_write_pieces(const char *path, size_t count, sbj_piece piece, void *context, sbertja_error *error);
/* As sbj_write_file, whole or not at all: a temporary file beside it is synced and renamed. A file that is itself a mount
 * point cannot be replaced and is overwritten. */
sbertja_status sbj_replace_file(const char *path, const void *data, size_t size, sbertja_error *error);

#endif
