/* Learning-rate schedules and the presets of AdamW. */
#ifndef SBJ_SCHEDULE_H
#define SBJ_SCHEDULE_H

#include <stdbool.h>

#include "util/status.h"

typedef enum sbj_schedule {
    SBJ_CONSTANT, SBJ_WARMUP_CONSTANT, SBJ_WARMUP_LINEAR, SBJ_WARMUP_COSINE, SBJ_WARMUP_COSINE_RESTARTS
} sbj_schedule;

/* By the names of sentence_transformers' fit, upper or lower case; NULL is "warmuplinear". */
sbertja_status sbj_schedule_parse(const char *name, sbj_schedule *schedule, sbertja_error *error);
const char *sbj_schedule_name(sbj_schedule schedule); /* in lower case */
/* The factor of the learning rate at `step` (from 0) of `total`, as transformers' get_*_schedule_with_warmup: all but the
 * constant one rise from 0 during the warm-up; then linear falls to 0 at `total`, cosine by half a period, restarts by
 * one period of a half cosine (num_cycles 1). */
double sbj_schedule_factor(sbj_schedule schedule, unsigned long long step, unsigned long long warmup,
                           unsigned long long total);

typedef struct sbj_preset {
    double epsilon;
    bool correct_bias;
} sbj_preset;

/* "torch" (NULL) or "st-0.4.1": see sbj_adamw. */
sbertja_status sbj_preset_parse(const char *name, sbj_preset *preset, sbertja_error *error);
/* torch.nn.utils.clip_grad_norm_: min(1, most / (norm + 1e-6)); most 0: 1. */
double sbj_clip_factor(double norm, double most);

#endif
