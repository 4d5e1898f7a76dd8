/* Where the default model is looked for: places in their order, trees of folders as the source tree, an installation
 * and a Python package have them, and the file that this very program is. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/default_model.h"
#include "support/folders.h"
#include "support/suite.h"

/* ---- Places as texts ---- */

static const struct {
    const char *file, *expected; /* one a line, without the last, which is the build's */
} files[] = {
    {"/usr/local/lib/libsbertja.so.0.1.0",
     "/usr/local/lib/default\n/usr/models/default\n/usr/local/share/sbertja/default\n/usr/share/sbertja/default\n"},
    {"/usr/lib/x86_64-linux-gnu/libsbertja.so.0",
     "/usr/lib/x86_64-linux-gnu/default\n/usr/models/default\n/usr/lib/share/sbertja/default\n"
     "/usr/share/sbertja/default\n"},
    {"/src/build/bin/sbertja",
     "/src/build/bin/default\n/src/models/default\n/src/build/share/sbertja/default\n/src/share/sbertja/default\n"},
    {"/a program", "/default\n/models/default\n/share/sbertja/default\n/share/sbertja/default\n"},
    {NULL, ""},
};
enum { FILES = sizeof files / sizeof *files };

START_TEST(places_of_a_file)
{
    char found[4096] = "", place[256], last[258] = "";
    for (size_t i = 0; sbj_default_model_place(files[_i].file, i, place, sizeof place); i++) {
        strcat(found, last);
        snprintf(last, sizeof last, "%s\n", place);
    }
    ck_assert_str_eq(found, files[_i].expected);
    ck_assert_str_eq(last, SBERTJA_DATADIR "/sbertja/default\n");
}
END_TEST

START_TEST(a_place_without_room_is_empty)
{
    char place[24];
    ck_assert(sbj_default_model_place("/usr/local/lib/x.so", 0, place, sizeof "/usr/local/lib/default"));
    ck_assert_str_eq(place, "/usr/local/lib/default");
    ck_assert(sbj_default_model_place("/usr/local/lib/x.so", 0, place, sizeof "/usr/local/lib/default" - 1));
    ck_assert_str_eq(place, "");
}
END_TEST

/* ---- Trees ---- */

static const struct {
    const char *name, *file, *model;
} trees[] = {
    {"a Python package", "sbertja/lib/libsbertja.so", "sbertja/lib/default"},
    {"the source tree's library", "src/build/lib/libsbertja.so", "src/models/default"},
    {"the source tree's command", "src/build/bin/sbertja", "src/models/default"},
    {"an installation", "usr/lib/libsbertja.so", "usr/share/sbertja/default"},
    {"an installation of Debian's", "usr/lib/x86_64-linux-gnu/libsbertja.so", "usr/share/sbertja/default"},
};
enum { TREES = sizeof trees / sizeof *trees };

/* Whether the build's own place has a model, which is then found after all others. */
static int installed(void)
{
    return access(SBERTJA_DATADIR "/sbertja/default/modules.json", F_OK) == 0;
}

static void write_model(const char *folder)
{
    static const char modules[] = "[{\"type\": \"sentence_transformers.models.Transformer\"}]";
    char name[256];
    snprintf(name, sizeof name, "%s/modules.json", folder);
    folders_write(name, modules, sizeof modules - 1);
}

START_TEST(trees_have_a_model)
{
    char found[SBJ_PATH_ROOM] = "as before";
    sbertja_error error;
    char *file = folders_path(trees[_i].file), *model = folders_path(trees[_i].model);
    folders_write(trees[_i].file, "", 0);
    if (!installed()) {
        ck_assert_msg(sbj_default_model_find(file, found, &error) == SBERTJA_E_MISSING, "%s", trees[_i].name);
        ck_assert_str_eq(found, "as before");
        ck_assert_msg(strstr(error.message, model) != NULL, "%s: %s", trees[_i].name, error.message);
    }
    write_model(trees[_i].model);
    ck_assert_msg(sbj_default_model_find(file, found, &error) == SBERTJA_OK, "%s: %s", trees[_i].name, error.message);
    ck_assert_str_eq(found, model);
    free(file);
    free(model);
    folders_clear();
}
END_TEST

/* A folder of that name that holds something else, such as the recipe of a model that is not made yet, is passed over.
 */
START_TEST(another_folder_is_no_model)
{
    char found[SBJ_PATH_ROOM];
    sbertja_error error;
    char *file = folders_path("usr/lib/libsbertja.so"), *model = folders_path("usr/share/sbertja/default");
    folders_write("usr/lib/default/train.sh", "", 0);
    write_model("usr/share/sbertja/default");
    ck_assert_msg(sbj_default_model_find(file, found, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_str_eq(found, model);
    free(file);
    free(model);
    folders_clear();
}
END_TEST

START_TEST(the_message_says_what_to_do)
{
    char found[SBJ_PATH_ROOM];
    sbertja_error error;
    if (installed()) {
        printf("SKIP: the_message_says_what_to_do: %s has a model\n", SBERTJA_DATADIR);
        return;
    }
    ck_assert_int_eq(sbj_default_model_find("/nowhere/at/all/libsbertja.so", found, &error), SBERTJA_E_MISSING);
    ck_assert_ptr_nonnull(strstr(error.message, "give a model directory (sbertja: -m DIR)"));
    ck_assert_ptr_nonnull(strstr(error.message, "looked at /nowhere/at/all/default, /nowhere/models/default, "));
    ck_assert_ptr_nonnull(strstr(error.message, ", " SBERTJA_DATADIR "/sbertja/default"));
    ck_assert_int_eq(sbj_default_model_find("/nowhere/at/all/libsbertja.so", found, NULL), SBERTJA_E_MISSING);
}
END_TEST

/* Long paths: the message is cut, nothing else. */
START_TEST(a_path_of_any_length)
{
    char file[2 * SBJ_PATH_ROOM], found[SBJ_PATH_ROOM];
    sbertja_error error;
    if (installed()) {
        printf("SKIP: a_path_of_any_length: %s has a model\n", SBERTJA_DATADIR);
        return;
    }
    for (size_t length = 16; length < sizeof file; length += length / 16) {
        memset(file, 'a', length);
        memcpy(file, "/b/c", 4);
        file[length - 3] = '/';
        file[length] = '\0';
        ck_assert_int_eq(sbj_default_model_find(file, found, &error), SBERTJA_E_MISSING);
    }
}
END_TEST

/* ---- This program, which has the library inside ---- */

START_TEST(own_file_is_the_program)
{
    char own[SBJ_PATH_ROOM], program[PATH_MAX];
    ck_assert(realpath("/proc/self/exe", program) != NULL);
    ck_assert(sbj_own_file(own));
    ck_assert_str_eq(own, program);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert(sbj_own_file(own));
    ck_assert_str_eq(own, program);
}
END_TEST

SUITE_MAIN("model/default_model", 10, {places_of_a_file, FILES}, {a_place_without_room_is_empty, 0},
           {trees_have_a_model, TREES}, {another_folder_is_no_model, 0}, {the_message_says_what_to_do, 0},
           {a_path_of_any_length, 0}, {own_file_is_the_program, 0})
