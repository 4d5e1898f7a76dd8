/* The kernels of this compilation's instruction set, together. */
#include "backend/cpu/kernel/vec.h"
#include "backend/cpu/kernels.h"

extern const sbj_gemm_kernels SBJ_PER_ISA(sbj_gemm_kernels);
extern const sbj_narrow_kernels SBJ_PER_ISA(sbj_int8_kernels);
#if defined(SBJ_ISA_avx512bf16)
extern const sbj_narrow_kernels SBJ_PER_ISA(sbj_bf16_kernels);
extern const sbj_attention_kernels SBJ_PER_ISA(sbj_attention_bf16_kernels);
#endif
extern const sbj_activation_kernels SBJ_PER_ISA(sbj_activation_kernels);
extern const sbj_norm_kernels SBJ_PER_ISA(sbj_norm_kernels);
extern const sbj_row_kernels SBJ_PER_ISA(sbj_row_kernels);
extern const sbj_attention_kernels SBJ_PER_ISA(sbj_attention_kernels);
extern const sbj_arena_kernels SBJ_PER_ISA(sbj_arena_kernels);

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

extern const sbj_kernels SBJ_PER_ISA(sbj_kernels);
const sbj_kernels SBJ_PER_ISA(sbj_kernels) = {
    TEXT(SBJ_ISA),
    &SBJ_PER_ISA(sbj_gemm_kernels),
    &SBJ_PER_ISA(sbj_int8_kernels),
#if defined(SBJ_ISA_avx512bf16)
    &SBJ_PER_ISA(sbj_bf16_kernels),
#else
    NULL,
#endif
    &SBJ_PER_ISA(sbj_activation_kernels),
    &SBJ_PER_ISA(sbj_norm_kernels),
    &SBJ_PER_ISA(sbj_row_kernels),
    &SBJ_PER_ISA(sbj_attention_kernels),
#if defined(SBJ_ISA_avx512bf16)
    &SBJ_PER_ISA(sbj_attention_bf16_kernels),
#else
    NULL,
#endif
    &SBJ_PER_ISA(sbj_arena_kernels),
};
