/* MeCab, through its C interface.
 *
 * A node's `length` (the word) and `rlength` (the same with the blanks before it) are 16 bits wide, inside MeCab's own
 * search too: more than 65535 bytes of blanks before a word make it lose or repeat words. So in a text that long a long
 * run of blanks is shortened first, which changes no word: MeCab only skips them. The words themselves cannot grow that
 * long, since MeCab joins at most 24 unknown characters (unless a dicrc says otherwise: that is found out and refused).
 */
#include "text/mecab.h"

#include <mecab.h>

#include "io/file.h"
#include "io/input.h"
#include "text/utf8.h"
#include "util/strbuf.h"

enum {
    LONGEST_NODE = 65535,  /* bytes */
    LONGEST_BLANKS = 1024, /* bytes; of those in a row that are more only one is left */
    BASIC_PLANE = 0xFFFF,  /* characters that char.bin knows */
};

struct sbj_mecab {
    sbj_alloc alloc;
    mecab_model_t *model;
    uint32_t blank[BASIC_PLANE / 32 + 1]; /* one bit for each character of the dictionary's category SPACE */
};

struct sbj_mecab_parser {
    const sbj_mecab *mecab;
    mecab_t *tagger;
    mecab_lattice_t *lattice;
    sbj_strbuf shortened;
};

/* char.bin: the number of categories, their names in 32 bytes each, and 32 bits for each of 65535 characters, of which
 * the lowest 18 say to which categories it belongs. The blank belongs to SPACE by definition. */
static sbertja_status read_blanks(const char *path, sbj_mecab *mecab, sbertja_error *error)
{
    const uint32_t categories = 0x3FFFF;
    uint32_t count = 0, space, character;
    sbj_content file;
    sbertja_status status = sbj_content_read(&mecab->alloc, path, &file, error);
    if (status != SBERTJA_OK)
        return status;
    if (file.size >= sizeof count)
        memcpy(&count, file.data, sizeof count);
    if (count > 32 || file.size != sizeof count + 32 * (size_t)count + sizeof character * BASIC_PLANE) {
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: expected a table of characters, found %zu bytes", path, file.size);
        sbj_content_free(&file);
        return status;
    }
    const unsigned char *table = file.data + sizeof count + 32 * (size_t)count;
    memcpy(&space, table + sizeof space * ' ', sizeof space);
    for (size_t c = 0; c < BASIC_PLANE; c++) {
        memcpy(&character, table + sizeof character * c, sizeof character);
        if (character & space & categories)
            mecab->blank[c / 32] |= 1u << (c % 32);
    }
    sbj_content_free(&file);
    return SBERTJA_OK;
}

/* MeCab's reasons are lines such as "tagger.cpp(151) [load_dictionary_resource(param)] ...". */
static sbertja_status fail_open(const char *folder, sbertja_error *error)
{
    const char *reason = mecab_strerror(NULL);
    if (reason == NULL || reason[0] == '\0')
        reason = "no reason given";
    return sbj_fail(error, SBERTJA_E_FORMAT, "%s: MeCab cannot open this dictionary: %.*s", folder,
                    (int)strcspn(reason, "\r\n"), reason);
}

sbertja_status sbj_mecab_open(const sbj_alloc *alloc, const char *folder, sbj_mecab **mecab, sbertja_error *error)
{
    char *own_rc = NULL, *characters = NULL;
    bool has_rc = false;
    sbj_mecab *opened = sbj_new(alloc, 1, sizeof *opened);
    sbertja_status status = SBERTJA_OK;
    *mecab = NULL;
    if (opened == NULL)
        return sbj_no_memory(error, sizeof *opened);
    opened->alloc = *alloc;
    if ((status = sbj_path_join(alloc, folder, "char.bin", &characters, error)) != SBERTJA_OK ||
        (status = sbj_path_join(alloc, folder, "mecabrc", &own_rc, error)) != SBERTJA_OK ||
        (status = read_blanks(characters, opened, error)) != SBERTJA_OK ||
        (status = sbj_find_file(own_rc, &has_rc, error)) != SBERTJA_OK)
        goto done;
    const char *rc = has_rc ? own_rc : "/dev/null";
    const char *arguments[] = {"mecab", "-d", folder, "-r", rc};
    opened->model = mecab_model_new(sizeof arguments / sizeof *arguments, (char **)arguments);
    if (opened->model == NULL)
        status = fail_open(folder, error);
done:
    sbj_free(alloc, characters);
    sbj_free(alloc, own_rc);
    if (status == SBERTJA_OK)
        *mecab = opened;
    else
        sbj_mecab_close(opened);
    return status;
}

void sbj_mecab_close(sbj_mecab *mecab)
{
    if (mecab == NULL)
        return;
    if (mecab->model != NULL)
        mecab_model_destroy(mecab->model);
    sbj_alloc alloc = mecab->alloc;
    sbj_free(&alloc, mecab);
}

sbertja_status sbj_mecab_parser_create(const sbj_mecab *mecab, sbj_mecab_parser **parser, sbertja_error *error)
{
    sbj_mecab_parser *made = sbj_new(&mecab->alloc, 1, sizeof *made);
    *parser = NULL;
    if (made == NULL)
        return sbj_no_memory(error, sizeof *made);
    made->mecab = mecab;
    made->shortened = (sbj_strbuf)SBJ_STRBUF(&mecab->alloc);
    made->tagger = mecab_model_new_tagger(mecab->model);
    made->lattice = mecab_model_new_lattice(mecab->model);
    if (made->tagger == NULL || made->lattice == NULL) {
        sbj_mecab_parser_free(made);
        return sbj_no_memory(error, 1);
    }
    *parser = made;
    return SBERTJA_OK;
}

void sbj_mecab_parser_free(sbj_mecab_parser *parser)
{
    if (parser == NULL)
        return;
    if (parser->lattice != NULL)
        mecab_lattice_destroy(parser->lattice);
    if (parser->tagger != NULL)
        mecab_destroy(parser->tagger);
    sbj_strbuf_free(&parser->shortened);
    sbj_free(&parser->mecab->alloc, parser);
}

static bool is_blank(const sbj_mecab *mecab, sbj_span text, size_t at, size_t *bytes)
{
    uint32_t character = sbj_utf8_next(text.text + at, bytes);
    return character < BASIC_PLANE && (mecab->blank[character / 32] >> (character % 32) & 1);
}

/* Leaves one character of each run of blanks that is too long. */
static sbertja_status shorten_blanks(sbj_mecab_parser *parser, sbj_span *text, sbertja_error *error)
{
    sbj_strbuf *out = &parser->shortened;
    size_t done = 0, at = 0, bytes;
    sbj_strbuf_clear(out);
    while (at < text->length) {
        size_t start = at, first = 0;
        while (at < text->length && is_blank(parser->mecab, *text, at, &bytes)) {
            if (first == 0)
                first = bytes;
            at += bytes;
        }
        if (at - start > LONGEST_BLANKS) {
            sbj_strbuf_bytes(out, text->text + done, start + first - done);
            done = at;
        }
        if (at < text->length)
            at += bytes;
    }
    if (done == 0)
        return SBERTJA_OK;
    sbj_strbuf_bytes(out, text->text + done, text->length - done);
    if (out->failed)
        return sbj_no_memory(error, text->length);
    *text = (sbj_span){out->text, out->length};
    return SBERTJA_OK;
}

/* Takes off the blanks at the end, which are part of no word. libmecab looks up what follows them, and takes an empty rest
 * for a string that ends with a NUL: it would read past the end of the text, and store words that it finds there past
 * the end of its lattice. */
static void trim_blanks(const sbj_mecab *mecab, sbj_span *text)
{
    while (text->length > 0) {
        size_t bytes, at = text->length - 1;
        while (at > 0 && ((unsigned char)text->text[at] & 0xC0) == 0x80)
            at--;
        if (!is_blank(mecab, *text, at, &bytes))
            return;
        text->length = at;
    }
}

sbertja_status sbj_mecab_words(sbj_mecab_parser *parser, sbj_span text, sbj_word_sink sink, void *context,
                               sbertja_error *error)
{
    const char *end = memchr(text.text, '\0', text.length);
    if (end != NULL)
        text.length = (size_t)(end - text.text);
    if (text.length > LONGEST_NODE) {
        sbertja_status status = shorten_blanks(parser, &text, error);
        if (status != SBERTJA_OK)
            return status;
    }
    trim_blanks(parser->mecab, &text);
    if (text.length == 0)
        return SBERTJA_OK;
    mecab_lattice_set_sentence2(parser->lattice, text.text, text.length);
    if (!mecab_parse_lattice(parser->tagger, parser->lattice))
        return sbj_fail(error, SBERTJA_E_FORMAT, "MeCab cannot parse it: %s", mecab_lattice_strerror(parser->lattice));
    const char *expected = text.text;
    const mecab_node_t *node = mecab_lattice_get_bos_node(parser->lattice)->next;
    for (; node != NULL && node->stat != MECAB_EOS_NODE; node = node->next) {
        const char *surface = node->surface;
        /* Words and the blanks before them lie side by side, unless a length has wrapped. */
        if (surface - (node->rlength - node->length) != expected)
            return sbj_fail(error, SBERTJA_E_UNSUPPORTED,
                            "the dictionary makes a word of over %d bytes at byte %zu of the text", LONGEST_NODE,
                            (size_t)(expected - text.text));
        expected = surface + node->length;
        if (!sink(context, (sbj_span){surface, node->length}))
            break;
    }
    return SBERTJA_OK;
}
