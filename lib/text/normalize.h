/* Unicode normalization forms, through utf8proc. Most Japanese text is normalized already: what is needs one look-up a
 * character and no copy. */
#ifndef SBJ_NORMALIZE_H
#define SBJ_NORMALIZE_H

#include <stdint.h>

#include "text/span.h"
#include "util/strbuf.h"

typedef enum sbj_form { SBJ_NFKC, SBJ_NFC, SBJ_NFD } sbj_form;

/* One bit for each character of the basic plane: it stays as it is, and nothing before it changes because of it. */
typedef struct sbj_normalizer {
    uint32_t composed[0x10000 / 32];   /* in NFKC, and so in NFC */
    uint32_t decomposed[0x10000 / 32]; /* in NFD */
} sbj_normalizer;

typedef struct sbj_normalize_scratch {
    const sbj_alloc *alloc;
    int32_t *characters;
    size_t capacity;
} sbj_normalize_scratch;

void sbj_normalizer_init(sbj_normalizer *normalizer);
void sbj_normalize_scratch_free(sbj_normalize_scratch *scratch);

/* `*result` is `text` itself where nothing changes, else it lies in `out`, whose former content is lost. `text` is
 * valid UTF-8 and not in `out`. */
sbertja_status sbj_normalize(const sbj_normalizer *normalizer, sbj_form form, sbj_span text,
                             sbj_normalize_scratch *scratch, sbj_strbuf *out, sbj_span *result, sbertja_error *error);

#endif
