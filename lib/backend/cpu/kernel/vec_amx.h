/* Products of narrow numbers by Intel AMX, whose registers are matrices: a left one of up to 16 rows by 16 groups, a
 * right one of 16 groups by 16 columns, and 16 by 16 sums. Panels and words are those of vec_narrow.h, whose own loop
 * does what is left of k behind whole registers, and the scales. Without AMX, that loop does all.
 *
 * Two left registers take a panel, which is two right ones, to four of sums. In bf16 an instruction adds up the even
 * numbers of its 32 and the odd ones, each in order, then both to the sum: k alone decides. */
#ifndef SBJ_VEC_AMX_H
#define SBJ_VEC_AMX_H

#include "backend/cpu/kernel/vec_narrow.h"

#if !defined(SBJ_ISA_amx)
enum { BLOCK_ROWS = 96 };

/* sbj_narrow_kernels.multiply */
INLINE void product(size_t m, size_t n, size_t groups, const uint32_t *a, size_t lda, const uint8_t *panels,
                    size_t panel, const sbj_narrow_scales *scales, bool bf16, float *c, size_t ldc, bool add)
{
    narrow_multiply(m, n, groups, a, lda, panels, panel, scales, bf16, c, ldc, add);
}

#else
/* As many rows as fit into the second cache with a block of b, which comes from further away: with 96 a quarter of
 * BERT-base's time is spent waiting for it. */
enum { BLOCK_ROWS = 256 };
enum { AMX_ROWS = 16, AMX_GROUPS = 16, AMX_PASS = 2 * AMX_ROWS, GROUP_BYTES = 4 };

/* The intrinsics do not tell the compiler that they read memory: it may not move writes across this. */
INLINE void memory_is_read(void)
{
    __asm__ volatile("" ::: "memory");
}

/* What the registers hold from now on: sums in 0 to 3, left in 4 and 5, all with so many rows; right in 6 and 7. This
 * takes as long as three instructions of a product. */
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
    _Static_assert(sizeof shapes == 64, "what the instruction reads");
    memory_is_read();
    _tile_loadconfig(&shapes);
}

/* Register numbers are part of the instruction, so they must be literals. */
#define AMX_ADD(sum, left, right)                                                                                      \
    do {                                                                                                               \
        if (bf16)                                                                                                      \
            _tile_dpbf16ps(sum, left, right);                                                                          \
        else                                                                                                           \
            _tile_dpbsud(sum, left, right);                                                                            \
    } while (0)

/* Two left sides, a register's rows each, which may have rows in common; and where their sums go. */
typedef struct amx_place {
    const uint32_t *a[2];
    size_t lda;
    float *c[2];
    size_t ldc;
    bool add;
} amx_place;

/* A panel; c has all of its columns. The next panel is called for, so many lines of it each time: into the second
 * cache, since the first one is full. */
INLINE void amx_pass(size_t groups, const uint8_t *b, bool bf16, const char *ahead, size_t lines, amx_place p)
{
    const size_t right = PANEL * GROUP_BYTES, left = p.lda * sizeof *p.a[0], out = p.ldc * sizeof *p.c[0];
    memory_is_read();
    if (p.add) {
        _tile_loadd(0, p.c[0], out);
        _tile_loadd(1, p.c[0] + VEC, out);
        _tile_loadd(2, p.c[1], out);
        _tile_loadd(3, p.c[1] + VEC, out);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
    for (size_t j = 0; j < groups; j += AMX_GROUPS, b += AMX_GROUPS * right) {
        for (size_t i = 0; i < lines; i++, ahead += LINE)
            __builtin_prefetch(ahead, 0, 2);
        _tile_loadd(6, b, right);
        _tile_loadd(4, p.a[0] + j, left);
        _tile_loadd(7, b + VEC * GROUP_BYTES, right);
        _tile_loadd(5, p.a[1] + j, left);
        AMX_ADD(0, 4, 6);
        AMX_ADD(1, 4, 7);
        AMX_ADD(2, 5, 6);
        AMX_ADD(3, 5, 7);
    }
    _tile_stored(0, p.c[0], out);
    _tile_stored(1, p.c[0] + VEC, out);
    _tile_stored(2, p.c[1], out);
    _tile_stored(3, p.c[1] + VEC, out);
}

/* The same at the right edge of c, through memory that has all columns. */
INLINE void amx_edge(size_t rows, size_t n, size_t groups, const uint8_t *b, bool bf16, amx_place p)
{
    float room[AMX_PASS * PANEL], *const c = p.c[0];
    const size_t ldc = p.ldc;
    for (size_t i = 0; p.add && i < rows; i++)
        memcpy(room + i * PANEL, c + i * ldc, n * sizeof *c);
    p.c[1] = room + (size_t)(p.c[1] - c) / ldc * PANEL;
    p.c[0] = room;
    p.ldc = PANEL;
    amx_pass(groups, b, bf16, NULL, 0, p);
    for (size_t i = 0; i < rows; i++)
        memcpy(c + i * ldc, room + i * PANEL, n * sizeof *c);
}

/* Of `groups`, a multiple of AMX_GROUPS. Rows are shared out evenly, as in vec_tile.h. */
INLINE void amx_multiply(size_t m, size_t n, size_t groups, const uint32_t *a, size_t lda, const uint8_t *panels,
                         size_t panel, bool bf16, float *c, size_t ldc, bool add)
{
    const size_t passes = (m + AMX_PASS - 1) / AMX_PASS;
    const size_t lines = (AMX_GROUPS * PANEL * GROUP_BYTES / LINE + passes - 1) / passes;
    size_t half = 0; /* rows of a left register: of an odd number in a pass, both registers have the middle one */
    for (size_t j = 0; j < n; j += PANEL, panels += panel) {
        const char *ahead = (const char *)panels + panel;
        for (size_t row = 0, left = passes, rows; left > 0; left--, row += rows) {
            rows = tile_height(m - row, left);
            if (half != (rows + 1) / 2) {
                half = (rows + 1) / 2;
                amx_configure(half);
            }
            const uint32_t *here = a + row * lda;
            float *to = c + row * ldc + j;
            const amx_place p = {{here, here + (rows - half) * lda}, lda, {to, to + (rows - half) * ldc}, ldc, add};
            if (n - j < PANEL)
                amx_edge(rows, n - j, groups, panels, bf16, p);
            else
                amx_pass(groups, panels, bf16, ahead, lines, p);
            ahead += lines * LINE * (groups / AMX_GROUPS);
        }
    }
    _tile_release();
}

INLINE void product(size_t m, size_t n, size_t groups, const uint32_t *a, size_t lda, const uint8_t *panels,
                    size_t panel, const sbj_narrow_scales *scales, bool bf16, float *c, size_t ldc, bool add)
{
    const size_t whole = groups / AMX_GROUPS * AMX_GROUPS;
    if (whole > 0)
        amx_multiply(m, n, whole, a, lda, panels, panel, bf16, c, ldc, add);
    if (whole < groups || scales != NULL)
        narrow_multiply(m, n, groups - whole, a + whole, lda, panels + whole * PANEL * GROUP_BYTES, panel, scales, bf16,
                        c, ldc, add || whole > 0);
}
#endif

#endif
