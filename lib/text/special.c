/* Looking for special tokens: they are few and rare, so their first bytes decide. */
#include "text/special.h"

void sbj_specials_add(sbj_specials *specials, sbj_span text, int32_t id)
{
    if (sbj_specials_has(specials, text))
        return;
    specials->text[specials->count] = text;
    specials->id[specials->count++] = id;
    specials->first[(unsigned char)text.text[0]] = true;
}

bool sbj_specials_has(const sbj_specials *specials, sbj_span word)
{
    if (word.length == 0 || !specials->first[(unsigned char)word.text[0]])
        return false;
    for (size_t i = 0; i < specials->count; i++)
        if (sbj_span_equal(specials->text[i], word))
            return true;
    return false;
}

int sbj_specials_find(const sbj_specials *specials, sbj_span text, size_t at, size_t *found)
{
    for (; at < text.length; at++) {
        int best = -1;
        if (!specials->first[(unsigned char)text.text[at]])
            continue;
        for (size_t i = 0; i < specials->count; i++) {
            sbj_span special = specials->text[i];
            if (special.length <= text.length - at && memcmp(text.text + at, special.text, special.length) == 0 &&
                (best < 0 || special.length > specials->text[best].length))
                best = (int)i;
        }
        if (best >= 0) {
            *found = at;
            return best;
        }
    }
    *found = text.length;
    return -1;
}
