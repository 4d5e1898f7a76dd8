/* MeCab, through its C interface.
 *
 * A node's `length` (the word) and `rlength` (the same with the blanks before it) are 16 bits wide, inside MeCab's own
 * search too: more than 65,535 bytes of blanks before a word make it lose or repeat words. So in a text that long a long
 * run of blanks is shortened first, which changes no word: MeCab only skips them.
 *
 * Most texts are searched by libmecab. Long ones, and those with a long run of characters that MeCab joins to one unknown
 * word, are searched by viterbi.c, which finds the same words in time and memory in proportion. */
#include "text/mecab.h"

#include <stdlib.h>

#include "io/file.h"
#include "io/input.h"
#include "text/mecab_shim.h"
#include "text/utf8.h"
#include "text/viterbi.h"
#include "util/strbuf.h"

enum {
    LONGEST_NODE = 65535,   /* bytes */
    LONGEST_BLANKS = 1024,  /* bytes; of those in a row that are more only one is left */
    BASIC_PLANE = 0xFFFF,   /* characters that char.bin knows */
    LARGE_TEXT = 128 << 10, /* bytes; libmecab needs about 175 times as many for its search */
    LARGE_LATTICE = 16 << 10, /* bytes of the longest text that a lattice is kept after */
    LONG_RUN = 512,         /* characters that libmecab looks at again from each of them on */
    LARGEST_GROUP = 100     /* characters of an unknown word that viterbi.c still sees whole */
};

/* One bit for each character that char.bin knows. */
typedef struct character_set {
    uint32_t bits[BASIC_PLANE / 32 + 1];
} character_set;

struct sbj_mecab {
    sbj_alloc alloc;
    mecab_model_t *model;
    character_set blank;   /* of the dictionary's category SPACE */
    character_set grouped; /* of a category whose runs become one unknown word */
    bool large_groups;     /* the dictionary's settings ask for unknown words that viterbi.c would cut */
};

struct sbj_mecab_parser {
    const sbj_mecab *mecab;
    mecab_t *tagger;
    mecab_lattice_t *lattice; /* NULL: to be made when it is needed */
    sbj_strbuf shortened;
    sbj_interrupt interrupt;
};

static void add_to(character_set *set, size_t character)
{
    set->bits[character / 32] |= 1u << (character % 32);
}

static bool is_in(const character_set *set, uint32_t character)
{
    return character < BASIC_PLANE && (set->bits[character / 32] >> (character % 32) & 1);
}

/* char.bin: the number of categories, their names in 32 bytes each, and 32 bits for each of 65,535 characters: the lowest 18
 * say to which categories it belongs, bit 30 whether a run of them becomes one word. The blank belongs to SPACE by
 * definition. */
static sbertja_status read_characters(const char *path, sbj_mecab *mecab, sbertja_error *error)
{
    const uint32_t categories = 0x3FFFF, group = 1u << 30;
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
            add_to(&mecab->blank, c);
        else if (character & group)
            add_to(&mecab->grouped, c);
    }
    sbj_content_free(&file);
    return SBERTJA_OK;
}

/* Whether a file of settings (dicrc, mecabrc) has a max-grouping-size above LARGEST_GROUP. */
static sbertja_status read_settings(const char *path, sbj_mecab *mecab, sbertja_error *error)
{
    static const char key[] = "max-grouping-size";
    sbj_content file;
    sbertja_status status = sbj_content_read(&mecab->alloc, path, &file, error);
    if (status != SBERTJA_OK)
        return status;
    char *text = sbj_copy_text(&mecab->alloc, (const char *)file.data, file.size);
    if (text == NULL)
        status = sbj_no_memory(error, file.size + 1);
    for (const char *line = text; line != NULL && *line != '\0'; line += *line == '\n') {
        const char *value = line + strspn(line, " \t");
        const size_t end = strcspn(line, "\n");
        if (strncmp(value, key, sizeof key - 1) == 0) {
            value += sizeof key - 1;
            value += strspn(value, " \t=");
            mecab->large_groups |= strtol(value, NULL, 10) > LARGEST_GROUP;
        }
        line += end;
    }
    sbj_free(&mecab->alloc, text);
    sbj_content_free(&file);
    return status;
}

/* MeCab's reasons are lines such as "tagger.cpp(151) [load_dictionary_resource(param)] ...". */
static sbertja_status fail_open(sbj_mecab_result result, const char *folder, sbertja_error *error)
{
    const char *reason = mecab_strerror(NULL);
    if (result == SBJ_MECAB_NO_MEMORY)
        return sbj_fail(error, SBERTJA_E_MEMORY, "out of memory: MeCab opens %s", folder);
    if (reason == NULL || reason[0] == '\0')
        reason = "no reason given";
    return sbj_fail(error, SBERTJA_E_FORMAT, "%s: MeCab cannot open this dictionary: %.*s", folder,
                    (int)strcspn(reason, "\r\n"), reason);
}

/* Opens the dictionary with the settings of its folder. */
static sbertja_status open_model(const char *folder, const char *settings, sbj_mecab *mecab, sbertja_error *error)
{
    const char *arguments[] = {"mecab", "-d", folder, "-r", settings != NULL ? settings : "/dev/null"};
    const sbj_mecab_result result =
        sbj_mecab_model_new(sizeof arguments / sizeof *arguments, (char **)arguments, &mecab->model);
    return result == SBJ_MECAB_OK ? SBERTJA_OK : fail_open(result, folder, error);
}

sbertja_status sbj_mecab_open(const sbj_alloc *alloc, const char *folder, sbj_mecab **mecab, sbertja_error *error)
{
    char *own_rc = NULL, *rc = NULL, *characters = NULL;
    bool has_own = false;
    sbj_mecab *opened = sbj_new(alloc, 1, sizeof *opened);
    sbertja_status status = SBERTJA_OK;
    *mecab = NULL;
    if (opened == NULL)
        return sbj_no_memory(error, sizeof *opened);
    opened->alloc = *alloc;
    if ((status = sbj_path_join(alloc, folder, "char.bin", &characters, error)) == SBERTJA_OK &&
        (status = sbj_path_join(alloc, folder, "dicrc", &rc, error)) == SBERTJA_OK &&
        (status = sbj_path_join(alloc, folder, "mecabrc", &own_rc, error)) == SBERTJA_OK &&
        (status = read_characters(characters, opened, error)) == SBERTJA_OK &&
        (status = read_settings(rc, opened, error)) == SBERTJA_OK &&
        (status = sbj_find_file(own_rc, &has_own, error)) == SBERTJA_OK) {
        if (!has_own || (status = read_settings(own_rc, opened, error)) == SBERTJA_OK)
            status = open_model(folder, has_own ? own_rc : NULL, opened, error);
    }
    sbj_free(alloc, characters);
    sbj_free(alloc, rc);
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
    sbj_mecab_model_destroy(mecab->model);
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
    if (sbj_mecab_tagger_new(mecab->model, &made->tagger) != SBJ_MECAB_OK ||
        sbj_mecab_lattice_new(mecab->model, &made->lattice) != SBJ_MECAB_OK) {
        sbj_mecab_parser_free(made);
        return sbj_fail(error, SBERTJA_E_MEMORY, "out of memory: MeCab makes a tagger");
    }
    *parser = made;
    return SBERTJA_OK;
}

void sbj_mecab_parser_free(sbj_mecab_parser *parser)
{
    if (parser == NULL)
        return;
    sbj_mecab_lattice_destroy(parser->lattice);
    sbj_mecab_tagger_destroy(parser->tagger);
    sbj_strbuf_free(&parser->shortened);
    sbj_free(&parser->mecab->alloc, parser);
}

void sbj_mecab_parser_interrupt(sbj_mecab_parser *parser, sbj_interrupt interrupt)
{
    parser->interrupt = interrupt;
}

static bool is_blank(const sbj_mecab *mecab, sbj_span text, size_t at, size_t *bytes)
{
    return is_in(&mecab->blank, sbj_utf8_next(text.text + at, bytes));
}

/* The number of blanks at `at`, in bytes. */
static size_t blanks_at(const void *parser, sbj_span text, size_t at)
{
    size_t bytes, end = at;
    while (end < text.length && is_blank(((const sbj_mecab_parser *)parser)->mecab, text, end, &bytes))
        end += bytes;
    return end - at;
}

static bool is_stopped(const void *parser)
{
    const sbj_interrupt *interrupt = &((const sbj_mecab_parser *)parser)->interrupt;
    return interrupt->stopped != NULL && interrupt->stopped(interrupt->context);
}

/* Whether more than LONG_RUN characters in a row may become one unknown word. To libmecab a character outside the
 * basic plane is U+0000. */
static bool has_long_run(const sbj_mecab *mecab, sbj_span text)
{
    size_t run = 0, bytes;
    for (size_t at = 0; at < text.length && run <= LONG_RUN; at += bytes) {
        const uint32_t character = sbj_utf8_next(text.text + at, &bytes);
        run = is_in(&mecab->grouped, character > BASIC_PLANE ? 0 : character) ? run + 1 : 0;
    }
    return run > LONG_RUN;
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

/* The words in libmecab's own lattice. */
static sbertja_status give_words(const mecab_lattice_t *lattice, sbj_span text, sbj_word_sink sink, void *context,
                                 sbertja_error *error)
{
    const char *expected = text.text;
    const mecab_node_t *node = mecab_lattice_get_bos_node((mecab_lattice_t *)lattice)->next;
    for (; node != NULL && node->stat != MECAB_EOS_NODE; node = node->next) {
        const char *surface = node->surface;
        /* Words and the blanks before them are next to each other, unless a length has wrapped. */
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

/* A text that libmecab searches. */
static sbertja_status parse(sbj_mecab_parser *parser, sbj_span text, sbj_word_sink sink, void *context,
                            sbertja_error *error)
{
    const sbj_mecab_result result = sbj_mecab_parse(parser->tagger, parser->lattice, text.text, text.length);
    if (result == SBJ_MECAB_OK)
        return give_words(parser->lattice, text, sink, context, error);
    if (result == SBJ_MECAB_NO_MEMORY)
        return sbj_fail(error, SBERTJA_E_MEMORY, "out of memory: MeCab parses %zu bytes", text.length);
    return sbj_fail(error, SBERTJA_E_FORMAT, "MeCab cannot parse it: %s", mecab_lattice_strerror(parser->lattice));
}

/* A text that is long, or would be. */
static sbertja_status search(sbj_mecab_parser *parser, sbj_span text, sbj_word_sink sink, void *context,
                             sbertja_error *error)
{
    const sbj_viterbi viterbi = {&parser->mecab->alloc, parser->mecab->model, parser->lattice, blanks_at, is_stopped,
                                 parser};
    return sbj_viterbi_words(&viterbi, text, sink, context, error);
}

/* A lattice that a failure has left as it was then, or that a long text has made large, is not kept. */
static void drop_lattice(sbj_mecab_parser *parser)
{
    sbj_mecab_lattice_destroy(parser->lattice);
    parser->lattice = NULL;
}

sbertja_status sbj_mecab_words(sbj_mecab_parser *parser, sbj_span text, sbj_word_sink sink, void *context,
                               sbertja_error *error)
{
    const sbj_mecab *mecab = parser->mecab;
    trim_blanks(mecab, &text);
    const bool searches = !mecab->large_groups &&
                          (text.length > LARGE_TEXT || (text.length > LONG_RUN && has_long_run(mecab, text)));
    sbertja_status status = SBERTJA_OK;
    if (searches || text.length > LONGEST_NODE)
        status = shorten_blanks(parser, &text, error);
    if (status != SBERTJA_OK || text.length == 0)
        return status;
    if (parser->lattice == NULL && sbj_mecab_lattice_new(mecab->model, &parser->lattice) != SBJ_MECAB_OK)
        return sbj_fail(error, SBERTJA_E_MEMORY, "out of memory: MeCab makes a lattice");
    status = (searches ? search : parse)(parser, text, sink, context, error);
    if (status != SBERTJA_OK || (!searches && text.length > LARGE_LATTICE))
        drop_lattice(parser);
    return status;
}
