/* See encode.h. */
#include "support/encode.h"

#include <check.h>

void encode_texts(const sbj_model *model, int threads, size_t batch_tokens, const char *const *texts, size_t count,
                  float *vectors)
{
    sbertja_session_options options = SBERTJA_SESSION_OPTIONS_INIT;
    sbertja_error error;
    sbj_session *session = NULL;
    options.threads = threads;
    options.batch_tokens = batch_tokens;
    ck_assert_msg(sbj_session_create(model, &options, &session, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_msg(sbj_session_encode(session, texts, NULL, count, NULL, vectors, &error) == SBERTJA_OK, "%s",
                  error.message);
    sbj_session_free(session);
}
