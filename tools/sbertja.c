/* The command `sbertja`: finds the sub-command and runs it. */
#include "basics.h"
#include "command.h"
#include "results.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"new", command_new, "make a model with random weights"},
    {"vocab", command_vocab, "train a vocabulary from plain text"},
    {"tokenize", command_tokenize, "cut texts into tokens and ids"},
    {"encode", command_encode, "compute sentence vectors"},
    {"train", command_train, "fine-tune a model on a table of sentences"},
    {"distill", command_distill, "train a student to give the vectors of teachers"},
    {"eval", command_eval, "measure a model: sts, triplet, classify, search"},
    {"search", command_search, "find the texts of a corpus that are nearest to a query"},
    {"convert", command_convert, "save a model in another layout or number format"},
    {"info", command_info, "describe a model and this machine"},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static int print_help(void)
{
    printf("usage: sbertja COMMAND [options]\n\nTrains and runs Japanese Sentence-BERT models.\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("  %-10s %s\n", commands[i].name, commands[i].summary);
    printf("\n\"sbertja COMMAND --help\" lists the options of one; \"sbertja --version\" prints the version.\n"
           "Exit status: 0 done, 1 the data or the model is wrong, 2 the call is wrong,\n130 interrupted.\n");
    return DONE;
}

static int dispatch(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name) {
        call_wrong("expected a command; \"sbertja --help\" lists them");
        return CALL_WRONG;
    }
    if (!strcmp(name, "help") && argc > 2) { /* "help encode" is "encode --help" */
        char *with_help[] = {argv[0], argv[2], "--help", NULL};
        return dispatch(3, with_help);
    }
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"))
        return print_help();
    if (!strcmp(name, "--version") || !strcmp(name, "-V") || !strcmp(name, "version")) {
        printf("sbertja %s\n", sbertja_version());
        return DONE;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (!strcmp(name, commands[i].name))
            return commands[i].run(argc - 1, argv + 1);
    return call_wrong("%s: unknown command; \"sbertja --help\" lists them", name);
}

int main(int argc, char **argv)
{
    result_file standard;
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is then a failed write, which is seen below */
    signal(SIGXFSZ, SIG_IGN); /* so is a file that would become larger than allowed */
    results_open(&standard, NULL);
    int status = dispatch(argc, argv);
    return status == DONE ? results_close(&standard, status) : status;
}
