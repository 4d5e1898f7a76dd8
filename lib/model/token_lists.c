/* Tokenizing many texts at once, one encoding (MeCab lattice and buffers) a thread. */
#include "model/session.h"

#include <string.h>

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

typedef struct job {
    sbj_encoding **encodings;
    const char *const *texts;
    const size_t *lengths;
    size_t index;
    sbj_token_lists *lists;
    sbertja_status *statuses; /* one a chunk */
    sbertja_error *errors;
} job;

/* Tokenizes text i and appends its ids to the chunk's block. */
static sbertja_status append(const job *j, sbj_encoding *encoding, size_t i, int32_t **block, size_t *capacity,
                             size_t *used, sbertja_error *error)
{
    const size_t length = j->lengths != NULL ? j->lengths[i] : strlen(j->texts[i]);
    size_t count;
    sbertja_status status = sbj_encoding_ids_of(encoding, j->texts[i], length, error);
    if (status != SBERTJA_OK)
        return sbj_in(error, status, "text %zu", j->index + i);
    const int32_t *ids = sbj_encoding_ids(encoding, &count);
    if (!sbj_grow(j->lists->alloc, (void **)block, capacity, *used, *used + count, sizeof **block))
        return sbj_no_memory(error, (*used + count) * sizeof **block);
    memcpy(*block + *used, ids, count * sizeof *ids);
    j->lists->counts[i] = count;
    *used += count;
    return SBERTJA_OK;
}

static void tokenize_chunk(void *context, size_t chunk, int thread)
{
    const job *j = context;
    const size_t first = chunk * CHUNK;
    const size_t last = first + CHUNK < j->lists->texts ? first + CHUNK : j->lists->texts;
    int32_t *block = NULL;
    size_t capacity = 0, used = 0;
    sbertja_status status = SBERTJA_OK;
    for (size_t i = first; i < last && status == SBERTJA_OK; i++)
        status = append(j, j->encodings[thread], i, &block, &capacity, &used, &j->errors[chunk]);
    j->lists->storage[chunk] = block;
    j->statuses[chunk] = status;
    const int32_t *ids = block;
    for (size_t i = first; i < last && status == SBERTJA_OK; i++) {
        j->lists->ids[i] = ids;
        ids += j->lists->counts[i];
    }
}

sbertja_status sbj_tokenize_all(const sbj_alloc *alloc, sbj_pool *pool, sbj_encoding **encodings,
                                const char *const *texts, const size_t *lengths, size_t count, size_t index,
                                sbj_token_lists *lists, sbertja_error *error)
{
    const size_t chunks = (count + CHUNK - 1) / CHUNK;
    job j = {encodings, texts, lengths, index, lists, NULL, NULL};
    sbertja_status status = SBERTJA_OK;
    *lists = (sbj_token_lists){alloc, count, chunks, NULL, NULL, NULL};
    lists->storage = sbj_new(alloc, chunks, sizeof *lists->storage);
    lists->ids = sbj_new(alloc, count, sizeof *lists->ids);
    lists->counts = sbj_new(alloc, count, sizeof *lists->counts);
    j.statuses = sbj_new(alloc, chunks, sizeof *j.statuses);
    j.errors = sbj_new_raw(alloc, chunks, sizeof *j.errors);
    if (lists->storage == NULL || lists->ids == NULL || lists->counts == NULL || j.statuses == NULL ||
        j.errors == NULL) {
        status = sbj_no_memory(error, count * sizeof *lists->ids);
        goto done;
    }
    sbj_pool_run(pool, chunks, tokenize_chunk, &j);
    for (size_t chunk = 0; chunk < chunks && status == SBERTJA_OK; chunk++)
        if ((status = j.statuses[chunk]) != SBERTJA_OK && error != NULL)
            *error = j.errors[chunk];
done:
    sbj_free(alloc, j.statuses);
    sbj_free(alloc, j.errors);
    if (status != SBERTJA_OK)
        sbj_token_lists_free(lists);
    return status;
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
