/* The calls into libmecab, which is written in C++ and throws when it has no memory. An exception must not travel through
 * C, so each call is behind a function that catches everything. */
#ifndef SBJ_MECAB_SHIM_H
#define SBJ_MECAB_SHIM_H

#include <mecab.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum sbj_mecab_result {
    SBJ_MECAB_OK,
    SBJ_MECAB_FAILED,   /* libmecab said no: see mecab_strerror */
    SBJ_MECAB_NO_MEMORY /* it threw std::bad_alloc or std::length_error */
} sbj_mecab_result;

sbj_mecab_result sbj_mecab_model_new(int count, char **arguments, mecab_model_t **model);
sbj_mecab_result sbj_mecab_tagger_new(mecab_model_t *model, mecab_t **tagger);
sbj_mecab_result sbj_mecab_lattice_new(mecab_model_t *model, mecab_lattice_t **lattice);
/* Parses `length` bytes. After anything but SBJ_MECAB_OK the lattice may only be destroyed. */
sbj_mecab_result sbj_mecab_parse(mecab_t *tagger, mecab_lattice_t *lattice, const char *text, size_t length);
/* The dictionary's words, known and unknown, that begin at `begin`, linked by `bnext`; blanks are skipped first. They stay valid
 * until the lattice is cleared, by sbj_mecab_clear or by the next parse. */
sbj_mecab_result sbj_mecab_lookup(mecab_model_t *model, const char *begin, const char *end, mecab_lattice_t *lattice,
                                  mecab_node_t **nodes);
sbj_mecab_result sbj_mecab_clear(mecab_lattice_t *lattice);
/* All three accept NULL. */
void sbj_mecab_model_destroy(mecab_model_t *model);
void sbj_mecab_tagger_destroy(mecab_t *tagger);
void sbj_mecab_lattice_destroy(mecab_lattice_t *lattice);

#ifdef __cplusplus
}
#endif
#endif
