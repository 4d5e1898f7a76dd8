/* Collecting words. */
#include "support/words.h"

#include <stdint.h>

void words_init(words *w)
{
    *w = (words){SBJ_STRBUF(&sbj_malloc), 0, SIZE_MAX};
}

void words_free(words *w)
{
    sbj_strbuf_free(&w->joined);
}

bool words_take(void *context, sbj_span word)
{
    words *w = context;
    if (w->count++ > 0)
        sbj_strbuf_text(&w->joined, "|");
    sbj_strbuf_bytes(&w->joined, word.text, word.length);
    return w->count < w->most;
}

const char *words_text(const words *w)
{
    return w->joined.text != NULL ? w->joined.text : "";
}
