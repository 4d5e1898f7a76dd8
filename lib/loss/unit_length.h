/* Rows scaled to length 1, as torch.nn.functional.normalize does it, and the way back for gradients. Their products are
 * the cosines of most losses. */
#ifndef SBJ_UNIT_LENGTH_H
#define SBJ_UNIT_LENGTH_H

#include <stddef.h>

/* u = x / max(|x|, 1e-12); both [n, width]. A row of zeros stays one. */
void sbj_unit_rows(const double *x, size_t n, size_t width, double *u);
/* Turns the gradient of u into that of x, in place: dx = (du - u (u.du)) / max(|x|, 1e-12), the second term absent where
 * |x| is below the floor. */
void sbj_unit_rows_gradient(const double *x, const double *u, size_t n, size_t width, double *gradient);

#endif
