/* A scanner for JSON: one function for each rule of the grammar. */
#include "io/json_scan.h"

#include <string.h>

/* cJSON copies a number into 64 bytes before it looks at it. */
enum { MAX_LEVELS = 100, MAX_NUMBER = 63 };

static bool fail(sbj_json_scan *s, const char *what)
{
    s->fault = what;
    return false;
}

static int peek(const sbj_json_scan *s)
{
    return s->at < s->length ? (unsigned char)s->text[s->at] : -1;
}

static bool fail_here(sbj_json_scan *s)
{
    return fail(s, s->at < s->length ? "not valid JSON" : "the text ends too early");
}

static void skip_blanks(sbj_json_scan *s)
{
    while (s->at < s->length && memchr(" \t\r\n", s->text[s->at], 4) != NULL)
        s->at++;
}

static bool accept(sbj_json_scan *s, char wanted)
{
    if (peek(s) != wanted)
        return false;
    s->at++;
    return true;
}

/* The four digits behind "\u"; -1 if they are not there. */
static long code_unit(const sbj_json_scan *s, size_t at)
{
    long value = 0;
    if (at > s->length || s->length - at < 6 || s->text[at] != '\\' || s->text[at + 1] != 'u')
        return -1;
    for (size_t i = at + 2; i < at + 6; i++) {
        static const char digits[] = "0123456789ABCDEF0123456789abcdef";
        const char *digit = memchr(digits, s->text[i], sizeof digits - 1);
        if (digit == NULL)
            return -1;
        value = value * 16 + (digit - digits) % 16;
    }
    return value;
}

static bool scan_escape(sbj_json_scan *s)
{
    const long unit = code_unit(s, s->at), low = code_unit(s, s->at + 6);
    if (unit < 0) {
        if (s->at + 1 == s->length)
            return fail(s, "the text ends too early");
        if (memchr("\"\\/bfnrt", s->text[s->at + 1], 8) == NULL)
            return fail(s, "not a valid escape");
        s->at += 2;
        return true;
    }
    if (unit == 0)
        return fail(s, "a NUL character inside a string");
    const bool high = unit >= 0xD800 && unit < 0xDC00;
    if ((unit >= 0xDC00 && unit < 0xE000) || (high && (low < 0xDC00 || low >= 0xE000)))
        return fail(s, "half of a surrogate pair");
    s->at += high ? 12 : 6;
    return true;
}

static bool scan_string(sbj_json_scan *s)
{
    if (!accept(s, '"'))
        return fail_here(s);
    for (;;) {
        const int c = peek(s);
        if (c < 0)
            return fail_here(s);
        if (c < 0x20)
            return fail(s, c == 0 ? "a NUL byte" : "a control character inside a string");
        if (c == '\\') {
            if (!scan_escape(s))
                return false;
            continue;
        }
        s->at++;
        if (c == '"')
            return true;
    }
}

static size_t skip_digits(sbj_json_scan *s)
{
    const size_t begin = s->at;
    while (peek(s) >= '0' && peek(s) <= '9')
        s->at++;
    return s->at - begin;
}

static bool scan_number(sbj_json_scan *s)
{
    const size_t begin = s->at;
    accept(s, '-');
    const bool zero = peek(s) == '0';
    const size_t digits = skip_digits(s);
    if (digits == 0 || (zero && digits > 1))
        return fail_here(s);
    if (accept(s, '.') && skip_digits(s) == 0)
        return fail_here(s);
    if (accept(s, 'e') || accept(s, 'E')) {
        if (!accept(s, '+'))
            accept(s, '-');
        if (skip_digits(s) == 0)
            return fail_here(s);
    }
    if (s->at - begin <= MAX_NUMBER)
        return true;
    s->at = begin;
    return fail(s, "a number of more than 63 characters");
}

static bool scan_word(sbj_json_scan *s)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < 3; i++) {
        const size_t length = strlen(words[i]);
        if (s->length - s->at >= length && memcmp(s->text + s->at, words[i], length) == 0) {
            s->at += length;
            return true;
        }
    }
    return fail_here(s);
}

static bool enter(sbj_json_scan *s)
{
    if (s->level == MAX_LEVELS)
        return fail(s, "nested too deeply");
    s->level++;
    s->at++;
    return true;
}

/* Behind a member, or behind the opening bracket where `first`; `*more`: whether another member follows. */
static bool scan_separator(sbj_json_scan *s, char close, bool first, bool *more)
{
    skip_blanks(s);
    *more = !accept(s, close);
    if (!*more)
        s->level--;
    else if (!first) {
        if (!accept(s, ','))
            return fail_here(s);
        skip_blanks(s);
    }
    return true;
}

static bool scan_list(sbj_json_scan *s)
{
    bool more;
    if (!enter(s) || !scan_separator(s, ']', true, &more))
        return false;
    while (more)
        if (!sbj_json_scan_value(s) || !scan_separator(s, ']', false, &more))
            return false;
    return true;
}

static bool scan_key(sbj_json_scan *s)
{
    if (!scan_string(s))
        return false;
    skip_blanks(s);
    if (!accept(s, ':'))
        return fail_here(s);
    skip_blanks(s);
    return true;
}

static bool scan_object(sbj_json_scan *s)
{
    bool more;
    if (!enter(s) || !scan_separator(s, '}', true, &more))
        return false;
    while (more)
        if (!scan_key(s) || !sbj_json_scan_value(s) || !scan_separator(s, '}', false, &more))
            return false;
    return true;
}

/* Calls itself for lists and objects, to MAX_LEVELS. */
bool sbj_json_scan_value(sbj_json_scan *s)
{
    skip_blanks(s);
    if (++s->values > s->max_values)
        return fail(s, "more values than are read from a file");
    switch (peek(s)) {
    case '"':
        return scan_string(s);
    case '[':
        return scan_list(s);
    case '{':
        return scan_object(s);
    case 't':
    case 'f':
    case 'n':
        return scan_word(s);
    case '\0':
        return fail(s, "a NUL byte");
    default:
        return scan_number(s);
    }
}

bool sbj_json_scan_end(sbj_json_scan *s)
{
    skip_blanks(s);
    if (s->at < s->length)
        return fail(s, s->text[s->at] == '\0' ? "a NUL byte" : "something follows the end of the JSON value");
    return true;
}
