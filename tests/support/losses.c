/* See losses.h. */
#include "support/losses.h"

#include <cjson/cJSON.h>
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/reference.h"

double loss_run(const loss_case *c, size_t examples, size_t width, const double *vectors, const double *labels,
                double *gradient, double *active)
{
    const sbj_loss_batch batch = {.examples = examples,
                                  .groups = c->groups,
                                  .dimension = width,
                                  .vectors = vectors,
                                  .labels = labels};
    sbj_loss_result result = {.gradient = gradient};
    sbertja_error error;
    ck_assert_msg(sbj_loss_run(&sbj_malloc, &c->spec, &batch, &result, &error) == SBERTJA_OK, "%s", error.message);
    if (active != NULL)
        *active = result.active;
    return result.loss;
}

/* The vectors were stored as float32, which moves the losses by about 1e-7 of their value and the gradients, which hold
 * differences of near vectors, by somewhat more. */
static void check_folder(const char *folder, const loss_case *c)
{
    reference r;
    sbertja_error error;
    sbj_json json = {0};
    char key[128];
    double labels[24] = {0};
    reference_open(&r, folder);
    ck_assert(sbj_json_read(&sbj_malloc, reference_path(&r, "losses.json"), &json, &error) == SBERTJA_OK);
    const cJSON *entry = cJSON_GetObjectItem(cJSON_GetObjectItem(json.root, "losses"), c->name), *label;
    const double expected = cJSON_GetObjectItem(entry, "loss")->valuedouble;
    const cJSON *groups = cJSON_GetObjectItem(entry, "groups");
    const size_t examples = (size_t)cJSON_GetArrayItem(cJSON_GetArrayItem(groups, 0), 0)->valueint;
    ck_assert_uint_eq((size_t)cJSON_GetArraySize(groups), c->groups);
    size_t at = 0;
    cJSON_ArrayForEach(label, cJSON_GetObjectItem(entry, "target"))
        labels[at++] = label->valuedouble;
    sbj_archive *archive = reference_archive(&r, "losses.safetensors");
    const sbj_stored *stored = sbj_archive_find(archive, "embeddings");
    const size_t width = stored->shape[1], count = examples * c->groups * width;
    double *vectors = malloc(count * sizeof *vectors), *gradient = malloc(count * sizeof *gradient);
    float *ours = malloc(count * sizeof *ours);
    for (size_t i = 0; i < count; i++)
        vectors[i] = ((const float *)stored->data)[i];
    const double loss = loss_run(c, examples, width, vectors, labels, gradient, NULL);
    reference_expect(fabs(loss - expected) / fabs(expected), 1e-6, "%s: %s: loss", folder, c->name);
    for (size_t i = 0; i < count; i++)
        ours[i] = (float)gradient[i];
    snprintf(key, sizeof key, "%s.grad", c->name);
    reference_expect(reference_difference(ours, reference_floats(archive, key, count), count), 1e-5, "%s: %s: gradient",
                     folder, c->name);
    free(vectors);
    free(gradient);
    free(ours);
    sbj_archive_free(archive);
    sbj_json_free(&json);
    reference_close(&r);
}

void loss_check_reference(const loss_case *c)
{
    char folders[8][512];
    const size_t count = reference_folders(folders);
    for (size_t f = 0; f < count; f++)
        check_folder(folders[f], c);
}

void loss_check_gradient(const loss_case *c, size_t examples, size_t width, double *vectors, const double *labels,
                         double bound)
{
    const size_t count = examples * c->groups * width;
    const double step = 1e-6;
    double *g = malloc(count * sizeof *g), *unused = malloc(count * sizeof *unused);
    loss_run(c, examples, width, vectors, labels, g, NULL);
    for (size_t i = 0; i < count; i++) {
        const double kept = vectors[i];
        vectors[i] = kept + step;
        const double above = loss_run(c, examples, width, vectors, labels, unused, NULL);
        vectors[i] = kept - step;
        const double below = loss_run(c, examples, width, vectors, labels, unused, NULL);
        vectors[i] = kept;
        ck_assert_msg(fabs((above - below) / (2 * step) - g[i]) < bound, "%s: element %zu: %g, expected %g", c->name, i,
                      g[i], (above - below) / (2 * step));
    }
    free(g);
    free(unused);
}
