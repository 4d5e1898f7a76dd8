/* Products of narrow numbers by Intel AMX, whose registers are matrices: a left one of up to 16 rows by 16 groups, a
 * right one of 16 groups by 16 columns, and 16 by 16 sums. Panels and words are those of vec_narrow.h, whose own loop
 * does what is left of k behind whole tiles, and the scales.
 *
 * Four registers of sums take two left ones by a panel, which is two right ones. In bf16 an instruction adds up the
 * even numbers of its 32 and the odd ones, each in order, then both to the sum: k alone decides. */
#ifndef SBJ_VEC_AMX_H
#define SBJ_VEC_AMX_H

#include "backend/cpu/kernel/vec_narrow.h"

enum { AMX_ROWS = 16, AMX_GROUPS = 16, AMX_PASS = 2 * AMX_ROWS, GROUP_BYTES = 4 };

/* The compiler may not move what is in memory across the next instructions, which do not tell that they read it. */
INLINE void memory_is_read(void)
{
    __asm__ volatile("" ::: "memory");
}

/* What the registers hold from now on, if the left ones have so many rows: sums in 0 to 3, left in 4 and 5, right in 6
 * and 7. */
INLINE void amx_configure(size_t rows)
{
    struct {
        uint8_t palette, start, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } shapes = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        shapes.row_bytes[i] = AMX_GROUPS * GROUP_BYTES;
        shapes.rows[i] = (uint8_t)(i < 6 ? rows : AMX_GROUPS);
    }
    memory_is_read();
    _tile_loadconfig(&shapes);
}

#define AMX_ADD(sum, left, right)                                                                                      \
    if (bf16)                                                                                                          \
        _tile_dpbf16ps(sum, left, right);                                                                              \
    else                                                                                                               \
        _tile_dpbsud(sum, left, right)

/* `rows` rows from `a` and as many from `below`, which may be some of the same, by a panel; c has PANEL columns.
 * `ahead` and `lines`: see call_for. */
INLINE void amx_pass(size_t groups, const uint32_t *a, const uint32_t *below, size_t lda, const uint8_t *b, bool bf16,
                     const char *ahead, size_t lines, float *c, float *c_below, size_t ldc, bool add)
{
    const size_t right = PANEL * GROUP_BYTES, left = lda * sizeof *a, out = ldc * sizeof *c;
    if (add) {
        memory_is_read();
        _tile_loadd(0, c, out);
        _tile_loadd(1, c + VEC, out);
        _tile_loadd(2, c_below, out);
        _tile_loadd(3, c_below + VEC, out);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
    for (size_t j = 0; j < groups; j += AMX_GROUPS, b += AMX_GROUPS * right) {
#define PF 2
#if PF
        for (size_t q = 0; q < lines; q++, ahead += LINE) __builtin_prefetch(ahead, 0, PF);
#endif
#if PFB
        for (int q = 0; q < 32; q++) __builtin_prefetch(b + PFB * AMX_GROUPS * right + q * 64, 0, 3);
#endif
        _tile_loadd(6, b, right);
        _tile_loadd(4, a + j, left);
        _tile_loadd(7, b + VEC * GROUP_BYTES, right);
        _tile_loadd(5, below + j, left);
        AMX_ADD(0, 4, 6);
        AMX_ADD(1, 4, 7);
        AMX_ADD(2, 5, 6);
        AMX_ADD(3, 5, 7);
    }
    _tile_stored(0, c, out);
    _tile_stored(1, c + VEC, out);
    _tile_stored(2, c_below, out);
    _tile_stored(3, c_below + VEC, out);
}

/* The same at the right edge of c: through memory that has all columns. */
INLINE void amx_edge(size_t n, size_t groups, const uint32_t *a, size_t rows, size_t half, size_t lda,
                     const uint8_t *b, bool bf16, float *c, size_t ldc, bool add)
{
    float room[AMX_PASS * PANEL];
    for (size_t i = 0; add && i < rows; i++)
        memcpy(room + i * PANEL, c + i * ldc, n * sizeof *c);
    amx_pass(groups, a, a + (rows - half) * lda, lda, b, bf16, NULL, 0, room, room + (rows - half) * PANEL, PANEL, add);
    for (size_t i = 0; i < rows; i++)
        memcpy(c + i * ldc, room + i * PANEL, n * sizeof *c);
}

/* sbj_narrow_kernels.multiply */
INLINE void amx_multiply(size_t m, size_t n, size_t groups, const uint32_t *a, size_t lda, const uint8_t *panels,
                         size_t panel, const sbj_narrow_scales *scales, bool bf16, float *c, size_t ldc, bool add)
{
    const size_t whole = groups / AMX_GROUPS * AMX_GROUPS, passes = (m + AMX_PASS - 1) / AMX_PASS;
    const size_t lines = (AMX_GROUPS * PANEL * GROUP_BYTES / LINE + passes - 1) / passes;
    size_t half = 0; /* rows of a left register: a pass has up to twice as many, the middle one twice if they are odd */
    for (size_t j = 0; j < n && whole > 0; j += PANEL) {
        const uint8_t *b = panels + j / PANEL * panel;
        const char *ahead = (const char *)b + panel;
        for (size_t i = 0, left = passes, rows; left > 0; left--, i += rows) {
            rows = tile_height(m - i, left);
            if (half != (rows + 1) / 2) {
                half = (rows + 1) / 2;
                amx_configure(half);
            }
            const uint32_t *here = a + i * lda;
            float *to = c + i * ldc + j;
            if (n - j < PANEL)
                amx_edge(n - j, whole, here, rows, half, lda, b, bf16, to, ldc, add);
            else
                amx_pass(whole, here, here + (rows - half) * lda, lda, b, bf16, ahead, lines, to,
                         to + (rows - half) * ldc, ldc, add);
            ahead += lines * LINE * (whole / AMX_GROUPS);
        }
    }
    if (whole > 0)
        _tile_release();
    if (whole < groups || scales != NULL)
        narrow_multiply(m, n, groups - whole, a + whole, lda, panels + whole * PANEL * GROUP_BYTES, panel, scales, bf16,
                        c, ldc, add || whole > 0);
}

#endif
