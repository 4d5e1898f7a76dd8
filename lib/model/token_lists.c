/* Tokenizing many texts at once, one encoding (MeCab lattice and buffers) a thread. */
#include "model/session.h"

#include <string.h>

#include "text/utf8.h"

enum { CHUNK = 32 }; /* texts a task */

sbertja_status sbj_encodings_create(const sbj_alloc *alloc, const sbj_tokenizer *tokenizer, int threads,
                                    sbj_encoding ***encodings, sbertja_error *error)
{
    sbertja_status status = SBERTJA_OK;
    if ((*encodings = sbj_new(alloc, (size_t)threads, sizeof **encodings)) == NULL)
        return sbj_no_memory(error, (size_t)threads * sizeof **encodings);
    for (int i = 0; i < threads && status == SBERTJA_OK; i++)
        status = sbj_encoding_create(tokenizer, &(*encodings)[i], error);
    if (status != SBERTJA_OK) {
        sbj_encodings_free(alloc, *encodings, threads);
        *encodings = NULL;
    }
    return status;
}

void sbj_encodings_free(const sbj_alloc *alloc, sbj_encoding **encodings, int threads)
{
    for (int i = 0; encodings != NULL && i < threads; i++)
        sbj_encoding_free(encodings[i]);
    sbj_free(alloc, encodings);
}

/* The ids of a chunk as they come to be. */
typedef struct chunk_ids {
    int32_t *block;
    size_t capacity, used;
    sbj_strbuf joined; /* the prompt and a text */
} chunk_ids;

/* `*text` becomes the prompt and the text in one. The text is checked by itself first, so that an error counts its bytes
 * alone. */
static sbertja_status put_prompt(const sbj_tokenizing *t, chunk_ids *ids, const char **text, size_t *length,
                                 sbertja_error *error)
{
    sbertja_status status = sbj_utf8_check(*text, *length, error);
    if (status != SBERTJA_OK)
        return status;
    sbj_strbuf_clear(&ids->joined);
    sbj_strbuf_text(&ids->joined, t->prompt);
    sbj_strbuf_bytes(&ids->joined, *text, *length);
    if (ids->joined.failed)
        return sbj_no_memory(error, strlen(t->prompt) + *length);
    *text = ids->joined.text;
    *length = ids->joined.length;
    return SBERTJA_OK;
}

/* Tokenizes text i and appends its ids to the chunk's block. */
static sbertja_status append(const sbj_tokenizing *t, sbj_encoding *encoding, size_t i, chunk_ids *chunk,
                             sbertja_error *error)
{
    const char *text = t->texts[i];
    size_t length = sbj_text_length(t->texts, t->lengths, i), count;
    sbertja_status status = t->prompt != NULL ? put_prompt(t, chunk, &text, &length, error) : SBERTJA_OK;
    if (status == SBERTJA_OK)
        status = sbj_encoding_ids_of(encoding, text, length, error);
    if (status != SBERTJA_OK)
        return sbj_in(error, status, "text %zu", t->index + i);
    const int32_t *ids = sbj_encoding_ids(encoding, &count);
    if (!sbj_grow(t->lists.alloc, (void **)&chunk->block, &chunk->capacity, chunk->used, chunk->used + count,
                  sizeof *ids))
        return sbj_no_memory(error, (chunk->used + count) * sizeof *ids);
    memcpy(chunk->block + chunk->used, ids, count * sizeof *ids);
    t->lists.counts[i] = count;
    chunk->used += count;
    return SBERTJA_OK;
}

/* Whom a long text asks, while it is cut into words, whether to stop. */
typedef struct asking {
    sbj_watch *watch;
    bool may_ask;
} asking;

static bool stops(void *context)
{
    const asking *a = context;
    return a->watch != NULL && sbj_watch_stops(a->watch, a->may_ask);
}

void sbj_tokenize_chunk(void *tokenizing, size_t chunk, int thread)
{
    sbj_tokenizing *t = tokenizing;
    const size_t first = chunk * CHUNK, last = first + CHUNK < t->lists.texts ? first + CHUNK : t->lists.texts;
    chunk_ids made = {NULL, 0, 0, SBJ_STRBUF(t->lists.alloc)};
    asking a = {t->watch, thread == 0};
    sbertja_status status = SBERTJA_OK;
    sbj_encoding_interrupt(t->encodings[thread], (sbj_interrupt){stops, &a});
    for (size_t i = first; i < last && status == SBERTJA_OK; i++)
        status = stops(&a) ? sbj_fail(&t->errors[chunk], SBERTJA_E_STOPPED, "stopped before text %zu", t->index + i)
                           : append(t, t->encodings[thread], i, &made, &t->errors[chunk]);
    sbj_encoding_interrupt(t->encodings[thread], (sbj_interrupt){NULL, NULL});
    sbj_strbuf_free(&made.joined);
    t->lists.storage[chunk] = made.block;
    t->statuses[chunk] = status;
    const int32_t *ids = made.block;
    for (size_t i = first; i < last && status == SBERTJA_OK; i++) {
        t->lists.ids[i] = ids;
        ids += t->lists.counts[i];
    }
}

sbertja_status sbj_tokenizing_begin(const sbj_alloc *alloc, sbj_encoding **encodings, const char *const *texts,
                                    const size_t *lengths, size_t count, const char *prompt, size_t index,
                                    sbj_watch *watch, sbj_tokenizing *tokenizing, sbertja_error *error)
{
    const size_t chunks = (count + CHUNK - 1) / CHUNK;
    sbj_tokenizing *t = tokenizing;
    *t = (sbj_tokenizing){.encodings = encodings, .texts = texts, .lengths = lengths, .prompt = prompt, .index = index,
                          .watch = watch, .lists = {.alloc = alloc, .texts = count, .chunks = chunks}};
    t->lists.storage = sbj_new(alloc, chunks, sizeof *t->lists.storage);
    t->lists.ids = sbj_new(alloc, count, sizeof *t->lists.ids);
    t->lists.counts = sbj_new(alloc, count, sizeof *t->lists.counts);
    t->statuses = sbj_new(alloc, chunks, sizeof *t->statuses);
    t->errors = sbj_new_raw(alloc, chunks, sizeof *t->errors);
    if (t->lists.storage != NULL && t->lists.ids != NULL && t->lists.counts != NULL && t->statuses != NULL &&
        t->errors != NULL)
        return SBERTJA_OK;
    sbj_tokenizing_drop(t);
    return sbj_no_memory(error, count * sizeof *t->lists.ids);
}

sbertja_status sbj_tokenizing_end(sbj_tokenizing *tokenizing, sbj_token_lists *lists, sbertja_error *error)
{
    sbj_tokenizing *t = tokenizing;
    sbertja_status status = SBERTJA_OK;
    *lists = (sbj_token_lists){0};
    for (size_t chunk = 0; chunk < t->lists.chunks && status == SBERTJA_OK; chunk++)
        if ((status = t->statuses[chunk]) != SBERTJA_OK && error != NULL)
            *error = t->errors[chunk];
    if (status == SBERTJA_OK) {
        *lists = t->lists;
        t->lists = (sbj_token_lists){.alloc = lists->alloc};
    }
    sbj_tokenizing_drop(t);
    return status;
}

void sbj_tokenizing_drop(sbj_tokenizing *tokenizing)
{
    if (tokenizing->lists.alloc == NULL)
        return;
    sbj_free(tokenizing->lists.alloc, tokenizing->statuses);
    sbj_free(tokenizing->lists.alloc, tokenizing->errors);
    sbj_token_lists_free(&tokenizing->lists);
    *tokenizing = (sbj_tokenizing){0};
}

sbertja_status sbj_tokenize_all(const sbj_alloc *alloc, sbj_pool *pool, sbj_encoding **encodings,
                                const char *const *texts, const size_t *lengths, size_t count, sbj_watch *watch,
                                sbj_token_lists *lists, sbertja_error *error)
{
    sbj_tokenizing t;
    *lists = (sbj_token_lists){0};
    sbertja_status status = sbj_tokenizing_begin(alloc, encodings, texts, lengths, count, NULL, 0, watch, &t, error);
    if (status != SBERTJA_OK)
        return status;
    if (watch != NULL && watch->ask != NULL)
        sbj_pool_while_waiting(pool, sbj_watch_waiting, watch);
    sbj_pool_run(pool, t.lists.chunks, sbj_tokenize_chunk, &t);
    sbj_pool_while_waiting(pool, NULL, NULL);
    return sbj_tokenizing_end(&t, lists, error);
}

void sbj_token_lists_free(sbj_token_lists *lists)
{
    if (lists->alloc == NULL)
        return;
    for (size_t i = 0; lists->storage != NULL && i < lists->chunks; i++)
        sbj_free(lists->alloc, lists->storage[i]);
    sbj_free(lists->alloc, lists->storage);
    sbj_free(lists->alloc, lists->ids);
    sbj_free(lists->alloc, lists->counts);
    memset(lists, 0, sizeof *lists);
}
