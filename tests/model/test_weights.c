/* From the tensors of files to a model's weights: the names that files give them, wrong ones, cut files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/model_directory.h"
#include "support/reference.h"
#include "support/scratch.h"
#include "support/suite.h"

/* ---- A file with other tensors ---- */

typedef struct rewriting {
    const sbj_archive *archive;
    size_t from[256]; /* the tensor that an entry comes from */
    sbj_entry entries[256];
    char names[256][128];
    size_t count;
} rewriting;

/* Changes an entry; false: leaves it out. */
typedef bool (*change)(sbj_entry *entry, char name[128]);

static sbertja_status fetch(void *context, size_t index, float *values, sbertja_error *error)
{
    const rewriting *r = context;
    return sbj_stored_floats(sbj_archive_at(r->archive, r->from[index]), values, error);
}

/* Writes `file` of the copied directory anew. */
static void rewrite(const char *directory, const char *file, change change_entry)
{
    char path[512];
    sbj_archive *archive;
    rewriting *r = calloc(1, sizeof *r);
    snprintf(path, sizeof path, "%s/%s", directory, file);
    ck_assert(sbj_archive_open(&sbj_malloc, path, &archive, NULL) == SBERTJA_OK);
    r->archive = archive;
    for (size_t i = 0; i < sbj_archive_count(archive); i++) {
        const sbj_stored *s = sbj_archive_at(archive, i);
        sbj_entry *e = &r->entries[r->count];
        snprintf(r->names[r->count], sizeof *r->names, "%s", s->name);
        e->name = r->names[r->count];
        e->dimensions = s->dimensions;
        memcpy(e->shape, s->shape, sizeof e->shape);
        r->from[r->count] = i;
        r->count += change_entry(e, r->names[r->count]);
    }
    ck_assert(sbj_safetensors_write(&sbj_malloc, path, SBJ_DTYPE_F32, r->entries, r->count, NULL, fetch, r, NULL) ==
              SBERTJA_OK);
    sbj_archive_free(archive);
    free(r);
}

static void replace_end(char name[128], const char *end, const char *with)
{
    char *at = strstr(name, end);
    if (at != NULL && at[strlen(end)] == '\0')
        snprintf(at, 32, "%s", with);
}

static bool add_prefix(sbj_entry *entry, char name[128])
{
    char plain[112];
    (void)entry;
    snprintf(plain, sizeof plain, "%s", name);
    snprintf(name, 128, "bert.%s", plain);
    return true;
}

static bool name_as_tensorflow(sbj_entry *entry, char name[128])
{
    (void)entry;
    replace_end(name, "LayerNorm.weight", "LayerNorm.gamma");
    replace_end(name, "LayerNorm.bias", "LayerNorm.beta");
    return true;
}

static bool both(sbj_entry *entry, char name[128])
{
    return name_as_tensorflow(entry, name) && add_prefix(entry, name);
}

static bool without_pooler(sbj_entry *entry, char name[128])
{
    (void)entry;
    return strncmp(name, "pooler.", 7) != 0;
}

static bool half_a_pooler(sbj_entry *entry, char name[128])
{
    (void)entry;
    return strcmp(name, "pooler.dense.bias") != 0;
}

static bool with_a_head(sbj_entry *entry, char name[128])
{
    (void)entry;
    replace_end(name, "pooler.dense.weight", "cls.predictions.bias");
    return true;
}

static bool without_one(sbj_entry *entry, char name[128])
{
    (void)entry;
    return strcmp(name, "encoder.layer.1.output.dense.bias") != 0;
}

static bool transposed(sbj_entry *entry, char name[128])
{
    if (strcmp(name, "encoder.layer.0.intermediate.dense.weight") == 0) {
        const size_t rows = entry->shape[0];
        entry->shape[0] = entry->shape[1];
        entry->shape[1] = rows;
    }
    return true;
}

static bool as_a_row(sbj_entry *entry, char name[128])
{
    if (strcmp(name, "embeddings.LayerNorm.bias") == 0) {
        entry->dimensions = 2;
        entry->shape[1] = entry->shape[0];
        entry->shape[0] = 1;
    }
    return true;
}

static bool flat(sbj_entry *entry, char name[128])
{
    if (strcmp(name, "encoder.layer.2.attention.self.key.weight") == 0) {
        entry->dimensions = 1;
        entry->shape[0] *= entry->shape[1];
    }
    return true;
}

/* ---- Names that are the same thing ---- */

static bool same_values(const sbj_model *a, const sbj_model *b, size_t count)
{
    bool same = true;
    for (size_t i = 0; i < count && same; i++) {
        const size_t n = a->network.parameters[i].rows * a->network.parameters[i].columns;
        float *x = malloc(n * sizeof *x), *y = malloc(n * sizeof *y);
        ck_assert(sbj_model_values(a, i, x, NULL) == SBERTJA_OK && sbj_model_values(b, i, y, NULL) == SBERTJA_OK);
        same = memcmp(x, y, n * sizeof *x) == 0;
        free(x);
        free(y);
    }
    return same;
}

START_TEST(names)
{
    static const struct {
        change change_entry;
        size_t missing; /* parameters that the pooler has */
    } cases[] = {{add_prefix, 0},     {name_as_tensorflow, 0}, {both, 0},
                 {without_pooler, 2}, {half_a_pooler, 2},      {with_a_head, 2}};
    sbj_model *plain, *model;
    sbertja_error error;
    const char *directory = model_directory("bert");
    ck_assert(model_directory_load(&plain, &error) == SBERTJA_OK);
    rewrite(directory, "model.safetensors", cases[_i].change_entry);
    ck_assert_msg(model_directory_load(&model, &error) == SBERTJA_OK, "%s", error.message);
    const size_t count = model->network.parameter_count;
    ck_assert_uint_eq(count + cases[_i].missing, plain->network.parameter_count);
    ck_assert(same_values(model, plain, count));
    sbj_model_free(model);
    sbj_model_free(plain);
}
END_TEST

/* ---- Tensors that do not fit ---- */

START_TEST(refused)
{
    static const struct {
        change change_entry; /* or a key of config.json with another value */
        const char *key, *value, *message;
    } cases[] = {
        {without_one, NULL, NULL, "DIR: encoder.layer.1.output.dense.bias is not there"},
        {transposed, NULL, NULL,
         "DIR: encoder.layer.0.intermediate.dense.weight: shape [48, 100], config needs [100, 48]"},
        {as_a_row, NULL, NULL, "DIR: embeddings.LayerNorm.bias: shape [1, 48], config needs [48]"},
        {flat, NULL, NULL, "DIR: encoder.layer.2.attention.self.key.weight: shape [2304], config needs [48, 48]"},
        {NULL, "num_hidden_layers", "4", "DIR: encoder.layer.3.attention.self.query.weight is not there"},
        {NULL, "vocab_size", "1500", "DIR: vocab.txt has 1532 tokens, config.json's vocab_size is 1500"},
        {NULL, "vocab_size", "1600",
         "DIR: embeddings.word_embeddings.weight: shape [1532, 48], config needs [1600, 48]"},
        {NULL, "max_position_embeddings", "128",
         "DIR: embeddings.position_embeddings.weight: shape [64, 48], config needs [128, 48]"},
        {NULL, "type_vocab_size", "1",
         "DIR: embeddings.token_type_embeddings.weight: shape [2, 48], config needs [1, 48]"},
    };
    sbj_model *model;
    sbertja_error error;
    const char *directory = model_directory("bert");
    if (cases[_i].change_entry != NULL)
        rewrite(directory, "model.safetensors", cases[_i].change_entry);
    else
        model_directory_set("config.json", cases[_i].key, cases[_i].value);
    ck_assert_int_eq(model_directory_load(&model, &error), SBERTJA_E_FORMAT);
    ck_assert_str_eq(model_directory_message(&error), cases[_i].message);
    ck_assert_ptr_null(model);
}
END_TEST

static bool drop_bias(sbj_entry *entry, char name[128])
{
    (void)entry;
    return strcmp(name, "linear.bias") != 0;
}

static bool drop_all_but_bias(sbj_entry *entry, char name[128])
{
    return !drop_bias(entry, name);
}

START_TEST(refused_dense)
{
    static const struct {
        change change_entry;
        const char *key, *value, *message;
    } cases[] = {{drop_bias, NULL, NULL, "DIR/2_Dense: linear.bias is not there"},
                 {drop_all_but_bias, NULL, NULL, "DIR/2_Dense: linear.weight is not there"},
                 {NULL, "out_features", "21", "DIR/2_Dense: linear.weight: shape [20, 48], config needs [21, 48]"}};
    sbj_model *model;
    sbertja_error error;
    const char *directory = model_directory("model-cls-dense-normalize");
    if (cases[_i].change_entry != NULL)
        rewrite(directory, "2_Dense/model.safetensors", cases[_i].change_entry);
    else
        model_directory_set("2_Dense/config.json", cases[_i].key, cases[_i].value);
    ck_assert_int_eq(model_directory_load(&model, &error), SBERTJA_E_FORMAT);
    ck_assert_str_eq(model_directory_message(&error), cases[_i].message);
}
END_TEST

/* A layer more in the file than the configuration has is another model's business, as in transformers. */
START_TEST(more_than_needed)
{
    sbj_model *model;
    sbertja_error error;
    model_directory("bert");
    model_directory_set("config.json", "num_hidden_layers", "2");
    ck_assert_msg(model_directory_load(&model, &error) == SBERTJA_OK, "%s", error.message);
    sbj_model_free(model);
}
END_TEST

START_TEST(no_file)
{
    static const struct {
        const char *source, *file, *message;
    } cases[] = {{"bert", "model.safetensors", "DIR: neither model.safetensors nor pytorch_model.bin is there"},
                 {"model-cls-dense-normalize", "2_Dense/model.safetensors",
                  "DIR/2_Dense: neither model.safetensors nor pytorch_model.bin is there"},
                 {"bert", "config.json", "DIR/config.json: cannot be opened: No such file or directory"}};
    sbj_model *model;
    sbertja_error error;
    model_directory(cases[_i].source);
    model_directory_delete(cases[_i].file);
    ck_assert_int_eq(model_directory_load(&model, &error), SBERTJA_E_IO);
    ck_assert_str_eq(model_directory_message(&error), cases[_i].message);
}
END_TEST

/* ---- Bytes ---- */

START_TEST(cut_short)
{
    static const char *const files[][2] = {{"bert", "model.safetensors"},
                                           {"hf-bin-zip", "pytorch_model.bin"},
                                           {"hf-bin-legacy-gamma", "pytorch_model.bin"}};
    char path[512];
    size_t size;
    sbj_model *model;
    sbertja_error error;
    snprintf(path, sizeof path, "%s/%s", model_directory(files[_i][0]), files[_i][1]);
    char *content = scratch_read(path, &size);
    for (size_t cut = 0; cut < size; cut += cut < 16 ? 1 : size / 40) {
        model_directory_put(files[_i][1], content, cut);
        ck_assert_msg(model_directory_load(&model, &error) == SBERTJA_E_FORMAT, "%s cut at %zu of %zu", path, cut,
                      size);
        ck_assert_msg(strstr(error.message, files[_i][1]) != NULL, "%s", error.message);
    }
    free(content);
}
END_TEST

/* Integers where numbers are needed. The header's text is changed in place. */
START_TEST(integers)
{
    char path[512];
    size_t size;
    sbj_model *model;
    sbertja_error error;
    snprintf(path, sizeof path, "%s/model.safetensors", model_directory("bert"));
    char *content = scratch_read(path, &size);
    char *entry = memmem(content, size, "embeddings.LayerNorm.bias", 25);
    memcpy((char *)memmem(entry, 64, "F32", 3), "I32", 3);
    model_directory_put("model.safetensors", content, size);
    ck_assert_int_eq(model_directory_load(&model, &error), SBERTJA_E_UNSUPPORTED);
    ck_assert_str_eq(model_directory_message(&error),
                     "DIR/model.safetensors: embeddings.LayerNorm.bias: expected floating-point numbers, found I32");
    free(content);
}
END_TEST

/* A header of a length that leaves the data at odd addresses: nothing can be used where it lies. */
START_TEST(not_aligned)
{
    const sbj_model_options options = {.alloc = sbj_malloc, .device = "cpu"};
    char path[512];
    size_t size;
    sbj_model *plain, *model;
    sbertja_error error;
    const char *directory = model_directory("bert");
    ck_assert(sbj_model_load(directory, &options, &plain, &error) == SBERTJA_OK);
    snprintf(path, sizeof path, "%s/model.safetensors", directory);
    char *content = scratch_read(path, &size), *odd = malloc(size + 1);
    uint64_t header;
    memcpy(&header, content, sizeof header);
    memcpy(odd + 8, content + 8, header);
    odd[8 + header] = ' ';
    memcpy(odd + 9 + header, content + 8 + header, size - 8 - header);
    header++;
    memcpy(odd, &header, sizeof header);
    model_directory_delete("model.safetensors"); /* the mapped file stays */
    model_directory_put("model.safetensors", odd, size + 1);
    ck_assert_msg(sbj_model_load(directory, &options, &model, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert(same_values(model, plain, plain->network.parameter_count));
    free(content);
    free(odd);
    sbj_model_free(model);
    sbj_model_free(plain);
}
END_TEST

/* ---- Dense layers that the caller gives ---- */

START_TEST(given_dense)
{
    static const struct {
        bool weight, bias, no_bias;
    } cases[] = {
        {true, true, false}, {true, false, false}, {true, false, true}, {false, false, false}, {false, false, true},
        {false, true, false}};
    float weight[3 * 48], bias[3] = {1, 2, 3}, values[3 * 48], again[3 * 48];
    sbertja_module modules[2] = {SBERTJA_MODULE_INIT, SBERTJA_MODULE_INIT};
    sbj_model *model, *other;
    sbertja_error error;
    for (int i = 0; i < 3 * 48; i++)
        weight[i] = (float)i / 7;
    modules[1].kind = SBERTJA_DENSE;
    modules[1].out_features = 3;
    modules[1].weight = cases[_i].weight ? weight : NULL;
    modules[1].bias = cases[_i].bias ? bias : NULL;
    modules[1].no_bias = cases[_i].no_bias;
    sbj_model_options options = {
        .alloc = sbj_malloc, .device = "cpu", .modules = modules, .module_count = 2, .seed = 5};
    ck_assert_msg(sbj_model_load("tests/data/tiny/bert", &options, &model, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert(sbj_model_load("tests/data/tiny/bert", &options, &other, &error) == SBERTJA_OK);
    const size_t at = model->network.dense_at[1];
    ck_assert_str_eq(model->network.parameters[at].name, "2_Dense.linear.weight");
    ck_assert_uint_eq(model->network.parameter_count, at + (cases[_i].no_bias ? 1 : 2));
    ck_assert(same_values(model, other, model->network.parameter_count));
    ck_assert(sbj_model_values(model, at, values, &error) == SBERTJA_OK);
    ck_assert((memcmp(values, weight, sizeof weight) == 0) == cases[_i].weight);
    if (!cases[_i].no_bias) {
        static const float zeros[3];
        ck_assert(sbj_model_values(model, at + 1, values, &error) == SBERTJA_OK);
        ck_assert((memcmp(values, bias, sizeof bias) == 0) == cases[_i].bias);
        ck_assert((memcmp(values, zeros, sizeof zeros) == 0) == (cases[_i].weight && !cases[_i].bias));
    }
    sbj_model_free(other);
    options.seed = 6;
    ck_assert(sbj_model_load("tests/data/tiny/bert", &options, &other, &error) == SBERTJA_OK);
    ck_assert(sbj_model_values(model, at, values, &error) == SBERTJA_OK);
    ck_assert(sbj_model_values(other, at, again, &error) == SBERTJA_OK);
    ck_assert((memcmp(values, again, sizeof again) == 0) == cases[_i].weight);
    sbj_model_free(other);
    sbj_model_free(model);
}
END_TEST

/* A model of given sizes takes them too; a bias without a weight stands beside random weights. */
START_TEST(given_dense_of_new)
{
    static const struct {
        bool weight, bias;
    } cases[] = {{true, true}, {true, false}, {false, true}, {false, false}};
    static const float zeros[3];
    float weight[3 * 8], bias[3] = {1, 2, 3}, values[3 * 8], again[3 * 8];
    sbertja_module modules[2] = {SBERTJA_MODULE_INIT, SBERTJA_MODULE_INIT};
    sbertja_architecture sizes = SBERTJA_ARCHITECTURE_INIT;
    sbj_model *model, *other;
    sbertja_error error;
    sizes.vocabulary = "tests/data/vocab.txt";
    sizes.word_tokenizer = "basic";
    sizes.layers = 1;
    sizes.hidden = sizes.intermediate = 8;
    sizes.heads = 2;
    for (int i = 0; i < 3 * 8; i++)
        weight[i] = (float)i / 7;
    modules[1].kind = SBERTJA_DENSE;
    modules[1].out_features = 3;
    modules[1].weight = cases[_i].weight ? weight : NULL;
    modules[1].bias = cases[_i].bias ? bias : NULL;
    sbj_model_options options = {
        .alloc = sbj_malloc, .device = "ref", .modules = modules, .module_count = 2, .seed = 5};
    ck_assert_msg(sbj_model_create(&sizes, &options, &model, &error) == SBERTJA_OK, "%s", error.message);
    options.seed = 6;
    ck_assert(sbj_model_create(&sizes, &options, &other, &error) == SBERTJA_OK);
    const size_t at = model->network.dense_at[1];
    ck_assert(same_values(model, other, at));
    ck_assert(sbj_model_values(model, at, values, &error) == SBERTJA_OK);
    ck_assert(sbj_model_values(other, at, again, &error) == SBERTJA_OK);
    ck_assert((memcmp(values, weight, sizeof weight) == 0) == cases[_i].weight);
    ck_assert((memcmp(values, again, sizeof values) == 0) == cases[_i].weight);
    ck_assert(sbj_model_values(model, at + 1, values, &error) == SBERTJA_OK);
    ck_assert((memcmp(values, bias, sizeof bias) == 0) == cases[_i].bias);
    ck_assert((memcmp(values, zeros, sizeof zeros) == 0) == (cases[_i].weight && !cases[_i].bias));
    sbj_model_free(other);
    sbj_model_free(model);
}
END_TEST

SUITE_MAIN("model/weights", 60, {names, 6}, {refused, 9}, {refused_dense, 3}, {more_than_needed, 0}, {no_file, 3},
           {cut_short, 3}, {integers, 0}, {not_aligned, 0}, {given_dense, 6},
           {given_dense_of_new, 4})
