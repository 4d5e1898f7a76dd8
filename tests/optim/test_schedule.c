/* Schedules against their formulas; clipping; presets. */
#include <math.h>
#include <string.h>

#include "optim/schedule.h"
#include "support/suite.h"

static const struct {
    const char *name;
    unsigned long long step, warmup, total;
    double factor;
} points[] = {
    {"constantlr", 0, 10, 100, 1},
    {"constantlr", 99, 10, 100, 1},
    {"warmupconstant", 0, 10, 100, 0},
    {"warmupconstant", 5, 10, 100, 0.5},
    {"warmupconstant", 10, 10, 100, 1},
    {"warmupconstant", 99, 10, 100, 1},
    {"WarmupLinear", 0, 10, 100, 0},
    {"warmuplinear", 5, 10, 100, 0.5},
    {"warmuplinear", 10, 10, 100, 1},
    {"warmuplinear", 55, 10, 100, 0.5},
    {"warmuplinear", 100, 10, 100, 0},
    {"warmuplinear", 150, 10, 100, 0},
    {"warmuplinear", 0, 0, 100, 1},
    {"warmuplinear", 3, 1000, 10, 0.003}, /* the warm-up is longer than the training */
    {"warmuplinear", 0, 0, 0, 0},
    {"warmupcosine", 5, 10, 110, 0.5},
    {"warmupcosine", 10, 10, 110, 1},
    {"warmupcosine", 60, 10, 110, 0.5},
    {"warmupcosine", 110, 10, 110, 0},
    {"warmupcosinewithhardrestarts", 5, 10, 110, 0.5},
    {"warmupcosinewithhardrestarts", 60, 10, 110, 0.5},
    {"warmupcosinewithhardrestarts", 110, 10, 110, 0},
    {"warmupcosinewithhardrestarts", 200, 10, 110, 0},
};
enum { POINTS = sizeof points / sizeof *points };

START_TEST(factors)
{
    sbj_schedule schedule;
    ck_assert(sbj_schedule_parse(points[_i].name, &schedule, NULL) == SBERTJA_OK);
    const double factor = sbj_schedule_factor(schedule, points[_i].step, points[_i].warmup, points[_i].total);
    ck_assert_msg(fabs(factor - points[_i].factor) < 1e-12, "%s, step %llu: %g, expected %g", points[_i].name,
                  points[_i].step, factor, points[_i].factor);
}
END_TEST

START_TEST(names)
{
    sbertja_error error;
    sbj_schedule schedule;
    sbj_preset preset;
    ck_assert(sbj_schedule_parse(NULL, &schedule, NULL) == SBERTJA_OK && schedule == SBJ_WARMUP_LINEAR);
    ck_assert(sbj_schedule_parse("WarmupCosineWithHardRestarts", &schedule, NULL) == SBERTJA_OK);
    ck_assert_str_eq(sbj_schedule_name(schedule), "warmupcosinewithhardrestarts");
    ck_assert(sbj_schedule_parse("warmuplinear2", &schedule, NULL) == SBERTJA_E_ARGUMENT);
    ck_assert(sbj_schedule_parse("", &schedule, NULL) == SBERTJA_E_ARGUMENT);
    ck_assert(sbj_schedule_parse("linear", &schedule, &error) == SBERTJA_E_ARGUMENT);
    ck_assert(strstr(error.message, "scheduler: \"linear\", expected constantlr") == error.message);
    ck_assert(sbj_preset_parse(NULL, &preset, NULL) == SBERTJA_OK && preset.epsilon == 1e-8 && preset.correct_bias);
    ck_assert(sbj_preset_parse("st-0.4.1", &preset, NULL) == SBERTJA_OK && preset.epsilon == 1e-6 &&
              !preset.correct_bias);
    ck_assert(sbj_preset_parse("adam", &preset, &error) == SBERTJA_E_ARGUMENT);
    ck_assert_str_eq(error.message, "preset: \"adam\", expected torch or st-0.4.1");
}
END_TEST

START_TEST(clipping)
{
    ck_assert(sbj_clip_factor(0.5, 1) == 1);
    ck_assert_double_eq_tol(sbj_clip_factor(4, 1), 1 / (4 + 1e-6), 1e-15);
    ck_assert(sbj_clip_factor(1e9, 0) == 1);
    ck_assert(sbj_clip_factor(0, 1) == 1);
}
END_TEST

SUITE_MAIN("optim/schedule", 10, {factors, POINTS}, {names, 0}, {clipping, 0})
