/* Opening teachers, their means and scales, and the targets of a batch. */
#include "train/teacher.h"

#include <math.h>
#include <string.h>

#include "util/hash.h"

static sbj_lesson *lesson_of(const sbj_teachers *t, size_t objective, size_t teacher)
{
    return &t->lessons[objective * t->count + teacher];
}

/* A loss that is not known is named later. */
static bool wants_teachers(sbertja_loss loss)
{
    const sbj_loss_needs *needs = sbj_loss_find(loss);
    return needs != NULL && needs->teachers;
}

static bool speaks(const sbj_lesson *lesson)
{
    return lesson->file.begin != 0 || lesson->vectors != NULL;
}

size_t sbj_teachers_parts(const sbj_teachers *t, size_t objective, sbj_loss_part parts[SBJ_MOST_TEACHERS])
{
    size_t count = 0;
    for (size_t k = 0; k < t->count; k++) {
        const sbj_lesson *lesson = lesson_of(t, objective, k);
        if (speaks(lesson))
            parts[count++] = (sbj_loss_part){t->first[k], t->widths[k], lesson->weight};
    }
    return count;
}

static sbertja_status read_row(const sbj_lesson *lesson, size_t row, size_t columns, double *values,
                               sbertja_error *error)
{
    if (lesson->vectors == NULL)
        return sbj_npy_row(&lesson->file, row, values, error);
    for (size_t i = 0; i < columns; i++)
        values[i] = lesson->vectors[row * columns + i];
    return SBERTJA_OK;
}

/* ---- Opening ---- */

static sbertja_status open_file(const sbertja_teacher *given, size_t examples, sbj_lesson *lesson, size_t *width,
                                sbertja_error *error)
{
    sbertja_status status = sbj_npy_open(given->path, &lesson->file, error);
    if (status != SBERTJA_OK)
        return status;
    if (lesson->file.rows != examples)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: %zu rows, expected %zu, one a text", given->path,
                        lesson->file.rows, examples);
    if (given->dimension != 0 && given->dimension != lesson->file.columns)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: %zu columns, expected %zu", given->path, lesson->file.columns,
                        given->dimension);
    *width = lesson->file.columns;
    return SBERTJA_OK;
}

static sbertja_status open_lesson(const sbertja_teacher *given, size_t examples, sbj_lesson *lesson, size_t *width,
                                  sbertja_error *error)
{
    if (given->size != sizeof *given)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "size %u, expected %zu", given->size, sizeof *given);
    if (!(given->weight >= 0) || !isfinite(given->weight))
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "weight %g, expected a number of at least 0", given->weight);
    *width = given->dimension;
    lesson->weight = given->weight;
    if (given->path != NULL)
        return open_file(given, examples, lesson, width, error);
    if (given->vectors != NULL && given->dimension == 0)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "dimension 0 of vectors in memory");
    lesson->vectors = given->vectors;
    return SBERTJA_OK;
}

/* The first objective that has teachers says how many there are; a width is known from the first that gives one. */
static sbertja_status open_objective(sbj_teachers *t, size_t index, const sbertja_objective *o, sbertja_error *error)
{
    const size_t examples = o->dataset == NULL ? 0 : ((const sbj_dataset *)o->dataset)->examples;
    if (o->teacher_count != t->count)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "%zu teachers, another objective has %zu", o->teacher_count,
                        t->count);
    for (size_t k = 0; k < t->count; k++) {
        size_t width = 0;
        sbertja_status status = open_lesson(&o->teachers[k], examples, lesson_of(t, index, k), &width, error);
        if (status != SBERTJA_OK)
            return sbj_in(error, status, "teacher %zu", k);
        if (width != 0 && t->widths[k] != 0 && width != t->widths[k])
            return sbj_fail(error, SBERTJA_E_FORMAT, "teacher %zu: %zu columns, another objective has %zu", k, width,
                            t->widths[k]);
        t->widths[k] = width != 0 ? width : t->widths[k];
    }
    return SBERTJA_OK;
}

static sbertja_status open_all(sbj_teachers *t, const sbertja_objective *objectives, sbertja_error *error)
{
    for (size_t i = 0; i < t->objectives; i++) {
        sbertja_status status = SBERTJA_OK;
        if (wants_teachers(objectives[i].loss))
            status = open_objective(t, i, &objectives[i], error);
        if (status != SBERTJA_OK)
            return sbj_in(error, status, "objective %zu", i);
    }
    for (size_t k = 0; k < t->count; k++) {
        if (t->widths[k] == 0)
            return sbj_fail(error, SBERTJA_E_ARGUMENT, "teacher %zu: neither vectors nor a dimension are given", k);
        t->first[k] = t->width;
        if (!sbj_add(t->width, t->widths[k], &t->width))
            return sbj_fail(error, SBERTJA_E_FORMAT, "teacher %zu: %zu columns are too many", k, t->widths[k]);
    }
    return SBERTJA_OK;
}

/* ---- Means and scales ---- */

static sbertja_status check_row(const double *row, size_t columns, size_t teacher, size_t number, sbertja_error *error)
{
    for (size_t i = 0; i < columns; i++)
        if (!isfinite(row[i]))
            return sbj_fail(error, SBERTJA_E_FORMAT, "teacher %zu: row %zu, column %zu: not a finite number", teacher,
                            number, i);
    return SBERTJA_OK;
}

/* The mean over every objective's rows, and 1 over the root of the mean square of what is left:
 * mean((x - m)^2) = mean(x^2) - m^2. */
static sbertja_status standardise(sbj_teachers *t, const sbertja_objective *objectives, size_t teacher, double *row,
                                  sbertja_error *error)
{
    const size_t width = t->widths[teacher];
    double *mean = t->mean + t->first[teacher], squares = 0, left = 0;
    size_t rows = 0;
    for (size_t o = 0; o < t->objectives; o++) {
        const sbj_lesson *lesson = lesson_of(t, o, teacher);
        if (!speaks(lesson))
            continue;
        const size_t examples = ((const sbj_dataset *)objectives[o].dataset)->examples;
        for (size_t i = 0; i < examples; i++, rows++) {
            sbertja_status status = read_row(lesson, i, width, row, error);
            if (status != SBERTJA_OK)
                return status; /* which names the file */
            if ((status = check_row(row, width, teacher, i, error)) != SBERTJA_OK)
                return objectives[o].teachers[teacher].path != NULL
                           ? sbj_in(error, status, "%s", objectives[o].teachers[teacher].path)
                           : sbj_in(error, status, "objective %zu", o);
            for (size_t k = 0; k < width; k++) {
                mean[k] += row[k];
                squares += row[k] * row[k];
            }
        }
    }
    for (size_t k = 0; k < width && rows > 0; k++) {
        mean[k] /= (double)rows;
        left -= mean[k] * mean[k];
    }
    left += rows > 0 ? squares / (double)rows : 0;
    if (rows > 0 && !(left > 1e-12 * squares / (double)rows))
        return sbj_fail(error, SBERTJA_E_FORMAT, "teacher %zu: all its vectors are the same: there is nothing to learn",
                        teacher);
    t->scale[teacher] = rows > 0 ? sqrt((double)width / left) : 0;
    return SBERTJA_OK;
}

static sbertja_status standardise_all(sbj_teachers *t, const sbertja_objective *objectives, sbertja_error *error)
{
    double *row = sbj_new_raw(&t->alloc, t->width, sizeof *row);
    sbertja_status status = row == NULL ? sbj_no_memory(error, t->width * sizeof *row) : SBERTJA_OK;
    for (size_t k = 0; k < t->count && status == SBERTJA_OK; k++)
        status = standardise(t, objectives, k, row, error);
    sbj_free(&t->alloc, row);
    return status;
}

/* ---- All of it ---- */

static sbertja_status open_teachers(sbj_teachers *t, const sbertja_objective *objectives, sbertja_error *error)
{
    if (t->count > SBJ_MOST_TEACHERS)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "%zu teachers, expected at most %d", t->count, SBJ_MOST_TEACHERS);
    if ((t->lessons = sbj_new(&t->alloc, t->objectives * t->count, sizeof *t->lessons)) == NULL)
        return sbj_no_memory(error, t->objectives * t->count * sizeof *t->lessons);
    sbertja_status status = open_all(t, objectives, error);
    if (status != SBERTJA_OK)
        return status;
    if ((t->mean = sbj_new(&t->alloc, t->width, sizeof *t->mean)) == NULL)
        return sbj_no_memory(error, t->width * sizeof *t->mean);
    return standardise_all(t, objectives, error);
}

sbertja_status sbj_teachers_open(const sbj_alloc *alloc, const sbertja_objective *objectives, size_t count,
                                 sbj_teachers *t, sbertja_error *error)
{
    memset(t, 0, sizeof *t);
    t->alloc = *alloc;
    t->objectives = count;
    for (size_t i = 0; i < count && t->count == 0; i++) {
        if (!wants_teachers(objectives[i].loss))
            continue;
        t->count = objectives[i].teacher_count;
        if (t->count == 0 || objectives[i].teachers == NULL)
            return sbj_fail(error, SBERTJA_E_ARGUMENT, "objective %zu: no teachers are given", i);
    }
    sbertja_status status = t->count == 0 ? SBERTJA_OK : open_teachers(t, objectives, error);
    if (status != SBERTJA_OK)
        sbj_teachers_close(t);
    return status;
}

void sbj_teachers_close(sbj_teachers *t)
{
    for (size_t i = 0; t->lessons != NULL && i < t->objectives * t->count; i++)
        sbj_npy_close(&t->lessons[i].file);
    if (t->count > 0) {
        sbj_free(&t->alloc, t->lessons);
        sbj_free(&t->alloc, t->mean);
    }
    memset(t, 0, sizeof *t);
}

sbertja_status sbj_teachers_targets(const sbj_teachers *t, size_t objective, const size_t *rows, size_t count,
                                    double *targets, sbertja_error *error)
{
    sbertja_status status = SBERTJA_OK;
    memset(targets, 0, count * t->width * sizeof *targets);
    for (size_t k = 0; k < t->count && status == SBERTJA_OK; k++) {
        const sbj_lesson *lesson = lesson_of(t, objective, k);
        for (size_t i = 0; i < count && speaks(lesson) && status == SBERTJA_OK; i++) {
            double *target = targets + i * t->width + t->first[k];
            status = read_row(lesson, rows[i], t->widths[k], target, error);
            for (size_t c = 0; c < t->widths[k] && status == SBERTJA_OK; c++)
                target[c] = (target[c] - t->mean[t->first[k] + c]) * t->scale[k];
        }
        if (status == SBERTJA_OK && lesson->file.begin != 0)
            status = sbj_input_check_written(&lesson->file.file, error);
    }
    return status;
}

/* A mean and a scale follow from every number of a teacher's. */
uint64_t sbj_teachers_hash(const sbj_teachers *t)
{
    uint64_t h = sbj_hash(SBJ_HASH_START, t->mean, t->width * sizeof *t->mean);
    h = sbj_hash(h, t->scale, t->count * sizeof *t->scale);
    h = sbj_hash(h, t->widths, t->count * sizeof *t->widths);
    for (size_t o = 0; o < t->objectives; o++) {
        sbj_loss_part parts[SBJ_MOST_TEACHERS];
        const size_t count = sbj_teachers_parts(t, o, parts);
        for (size_t k = 0; k < count; k++) {
            const double numbers[] = {(double)o, (double)parts[k].first, parts[k].weight};
            h = sbj_hash(h, numbers, sizeof numbers);
        }
    }
    return h;
}
