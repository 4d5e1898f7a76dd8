/* A folder for the directories that a test saves; deleted with all that is in it at the end of the process that made it. */
#ifndef TEMPORARY_H
#define TEMPORARY_H

/* "FOLDER/name"; up to eight results are valid at a time. */
const char *temporary_path(const char *name);

#endif
