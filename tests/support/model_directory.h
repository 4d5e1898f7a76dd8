/* A model directory to spoil: a copy of one of tests/data/tiny, in the folder that temporary.h gives. */
#ifndef MODEL_DIRECTORY_H
#define MODEL_DIRECTORY_H

#include "model/model.h"

/* Copies tests/data/tiny/SOURCE and returns the copy's path, which stays the same and valid within a test. */
const char *model_directory(const char *source);
/* Writes a file of it; the folders above are made. */
void model_directory_put(const char *name, const void *content, size_t size);
void model_directory_text(const char *name, const char *text);
/* Sets a key of a JSON file to a value, itself JSON; NULL: takes the key out. */
void model_directory_set(const char *name, const char *key, const char *value);
void model_directory_delete(const char *name);

/* Loads it on "ref", which may fail. */
sbertja_status model_directory_load(sbj_model **model, sbertja_error *error);
/* The error's text with "DIR" for the directory's path; valid until the next call. */
const char *model_directory_message(const sbertja_error *error);

#endif
