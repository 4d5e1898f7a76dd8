/* Texts to vectors: tokens in parallel, batches cut by a token budget after sorting by length, rows put back into the
 * caller's order. Scratch and threads of one caller thread.
 *
 * With much to do each thread has batches of its own and works on them alone: threads then share nothing but weights,
 * and never wait for one another. What is too little to be shared out so is computed by all threads together. */
#ifndef SBJ_SESSION_H
#define SBJ_SESSION_H

#include "model/bert.h"
#include "model/model.h"
#include "util/watch.h"
#include "util/use.h"

/* What computes one batch after another. */
typedef struct sbj_lane {
    sbj_pool *pool; /* NULL: the thread that calls, alone */
    sbj_workspace workspace;
    float *rows; /* a batch's vectors before they go to their places */
    size_t rows_capacity;
    size_t failed; /* the number of the batch that `status` and `error` are of */
    sbertja_status status;
    sbertja_error error;
} sbj_lane;

typedef struct sbj_session {
    const sbj_model *model;
    sbj_alloc alloc;
    sbj_pool *pool;
    size_t batch_tokens;      /* 0: as it suits */
    sbj_encoding **encodings; /* one a thread */
    sbj_lane together;        /* with all threads */
    sbj_lane *apart;          /* one a thread; NULL: there is one thread, or the back end wants it so */
    sbj_use use;              /* by encode */
} sbj_session;

sbertja_status sbj_session_create(const sbj_model *model, const sbertja_session_options *options, sbj_session **session,
                                  sbertja_error *error);
void sbj_session_free(sbj_session *session);
sbertja_status sbj_session_encode(sbj_session *session, const char *const *texts, const size_t *lengths, size_t count,
                                  const sbertja_encode_options *options, float *vectors, sbertja_error *error);

/* The ids of many texts, made by all threads. ids[i] has counts[i] of them. */
typedef struct sbj_token_lists {
    const sbj_alloc *alloc;
    size_t texts, chunks;
    int32_t **storage; /* one block a chunk of texts */
    const int32_t **ids;
    size_t *counts;
} sbj_token_lists;

/* Texts that become token lists a chunk at a time, beside other work. */
typedef struct sbj_tokenizing {
    sbj_encoding **encodings;
    const char *const *texts;
    const size_t *lengths;
    const char *prompt; /* before every text; NULL: none */
    size_t index;
    sbj_watch *watch; /* NULL: nobody stops it */
    sbj_token_lists lists;
    sbertja_status *statuses; /* one a chunk */
    sbertja_error *errors;
} sbj_tokenizing;

/* `index` is added to a text's number in errors. `prompt`: before every text, or NULL. `encodings`: one for each thread of the
 * pool that the chunks are tasks of. `watch`: asked whether to stop, or NULL. */
sbertja_status sbj_tokenizing_begin(const sbj_alloc *alloc, sbj_encoding **encodings, const char *const *texts,
                                    const size_t *lengths, size_t count, const char *prompt, size_t index,
                                    sbj_watch *watch, sbj_tokenizing *tokenizing, sbertja_error *error);
/* An sbj_task, for each of lists.chunks. */
void sbj_tokenize_chunk(void *tokenizing, size_t chunk, int thread);
/* When all chunks are done: the lists, or the error of the first text that has one. */
sbertja_status sbj_tokenizing_end(sbj_tokenizing *tokenizing, sbj_token_lists *lists, sbertja_error *error);
/* At any time instead; takes a zeroed one. */
void sbj_tokenizing_drop(sbj_tokenizing *tokenizing);
/* All of it at once. */
sbertja_status sbj_tokenize_all(const sbj_alloc *alloc, sbj_pool *pool, sbj_encoding **encodings,
                                const char *const *texts, const size_t *lengths, size_t count, sbj_watch *watch,
                                sbj_token_lists *lists, sbertja_error *error);
void sbj_token_lists_free(sbj_token_lists *lists); /* takes a zeroed one */
/* One encoding a thread. */
sbertja_status sbj_encodings_create(const sbj_alloc *alloc, const sbj_tokenizer *tokenizer, int threads,
                                    sbj_encoding ***encodings, sbertja_error *error);
void sbj_encodings_free(const sbj_alloc *alloc, sbj_encoding **encodings, int threads);

#endif
