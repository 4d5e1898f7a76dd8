/* Attention of one head of one sentence, in blocks of query rows, so that scores never take more than [BLOCK, length].
 *
 * With l the sentence's length and d the head's size: S = Q K' (products by vec_gemm.c), P = softmax(scale S) row by
 * row, Y = (P f) V, where f are the factors of dropout. Backward makes P again from lse, and then dV = (P f)' dY;  dP =
 * (dY V') f;  dS = P (dP - sum(P dP)) scale;  dQ = dS K;  dK = dS' Q */
#include "backend/cpu/kernel/vec_attention.h"

extern const sbj_gemm_kernels SBJ_PER_ISA(sbj_gemm_kernels);
static const sbj_gemm_kernels *const gemm = &SBJ_PER_ISA(sbj_gemm_kernels);
extern const sbj_row_kernels SBJ_PER_ISA(sbj_row_kernels);
static const sbj_row_kernels *const row_kernels = &SBJ_PER_ISA(sbj_row_kernels);

/* Where things lie in scratch, in floats from its start:
 *     forward    K' panels | V panels | S, then P f | factors
 *     backward   K' panels | V' panels | K panels | panels of Q or dY, a block | S, then P f | dP, then dS | factors */
typedef struct layout {
    size_t kt, vt, k, v, block, p, dp, factors, total;
    size_t ld; /* of p and dp */
} layout;

static size_t take(layout *l, size_t floats)
{
    size_t at = l->total;
    l->total += floats;
    return at;
}

static layout layout_of(size_t length, size_t size, bool backward)
{
    size_t columns = round_up(length, gemm->panel_columns), width = round_up(size, gemm->panel_columns);
    layout l = {.ld = columns};
    l.kt = take(&l, size * columns);
    if (backward) {
        l.vt = take(&l, size * columns);
        l.k = take(&l, length * width);
        l.block = take(&l, BLOCK * width);
        l.dp = take(&l, BLOCK * columns);
    } else {
        l.v = take(&l, length * width);
    }
    l.p = take(&l, BLOCK * columns);
    l.factors = take(&l, columns + SBJ_MASK_ROOM);
    return l;
}

static size_t scratch_size(size_t length, size_t size, bool backward)
{
    return layout_of(length, size, backward).total;
}

/* A left side that lies in memory row by row, and one that is the transpose of such a matrix. */
static sbj_left left_rows(const float *at, size_t ld)
{
    return (sbj_left){at, gemm->tile_rows * ld, ld, 1};
}

static sbj_left left_columns(const float *at, size_t ld)
{
    return (sbj_left){at, gemm->tile_rows, 1, ld};
}

/* The factors of dropout of one query's row, or NULL. */
static const float *factors_of(const sbj_head *h, size_t query, float *room)
{
    return h->mask == NULL ? NULL : row_kernels->mask(h->mask, h->row + query, h->column, h->length, room);
}

static void forward(const sbj_head *h, float *y, size_t ldy, float *lse, size_t ldlse, float *scratch)
{
    size_t length = h->length, size = h->size;
    layout l = layout_of(length, size, false);
    float *kt = scratch + l.kt, *v = scratch + l.v, *scores = scratch + l.p;
    gemm->pack_panels(columns_of(h->k, h->ld), size, length, kt);
    gemm->pack_panels(rows_of(h->v, h->ld), length, size, v);
    for (size_t first = 0; first < length; first += BLOCK) {
        size_t m = length - first < BLOCK ? length - first : BLOCK;
        gemm->multiply(m, length, size, left_rows(h->q + first * h->ld, h->ld), kt, scores, l.ld, false);
        for (size_t i = 0; i < m; i++) {
            float *p = scores + i * l.ld, log_sum = softmax(p, length, h->scale);
            const float *f = factors_of(h, first + i, scratch + l.factors);
            if (f != NULL)
                row_kernels->multiply(p, p, f, length);
            if (lse != NULL)
                lse[(first + i) * ldlse] = log_sum;
        }
        gemm->multiply(m, size, length, left_rows(scores, l.ld), v, y + first * ldy, ldy, false);
    }
}

/* One row, from scores S in p and dY V' in dp: leaves P f in p and dS in dp. `f` is NULL without dropout. */
static void backward_row(float *p, float *dp, const float *f, float lse, float scale, size_t n)
{
    vec sums = {0};
    for (size_t i = 0; i < n; i += VEC) {
        vec e = vec_exp_bounded(vec_fma(vec_load_some(p + i, n - i), vec_all(scale), vec_all(-lse)));
        vec d = vec_load_some(dp + i, n - i);
        if (f != NULL)
            d *= vec_load_some(f + i, n - i);
        vec_store_some(p + i, n - i, e);
        vec_store_some(dp + i, n - i, d);
        sums = vec_fma(e, d, sums); /* d is 0 behind the end */
    }
    float sum = vec_sum(sums);
    for (size_t i = 0; i < n; i += VEC) {
        vec e = vec_load_some(p + i, n - i), d = vec_load_some(dp + i, n - i);
        vec_store_some(dp + i, n - i, e * (d - sum) * scale);
        if (f != NULL)
            vec_store_some(p + i, n - i, e * vec_load_some(f + i, n - i));
    }
}

static void backward(const sbj_head *h, const float *lse, size_t ldlse, const float *dy, size_t ldy, float *dq,
                     float *dk, float *dv, size_t ld, float *scratch)
{
    size_t length = h->length, size = h->size;
    layout l = layout_of(length, size, true);
    float *kt = scratch + l.kt, *vt = scratch + l.vt, *k = scratch + l.k, *block = scratch + l.block;
    float *p = scratch + l.p, *dp = scratch + l.dp;
    gemm->pack_panels(columns_of(h->k, h->ld), size, length, kt);
    gemm->pack_panels(columns_of(h->v, h->ld), size, length, vt);
    gemm->pack_panels(rows_of(h->k, h->ld), length, size, k);
    for (size_t first = 0; first < length; first += BLOCK) {
        size_t m = length - first < BLOCK ? length - first : BLOCK;
        const float *q = h->q + first * h->ld, *d = dy + first * ldy;
        gemm->multiply(m, length, size, left_rows(q, h->ld), kt, p, l.ld, false);
        gemm->multiply(m, length, size, left_rows(d, ldy), vt, dp, l.ld, false);
        for (size_t i = 0; i < m; i++)
            backward_row(p + i * l.ld, dp + i * l.ld, factors_of(h, first + i, scratch + l.factors),
                         lse[(first + i) * ldlse], h->scale, length);
        gemm->multiply(m, size, length, left_rows(dp, l.ld), k, dq + first * ld, ld, false);
        gemm->pack_panels(rows_of(d, ldy), m, size, block);
        gemm->multiply(length, size, m, left_columns(p, l.ld), block, dv, ld, first > 0);
        gemm->pack_panels(rows_of(q, h->ld), m, size, block);
        gemm->multiply(length, size, m, left_columns(dp, l.ld), block, dk, ld, first > 0);
    }
}

extern const sbj_attention_kernels SBJ_PER_ISA(sbj_attention_kernels);
const sbj_attention_kernels SBJ_PER_ISA(sbj_attention_kernels) = {scratch_size, forward, backward};
