/* A WordPiece vocabulary from plain texts: counts their words, then finds pieces (alphabet.h, merge.h). */
#ifndef SBJ_VOCABULARY_TRAINER_H
#define SBJ_VOCABULARY_TRAINER_H

#include "util/alloc.h"
#include "util/use.h"

typedef struct sbj_vocabulary_trainer sbj_vocabulary_trainer;

/* As the public functions of the same names; the strings of `options` are not kept. */
sbertja_status sbj_vocabulary_trainer_create(const sbertja_vocabulary_options *options,
                                             sbj_vocabulary_trainer **trainer, sbertja_error *error);
sbertja_status sbj_vocabulary_trainer_add(sbj_vocabulary_trainer *trainer, const char *const *texts,
                                          const size_t *lengths, size_t count, sbertja_error *error);
sbertja_status sbj_vocabulary_trainer_finish(sbj_vocabulary_trainer *trainer, const char *path,
                                             sbertja_vocabulary_summary *summary, sbertja_error *error);
void sbj_vocabulary_trainer_free(sbj_vocabulary_trainer *trainer);
sbj_use *sbj_vocabulary_trainer_use(sbj_vocabulary_trainer *trainer); /* for the caller to begin and end */

#endif
