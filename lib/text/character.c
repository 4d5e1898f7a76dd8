/* One token a character. */
#include "text/character.h"

#include "text/utf8.h"

void sbj_characters(const sbj_vocabulary *vocabulary, int32_t unknown, sbj_span word, sbj_ids *ids)
{
    size_t bytes;
    for (size_t at = 0; at < word.length; at += bytes) {
        const uint32_t character = sbj_utf8_next(word.text + at, &bytes);
        const int32_t id =
            sbj_vocabulary_find_key(vocabulary, sbj_vocabulary_key(0, 0, character), false, &character, 1);
        sbj_ids_add(ids, id < 0 ? unknown : id);
    }
}
