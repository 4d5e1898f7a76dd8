/* sbertja info: what a model directory holds, and what this machine has. */
#include "basics.h"
#include "command.h"
#include "options.h"
#include "results.h"
#include "vectors.h"

#include <stdio.h>
#include <string.h>

enum { INDENT = 2, NAME_WIDTH = 24 };

/* Prints a string of the JSON text without its quotes; returns the byte after it. */
static const char *print_string(const char *at)
{
    for (at++; *at && *at != '"'; at++) {
        if (*at == '\\' && at[1])
            putchar(*at++);
        putchar(*at);
    }
    return *at ? at + 1 : at;
}

/* Prints one value, a list of objects as "name value, name value; name value", and returns the byte after it. */
static const char *print_value(const char *at)
{
    int brackets = 0;
    while (*at && (brackets || (*at != ',' && *at != '}'))) {
        brackets += (*at == '[' || *at == '{') - (*at == ']' || *at == '}');
        if (*at == '"') {
            at = print_string(at);
            continue;
        }
        if (*at == ',')
            fputs(at[-1] == '}' ? "; " : ", ", stdout);
        else if (*at == ':')
            putchar(' ');
        else if (!strchr("[]{} \n", *at))
            putchar(*at);
        at++;
    }
    return at;
}

/* Prints a JSON object as lines "name value", objects inside indented below their name. The text comes from the library
 * and is well formed; `depth` counts the objects around. */
static const char *print_object(const char *at, int depth)
{
    at++;
    while (*at && *at != '}') {
        if (*at != '"') { /* commas and blanks */
            at++;
            continue;
        }
        const char *name = at;
        printf("%*s", depth * INDENT, "");
        at = print_string(at);
        int width = (int)(at - name) - 2 + depth * INDENT;
        at += strspn(at, ": \n");
        if (*at == '{') {
            putchar('\n');
            at = print_object(at, depth + 1);
            continue;
        }
        printf("%*s", width < NAME_WIDTH ? NAME_WIDTH - width : 1, "");
        at = print_value(at);
        putchar('\n');
    }
    return *at ? at + 1 : at;
}

static void print_model(const model_settings *settings, const sbertja_model *model, int as_json)
{
    if (as_json) {
        printf("%s\n", sbertja_model_describe(model));
        return;
    }
    printf("%-*s%s\n", NAME_WIDTH, "model", settings->directory);
    print_object(sbertja_model_describe(model), 1);
}

/* Where no directory is named: the default model's, and it is no fault if there is none. */
static int find_default(model_settings *settings, char *path, size_t room)
{
    sbertja_error error;
    if (settings->directory)
        return DONE;
    const sbertja_status status = sbertja_default_model(path, room, &error);
    if (status == SBERTJA_OK)
        settings->directory = path;
    return status == SBERTJA_OK || status == SBERTJA_E_MISSING ? DONE : library_refused(&error);
}

/* What is to be said of an engine that the library knows and this machine has not. */
static const char *missing_engine(const char *engines)
{
    return strstr(engines, "openblas") == NULL ? " (openblas: libopenblas.so.0 is not installed)" : "";
}

static void print_machine(int as_json)
{
    const struct {
        const char *name, *value;
    } rows[] = {
        {"version", sbertja_version()},
        {"devices", sbertja_devices()},
        {"engines", sbertja_engines()},
        {"instruction_sets", sbertja_instruction_sets()},
    };
    size_t count = sizeof rows / sizeof rows[0];
    for (size_t i = 0; i < count; i++) {
        if (as_json) {
            printf("%s\"%s\": ", i ? ", " : "{", rows[i].name);
            write_json_string(stdout, rows[i].value, strlen(rows[i].value));
        } else {
            printf("%-*s%s%s\n", NAME_WIDTH, rows[i].name, rows[i].value,
                   strcmp(rows[i].name, "engines") == 0 ? missing_engine(rows[i].value) : "");
        }
    }
    fputs(as_json ? "}\n" : "", stdout);
}

int command_info(int argc, char **argv)
{
    int as_json = 0;
    model_settings settings;
    sbertja_model *model = NULL;
    char path[4096];
    model_settings_init(&settings, SETTINGS_TOKENS | SETTINGS_LOAD);
    const option options[] = {
        {"json", 0, OPTION_FLAG, &as_json, NULL, "a JSON object a line: the machine, the model", 0, 0},
        {0},
    };
    const option_usage usage = {
        .name = "info",
        .arguments = "[DIR]",
        .summary = "Describes this machine and the model in DIR, or the default model.",
        .most = 1,
        .options = options,
        .common = settings.options,
    };
    int status = options_parse(&usage, argc, argv, &settings.directory);
    if (status != OPTIONS_GO)
        return status;
    if ((status = find_default(&settings, path, sizeof path)) != DONE)
        return status;
    if (settings.directory && (status = model_open(&settings, &model)) != DONE)
        return status;
    print_machine(as_json);
    if (model)
        print_model(&settings, model, as_json);
    else if (!as_json)
        printf("%-*s%s\n", NAME_WIDTH, "model", "no default model is installed");
    sbertja_model_free(model);
    return DONE;
}
