/* The encoder's matrices in the engine's form, in a file beside the weights: "packed-int8-avx2-3.bin" for the engine
 * packed, int8, AVX2 and version 3 of the form. The table of words follows, in bf16, if the weights have it in more bits.
 *
 *     header   magic, form, fingerprint of the weights, size of the file, number of matrices
 *     entries  of each matrix and the words: parts, rows, columns, place
 *     data     of each, aligned to 64 bytes
 *     sums     of the weights that these were made from, one after another: what is asked for later is read from the
 *              weights, which the load spares itself, and compared with them (model_read.c)
 *
 * All in front of the data is known beforehand, so a file is used only if it is byte for byte what is expected. The
 * data itself is not looked at, like that of the weights: a file with other numbers in it gives other vectors. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "model/model.h"
#include "util/float16.h"
#include "util/hash.h"

enum {
    ALIGNMENT = 64,
    FORM_ROOM = 40,
    PLACES = 16,
    PLACE = 64,          /* bytes of each */
    CHUNK = 4096,        /* bytes of a vector that are read at a time */
    READ = 1 << 20       /* bytes of the packed file that a task reads */
};

typedef struct header {
    char magic[8];
    char form[FORM_ROOM]; /* "packed-int8-avx2-3" */
    uint64_t fingerprint, size, matrices;
} header;

typedef struct entry {
    uint64_t parts, rows, columns, offset;
} entry;

static const char magic[8] = "sbjpack";

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void form_of(const sbj_backend *backend, sbj_precision precision, char form[FORM_ROOM])
{
    snprintf(form, FORM_ROOM, "%s-%s-%s-%d", backend->table->engine(backend), sbj_precision_name(precision),
             backend->table->instructions(backend), SBJ_PACKED_VERSION);
}

/* ---- What the weights are known by ---- */

static sbertja_status hash_bytes(const sbj_stored *stored, size_t offset, size_t size, uint64_t *h,
                                 sbertja_error *error)
{
    unsigned char bytes[CHUNK];
    sbertja_status status = SBERTJA_OK;
    for (size_t i = 0; i < size && status == SBERTJA_OK; i += CHUNK) {
        const size_t some = size - i < CHUNK ? size - i : CHUNK;
        if ((status = sbj_stored_bytes(stored, offset + i, some, bytes, error)) == SBERTJA_OK)
            *h = sbj_hash(*h, bytes, some);
    }
    return status;
}

/* All of a vector, which every training changes; of a matrix a few places, since reading all of it is what the packed
 * file is there to spare. */
static sbertja_status hash_values(const sbj_parameter *p, const sbj_stored *stored, uint64_t *h, sbertja_error *error)
{
    const size_t size = stored->count * sbj_dtype_size(stored->dtype),
                 some = size / PLACES < PLACE ? size / PLACES : PLACE;
    sbertja_status status = SBERTJA_OK;
    if (p->vector)
        return hash_bytes(stored, 0, size, h, error);
    for (size_t place = 0; place < PLACES && status == SBERTJA_OK; place++)
        status = hash_bytes(stored, size / PLACES * place, some, h, error);
    return status;
}

/* Names, types, shapes and values. */
static sbertja_status fingerprint(const sbj_network *network, const sbj_archive *archive, uint64_t *h,
                                  sbertja_error *error)
{
    sbertja_status status = SBERTJA_OK;
    *h = SBJ_HASH_START;
    for (size_t i = 0; i < network->parameter_count && status == SBERTJA_OK; i++) {
        const sbj_parameter *p = &network->parameters[i];
        const sbj_stored *stored = p->module < 0 ? sbj_weights_find(archive, p->name) : NULL;
        if (stored == NULL)
            continue;
        const uint64_t form[] = {stored->dtype, p->rows, p->columns};
        *h = sbj_hash(*h, p->name, strlen(p->name));
        *h = sbj_hash(*h, form, sizeof form);
        status = hash_values(p, stored, h, error);
        if (!p->vector)
            sbj_archive_forget(archive, stored); /* the system has brought more than these few bytes */
    }
    return status;
}

/* ---- The header ---- */

/* Matrix `index` as the file's weights have it, without memory. */
static sbj_matrix shape_of(const sbj_network *network, size_t index, sbj_precision precision)
{
    size_t parameters[SBJ_PARTS];
    sbj_matrix w = {.parts = sbj_matrix_weights(index, parameters), .precision = precision};
    for (size_t i = 0; i < w.parts; i++) {
        const sbj_parameter *p = &network->parameters[parameters[i]];
        w.weight[i] = (sbj_tensor){NULL, 0, p->rows, p->columns, p->columns, SBJ_F32};
    }
    return w;
}

static size_t matrix_count(const sbj_network *network)
{
    return network->config.layers * SBJ_LAYER_MATRICES;
}

static const sbj_stored *words_of(const sbj_network *network, const sbj_archive *archive)
{
    return sbj_weights_find(archive, network->parameters[SBJ_WORD].name);
}

static bool has_words(const sbj_network *network, const sbj_archive *archive)
{
    return sbj_dtype_size(words_of(network, archive)->dtype) > sizeof(uint16_t);
}

static size_t header_size(const sbj_network *network, const sbj_archive *archive)
{
    return aligned(sizeof(header) + (matrix_count(network) + has_words(network, archive)) * sizeof(entry));
}

/* The weights that have a sum in the file: those of all matrices, and the words. */
static size_t sum_count(const sbj_network *network, const sbj_archive *archive)
{
    size_t parameters[SBJ_PARTS], count = has_words(network, archive);
    for (size_t i = 0; i < matrix_count(network); i++)
        count += sbj_matrix_weights(i, parameters);
    return count;
}

static void put_entry(unsigned char *bytes, size_t index, entry e)
{
    memcpy(bytes + sizeof(header) + index * sizeof e, &e, sizeof e);
}

static entry get_entry(const unsigned char *bytes, size_t index)
{
    entry e;
    memcpy(&e, bytes + sizeof(header) + index * sizeof e, sizeof e);
    return e;
}

static sbertja_status make_header(const sbj_backend *backend, const sbj_network *network, const sbj_archive *archive,
                                  sbj_precision precision, unsigned char **bytes, sbertja_error *error)
{
    header h = {.matrices = matrix_count(network)};
    size_t offset = header_size(network, archive);
    sbertja_status status = fingerprint(network, archive, &h.fingerprint, error);
    if (status != SBERTJA_OK)
        return status;
    *bytes = sbj_new(&network->alloc, 1, offset);
    if (*bytes == NULL)
        return sbj_no_memory(error, offset);
    memcpy(h.magic, magic, sizeof magic);
    form_of(backend, precision, h.form);
    for (size_t i = 0; i < h.matrices; i++) {
        const sbj_matrix w = shape_of(network, i, precision);
        put_entry(*bytes, i, (entry){w.parts, w.weight[0].rows, w.weight[0].columns, offset});
        offset += aligned(sbj_packed_size(backend, &w));
    }
    if (has_words(network, archive)) {
        const sbj_parameter *p = &network->parameters[SBJ_WORD];
        put_entry(*bytes, h.matrices, (entry){1, p->rows, p->columns, offset});
        offset += p->rows * p->columns * sizeof(uint16_t);
    }
    h.size = offset + sum_count(network, archive) * sizeof(uint64_t);
    memcpy(*bytes, &h, sizeof h);
    return SBERTJA_OK;
}

/* ---- Reading ---- */

/* What is wrong with a file that begins with `found`, or NULL. */
static const char *fault(const sbj_input *file, const unsigned char *found, const unsigned char *expected, size_t size)
{
    header h, right;
    memcpy(&right, expected, sizeof right);
    if (file->size < sizeof h)
        return "it ends in its header";
    memcpy(&h, found, sizeof h);
    if (memcmp(h.magic, right.magic, sizeof h.magic) != 0)
        return "it is not a packed file";
    if (memcmp(h.form, right.form, sizeof h.form) != 0)
        return "it is of another form than its name says";
    if (h.fingerprint != right.fingerprint)
        return "it was made from other weights";
    if (file->size != right.size)
        return "its size is not what it should be";
    return memcmp(found, expected, size) != 0 ? "its header is damaged" : NULL;
}

static void say_unused(const sbj_model *model, const char *path, const char *why)
{
    sbj_say(&model->log, SBERTJA_LOG_WARNING, "%s: is not used: %s; the weights are packed anew", path, why);
}

/* A file of the same precision for another machine or version. */
static void look_for_others(const sbj_model *model, const char *folder)
{
    char begin[FORM_ROOM], name[256];
    snprintf(begin, sizeof begin, "%s-%s-", model->backend->table->engine(model->backend),
             sbj_precision_name(model->precision));
    if (sbj_find_name(folder, begin, ".bin", name))
        say_unused(model, name, "it is for another instruction set or version");
}

/* Whether the file begins with what is expected; if not, the log says why. */
static sbertja_status compare_header(const sbj_model *model, const sbj_input *file, bool *good, sbertja_error *error)
{
    const size_t size = header_size(&model->network, model->archives[0]), some = size < file->size ? size : file->size;
    unsigned char *expected = NULL, *found = sbj_new_raw(&model->alloc, some, 1);
    const char *why = NULL;
    sbertja_status status = found == NULL ? sbj_no_memory(error, some)
                                          : make_header(model->backend, &model->network, model->archives[0],
                                                        model->precision, &expected, error);
    if (status == SBERTJA_OK && (status = sbj_input_read(file, 0, found, some, error)) == SBERTJA_OK)
        why = fault(file, found, expected, size);
    if (why != NULL)
        say_unused(model, file->path, why);
    *good = status == SBERTJA_OK && why == NULL;
    sbj_free(&model->alloc, found);
    sbj_free(&model->alloc, expected);
    return status;
}

typedef struct whole {
    const sbj_input *file;
    unsigned char *to;
    atomic_bool failed;
} whole;

static void read_some(void *context, size_t task, int thread)
{
    whole *w = context;
    const size_t offset = task * READ, left = w->file->size - offset, some = left < READ ? left : READ;
    (void)thread;
    if (!atomic_load(&w->failed) && sbj_input_read(w->file, offset, w->to + offset, some, NULL) != SBERTJA_OK)
        atomic_store(&w->failed, true);
}

static sbertja_status read_whole(sbj_model *model, const sbj_input *file, sbj_pool *pool, sbertja_error *error)
{
    sbj_packed_bytes *packed = &model->packed;
    whole w = {file, packed->own = sbj_new_aligned(&model->alloc, file->size), false};
    if (packed->own == NULL)
        return sbj_no_memory(error, file->size);
    sbj_pool_populate(pool, packed->own, file->size);
    sbj_pool_run(pool, (file->size + READ - 1) / READ, read_some, &w);
    packed->data = packed->own;
    return atomic_load(&w.failed) ? sbj_input_changed(file, error) : sbj_input_check(file, error);
}

static sbertja_status use_if_good(sbj_model *model, const char *path, sbj_pool *pool, sbertja_error *error)
{
    sbertja_error reason;
    sbj_input file;
    bool good = false;
    if (sbj_input_open(path, &file, &reason) != SBERTJA_OK) {
        say_unused(model, path, reason.message);
        return SBERTJA_OK;
    }
    sbertja_status status = compare_header(model, &file, &good, error);
    if (good && model->mapped) {
        status = sbj_input_map(&file, &model->packed.map, error);
        model->packed.data = model->packed.map.data;
    } else if (good) {
        status = read_whole(model, &file, pool, error);
    }
    if (good && status == SBERTJA_OK)
        sbj_say(&model->log, SBERTJA_LOG_INFO, "%s: is used", path);
    sbj_input_close(&file);
    return status;
}

void sbj_packed_close(sbj_model *model)
{
    sbj_free_aligned(&model->alloc, model->packed.own);
    sbj_map_close(&model->packed.map);
    model->packed.data = NULL;
}

sbertja_status sbj_packed_open(sbj_model *model, const char *folder, sbj_pool *pool, sbertja_error *error)
{
    char name[FORM_ROOM + 4], *path = NULL;
    sbertja_error reason;
    bool found = false;
    if (model->precision == SBJ_PRECISION_F32)
        return SBERTJA_OK;
    form_of(model->backend, model->precision, name);
    memcpy(name + strlen(name), ".bin", 5);
    sbertja_status status = sbj_path_join(&model->alloc, folder, name, &path, error);
    if (status == SBERTJA_OK && sbj_find_file(path, &found, &reason) != SBERTJA_OK)
        say_unused(model, path, reason.message);
    else if (found)
        status = use_if_good(model, path, pool, error);
    else if (status == SBERTJA_OK)
        look_for_others(model, folder);
    sbj_free(&model->alloc, path);
    return status;
}

static sbertja_status adopt_words(sbj_model *model, sbertja_error *error)
{
    const entry e = get_entry(model->packed.data, matrix_count(&model->network));
    sbj_tensor words = {NULL, 0, e.rows, e.columns, e.columns, SBJ_BF16};
    sbertja_status status = model->backend->table->wrap(model->backend, model->packed.data + e.offset,
                                                        e.rows * e.columns * sizeof(uint16_t), &words.buffer, error);
    if (status == SBERTJA_OK)
        model->weights.words = words;
    return status;
}

bool sbj_packed_has_words(const sbj_model *model)
{
    return model->packed.data != NULL && has_words(&model->network, model->archives[0]);
}

static void adopt_sums(sbj_model *model)
{
    const unsigned char *at = model->packed.data;
    header h;
    memcpy(&h, at, sizeof h);
    at += h.size - sum_count(&model->network, model->archives[0]) * sizeof *model->sums;
    for (size_t i = 0; i < matrix_count(&model->network); i++) {
        size_t parameters[SBJ_PARTS], count = sbj_matrix_weights(i, parameters);
        for (size_t k = 0; k < count; k++, at += sizeof *model->sums)
            memcpy(&model->sums[parameters[k]], at, sizeof *model->sums);
    }
    if (sbj_packed_has_words(model))
        memcpy(&model->sums[SBJ_WORD], at, sizeof *model->sums);
}

sbertja_status sbj_packed_adopt(sbj_model *model, sbertja_error *error)
{
    sbertja_status status = SBERTJA_OK;
    adopt_sums(model);
    for (size_t i = 0; i < matrix_count(&model->network) && status == SBERTJA_OK; i++)
        status = sbj_adopt(model->backend, &model->weights.matrices[i],
                           model->packed.data + get_entry(model->packed.data, i).offset, error);
    return status == SBERTJA_OK && sbj_packed_has_words(model) ? adopt_words(model, error) : status;
}

/* ---- Writing ---- */

typedef struct writing {
    const sbj_network *network;
    const sbj_archive *archive;
    sbj_backend *backend;
    sbj_pool *pool;
    unsigned char *header;
    sbj_matrix w; /* the one that is being written */
    float *wide;  /* a block of the words, as the file has them and in bf16 */
    uint16_t *words;
    uint64_t *sums; /* of the matrices' weights, and of the words */
    size_t summed;
} writing;

static void drop_matrix(writing *w)
{
    sbj_unprepare(w->backend, &w->w);
    for (size_t i = 0; i < w->w.parts; i++)
        if (sbj_present(w->w.weight[i]))
            sbj_tensor_free(w->backend, &w->w.weight[i]);
}

static sbertja_status read_weight(writing *w, size_t parameter, sbj_tensor *t, sbertja_error *error)
{
    const sbj_parameter *p = &w->network->parameters[parameter];
    const sbj_stored *stored = sbj_weights_find(w->archive, p->name);
    float *values = sbj_new_raw(&w->network->alloc, stored->count, sizeof *values);
    if (values == NULL)
        return sbj_no_memory(error, stored->count * sizeof *values);
    sbertja_status status = sbj_stored_load(stored, w->pool, values, &w->sums[w->summed++], error);
    if (status == SBERTJA_OK)
        status = sbj_tensor_new(w->backend, SBJ_F32, p->rows, p->columns, t, error);
    if (status == SBERTJA_OK)
        status = sbj_write(w->backend, *t, values, SBJ_F32, error);
    sbj_free(&w->network->alloc, values);
    return status;
}

static size_t word_blocks(const writing *w)
{
    return has_words(w->network, w->archive) ? sbj_stored_blocks(words_of(w->network, w->archive)) : 0;
}

static sbertja_status words_piece(writing *w, size_t block, const void **data, size_t *size, sbertja_error *error)
{
    const sbj_stored *words = words_of(w->network, w->archive);
    const size_t left = words->count - block * SBJ_BLOCK, count = left < SBJ_BLOCK ? left : SBJ_BLOCK;
    uint64_t sum = 0;
    sbertja_status status = sbj_stored_block(words, block, w->wide, &sum, error);
    if (status == SBERTJA_OK)
        sbj_bf16_from_floats(w->wide, count, w->words);
    w->sums[w->summed] += sum;
    *data = w->words;
    *size = count * sizeof *w->words;
    return status;
}

static sbertja_status matrix_piece(writing *w, size_t index, const void **data, size_t *size, sbertja_error *error)
{
    size_t parameters[SBJ_PARTS];
    sbertja_status status = SBERTJA_OK;
    drop_matrix(w);
    w->w = shape_of(w->network, index, w->w.precision);
    sbj_matrix_weights(index, parameters);
    for (size_t i = 0; i < w->w.parts && status == SBERTJA_OK; i++)
        status = read_weight(w, parameters[i], &w->w.weight[i], error);
    if (status == SBERTJA_OK)
        status = sbj_prepare(w->backend, w->pool, &w->w, error);
    *data = sbj_packed_data(w->backend, &w->w);
    *size = sbj_packed_size(w->backend, &w->w);
    return status;
}

/* Piece 0 is the header, then come one matrix after another, then the words, then the sums. */
static sbertja_status piece(void *context, size_t index, const void **data, size_t *size, sbertja_error *error)
{
    writing *w = context;
    const size_t matrices = matrix_count(w->network);
    *data = w->header;
    *size = header_size(w->network, w->archive);
    if (index == 0)
        return SBERTJA_OK;
    if (index <= matrices)
        return matrix_piece(w, index - 1, data, size, error);
    if (index - 1 - matrices < word_blocks(w))
        return words_piece(w, index - 1 - matrices, data, size, error);
    *data = w->sums;
    *size = sum_count(w->network, w->archive) * sizeof *w->sums;
    return SBERTJA_OK;
}

static sbertja_status write_all(writing *w, const char *path, sbertja_error *error)
{
    const size_t sums = sum_count(w->network, w->archive);
    w->wide = sbj_new_raw(&w->network->alloc, SBJ_BLOCK, sizeof *w->wide);
    w->words = sbj_new_raw(&w->network->alloc, SBJ_BLOCK, sizeof *w->words);
    w->sums = sbj_new(&w->network->alloc, sums, sizeof *w->sums);
    if (w->wide == NULL || w->words == NULL || w->sums == NULL)
        return sbj_no_memory(error, SBJ_BLOCK * sizeof *w->wide);
    return sbj_write_pieces(path, 2 + matrix_count(w->network) + word_blocks(w), piece, w, error);
}

sbertja_status sbj_packed_write(const sbj_model *model, const char *folder, sbj_precision precision,
                                sbertja_error *error)
{
    const sbj_backend_options options = {model->device, model->engine, model->instructions,
                                         &model->alloc, {NULL, NULL},  precision};
    writing w = {.network = &model->network, .w.precision = precision};
    sbj_archive *archive = NULL;
    char name[FORM_ROOM + 4], *path = NULL;
    sbertja_status status;
    if ((status = sbj_backend_create(&options, &w.backend, error)) != SBERTJA_OK)
        return sbj_in(error, status, "packed");
    form_of(w.backend, precision, name);
    memcpy(name + strlen(name), ".bin", 5);
    if ((status = sbj_path_join(&model->alloc, folder, name, &path, error)) == SBERTJA_OK &&
        (status = sbj_weights_open(&model->alloc, folder, false, &archive, error)) == SBERTJA_OK &&
        (status = sbj_pool_create(&model->alloc, model->threads, &model->log, &w.pool, error)) == SBERTJA_OK &&
        (status = make_header(w.backend, w.network, w.archive = archive, precision, &w.header, error)) == SBERTJA_OK)
        status = write_all(&w, path, error);
    drop_matrix(&w);
    sbj_free(&model->alloc, w.wide);
    sbj_free(&model->alloc, w.words);
    sbj_free(&model->alloc, w.sums);
    sbj_free(&model->alloc, w.header);
    sbj_pool_free(w.pool);
    sbj_archive_free(archive);
    sbj_backend_free(w.backend);
    sbj_free(&model->alloc, path);
    return status;
}
