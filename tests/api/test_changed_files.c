/* What is done to a model's files after it was loaded, or meanwhile: the same vectors, the right values or an error, and
 * never the end of the process. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sbertja.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/temporary.h"

enum { TEXTS = 3, WIDTH = 48, BIG = 1 << 20 };

static const char *const texts[TEXTS] = {"今日は天気がよい", "明日は雨が降る", "a"};
static sbertja_error error;

static void must(sbertja_status status)
{
    ck_assert_msg(status == SBERTJA_OK, "%s", error.message);
}

static void encode(const sbertja_model *model, float *vectors)
{
    sbertja_session *session = NULL;
    must(sbertja_session_create(model, NULL, &session, &error));
    must(sbertja_encode(session, texts, NULL, TEXTS, NULL, vectors, &error));
    sbertja_session_free(session);
}

static sbertja_status load(const char *precision, const char *weights, const char *engine, sbertja_model **model)
{
    sbertja_load_options options = SBERTJA_LOAD_OPTIONS_INIT;
    options.precision = precision;
    options.weights = weights;
    options.engine = engine;
    options.threads = 2;
    return sbertja_model_load(temporary_path("m"), &options, model, &error);
}

/* ---- Directories ---- */

static void save_as(const char *layout, const char *dtype, const char *packed)
{
    sbertja_save_options options = SBERTJA_SAVE_OPTIONS_INIT;
    sbertja_model *model = NULL;
    char command[400];
    snprintf(command, sizeof command, "rm -rf '%s'", temporary_path("m"));
    ck_assert_int_eq(system(command), 0);
    options.layout = layout;
    options.dtype = dtype;
    options.packed = packed;
    must(sbertja_model_load("tests/data/tiny/model-cls-dense-normalize", NULL, &model, &error));
    must(sbertja_model_save(model, temporary_path("m"), &options, &error));
    sbertja_model_free(model);
}

/* ---- Changes, to every file of the directory ---- */

static void truncate_it(const char *path)
{
    ck_assert_int_eq(truncate(path, 0), 0);
}

static void halve(const char *path)
{
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(truncate(path, status.st_size / 2), 0);
}

/* Other bytes in the same place, of the same size, with the time set back. */
static void overwrite(const char *path)
{
    struct stat before;
    static unsigned char bytes[BIG];
    const int file = open(path, O_RDWR);
    ck_assert(file >= 0 && fstat(file, &before) == 0);
    const ssize_t size = pread(file, bytes, BIG, 0);
    for (ssize_t i = 0; i < size; i++)
        bytes[i] ^= 0x10;
    ck_assert_int_eq(pwrite(file, bytes, (size_t)size, 0), size);
    const struct timespec times[2] = {before.st_atim, before.st_mtim};
    ck_assert_int_eq(futimens(file, times), 0);
    close(file);
}

static void delete(const char *path)
{
    ck_assert_int_eq(unlink(path), 0);
}

static void rename_over(const char *path)
{
    char other[600];
    snprintf(other, sizeof other, "%s.other", path);
    FILE *file = fopen(other, "w");
    ck_assert(file != NULL && fputs("other", file) >= 0 && fclose(file) == 0);
    ck_assert_int_eq(rename(other, path), 0);
}

static const struct {
    const char *name;
    void (*change)(const char *path);
    bool stays; /* what was opened is still there */
} changes[] = {{"truncated", truncate_it, false}, {"halved", halve, false}, {"overwritten", overwrite, false},
               {"deleted", delete, true},         {"renamed over", rename_over, true}};
enum { CHANGES = sizeof changes / sizeof *changes };

static void change_all(void (*change)(const char *path))
{
    char command[400], path[512];
    snprintf(command, sizeof command, "find '%s' -type f", temporary_path("m"));
    FILE *list = popen(command, "r");
    while (fgets(path, sizeof path, list) != NULL) {
        path[strcspn(path, "\n")] = '\0';
        change(path);
    }
    pclose(list);
}

static const struct {
    const char *name, *layout, *dtype, *packed, *precision, *engine;
} forms[] = {
    {"f32", NULL, NULL, NULL, "f32", NULL},           {"bf16", NULL, NULL, NULL, "bf16", NULL},
    {"int8", NULL, NULL, NULL, "int8", NULL},         {"packed int8", NULL, NULL, "int8", "int8", NULL},
    {"packed bf16", NULL, "bf16", "bf16", "bf16", NULL}, {"0.4.1", "0.4.1", NULL, NULL, "f32", NULL},
    {"0.4.1 int8", "0.4.1", NULL, NULL, "int8", NULL}, {"f16", NULL, "f16", NULL, "f32", NULL},
    {"openblas", NULL, NULL, NULL, "f32", "openblas"},
};
enum { FORMS = sizeof forms / sizeof *forms };

static void vectors_of_saved(const char *path, float *vectors)
{
    sbertja_model *model = NULL;
    must(sbertja_model_load(path, NULL, &model, &error));
    encode(model, vectors);
    sbertja_model_free(model);
}

/* The same vectors always. A save writes what was loaded, or says that the file was changed. */
static void check(int form, int number)
{
    float before[TEXTS * WIDTH], after[TEXTS * WIDTH], saved[TEXTS * WIDTH], again[TEXTS * WIDTH];
    sbertja_model *model = NULL;
    save_as(forms[form].layout, forms[form].dtype, forms[form].packed);
    must(load(forms[form].precision, NULL, forms[form].engine, &model));
    ck_assert_uint_le(sbertja_model_dimension(model), WIDTH);
    encode(model, before);
    must(sbertja_model_save(model, temporary_path("early"), NULL, &error));
    change_all(changes[number].change);
    encode(model, after);
    const size_t size = TEXTS * sbertja_model_dimension(model) * sizeof *before;
    ck_assert_msg(memcmp(before, after, size) == 0, "%s, %s: other vectors", forms[form].name, changes[number].name);
    const sbertja_status status = sbertja_model_save(model, temporary_path("late"), NULL, &error);
    if (status == SBERTJA_OK) {
        vectors_of_saved(temporary_path("early"), saved);
        vectors_of_saved(temporary_path("late"), again);
        ck_assert_msg(memcmp(saved, again, size) == 0, "%s, %s: other weights", forms[form].name, changes[number].name);
    } else {
        ck_assert_msg(status == SBERTJA_E_IO && !changes[number].stays && strstr(error.message, "was changed") != NULL,
                      "%s, %s: %s", forms[form].name, changes[number].name, error.message);
    }
    encode(model, after);
    ck_assert_msg(memcmp(before, after, size) == 0, "%s, %s: other vectors", forms[form].name, changes[number].name);
    sbertja_model_free(model);
}

START_TEST(after_the_load)
{
    for (int number = 0; number < CHANGES; number++)
        check(_i, number);
}
END_TEST

/* ---- The file descriptor ---- */

static int descriptors(void)
{
    int count = 0;
    for (int i = 0; i < 256; i++)
        count += fcntl(i, F_GETFD) >= 0;
    return count;
}

/* A model keeps a file open only while it may have to read it again, and gives it back. */
START_TEST(files_that_stay_open)
{
    sbertja_model *model = NULL;
    save_as(NULL, NULL, NULL);
    const int before = descriptors();
    must(load("int8", NULL, NULL, &model));
    ck_assert_int_le(descriptors(), before + 1);
    sbertja_model_free(model);
    ck_assert_int_eq(descriptors(), before);
    must(load("f32", NULL, "openblas", &model)); /* has all values in memory */
    sbertja_model *packed = NULL;
    const int with_openblas = descriptors();
    must(load("f32", NULL, NULL, &packed));
    ck_assert_int_eq(descriptors(), with_openblas + 1);
    sbertja_model_free(packed);
    sbertja_model_free(model);
}
END_TEST

START_TEST(descriptors_that_the_host_closed)
{
    float before[TEXTS * WIDTH], after[TEXTS * WIDTH];
    sbertja_model *model = NULL;
    bool open_before[256];
    save_as(NULL, NULL, NULL);
    for (int i = 0; i < 256; i++)
        open_before[i] = fcntl(i, F_GETFD) >= 0;
    must(load("int8", NULL, NULL, &model));
    encode(model, before);
    for (int i = 3; i < 256; i++)
        if (!open_before[i])
            close(i);
    encode(model, after);
    ck_assert(memcmp(before, after, sizeof(float) * TEXTS * sbertja_model_dimension(model)) == 0);
    ck_assert_int_eq(sbertja_model_save(model, temporary_path("x"), NULL, &error), SBERTJA_E_IO);
    ck_assert_msg(strstr(error.message, "descriptor was closed outside the library") != NULL, "%s", error.message);
    sbertja_model_free(model);
}
END_TEST

/* ---- While it is loaded ---- */

typedef struct writer {
    char path[512];
    atomic_bool stop;
} writer;

static void *keep_changing(void *context)
{
    writer *w = context;
    size_t size;
    char *content = scratch_read(w->path, &size);
    const int file = open(w->path, O_WRONLY);
    for (unsigned round = 0; !atomic_load(&w->stop); round++) {
        if (ftruncate(file, round % 3 == 0 ? 0 : (off_t)size / 2) != 0 || pwrite(file, content, size, 0) != (ssize_t)size)
            break;
        usleep(round % 4 == 0 ? 20000 : 1000);
    }
    close(file);
    free(content);
    return NULL;
}

START_TEST(during_the_load)
{
    static const char *const files[] = {"model.safetensors", "vocab.txt", "config.json", "packed"};
    float wanted[TEXTS * WIDTH], vectors[TEXTS * WIDTH];
    sbertja_model *model = NULL;
    writer w = {.stop = false};
    pthread_t thread;
    save_as(NULL, NULL, strcmp(files[_i], "packed") == 0 ? "int8" : NULL);
    snprintf(w.path, sizeof w.path, "%s/%s", temporary_path("m"), files[_i]);
    if (strcmp(files[_i], "packed") == 0) {
        char command[400];
        snprintf(command, sizeof command, "ls '%s'/packed*", temporary_path("m"));
        FILE *list = popen(command, "r");
        ck_assert(fgets(w.path, sizeof w.path, list) != NULL);
        pclose(list);
        w.path[strcspn(w.path, "\n")] = '\0';
    }
    must(load("int8", NULL, NULL, &model));
    encode(model, wanted);
    const size_t size = sizeof(float) * TEXTS * sbertja_model_dimension(model);
    sbertja_model_free(model);
    ck_assert_int_eq(pthread_create(&thread, NULL, keep_changing, &w), 0);
    for (int round = 0; round < 15; round++) {
        if (load("int8", NULL, NULL, &model) != SBERTJA_OK)
            continue;
        encode(model, vectors);
        /* Half a vocabulary is one too, if that is what the file held when it was opened. */
        ck_assert_msg(strcmp(files[_i], "vocab.txt") == 0 || memcmp(vectors, wanted, size) == 0, "%s: round %d",
                      files[_i], round);
        sbertja_model_free(model);
    }
    atomic_store(&w.stop, true);
    pthread_join(thread, NULL);
}
END_TEST

/* ---- On request ---- */

/* Mapped weights give the same bits, and survive what the rule allows: replacing and deleting. */
START_TEST(mapped)
{
    float wanted[TEXTS * WIDTH], vectors[TEXTS * WIDTH];
    sbertja_model *model = NULL;
    save_as(forms[_i].layout, forms[_i].dtype, forms[_i].packed);
    must(load(forms[_i].precision, "copied", forms[_i].engine, &model));
    encode(model, wanted);
    const size_t size = sizeof(float) * TEXTS * sbertja_model_dimension(model);
    sbertja_model_free(model);
    must(load(forms[_i].precision, "mapped", forms[_i].engine, &model));
    change_all(_i % 2 ? delete : rename_over);
    encode(model, vectors);
    ck_assert_msg(memcmp(vectors, wanted, size) == 0, "%s", forms[_i].name);
    must(sbertja_model_save(model, temporary_path("late"), NULL, &error));
    sbertja_model_free(model);
}
END_TEST

START_TEST(another_word)
{
    sbertja_model *model = NULL;
    save_as(NULL, NULL, NULL);
    ck_assert_int_eq(load(NULL, "shared", NULL, &model), SBERTJA_E_ARGUMENT);
    ck_assert_str_eq(error.message, "load options: weights \"shared\", expected copied or mapped");
}
END_TEST

SUITE_MAIN("api/changed_files", 60, {after_the_load, FORMS}, {files_that_stay_open, 0},
           {descriptors_that_the_host_closed, 0}, {during_the_load, 4}, {mapped, FORMS}, {another_word, 0})
