/* Normalization by pieces: a text can be cut before every character that is stable (see normalize.h), so only the
 * pieces that hold something unstable go through utf8proc.
 *
 * Versions of Unicode: utf8proc 2.8 knows Unicode 15.0. Python 3.11 (unicodedata 14.0) differs from it only in the
 * characters that 15.0 added; of these U+1E030 to U+1E06D have a compatibility decomposition. Python 3.12 agrees on
 * all. */
#include "text/normalize.h"

#include <utf8proc.h>

#include "text/utf8.h"

enum { PLANE = 0x10000, HANGUL = 0xAC00, HANGUL_END = 0xD7A4, LONGEST_DECOMPOSITION = 32 };

static void set(uint32_t *bits, uint32_t character, bool value)
{
    uint32_t bit = 1u << (character & 31);
    bits[character >> 5] = value ? bits[character >> 5] | bit : bits[character >> 5] & ~bit;
}

static bool is_stable(const uint32_t *bits, uint32_t character)
{
    return character < PLANE && (bits[character >> 5] >> (character & 31) & 1);
}

/* Marks a character that decomposes, reorders, or composes with what stands before it. The last is known by its being
 * a later part of some other character's decomposition. */
static void mark_unstable(uint32_t *bits, uint32_t character, utf8proc_option_t options, bool composes)
{
    utf8proc_int32_t parts[LONGEST_DECOMPOSITION];
    utf8proc_ssize_t count =
        utf8proc_decompose_char((utf8proc_int32_t)character, parts, LONGEST_DECOMPOSITION, options, NULL);
    bool changes = count != 1 || parts[0] != (utf8proc_int32_t)character;
    if (utf8proc_get_property((utf8proc_int32_t)character)->combining_class != 0 || (changes && !composes))
        set(bits, character, false);
    if (!composes)
        return;
    for (utf8proc_ssize_t i = 1; i < count && i < LONGEST_DECOMPOSITION; i++)
        if (parts[i] < PLANE)
            set(bits, (uint32_t)parts[i], false);
}

static bool recomposes(uint32_t character)
{
    utf8proc_int32_t parts[LONGEST_DECOMPOSITION];
    utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
    utf8proc_ssize_t count =
        utf8proc_decompose_char((utf8proc_int32_t)character, parts, LONGEST_DECOMPOSITION, options, NULL);
    if (count < 1 || count > LONGEST_DECOMPOSITION)
        return false;
    return utf8proc_normalize_utf32(parts, count, options) == 1 && parts[0] == (utf8proc_int32_t)character;
}

static void set_range(uint32_t *bits, uint32_t first, uint32_t end, bool value)
{
    for (uint32_t c = first; c < end; c++)
        set(bits, c, value);
}

/* Syllables decompose by rule into jamo, of which a vowel or a final one composes with what stands before it. */
static void mark_hangul(sbj_normalizer *normalizer)
{
    set_range(normalizer->decomposed, HANGUL, HANGUL_END, false);
    set_range(normalizer->composed, 0x1161, 0x1176, false);
    set_range(normalizer->composed, 0x11A8, 0x11C3, false);
}

/* Nearly all characters: they neither decompose nor move, so there is nothing to try out. */
static bool is_plain(uint32_t character)
{
    const utf8proc_property_t *property = utf8proc_get_property((utf8proc_int32_t)character);
    return property->decomp_seqindex == UINT16_MAX && property->combining_class == 0;
}

void sbj_normalizer_init(sbj_normalizer *normalizer)
{
    memset(normalizer, 0xFF, sizeof *normalizer);
    mark_hangul(normalizer);
    for (uint32_t c = 0; c < PLANE; c++) {
        if ((c >= 0xD800 && c < 0xE000) || (c >= HANGUL && c < HANGUL_END) || is_plain(c))
            continue; /* surrogates never occur, syllables are marked, and others are as they begin */
        mark_unstable(normalizer->composed, c, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE, true);
        if (!recomposes(c))
            set(normalizer->composed, c, false);
        mark_unstable(normalizer->decomposed, c, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE, false);
    }
}

void sbj_normalize_scratch_free(sbj_normalize_scratch *scratch)
{
    sbj_free(scratch->alloc, scratch->characters);
    scratch->characters = NULL;
    scratch->capacity = 0;
}

/* Appends the normalized piece to `out`. */
static sbertja_status normalize_piece(utf8proc_option_t options, sbj_span piece, sbj_normalize_scratch *scratch,
                                      sbj_strbuf *out, sbertja_error *error)
{
    utf8proc_ssize_t count;
    size_t room = piece.length;
    for (;;) {
        /* One more than the characters: utf8proc writes the bytes and a NUL over them. */
        if (!sbj_add(room, 1, &room) ||
            !sbj_grow(scratch->alloc, (void **)&scratch->characters, &scratch->capacity, 0, room, sizeof(int32_t)))
            return sbj_no_memory(error, room);
        count = utf8proc_decompose((const utf8proc_uint8_t *)piece.text, (utf8proc_ssize_t)piece.length,
                                   scratch->characters, (utf8proc_ssize_t)(scratch->capacity - 1), options);
        if (count < 0 || (size_t)count < scratch->capacity)
            break;
        room = (size_t)count;
    }
    if (count >= 0)
        count = utf8proc_reencode(scratch->characters, count, options);
    if (count < 0)
        return sbj_fail(error, SBERTJA_E_INTERNAL, "normalization failed: %s", utf8proc_errmsg(count));
    sbj_strbuf_bytes(out, (const char *)scratch->characters, (size_t)count);
    return SBERTJA_OK;
}

/* The first unstable character from `at` on; `*start` is where the last stable one before it begins, which it may
 * change. The length of the text if all are stable. */
static size_t find_unstable(const uint32_t *stable, sbj_span text, size_t at, size_t *start)
{
    *start = at;
    while (at < text.length) {
        size_t bytes;
        if (!is_stable(stable, sbj_utf8_next(text.text + at, &bytes)))
            return at;
        *start = at;
        at += bytes;
    }
    return at;
}

static size_t find_stable(const uint32_t *stable, sbj_span text, size_t at)
{
    size_t bytes;
    while (at < text.length && !is_stable(stable, sbj_utf8_next(text.text + at, &bytes)))
        at += bytes;
    return at;
}

sbertja_status sbj_normalize(const sbj_normalizer *normalizer, sbj_form form, sbj_span text,
                             sbj_normalize_scratch *scratch, sbj_strbuf *out, sbj_span *result, sbertja_error *error)
{
    static const utf8proc_option_t options[] = {
        [SBJ_NFKC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT,
        [SBJ_NFC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE,
        [SBJ_NFD] = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE,
    };
    const uint32_t *stable = form == SBJ_NFD ? normalizer->decomposed : normalizer->composed;
    size_t start, done = 0, at = find_unstable(stable, text, 0, &start);
    *result = text;
    if (at == text.length)
        return SBERTJA_OK;
    sbj_strbuf_clear(out);
    while (at < text.length) {
        size_t end = find_stable(stable, text, at);
        sbj_span piece = {text.text + start, end - start};
        sbj_strbuf_bytes(out, text.text + done, start - done);
        sbertja_status status = normalize_piece(options[form], piece, scratch, out, error);
        if (status != SBERTJA_OK)
            return status;
        done = end;
        at = find_unstable(stable, text, end, &start);
    }
    sbj_strbuf_bytes(out, text.text + done, text.length - done);
    if (out->failed)
        return sbj_no_memory(error, text.length);
    *result = (sbj_span){out->text, out->length};
    return SBERTJA_OK;
}
