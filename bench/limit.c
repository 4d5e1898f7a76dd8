/* OpenBLAS and oneDNN by themselves. */
#define _POSIX_C_SOURCE 200809L
#include "limit.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "timing.h"
#ifdef HAVE_ONEDNN
#include <dnnl.h>
#endif

enum {
    ROWS = 576,
    FILLING = 0x3c, /* bytes of it are common numbers in every precision */
    STRETCHES = 10, /* of a hundredth of a second */
    MOST_RATES = 128 /* of a row: a stretch that finds no room is not measured */
};

/* Products a second, in each stretch. */
typedef struct rates {
    double rate[MOST_RATES];
    int count;
} rates;

/* ---- OpenBLAS ---- */

typedef struct openblas {
    int m, n, k;
    float *a, *b, *c;
} openblas;

static float *filled(int rows, int columns)
{
    float *matrix = malloc((size_t)rows * (size_t)columns * sizeof *matrix);
    if (matrix == NULL)
        give_up("limit", "out of memory");
    return memset(matrix, FILLING, (size_t)rows * (size_t)columns * sizeof *matrix);
}

static void openblas_open(openblas *o, const shape *s)
{
    *o = (openblas){.m = ROWS, .n = s->intermediate, .k = s->hidden};
    o->a = filled(o->m, o->k);
    o->b = filled(o->n, o->k);
    o->c = filled(o->m, o->n);
}

static void openblas_close(openblas *o)
{
    free(o->a);
    free(o->b);
    free(o->c);
}

static void openblas_multiply(void *engine)
{
    const openblas *o = engine;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, o->m, o->n, o->k, 1, o->a, o->k, o->b, o->k, 0, o->c, o->n);
}

/* ---- oneDNN 2: a product whose weights lie as it likes them, their packing not counted ---- */

#ifdef HAVE_ONEDNN

typedef struct onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_desc_t description;
    dnnl_primitive_t product;
    dnnl_memory_t memory[3];
} onednn;

/* False: this precision is not for this processor. */
static bool make_product(onednn *d, const shape *s, dnnl_data_type_t x, dnnl_data_type_t w)
{
    const dnnl_dims_t a = {ROWS, s->hidden}, b = {s->hidden, s->intermediate}, c = {ROWS, s->intermediate};
    dnnl_memory_desc_t source, weights, target;
    dnnl_matmul_desc_t matmul;
    return dnnl_memory_desc_init_by_tag(&source, 2, a, x, dnnl_ab) == dnnl_success &&
           dnnl_memory_desc_init_by_tag(&weights, 2, b, w, dnnl_format_tag_any) == dnnl_success &&
           dnnl_memory_desc_init_by_tag(&target, 2, c, dnnl_f32, dnnl_ab) == dnnl_success &&
           dnnl_matmul_desc_init(&matmul, &source, &weights, NULL, &target) == dnnl_success &&
           dnnl_primitive_desc_create(&d->description, &matmul, NULL, d->engine, NULL) == dnnl_success &&
           dnnl_primitive_create(&d->product, d->description) == dnnl_success;
}

static bool make_memory(onednn *d)
{
    static const dnnl_query_t queries[] = {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md};
    for (int i = 0; i < 3; i++) {
        const dnnl_memory_desc_t *layout = dnnl_primitive_desc_query_md(d->description, queries[i], 0);
        void *bytes = NULL;
        if (dnnl_memory_create(&d->memory[i], layout, d->engine, DNNL_MEMORY_ALLOCATE) != dnnl_success ||
            dnnl_memory_get_data_handle(d->memory[i], &bytes) != dnnl_success)
            return false;
        memset(bytes, FILLING, dnnl_memory_desc_get_size(layout));
    }
    return true;
}

static bool onednn_open(onednn *d, const shape *s, const char *precision)
{
    const bool int8 = strcmp(precision, "int8") == 0;
    const dnnl_data_type_t x = int8 ? dnnl_u8 : strcmp(precision, "bf16") == 0 ? dnnl_bf16 : dnnl_f32;
    return dnnl_engine_create(&d->engine, dnnl_cpu, 0) == dnnl_success &&
           dnnl_stream_create(&d->stream, d->engine, dnnl_stream_default_flags) == dnnl_success &&
           make_product(d, s, x, int8 ? dnnl_s8 : x) && make_memory(d);
}

static void onednn_close(onednn *d)
{
    for (int i = 0; i < 3; i++)
        dnnl_memory_destroy(d->memory[i]);
    dnnl_primitive_destroy(d->product);
    dnnl_primitive_desc_destroy(d->description);
    dnnl_stream_destroy(d->stream);
    dnnl_engine_destroy(d->engine);
}

static void onednn_multiply(void *engine)
{
    const onednn *d = engine;
    const dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, d->memory[0]}, {DNNL_ARG_WEIGHTS, d->memory[1]}, {DNNL_ARG_DST, d->memory[2]}};
    if (dnnl_primitive_execute(d->product, d->stream, 3, arguments) != dnnl_success ||
        dnnl_stream_wait(d->stream) != dnnl_success)
        give_up("oneDNN", "cannot multiply");
}

#else

typedef struct onednn {
    char none;
} onednn;

static bool onednn_open(onednn *d, const shape *s, const char *precision)
{
    (void)d, (void)s, (void)precision;
    return false;
}

static void onednn_close(onednn *d)
{
    (void)d;
}

static void onednn_multiply(void *engine)
{
    (void)engine;
}

#endif

/* ---- The faster one ---- */

struct limit {
    double flops; /* of a product */
    bool has_openblas, has_onednn;
    openblas openblas;
    onednn onednn;
    rates by_openblas, by_onednn;
};

limit *open_limit(const shape *s, const char *precision)
{
    limit *l = calloc(1, sizeof *l);
    if (l == NULL)
        give_up("limit", "out of memory");
    l->flops = 2.0 * ROWS * s->intermediate * s->hidden;
    l->has_openblas = strcmp(precision, "f32") == 0;
    l->has_onednn = onednn_open(&l->onednn, s, precision);
    if (l->has_openblas)
        openblas_open(&l->openblas, s);
    return l;
}

void close_limit(limit *l)
{
    openblas_close(&l->openblas);
    onednn_close(&l->onednn);
    free(l);
}

static void measure(rates *r, void (*multiply)(void *engine), void *engine)
{
    for (int i = 0; i < STRETCHES && r->count < MOST_RATES; i++) {
        const double began = now();
        int products = 0;
        do
            multiply(engine);
        while (products++, now() - began < 0.01);
        r->rate[r->count++] = products / (now() - began);
    }
}

/* Threads spin for a while after a product, in case there is another. */
static void wait_for_sleep(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
}

void measure_limit(limit *l)
{
    if (l->has_openblas) {
        measure(&l->by_openblas, openblas_multiply, &l->openblas);
        wait_for_sleep();
    }
    if (l->has_onednn) {
        measure(&l->by_onednn, onednn_multiply, &l->onednn);
        wait_for_sleep();
    }
}

static double take(rates *r)
{
    const double rate = r->count == 0 ? 0 : median(r->rate, r->count);
    r->count = 0;
    return rate;
}

double take_limit(limit *l, const char **engine)
{
    const double a = take(&l->by_openblas), b = take(&l->by_onednn);
    *engine = a > b ? "OpenBLAS" : "oneDNN";
    return l->flops * (a > b ? a : b);
}
