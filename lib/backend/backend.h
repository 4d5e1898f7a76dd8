/* The one tensor interface: what model code may ask of a device, and what a device must give.
 *
 * A tensor is a window, passed by value, into a buffer that belongs to a back end. Packing turns [batch, length, width]
 * into [tokens, width], so two dimensions are enough. It owns nothing and has no pointer that host code could follow by
 * accident: `write` and `read` are the only ways in and out.
 *
 * An operation is a formula, in a forward/backward pair. The backward takes the forward's record, a plain struct, plus a
 * struct of gradients, so that what was saved, eps, dropout and shapes cannot differ between the two. Gradients of
 * parameters are added to; gradients of activations are set, unless the record says otherwise.
 *
 * Model code calls the checked sbj_* functions (op.c); these test every shape once, with names and numbers in the
 * message, and then call the back end's table. No operation allocates: scratch is sized by a question asked beforehand
 * and belongs to the caller (sbj_run).
 *
 * Letters: T tokens of a packed batch, N sentences, H hidden size, A heads, I inner size, V vocabulary, E width of a
 * sentence vector. */
#ifndef SBJ_BACKEND_H
#define SBJ_BACKEND_H

#include <stdbool.h>

#include "util/alloc.h"
#include "util/log.h"
#include "util/pool.h"

/* ---- Tensors -------------------------------------------------------------------------------------------------- */

/* The last two are for tables of words only, see sbj_embed; host memory is never of them. */
typedef enum sbj_type { SBJ_F32 = 1, SBJ_F64 = 2, SBJ_I32 = 3, SBJ_BF16 = 4, SBJ_F16 = 5 } sbj_type;

size_t sbj_type_size(sbj_type type);
static inline bool sbj_type_is_half(sbj_type type)
{
    return type == SBJ_BF16 || type == SBJ_F16;
}

/* What the packed form of a matrix rounds its numbers to. In int8 also the left side of a product is rounded. All else is
 * of the back end's real type. */
typedef enum sbj_precision { SBJ_PRECISION_F32 = 0, SBJ_PRECISION_BF16 = 1, SBJ_PRECISION_INT8 = 2 } sbj_precision;

const char *sbj_precision_name(sbj_precision precision); /* "f32", "bf16", "int8" */
bool sbj_precision_parse(const char *name, sbj_precision *precision); /* NULL: f32; false: there is none of this name */

typedef struct sbj_backend sbj_backend;
typedef struct sbj_buffer sbj_buffer; /* defined by each back end */

typedef struct sbj_tensor {
    sbj_buffer *buffer; /* NULL: no tensor */
    size_t offset;      /* of the first element, in elements */
    size_t rows, columns, stride; /* elements from a row to the next, at least columns */
    sbj_type type;
} sbj_tensor;

#define SBJ_NONE ((sbj_tensor){NULL, 0, 0, 0, 0, SBJ_F32})

static inline bool sbj_present(sbj_tensor t)
{
    return t.buffer != NULL;
}

/* A window into a window. */
static inline sbj_tensor sbj_window(sbj_tensor t, size_t row, size_t rows, size_t column, size_t columns)
{
    t.offset += row * t.stride + column;
    t.rows = rows;
    t.columns = columns;
    return t;
}

/* ---- What a call brings along ---------------------------------------------------------------------------------- */

/* The thread pool and scratch memory of one session or trainer, and the random key of this step. */
typedef struct sbj_run {
    const sbj_backend *backend;
    sbj_pool *pool;
    sbj_buffer *scratch; /* at least what sbj_scratch_size said, in bytes; contents are nothing between calls */
    uint64_t seed;       /* of dropout */
    uint32_t step;       /* of dropout: the number of the training step */
} sbj_run;

/* The largest sizes that operations will see; 0 where an operation is not used. */
typedef struct sbj_extent {
    size_t tokens, sentences, longest; /* T, N, the longest sentence */
    size_t hidden, heads, inner, vector; /* H, A, I, E: the widest row of any dense layer after pooling */
    size_t parameters;                   /* elements of the parameter arena, for sumsq and adamw; 0: no training */
    bool training;
    sbj_precision precision; /* of a training's matrices */
} sbj_extent;

/* A packed batch: sentence n is rows cu[n] to cu[n+1]-1. The arrays stand twice, on the host for loops and sizes, and in
 * the back end's memory for its kernels. */
typedef struct sbj_batch {
    size_t tokens, sentences, longest;
    const int32_t *host_cu;  /* [N+1] */
    sbj_tensor ids;          /* I32 [1, T] */
    sbj_tensor positions;    /* I32 [1, T]: 0, 1, ... in each sentence */
    sbj_tensor cu;           /* I32 [1, N+1] */
} sbj_batch;

/* Inverted dropout by Philox: element (row, column) is kept when word column%4 of
 * philox(seed, {column/4, row, site, step}) >= rate * 2^32, and then multiplied by 1/(1-rate). Rate 0: none. */
typedef struct sbj_dropout {
    double rate; /* 0 to less than 1 */
    uint32_t site;
} sbj_dropout;

typedef enum sbj_activation {
    SBJ_IDENTITY = 0,
    SBJ_GELU = 1,      /* x/2 (1 + erf(x/sqrt 2)) */
    SBJ_GELU_TANH = 2, /* gelu_new: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */
    SBJ_RELU = 3,      /* derivative 0 at 0 */
    SBJ_TANH = 4,
    SBJ_SIGMOID = 5
} sbj_activation;

/* ---- Records of the operations ---------------------------------------------------------------------------------- */

/* The matrix of a linear layer, [out, in]: one parameter, or three on top of one another (query, key, value), which a
 * device may treat as one product. `packed` is the engine's own form of it, from sbj_prepare, or NULL; the forward
 * takes its numbers from there and does not look at the weights. */
enum { SBJ_PARTS = 3 };
typedef struct sbj_matrix {
    size_t parts;
    sbj_precision precision;      /* of the packed form */
    sbj_tensor weight[SBJ_PARTS]; /* [out_i, in] */
    sbj_tensor bias[SBJ_PARTS];   /* [1, out_i], or none in all */
    void *packed;
} sbj_matrix;

/* y = activation(x W' + b) */
typedef struct sbj_linear {
    sbj_tensor x;          /* [M, in] */
    const sbj_matrix *w;   /* [out, in] */
    sbj_activation activation;
    sbj_tensor pre;        /* [M, out]: x W' + b, saved for backward; none in inference or for SBJ_IDENTITY */
    sbj_tensor y;          /* [M, out] */
} sbj_linear;

typedef struct sbj_linear_gradients {
    sbj_tensor y;           /* in, and overwritten by the gradient before the activation */
    sbj_tensor x;           /* out; none: not wanted */
    bool add_x;             /* add to x instead of setting it: the residual's gradient is there already */
    const sbj_matrix *w;    /* added to; the same parts as the record's; NULL: not wanted */
} sbj_linear_gradients;

/* BertSelfOutput and BertOutput: sum = dropout(x W' + b) + residual; y = gamma * (sum - mean)/sqrt(var + eps) + beta */
typedef struct sbj_linear_norm {
    sbj_tensor x;            /* [M, in] */
    const sbj_matrix *w;     /* [H, in] */
    sbj_dropout dropout;
    sbj_tensor residual;     /* [M, H] */
    sbj_tensor gamma, beta;  /* [1, H] */
    double eps;
    sbj_tensor sum;          /* [M, H]: saved; may be y's own window in inference */
    sbj_tensor stats;        /* [M, 2]: mean and 1/sqrt(var + eps), saved; none in inference */
    sbj_tensor y;            /* [M, H]: not the residual's window */
} sbj_linear_norm;

typedef struct sbj_linear_norm_gradients {
    sbj_tensor y;            /* in */
    sbj_tensor residual;     /* out; may be y's own window */
    sbj_tensor x;            /* out */
    const sbj_matrix *w;     /* added to */
    sbj_tensor gamma, beta;  /* added to */
} sbj_linear_norm_gradients;

/* sum = word[id] + position[p] + type[0]; y = dropout(gamma * (sum - mean)/sqrt(var + eps) + beta) */
typedef struct sbj_embed {
    const sbj_batch *batch;
    sbj_tensor word, position, type; /* [V, H], [P, H], [types, H]; word also in 16 bits, with half_words and no backward */
    sbj_tensor gamma, beta;          /* [1, H] */
    double eps;
    sbj_dropout dropout;
    sbj_tensor sum;   /* [T, H]: saved; may be y's own window in inference */
    sbj_tensor stats; /* [T, 2]: saved; none in inference */
    sbj_tensor y;     /* [T, H] */
    bool rounded;     /* words in F32 are rounded to BF16 as they are read; with half_words and no backward */
} sbj_embed;

typedef struct sbj_embed_gradients {
    sbj_tensor y;                    /* in, overwritten */
    sbj_tensor word, position, type; /* added to */
    sbj_tensor gamma, beta;          /* added to */
} sbj_embed_gradients;

/* For each sentence and head, d = H/A: P = softmax(Q K'/sqrt(d)) over the sentence's own tokens, y = dropout(P) V.
 * Dropout's row is the query's row in the batch, its column head * max_positions + the key's place in the sentence. */
typedef struct sbj_attention {
    const sbj_batch *batch;
    size_t heads, max_positions;
    sbj_dropout dropout;
    sbj_tensor qkv; /* [T, 3H]: query, key, value side by side, heads side by side in each */
    sbj_tensor lse; /* [T, A]: log of the sum of exp(score), saved; none in inference */
    sbj_tensor y;   /* [T, H] */
} sbj_attention;

typedef struct sbj_attention_gradients {
    sbj_tensor y;   /* in */
    sbj_tensor qkv; /* out */
} sbj_attention_gradients;

/* Sentence vectors from token vectors, one block of H columns a mode, in the order given. */
typedef enum sbj_pooling {
    SBJ_POOL_CLS = 1,
    SBJ_POOL_MAX = 2,
    SBJ_POOL_MEAN = 3,
    SBJ_POOL_MEAN_SQRT_LEN = 4, /* sum / sqrt(length) */
    SBJ_POOL_WEIGHTED_MEAN = 5, /* weights 1, 2, ..., length */
    SBJ_POOL_LAST = 6
} sbj_pooling;
enum { SBJ_POOL_MODES = 6 };

typedef struct sbj_pool_op {
    const sbj_batch *batch;
    size_t mode_count; /* 1 to SBJ_POOL_MODES, each mode at most once */
    sbj_pooling modes[SBJ_POOL_MODES];
    sbj_tensor x;      /* [T, H] */
    sbj_tensor argmax; /* I32 [N, H]: the row of the first largest value, saved for MAX; none in inference */
    sbj_tensor y;      /* [N, mode_count * H] */
    size_t skip; /* tokens at the front of each sentence that take no part, though they count for the weights of
                  * WEIGHTED_MEAN. A sentence without others gets its first token from CLS and zeros from the rest; MAX
                  * has no value for it. 0 where gradients are wanted */
} sbj_pool_op;

typedef struct sbj_pool_gradients {
    sbj_tensor y; /* in */
    sbj_tensor x; /* out */
} sbj_pool_gradients;

/* y = x / max(|x|, 1e-12), row by row. y may be x's own window in inference. */
typedef struct sbj_normalize {
    sbj_tensor x, y; /* [N, E] */
} sbj_normalize;

typedef struct sbj_normalize_gradients {
    sbj_tensor y; /* in */
    sbj_tensor x; /* out; may be y's own window */
} sbj_normalize_gradients;

/* Where the parameters lie in an arena. */
typedef struct sbj_segment {
    size_t offset, rows, columns; /* one parameter in the arena, rows * columns elements */
    bool decay;
    /* A byte a row, in host memory: 0 where no gradient has ever come, so that gradient, m and v are 0 and all that a
     * step does to the row is decay. The result is the same as without; a table of words has few others. NULL: any row
     * may have had one. */
    const unsigned char *reached;
} sbj_segment;

/* The sum of squares of an arena's segments, in double, in an order that does not depend on the number of threads. */
typedef struct sbj_sumsq {
    sbj_tensor arena;            /* [1, size] */
    const sbj_segment *segments; /* as in sbj_adamw; rows that no gradient has reached are not read */
    size_t segment_count;
} sbj_sumsq;

/* One step of AdamW over the parameter arena and arenas of the same form for gradients and moments. All [1, size]. The
 * gradient is multiplied by grad_scale (clipping, mean over batches) and set to 0 afterwards.
 *   torch:     p -= lr wd p; m, v updated; p -= lr/(1-b1^t) * m / (sqrt(v)/sqrt(1-b2^t) + eps)   (torch.optim.AdamW)
 *   st-0.4.1:  m, v updated; p -= lr * m / (sqrt(v) + eps); p -= lr wd p   (transformers.AdamW, correct_bias=False) */
typedef struct sbj_adamw {
    sbj_tensor parameters, gradients, m, v;
    const sbj_segment *segments; /* ascending, without overlap; what lies between them is not touched */
    size_t segment_count;
    double lr, beta1, beta2, eps, weight_decay, grad_scale;
    uint64_t t;        /* the number of this update, from 1 */
    bool correct_bias; /* torch; else st-0.4.1 */
} sbj_adamw;

/* ---- The back end's table ---------------------------------------------------------------------------------------- */

typedef struct sbj_backend_table {
    const char *name; /* "ref", "cpu" */
    sbj_type real;    /* the type of parameters, activations and gradients: F64 for ref, F32 else */
    bool half_words;  /* embed takes words in BF16 or F16, or rounds them; `wrap` takes memory that has such */

    void (*destroy)(sbj_backend *backend);

    /* Buffers. `wrap` borrows host memory that outlives the buffer, or gives _E_UNSUPPORTED where the
     * device cannot; wrapped buffers are read only. `write` and `read` convert between host F32, F64 or I32 and the
     * tensor's type; the host side is dense. */
    sbertja_status (*alloc)(const sbj_backend *, size_t bytes, sbj_buffer **, sbertja_error *);
    sbertja_status (*wrap)(const sbj_backend *, const void *host, size_t bytes, sbj_buffer **, sbertja_error *);
    void (*release)(const sbj_backend *, sbj_buffer *);
    sbertja_status (*write)(const sbj_backend *, sbj_tensor, const void *host, sbj_type host_type, sbertja_error *);
    sbertja_status (*read)(const sbj_backend *, sbj_tensor, void *host, sbj_type host_type, sbertja_error *);
    sbertja_status (*zero)(const sbj_run *, sbj_tensor, sbertja_error *);

    /* Gives the matrix the form that the engine wants in `packed` (or leaves it NULL); called again after the weights
     * have changed, it renews it. `unprepare` gives it back. */
    sbertja_status (*prepare)(const sbj_backend *, sbj_pool *, sbj_matrix *, sbertja_error *);
    void (*unprepare)(const sbj_backend *, sbj_matrix *);
    /* The packed form as plain bytes, to be kept in a file: how many (0: there is no such form), where a prepared matrix
     * has them, and the way back from memory that outlives the matrix, is aligned to 64 bytes and only read. Bytes fit
     * one version (SBJ_PACKED_VERSION), engine, instruction set and precision. */
    size_t (*packed_size)(const sbj_backend *, const sbj_matrix *);
    const void *(*packed_data)(const sbj_backend *, const sbj_matrix *);
    sbertja_status (*adopt)(const sbj_backend *, sbj_matrix *, const void *data, sbertja_error *);

    /* Whether a training gains by matrices of this precision: then its products, forward and back, have both sides
     * rounded to it, with sums in the real type. True for f32. */
    bool (*trains_in)(const sbj_backend *, sbj_precision);

    /* Whether threads are better off with a batch each, all at once: operations without a pool, each with its own
     * scratch. NULL: no. */
    bool (*runs_apart)(const sbj_backend *);
    size_t (*scratch_size)(const sbj_backend *, const sbj_extent *, int threads); /* bytes */

    sbertja_status (*embed)(const sbj_run *, const sbj_embed *, sbertja_error *);
    sbertja_status (*embed_backward)(const sbj_run *, const sbj_embed *, const sbj_embed_gradients *, sbertja_error *);
    sbertja_status (*linear)(const sbj_run *, const sbj_linear *, sbertja_error *);
    sbertja_status (*linear_backward)(const sbj_run *, const sbj_linear *, const sbj_linear_gradients *,
                                      sbertja_error *);
    sbertja_status (*linear_norm)(const sbj_run *, const sbj_linear_norm *, sbertja_error *);
    sbertja_status (*linear_norm_backward)(const sbj_run *, const sbj_linear_norm *, const sbj_linear_norm_gradients *,
                                           sbertja_error *);
    sbertja_status (*attention)(const sbj_run *, const sbj_attention *, sbertja_error *);
    sbertja_status (*attention_backward)(const sbj_run *, const sbj_attention *, const sbj_attention_gradients *,
                                         sbertja_error *);
    sbertja_status (*pool)(const sbj_run *, const sbj_pool_op *, sbertja_error *);
    sbertja_status (*pool_backward)(const sbj_run *, const sbj_pool_op *, const sbj_pool_gradients *, sbertja_error *);
    sbertja_status (*normalize)(const sbj_run *, const sbj_normalize *, sbertja_error *);
    sbertja_status (*normalize_backward)(const sbj_run *, const sbj_normalize *, const sbj_normalize_gradients *,
                                         sbertja_error *);
    sbertja_status (*sumsq)(const sbj_run *, const sbj_sumsq *, double *sum, sbertja_error *);
    sbertja_status (*adamw)(const sbj_run *, const sbj_adamw *, sbertja_error *);

    /* Names of what was chosen, for reports: "avx2", "openblas 0.3.21 (Haswell)"; "" where there is no choice. */
    const char *(*instructions)(const sbj_backend *);
    const char *(*engine)(const sbj_backend *);
} sbj_backend_table;

/* To be raised with every change of a packed form, which tests/backend/test_cpu_precision.c notices, or of its file. */
enum { SBJ_PACKED_VERSION = 3 };

/* Every back end's own struct begins with this. */
struct sbj_backend {
    const sbj_backend_table *table;
    sbj_alloc alloc;
};

/* ---- Making one ---------------------------------------------------------------------------------------------------- */

typedef struct sbj_backend_options {
    const char *device, *engine, *instructions; /* as in sbertja_load_options; NULL or "auto": the best there is */
    const sbj_alloc *alloc;
    sbj_log log;
    sbj_precision precision; /* that matrices may ask for, besides f32 */
} sbj_backend_options;

/* By device name; _E_MISSING for a device that is known but not there, _E_ARGUMENT for an unknown name, _E_UNSUPPORTED
 * for a precision that the device or engine has not. */
sbertja_status sbj_backend_create(const sbj_backend_options *options, sbj_backend **backend, sbertja_error *error);
void sbj_backend_free(sbj_backend *backend); /* after its buffers; takes NULL */
sbertja_status sbj_backend_ref(const sbj_backend_options *options, sbj_backend **backend, sbertja_error *error);
sbertja_status sbj_backend_cpu(const sbj_backend_options *options, sbj_backend **backend, sbertja_error *error);
const char *sbj_cpu_engines(void);          /* names separated by blanks, best first */
const char *sbj_cpu_instruction_sets(void); /* those of this machine */

/* ---- The checked calls (op.c) --------------------------------------------------------------------------------------- */

/* A new dense tensor in a buffer of its own; free it with sbj_tensor_free. */
sbertja_status sbj_tensor_new(const sbj_backend *, sbj_type, size_t rows, size_t columns, sbj_tensor *, sbertja_error *);
void sbj_tensor_free(const sbj_backend *, sbj_tensor *); /* takes SBJ_NONE; leaves SBJ_NONE */
sbertja_status sbj_write(const sbj_backend *, sbj_tensor, const void *host, sbj_type host_type, sbertja_error *);
sbertja_status sbj_read(const sbj_backend *, sbj_tensor, void *host, sbj_type host_type, sbertja_error *);
sbertja_status sbj_zero(const sbj_run *, sbj_tensor, sbertja_error *);
sbertja_status sbj_prepare(const sbj_backend *, sbj_pool *, sbj_matrix *, sbertja_error *);
void sbj_unprepare(const sbj_backend *, sbj_matrix *);
size_t sbj_packed_size(const sbj_backend *, const sbj_matrix *);
const void *sbj_packed_data(const sbj_backend *, const sbj_matrix *);
sbertja_status sbj_adopt(const sbj_backend *, sbj_matrix *, const void *data, sbertja_error *);
size_t sbj_scratch_size(const sbj_backend *, const sbj_extent *, int threads);

sbertja_status sbj_do_embed(const sbj_run *, const sbj_embed *, sbertja_error *);
sbertja_status sbj_do_embed_backward(const sbj_run *, const sbj_embed *, const sbj_embed_gradients *, sbertja_error *);
sbertja_status sbj_do_linear(const sbj_run *, const sbj_linear *, sbertja_error *);
sbertja_status sbj_do_linear_backward(const sbj_run *, const sbj_linear *, const sbj_linear_gradients *,
                                      sbertja_error *);
sbertja_status sbj_do_linear_norm(const sbj_run *, const sbj_linear_norm *, sbertja_error *);
sbertja_status sbj_do_linear_norm_backward(const sbj_run *, const sbj_linear_norm *, const sbj_linear_norm_gradients *,
                                           sbertja_error *);
sbertja_status sbj_do_attention(const sbj_run *, const sbj_attention *, sbertja_error *);
sbertja_status sbj_do_attention_backward(const sbj_run *, const sbj_attention *, const sbj_attention_gradients *,
                                         sbertja_error *);
sbertja_status sbj_do_pool(const sbj_run *, const sbj_pool_op *, sbertja_error *);
sbertja_status sbj_do_pool_backward(const sbj_run *, const sbj_pool_op *, const sbj_pool_gradients *, sbertja_error *);
sbertja_status sbj_do_normalize(const sbj_run *, const sbj_normalize *, sbertja_error *);
sbertja_status sbj_do_normalize_backward(const sbj_run *, const sbj_normalize *, const sbj_normalize_gradients *,
                                         sbertja_error *);
sbertja_status sbj_do_sumsq(const sbj_run *, const sbj_sumsq *, double *sum, sbertja_error *);
sbertja_status sbj_do_adamw(const sbj_run *, const sbj_adamw *, sbertja_error *);

#endif
