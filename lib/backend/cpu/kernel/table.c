/* The kernels of this compilation's instruction set, together. What a set does as the one below it does comes from
 * there: the Makefile says which files are compiled for which set. */
#include "backend/cpu/kernel/vec.h"
#include "backend/cpu/kernels.h"

#if defined(SBJ_ISA_amx)
#define INT8 amx
#define BF16 amx
#elif defined(SBJ_ISA_avx512bf16)
#define INT8 avx512vnni
#define BF16 avx512bf16
#else
#define INT8 SBJ_ISA
#endif
#if defined(SBJ_ISA_avx512)
#define REST avx512
#else
#define REST SBJ_ISA
#endif

extern const sbj_gemm_kernels SBJ_JOIN(sbj_gemm_kernels, REST);
extern const sbj_narrow_kernels SBJ_JOIN(sbj_int8_kernels, INT8);
#if defined(BF16)
extern const sbj_narrow_kernels SBJ_JOIN(sbj_bf16_kernels, BF16);
extern const sbj_attention_kernels SBJ_JOIN(sbj_attention_bf16_kernels, BF16);
#endif
extern const sbj_activation_kernels SBJ_JOIN(sbj_activation_kernels, REST);
extern const sbj_norm_kernels SBJ_JOIN(sbj_norm_kernels, REST);
extern const sbj_row_kernels SBJ_JOIN(sbj_row_kernels, REST);
extern const sbj_attention_kernels SBJ_JOIN(sbj_attention_kernels, REST);
extern const sbj_arena_kernels SBJ_JOIN(sbj_arena_kernels, REST);

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

extern const sbj_kernels SBJ_PER_ISA(sbj_kernels);
const sbj_kernels SBJ_PER_ISA(sbj_kernels) = {
    TEXT(SBJ_ISA),
    &SBJ_JOIN(sbj_gemm_kernels, REST),
    &SBJ_JOIN(sbj_int8_kernels, INT8),
#if defined(BF16)
    &SBJ_JOIN(sbj_bf16_kernels, BF16),
#else
    NULL,
#endif
    &SBJ_JOIN(sbj_activation_kernels, REST),
    &SBJ_JOIN(sbj_norm_kernels, REST),
    &SBJ_JOIN(sbj_row_kernels, REST),
    &SBJ_JOIN(sbj_attention_kernels, REST),
#if defined(BF16)
    &SBJ_JOIN(sbj_attention_bf16_kernels, BF16),
#else
    NULL,
#endif
    &SBJ_JOIN(sbj_arena_kernels, REST),
};
