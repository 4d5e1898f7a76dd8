/* sbertja.h: train and run Japanese Sentence-BERT models. The only header to include; C99 and C++.
 *
 *     #include <sbertja.h>
 *
 *     const char *texts[] = {"冷却水が漏れた。", "ポンプから水が漏れていた。"};
 *     sbertja_error error;
 *     sbertja_model *model = NULL;
 *     sbertja_session *session = NULL;
 *     float vectors[2 * 1024];
 *     if (sbertja_model_load(NULL, NULL, &model, &error) == SBERTJA_OK && // NULL: the default model
 *         sbertja_session_create(model, NULL, &session, &error) == SBERTJA_OK &&
 *         sbertja_encode(session, texts, NULL, 2, NULL, vectors, &error) == SBERTJA_OK) {
 *         size_t dimension = sbertja_model_dimension(model);
 *         printf("%f\n", sbertja_cosine(vectors, vectors + dimension, dimension));
 *     }
 *     sbertja_session_free(session);
 *     sbertja_model_free(model);
 *
 * Conventions
 *   Result     Functions that can fail return a status, 0 (SBERTJA_OK) for success, and take an optional
 *              `sbertja_error *` last, which the caller owns and which then says what, where and why. Handles and
 *              arrays that come back through a pointer are NULL after a failure.
 *              Functions without one take sound handles and arrays only.
 *   Text       UTF-8. A text ends with a NUL byte where `lengths` is NULL or lengths[i] is (size_t)-1; otherwise lengths[i]
 *              counts its bytes, and NUL characters inside it are dropped before it is cut into words.
 *   Structs    that the caller fills start from their _INIT macro; a NULL options pointer means the same.
 *   Handles    sbertja_model, _tokenizer, _dataset and _table do not change once made and may be shared by threads
 *              (a dataset from the first use on); sbertja_session, _encoding and _vocabulary_trainer belong to one
 *              thread at a time.
 *   Ownership  What a _create, _load, _read or _fit function gives is freed with the matching _free, which takes NULL.
 *              `const char *` and `const float *` results live as long as the handle they came from.
 *   Fork       A child process may use and free every handle that no other thread was using at the time of the fork: the
 *              results are the same, and threads are started again when they are next needed. Using a handle that was in
 *              use is _E_ARGUMENT in the child, and freeing it does nothing, since its memory may be half changed. A
 *              callback may fork; the child may use other handles, but should end or exec there: after a return the call
 *              may wait for threads that the child does not have. With the engine openblas the fork itself can hang
 *              while OpenBLAS's own threads are at work; give OpenBLAS one thread there.
 *   Threads    Where the system refuses to start as many threads as asked for, the work is done by fewer, with a warning
 *              to the log callback.
 *   Callbacks  are called in the default floating-point mode. They may throw C++ exceptions: one from progress, evaluate or
 *              token_vectors stops the call as a nonzero result does, and comes out of it when it has ended in good order
 *              (sbertja_fit has set `trained` then); one from a log function is dropped; an allocator that throws has no
 *              memory. They must not leave by longjmp, nor end or cancel the thread.
 *   Host       The library never exits, prints, reads the environment, or changes the locale, signals, errno or the
 *              floating-point mode. Messages go to the log callback, if there is one. Where the processor has AMX, loading
 *              a model asks the system for its registers, and signal frames of the process are 8 KB larger from then on
 *              (a stack for signals must have room); load with other `instructions` if that is not wanted.
 */
#ifndef SBERTJA_H
#define SBERTJA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SBERTJA_API __attribute__((visibility("default")))
#else
#define SBERTJA_API
#endif

/* ---- Status, errors, memory, messages -------------------------------------------------------------------------- */

typedef enum sbertja_status {
    SBERTJA_OK = 0,
    SBERTJA_E_ARGUMENT = 1,    /* the call is wrong: a NULL, a size, an option's value */
    SBERTJA_E_MEMORY = 2,      /* an allocation failed */
    SBERTJA_E_IO = 3,          /* a file cannot be opened, read, written, or is not there */
    SBERTJA_E_FORMAT = 4,      /* a file or text is not what it should be */
    SBERTJA_E_UNSUPPORTED = 5, /* well formed, but not something this library or build does */
    SBERTJA_E_MISSING = 6,     /* a dictionary, device or default model that must be installed first */
    SBERTJA_E_STOPPED = 7,     /* a callback asked to stop */
    SBERTJA_E_INTERNAL = 8     /* a fault of the library: please report */
} sbertja_status;

typedef struct sbertja_error {
    sbertja_status status;
    char message[1020]; /* UTF-8, one line, no final full stop */
} sbertja_error;

/* Memory for a handle and all that belongs to it. `allocate` returns NULL on failure and memory aligned as malloc does.
 * Both may be called from several threads at once. The libraries inside (MeCab, OpenBLAS, ...) use malloc. */
typedef struct sbertja_allocator {
    void *(*allocate)(void *user, size_t size);
    void (*release)(void *user, void *memory);
    void *user;
} sbertja_allocator;

typedef enum sbertja_log_level { SBERTJA_LOG_INFO = 0, SBERTJA_LOG_WARNING = 1 } sbertja_log_level;
typedef void (*sbertja_log_function)(void *user, sbertja_log_level level, const char *message);

SBERTJA_API const char *sbertja_version(void);                       /* "0.1.0" */
SBERTJA_API const char *sbertja_status_name(sbertja_status status);  /* "SBERTJA_E_IO"; "unknown" for other numbers */

/* ---- Models: load, save, ask ----------------------------------------------------------------------------------- */

typedef struct sbertja_model sbertja_model;

/* A module after the transformer, as in sentence-transformers. */
typedef enum sbertja_module_kind { SBERTJA_POOLING = 1, SBERTJA_DENSE = 2, SBERTJA_NORMALIZE = 3 } sbertja_module_kind;
typedef struct sbertja_module {
    uint32_t size;
    sbertja_module_kind kind;
    const char *pooling;    /* POOLING: "mean", "cls", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken", or
                             * several joined with '+': their vectors stand side by side in that order */
    size_t out_features;    /* DENSE: width of the result */
    const char *activation; /* DENSE: "identity", "tanh", "relu", "gelu", "sigmoid" */
    const float *weight;    /* DENSE: [out_features, in_features] row by row; NULL: random (see `seed`) */
    const float *bias;      /* DENSE: [out_features]; NULL: zeros with `weight`, random without it */
    int no_bias;            /* DENSE: nonzero for a layer without bias */
    size_t exclude_prompt;  /* POOLING: nonzero for "include_prompt": false */
} sbertja_module;
#define SBERTJA_MODULE_INIT {sizeof(sbertja_module), SBERTJA_POOLING, "mean", 0, "tanh", NULL, NULL, 0, 0}

typedef struct sbertja_load_options {
    uint32_t size;
    const char *device;       /* "auto" (NULL), "cpu", "ref" (slow, double precision), "cuda:0" */
    const char *engine;       /* matrix products on the CPU: "auto" (NULL) or a name that sbertja_engines() lists */
    const char *instructions; /* vector kernels: "auto" (NULL) or a name that sbertja_instruction_sets() lists */
    const char *dictionary;   /* MeCab's: "ipadic", "unidic_lite", "unidic", or the folder of a compiled one ("./ipadic"
                               * for a folder of that name); it overrules the model. NULL: the one that the model names,
                               * or, if it names none, the one that its files make likely, which the log tells. Compiled
                               * dictionaries are native code's data: only name a folder that you trust. A model's own
                               * directory is never searched. */
    size_t max_tokens;        /* longest input, [CLS] and [SEP] included; 0: what the model says */
    const sbertja_module *modules; /* instead of those that the directory names; NULL: those */
    size_t module_count;
    uint64_t seed; /* of Dense layers without weights */
    sbertja_log_function log;
    void *log_user;
    const sbertja_allocator *allocator; /* copied; NULL: malloc and free */
    const char *precision; /* of the encoder's matrices when sentences are encoded: "f32" (NULL), "bf16", "int8" (the
                            * words' vectors are rounded to bf16 then, unless they have 16 bits anyway); the last
                            * two need the device cpu and the engine packed, else _E_UNSUPPORTED. Training is in
                            * f32 (or as sbertja_fit_options.bf16 says), and the model it gives has the same
                            * precision again. */
    int threads; /* that pack the weights, here, for models trained from this one and when packed weights are saved; a
                  * session has its own. 0: all processors */
    const char *const *dictionary_places; /* folders that are searched for dictionaries before the system's, each for
                                           * ipadic, unidic_lite/dicdir and the like; NULL at the end. NULL: none */
    size_t max_text_bytes; /* a longer text is _E_ARGUMENT, in encode, tokenize and fit; 0: no limit. A text takes memory and
                            * time in proportion to its length */
    const char *weights; /* "copied" (NULL) into memory when the model is loaded; or "mapped", see sbertja_model_load */
} sbertja_load_options;
#define SBERTJA_LOAD_OPTIONS_INIT                                                                                      \
    {sizeof(sbertja_load_options), NULL, NULL, NULL, NULL, 0, NULL, 0, 42, NULL, NULL, NULL, NULL, 0, NULL, 0, NULL}

/* Loads a sentence-transformers directory (layouts 0.4.1, 2.x-5.x, 6.x) or a plain BERT directory, which gets mean
 * pooling; `directory` NULL is the default model. A packed file that fits (see sbertja_save_options) is used; one that does
 * not is told of through the log. Fails with _E_IO, _E_FORMAT, _E_UNSUPPORTED (another architecture or tokenizer, or a
 * precision that the device or engine has not), _E_MISSING (no dictionary, device or default model), _E_MEMORY, _E_ARGUMENT.
 *
 * What happens to the files later changes neither a loaded model nor its vectors, and cannot end the process. The encoder's
 * matrices and, in a precision below f32, the words are kept in the form that encode needs; their values are read again,
 * from the file that was opened at the load, when they are asked for, trained or saved. So most models hold a file
 * descriptor until they are freed. The file may be replaced or deleted meanwhile; if it was written to in place, what needs
 * its values fails with _E_IO, and so does a load during which a file is written to.
 *
 * With `weights` "mapped", encode uses the words and the packed file where the files have them, so that processes share
 * this memory and pages that nothing asks for are not in it. Then the files must not be written to in place while the model
 * lives (replace them by renaming others, as sbertja_model_save does): a file that is cut short ends the process with
 * SIGBUS, and other numbers in it give other vectors. MeCab maps the files of its dictionary in any case. */
SBERTJA_API sbertja_status sbertja_model_load(const char *directory, const sbertja_load_options *options,
                                              sbertja_model **model, sbertja_error *error);

/* Where the default model is, the Japanese model that comes with the library: a directory, written to `path`, which has
 * room for so many bytes (too few: _E_ARGUMENT). It is looked for from the file that holds the library's code, the program
 * itself if that is linked statically: default/ beside it, then models/default of a source tree, share/sbertja/default
 * of an installation, and the data folder named when the library was built. Not there: _E_MISSING with the places. */
SBERTJA_API sbertja_status sbertja_default_model(char *path, size_t room, sbertja_error *error);

/* The sizes of a model with random weights, normal with standard deviation 0.02 as BERT starts. */
typedef struct sbertja_architecture {
    uint32_t size;
    const char *vocabulary; /* vocab.txt: a token a line; with [PAD], [UNK], [CLS], [SEP], [MASK] */
    int layers, hidden, heads, intermediate, max_positions;
    const char *activation;      /* "gelu", "gelu_new", "relu" */
    double dropout;              /* of hidden states and of attention */
    const char *word_tokenizer;    /* "mecab", "basic" */
    const char *subword_tokenizer; /* "wordpiece", "character" */
    const char *mecab_dictionary;  /* "ipadic", "unidic_lite", "unidic" */
    int lower_case;
    uint64_t seed;
} sbertja_architecture;
#define SBERTJA_ARCHITECTURE_INIT                                                                                      \
    {sizeof(sbertja_architecture), NULL, 4, 256, 4, 1024, 512, "gelu", 0.1, "mecab", "wordpiece", "ipadic", 0, 42}

SBERTJA_API sbertja_status sbertja_model_create(const sbertja_architecture *architecture,
                                                const sbertja_load_options *options, sbertja_model **model,
                                                sbertja_error *error);

typedef struct sbertja_save_options {
    uint32_t size;
    const char *layout; /* "2" (NULL): sentence-transformers 2.0 and later; "0.4.1" */
    const char *dtype;  /* "f32" (NULL), "f16", "bf16": how the weights are stored */
    const char *packed; /* "bf16", "int8": also a file with the encoder's matrices as this machine wants them for that
                         * precision, which a load with it reads instead of making them; NULL: none */
    const char *settings; /* a JSON object whose members replace those of config_sentence_transformers.json: prompts,
                           * default_prompt_name, similarity_fn_name, truncate_dim (null takes it out) or any other;
                           * NULL: all stay as the model has them */
} sbertja_save_options;
#define SBERTJA_SAVE_OPTIONS_INIT {sizeof(sbertja_save_options), NULL, NULL, NULL, NULL}

/* Writes a directory that sentence-transformers opens. Members of the JSON files that the model was loaded from are kept,
 * also those that the library does not know, and so they are through training. At any instant either what was there before or the new model is
 * there, whole. In an existing model directory the files of the model are replaced and all others stay, as do owner, group,
 * mode and ACLs. A non-empty directory that is not a model and holds more than logs, evaluations (.csv), notes (.md),
 * hidden files and checkpoints is _E_IO. Parents are made. Two saves to one directory may run at once: both succeed, and
 * one of the models is there, whole. What a killed save left is deleted by the next one. A mount point, the working
 * directory and other directories that cannot be exchanged are replaced in place, file by file (docs/FORMATS.md says what a
 * crash leaves). */
SBERTJA_API sbertja_status sbertja_model_save(const sbertja_model *model, const char *directory,
                                              const sbertja_save_options *options, sbertja_error *error);
SBERTJA_API void sbertja_model_free(sbertja_model *model); /* after its sessions */

/* Of the sentence vectors that sbertja_encode gives: what the modules make, or the truncate_dim of the directory's
 * config_sentence_transformers.json if that is less. */
SBERTJA_API size_t sbertja_model_dimension(const sbertja_model *model);
SBERTJA_API size_t sbertja_model_token_dimension(const sbertja_model *model); /* of a token vector: hidden size */
SBERTJA_API size_t sbertja_model_max_tokens(const sbertja_model *model);
/* The text of one of the directory's prompts; NULL: it has none of this name. "query" and "document" are "" where the directory
 * does not name them. `name` NULL: the default prompt. */
SBERTJA_API const char *sbertja_model_prompt(const sbertja_model *model, const char *name);
/* Architecture, tokenizer, modules, prompts, device, engine, instruction set and precision as one JSON object. */
SBERTJA_API const char *sbertja_model_describe(const sbertja_model *model);

/* What the files of a model directory say: architecture, modules and longest input as one JSON object, without reading
 * weights, vocabulary or dictionary. `directory` NULL is the default model. The text is written to `json`, with a NUL at its
 * end; `*size` (may be NULL) becomes the number of bytes that this takes. A smaller capacity is _E_ARGUMENT; `json` NULL
 * with a capacity of 0 only asks for the size. Fails as sbertja_model_load does. */
SBERTJA_API sbertja_status sbertja_directory_describe(const char *directory, char *json, size_t capacity, size_t *size,
                                                      sbertja_error *error);

/* Parameters in the order of the saved file, as 2-dimensional arrays (vectors: one row). `name` is the tensor's name in
 * the file, prefixed with the module's folder for Dense ("2_Dense.linear.weight"). Past the end: _E_ARGUMENT. */
typedef struct sbertja_parameter {
    const char *name;
    size_t rows, columns;
} sbertja_parameter;
SBERTJA_API size_t sbertja_model_parameter_count(const sbertja_model *model);
SBERTJA_API sbertja_status sbertja_model_parameter(const sbertja_model *model, size_t index, sbertja_parameter *info,
                                                   float *values /* [rows, columns] or NULL */, sbertja_error *error);

/* What this build and machine have, best first, names separated by blanks. */
SBERTJA_API const char *sbertja_devices(void);          /* "cpu ref" */
SBERTJA_API const char *sbertja_engines(void);          /* "packed openblas"; opens OpenBLAS to see if it is there */
SBERTJA_API const char *sbertja_instruction_sets(void); /* "avx2 portable" */

/* ---- Tokens ---------------------------------------------------------------------------------------------------- */

typedef struct sbertja_tokenizer sbertja_tokenizer;
typedef struct sbertja_encoding sbertja_encoding; /* the result of one text, reused for the next */

/* Needs only the tokenizer's files of the directory, no weights; NULL: those of the default model. */
SBERTJA_API sbertja_status sbertja_tokenizer_load(const char *directory, const sbertja_load_options *options,
                                                  sbertja_tokenizer **tokenizer, sbertja_error *error);
SBERTJA_API void sbertja_tokenizer_free(sbertja_tokenizer *tokenizer);
SBERTJA_API const sbertja_tokenizer *sbertja_model_tokenizer(const sbertja_model *model); /* owned by the model */
SBERTJA_API sbertja_status sbertja_encoding_create(const sbertja_tokenizer *tokenizer, sbertja_encoding **encoding,
                                                   sbertja_error *error);
SBERTJA_API void sbertja_encoding_free(sbertja_encoding *encoding); /* before its tokenizer */
/* `length` in bytes, or (size_t)-1 for a text that ends with NUL. Invalid UTF-8: _E_FORMAT with the byte's place. */
SBERTJA_API sbertja_status sbertja_tokenize(sbertja_encoding *encoding, const char *text, size_t length,
                                            sbertja_error *error);
/* Ids with [CLS] and [SEP], cut at the model's limit; valid until the next sbertja_tokenize. */
SBERTJA_API const int32_t *sbertja_encoding_ids(const sbertja_encoding *encoding, size_t *count);
/* Tokens without special ones and uncut, as BertJapaneseTokenizer.tokenize gives them; NULL past the end. */
SBERTJA_API size_t sbertja_encoding_token_count(const sbertja_encoding *encoding);
SBERTJA_API const char *sbertja_encoding_token(const sbertja_encoding *encoding, size_t index);

/* ---- Vocabularies ---------------------------------------------------------------------------------------------- */

typedef struct sbertja_vocabulary_trainer sbertja_vocabulary_trainer; /* one thread at a time */

typedef struct sbertja_vocabulary_options {
    uint32_t size;
    int every_character;          /* nonzero: kanji of JIS X 0208 (levels 1 and 2), kana and ASCII get in when they occur;
                                   * else, and other characters, only if they occur min_frequency times */
    size_t entries;               /* the most; fewer when no pair of pieces is left */
    size_t min_frequency;         /* of a pair of pieces to be joined; at least 1 */
    const char *word_tokenizer;   /* "mecab", "basic" */
    const char *mecab_dictionary; /* "ipadic", "unidic_lite", "unidic" */
    const char *dictionary;       /* one of these too, or a folder, instead of it; NULL: look for `mecab_dictionary` */
    int lower_case;
    int threads; /* 0: the processors this process may use */
    sbertja_log_function log;
    void *log_user;
    const sbertja_allocator *allocator; /* copied; NULL: malloc and free */
    const char *const *dictionary_places; /* as in sbertja_load_options */
    size_t max_text_bytes;                /* a longer text is _E_ARGUMENT; 0: no limit */
} sbertja_vocabulary_options;
#define SBERTJA_VOCABULARY_OPTIONS_INIT                                                                                \
    {sizeof(sbertja_vocabulary_options), 1, 32000, 2, "mecab", "ipadic", NULL, 0, 0, NULL, NULL, NULL, NULL, 0}

typedef struct sbertja_vocabulary_summary {
    size_t entries, alphabet, merges;    /* entries: 5 special tokens, the alphabet (single characters), merges */
    uint64_t texts, words, known_words;  /* known: those that do not become [UNK] */
    size_t distinct_words;
} sbertja_vocabulary_summary;

/* Trains a WordPiece vocabulary. Texts are cut into words as the tokenizer with these options does it, and only the
 * counts of words are kept; `finish` joins the most frequent pair of pieces inside words until there are enough. The
 * same texts give the same bytes, whatever their order and the number of threads; and a smaller vocabulary is the
 * beginning of a larger one. */
SBERTJA_API sbertja_status sbertja_vocabulary_trainer_create(const sbertja_vocabulary_options *options,
                                                             sbertja_vocabulary_trainer **trainer,
                                                             sbertja_error *error);
/* Many texts at once are shared out to the threads. An invalid text is _E_FORMAT, with its index, and none has been
 * added then; after another failure the trainer can only be freed. */
SBERTJA_API sbertja_status sbertja_vocabulary_trainer_add(sbertja_vocabulary_trainer *trainer,
                                                          const char *const *texts, const size_t *lengths,
                                                          size_t count, sbertja_error *error);
/* Writes vocab.txt, whole or not at all: special tokens, characters, longer pieces, the most frequent first. `summary`
 * may be NULL. No words at all are _E_FORMAT; fewer entries than the alphabet needs, _E_ARGUMENT with both numbers. More
 * texts may be added afterwards, and a new vocabulary be finished. */
SBERTJA_API sbertja_status sbertja_vocabulary_trainer_finish(sbertja_vocabulary_trainer *trainer, const char *path,
                                                             sbertja_vocabulary_summary *summary,
                                                             sbertja_error *error);
SBERTJA_API void sbertja_vocabulary_trainer_free(sbertja_vocabulary_trainer *trainer);

/* ---- Sessions: sentence vectors -------------------------------------------------------------------------------- */

typedef struct sbertja_session sbertja_session;

typedef struct sbertja_session_options {
    uint32_t size;
    int threads;         /* at most 256; 0: the processors this process may use */
    size_t batch_tokens; /* most tokens in one packed batch, of which each thread may have one at a time; a longer text goes
                          * alone; 0: the library's choice */
} sbertja_session_options;
#define SBERTJA_SESSION_OPTIONS_INIT {sizeof(sbertja_session_options), 0, 0}

SBERTJA_API sbertja_status sbertja_session_create(const sbertja_model *model, const sbertja_session_options *options,
                                                  sbertja_session **session, sbertja_error *error);
SBERTJA_API void sbertja_session_free(sbertja_session *session);

/* Callbacks run on the calling thread. Progress is called every few batches, and a few times a second while texts are cut
 * into tokens, when `done` may be 0 or what it was before; a nonzero result stops the work with _E_STOPPED. Callbacks may use other sessions, not the one that calls
 * them. */
typedef int (*sbertja_encode_progress)(void *user, size_t done, size_t total);
typedef int (*sbertja_token_vectors)(void *user, size_t index, size_t tokens, size_t dimension, const float *vectors);

typedef struct sbertja_encode_options {
    uint32_t size;
    int normalize; /* nonzero: length 1, whatever the model's modules say */
    sbertja_encode_progress progress;
    void *progress_user;
    sbertja_token_vectors token_vectors; /* also called with each text's [tokens, dimension] (the last hidden states),
                                          * in no particular order; `vectors` only during the call */
    void *token_vectors_user;
    const char *prompt; /* put before every text; NULL or "": nothing. Where the model's pooling says "include_prompt": false,
                         * the prompt's tokens and [CLS] take no part in it; they are as many as the prompt has by itself */
    size_t dimension;   /* of the vectors, which are cut to it before they are normalized; 0: sbertja_model_dimension().
                         * More than the modules make is _E_ARGUMENT */
} sbertja_encode_options;
#define SBERTJA_ENCODE_OPTIONS_INIT {sizeof(sbertja_encode_options), 0, NULL, NULL, NULL, NULL, NULL, 0}

/* Writes `count` rows of sbertja_model_dimension() floats (or of options->dimension) to `vectors`, in the order of the texts. An empty text is a
 * text and has a vector. `vectors` may be NULL when token_vectors is given. After _E_STOPPED or another failure the rows
 * are unspecified. An invalid text is _E_FORMAT, with its index. Vectors do not depend on what else is in the call, on
 * the order, or on the number of threads, beyond rounding (1e-6 of the largest value). */
SBERTJA_API sbertja_status sbertja_encode(sbertja_session *session, const char *const *texts, const size_t *lengths,
                                          size_t count, const sbertja_encode_options *options, float *vectors,
                                          sbertja_error *error);

/* ---- Training -------------------------------------------------------------------------------------------------- */

typedef struct sbertja_dataset sbertja_dataset;
SBERTJA_API sbertja_status sbertja_dataset_create(sbertja_dataset **dataset, sbertja_error *error);
/* One example: 1 to 8 texts (every example of a dataset has as many), copied; and a label or score. */
SBERTJA_API sbertja_status sbertja_dataset_add(sbertja_dataset *dataset, const char *const *texts,
                                               const size_t *lengths, size_t text_count, double label,
                                               sbertja_error *error);
SBERTJA_API size_t sbertja_dataset_size(const sbertja_dataset *dataset);
SBERTJA_API void sbertja_dataset_free(sbertja_dataset *dataset);

typedef enum sbertja_loss {
    SBERTJA_BATCH_ALL_TRIPLET_LOSS = 1, /* one text an example, integer labels (Hermans et al. 2017, section 2) */
    SBERTJA_TRIPLET_LOSS = 2,           /* three texts: anchor, positive, negative */
    SBERTJA_COSINE_SIMILARITY_LOSS = 3, /* two texts and a score, most often 0 to 1: (cosine - score)^2 */
    SBERTJA_COSENT_LOSS = 4,            /* two texts and a score, of which only the order counts (Su 2022) */
    SBERTJA_MULTIPLE_NEGATIVES_RANKING_LOSS = 5, /* two or more: anchor, positive, hard negatives; every other example's
                                                  * positive and hard negatives serve as negatives, too */
    SBERTJA_DISTILLATION_LOSS = 6       /* one text an example, and teachers' vectors; see sbertja_teacher */
} sbertja_loss;
typedef enum sbertja_metric { SBERTJA_EUCLIDEAN = 1, SBERTJA_COSINE = 2, SBERTJA_MANHATTAN = 3 } sbertja_metric;

/* Vectors of another model, a row for each example of the dataset in its order, that a student learns by
 * SBERTJA_DISTILLATION_LOSS. The mean over all rows is taken off and the rest scaled to a mean square of 1; a linear head
 * on the student's sentence vectors learns the result, by mean squared error (metric euclidean: 1 is to know nothing) or
 * 1 - cosine. The head is dropped from what is evaluated, saved and given back, unless keep_head says otherwise. All
 * distillation objectives of a training have the same teachers in the same order. */
typedef struct sbertja_teacher {
    uint32_t size;
    const char *path;     /* a .npy file, float32 or float16, C order; it is read row by row, and stays open */
    const float *vectors; /* or, without a path, [examples, dimension], as long as the training runs; with neither the
                           * teacher says nothing of this dataset */
    size_t dimension;     /* 0 with a path: whatever the file has */
    double weight;        /* of its share in the loss */
} sbertja_teacher;
#define SBERTJA_TEACHER_INIT {sizeof(sbertja_teacher), NULL, NULL, 0, 1.0}

/* A dataset with the loss to train it by. */
typedef struct sbertja_objective {
    uint32_t size;
    const sbertja_dataset *dataset;
    sbertja_loss loss;
    sbertja_metric metric;    /* BATCH_ALL, DISTILLATION: euclidean or cosine; TRIPLET: any; the others ignore it */
    double margin;            /* BATCH_ALL, TRIPLET; the others ignore it */
    size_t batch_size;        /* examples in a batch; fewer where batch_tokens says so */
    size_t samples_per_label; /* as SentenceLabelDataset: each batch is made of groups of so many sentences of one label;
                               * must divide batch_size and be at most half of it; 0: batches of the shuffled data.
                               * BATCH_ALL, TRIPLET; the others ignore it */
    int keep_order;           /* nonzero with samples_per_label 0: the data's own order */
    double scale;             /* COSENT, MULTIPLE_NEGATIVES: cosines are multiplied by it; the others ignore it */
    int no_duplicates;        /* nonzero with samples_per_label 0: an example with a text that the batch has already waits
                               * for a later batch; so MULTIPLE_NEGATIVES never takes a right text for a negative */
    size_t batch_tokens;      /* with samples_per_label 0: a batch ends before the example that would bring it above so
                               * many tokens, [CLS] and [SEP] counted; 0: no limit */
    const sbertja_teacher *teachers; /* DISTILLATION */
    size_t teacher_count;            /* at most 8 */
    double similarity_weight; /* DISTILLATION: also learn the cosines between a batch's texts, by this weight */
} sbertja_objective;
#define SBERTJA_OBJECTIVE_INIT                                                                                         \
    {sizeof(sbertja_objective), NULL, SBERTJA_BATCH_ALL_TRIPLET_LOSS, SBERTJA_EUCLIDEAN, 5.0, 32, 2, 0, 20.0, 0,       \
     0, NULL, 0, 0}

typedef struct sbertja_progress {
    size_t epoch, epochs;            /* from 0 */
    size_t step, steps;              /* done and in all */
    size_t objective;                /* which one this step was */
    double loss;                     /* of this batch */
    double active;                   /* 0 to 1. BATCH_ALL, TRIPLET: share of its triplets whose loss is not 0; COSENT: of
                                      * its pairs of examples in the wrong order; MULTIPLE_NEGATIVES: of its anchors with
                                      * another text as near as their own, or nearer; COSINE_SIMILARITY: 1 */
    double learning_rate, grad_norm; /* of this step; the norm is that before clipping */
    double sentences_per_second, seconds_left;
} sbertja_progress;
typedef int (*sbertja_fit_progress)(void *user, const sbertja_progress *progress); /* nonzero: stop */
/* Scores the model as it stands; larger is better. `steps` is (size_t)-1 at the end of an epoch. Nonzero: stop; a
 * score that was given counts all the same. */
typedef int (*sbertja_fit_evaluate)(void *user, const sbertja_model *model, size_t epoch, size_t steps, double *score);

/* Going on from a checkpoint. Data, options and network must be those that it was written with. EXACT gives the bits that
 * the training would have had without the stop, and fails with _E_FORMAT and all that differs if the library's version, the
 * device, engine or instruction set, the precision or the dictionary is another one. ANY goes on in spite of that, and says
 * so through the log. A checkpoint of a version that did not record them is taken with a warning. */
typedef enum sbertja_resume { SBERTJA_RESUME_NO = 0, SBERTJA_RESUME_EXACT = 1, SBERTJA_RESUME_ANY = 2 } sbertja_resume;

/* Asked a few times a second while texts are cut into tokens, before the first step. Nonzero: stop. */
typedef int (*sbertja_fit_stop)(void *user);

typedef struct sbertja_fit_options {
    uint32_t size;
    size_t epochs;
    size_t steps_per_epoch; /* 0: as many as the smallest dataset has batches for */
    const char *scheduler;  /* "warmuplinear" (NULL), "constantlr", "warmupconstant", "warmupcosine",
                             * "warmupcosinewithhardrestarts" */
    size_t warmup_steps;
    const char *preset; /* AdamW as "torch" (NULL; bias-corrected, decay first) or as "st-0.4.1" (neither) */
    double learning_rate, beta1, beta2;
    double epsilon; /* 0: the preset's, 1e-8 or 1e-6 */
    double weight_decay, max_grad_norm; /* the norm that gradients are clipped to; 0: they are not */
    uint64_t seed;
    int threads;
    int no_dropout;           /* nonzero: train without dropout, whatever the configuration says */
    size_t evaluation_steps;  /* also evaluate every so many steps; 0: at the end of each epoch only */
    sbertja_fit_evaluate evaluate;
    void *evaluate_user;
    const char *output_path;  /* the model is saved here: the best one when there is an evaluation, else the last */
    int keep_last;            /* nonzero: save_best_model=False: never save the best, only the last */
    const char *checkpoint_path; /* state to resume from, replaced as a whole each time; apart from output_path */
    size_t checkpoint_steps;     /* 0: at the end of each epoch */
    int resume;                  /* go on from checkpoint_path if there is something: see sbertja_resume */
    sbertja_fit_progress progress;
    void *progress_user;
    sbertja_log_function log;
    void *log_user;
    int keep_head; /* nonzero: the head of SBERTJA_DISTILLATION_LOSS stays, as a Dense module */
    size_t gradient_accumulation_steps; /* batches of each objective in a step, which goes by their mean gradient; steps,
                                         * here and in callbacks, are always those that change the weights */
    int bf16; /* nonzero: products of the encoder's matrices, forward and back, round both sides to bf16, sum in f32; the
               * weights that are trained stay f32. Needs the device cpu, the engine packed and a processor with
               * avx512bf16 or amx; elsewhere it is a warning, and training as without it. */
    const char *settings; /* what is saved at output_path: see sbertja_save_options */
    sbertja_fit_stop stop;
    void *stop_user;
} sbertja_fit_options;
#define SBERTJA_FIT_OPTIONS_INIT                                                                                       \
    {sizeof(sbertja_fit_options), 1, 0, NULL, 10000, NULL, 2e-5, 0.9, 0.999, 0, 0.01, 1.0, 42, 0, 0, 0, NULL, NULL,    \
     NULL, 0, NULL, 0, 0, NULL, NULL, NULL, NULL, 0, 1, 0, NULL, NULL, NULL}

/* Trains a copy of `model` by the objectives in turn, as SentenceTransformer.fit does; `model` stays as it was. The same
 * data, options and seed give the same bits. `trained` may be NULL when output_path is given. Whether output_path and
 * checkpoint_path can be written is checked before the first step, and too little free space is reported through the log.
 *
 * Two failures still give `trained`, which is NULL after all others. A stop by a callback returns _E_STOPPED and gives the
 * model as it then was. When the training is complete but could not be saved (mostly _E_IO) it is the model that should
 * have been: the best one if that could not be saved, else the last; save it elsewhere. During the training a save that
 * fails is a warning in the log: the best model is kept in memory and saved after a later evaluation or at the end, and an
 * older checkpoint stays until a newer one can be written. It is an error if the last attempt failed, too; the message
 * begins with "checkpoint: " if the model was saved and only the checkpoint was not. A score that is
 * NaN, or no larger than the best one, never replaces the best model. */
SBERTJA_API sbertja_status sbertja_fit(const sbertja_model *model, const sbertja_objective *objectives, size_t count,
                                       const sbertja_fit_options *options, sbertja_model **trained,
                                       sbertja_error *error);

/* ---- Tables ---------------------------------------------------------------------------------------------------- */

typedef struct sbertja_table sbertja_table;

/* Reads a table with a header line by the ending of its name: .tsv (no quoting), .csv (RFC 4180), .xlsx (first sheet).
 * Lines of other lengths than the header, empty tables, invalid UTF-8, and formulas that were never calculated are
 * _E_FORMAT with the line. docs/FORMATS.md has the details and the limits. */
SBERTJA_API sbertja_status sbertja_table_read(const char *path, sbertja_table **table, sbertja_error *error);
SBERTJA_API void sbertja_table_free(sbertja_table *table);
SBERTJA_API size_t sbertja_table_rows(const sbertja_table *table); /* without the header */
SBERTJA_API size_t sbertja_table_columns(const sbertja_table *table);
SBERTJA_API const char *sbertja_table_name(const sbertja_table *table, size_t column);
/* _E_ARGUMENT with the names that there are, or if two columns have this one; _E_FORMAT if the column has a spreadsheet's
 * error value, such as #N/A, which is neither a text nor a label. sbertja_table_cell gives such a value as it is. */
SBERTJA_API sbertja_status sbertja_table_find(const sbertja_table *table, const char *name, size_t *column,
                                              sbertja_error *error);
/* The cell's text, NUL-terminated; never NULL inside the table. `length` (bytes) may be NULL. */
SBERTJA_API const char *sbertja_table_cell(const sbertja_table *table, size_t row, size_t column, size_t *length);
SBERTJA_API sbertja_status sbertja_table_number(const sbertja_table *table, size_t row, size_t column, double *value,
                                                sbertja_error *error);
/* Integer labels of all rows: `rule` is a column's name, or conditions tried from left to right, "column=value:label",
 * with an optional last "else:label": "cause=1:1,effect=1:2,else:0". A label that is no integer, or a row that no
 * condition fits, is _E_FORMAT with the line. */
SBERTJA_API sbertja_status sbertja_table_labels(const sbertja_table *table, const char *rule, int *labels,
                                                sbertja_error *error);

/* ---- Working with vectors: [count, dimension] float arrays, row by row ------------------------------------------ */

SBERTJA_API double sbertja_cosine(const float *a, const float *b, size_t dimension); /* 0 where one is all zeros */

/* For each query the k corpus rows of largest cosine, best first, ties by smaller index; k must be at most
 * corpus_count. `indices` and `scores` are [query_count, k]. */
SBERTJA_API sbertja_status sbertja_search(const float *corpus, size_t corpus_count, const float *queries,
                                          size_t query_count, size_t dimension, size_t k, size_t *indices,
                                          float *scores, sbertja_error *error);

/* Classify `count` vectors by labelled ones: by the label of the nearest centroid (Euclidean), or by the majority of the
 * k nearest by cosine, ties by the larger sum of cosines. */
SBERTJA_API sbertja_status sbertja_classify_centroid(const float *train, const int *labels, size_t train_count,
                                                     const float *vectors, size_t count, size_t dimension,
                                                     int *predicted, sbertja_error *error);
SBERTJA_API sbertja_status sbertja_classify_neighbours(const float *train, const int *labels, size_t train_count,
                                                       size_t k, const float *vectors, size_t count, size_t dimension,
                                                       int *predicted, sbertja_error *error);

SBERTJA_API double sbertja_accuracy(const int *truth, const int *predicted, size_t count);
SBERTJA_API double sbertja_macro_f1(const int *truth, const int *predicted, size_t count); /* over labels in either */
SBERTJA_API double sbertja_pearson(const double *x, const double *y, size_t count);  /* NaN where one is constant */
SBERTJA_API sbertja_status sbertja_spearman(const double *x, const double *y, size_t count, double *rho,
                                            sbertja_error *error); /* ties share their mean rank */

/* The share of triplets whose anchor is strictly nearer to its positive than to its negative; each [count, dimension]. */
SBERTJA_API sbertja_status sbertja_triplet_accuracy(const float *anchors, const float *positives,
                                                    const float *negatives, size_t count, size_t dimension,
                                                    sbertja_metric metric, double *accuracy, sbertja_error *error);

/* Judges lists of corpus rows, best first, as sbertja_search gives them: `ranked` is [query_count, k]. The rows that
 * query q should find are relevant[relevant_begin[q]] to relevant[relevant_begin[q + 1] - 1]; queries without any are
 * left out. `mrr`: the mean of 1 / rank of the first found, 0 where none is; `recall`: the mean share that is found.
 * Either may be NULL. */
SBERTJA_API sbertja_status sbertja_retrieval(const size_t *ranked, size_t query_count, size_t k,
                                             const size_t *relevant, const size_t *relevant_begin, double *mrr,
                                             double *recall, sbertja_error *error);

typedef struct sbertja_pair {
    size_t first, second; /* first < second */
    float score;          /* their cosine */
} sbertja_pair;

/* The pairs of most similar rows, best first: of those that have one row among the other's k nearest, the `most` best.
 * `pairs` has room for `most`; `*found` is how many there are. */
SBERTJA_API sbertja_status sbertja_paraphrases(const float *vectors, size_t count, size_t dimension, size_t k,
                                               size_t most, sbertja_pair *pairs, size_t *found, sbertja_error *error);

/* Groups of rows around a centre from which each has a cosine of at least `threshold`; at least `smallest` rows, none in
 * two groups, largest group first; the centre, then the others by falling cosine to it. Group c is members[begins[c]] to
 * members[begins[c + 1] - 1]; `members` has room for `count`, `begins` for count + 1. */
SBERTJA_API sbertja_status sbertja_communities(const float *vectors, size_t count, size_t dimension, double threshold,
                                               size_t smallest, size_t *members, size_t *begins, size_t *communities,
                                               sbertja_error *error);

/* A NumPy file (.npy, version 1.0, little-endian float32, C order), written whole or not at all. */
SBERTJA_API sbertja_status sbertja_npy_write(const char *path, const float *values, size_t rows, size_t columns,
                                             sbertja_error *error);

/* ---- For bindings: the macros' values as functions --------------------------------------------------------------- */

SBERTJA_API void sbertja_load_options_init(sbertja_load_options *options);
SBERTJA_API void sbertja_module_init(sbertja_module *module);
SBERTJA_API void sbertja_architecture_init(sbertja_architecture *architecture);
SBERTJA_API void sbertja_save_options_init(sbertja_save_options *options);
SBERTJA_API void sbertja_vocabulary_options_init(sbertja_vocabulary_options *options);
SBERTJA_API void sbertja_session_options_init(sbertja_session_options *options);
SBERTJA_API void sbertja_encode_options_init(sbertja_encode_options *options);
SBERTJA_API void sbertja_teacher_init(sbertja_teacher *teacher);
SBERTJA_API void sbertja_objective_init(sbertja_objective *objective);
SBERTJA_API void sbertja_fit_options_init(sbertja_fit_options *options);

#ifdef __cplusplus
}
#endif
#endif
