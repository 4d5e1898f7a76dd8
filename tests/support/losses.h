/* What the tests of losses share: one call, the PyTorch references, finite differences. */
#ifndef LOSSES_H
#define LOSSES_H

#include "loss/loss.h"

/* A case of a loss: its name among the references, or any name. */
typedef struct loss_case {
    const char *name;
    sbj_loss_spec spec;
    size_t groups; /* texts an example */
} loss_case;

/* The loss of a batch; `active` may be NULL. */
double loss_run(const loss_case *c, size_t examples, size_t width, const double *vectors, const double *labels,
                double *gradient, double *active);
/* Value and gradient against those of losses.json and losses.safetensors in every folder of references. */
void loss_check_reference(const loss_case *c);
/* The gradient against differences of the loss, to within `bound`. The vectors are changed and changed back. */
void loss_check_gradient(const loss_case *c, size_t examples, size_t width, double *vectors, const double *labels,
                         double bound);

#endif
