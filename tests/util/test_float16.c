/* The 16-bit types: all of their values, and rounding held against arithmetic in double. */
#include "util/float16.h"

#include <math.h>
#include <string.h>

#include "support/suite.h"
#include "util/rng.h"

/* A type by its numbers of bits, computed the slow way. */
typedef struct type {
    const char *name;
    int fraction_bits, bias, exponent_bits;
    float (*to_float)(uint16_t bits);
    uint16_t (*from_float)(float value);
} type;

static const type types[] = {
    {"F16", 10, 15, 5, sbj_float_from_f16, sbj_f16_from_float},
    {"BF16", 7, 127, 8, sbj_float_from_bf16, sbj_bf16_from_float},
};
enum { TYPES = 2 };

static double slow_value(const type *t, uint16_t bits)
{
    int exponent = bits >> t->fraction_bits & ((1 << t->exponent_bits) - 1), fraction = bits & ((1 << t->fraction_bits) - 1);
    double sign = bits & 0x8000 ? -1 : 1;
    if (exponent == (1 << t->exponent_bits) - 1)
        return fraction != 0 ? NAN : sign * INFINITY;
    double significand = fraction + (exponent > 0 ? 1 << t->fraction_bits : 0);
    return sign * ldexp(significand, (exponent > 0 ? exponent : 1) - t->bias - t->fraction_bits);
}

/* Above the largest finite value the next step, which rounding may reach, stands for infinity. */
static double step_up(const type *t, uint16_t magnitude)
{
    double value = slow_value(t, magnitude);
    return isinf(value) ? ldexp(1, (1 << t->exponent_bits) - 1 - t->bias) : value;
}

static uint16_t slow_round(const type *t, float value)
{
    uint16_t sign = signbit(value) ? 0x8000 : 0;
    double magnitude = fabs((double)value);
    uint16_t low = 0, high = (uint16_t)(((1 << t->exponent_bits) - 1) << t->fraction_bits);
    if (isinf(value) || magnitude >= step_up(t, high))
        return sign | high;
    while (high - low > 1) {
        uint16_t middle = (uint16_t)((low + high) / 2);
        if (slow_value(t, middle) <= magnitude)
            low = middle;
        else
            high = middle;
    }
    double below = magnitude - step_up(t, low), above = step_up(t, high) - magnitude;
    return sign | (below < above || (below == above && low % 2 == 0) ? low : high);
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

START_TEST(all_values_to_float)
{
    const type *t = &types[_i];
    for (uint32_t bits = 0; bits < 65536; bits++) {
        double expected = slow_value(t, (uint16_t)bits);
        float value = t->to_float((uint16_t)bits);
        ck_assert_msg(isnan(expected) ? isnan(value) : value == expected, "%s %04x", t->name, bits);
        ck_assert_msg(isnan(expected) || !signbit(value) == !(bits & 0x8000), "%s %04x: sign", t->name, bits);
        ck_assert_msg(isnan(expected) ? isnan(t->to_float(t->from_float(value))) : t->from_float(value) == bits,
                      "%s %04x: there and back", t->name, bits);
    }
}
END_TEST

static void check_rounding(const type *t, float value)
{
    uint16_t found = t->from_float(value), expected = slow_round(t, value);
    ck_assert_msg(found == expected, "%s: %a: expected %04x, found %04x", t->name, (double)value, expected, found);
}

/* Each value, the middle to the next one, and the floats on both sides of these. */
START_TEST(ties_and_their_neighbours)
{
    const type *t = &types[_i];
    uint32_t infinity = ((1u << t->exponent_bits) - 1) << t->fraction_bits;
    for (uint32_t bits = 0; bits < infinity; bits += 7) {
        double low = slow_value(t, (uint16_t)bits), high = step_up(t, (uint16_t)(bits + 1));
        const float places[] = {(float)low, (float)(low + (high - low) / 2)};
        for (int i = 0; i < 2; i++) {
            check_rounding(t, places[i]);
            check_rounding(t, -places[i]);
            check_rounding(t, nextafterf(places[i], INFINITY));
            check_rounding(t, nextafterf(places[i], -INFINITY));
        }
    }
}
END_TEST

START_TEST(floats_at_random)
{
    sbj_rng rng = sbj_rng_make(16, 0);
    for (int i = 0; i < 100000; i++) {
        float value = float_of(sbj_rng_word(&rng));
        if (!isnan(value))
            check_rounding(&types[_i], value);
    }
}
END_TEST

START_TEST(limits)
{
    const type *t = &types[_i];
    static const uint32_t bits[] = {0, 0x80000000, 1, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0x7F800000, 0xFF800000};
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        check_rounding(t, float_of(bits[i]));
    static const uint32_t nans[] = {0x7F800001, 0x7FC00000, 0x7FFFFFFF, 0xFF800001, 0xFFC12345};
    for (size_t i = 0; i < sizeof nans / sizeof *nans; i++) {
        uint16_t found = t->from_float(float_of(nans[i]));
        ck_assert_msg(isnan(slow_value(t, found)), "%s: %08x became %04x", t->name, nans[i], found);
        ck_assert_uint_eq(found >> 15, nans[i] >> 31);
    }
}
END_TEST

SUITE_MAIN("util/float16", 20, {all_values_to_float, TYPES}, {ties_and_their_neighbours, TYPES},
           {floats_at_random, TYPES}, {limits, TYPES})
