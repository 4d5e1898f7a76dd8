/* The table of kanji is that of JIS X 0208, and what else is Japanese. */
#include <stdio.h>

#include "support/naive_vocabulary.h"
#include "support/suite.h"
#include "text/jis.h"

START_TEST(kanji)
{
    size_t count = 0;
    const bool compared = naive_has_iconv();
    if (!compared)
        printf("SKIP: text/jis: comparison with iconv: it does not know EUC-JP here\n");
    for (uint32_t c = 0; c < 0x20000; c++) {
        count += sbj_is_jis_kanji(c);
        /* iconv is slow; all of the table's blocks, and a few others. */
        if (compared && c >= 0x3000 && c < 0xA000 && (c < 0xD800 || c > 0xDFFF))
            ck_assert_msg(sbj_is_jis_kanji(c) == naive_is_kanji(c), "U+%04X", c);
    }
    ck_assert_uint_eq(count, 6355);
    ck_assert(!sbj_is_jis_kanji(UINT32_MAX));
}
END_TEST

static const struct {
    const char *name;
    uint32_t character;
    bool japanese;
} characters[] = {
    {"a blank", ' ', false},
    {"ASCII, first", '!', true},
    {"ASCII, last", '~', true},
    {"delete", 0x7F, false},
    {"Latin", 0xE9, false},
    {"Greek", 0x3B1, false},
    {"before the kana", 0x2FFF, false},
    {"an iteration mark", 0x3005, true},
    {"hiragana", 0x3042, true},
    {"the long vowel", 0x30FC, true},
    {"behind the kana", 0x3100, false},
    {"level 1", 0x4E9C, true},
    {"level 2, the last", 0x7199, true},
    {"JIS X 0212", 0x4E02, false},
    {"JIS X 0213", 0x9AD9, false},
    {"Hangul", 0xAC00, false},
    {"full width", 0xFF21, true},
    {"half-width kana", 0xFF71, true},
    {"an emoji", 0x1F600, false},
};
enum { CHARACTERS = sizeof characters / sizeof *characters };

START_TEST(japanese)
{
    ck_assert_msg(sbj_is_japanese(characters[_i].character) == characters[_i].japanese, "%s", characters[_i].name);
}
END_TEST

SUITE_MAIN("text/jis", 20, {kanji, 0}, {japanese, CHARACTERS})
