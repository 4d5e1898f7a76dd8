/* Numbers read by strtod_l with the "C" locale, and printed by laying out the digits that printf gives, since only the
 * point between them depends on the locale. The C library's "C" locale is a constant: making it allocates nothing. */
#define _GNU_SOURCE
#include "io/number.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 17 }; /* enough to tell any two doubles apart */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *at)
{
    while (is_digit(*at))
        at++;
    return at;
}

static const char *skip_blanks(const char *at)
{
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

/* The end of the number that begins at `at`, or NULL: strtod would also take hexadecimals, "inf" and "nan". */
static const char *end_of_number(const char *at)
{
    if (*at == '+' || *at == '-')
        at++;
    const char *end = skip_digits(at);
    bool digits = end > at;
    if (*end == '.') {
        const char *fraction = end + 1;
        end = skip_digits(fraction);
        digits = digits || end > fraction;
    }
    if (!digits)
        return NULL;
    if (*end == 'e' || *end == 'E') {
        const char *exponent = end + 1;
        if (*exponent == '+' || *exponent == '-')
            exponent++;
        end = skip_digits(exponent);
        if (end == exponent)
            return NULL;
    }
    return end;
}

bool sbj_number_parse(const char *text, double *value)
{
    const char *begin = skip_blanks(text), *end = end_of_number(begin);
    if (end == NULL || *skip_blanks(end) != '\0')
        return false;
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (plain == (locale_t)0)
        return false;
    *value = strtod_l(begin, NULL, plain);
    freelocale(plain);
    return isfinite(*value);
}

/* Copies the digits of printf's "-d.ddde+xx" without sign and point, and gives the exponent. */
static int take_digits(const char *printed, char digits[DIGITS + 1])
{
    size_t count = 0;
    const char *at = printed;
    for (; *at != 'e'; at++)
        if (is_digit(*at))
            digits[count++] = *at;
    digits[count] = '\0';
    return atoi(at + 1);
}

static void trim_zeros(char *digits)
{
    size_t count = strlen(digits);
    while (count > 1 && digits[count - 1] == '0')
        digits[--count] = '\0';
}

static void lay_out(const char *sign, const char digits[DIGITS + 1], int exponent, char text[SBJ_NUMBER_ROOM])
{
    int count = (int)strlen(digits);
    if (exponent < -5 || exponent > 16)
        snprintf(text, SBJ_NUMBER_ROOM, "%s%c%s%se%+03d", sign, digits[0], count > 1 ? "." : "", digits + 1, exponent);
    else if (exponent < 0)
        snprintf(text, SBJ_NUMBER_ROOM, "%s0.%.*s%s", sign, -exponent - 1, "00000", digits);
    else if (exponent < count - 1)
        snprintf(text, SBJ_NUMBER_ROOM, "%s%.*s.%s", sign, exponent + 1, digits, digits + exponent + 1);
    else
        snprintf(text, SBJ_NUMBER_ROOM, "%s%s%.*s", sign, digits, exponent - count + 1, "0000000000000000");
}

void sbj_number_print(double value, char text[SBJ_NUMBER_ROOM])
{
    const char *sign = value < 0 ? "-" : "";
    if (!isfinite(value)) {
        snprintf(text, SBJ_NUMBER_ROOM, "%s%s", sign, isnan(value) ? "nan" : "inf");
        return;
    }
    /* Decimal text of 15 digits always survives a double: fewer need not be tried. */
    for (int precision = 14; precision < DIGITS; precision++) {
        char printed[SBJ_NUMBER_ROOM + 16], digits[DIGITS + 1];
        double again;
        snprintf(printed, sizeof printed, "%.*e", precision, value);
        int exponent = take_digits(printed, digits);
        trim_zeros(digits);
        lay_out(sign, digits, exponent, text);
        if (sbj_number_parse(text, &again) && again == value)
            return;
    }
}
