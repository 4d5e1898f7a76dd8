/* The sub-commands: each parses argv (argv[0] is its name) and returns the exit status. */
#ifndef SBERTJA_COMMAND_H
#define SBERTJA_COMMAND_H

int command_new(int argc, char **argv);
int command_vocab(int argc, char **argv);
int command_tokenize(int argc, char **argv);
int command_encode(int argc, char **argv);
int command_train(int argc, char **argv);
int command_distill(int argc, char **argv);
int command_eval(int argc, char **argv);
int command_search(int argc, char **argv);
int command_convert(int argc, char **argv);
int command_info(int argc, char **argv);

#endif
