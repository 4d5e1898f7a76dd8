/* The characters that ordinary Japanese text is written in. */
#ifndef SBJ_JIS_H
#define SBJ_JIS_H

#include <stdbool.h>
#include <stdint.h>

bool sbj_is_jis_kanji(uint32_t character); /* of JIS X 0208, levels 1 and 2: 6355 characters */
/* Those, kana, the punctuation beside them (U+3000 to U+30FF), printing ASCII, and full-width and half-width forms. */
bool sbj_is_japanese(uint32_t character);

#endif
