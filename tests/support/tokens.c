/* Small vocabularies. */
#include "support/tokens.h"

#include <check.h>
#include <stdlib.h>

#include "support/scratch.h"
#include "util/strbuf.h"

void tokens_vocabulary(const char *lines, sbj_vocabulary *vocabulary)
{
    sbertja_error error;
    const char *path = scratch_file("vocab.txt", lines, strlen(lines));
    ck_assert_msg(sbj_vocabulary_load(&sbj_malloc, path, vocabulary, &error) == SBERTJA_OK, "%s", error.message);
    scratch_clear();
}

char *tokens_join(const sbj_vocabulary *vocabulary, const sbj_ids *ids)
{
    sbj_strbuf joined = SBJ_STRBUF(&sbj_malloc);
    sbj_strbuf_text(&joined, "");
    for (size_t i = 0; i < ids->count; i++)
        sbj_strbuf_format(&joined, "%s%s", i > 0 ? " " : "", sbj_vocabulary_text(vocabulary, ids->items[i]).text);
    ck_assert(!joined.failed);
    return joined.text;
}
