/* Holds the bits of what the library computes and writes: vectors in three precisions, weights after twenty steps of
 * training, packed files, saved directories. tests/digests/digests.txt has one line for each, "SET COMPILER CASE DIGEST", for
 * every instruction set and compiler on which it was made; cases without a line are skipped and counted.
 *
 * A change that is meant to change bits says so in its commit and makes the lines again:
 *     build/tests/digests/test_digests --write */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/scratch.h"
#include "support/suite.h"
#include "support/temporary.h"
#include "support/training.h"

static const char file_of_digests[] = "tests/digests/digests.txt";
static bool writing;

#define TEXT_OF(x) #x
#define NAME_OF(name, major) name "-" TEXT_OF(major)
#if defined(__clang__)
static const char compiler[] = NAME_OF("clang", __clang_major__);
#else
static const char compiler[] = NAME_OF("gcc", __GNUC__);
#endif

/* ---- Digests: FNV-1a, 64 bits ------------------------------------------------------------------------------------ */

static uint64_t begin(void)
{
    return 0xcbf29ce484222325u;
}

static uint64_t add(uint64_t digest, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        digest = (digest ^ bytes[i]) * 0x100000001b3u;
    return digest;
}

static uint64_t add_file(uint64_t digest, const char *path)
{
    size_t size;
    char *content = scratch_read(path, &size);
    digest = add(digest, content, size);
    free(content);
    return digest;
}

/* What digests.txt says of a case, or false. */
static bool find(const char *key, uint64_t *digest)
{
    char line[256];
    const size_t length = strlen(key);
    bool found = false;
    FILE *file = fopen(file_of_digests, "r");
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL)
        found = strncmp(line, key, length) == 0 && line[length] == ' ' &&
                sscanf(line + length, "%" SCNx64, digest) == 1;
    if (file != NULL)
        fclose(file);
    return found;
}

/* Compares the digest of a case with the stored one, or prints its line. `set`: "any" where no kernel takes part. */
static void expect(const char *set, const char *name, uint64_t digest)
{
    char key[200];
    uint64_t stored;
    snprintf(key, sizeof key, "%s %s %s", set, compiler, name);
    if (writing)
        printf("%s %016" PRIx64 "\n", key, digest);
    else if (!find(key, &stored))
        printf("SKIP: digest of %s: none is stored for this instruction set and compiler\n", key);
    else
        ck_assert_msg(stored == digest, "%s: %016" PRIx64 ", stored is %016" PRIx64, key, digest, stored);
}

/* ---- What is digested -------------------------------------------------------------------------------------------- */

/* The `index`-th of the instruction sets of this machine, or NULL. */
static const char *instruction_set(int index)
{
    static char names[128];
    strcpy(names, sbertja_instruction_sets());
    char *name = strtok(names, " ");
    while (name != NULL && index-- > 0)
        name = strtok(NULL, " ");
    return name;
}

static sbertja_model *load(const char *directory, const char *set, const char *precision)
{
    sbertja_load_options options = SBERTJA_LOAD_OPTIONS_INIT;
    sbertja_error error;
    sbertja_model *model;
    options.device = "cpu";
    options.engine = "packed";
    options.instructions = set;
    options.precision = precision;
    ck_assert_msg(sbertja_model_load(directory, &options, &model, &error) == SBERTJA_OK, "%s", error.message);
    return model;
}

static uint64_t of_vectors(const sbertja_model *model)
{
    sbertja_error error;
    sbertja_table *table;
    sbertja_session *session;
    size_t column;
    ck_assert_msg(sbertja_table_read("examples/report/test.tsv", &table, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert(sbertja_table_find(table, "text", &column, NULL) == SBERTJA_OK);
    const size_t count = sbertja_table_rows(table), size = sbertja_model_dimension(model) * sizeof(float);
    const char **texts = malloc(count * sizeof *texts);
    float *vectors = malloc(count * size);
    for (size_t i = 0; i < count; i++)
        texts[i] = sbertja_table_cell(table, i, column, NULL);
    ck_assert(sbertja_session_create(model, NULL, &session, NULL) == SBERTJA_OK);
    ck_assert_msg(sbertja_encode(session, texts, NULL, count, NULL, vectors, &error) == SBERTJA_OK, "%s", error.message);
    const uint64_t digest = add(begin(), vectors, count * size);
    sbertja_session_free(session);
    sbertja_table_free(table);
    free(texts);
    free(vectors);
    return digest;
}

START_TEST(encode)
{
    static const char *const directories[] = {"tests/data/tiny/model", "tests/data/tiny/model-cls-dense-normalize",
                                              "models/default"};
    static const char *const precisions[] = {"f32", "bf16", "int8"};
    const char *set = instruction_set(_i);
    char name[100];
    for (size_t i = 0; set != NULL && i < 9; i++) {
        sbertja_model *model = load(directories[i / 3], set, precisions[i % 3]);
        snprintf(name, sizeof name, "encode %s %s", directories[i / 3], precisions[i % 3]);
        expect(set, name, of_vectors(model));
        sbertja_model_free(model);
    }
}
END_TEST

static uint64_t of_weights(const sbertja_model *model)
{
    size_t count;
    float *weights = training_weights(model, &count);
    const uint64_t digest = add(begin(), weights, count * sizeof *weights);
    free(weights);
    return digest;
}

/* Twenty steps of two losses in turn, with dropout. */
START_TEST(train)
{
    const char *set = instruction_set(_i);
    if (set == NULL)
        return;
    sbertja_model *model = load("tests/data/tiny/model", set, NULL);
    sbertja_dataset *sentences = training_sentences(96), *triplets = training_triplets(24);
    const sbertja_objective objectives[] = {training_objective(sentences, SBERTJA_BATCH_ALL_TRIPLET_LOSS),
                                            training_objective(triplets, SBERTJA_TRIPLET_LOSS)};
    sbertja_fit_options options = SBERTJA_FIT_OPTIONS_INIT;
    options.epochs = 2;
    options.steps_per_epoch = 5;
    options.warmup_steps = 4;
    options.learning_rate = 1e-3;
    sbertja_model *trained = training_fit(model, objectives, 2, &options);
    expect(set, "train f32", of_weights(trained));
    sbertja_model_free(trained);
    sbertja_model_free(model);
    sbertja_dataset_free(sentences);
    sbertja_dataset_free(triplets);
}
END_TEST

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* All files below a directory with their names, in the order of the names. */
static uint64_t of_directory(uint64_t digest, const char *path)
{
    struct dirent **entries;
    const int count = scandir(path, &entries, NULL, by_name);
    ck_assert_int_ge(count, 0);
    for (int i = 0; i < count; i++) {
        char inner[512];
        const char *name = entries[i]->d_name;
        snprintf(inner, sizeof inner, "%s/%s", path, name);
        if (name[0] != '.') {
            digest = add(digest, name, strlen(name) + 1);
            digest = entries[i]->d_type == DT_DIR ? of_directory(digest, inner) : add_file(digest, inner);
        }
        free(entries[i]);
    }
    free(entries);
    return digest;
}

static const char *save(const sbertja_model *model, const char *layout, const char *dtype, const char *packed)
{
    sbertja_save_options options = SBERTJA_SAVE_OPTIONS_INIT;
    sbertja_error error;
    const char *path = temporary_path("saved");
    options.layout = layout;
    options.dtype = dtype;
    options.packed = packed;
    ck_assert_msg(sbertja_model_save(model, path, &options, &error) == SBERTJA_OK, "%s", error.message);
    return path;
}

static const char *packed_file(const char *directory)
{
    static char path[512];
    struct dirent **entries;
    const int count = scandir(directory, &entries, NULL, by_name);
    path[0] = '\0';
    for (int i = 0; i < count; i++) {
        if (strstr(entries[i]->d_name, "packed") != NULL)
            snprintf(path, sizeof path, "%s/%s", directory, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    ck_assert_str_ne(path, "");
    return path;
}

START_TEST(packed)
{
    static const char *const precisions[] = {"bf16", "int8"};
    const char *set = instruction_set(_i);
    char name[100];
    for (size_t i = 0; set != NULL && i < 2; i++) {
        sbertja_model *model = load("tests/data/tiny/model", set, NULL);
        snprintf(name, sizeof name, "packed %s", precisions[i]);
        expect(set, name, add_file(begin(), packed_file(save(model, NULL, NULL, precisions[i]))));
        sbertja_model_free(model);
    }
}
END_TEST

START_TEST(saved)
{
    static const struct {
        const char *name, *directory, *layout, *dtype;
    } cases[] = {
        {"saved f32", "tests/data/tiny/model", NULL, NULL},
        {"saved dense", "tests/data/tiny/model-cls-dense-normalize", NULL, NULL},
        {"saved 0.4.1", "tests/data/tiny/model-cls-dense-normalize", "0.4.1", NULL},
        {"saved bf16", "tests/data/tiny/model", NULL, "bf16"},
        {"saved f16", "tests/data/tiny/model", NULL, "f16"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sbertja_model *model = load(cases[i].directory, NULL, NULL);
        expect("any", cases[i].name, of_directory(begin(), save(model, cases[i].layout, cases[i].dtype, NULL)));
        sbertja_model_free(model);
    }
}
END_TEST

int main(int count, char **arguments)
{
    enum { MAX_SETS = 8 };
    const suite_entry entries[] = {{encode, MAX_SETS}, {train, MAX_SETS}, {packed, MAX_SETS}, {saved, 0}};
    writing = count > 1 && strcmp(arguments[1], "--write") == 0;
    return suite_run("digests/digests", 120, entries, sizeof entries / sizeof *entries);
}
