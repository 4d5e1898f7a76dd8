/* Teachers: vectors of other models for the texts of a dataset, which a student learns to give.
 *
 * What is learnt is not the vector itself but how it differs from the others: the mean over all texts is taken off, and
 * what remains is scaled so that its numbers have a mean square of 1. A student that knows nothing has then a mean
 * squared error of 1 with every teacher, whatever the teacher's scale and however its vectors crowd together. */
#ifndef SBJ_TEACHER_H
#define SBJ_TEACHER_H

#include "io/npy.h"
#include "loss/loss.h"
#include "train/dataset.h"

/* One teacher's vectors for one objective's texts. */
typedef struct sbj_lesson {
    sbj_npy file;         /* open; or */
    const float *vectors; /* the caller's; neither: the teacher says nothing of these texts */
    double weight;
} sbj_lesson;

/* All objectives have the same teachers, each in the same columns of the head. */
typedef struct sbj_teachers {
    sbj_alloc alloc;
    size_t count, objectives, width; /* width: of all together; 0: no objective has teachers */
    size_t first[SBJ_MOST_TEACHERS], widths[SBJ_MOST_TEACHERS]; /* each one's columns */
    sbj_lesson *lessons;             /* [objectives, count] */
    double *mean;                    /* [width] */
    double scale[SBJ_MOST_TEACHERS];
} sbj_teachers;

/* Opens what the objectives name and takes the means. Objectives with other losses have none. */
sbertja_status sbj_teachers_open(const sbj_alloc *alloc, const sbertja_objective *objectives, size_t count,
                                 sbj_teachers *teachers, sbertja_error *error);
void sbj_teachers_close(sbj_teachers *teachers); /* takes a zeroed one */
/* The columns that teachers speak of in an objective; how many. */
size_t sbj_teachers_parts(const sbj_teachers *teachers, size_t objective, sbj_loss_part parts[SBJ_MOST_TEACHERS]);
/* What the head should give for some examples: [count, width]; zeros for a teacher that says nothing.
 * _E_IO if a teacher's file was written to since it was opened. */
sbertja_status sbj_teachers_targets(const sbj_teachers *teachers, size_t objective, const size_t *rows, size_t count,
                                    double *targets, sbertja_error *error);
/* A number that follows from all vectors, weights and places. */
uint64_t sbj_teachers_hash(const sbj_teachers *teachers);

#endif
