/* Attention of one head with both products in bf16 (vec_gemm_bf16.c), where that is faster: S from Q and K rounded,
 * then Y from P and V rounded; softmax in f32. Without dropout, and without what a gradient would need. */
#include "backend/cpu/kernel/vec_attention.h"
#include "backend/cpu/kernel/vec_tile.h"

#if defined(SBJ_ISA_avx512bf16)

extern const sbj_narrow_kernels SBJ_PER_ISA(sbj_bf16_kernels);
static const sbj_narrow_kernels *const bf16 = &SBJ_PER_ISA(sbj_bf16_kernels);

static size_t words_in(size_t n)
{
    return (n + bf16->group - 1) / bf16->group;
}

/* Scratch: K' panels | V panels | Q, a block | S, then P | P */
typedef struct layout {
    size_t kt, v, q, scores, p, total;
    size_t ld; /* of scores, in floats */
} layout;

static layout layout_of(size_t length, size_t size)
{
    layout l = {.ld = round_up(length, PANEL)};
    l.v = l.kt + words_in(size) * l.ld;
    l.q = l.v + words_in(length) * round_up(size, PANEL);
    l.scores = l.q + BLOCK * words_in(size);
    l.p = l.scores + BLOCK * l.ld;
    l.total = l.p + BLOCK * words_in(length);
    return l;
}

static size_t scratch_size(size_t length, size_t size, bool backward)
{
    (void)backward;
    return layout_of(length, size).total;
}

/* c [m, n] = a [m, k] b [k, n], where a is words and b panels. */
static void multiply(size_t m, size_t n, size_t k, const float *a, const float *b, float *c, size_t ldc)
{
    const size_t words = words_in(k), panel = words * bf16->group_bytes * PANEL;
    bf16->multiply(m, n, words, (const uint32_t *)a, words, b, panel, NULL, c, ldc, false);
}

static void forward(const sbj_head *h, float *y, size_t ldy, float *lse, size_t ldlse, float *scratch)
{
    const size_t length = h->length, size = h->size;
    const layout l = layout_of(length, size);
    float *kt = scratch + l.kt, *v = scratch + l.v, *q = scratch + l.q, *scores = scratch + l.scores;
    (void)lse, (void)ldlse;
    bf16->pack_panels(columns_of(h->k, h->ld), size, length, NULL, kt);
    bf16->pack_panels(rows_of(h->v, h->ld), length, size, NULL, v);
    for (size_t first = 0; first < length; first += BLOCK) {
        const size_t m = length - first < BLOCK ? length - first : BLOCK;
        for (size_t i = 0; i < m; i++)
            bf16->narrow(h->q + (first + i) * h->ld, size, (uint32_t *)q + i * words_in(size));
        multiply(m, length, size, q, kt, scores, l.ld);
        for (size_t i = 0; i < m; i++) {
            softmax(scores + i * l.ld, length, h->scale);
            bf16->narrow(scores + i * l.ld, length, (uint32_t *)(scratch + l.p) + i * words_in(length));
        }
        multiply(m, size, length, scratch + l.p, v, y + first * ldy, ldy);
    }
}

extern const sbj_attention_kernels SBJ_PER_ISA(sbj_attention_bf16_kernels);
const sbj_attention_kernels SBJ_PER_ISA(sbj_attention_bf16_kernels) = {scratch_size, forward, NULL};
#endif
