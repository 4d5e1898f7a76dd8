/* Distillation through sbertja_fit: a student learns a teacher; the head goes or stays; other losses beside it; stopping
 * and resuming; teachers that do not fit. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing_alloc.h"
#include "support/suite.h"
#include "support/temporary.h"
#include "support/training.h"
#include "train/teacher.h"

enum { TEXTS = 48, WIDTH = 6, STEPS = 30 };

/* Crowded together and of a small scale, as teachers' vectors are. */
static void make_vectors(float *vectors)
{
    for (size_t i = 0; i < TEXTS; i++)
        for (size_t c = 0; c < WIDTH; c++)
            vectors[i * WIDTH + c] = (float)(0.5 + 0.1 * sin((double)(i * (c + 1))));
}

typedef struct lesson {
    sbertja_model *student;
    sbertja_dataset *texts;
    float vectors[TEXTS * WIDTH];
    sbertja_teacher teachers[2];
    sbertja_objective objective;
    sbertja_fit_options options;
    size_t stop_at;
    double first, last; /* losses */
} lesson;

static int watch(void *user, const sbertja_progress *p)
{
    lesson *l = user;
    if (p->step == 1 && p->objective == 0)
        l->first = p->loss;
    if (p->objective == 0)
        l->last = p->loss;
    return p->step == l->stop_at;
}

static void begin(lesson *l, const char *device)
{
    memset(l, 0, sizeof *l);
    l->student = training_model(device, NULL);
    l->texts = training_sentences(TEXTS);
    make_vectors(l->vectors);
    l->teachers[0] = l->teachers[1] = (sbertja_teacher)SBERTJA_TEACHER_INIT;
    l->teachers[0].vectors = l->vectors;
    l->teachers[0].dimension = WIDTH;
    l->objective = (sbertja_objective)SBERTJA_OBJECTIVE_INIT;
    l->objective.dataset = l->texts;
    l->objective.loss = SBERTJA_DISTILLATION_LOSS;
    l->objective.samples_per_label = 0;
    l->objective.batch_size = TEXTS;
    l->objective.teachers = l->teachers;
    l->objective.teacher_count = 1;
    l->options = (sbertja_fit_options)SBERTJA_FIT_OPTIONS_INIT;
    l->options.threads = 2;
    l->options.steps_per_epoch = STEPS;
    l->options.warmup_steps = 2;
    l->options.learning_rate = 1e-2;
    l->options.progress = watch;
    l->options.progress_user = l;
}

static void end(lesson *l)
{
    sbertja_model_free(l->student);
    sbertja_dataset_free(l->texts);
}

static const struct {
    const char *device;
    sbertja_metric metric;
    double similarity;
} ways[] = {{"ref", SBERTJA_EUCLIDEAN, 0}, {"cpu", SBERTJA_EUCLIDEAN, 1}, {"cpu", SBERTJA_COSINE, 0}};
enum { WAYS = sizeof ways / sizeof *ways };

START_TEST(learns)
{
    lesson l;
    begin(&l, ways[_i].device);
    l.options.no_dropout = 1;
    l.objective.metric = ways[_i].metric;
    l.objective.similarity_weight = ways[_i].similarity;
    sbertja_model *trained = training_fit(l.student, &l.objective, 1, &l.options);
    ck_assert_msg(l.first > 0.8 && l.last < 0.6 * l.first, "loss %g, at first %g", l.last, l.first);
    ck_assert_uint_eq(sbertja_model_dimension(trained), sbertja_model_dimension(l.student));
    ck_assert_uint_eq(sbertja_model_parameter_count(trained), sbertja_model_parameter_count(l.student));
    ck_assert(!training_equal(trained, l.student));
    sbertja_model_free(trained);
    end(&l);
}
END_TEST

/* What the kept head gives is the teacher's vector, standardised: its mean over the texts is near 0. */
START_TEST(the_head_stays)
{
    lesson l;
    sbertja_error error;
    sbertja_model *loaded;
    sbertja_parameter p;
    begin(&l, "cpu");
    l.options.keep_head = 1;
    l.options.output_path = temporary_path("with head");
    sbertja_model *trained = training_fit(l.student, &l.objective, 1, &l.options);
    ck_assert_uint_eq(sbertja_model_dimension(trained), WIDTH);
    ck_assert_msg(sbertja_model_load(l.options.output_path, NULL, &loaded, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert(training_equal(trained, loaded));
    const size_t count = sbertja_model_parameter_count(loaded);
    ck_assert(sbertja_model_parameter(loaded, count - 2, &p, NULL, NULL) == SBERTJA_OK);
    ck_assert_str_eq(p.name, "2_Dense.linear.weight");
    ck_assert_uint_eq(p.rows, WIDTH);
    sbertja_model_free(loaded);
    sbertja_model_free(trained);
    end(&l);
}
END_TEST

/* A second objective without teachers, and one whose second teacher alone speaks. */
START_TEST(beside_other_losses)
{
    lesson l;
    float second[TEXTS * 3];
    begin(&l, "cpu");
    sbertja_dataset *triplets = training_triplets(10);
    for (size_t i = 0; i < TEXTS * 3; i++)
        second[i] = (float)(i % 7);
    sbertja_teacher other[2] = {l.teachers[0], l.teachers[1]};
    l.teachers[1].dimension = 3; /* says nothing of the first lesson */
    other[0].vectors = NULL;
    other[1].vectors = second;
    other[1].dimension = 3;
    l.objective.teacher_count = 2;
    sbertja_objective objectives[3] = {l.objective, training_objective(triplets, SBERTJA_TRIPLET_LOSS), l.objective};
    objectives[2].teachers = other;
    sbertja_model *trained = training_fit(l.student, objectives, 3, &l.options);
    ck_assert_msg(l.last < 0.9 * l.first, "loss %g, at first %g", l.last, l.first);
    sbertja_model_free(trained);
    sbertja_dataset_free(triplets);
    end(&l);
}
END_TEST

START_TEST(resumes)
{
    lesson l;
    sbertja_error error;
    sbertja_model *part, *rest;
    begin(&l, "cpu");
    sbertja_model *whole = training_fit(l.student, &l.objective, 1, &l.options);
    l.options.checkpoint_path = temporary_path("checkpoint");
    l.stop_at = 11;
    ck_assert_int_eq(sbertja_fit(l.student, &l.objective, 1, &l.options, &part, &error), SBERTJA_E_STOPPED);
    l.stop_at = 0;
    l.options.resume = 1;
    rest = training_fit(l.student, &l.objective, 1, &l.options);
    ck_assert(training_equal(whole, rest));
    l.vectors[17] += 0.25f; /* another teacher */
    sbertja_model *none;
    ck_assert_int_eq(sbertja_fit(l.student, &l.objective, 1, &l.options, &none, &error), SBERTJA_E_FORMAT);
    ck_assert_msg(strstr(error.message, "a checkpoint of another training: teachers") != NULL, "%s", error.message);
    sbertja_model_free(whole);
    sbertja_model_free(part);
    sbertja_model_free(rest);
    end(&l);
}
END_TEST

/* ---- Files ---- */

static void write_npy(const char *path, const float *values, size_t rows, size_t columns)
{
    sbertja_error error;
    ck_assert_msg(sbertja_npy_write(path, values, rows, columns, &error) == SBERTJA_OK, "%s", error.message);
}

START_TEST(a_file_is_as_good_as_memory)
{
    lesson l;
    begin(&l, "cpu");
    sbertja_model *wanted = training_fit(l.student, &l.objective, 1, &l.options);
    write_npy(temporary_path("teacher.npy"), l.vectors, TEXTS, WIDTH);
    l.teachers[0].path = temporary_path("teacher.npy");
    l.teachers[0].vectors = NULL;
    l.teachers[0].dimension = 0;
    sbertja_model *found = training_fit(l.student, &l.objective, 1, &l.options);
    ck_assert(training_equal(wanted, found));
    sbertja_model_free(wanted);
    sbertja_model_free(found);
    end(&l);
}
END_TEST

static const struct wrong_teacher {
    const char *name, *message;
    size_t rows, columns, dimension, place; /* place: of a NaN, counted from 1 */
} wrong[] = {
    {"too few rows", "teacher.npy: 47 rows, expected 48, one a text", TEXTS - 1, WIDTH, 0, 0},
    {"another width", "teacher.npy: 6 columns, expected 5", TEXTS, WIDTH, 5, 0},
    {"no columns", "teacher 0: neither vectors nor a dimension are given", TEXTS, 0, 0, 0},
    {"not a number", "teacher 0: row 3, column 2: not a finite number", TEXTS, WIDTH, 0, 3 * WIDTH + 3},
};
enum { WRONG = sizeof wrong / sizeof *wrong };

START_TEST(refused)
{
    const struct wrong_teacher *w = &wrong[_i];
    lesson l;
    sbertja_error error;
    sbertja_model *trained;
    begin(&l, "cpu");
    if (w->place > 0)
        l.vectors[w->place - 1] = NAN;
    write_npy(temporary_path("teacher.npy"), l.vectors, w->rows, w->columns);
    l.teachers[0] = (sbertja_teacher)SBERTJA_TEACHER_INIT;
    l.teachers[0].path = temporary_path("teacher.npy");
    l.teachers[0].dimension = w->dimension;
    ck_assert_int_ne(sbertja_fit(l.student, &l.objective, 1, &l.options, &trained, &error), SBERTJA_OK);
    ck_assert_msg(strstr(error.message, w->message) != NULL, "%s: %s", w->name, error.message);
    ck_assert_ptr_null(trained);
    end(&l);
}
END_TEST

START_TEST(calls_refused)
{
    lesson l;
    sbertja_error error;
    sbertja_model *trained;
    begin(&l, "cpu");
    const struct {
        sbertja_objective objective;
        const char *message;
    } calls[] = {
        {.objective = l.objective, .message = "no teachers are given"},
        {.objective = l.objective, .message = "9 teachers, expected at most 8"},
        {.objective = l.objective, .message = "teacher 0: weight -1, expected a number of at least 0"},
        {.objective = l.objective, .message = "none.npy"},
        {.objective = l.objective, .message = "teacher 0: dimension 0 of vectors in memory"},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        sbertja_objective objective = calls[i].objective;
        sbertja_teacher teacher = l.teachers[0];
        objective.teachers = &teacher;
        objective.teacher_count = i == 0 ? 0 : i == 1 ? 9 : 1;
        teacher.weight = i == 2 ? -1 : 1;
        teacher.path = i == 3 ? temporary_path("none.npy") : NULL;
        teacher.dimension = i == 4 ? 0 : teacher.dimension;
        ck_assert_int_ne(sbertja_fit(l.student, &objective, 1, &l.options, &trained, &error), SBERTJA_OK);
        ck_assert_msg(strstr(error.message, calls[i].message) != NULL, "%s", error.message);
    }
    end(&l);
}
END_TEST

START_TEST(no_memory)
{
    failing_alloc heap;
    lesson l;
    size_t n = 0;
    begin(&l, "cpu");
    write_npy(temporary_path("teacher.npy"), l.vectors, TEXTS, WIDTH);
    l.teachers[0].path = temporary_path("teacher.npy");
    do {
        sbj_teachers teachers;
        failing_alloc_init(&heap, ++n);
        sbertja_status status = sbj_teachers_open(&heap.alloc, &l.objective, 1, &teachers, NULL);
        ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
        sbj_teachers_close(&teachers);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
    ck_assert_uint_gt(n, 3);
    end(&l);
}
END_TEST

SUITE_MAIN("train/distill", 60, {learns, WAYS}, {the_head_stays, 0}, {beside_other_losses, 0}, {resumes, 0},
           {a_file_is_as_good_as_memory, 0}, {refused, WRONG}, {calls_refused, 0}, {no_memory, 0})
