/* MeCab through its C API.
 *
 * A node's `length` and `rlength` are 16 bits, and a wrapped rlength (the word with the blanks before it) corrupts the
 * lattice. Words cannot grow that long: unknown ones are limited by the dictionary. Runs of blanks can, so long ones are
 * shortened before MeCab sees them; blanks separate, however many they are. */
#include "text/mecab_words.h"

#include <mecab.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "io/file.h"

enum { LONGEST_RUN = 1024 }; /* bytes of blanks */

struct sbj_mecab {
    sbj_alloc alloc;
    mecab_model_t *model;
    bool eth_is_blank; /* ipadic's char.def has U+00D0 among the blanks */
};

struct sbj_cutter {
    const sbj_mecab *mecab;
    mecab_t *tagger;
    mecab_lattice_t *lattice;
    sbj_strbuf shortened;
};

/* The dictionary's own mecabrc if it brings one; else none, so that the host's does not matter. */
static sbertja_status open_model(sbj_mecab *m, const char *folder, sbertja_error *error)
{
    char *rc = NULL;
    sbertja_status status = sbj_path_join(&m->alloc, folder, "mecabrc", &rc, error);
    if (status != SBERTJA_OK)
        return status;
    char *arguments[] = {"sbertja", "-d", (char *)folder, "-r", sbj_is_file(rc) ? rc : "/dev/null"};
    m->model = mecab_model_new(5, arguments);
    if (m->model == NULL)
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: MeCab cannot open this dictionary", folder);
    sbj_free(&m->alloc, rc);
    return status;
}

static sbertja_status count_word(void *context, const char *word, size_t length, sbertja_error *error)
{
    (void)word;
    (void)length;
    (void)error;
    ++*(size_t *)context;
    return SBERTJA_OK;
}

static sbertja_status try_eth(sbj_mecab *m, sbertja_error *error)
{
    sbj_cutter *cutter = NULL;
    size_t words = 0;
    sbertja_status status = sbj_cutter_create(m, &cutter, error);
    if (status == SBERTJA_OK)
        status = sbj_cut(cutter, "\xC3\x90", 2, count_word, &words, error);
    sbj_cutter_free(cutter);
    m->eth_is_blank = words == 0;
    return status;
}

sbertja_status sbj_mecab_open(const sbj_alloc *alloc, const char *folder, sbj_mecab **result, sbertja_error *error)
{
    sbj_mecab *m = sbj_new(alloc, 1, sizeof *m);
    *result = NULL;
    if (m == NULL)
        return sbj_no_memory(error, sizeof *m);
    m->alloc = *alloc;
    sbertja_status status = open_model(m, folder, error);
    if (status == SBERTJA_OK) {
        const mecab_dictionary_info_t *info = mecab_model_dictionary_info(m->model);
        if (info == NULL || info->charset == NULL ||
            (strcasecmp(info->charset, "utf8") != 0 && strcasecmp(info->charset, "utf-8") != 0))
            status = sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: the dictionary's character set is %s, expected UTF-8",
                              folder, info != NULL && info->charset != NULL ? info->charset : "unknown");
    }
    if (status == SBERTJA_OK)
        status = try_eth(m, error);
    if (status != SBERTJA_OK) {
        sbj_mecab_close(m);
        return status;
    }
    *result = m;
    return SBERTJA_OK;
}

void sbj_mecab_close(sbj_mecab *m)
{
    if (m == NULL)
        return;
    sbj_alloc alloc = m->alloc;
    if (m->model != NULL)
        mecab_model_destroy(m->model);
    sbj_free(&alloc, m);
}

sbertja_status sbj_cutter_create(const sbj_mecab *mecab, sbj_cutter **result, sbertja_error *error)
{
    sbj_cutter *c = sbj_new(&mecab->alloc, 1, sizeof *c);
    *result = NULL;
    if (c == NULL)
        return sbj_no_memory(error, sizeof *c);
    c->mecab = mecab;
    c->shortened = (sbj_strbuf)SBJ_STRBUF(&mecab->alloc);
    c->tagger = mecab_model_new_tagger(mecab->model);
    c->lattice = mecab_model_new_lattice(mecab->model);
    if (c->tagger == NULL || c->lattice == NULL) {
        sbj_cutter_free(c);
        return sbj_fail(error, SBERTJA_E_MEMORY, "MeCab: out of memory");
    }
    *result = c;
    return SBERTJA_OK;
}

void sbj_cutter_free(sbj_cutter *c)
{
    if (c == NULL)
        return;
    if (c->lattice != NULL)
        mecab_lattice_destroy(c->lattice);
    if (c->tagger != NULL)
        mecab_destroy(c->tagger);
    sbj_strbuf_free(&c->shortened);
    sbj_free(&c->mecab->alloc, c);
}

/* Bytes of the blank at `at`; 0: none is there. */
static size_t blank(const sbj_mecab *m, const char *at, const char *end)
{
    if (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\v')
        return 1;
    return m->eth_is_blank && end - at >= 2 && at[0] == '\xC3' && at[1] == '\x90' ? 2 : 0;
}

/* The text with runs of blanks of at most LONGEST_RUN; the text itself where there is no longer one. */
static sbertja_status shorten(sbj_cutter *c, const char **text, size_t *length, sbertja_error *error)
{
    const char *end = *text + *length, *kept = *text;
    size_t bytes, run = 0;
    if (*length < LONGEST_RUN)
        return SBERTJA_OK;
    sbj_strbuf_clear(&c->shortened);
    for (const char *at = *text; at < end;) {
        bytes = blank(c->mecab, at, end);
        run = bytes > 0 ? run + bytes : 0;
        if (run > LONGEST_RUN) {
            sbj_strbuf_bytes(&c->shortened, kept, (size_t)(at - kept));
            while (at < end && (bytes = blank(c->mecab, at, end)) > 0)
                at += bytes;
            kept = at;
            run = 0;
        } else {
            at += bytes > 0 ? bytes : 1;
        }
    }
    if (kept == *text)
        return SBERTJA_OK;
    sbj_strbuf_bytes(&c->shortened, kept, (size_t)(end - kept));
    if (c->shortened.failed)
        return sbj_no_memory(error, *length);
    *text = c->shortened.text;
    *length = c->shortened.length;
    return SBERTJA_OK;
}

sbertja_status sbj_cut(sbj_cutter *c, const char *text, size_t length, sbj_word word, void *context,
                       sbertja_error *error)
{
    sbertja_status status = shorten(c, &text, &length, error);
    if (status != SBERTJA_OK || length == 0)
        return status;
    mecab_lattice_set_sentence2(c->lattice, text, length);
    if (!mecab_parse_lattice(c->tagger, c->lattice))
        return sbj_fail(error, SBERTJA_E_INTERNAL, "MeCab: %.200s", mecab_lattice_strerror(c->lattice));
    for (const mecab_node_t *node = mecab_lattice_get_bos_node(c->lattice); node != NULL && status == SBERTJA_OK;
         node = node->next)
        if (node->stat != MECAB_BOS_NODE && node->stat != MECAB_EOS_NODE && node->length > 0)
            status = word(context, node->surface, node->length, error);
    return status;
}
