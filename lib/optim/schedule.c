/* Schedules, presets, clipping: the numbers of a step, not its work (that is the back end's adamw). */
#include "optim/schedule.h"

#include <math.h>
#include <string.h>

static const char *const names[] = {
    [SBJ_CONSTANT] = "constantlr",
    [SBJ_WARMUP_CONSTANT] = "warmupconstant",
    [SBJ_WARMUP_LINEAR] = "warmuplinear",
    [SBJ_WARMUP_COSINE] = "warmupcosine",
    [SBJ_WARMUP_COSINE_RESTARTS] = "warmupcosinewithhardrestarts",
};

/* Not strcasecmp, which asks the locale. */
static bool same_letters(const char *lower, const char *name)
{
    for (; *lower != '\0'; lower++, name++)
        if ((*name >= 'A' && *name <= 'Z' ? *name + ('a' - 'A') : *name) != *lower)
            return false;
    return *name == '\0';
}

const char *sbj_schedule_name(sbj_schedule schedule)
{
    return names[schedule];
}

sbertja_status sbj_schedule_parse(const char *name, sbj_schedule *schedule, sbertja_error *error)
{
    *schedule = SBJ_WARMUP_LINEAR;
    if (name == NULL)
        return SBERTJA_OK;
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
        if (same_letters(names[i], name)) {
            *schedule = (sbj_schedule)i;
            return SBERTJA_OK;
        }
    return sbj_fail(error, SBERTJA_E_ARGUMENT,
                    "scheduler: \"%s\", expected constantlr, warmupconstant, warmuplinear, warmupcosine or "
                    "warmupcosinewithhardrestarts",
                    name);
}

double sbj_schedule_factor(sbj_schedule schedule, unsigned long long step, unsigned long long warmup,
                           unsigned long long total)
{
    static const double pi = 3.14159265358979323846;
    if (schedule == SBJ_CONSTANT)
        return 1;
    if (step < warmup)
        return (double)step / (double)warmup;
    if (schedule == SBJ_WARMUP_CONSTANT)
        return 1;
    const double left = total > warmup ? (double)(total - warmup) : 1;
    const double progress = (double)(step - warmup) / left;
    switch (schedule) {
    case SBJ_WARMUP_LINEAR: return fmax(0, ((double)total - (double)step) / left);
    case SBJ_WARMUP_COSINE: return fmax(0, 0.5 * (1 + cos(pi * progress)));
    default: return progress >= 1 ? 0 : fmax(0, 0.5 * (1 + cos(pi * fmod(progress, 1))));
    }
}

sbertja_status sbj_preset_parse(const char *name, sbj_preset *preset, sbertja_error *error)
{
    if (name == NULL || strcmp(name, "torch") == 0) {
        *preset = (sbj_preset){1e-8, true};
        return SBERTJA_OK;
    }
    if (strcmp(name, "st-0.4.1") == 0) {
        *preset = (sbj_preset){1e-6, false};
        return SBERTJA_OK;
    }
    return sbj_fail(error, SBERTJA_E_ARGUMENT, "preset: \"%s\", expected torch or st-0.4.1", name);
}

double sbj_clip_factor(double norm, double most)
{
    return most > 0 ? fmin(1, most / (norm + 1e-6)) : 1;
}
