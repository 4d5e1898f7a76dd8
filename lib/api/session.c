/* Sessions and encode. */
#include "api/api.h"
#include "model/session.h"
#include "util/guard.h"

SBERTJA_API sbertja_status sbertja_session_create(const sbertja_model *model, const sbertja_session_options *options,
                                                  sbertja_session **session, sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    sbertja_session_options o = SBERTJA_SESSION_OPTIONS_INIT;
    if (session == NULL)
        return sbj_no_argument(error, "session");
    *session = NULL;
    if (model == NULL)
        return sbj_no_argument(error, "model");
    sbertja_status status =
        sbj_take_options("session options", options, options ? options->size : 0, &o, sizeof o, error);
    return status == SBERTJA_OK
               ? sbj_session_create((const sbj_model *)model, &o, (sbj_session **)session, error)
               : status;
}

SBERTJA_API void sbertja_session_free(sbertja_session *session)
{
    SBJ_KEEP_ERRNO;
    sbj_session_free((sbj_session *)session);
}

/* The arguments of sbertja_encode. */
typedef struct encoding_call {
    sbj_session *session;
    const char *const *texts;
    const size_t *lengths;
    size_t count;
    const sbertja_encode_options *options;
    float *vectors;
    sbertja_error *error;
} encoding_call;

static sbertja_status run_encode(void *context)
{
    const encoding_call *c = context;
    return sbj_session_encode(c->session, c->texts, c->lengths, c->count, c->options, c->vectors, c->error);
}

SBERTJA_API sbertja_status sbertja_encode(sbertja_session *session, const char *const *texts, const size_t *lengths,
                                          size_t count, const sbertja_encode_options *options, float *vectors,
                                          sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    sbertja_encode_options o = SBERTJA_ENCODE_OPTIONS_INIT;
    if (session == NULL)
        return sbj_no_argument(error, "session");
    if (texts == NULL && count > 0)
        return sbj_no_argument(error, "texts");
    sbertja_status status =
        sbj_take_options("encode options", options, options ? options->size : 0, &o, sizeof o, error);
    if (status != SBERTJA_OK)
        return status;
    if (vectors == NULL && o.token_vectors == NULL && count > 0)
        return sbj_no_argument(error, "vectors");
    if (sbj_check_texts(texts, lengths, count, error) != SBERTJA_OK)
        return SBERTJA_E_ARGUMENT;
    encoding_call call = {(sbj_session *)session, texts, lengths, count, &o, vectors, error};
    return sbj_guard_encode(&o, run_encode, &call);
}
