/* Tokenizing; sbertja_tokenizer_load stands with the other loaders, in model.c. */
#include "api/api.h"

SBERTJA_API void sbertja_tokenizer_free(sbertja_tokenizer *tokenizer)
{
    SBJ_KEEP_ERRNO;
    sbj_tokenizer_free((sbj_tokenizer *)tokenizer);
}

SBERTJA_API sbertja_status sbertja_encoding_create(const sbertja_tokenizer *tokenizer, sbertja_encoding **encoding,
                                                   sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    if (encoding == NULL)
        return sbj_no_argument(error, "encoding");
    *encoding = NULL;
    if (tokenizer == NULL)
        return sbj_no_argument(error, "tokenizer");
    return sbj_encoding_create((const sbj_tokenizer *)tokenizer, (sbj_encoding **)encoding, error);
}

SBERTJA_API void sbertja_encoding_free(sbertja_encoding *encoding)
{
    SBJ_KEEP_ERRNO;
    sbj_encoding_free((sbj_encoding *)encoding);
}

SBERTJA_API sbertja_status sbertja_tokenize(sbertja_encoding *encoding, const char *text, size_t length,
                                            sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    if (encoding == NULL || text == NULL)
        return sbj_no_argument(error, encoding == NULL ? "encoding" : "text");
    if (sbj_check_texts(&text, &length, 1, error) != SBERTJA_OK)
        return SBERTJA_E_ARGUMENT;
    sbj_use *use = sbj_encoding_use((sbj_encoding *)encoding);
    if (!sbj_use_begin(use))
        return sbj_use_refused("encoding", error);
    const sbertja_status status =
        sbj_encoding_ids_of((sbj_encoding *)encoding, text, sbj_text_length(&text, &length, 0), error);
    sbj_use_end(use);
    return status;
}

SBERTJA_API const int32_t *sbertja_encoding_ids(const sbertja_encoding *encoding, size_t *count)
{
    return sbj_encoding_ids((const sbj_encoding *)encoding, count);
}

SBERTJA_API size_t sbertja_encoding_token_count(const sbertja_encoding *encoding)
{
    return sbj_encoding_token_count((const sbj_encoding *)encoding);
}

SBERTJA_API const char *sbertja_encoding_token(const sbertja_encoding *encoding, size_t index)
{
    return sbj_encoding_token((const sbj_encoding *)encoding, index);
}
