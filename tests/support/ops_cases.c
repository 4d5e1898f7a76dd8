/* The sizes at which every back end is tried: one token, equal lengths, a short beside the longest, primes; widths that
 * are no multiple of 8, 16 or 32. */
#include "support/ops.h"

#define ONE {1}
#define EQUAL {7, 7, 7}
#define FAR_APART {2, 512}
#define PRIMES {3, 5, 11, 13, 17}
#define ALL_MODES                                                                                                      \
    {SBJ_POOL_CLS, SBJ_POOL_MAX, SBJ_POOL_MEAN, SBJ_POOL_MEAN_SQRT_LEN, SBJ_POOL_WEIGHTED_MEAN, SBJ_POOL_LAST}

const ops_case ops_cases[] = {
    {"embed, one token", OPS_EMBED, .lengths = ONE, .hidden = 20},
    {"embed, equal", OPS_EMBED, .lengths = EQUAL, .hidden = 48, .padding = 5},
    {"embed, far apart", OPS_EMBED, .lengths = FAR_APART, .hidden = 20, .eps = 1e-5},
    {"embed, primes, dropout", OPS_EMBED, .lengths = PRIMES, .hidden = 40, .dropout = 0.1},
    {"embed, primes, much dropout, windows", OPS_EMBED, .lengths = PRIMES, .hidden = 37, .dropout = 0.75, .padding = 3},
    {"embed, inference", OPS_EMBED, .lengths = PRIMES, .hidden = 48, .inference = true},
    {"embed, inference, in place", OPS_EMBED, .lengths = PRIMES, .hidden = 48, .inference = true, .in_place = true},

    {"linear, one token", OPS_LINEAR, .lengths = ONE, .hidden = 48, .inner = 100},
    {"linear, one column", OPS_LINEAR, .lengths = EQUAL, .hidden = 1, .inner = 1},
    {"linear, equal, identity", OPS_LINEAR, .lengths = EQUAL, .hidden = 48, .inner = 100},
    {"linear, primes, no bias", OPS_LINEAR, .lengths = PRIMES, .hidden = 100, .inner = 48, .no_bias = true},
    {"linear, primes, three parts", OPS_LINEAR, .lengths = PRIMES, .hidden = 48, .inner = 48, .parts = 3},
    {"linear, two parts, no bias, windows", OPS_LINEAR, .lengths = EQUAL, .hidden = 20, .inner = 20, .parts = 2,
     .no_bias = true, .padding = 5},
    {"linear, three parts, added, windows", OPS_LINEAR, .lengths = PRIMES, .hidden = 40, .inner = 40, .parts = 3,
     .add_x = true, .padding = 7},
    {"linear, primes, gelu", OPS_LINEAR, .lengths = PRIMES, .hidden = 100, .inner = 48, .activation = SBJ_GELU},
    {"linear, wide range, gelu", OPS_LINEAR, .lengths = PRIMES, .hidden = 100, .inner = 20, .activation = SBJ_GELU,
     .scale = 4},
    {"linear, primes, gelu_tanh", OPS_LINEAR, .lengths = PRIMES, .hidden = 100, .inner = 48,
     .activation = SBJ_GELU_TANH, .add_x = true},
    {"linear, primes, relu", OPS_LINEAR, .lengths = PRIMES, .hidden = 100, .inner = 48, .activation = SBJ_RELU},
    {"linear, primes, tanh, windows", OPS_LINEAR, .lengths = PRIMES, .hidden = 37, .inner = 48, .activation = SBJ_TANH,
     .padding = 3},
    {"linear, primes, sigmoid", OPS_LINEAR, .lengths = PRIMES, .hidden = 37, .inner = 100,
     .activation = SBJ_SIGMOID},
    {"linear, three parts, gelu", OPS_LINEAR, .lengths = EQUAL, .hidden = 20, .inner = 20, .parts = 3,
     .activation = SBJ_GELU},
    {"linear, x not wanted", OPS_LINEAR, .lengths = EQUAL, .hidden = 48, .inner = 20, .activation = SBJ_TANH,
     .no_x = true},
    {"linear, w not wanted", OPS_LINEAR, .lengths = EQUAL, .hidden = 48, .inner = 20, .no_w = true},
    {"linear, far apart, gelu", OPS_LINEAR, .lengths = FAR_APART, .hidden = 100, .inner = 48, .activation = SBJ_GELU},
    {"linear, inference, gelu", OPS_LINEAR, .lengths = PRIMES, .hidden = 100, .inner = 48, .activation = SBJ_GELU,
     .inference = true},

    {"linear_norm, one token", OPS_LINEAR_NORM, .lengths = ONE, .hidden = 48, .inner = 100},
    {"linear_norm, equal", OPS_LINEAR_NORM, .lengths = EQUAL, .hidden = 20, .inner = 20, .padding = 5},
    {"linear_norm, primes, dropout", OPS_LINEAR_NORM, .lengths = PRIMES, .hidden = 48, .inner = 100, .dropout = 0.1},
    {"linear_norm, primes, dropout, in place, windows", OPS_LINEAR_NORM, .lengths = PRIMES, .hidden = 37, .inner = 40,
     .dropout = 0.5, .in_place = true, .padding = 3, .eps = 1e-5},
    {"linear_norm, no bias", OPS_LINEAR_NORM, .lengths = EQUAL, .hidden = 40, .inner = 48, .no_bias = true},
    {"linear_norm, far apart", OPS_LINEAR_NORM, .lengths = FAR_APART, .hidden = 20, .inner = 48, .dropout = 0.1},
    {"linear_norm, inference", OPS_LINEAR_NORM, .lengths = PRIMES, .hidden = 48, .inner = 100, .inference = true},
    {"linear_norm, inference, in place", OPS_LINEAR_NORM, .lengths = PRIMES, .hidden = 48, .inner = 48,
     .inference = true, .in_place = true},

    {"attention, one token", OPS_ATTENTION, .lengths = ONE, .hidden = 48, .heads = 4},
    {"attention, ones", OPS_ATTENTION, .lengths = {1, 1, 1}, .hidden = 20, .heads = 2, .dropout = 0.4},
    {"attention, equal", OPS_ATTENTION, .lengths = EQUAL, .hidden = 48, .heads = 4, .padding = 5},
    {"attention, far apart", OPS_ATTENTION, .lengths = FAR_APART, .hidden = 20, .heads = 2},
    {"attention, far apart, dropout", OPS_ATTENTION, .lengths = {512, 2}, .hidden = 20, .heads = 2, .dropout = 0.1},
    {"attention, primes", OPS_ATTENTION, .lengths = PRIMES, .hidden = 40, .heads = 5},
    {"attention, primes, dropout", OPS_ATTENTION, .lengths = PRIMES, .hidden = 48, .heads = 4, .dropout = 0.1},
    {"attention, much dropout, windows", OPS_ATTENTION, .lengths = PRIMES, .hidden = 40, .heads = 5, .dropout = 0.6,
     .padding = 3},
    {"attention, one head", OPS_ATTENTION, .lengths = PRIMES, .hidden = 37, .heads = 1},
    {"attention, one column a head", OPS_ATTENTION, .lengths = PRIMES, .hidden = 5, .heads = 5},
    {"attention, large scores", OPS_ATTENTION, .lengths = PRIMES, .hidden = 48, .heads = 4, .scale = 5, .slack = 20},
    {"attention, inference", OPS_ATTENTION, .lengths = PRIMES, .hidden = 48, .heads = 4, .inference = true},

    {"pool, one token, all modes", OPS_POOL, .lengths = ONE, .hidden = 20, .modes = ALL_MODES},
    {"pool, cls", OPS_POOL, .lengths = PRIMES, .hidden = 48, .modes = {SBJ_POOL_CLS}},
    {"pool, max", OPS_POOL, .lengths = PRIMES, .hidden = 48, .modes = {SBJ_POOL_MAX}},
    {"pool, mean", OPS_POOL, .lengths = PRIMES, .hidden = 48, .modes = {SBJ_POOL_MEAN}},
    {"pool, mean sqrt", OPS_POOL, .lengths = PRIMES, .hidden = 48, .modes = {SBJ_POOL_MEAN_SQRT_LEN}},
    {"pool, weighted mean", OPS_POOL, .lengths = PRIMES, .hidden = 48, .modes = {SBJ_POOL_WEIGHTED_MEAN}},
    {"pool, last", OPS_POOL, .lengths = PRIMES, .hidden = 48, .modes = {SBJ_POOL_LAST}},
    {"pool, all modes, windows", OPS_POOL, .lengths = PRIMES, .hidden = 37, .modes = ALL_MODES, .padding = 5},
    {"pool, far apart, two modes", OPS_POOL, .lengths = FAR_APART, .hidden = 20,
     .modes = {SBJ_POOL_MEAN, SBJ_POOL_MAX}},
    {"pool, inference, all modes", OPS_POOL, .lengths = EQUAL, .hidden = 40, .modes = ALL_MODES, .inference = true},

    {"normalize, one row", OPS_NORMALIZE, .lengths = ONE, .hidden = 48},
    {"normalize, windows", OPS_NORMALIZE, .lengths = PRIMES, .hidden = 37, .padding = 5},
    {"normalize, in place", OPS_NORMALIZE, .lengths = EQUAL, .hidden = 100, .in_place = true},
    {"normalize, small values", OPS_NORMALIZE, .lengths = EQUAL, .hidden = 20, .scale = 1e-10},
    {"normalize, inference, in place", OPS_NORMALIZE, .lengths = EQUAL, .hidden = 20, .inference = true,
     .in_place = true},

    {"sumsq, short", OPS_SUMSQ, .hidden = 1},
    {"sumsq, long", OPS_SUMSQ, .hidden = 20011, .padding = 3},
    {"adamw, torch", OPS_ADAMW, .hidden = 37, .padding = 3},
    {"adamw, st-0.4.1", OPS_ADAMW, .hidden = 37, .st_preset = true},
    {"adamw, torch, long", OPS_ADAMW, .hidden = 5003},
};
const size_t ops_case_count = sizeof ops_cases / sizeof *ops_cases;
