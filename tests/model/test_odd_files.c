/* Files of a model directory that are there but cannot be read: links to nothing, links in a circle, pipes, directories
 * and forbidden files. None of them may count as absent, since the model would then have other modules, another limit or
 * other tokens without a word. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/child.h"
#include "support/model_directory.h"
#include "support/suite.h"
#include "support/temporary.h"

static const struct {
    const char *source, *file;
} places[] = {
    {"model", "modules.json"},
    {"model", "config.json"},
    {"model", "sentence_bert_config.json"},
    {"model", "tokenizer_config.json"},
    {"model", "vocab.txt"},
    {"model", "model.safetensors"},
    {"model", "1_Pooling/config.json"},
    {"model-cls-dense-normalize", "2_Dense/config.json"},
    {"model-cls-dense-normalize", "2_Dense/model.safetensors"},
    {"bert", "modules.json"},
    {"bert", "sentence_bert_config.json"},
    {"model-0.4.1", "0_Transformer/sentence_bert_config.json"},
    {"model-0.4.1", "0_Transformer/special_tokens_map.json"},
    {"model-0.4.1", "0_Transformer/added_tokens.json"},
    {"model-0.4.1", "0_Transformer/model.safetensors"},
};
enum { PLACES = sizeof places / sizeof *places };

static const char *const reasons[] = {"not there|No such file", "Too many levels of symbolic links", "not a regular file",
                                      "found a directory"};
enum { KINDS = sizeof reasons / sizeof *reasons };

/* Puts something else in the place of a file. */
static void spoil(const char *path, int kind)
{
    unlink(path);
    int failed = 0;
    if (kind == 0)
        failed = symlink("nowhere", path);
    else if (kind == 1)
        failed = symlink(strrchr(path, '/') + 1, path);
    else if (kind == 2)
        failed = mkfifo(path, 0600);
    else
        failed = mkdir(path, 0700);
    ck_assert_int_eq(failed, 0);
}

static bool gives_a_reason(const char *message, const char *alternatives)
{
    char text[128];
    snprintf(text, sizeof text, "%s", alternatives);
    for (char *one = strtok(text, "|"); one != NULL; one = strtok(NULL, "|"))
        if (strstr(message, one) != NULL)
            return true;
    return false;
}

START_TEST(never_absent)
{
    sbertja_error error;
    sbj_model *model;
    for (int kind = 0; kind < KINDS; kind++) {
        char path[512];
        const char *file = places[_i].file;
        snprintf(path, sizeof path, "%s/%s", model_directory(places[_i].source), file);
        spoil(path, kind);
        ck_assert_msg(model_directory_load(&model, &error) == SBERTJA_E_IO, "%s: kind %d: %s", file, kind,
                      error.message);
        ck_assert_msg(strstr(error.message, file) != NULL && gives_a_reason(error.message, reasons[kind]),
                      "%s: kind %d: %s", file, kind, error.message);
        ck_assert_ptr_null(model);
        ck_assert_int_eq(remove(path), 0);
    }
}
END_TEST

static void load_as_nobody(void *user)
{
    const char *file = user;
    sbertja_error error;
    sbj_model *model;
    if (geteuid() == 0)
        child_must(setgid(65534) == 0 && setuid(65534) == 0, "cannot become nobody");
    child_must(model_directory_load(&model, &error) == SBERTJA_E_IO, "%s: is not refused", file);
    child_must(strstr(error.message, file) != NULL && strstr(error.message, "Permission denied") != NULL, "%s: %s", file,
               error.message);
}

START_TEST(forbidden_files)
{
    char path[512];
    const char *file = places[_i].file, *directory = model_directory(places[_i].source);
    snprintf(path, sizeof path, "%s/%s", directory, file);
    ck_assert_int_eq(chmod(temporary_path("."), 0755), 0);
    ck_assert_int_eq(chmod(directory, 0755), 0);
    if (access(path, F_OK) != 0)
        model_directory_text(file, "{}");
    ck_assert_int_eq(chmod(path, 0), 0);
    child_run(file, load_as_nobody, (void *)file);
}
END_TEST

/* Absent is only what the system says is not there: then the next place counts, as ever. */
START_TEST(absent_files)
{
    sbertja_error error;
    sbj_model *model;
    model_directory("model");
    model_directory_delete("sentence_bert_config.json");
    ck_assert_msg(model_directory_load(&model, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_uint_eq(model->max_tokens, 64);
    sbj_model_free(model);
}
END_TEST

START_TEST(odd_directories)
{
    static const struct {
        const char *name, *message;
    } cases[] = {
        {"none", ": no such directory"},
        {"dangling", ": a link to a directory that is not there"},
        {"loop", ": cannot be opened: Too many levels of symbolic links"},
        {"file", ": a file, expected a directory"},
        {"file/below", ": cannot be opened: Not a directory"},
    };
    sbertja_error error;
    sbj_layout layout;
    const char *path;
    ck_assert_int_eq(symlink("nowhere", temporary_path("dangling")), 0);
    ck_assert_int_eq(symlink("loop", temporary_path("loop")), 0);
    ck_assert_int_eq(sbj_write_file(temporary_path("file"), "x", 1, &error), SBERTJA_OK);
    path = temporary_path(cases[_i].name);
    ck_assert_int_eq(sbj_layout_read(&sbj_malloc, path, &layout, &error), SBERTJA_E_IO);
    ck_assert_str_eq(error.message + strlen(path), cases[_i].message);
}
END_TEST

SUITE_MAIN("model/odd_files", 60, {never_absent, PLACES}, {forbidden_files, PLACES}, {absent_files, 0},
           {odd_directories, 5})
