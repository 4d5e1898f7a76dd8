/* No directory named: the default model, which is looked for beside this very program, since the library is a part of it. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sbertja.h"
#include "support/suite.h"

static const char *const stand_in = "tests/data/tiny/model"; /* for the model that is not beside this program */
static char link_path[PATH_MAX + 16];

static void take_away(void)
{
    unlink(link_path);
}

/* A link "default" beside this program. */
static void bring_along(void)
{
    char program[PATH_MAX], model[PATH_MAX];
    ck_assert(realpath("/proc/self/exe", program) != NULL && realpath(stand_in, model) != NULL);
    *strrchr(program, '/') = '\0';
    snprintf(link_path, sizeof link_path, "%s/default", program);
    unlink(link_path);
    ck_assert_int_eq(symlink(model, link_path), 0);
    atexit(take_away);
}

START_TEST(where_it_is)
{
    char path[PATH_MAX];
    sbertja_error error;
    bring_along();
    ck_assert_msg(sbertja_default_model(path, sizeof path, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_str_eq(path, link_path);
    ck_assert_int_eq(sbertja_default_model(path, strlen(link_path) + 1, NULL), SBERTJA_OK);
    ck_assert_int_eq(sbertja_default_model(path, strlen(link_path), &error), SBERTJA_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "the path of the default model needs"));
    ck_assert_str_eq(path, "");
    ck_assert_int_eq(sbertja_default_model(path, 0, NULL), SBERTJA_E_ARGUMENT);
}
END_TEST

START_TEST(loaded_from_any_folder)
{
    sbertja_load_options options = SBERTJA_LOAD_OPTIONS_INIT;
    sbertja_model *model;
    sbertja_tokenizer *tokenizer;
    sbertja_error error;
    bring_along();
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_msg(sbertja_model_load(NULL, NULL, &model, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_uint_eq(sbertja_model_dimension(model), 48);
    ck_assert_uint_eq(sbertja_model_max_tokens(model), 64);
    sbertja_model_free(model);
    options.max_tokens = 9;
    ck_assert_msg(sbertja_model_load(NULL, &options, &model, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_uint_eq(sbertja_model_max_tokens(model), 9);
    sbertja_model_free(model);
    ck_assert_msg(sbertja_tokenizer_load(NULL, NULL, &tokenizer, &error) == SBERTJA_OK, "%s", error.message);
    sbertja_tokenizer_free(tokenizer);
}
END_TEST

START_TEST(none_there)
{
    char path[PATH_MAX] = "as before";
    sbertja_model *model = (sbertja_model *)path;
    sbertja_tokenizer *tokenizer = (sbertja_tokenizer *)path;
    sbertja_error error;
    if (access(SBERTJA_DATADIR "/sbertja/default/modules.json", F_OK) == 0) {
        printf("SKIP: none_there: %s has a model\n", SBERTJA_DATADIR);
        return;
    }
    bring_along();
    take_away();
    ck_assert_int_eq(sbertja_model_load(NULL, NULL, &model, &error), SBERTJA_E_MISSING);
    ck_assert_ptr_null(model);
    ck_assert_ptr_nonnull(strstr(error.message, "give a model directory"));
    ck_assert_int_eq(sbertja_tokenizer_load(NULL, NULL, &tokenizer, NULL), SBERTJA_E_MISSING);
    ck_assert_ptr_null(tokenizer);
    ck_assert_int_eq(sbertja_default_model(path, sizeof path, &error), SBERTJA_E_MISSING);
    ck_assert_str_eq(path, "");
}
END_TEST

SUITE_MAIN("api/default", 20, {where_it_is, 0}, {loaded_from_any_folder, 0}, {none_there, 0})
