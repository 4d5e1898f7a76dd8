/* Exported: tokens. The handles are the inner ones under their public names. */
#include "text/tokenizer.h"

#include <string.h>

static const size_t ENDS_WITH_NUL = (size_t)-1;

void sbertja_tokenizer_free(sbertja_tokenizer *tokenizer)
{
    sbj_tokenizer_free((sbj_tokenizer *)tokenizer);
}

sbertja_status sbertja_encoding_create(const sbertja_tokenizer *tokenizer, sbertja_encoding **encoding,
                                       sbertja_error *error)
{
    sbj_encoding *made = NULL;
    if (encoding == NULL)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "encoding: expected a place for the handle, found NULL");
    *encoding = NULL;
    if (tokenizer == NULL)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "tokenizer: expected a handle, found NULL");
    sbertja_status status = sbj_encoding_create((const sbj_tokenizer *)tokenizer, &made, error);
    *encoding = (sbertja_encoding *)made;
    return status;
}

void sbertja_encoding_free(sbertja_encoding *encoding)
{
    sbj_encoding_free((sbj_encoding *)encoding);
}

sbertja_status sbertja_tokenize(sbertja_encoding *encoding, const char *text, size_t length, sbertja_error *error)
{
    if (encoding == NULL)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "encoding: expected a handle, found NULL");
    if (text == NULL && length != 0)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "text: expected a text, found NULL");
    if (text == NULL)
        text = "";
    return sbj_encoding_run((sbj_encoding *)encoding, text, length == ENDS_WITH_NUL ? strlen(text) : length, error);
}

const int32_t *sbertja_encoding_ids(const sbertja_encoding *encoding, size_t *count)
{
    size_t ignored;
    if (count == NULL)
        count = &ignored;
    *count = 0;
    return encoding == NULL ? NULL : sbj_encoding_ids((const sbj_encoding *)encoding, count);
}

size_t sbertja_encoding_token_count(const sbertja_encoding *encoding)
{
    return encoding == NULL ? 0 : sbj_encoding_token_count((const sbj_encoding *)encoding);
}

const char *sbertja_encoding_token(const sbertja_encoding *encoding, size_t index)
{
    return encoding == NULL ? NULL : sbj_encoding_token((const sbj_encoding *)encoding, index);
}
