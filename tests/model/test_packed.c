/* Where the encoder's matrices come from and what becomes of their memory: the packed file, when it is used and when
 * not; weights that are given back; training and saving from a model that has only a packed form. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/reference.h"
#include "support/suite.h"
#include "support/temporary.h"
#include "support/training.h"

static const char *const texts[] = {"冷却水が漏れた。", "会議は三時に始まる。",
                                    "配管から水が漏れていたので、弁を閉めた。"};
enum { TEXTS = sizeof texts / sizeof *texts };

static const sbj_precision precisions[] = {SBJ_PRECISION_BF16, SBJ_PRECISION_INT8};

/* ---- Loading, and what is said meanwhile ---- */

static char said[2048];

static void hear(void *user, sbertja_log_level level, const char *message)
{
    (void)user;
    (void)level;
    snprintf(said + strlen(said), sizeof said - strlen(said), "%s\n", message);
}

static sbj_model *load_or_map(const char *directory, sbj_precision precision, const char *engine,
                              const char *instructions, bool mapped)
{
    const sbj_model_options options = {.alloc = sbj_malloc,
                                       .mapped = mapped,
                                       .log = {hear, NULL},
                                       .device = "cpu",
                                       .engine = engine,
                                       .instructions = instructions,
                                       .precision = precision};
    sbertja_error error;
    sbj_model *model = NULL;
    said[0] = '\0';
    ck_assert_msg(sbj_model_load(directory, &options, &model, &error) == SBERTJA_OK, "%s", error.message);
    return model;
}

static sbj_model *load(const char *directory, sbj_precision precision, const char *engine, const char *instructions)
{
    return load_or_map(directory, precision, engine, instructions, false);
}

static void encode(const sbj_model *model, float *vectors)
{
    sbertja_error error;
    sbj_session *session = NULL;
    ck_assert_msg(sbj_session_create(model, NULL, &session, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_msg(sbj_session_encode(session, texts, NULL, TEXTS, NULL, vectors, &error) == SBERTJA_OK, "%s",
                  error.message);
    sbj_session_free(session);
}

static void save(const sbj_model *model, const char *directory, const char *layout, const char *dtype,
                 const char *packed)
{
    const sbertja_save_options options = {.size = sizeof options, .layout = layout, .dtype = dtype,
                                          .packed = packed};
    sbertja_error error;
    ck_assert_msg(sbj_model_save(model, directory, &options, &error) == SBERTJA_OK, "%s", error.message);
}

/* Loads the directory, which may have a packed file, expects what is said, and the vectors of `wanted`. */
static void expect(const char *directory, sbj_precision precision, const char *what, const char *expected,
                   const float *wanted)
{
    float vectors[TEXTS * 96];
    sbj_model *model = load(directory, precision, NULL, NULL);
    ck_assert_msg(strstr(said, expected) != NULL, "%s: expected to hear \"%s\", heard \"%s\"", what, expected, said);
    encode(model, vectors);
    ck_assert_msg(memcmp(vectors, wanted, TEXTS * model->network.width * sizeof *wanted) == 0, "%s: other vectors",
                  what);
    sbj_model_free(model);
}

/* ---- The packed file ---- */

static const char *packed_name(sbj_precision precision, const char *instructions)
{
    static char name[64];
    snprintf(name, sizeof name, "packed-%s-%.*s-%d.bin", sbj_precision_name(precision), (int)strcspn(instructions, " "),
             instructions, SBJ_PACKED_VERSION);
    return name;
}

static const struct {
    const char *name, *layout, *dtype;
    sbj_precision precision;
} forms[] = {
    {"int8 beside f32", "2", "f32", SBJ_PRECISION_INT8},
    {"bf16 beside bf16", "2", "bf16", SBJ_PRECISION_BF16},
    {"int8 beside rounded weights", "2", "f16", SBJ_PRECISION_INT8},
    {"int8 in the older layout", "0.4.1", "f32", SBJ_PRECISION_INT8},
};
enum { FORMS = sizeof forms / sizeof *forms };

/* With the file the vectors have the same bits as without. */
START_TEST(there_and_back)
{
    const sbj_precision precision = forms[_i].precision;
    float wanted[TEXTS * 96];
    char folder[300], path[400];
    sbj_model *first = load("tests/data/tiny/model", SBJ_PRECISION_F32, NULL, NULL);
    save(first, temporary_path("plain"), forms[_i].layout, forms[_i].dtype, NULL);
    save(first, temporary_path("packed"), forms[_i].layout, forms[_i].dtype, sbj_precision_name(precision));
    sbj_model_free(first);
    sbj_model *plain = load(temporary_path("plain"), precision, NULL, NULL);
    ck_assert_ptr_null(strstr(said, "packed-"));
    encode(plain, wanted);
    sbj_model_free(plain);
    snprintf(folder, sizeof folder, "%s%s", temporary_path("packed"),
             strcmp(forms[_i].layout, "2") == 0 ? "" : "/0_Transformer");
    snprintf(path, sizeof path, "%s/%s", folder, packed_name(precision, sbj_cpu_instruction_sets()));
    ck_assert_msg(sbj_is_file(path), "%s is not there", path);
    expect(temporary_path("packed"), precision, forms[_i].name, ".bin: is used", wanted);
    sbj_model *other = load(temporary_path("packed"), SBJ_PRECISION_F32, NULL, NULL);
    ck_assert_ptr_null(strstr(said, ".bin"));
    sbj_model_free(other);
}
END_TEST

/* A model directory with a packed file for the best instruction set, and the file's path. */
static sbj_map packed_directory(sbj_precision precision, char path[300])
{
    sbj_map map;
    sbj_model *model = load("tests/data/tiny/model", SBJ_PRECISION_F32, NULL, NULL);
    save(model, temporary_path("m"), "2", "f32", sbj_precision_name(precision));
    sbj_model_free(model);
    snprintf(path, 300, "%s/%s", temporary_path("m"), packed_name(precision, sbj_cpu_instruction_sets()));
    ck_assert(sbj_map_open(path, &map, NULL) == SBERTJA_OK);
    return map;
}

/* The vectors that a load without any packed file gives. */
static void vectors_of(sbj_precision precision, float *vectors)
{
    sbj_model *model = load("tests/data/tiny/model", precision, NULL, NULL);
    encode(model, vectors);
    sbj_model_free(model);
}

/* Cut anywhere, and with more behind it. */
START_TEST(another_length_is_told_of)
{
    char path[300];
    float wanted[TEXTS * 96];
    vectors_of(precisions[_i], wanted);
    sbj_map map = packed_directory(precisions[_i], path);
    unsigned char *longer = calloc(1, map.size + 1);
    memcpy(longer, map.data, map.size);
    for (size_t size = 0; size <= map.size + 1; size += size < 80 ? 7 : map.size / 13) {
        ck_assert(sbj_write_file(path, longer, size, NULL) == SBERTJA_OK);
        expect(temporary_path("m"), precisions[_i], "cut",
               size < 72 ? ".bin: is not used: it ends in its header; the weights are packed anew"
                         : ".bin: is not used: its size is not what it should be",
               wanted);
    }
    ck_assert(sbj_write_file(path, longer, map.size + 1, NULL) == SBERTJA_OK);
    expect(temporary_path("m"), precisions[_i], "too long", "its size is not what it should be", wanted);
    ck_assert(sbj_write_file(path, longer, map.size, NULL) == SBERTJA_OK);
    expect(temporary_path("m"), precisions[_i], "whole again", "is used", wanted);
    free(longer);
    sbj_map_close(&map);
}
END_TEST

/* A wrong byte anywhere before the data. */
START_TEST(a_damaged_header_is_told_of)
{
    static const struct {
        size_t until;
        const char *says;
    } parts[] = {{8, "it is not a packed file"},
                 {48, "it is of another form than its name says"},
                 {56, "it was made from other weights"},
                 {SIZE_MAX, "its header is damaged"}};
    char path[300];
    float wanted[TEXTS * 96];
    vectors_of(SBJ_PRECISION_INT8, wanted);
    sbj_map map = packed_directory(SBJ_PRECISION_INT8, path);
    unsigned char *wrong = malloc(map.size);
    uint64_t header;
    memcpy(&header, map.data + 72 + 24, sizeof header); /* where the first matrix begins */
    for (size_t at = 0, part = 0; at < header; at += at < 80 ? 5 : 61) {
        memcpy(wrong, map.data, map.size);
        wrong[at] ^= 0x10;
        while (at >= parts[part].until)
            part++;
        ck_assert(sbj_write_file(path, wrong, map.size, NULL) == SBERTJA_OK);
        if (at < 56 || at >= 64) /* the size is looked at earlier */
            expect(temporary_path("m"), SBJ_PRECISION_INT8, "damaged", parts[part].says, wanted);
    }
    free(wrong);
    sbj_map_close(&map);
}
END_TEST

/* The packed file of other weights, and what is no file. */
START_TEST(of_other_weights)
{
    char path[300], weights[300];
    float wanted[TEXTS * 96];
    sbj_map map = packed_directory(SBJ_PRECISION_INT8, path), archive;
    snprintf(weights, sizeof weights, "%s/model.safetensors", temporary_path("m"));
    ck_assert(sbj_map_open(weights, &archive, NULL) == SBERTJA_OK);
    unsigned char *changed = malloc(archive.size);
    memcpy(changed, archive.data, archive.size);
    sbj_archive *tensors;
    ck_assert(sbj_archive_open(&sbj_malloc, weights, &tensors, NULL) == SBERTJA_OK);
    const char *name = _i == 0 ? "encoder.layer.1.output.dense.bias" : "encoder.layer.0.output.dense.weight";
    const sbj_stored *stored = sbj_archive_find(tensors, name), *first = sbj_archive_at(tensors, 0);
    /* The first tensor's data comes right behind the header. */
    uint64_t header;
    memcpy(&header, archive.data, sizeof header);
    const size_t at = sizeof header + (size_t)header + (stored->place - first->place);
    changed[at + 3] ^= 1; /* in the exponent of its first number */
    sbj_archive_free(tensors);
    ck_assert(sbj_write_file(weights, changed, archive.size, NULL) == SBERTJA_OK);
    remove(path);
    sbj_model *model = load(temporary_path("m"), SBJ_PRECISION_INT8, NULL, NULL);
    encode(model, wanted);
    sbj_model_free(model);
    ck_assert(sbj_write_file(path, map.data, map.size, NULL) == SBERTJA_OK);
    expect(temporary_path("m"), SBJ_PRECISION_INT8, "other weights", "it was made from other weights", wanted);
    free(changed);
    sbj_map_close(&map);
    sbj_map_close(&archive);
}
END_TEST

START_TEST(for_another_machine)
{
    char path[300];
    float wanted[TEXTS * 96], vectors[TEXTS * 96];
    sbj_map map = packed_directory(SBJ_PRECISION_INT8, path);
    if (strcmp(sbj_cpu_instruction_sets(), "portable") == 0) {
        printf("SKIP: packed for another machine: there is only one instruction set here\n");
        return;
    }
    sbj_model *model = load("tests/data/tiny/model", SBJ_PRECISION_INT8, NULL, "portable");
    encode(model, wanted);
    sbj_model_free(model);
    model = load(temporary_path("m"), SBJ_PRECISION_INT8, NULL, "portable");
    ck_assert_msg(strstr(said,
                         ".bin: is not used: it is for another instruction set or version; the weights are packed "
                         "anew") != NULL,
                  "%s", said);
    encode(model, vectors);
    ck_assert(memcmp(vectors, wanted, TEXTS * model->network.width * sizeof *vectors) == 0);
    sbj_model_free(model);
    /* Under the other's name. */
    char other[300];
    snprintf(other, sizeof other, "%s/%s", temporary_path("m"), packed_name(SBJ_PRECISION_INT8, "portable"));
    ck_assert(rename(path, other) == 0);
    model = load(temporary_path("m"), SBJ_PRECISION_INT8, NULL, "portable");
    ck_assert_msg(strstr(said, "it is of another form than its name says") != NULL, "%s", said);
    sbj_model_free(model);
    sbj_map_close(&map);
}
END_TEST

static const struct {
    const char *device, *engine, *packed;
    sbertja_status status;
    const char *says;
} refused[] = {
    {"cpu", NULL, "f32", SBERTJA_E_ARGUMENT, "packed: \"f32\", expected bf16 or int8"},
    {"cpu", NULL, "int4", SBERTJA_E_ARGUMENT, "packed: \"int4\", expected bf16 or int8"},
    {"ref", NULL, "int8", SBERTJA_E_UNSUPPORTED, "packed: precision int8: device ref computes in double only"},
    {"cpu", "openblas", "bf16", SBERTJA_E_UNSUPPORTED, "packed: precision bf16: engine openblas computes in f32 only"},
};

START_TEST(saves_refused)
{
    const sbj_model_options options = {.alloc = sbj_malloc, .device = refused[_i].device, .engine = refused[_i].engine};
    const sbertja_save_options how = {.size = sizeof how, .packed = refused[_i].packed};
    sbertja_error error;
    sbj_model *model = NULL;
    ck_assert(sbj_model_load("tests/data/tiny/model", &options, &model, &error) == SBERTJA_OK);
    ck_assert_int_eq(sbj_model_save(model, temporary_path("none"), &how, &error), refused[_i].status);
    ck_assert_msg(strncmp(error.message, refused[_i].says, strlen(refused[_i].says)) == 0, "%s", error.message);
    ck_assert(!sbj_is_directory(temporary_path("none")));
    sbj_model_free(model);
}
END_TEST

/* ---- Weights that are given back ---- */

/* kB of the file's mapping that are in memory now. */
static long resident(const char *path)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    char line[1024];
    long kilobytes = -1, value;
    bool in_it = false;
    if (file == NULL)
        return -1;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strchr(line, '-') != NULL && strchr(line, '-') < strchr(line, ' '))
            in_it = strstr(line, path) != NULL;
        else if (in_it && sscanf(line, "Rss: %ld kB", &value) == 1)
            kilobytes = (kilobytes < 0 ? 0 : kilobytes) + value;
    }
    fclose(file);
    return kilobytes;
}

static const struct {
    const char *dtype, *engine;
    sbj_precision precision;
    bool packed, given_back;
} residents[] = {
    {"f32", "packed", SBJ_PRECISION_F32, false, true},    {"f32", "packed", SBJ_PRECISION_BF16, false, true},
    {"f32", "packed", SBJ_PRECISION_INT8, false, true},   {"f32", "packed", SBJ_PRECISION_INT8, true, true},
    {"bf16", "packed", SBJ_PRECISION_F32, false, true},   {"bf16", "packed", SBJ_PRECISION_BF16, true, true},
    {"f32", "openblas", SBJ_PRECISION_F32, false, false},
};
enum { RESIDENTS = sizeof residents / sizeof *residents };

/* Two layers of 3 MB each; all values are still there when they are asked for. */
START_TEST(the_encoder_is_not_twice_in_memory)
{
    sbertja_architecture a = SBERTJA_ARCHITECTURE_INIT;
    const sbj_model_options options = {.alloc = sbj_malloc, .device = "cpu"};
    sbertja_error error;
    sbj_model *made = NULL;
    char path[300];
    a.vocabulary = "tests/data/vocab.txt";
    a.layers = 2;
    a.max_positions = 64;
    ck_assert_msg(sbj_model_create(&a, &options, &made, &error) == SBERTJA_OK, "%s", error.message);
    const char *directory = temporary_path("big");
    save(made, directory, "2", residents[_i].dtype,
         residents[_i].packed ? sbj_precision_name(residents[_i].precision) : NULL);
    snprintf(path, sizeof path, "%s/model.safetensors", directory);
    sbj_model *model = load(directory, residents[_i].precision, residents[_i].engine, NULL);
    float vectors[TEXTS * 256];
    encode(model, vectors);
    const long kilobytes = resident(path);
    if (kilobytes < 0)
        printf("SKIP: memory of the weight file: /proc/self/smaps does not tell\n");
    else
        ck_assert_msg((kilobytes < 2000) == residents[_i].given_back, "%ld kB are in memory", kilobytes);
    for (size_t i = 0; i < model->network.parameter_count; i++) {
        const sbj_parameter *p = &model->network.parameters[i];
        const size_t count = p->rows * p->columns;
        float *x = malloc(count * sizeof *x), *y = malloc(count * sizeof *y);
        ck_assert(sbj_model_values(made, i, x, &error) == SBERTJA_OK);
        ck_assert(sbj_model_values(model, i, y, &error) == SBERTJA_OK);
        reference_expect(reference_difference(y, x, count), strcmp(residents[_i].dtype, "f32") == 0 ? 0 : 0x1p-8, "%s",
                         p->name);
        free(x);
        free(y);
    }
    sbj_model_free(model);
    sbj_model_free(made);
}
END_TEST

/* Other types are converted matrix by matrix, or kept where the engine has no form of its own. */
START_TEST(converted_weights_serve_every_engine)
{
    static const char *const directories[] = {"hf-bin-half", "hf-safetensors-bf16"};
    char path[64];
    float vectors[TEXTS * 48], other[TEXTS * 48];
    snprintf(path, sizeof path, "tests/data/tiny/%s", directories[_i]);
    sbj_model *packed = load(path, SBJ_PRECISION_F32, "packed", NULL);
    sbj_model *openblas = load(path, SBJ_PRECISION_F32, "openblas", NULL);
    encode(packed, vectors);
    encode(openblas, other);
    reference_expect(reference_difference(other, vectors, TEXTS * packed->network.width), 1e-5, "%s", path);
    sbj_model_free(packed);
    sbj_model_free(openblas);
}
END_TEST

/* ---- The table of words ---- */

static const struct {
    const char *dtype;
    sbj_precision precision;
    sbj_type weights;
    bool mapped, rounded;
} tables[] = {
    {"f32", SBJ_PRECISION_F32, SBJ_F32, false, false},   {"bf16", SBJ_PRECISION_F32, SBJ_BF16, false, false},
    {"f16", SBJ_PRECISION_F32, SBJ_F16, false, false},   {"bf16", SBJ_PRECISION_INT8, SBJ_BF16, false, false},
    {"f32", SBJ_PRECISION_INT8, SBJ_BF16, false, false}, {"f32", SBJ_PRECISION_BF16, SBJ_BF16, false, false},
    {"f32", SBJ_PRECISION_F32, SBJ_F32, true, false},    {"bf16", SBJ_PRECISION_F32, SBJ_BF16, true, false},
    {"f16", SBJ_PRECISION_F32, SBJ_F16, true, false},    {"bf16", SBJ_PRECISION_INT8, SBJ_BF16, true, false},
    {"f32", SBJ_PRECISION_INT8, SBJ_F32, true, true},    {"f32", SBJ_PRECISION_BF16, SBJ_F32, true, true},
};
enum { TABLES = sizeof tables / sizeof *tables };

/* It has the file's type, in f32 or in 16 bits, with the bits that widened weights give; in a precision below f32 it is
 * rounded when it is copied, or, in a mapped file, its rows are when they are read. What is saved is not rounded. */
START_TEST(words_in_memory_or_mapped)
{
    float vectors[TEXTS * 96], wanted[TEXTS * 96];
    sbj_model *first = load("tests/data/tiny/model", SBJ_PRECISION_F32, NULL, NULL);
    save(first, temporary_path("stored"), "2", tables[_i].dtype, NULL);
    sbj_model_free(first);
    sbj_model *model = load_or_map(temporary_path("stored"), tables[_i].precision, NULL, NULL, tables[_i].mapped);
    ck_assert_int_eq(model->weights.tensors[SBJ_WORD].type, tables[_i].weights);
    ck_assert(!sbj_present(model->weights.words));
    ck_assert(model->weights.rounded_words == tables[_i].rounded);
    encode(model, vectors);
    save(model, temporary_path("widened"), "2", "f32", NULL);
    sbj_model *widened = load(temporary_path("widened"), tables[_i].precision, NULL, NULL);
    encode(widened, wanted);
    ck_assert(memcmp(vectors, wanted, TEXTS * model->network.width * sizeof *vectors) == 0);
    const sbj_parameter *p = &model->network.parameters[SBJ_WORD];
    float *from = malloc(p->rows * p->columns * sizeof *from), *to = malloc(p->rows * p->columns * sizeof *to);
    ck_assert(sbj_model_values(model, SBJ_WORD, from, NULL) == SBERTJA_OK &&
              sbj_model_values(widened, SBJ_WORD, to, NULL) == SBERTJA_OK);
    ck_assert(memcmp(from, to, p->rows * p->columns * sizeof *from) == 0);
    free(from);
    free(to);
    sbj_model_free(widened);
    sbj_model_free(model);
}
END_TEST

/* What trains from it, and a head that is put on it, have its values. */
START_TEST(a_head_on_words_in_16_bits)
{
    sbertja_error error;
    sbj_model *model = load("tests/data/tiny/hf-safetensors-bf16", precisions[_i], NULL, NULL), *headed = NULL;
    ck_assert_msg(sbj_model_with_head(model, 7, 1, &headed, &error) == SBERTJA_OK, "%s", error.message);
    for (size_t i = 0; i < model->network.parameter_count; i++) {
        const size_t count = model->network.parameters[i].rows * model->network.parameters[i].columns;
        float *x = malloc(count * sizeof *x), *y = malloc(count * sizeof *y);
        ck_assert(sbj_model_values(model, i, x, &error) == SBERTJA_OK);
        ck_assert(sbj_model_values(headed, i, y, &error) == SBERTJA_OK);
        ck_assert_msg(memcmp(x, y, count * sizeof *x) == 0, "%s", model->network.parameters[i].name);
        free(x);
        free(y);
    }
    sbj_model_free(headed);
    sbj_model_free(model);
}
END_TEST

/* ---- Training ---- */

/* Training does not see the precision; what it gives has it again, and saves the weights in f32. */
START_TEST(training_is_in_f32)
{
    sbertja_dataset *sentences = training_sentences(16);
    const sbertja_objective objective = training_objective(sentences, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    sbertja_fit_options options = SBERTJA_FIT_OPTIONS_INIT;
    float vectors[TEXTS * 96], again[TEXTS * 96];
    options.threads = 1;
    options.learning_rate = 1e-3;
    options.steps_per_epoch = 2;
    sbj_model *exact = load("tests/data/tiny/model", SBJ_PRECISION_F32, NULL, NULL);
    sbj_model *rough = load("tests/data/tiny/model", precisions[_i], NULL, NULL);
    sbertja_model *first = training_fit((const sbertja_model *)exact, &objective, 1, &options);
    sbertja_model *second = training_fit((const sbertja_model *)rough, &objective, 1, &options);
    ck_assert(training_equal(first, second) && !training_equal(first, (const sbertja_model *)exact));
    ck_assert_int_eq(((const sbj_model *)second)->precision, precisions[_i]);
    encode((const sbj_model *)second, vectors);
    encode((const sbj_model *)first, again);
    ck_assert(memcmp(vectors, again, sizeof vectors) != 0);
    save((const sbj_model *)second, temporary_path("trained"), "2", "f32", NULL);
    ck_assert(training_equal_saved(first, temporary_path("trained")));
    sbj_model *loaded = load(temporary_path("trained"), precisions[_i], NULL, NULL);
    encode(loaded, again);
    ck_assert(memcmp(vectors, again, TEXTS * loaded->network.width * sizeof *vectors) == 0);
    sbj_model_free(loaded);
    sbertja_model_free(first);
    sbertja_model_free(second);
    sbj_model_free(exact);
    sbj_model_free(rough);
    sbertja_dataset_free(sentences);
}
END_TEST

SUITE_MAIN("model/packed", 60, {there_and_back, FORMS}, {another_length_is_told_of, 2},
           {a_damaged_header_is_told_of, 0}, {of_other_weights, 2}, {for_another_machine, 0}, {saves_refused, 4},
           {the_encoder_is_not_twice_in_memory, RESIDENTS}, {converted_weights_serve_every_engine, 2},
           {words_in_memory_or_mapped, TABLES}, {a_head_on_words_in_16_bits, 2}, {training_is_in_f32, 2})
