/* Two vectors: cosine and distances, in double. */
#include <math.h>

#include "eval/vectors.h"

double sbj_cosine(const float *a, const float *b, size_t dimension)
{
    double product = 0, a_square = 0, b_square = 0;
    for (size_t i = 0; i < dimension; i++) {
        double x = a[i], y = b[i];
        product += x * y;
        a_square += x * x;
        b_square += y * y;
    }
    return a_square > 0 && b_square > 0 ? product / (sqrt(a_square) * sqrt(b_square)) : 0;
}

double sbj_vector_distance(sbertja_metric metric, const float *a, const float *b, size_t dimension)
{
    double sum = 0;
    if (metric == SBERTJA_COSINE)
        return 1 - sbj_cosine(a, b, dimension);
    for (size_t i = 0; i < dimension; i++) {
        double difference = (double)a[i] - (double)b[i];
        sum += metric == SBERTJA_MANHATTAN ? fabs(difference) : difference * difference;
    }
    return metric == SBERTJA_MANHATTAN ? sum : sqrt(sum);
}
