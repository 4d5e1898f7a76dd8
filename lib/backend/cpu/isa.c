/* The instruction sets that kernels are compiled for, and which of them this machine has. */
#define _DEFAULT_SOURCE /* for syscall */
#include <string.h>

#include "backend/cpu/cpu.h"
#if defined(SBJ_HAVE_amx)
#include <sys/syscall.h>
#include <unistd.h>
#endif

extern const sbj_kernels sbj_kernels_portable;
#if defined(SBJ_HAVE_avx2)
extern const sbj_kernels sbj_kernels_avx2;
#endif
#if defined(SBJ_HAVE_avx512)
extern const sbj_kernels sbj_kernels_avx512;
#endif
/* The Makefile says which of these the compiler knows. */
#if defined(SBJ_HAVE_avx512vnni)
extern const sbj_kernels sbj_kernels_avx512vnni;
#endif
#if defined(SBJ_HAVE_avx512bf16)
extern const sbj_kernels sbj_kernels_avx512bf16;
#endif
#if defined(SBJ_HAVE_amx)
extern const sbj_kernels sbj_kernels_amx;
#endif

static bool has_portable(void)
{
    return true;
}

#if defined(SBJ_HAVE_avx2)
/* __builtin_cpu_supports also asks whether the operating system saves the registers. */
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

#if defined(SBJ_HAVE_avx512)
static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

#if defined(SBJ_HAVE_avx512vnni)
static bool has_avx512vnni(void)
{
    return has_avx512() && __builtin_cpu_supports("avx512vnni");
}
#endif

#if defined(SBJ_HAVE_avx512bf16)
static bool has_avx512bf16(void)
{
    return has_avx512vnni() && __builtin_cpu_supports("avx512bf16");
}

/* Intel's processors from Sapphire Rapids on start a vdpbf16ps, two products a column, half as often as an f32
 * multiplication: what is won by the pairs is lost again, and more goes with rounding for them. */
static bool has_slow_pairs(void)
{
    return has_avx512bf16() && __builtin_cpu_is("intel") && !__builtin_cpu_is("cooperlake");
}

static bool has_fast_pairs(void)
{
    return has_avx512bf16() && !has_slow_pairs();
}
#endif

#if defined(SBJ_HAVE_amx)
/* Linux lets a process use the large registers when it asks for them, once: threads and forked children have them too.
 * Signal frames grow by the 8 KB that they hold, so it refuses where there is a signal stack too small for that. */
enum { ARCH_GET_XCOMP_SUPP = 0x1021, ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };

static bool system_knows_tiles(void)
{
#if defined(SBJ_EMULATED) /* tests/support/emulated.h: they are memory */
    return true;
#else
    uint64_t features = 0;
    return syscall(SYS_arch_prctl, ARCH_GET_XCOMP_SUPP, &features) == 0 && (features >> XFEATURE_XTILEDATA & 1) != 0;
#endif
}

static bool system_grants_tiles(void)
{
#if defined(SBJ_EMULATED)
    return true;
#else
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
#endif
}

static bool has_amx(void)
{
    return has_avx512bf16() && __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") &&
           __builtin_cpu_supports("amx-int8") && system_knows_tiles();
}
#endif

/* The best first: of several steps with the same kernels the first that is here counts. */
static const struct step {
    const sbj_kernels *kernels;
    bool (*here)(void);
    const char *all;       /* it and the others that a machine has on which it is the best */
    bool (*granted)(void); /* asked when it is taken, and not before; NULL: needs nothing */
} ladder[] = {
#if defined(SBJ_HAVE_amx)
    {&sbj_kernels_amx, has_amx, "amx avx512vnni avx512bf16 avx512 avx2 portable", system_grants_tiles},
#endif
#if defined(SBJ_HAVE_avx512bf16)
    {&sbj_kernels_avx512bf16, has_fast_pairs, "avx512bf16 avx512vnni avx512 avx2 portable", NULL},
    {&sbj_kernels_avx512vnni, has_slow_pairs, "avx512vnni avx512bf16 avx512 avx2 portable", NULL},
    {&sbj_kernels_avx512bf16, has_avx512bf16, "avx512bf16 avx512vnni avx512 avx2 portable", NULL},
#endif
#if defined(SBJ_HAVE_avx512vnni)
    {&sbj_kernels_avx512vnni, has_avx512vnni, "avx512vnni avx512 avx2 portable", NULL},
#endif
#if defined(SBJ_HAVE_avx512)
    {&sbj_kernels_avx512, has_avx512, "avx512 avx2 portable", NULL},
#endif
#if defined(SBJ_HAVE_avx2)
    {&sbj_kernels_avx2, has_avx2, "avx2 portable", NULL},
#endif
    {&sbj_kernels_portable, has_portable, "portable", NULL},
};
enum { STEPS = sizeof ladder / sizeof ladder[0] };

const char *sbj_cpu_instruction_sets(void)
{
    size_t best = 0;
    while (!ladder[best].here())
        best++;
    return ladder[best].all;
}

sbertja_status sbj_isa_choose(const char *name, const sbj_kernels **kernels, sbertja_error *error)
{
    const bool any = name == NULL || strcmp(name, "auto") == 0;
    bool known = any;
    *kernels = NULL;
    for (size_t i = 0; i < STEPS; i++) {
        const struct step *s = &ladder[i];
        if (!any && strcmp(name, s->kernels->name) != 0)
            continue;
        known = true;
        if (!s->here())
            continue;
        if (s->granted == NULL || s->granted()) {
            *kernels = s->kernels;
            return SBERTJA_OK;
        }
        if (!any)
            return sbj_fail(error, SBERTJA_E_MISSING,
                            "instructions %s: the system does not grant their registers to this process (a signal "
                            "stack too small for them?)",
                            name);
    }
    if (known)
        return sbj_fail(error, SBERTJA_E_MISSING, "instructions %s: this machine has only: %s", name,
                        sbj_cpu_instruction_sets());
    return sbj_fail(error, SBERTJA_E_ARGUMENT, "instructions %s: unknown, expected auto, %s", name, ladder[0].all);
}
