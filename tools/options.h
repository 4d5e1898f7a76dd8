/* The options of a sub-command as one table, from which both the parsing and --help follow.
 *
 * A row names the option and the variable that takes its value; what the variable holds before parsing is the default
 * that --help shows. Accepted: --name VALUE, --name=VALUE, -n VALUE, -nVALUE; "--" ends the options; "-" is an
 * argument. */
#ifndef SBERTJA_OPTIONS_H
#define SBERTJA_OPTIONS_H

#include <stddef.h>

typedef enum option_kind {
    OPTION_END = 0, /* the row after the last one */
    OPTION_FLAG,    /* int: set to 1, takes no value; or to 2 by "--name=WORD", if `accepts` is that word */
    OPTION_TEXT,    /* const char *, not empty */
    OPTION_STRING,  /* const char *, may be empty */
    OPTION_CHOICE,  /* const char *: one of the words in `accepts`, separated by '|' */
    OPTION_INT,     /* int, at least `least` */
    OPTION_SIZE,    /* size_t, at least `least` */
    OPTION_SEED,    /* uint64_t */
    OPTION_REAL     /* double, at least `least` */
} option_kind;

typedef struct option {
    const char *name; /* without the dashes */
    char letter;      /* the short form, or 0 */
    option_kind kind;
    void *value;
    const char *accepts; /* what --help calls the value: "DIR", "N", "f32|f16" */
    const char *help;
    double least;
    int required; /* nonzero: a TEXT that must be given */
} option;

typedef struct option_usage {
    const char *name;      /* the sub-command */
    const char *arguments; /* "[FILE]"; "" for none */
    const char *summary;   /* its purpose in one line */
    size_t least, most;    /* how many arguments besides options */
    const option *options; /* its own, up to OPTION_END */
    const option *common;  /* those that it shares with others, or NULL */
    const char *notes;     /* the end of --help, or NULL */
} option_usage;

/* What options_parse gives when the work is to go on. */
#define OPTIONS_GO (-1)

/* Parses argv[1] onwards (argv[0] is the sub-command) and writes the arguments to `arguments`, which has room for
 * usage->most; those not given are NULL. Any other result than OPTIONS_GO is the exit status: --help was printed, or a
 * message about what is wrong. */
int options_parse(const option_usage *usage, int argc, char **argv, const char **arguments);

#endif
