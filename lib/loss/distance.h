/* Distances between two vectors, with their gradients. */
#ifndef SBJ_DISTANCE_H
#define SBJ_DISTANCE_H

#include "util/status.h"

double sbj_dot(const double *x, const double *y, size_t n);

/* Euclidean |x - y|; Manhattan sum |x_i - y_i|; cosine 1 - x.y / (max(|x|, floor) max(|y|, floor)), where the floor is
 * torch.nn.functional.cosine_similarity's 1e-8. */
double sbj_distance(sbertja_metric metric, const double *x, const double *y, size_t n);
/* Adds weight * d(distance)/dx to dx and the same for y. Where a Euclidean distance is 0, and where coordinates are equal
 * (Manhattan), the gradient is 0. */
void sbj_distance_gradient(sbertja_metric metric, const double *x, const double *y, size_t n, double weight, double *dx,
                           double *dy);

#endif
