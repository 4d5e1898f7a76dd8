/* The public functions as a host sees them: wrong arguments, option structs of other sizes, macros and functions alike,
 * silence, handles shared by threads, and the header in C99 and C++. */
#include <cjson/cJSON.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/suite.h"
#include "support/temporary.h"
#include "support/training.h"

static const char *const directory = "tests/data/tiny/model";
static const char *const texts[] = {"冷却水が漏れた。", "会議は三時に始まる。", "配管から水が漏れていた。"};
enum { TEXTS = 3, DIMENSION = 48 };

static sbertja_model *load(void)
{
    sbertja_error error;
    sbertja_model *model;
    ck_assert_msg(sbertja_model_load(directory, NULL, &model, &error) == SBERTJA_OK, "%s", error.message);
    return model;
}

/* ---- Arguments that are not there ---- */

static sbertja_error error;

static void refused(sbertja_status status, const char *message)
{
    ck_assert_msg(status == SBERTJA_E_ARGUMENT && error.status == status, "%s: %s", message,
                  sbertja_status_name(status));
    ck_assert_str_eq(error.message, message);
    memset(&error, 0, sizeof error);
}

START_TEST(null_models)
{
    sbertja_model *model = load(), *none;
    sbertja_encoding *encoding;
    refused(sbertja_model_load(directory, NULL, NULL, &error), "model: is NULL");
    refused(sbertja_model_create(NULL, NULL, &none, &error), "architecture: is NULL");
    ck_assert_ptr_null(none);
    refused(sbertja_model_create(&(sbertja_architecture)SBERTJA_ARCHITECTURE_INIT, NULL, NULL, &error),
            "model: is NULL");
    refused(sbertja_model_create(&(sbertja_architecture)SBERTJA_ARCHITECTURE_INIT, NULL, &none, &error),
            "architecture: no vocabulary file is given");
    refused(sbertja_model_save(NULL, "x", NULL, &error), "model: is NULL");
    refused(sbertja_model_save(model, NULL, NULL, &error), "directory: is NULL");
    refused(sbertja_model_parameter(NULL, 0, NULL, NULL, &error), "model: is NULL");
    refused(sbertja_model_parameter(model, 55, NULL, NULL, &error), "parameter 55: the model has 55");
    refused(sbertja_default_model(NULL, 0, &error), "path: is NULL");
    refused(sbertja_tokenizer_load(directory, NULL, NULL, &error), "tokenizer: is NULL");
    refused(sbertja_encoding_create(NULL, &encoding, &error), "tokenizer: is NULL");
    refused(sbertja_encoding_create(sbertja_model_tokenizer(model), NULL, &error), "encoding: is NULL");
    refused(sbertja_tokenize(NULL, "x", 1, &error), "encoding: is NULL");
    sbertja_model_free(model);
}
END_TEST

START_TEST(null_sessions)
{
    const char *const holes[] = {"水", NULL};
    sbertja_model *model = load();
    sbertja_session *session, *none;
    float vectors[2 * DIMENSION];
    ck_assert(sbertja_session_create(model, NULL, &session, NULL) == SBERTJA_OK);
    refused(sbertja_session_create(NULL, NULL, &none, &error), "model: is NULL");
    ck_assert_ptr_null(none);
    refused(sbertja_session_create(model, NULL, NULL, &error), "session: is NULL");
    refused(sbertja_encode(NULL, texts, NULL, 1, NULL, vectors, &error), "session: is NULL");
    refused(sbertja_encode(session, NULL, NULL, 1, NULL, vectors, &error), "texts: is NULL");
    refused(sbertja_encode(session, texts, NULL, 1, NULL, NULL, &error), "vectors: is NULL");
    refused(sbertja_encode(session, holes, NULL, 2, NULL, vectors, &error), "text 1: is NULL");
    ck_assert(sbertja_encode(session, NULL, NULL, 0, NULL, NULL, NULL) == SBERTJA_OK);
    sbertja_session_free(session);
    sbertja_model_free(model);
}
END_TEST

START_TEST(null_training)
{
    const char *const holes[] = {"水", NULL};
    sbertja_model *model = load(), *trained = model;
    sbertja_dataset *dataset;
    const sbertja_objective objective = SBERTJA_OBJECTIVE_INIT;
    refused(sbertja_dataset_create(NULL, &error), "dataset: is NULL");
    ck_assert(sbertja_dataset_create(&dataset, NULL) == SBERTJA_OK);
    refused(sbertja_dataset_add(NULL, texts, NULL, 1, 0, &error), "dataset: is NULL");
    refused(sbertja_dataset_add(dataset, NULL, NULL, 1, 0, &error), "texts: is NULL");
    refused(sbertja_dataset_add(dataset, holes, NULL, 2, 0, &error), "text 1: is NULL");
    refused(sbertja_dataset_add(dataset, texts, NULL, 0, 0, &error), "example 0: 0 texts, expected 1 to 8");
    ck_assert_uint_eq(sbertja_dataset_size(dataset), 0);
    refused(sbertja_fit(NULL, &objective, 1, NULL, &trained, &error), "model: is NULL");
    ck_assert_ptr_null(trained);
    refused(sbertja_fit(model, NULL, 1, NULL, &trained, &error), "objectives: none is given");
    refused(sbertja_fit(model, &objective, 0, NULL, &trained, &error), "objectives: none is given");
    refused(sbertja_fit(model, &objective, 1, NULL, NULL, &error), "neither `trained` nor output_path is given");
    sbertja_dataset_free(dataset);
    sbertja_model_free(model);
}
END_TEST

/* Freeing nothing, and failing without a place for the error. */
START_TEST(nothing_to_free)
{
    sbertja_model *model;
    sbertja_model_free(NULL);
    sbertja_tokenizer_free(NULL);
    sbertja_encoding_free(NULL);
    sbertja_session_free(NULL);
    sbertja_dataset_free(NULL);
    sbertja_table_free(NULL);
    ck_assert(sbertja_model_load("nowhere", NULL, &model, NULL) == SBERTJA_E_IO);
}
END_TEST

/* ---- Structs of other sizes ---- */

START_TEST(sizes_taken)
{
    static const struct {
        const char *name;
        uint32_t size;
        bool good;
    } cases[] = {{"not set", 0, false},
                 {"half a field", 4, false},
                 {"a field and a half", sizeof(void *) + 4, false},
                 {"an older version", offsetof(sbertja_load_options, threads), true},
                 {"the oldest", sizeof(void *), true},
                 {"a newer version", sizeof(sbertja_load_options) + sizeof(void *), false},
                 {"a wild one", UINT32_MAX, false}};
    char message[128];
    sbertja_load_options options = SBERTJA_LOAD_OPTIONS_INIT;
    sbertja_tokenizer *tokenizer;
    options.size = cases[_i].size;
    options.threads = -1; /* the last field, which an older version does not have */
    const sbertja_status status = sbertja_tokenizer_load(directory, &options, &tokenizer, &error);
    if (cases[_i].good) {
        ck_assert_msg(status == SBERTJA_OK, "%s: %s", cases[_i].name, error.message);
    } else {
        snprintf(message, sizeof message, "load options: size %u, expected %zu: start from the _INIT macro",
                 cases[_i].size, sizeof options);
        refused(status, message);
    }
    sbertja_tokenizer_free(tokenizer);
}
END_TEST

/* Every struct is looked at. */
START_TEST(sizes_of_all)
{
    sbertja_model *model = load(), *none;
    sbertja_session *session;
    sbertja_architecture a = SBERTJA_ARCHITECTURE_INIT;
    sbertja_save_options save = SBERTJA_SAVE_OPTIONS_INIT;
    sbertja_session_options small = SBERTJA_SESSION_OPTIONS_INIT;
    sbertja_encode_options encode = SBERTJA_ENCODE_OPTIONS_INIT;
    sbertja_vocabulary_options vocabulary = SBERTJA_VOCABULARY_OPTIONS_INIT;
    sbertja_fit_options fit = SBERTJA_FIT_OPTIONS_INIT;
    sbertja_objective objective = SBERTJA_OBJECTIVE_INIT;
    sbertja_module module = SBERTJA_MODULE_INIT;
    sbertja_load_options options = SBERTJA_LOAD_OPTIONS_INIT;
    float vectors[DIMENSION];
    a.size = save.size = small.size = encode.size = fit.size = objective.size = module.size = vocabulary.size = 3;
    ck_assert(sbertja_session_create(model, NULL, &session, NULL) == SBERTJA_OK);
    ck_assert(sbertja_model_create(&a, NULL, &none, &error) == SBERTJA_E_ARGUMENT);
    ck_assert(strstr(error.message, "architecture: size 3, expected ") == error.message);
    ck_assert(sbertja_model_save(model, "x", &save, &error) == SBERTJA_E_ARGUMENT);
    ck_assert(strstr(error.message, "save options: size 3, expected ") == error.message);
    ck_assert(sbertja_session_create(model, &small, &(sbertja_session *){NULL}, &error) == SBERTJA_E_ARGUMENT);
    ck_assert(strstr(error.message, "session options: size 3, expected ") == error.message);
    ck_assert(sbertja_vocabulary_trainer_create(&vocabulary, &(sbertja_vocabulary_trainer *){NULL}, &error) ==
              SBERTJA_E_ARGUMENT);
    ck_assert(strstr(error.message, "vocabulary options: size 3, expected ") == error.message);
    ck_assert(sbertja_encode(session, texts, NULL, 1, &encode, vectors, &error) == SBERTJA_E_ARGUMENT);
    ck_assert(strstr(error.message, "encode options: size 3, expected ") == error.message);
    ck_assert(sbertja_fit(model, &objective, 1, NULL, &none, &error) == SBERTJA_E_ARGUMENT);
    ck_assert(strstr(error.message, "objective 0: size 3, expected ") == error.message);
    objective.size = sizeof objective;
    ck_assert(sbertja_fit(model, &objective, 1, &fit, &none, &error) == SBERTJA_E_ARGUMENT);
    ck_assert(strstr(error.message, "fit options: size 3, expected ") == error.message);
    options.modules = &module;
    options.module_count = 1;
    ck_assert(sbertja_model_load(directory, &options, &none, &error) == SBERTJA_E_ARGUMENT);
    ck_assert(strstr(error.message, "module 0: size 3, expected ") == error.message);
    options.modules = NULL;
    refused(sbertja_model_load(directory, &options, &none, &error), "load options: modules: is NULL");
    sbertja_session_free(session);
    sbertja_model_free(model);
}
END_TEST

START_TEST(vocabularies)
{
    const char *const with_null[] = {"水", NULL};
    sbertja_vocabulary_trainer *trainer;
    refused(sbertja_vocabulary_trainer_create(NULL, NULL, &error), "trainer: is NULL");
    sbertja_vocabulary_options half = SBERTJA_VOCABULARY_OPTIONS_INIT;
    half.allocator = &(sbertja_allocator){0};
    refused(sbertja_vocabulary_trainer_create(&half, &trainer, &error),
            "vocabulary options: allocator's function: is NULL");
    ck_assert(sbertja_vocabulary_trainer_create(NULL, &trainer, &error) == SBERTJA_OK);
    refused(sbertja_vocabulary_trainer_add(NULL, texts, NULL, 1, &error), "trainer: is NULL");
    refused(sbertja_vocabulary_trainer_add(trainer, NULL, NULL, 1, &error), "texts: is NULL");
    refused(sbertja_vocabulary_trainer_add(trainer, with_null, NULL, 2, &error), "text 1: is NULL");
    refused(sbertja_vocabulary_trainer_finish(NULL, "x", NULL, &error), "trainer: is NULL");
    refused(sbertja_vocabulary_trainer_finish(trainer, NULL, NULL, &error), "path: is NULL");
    ck_assert(sbertja_vocabulary_trainer_add(trainer, NULL, NULL, 0, &error) == SBERTJA_OK);
    sbertja_vocabulary_trainer_free(trainer);
    sbertja_vocabulary_trainer_free(NULL);
}
END_TEST

/* ---- Macros and functions ---- */

/* Two macros have texts in them, whose addresses may differ. */
static void same_texts(const char *const *given, const char **wanted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ck_assert_str_eq(given[i], wanted[i]);
        wanted[i] = given[i];
    }
}

#define SAME(type, given, wanted)                                                                                      \
    ck_assert_msg(memcmp(&(given), &(wanted), sizeof(type)) == 0 && (given).size == sizeof(type), #type)

#define SAME_AS_MACRO(type, init, macro)                                                                               \
    do {                                                                                                               \
        static const type wanted = macro;                                                                              \
        type given;                                                                                                    \
        memset(&given, 0, sizeof given); /* for what lies between the fields */                                        \
        init(&given);                                                                                                  \
        SAME(type, given, wanted);                                                                                     \
    } while (0)

START_TEST(init_functions)
{
    static sbertja_module module, wanted_module = SBERTJA_MODULE_INIT;
    static sbertja_vocabulary_options training, wanted_training = SBERTJA_VOCABULARY_OPTIONS_INIT;
    static sbertja_architecture sizes, wanted_sizes = SBERTJA_ARCHITECTURE_INIT;
    SAME_AS_MACRO(sbertja_load_options, sbertja_load_options_init, SBERTJA_LOAD_OPTIONS_INIT);
    SAME_AS_MACRO(sbertja_save_options, sbertja_save_options_init, SBERTJA_SAVE_OPTIONS_INIT);
    sbertja_vocabulary_options_init(&training);
    same_texts(&training.word_tokenizer, &wanted_training.word_tokenizer, 2);
    SAME(sbertja_vocabulary_options, training, wanted_training);
    SAME_AS_MACRO(sbertja_session_options, sbertja_session_options_init, SBERTJA_SESSION_OPTIONS_INIT);
    SAME_AS_MACRO(sbertja_encode_options, sbertja_encode_options_init, SBERTJA_ENCODE_OPTIONS_INIT);
    SAME_AS_MACRO(sbertja_objective, sbertja_objective_init, SBERTJA_OBJECTIVE_INIT);
    SAME_AS_MACRO(sbertja_fit_options, sbertja_fit_options_init, SBERTJA_FIT_OPTIONS_INIT);
    sbertja_module_init(&module);
    same_texts(&module.pooling, &wanted_module.pooling, 1);
    same_texts(&module.activation, &wanted_module.activation, 1);
    SAME(sbertja_module, module, wanted_module);
    sbertja_architecture_init(&sizes);
    same_texts(&sizes.activation, &wanted_sizes.activation, 1);
    same_texts(&sizes.word_tokenizer, &wanted_sizes.word_tokenizer, 3); /* three texts in a row */
    SAME(sbertja_architecture, sizes, wanted_sizes);
}
END_TEST

START_TEST(names)
{
    static const char *const statuses[] = {"SBERTJA_OK",        "SBERTJA_E_ARGUMENT", "SBERTJA_E_MEMORY",
                                           "SBERTJA_E_IO",      "SBERTJA_E_FORMAT",   "SBERTJA_E_UNSUPPORTED",
                                           "SBERTJA_E_MISSING", "SBERTJA_E_STOPPED",  "SBERTJA_E_INTERNAL"};
    for (int i = 0; i <= SBERTJA_E_INTERNAL; i++)
        ck_assert_str_eq(sbertja_status_name((sbertja_status)i), statuses[i]);
    ck_assert_str_eq(sbertja_status_name((sbertja_status)9), "unknown");
    ck_assert_str_eq(sbertja_version(), SBERTJA_VERSION);
    ck_assert_ptr_nonnull(strstr(sbertja_devices(), "cpu"));
    ck_assert_ptr_nonnull(strstr(sbertja_engines(), "openblas"));
    ck_assert_ptr_nonnull(strstr(sbertja_instruction_sets(), "portable"));
}
END_TEST

/* What is asked of a model, and each name that the lists give can be loaded with. */
START_TEST(questions)
{
    sbertja_model *model = load();
    sbertja_parameter p;
    cJSON *described = cJSON_Parse(sbertja_model_describe(model));
    ck_assert_uint_eq(sbertja_model_dimension(model), DIMENSION);
    ck_assert_uint_eq(sbertja_model_token_dimension(model), DIMENSION);
    ck_assert_uint_eq(sbertja_model_max_tokens(model), 64);
    ck_assert_int_eq(cJSON_GetObjectItem(described, "dimension")->valueint, DIMENSION);
    ck_assert_str_eq(cJSON_GetObjectItem(described, "device")->valuestring, "cpu");
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(described, "modules")), 1);
    ck_assert_uint_eq(sbertja_model_parameter_count(model), 55);
    ck_assert(sbertja_model_parameter(model, 0, &p, NULL, NULL) == SBERTJA_OK);
    ck_assert_str_eq(p.name, "embeddings.word_embeddings.weight");
    ck_assert(p.rows == 1532 && p.columns == DIMENSION);
    cJSON_Delete(described);
    sbertja_model_free(model);
}
END_TEST

typedef void (*choose)(sbertja_load_options *options, const char *name);

static void choose_device(sbertja_load_options *options, const char *name)
{
    options->device = name;
}

static void choose_engine(sbertja_load_options *options, const char *name)
{
    options->engine = name;
}

static void choose_instructions(sbertja_load_options *options, const char *name)
{
    options->instructions = name;
}

START_TEST(every_choice)
{
    static const choose choices[] = {choose_device, choose_engine, choose_instructions};
    const char *const lists[] = {sbertja_devices(), sbertja_engines(), sbertja_instruction_sets()};
    char list[256];
    sbertja_model *model;
    sbertja_load_options options = SBERTJA_LOAD_OPTIONS_INIT;
    snprintf(list, sizeof list, "%s auto", lists[_i]);
    for (char *rest, *name = strtok_r(list, " ", &rest); name != NULL; name = strtok_r(NULL, " ", &rest)) {
        choices[_i](&options, name);
        ck_assert_msg(sbertja_model_load(directory, &options, &model, &error) == SBERTJA_OK, "%s: %s", name,
                      error.message);
        sbertja_model_free(model);
    }
    choices[_i](&options, "nonesuch");
    ck_assert(sbertja_model_load(directory, &options, &model, &error) == SBERTJA_E_ARGUMENT);
    ck_assert_msg(strstr(error.message, "nonesuch") != NULL, "%s", error.message);
}
END_TEST

/* ---- Silence ---- */

static int stop_at_once(void *user, const sbertja_progress *progress)
{
    (void)user;
    (void)progress;
    return 1;
}

static void use_everything(void)
{
    float vectors[TEXTS * DIMENSION];
    sbertja_session *session;
    sbertja_model *model = load(), *trained;
    sbertja_dataset *dataset = training_sentences(24);
    const sbertja_objective objective = training_objective(dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    sbertja_fit_options options = SBERTJA_FIT_OPTIONS_INIT;
    ck_assert(sbertja_session_create(model, NULL, &session, &error) == SBERTJA_OK);
    ck_assert(sbertja_encode(session, texts, NULL, TEXTS, NULL, vectors, &error) == SBERTJA_OK);
    ck_assert(sbertja_encode(session, &(const char *){"\xFF"}, NULL, 1, NULL, vectors, &error) == SBERTJA_E_FORMAT);
    ck_assert(sbertja_model_save(model, temporary_path("quiet"), NULL, &error) == SBERTJA_OK);
    ck_assert(sbertja_model_save(model, "/dev/null/x", NULL, &error) == SBERTJA_E_IO);
    ck_assert(sbertja_model_load("nowhere", NULL, &trained, &error) == SBERTJA_E_IO);
    ck_assert(sbertja_fit(model, &objective, 1, &options, &trained, &error) == SBERTJA_OK);
    sbertja_model_free(trained);
    options.progress = stop_at_once;
    ck_assert(sbertja_fit(model, &objective, 1, &options, &trained, &error) == SBERTJA_E_STOPPED);
    sbertja_model_free(trained);
    sbertja_dataset_free(dataset);
    sbertja_session_free(session);
    sbertja_model_free(model);
}

START_TEST(prints_nothing)
{
    struct stat info;
    const int file = open(temporary_path("printed"), O_RDWR | O_CREAT, 0600), out = dup(1), err = dup(2);
    fflush(stdout);
    ck_assert(file >= 0 && dup2(file, 1) == 1 && dup2(file, 2) == 2);
    use_everything();
    fflush(stdout);
    ck_assert(dup2(out, 1) == 1 && dup2(err, 2) == 2);
    ck_assert(fstat(file, &info) == 0);
    ck_assert_msg(info.st_size == 0, "%ld bytes were printed", (long)info.st_size);
    close(file);
    close(out);
    close(err);
}
END_TEST

static void count_message(void *user, sbertja_log_level level, const char *message)
{
    ck_assert(level == SBERTJA_LOG_INFO || level == SBERTJA_LOG_WARNING);
    ck_assert(strlen(message) > 0 && strchr(message, '\n') == NULL);
    ++*(int *)user;
}

/* Messages go to the callback: that a device was chosen, and that a label has too few sentences. */
START_TEST(messages)
{
    int count = 0;
    sbertja_model *model, *trained;
    sbertja_load_options load_options = SBERTJA_LOAD_OPTIONS_INIT;
    sbertja_fit_options options = SBERTJA_FIT_OPTIONS_INIT;
    load_options.log = count_message;
    load_options.log_user = &count;
    ck_assert(sbertja_model_load(directory, &load_options, &model, NULL) == SBERTJA_OK);
    ck_assert_int_gt(count, 0);
    sbertja_dataset *dataset = training_sentences(24);
    ck_assert(sbertja_dataset_add(dataset, texts, NULL, 1, 77, NULL) == SBERTJA_OK);
    const sbertja_objective objective = training_objective(dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    options.steps_per_epoch = 1;
    options.log = count_message;
    options.log_user = &count;
    count = 0;
    ck_assert(sbertja_fit(model, &objective, 1, &options, &trained, NULL) == SBERTJA_OK);
    ck_assert_int_gt(count, 0);
    sbertja_dataset_free(dataset);
    sbertja_model_free(trained);
    sbertja_model_free(model);
}
END_TEST

/* ---- One model, several threads ---- */

typedef struct user {
    const sbertja_model *model;
    const sbertja_dataset *dataset;
    float vectors[TEXTS * DIMENSION];
    sbertja_model *trained;
} user;

static void *encode_often(void *argument)
{
    user *u = argument;
    sbertja_session *session;
    ck_assert(sbertja_session_create(u->model, NULL, &session, NULL) == SBERTJA_OK);
    for (int i = 0; i < 20; i++)
        ck_assert(sbertja_encode(session, texts, NULL, TEXTS, NULL, u->vectors, NULL) == SBERTJA_OK);
    sbertja_session_free(session);
    return NULL;
}

static void *train(void *argument)
{
    user *u = argument;
    const sbertja_objective objective = training_objective(u->dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    sbertja_fit_options options = SBERTJA_FIT_OPTIONS_INIT;
    options.steps_per_epoch = 3;
    u->trained = training_fit(u->model, &objective, 1, &options);
    return NULL;
}

START_TEST(shared)
{
    enum { USERS = 4 };
    user users[USERS];
    pthread_t threads[USERS];
    sbertja_model *model = load();
    sbertja_dataset *dataset = training_sentences(24);
    for (int i = 0; i < USERS; i++) {
        users[i] = (user){.model = model, .dataset = dataset};
        ck_assert(pthread_create(&threads[i], NULL, i < 2 ? encode_often : train, &users[i]) == 0);
    }
    for (int i = 0; i < USERS; i++)
        ck_assert(pthread_join(threads[i], NULL) == 0);
    ck_assert(memcmp(users[0].vectors, users[1].vectors, sizeof users[0].vectors) == 0);
    ck_assert(training_equal(users[2].trained, users[3].trained));
    sbertja_model_free(model); /* trained models do not need it */
    encode_often(&(user){.model = users[2].trained});
    sbertja_model_free(users[2].trained);
    sbertja_model_free(users[3].trained);
    sbertja_dataset_free(dataset);
}
END_TEST

/* ---- The header ---- */

START_TEST(header)
{
    static const struct {
        const char *compiler, *options;
    } cases[] = {{"cc", "-std=c99 -pedantic-errors -Wall -Wextra -Werror -xc"},
                 {"c++", "-std=c++98 -Wall -Wextra -Werror -Wno-long-long -xc++"},
                 {"c++", "-std=c++17 -pedantic-errors -Wall -Wextra -Werror -xc++"}};
    char command[512];
    snprintf(command, sizeof command, "command -v %s >/dev/null", cases[_i].compiler);
    if (system(command) != 0) {
        printf("SKIP: the header with %s: there is no such compiler\n", cases[_i].compiler);
        return;
    }
    snprintf(command, sizeof command, "echo '#include \"sbertja.h\"' | %s %s -Iinclude -fsyntax-only -",
             cases[_i].compiler, cases[_i].options);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

SUITE_MAIN("api/api", 60, {null_models, 0}, {null_sessions, 0}, {null_training, 0}, {nothing_to_free, 0},
           {sizes_taken, 7}, {sizes_of_all, 0}, {vocabularies, 0}, {init_functions, 0}, {names, 0}, {questions, 0},
           {every_choice, 3}, {prints_nothing, 0}, {messages, 0}, {shared, 0}, {header, 3})
