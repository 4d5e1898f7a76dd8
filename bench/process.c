/* Whole processes. */
#define _DEFAULT_SOURCE
#include "process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "timing.h"

enum { MOST_ARGUMENTS = 16 };

void find_places(const char *program, places *p)
{
    const char *slash = strrchr(program, '/');
    const int length = slash == NULL ? 1 : (int)(slash - program);
    snprintf(p->folder, sizeof p->folder, "%.*s", length, slash == NULL ? "." : program);
    snprintf(p->command, sizeof p->command, "%s/../bin/sbertja", p->folder);
    snprintf(p->texts, sizeof p->texts, "%s/texts.txt", p->folder);
    snprintf(p->table, sizeof p->table, "%s/table.tsv", p->folder);
    snprintf(p->trained, sizeof p->trained, "%s/trained", p->folder);
}

static FILE *create(const char *path)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        give_up(path, "cannot be written");
    return file;
}

void write_texts(const char *path, const workload *w, size_t count)
{
    FILE *file = create(path);
    for (size_t i = 0; i < count; i++)
        fprintf(file, "%s\n", w->texts[i % w->count]);
    fclose(file);
}

void write_table(const char *path, const workload *w, size_t count)
{
    FILE *file = create(path);
    fputs("text\tlabel\n", file);
    for (size_t i = 0; i < count; i++)
        fprintf(file, "%s\t%zu\n", w->texts[i % w->count], i % 3);
    fclose(file);
}

/* The child's output goes to a pipe, its messages nowhere. */
static void become(char *const *arguments, const int pipe_ends[2])
{
    const int nothing = open("/dev/null", O_WRONLY);
    if (nothing >= 0 && dup2(pipe_ends[1], STDOUT_FILENO) >= 0 && dup2(nothing, STDERR_FILENO) >= 0) {
        close(pipe_ends[0]);
        close(pipe_ends[1]);
        execv(arguments[0], arguments);
    }
    _exit(127);
}

/* Runs a program to its end; its output is only waited for. */
static process run_here(char *const *arguments)
{
    process result = {0};
    struct rusage usage;
    char bytes[4096];
    int ends[2], status;
    if (pipe(ends) != 0)
        give_up("pipe", "cannot be made");
    const double began = now();
    const pid_t child = fork();
    if (child == 0)
        become(arguments, ends);
    close(ends[1]);
    for (ssize_t got; (got = read(ends[0], bytes, sizeof bytes)) > 0;)
        if (result.first_output == 0)
            result.first_output = now() - began;
    close(ends[0]);
    if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0)
        give_up(arguments[0], "cannot be run");
    result.megabytes = (double)usage.ru_maxrss / 1024;
    return result;
}

void measure_process(char *const *arguments)
{
    const process measured = run_here(arguments);
    printf("%a %a\n", measured.first_output, measured.megabytes);
}

/* Linux counts what a process had before its exec as its own, so a large one starts a small one to start others. */
static process run(char *const *arguments)
{
    char *all[MOST_ARGUMENTS + 3] = {"bench", MEASURE};
    process result;
    int ends[2], status;
    for (size_t i = 0; i < MOST_ARGUMENTS && arguments[i] != NULL; i++)
        all[i + 2] = arguments[i];
    if (pipe(ends) != 0)
        give_up("pipe", "cannot be made");
    const pid_t child = fork();
    if (child == 0) {
        if (dup2(ends[1], STDOUT_FILENO) >= 0)
            execv("/proc/self/exe", all);
        _exit(127);
    }
    close(ends[1]);
    FILE *answer = fdopen(ends[0], "r");
    const int read = fscanf(answer, "%lf %lf", &result.first_output, &result.megabytes);
    fclose(answer);
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0 || read != 2)
        give_up(arguments[0], "cannot be measured");
    return result;
}

process run_command(const char *command, const char *model, const char *precision, const char *texts)
{
    const char *const arguments[] = {command, "encode", "-m", model, "--precision", precision, texts, NULL};
    return run((char *const *)arguments);
}

process train_command(const char *command, const char *model, const char *table, const char *trained)
{
    const char *const arguments[] = {command, "train",   "-m",    model, "--data", table, "--text",
                                     "text",  "--label", "label", "-o",  trained,  NULL};
    return run((char *const *)arguments);
}
