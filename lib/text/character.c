/* One token a character. */
#include "text/character.h"

#include "text/utf8.h"

void sbj_characters(const sbj_vocabulary *vocabulary, int32_t unknown, sbj_span word, sbj_ids *ids)
{
    size_t bytes;
    for (size_t at = 0; at < word.length; at += bytes) {
        uint64_t hash = sbj_vocabulary_hash(vocabulary->word_hash, sbj_utf8_next(word.text + at, &bytes));
        int32_t id = sbj_vocabulary_find_hashed(vocabulary, hash, false, (sbj_span){word.text + at, bytes});
        sbj_ids_add(ids, id < 0 ? unknown : id);
    }
}
