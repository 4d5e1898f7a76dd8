/* sumsq and adamw, over arenas. */
#include "backend/ref/ref.h"

static bool is_reached(const sbj_segment *segment, size_t row)
{
    return segment->reached == NULL || segment->reached[row] != 0;
}

sbertja_status sbj_ref_sumsq(const sbj_run *run, const sbj_sumsq *r, double *sum, sbertja_error *error)
{
    (void)run;
    (void)error;
    *sum = 0;
    for (size_t n = 0; n < r->segment_count; n++) {
        const sbj_segment *s = &r->segments[n];
        for (size_t row = 0; row < s->rows; row++) {
            const double *x = sbj_f64(r->arena) + s->offset + row * s->columns;
            for (size_t i = 0; i < s->columns && is_reached(s, row); i++)
                *sum += x[i] * x[i];
        }
    }
    return SBERTJA_OK;
}

/* What is the same for every element of one update. */
typedef struct step {
    double first, second; /* 1 - beta^t with bias correction, else 1 */
    double decay;         /* lr * weight_decay, or 0 */
} step;

static double update(const sbj_adamw *r, step s, double p, double g, double *m, double *v)
{
    *m = r->beta1 * *m + (1 - r->beta1) * g;
    *v = r->beta2 * *v + (1 - r->beta2) * g * g;
    if (r->correct_bias) {
        p -= s.decay * p;
        return p - r->lr / s.first * *m / (sqrt(*v) / sqrt(s.second) + r->eps);
    }
    p -= r->lr * *m / (sqrt(*v) + r->eps);
    return p - s.decay * p;
}

sbertja_status sbj_ref_adamw(const sbj_run *run, const sbj_adamw *r, sbertja_error *error)
{
    double *p = sbj_f64(r->parameters), *g = sbj_f64(r->gradients), *m = sbj_f64(r->m), *v = sbj_f64(r->v);
    step s = {1 - pow(r->beta1, (double)r->t), 1 - pow(r->beta2, (double)r->t), 0};
    (void)run;
    (void)error;
    for (size_t n = 0; n < r->segment_count; n++) {
        const sbj_segment *segment = &r->segments[n];
        s.decay = segment->decay ? r->lr * r->weight_decay : 0;
        for (size_t row = 0; row < segment->rows; row++)
            for (size_t k = 0; k < segment->columns; k++) {
                const size_t i = segment->offset + row * segment->columns + k;
                if (is_reached(segment, row))
                    p[i] = update(r, s, p[i], g[i] * r->grad_scale, &m[i], &v[i]);
                else
                    p[i] -= s.decay * p[i];
                g[i] = 0;
            }
    }
    return SBERTJA_OK;
}
