/* The option parser: see options.h. Numbers are read in the C locale, which the command never leaves. */
#include "options.h"

#include "basics.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The `index`-th option of both lists, or NULL. */
static const option *option_at(const option_usage *usage, size_t index)
{
    for (const option *o = usage->options; o->kind != OPTION_END; o++)
        if (index-- == 0)
            return o;
    for (const option *o = usage->common; o && o->kind != OPTION_END; o++)
        if (index-- == 0)
            return o;
    return NULL;
}

static const option *find_option(const option_usage *usage, const char *name, size_t length, char letter)
{
    const option *o;
    for (size_t i = 0; (o = option_at(usage, i)); i++)
        if (letter ? o->letter == letter : strlen(o->name) == length && !memcmp(o->name, name, length))
            return o;
    return NULL;
}

static int hint(const option_usage *usage)
{
    remark("\"sbertja %s --help\" lists the options", usage->name);
    return CALL_WRONG;
}

/* ---- Values ---------------------------------------------------------------------------------------------------- */

static int parse_whole(const char *text, uint64_t most, uint64_t *value)
{
    char *end;
    if (*text < '0' || *text > '9')
        return 0;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    *value = number;
    return *end == '\0' && errno == 0 && number <= most;
}

static int parse_real(const char *text, double *value)
{
    char *end;
    if (!*text || text[strspn(text, "0123456789.eE+-")] != '\0')
        return 0;
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value);
}

static int is_choice(const char *choices, const char *text)
{
    size_t length = strlen(text);
    while (length) {
        size_t n = strcspn(choices, "|");
        if (n == length && !memcmp(choices, text, n))
            return 1;
        if (choices[n] == '\0')
            break;
        choices += n + 1;
    }
    return 0;
}

static int store_number(const option *o, const char *text)
{
    uint64_t whole = 0;
    double real = 0;
    int good;
    if (o->kind == OPTION_REAL) {
        good = parse_real(text, &real) && real >= o->least;
        if (good)
            *(double *)o->value = real;
    } else {
        uint64_t most = o->kind == OPTION_INT ? INT_MAX : o->kind == OPTION_SIZE ? SIZE_MAX / 2 : UINT64_MAX;
        good = parse_whole(text, most, &whole) && (double)whole >= o->least;
        if (good && o->kind == OPTION_INT)
            *(int *)o->value = (int)whole;
        else if (good && o->kind == OPTION_SIZE)
            *(size_t *)o->value = (size_t)whole;
        else if (good)
            *(uint64_t *)o->value = whole;
    }
    if (!good && o->kind != OPTION_REAL && *text && text[strspn(text, "0123456789")] == '\0' &&
        (double)whole >= o->least)
        return call_wrong("--%s: %s is too large a number", o->name, text);
    if (!good)
        return call_wrong("--%s: expected a %snumber of at least %g, found \"%s\"", o->name,
                          o->kind == OPTION_REAL ? "" : "whole ", o->least, text);
    return OPTIONS_GO;
}

static int store(const option *o, const char *text)
{
    switch (o->kind) {
    case OPTION_END:
        break;
    case OPTION_FLAG:
        if (text && (!o->accepts || strcmp(text, o->accepts)))
            return o->accepts ? call_wrong("--%s: expected no value or \"%s\", found \"%s\"", o->name, o->accepts, text)
                              : call_wrong("--%s: takes no value, found \"%s\"", o->name, text);
        *(int *)o->value = text ? 2 : 1;
        break;
    case OPTION_CHOICE:
        if (!is_choice(o->accepts, text))
            return call_wrong("--%s: expected %s, found \"%s\"", o->name, o->accepts, text);
        *(const char **)o->value = text;
        break;
    case OPTION_TEXT:
        if (!*text)
            return call_wrong("--%s: expected %s, found nothing", o->name, o->accepts);
        *(const char **)o->value = text;
        break;
    case OPTION_STRING:
        *(const char **)o->value = text;
        break;
    case OPTION_INT:
    case OPTION_SIZE:
    case OPTION_SEED:
    case OPTION_REAL:
        return store_number(o, text);
    }
    return OPTIONS_GO;
}

/* ---- Help ------------------------------------------------------------------------------------------------------ */

static void print_default(const option *o)
{
    switch (o->kind) {
    case OPTION_TEXT:
    case OPTION_STRING:
    case OPTION_CHOICE:
        if (*(const char *const *)o->value)
            printf(" [%s]", *(const char *const *)o->value);
        break;
    case OPTION_INT:
        printf(" [%d]", *(const int *)o->value);
        break;
    case OPTION_SIZE:
        printf(" [%zu]", *(const size_t *)o->value);
        break;
    case OPTION_SEED:
        printf(" [%llu]", (unsigned long long)*(const uint64_t *)o->value);
        break;
    case OPTION_REAL:
        printf(" [%g]", *(const double *)o->value);
        break;
    case OPTION_END:
    case OPTION_FLAG:
        break;
    }
}

static void print_option(const option *o)
{
    enum { COLUMN = 30 };
    const int flag = o->kind == OPTION_FLAG;
    int width = printf("  %c%c%s --%s%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ', o->letter ? "," : " ",
                       o->name, !flag ? " " : o->accepts ? "[=" : " ", o->accepts ? o->accepts : "",
                       flag && o->accepts ? "]" : "");
    if (width >= COLUMN)
        printf("\n%*s", COLUMN, "");
    else
        printf("%*s", COLUMN - width, "");
    fputs(o->help, stdout);
    print_default(o);
    fputs(o->required ? " (required)\n" : "\n", stdout);
}

static void print_help(const option_usage *usage)
{
    const option *o;
    printf("usage: sbertja %s%s%s [options]\n\n%s\n\n", usage->name, *usage->arguments ? " " : "", usage->arguments,
           usage->summary);
    for (size_t i = 0; (o = option_at(usage, i)); i++)
        print_option(o);
    if (usage->notes)
        printf("\n%s\n", usage->notes);
}

/* ---- Parsing --------------------------------------------------------------------------------------------------- */

/* One option at argv[*at], which may take argv[*at + 1] as its value. */
static int parse_one(const option_usage *usage, int argc, char **argv, int *at)
{
    const char *text = argv[*at], *value = NULL;
    const option *o;
    if (text[1] == '-') {
        size_t length = strcspn(text + 2, "=");
        o = find_option(usage, text + 2, length, 0);
        if (text[2 + length] == '=')
            value = text + 3 + length;
    } else {
        o = find_option(usage, NULL, 0, text[1]);
        if (text[2])
            value = text + 2;
    }
    if (!o) {
        call_wrong("%s: unknown option", text);
        return hint(usage);
    }
    if (o->kind != OPTION_FLAG && !value) {
        if (*at + 1 >= argc)
            return call_wrong("%s: expected %s after it", text, o->accepts);
        value = argv[++*at];
    }
    return store(o, value);
}

static int check_required(const option_usage *usage)
{
    const option *o;
    for (size_t i = 0; (o = option_at(usage, i)); i++)
        if (o->required && !*(const char *const *)o->value) {
            if (o->letter)
                call_wrong("%s: -%c %s (--%s) is missing", usage->name, o->letter, o->accepts, o->name);
            else
                call_wrong("%s: --%s %s is missing", usage->name, o->name, o->accepts);
            return hint(usage);
        }
    return OPTIONS_GO;
}

static int wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            return 1;
    return 0;
}

int options_parse(const option_usage *usage, int argc, char **argv, const char **arguments)
{
    size_t count = 0;
    int only_arguments = 0;
    if (wants_help(argc, argv)) {
        print_help(usage);
        return DONE;
    }
    for (size_t i = 0; i < usage->most; i++)
        arguments[i] = NULL;
    for (int at = 1; at < argc; at++) {
        if (!only_arguments && !strcmp(argv[at], "--")) {
            only_arguments = 1;
        } else if (!only_arguments && argv[at][0] == '-' && argv[at][1]) {
            int status = parse_one(usage, argc, argv, &at);
            if (status != OPTIONS_GO)
                return status;
        } else if (count == usage->most) {
            call_wrong("%s: unexpected argument \"%s\"", usage->name, argv[at]);
            return hint(usage);
        } else {
            arguments[count++] = argv[at];
        }
    }
    if (count < usage->least) {
        call_wrong("%s: expected %s", usage->name, usage->arguments);
        return hint(usage);
    }
    return check_required(usage);
}
