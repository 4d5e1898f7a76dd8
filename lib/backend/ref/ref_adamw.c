/* sumsq and adamw, over arenas. */
#include "backend/ref/ref.h"

sbertja_status sbj_ref_sumsq(const sbj_run *run, sbj_tensor t, double *sum, sbertja_error *error)
{
    const double *x = sbj_f64(t);
    (void)run;
    (void)error;
    *sum = 0;
    for (size_t i = 0; i < t.columns; i++)
        *sum += x[i] * x[i];
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
        for (size_t i = segment->offset; i < segment->offset + segment->rows * segment->columns; i++) {
            p[i] = update(r, s, p[i], g[i] * r->grad_scale, &m[i], &v[i]);
            g[i] = 0;
        }
    }
    return SBERTJA_OK;
}
