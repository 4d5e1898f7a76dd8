#include "limit.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#include "timing.h"
#ifdef HAVE_ONEDNN
#include <dnnl.h>
#endif

enum { ROWS = 576, FILLING = 0x3c, STRETCHES = 50 }; /* bytes of FILLING are common numbers in every precision */
static const double stretch = 0.01; /* seconds; threads that start on one processor are apart after the first few */

/* Counts products, a stretch of time after the other. */
typedef struct meter {
    double began, rates[STRETCHES]; /* products a second */
    int count, products;
} meter;

static bool next_product(meter *m)
{
    const double t = now();
    if (m->products == 0) {
        m->began = t;
    } else if (t - m->began >= stretch) {
        m->rates[m->count++] = m->products / (t - m->began);
        m->products = 0;
        m->began = t;
    }
    m->products++;
    return m->count < STRETCHES;
}

/* ---- OpenBLAS ---- */

static double openblas_rate(const shape *s)
{
    const int m = ROWS, n = s->intermediate, k = s->hidden;
    float *a = malloc((size_t)(m * k) * sizeof *a), *b = malloc((size_t)n * (size_t)k * sizeof *b);
    float *c = malloc((size_t)m * (size_t)n * sizeof *c);
    meter taken = {.count = 0};
    memset(a, FILLING, (size_t)(m * k) * sizeof *a);
    memset(b, FILLING, (size_t)n * (size_t)k * sizeof *b);
    while (next_product(&taken))
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, a, k, b, k, 0, c, n);
    free(a);
    free(b);
    free(c);
    return 2.0 * m * n * k * median(taken.rates, STRETCHES);
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

static double rate_of_product(onednn *d, const shape *s)
{
    const dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, d->memory[0]}, {DNNL_ARG_WEIGHTS, d->memory[1]}, {DNNL_ARG_DST, d->memory[2]}};
    meter taken = {.count = 0};
    while (next_product(&taken))
        if (dnnl_primitive_execute(d->product, d->stream, 3, arguments) != dnnl_success ||
            dnnl_stream_wait(d->stream) != dnnl_success)
            return 0;
    return 2.0 * ROWS * s->intermediate * s->hidden * median(taken.rates, STRETCHES);
}

static double onednn_rate(const shape *s, const char *precision)
{
    const bool int8 = strcmp(precision, "int8") == 0;
    const dnnl_data_type_t x = int8 ? dnnl_u8 : strcmp(precision, "bf16") == 0 ? dnnl_bf16 : dnnl_f32;
    onednn d = {0};
    double rate = 0;
    if (dnnl_engine_create(&d.engine, dnnl_cpu, 0) == dnnl_success &&
        dnnl_stream_create(&d.stream, d.engine, dnnl_stream_default_flags) == dnnl_success &&
        make_product(&d, s, x, int8 ? dnnl_s8 : x) && make_memory(&d))
        rate = rate_of_product(&d, s);
    for (int i = 0; i < 3; i++)
        dnnl_memory_destroy(d.memory[i]);
    dnnl_primitive_destroy(d.product);
    dnnl_primitive_desc_destroy(d.description);
    dnnl_stream_destroy(d.stream);
    dnnl_engine_destroy(d.engine);
    return rate;
}

#else

static double onednn_rate(const shape *s, const char *precision)
{
    (void)s;
    (void)precision;
    return 0;
}

#endif

limit find_limit(const shape *s, const char *precision)
{
    limit best = {0, "none"};
    if (strcmp(precision, "f32") == 0)
        best = (limit){openblas_rate(s), "OpenBLAS"};
    const double rate = onednn_rate(s, precision);
    if (rate > best.rate)
        best = (limit){rate, "oneDNN"};
    return best;
}
