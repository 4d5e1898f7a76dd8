/* How often a guess is right. */
#include <math.h>

#include "eval/vectors.h"

double sbj_accuracy(const int *truth, const int *predicted, size_t count)
{
    size_t right = 0;
    for (size_t i = 0; i < count; i++)
        right += truth[i] == predicted[i];
    return count == 0 ? NAN : (double)right / (double)count;
}

/* The smallest label on either side, or the smallest above `*after`; false when there is none. */
static bool next_label(const int *truth, const int *predicted, size_t count, const int *after, int *label)
{
    bool found = false;
    for (size_t i = 0; i < 2 * count; i++) {
        int candidate = i < count ? truth[i] : predicted[i - count];
        if ((after == NULL || candidate > *after) && (!found || candidate < *label)) {
            *label = candidate;
            found = true;
        }
    }
    return found;
}

/* 2 true positives / (rows that have the label + rows that are predicted to). */
static double f1_of(const int *truth, const int *predicted, size_t count, int label)
{
    size_t both = 0, sides = 0;
    for (size_t i = 0; i < count; i++) {
        both += truth[i] == label && predicted[i] == label;
        sides += (size_t)(truth[i] == label) + (size_t)(predicted[i] == label);
    }
    return 2 * (double)both / (double)sides;
}

/* Goes through the rows again for each label, and so needs no memory, which could fail. */
double sbj_macro_f1(const int *truth, const int *predicted, size_t count)
{
    double sum = 0;
    size_t labels = 0;
    int label = 0;
    for (bool more = next_label(truth, predicted, count, NULL, &label); more; labels++) {
        int current = label;
        sum += f1_of(truth, predicted, count, current);
        more = next_label(truth, predicted, count, &current, &label);
    }
    return labels == 0 ? NAN : sum / (double)labels;
}

double sbj_triplet_accuracy(const float *anchors, const float *positives, const float *negatives, size_t count,
                            size_t dimension, sbertja_metric metric)
{
    size_t right = 0;
    for (size_t i = 0; i < count; i++) {
        const float *anchor = anchors + i * dimension;
        right += sbj_vector_distance(metric, anchor, positives + i * dimension, dimension) <
                 sbj_vector_distance(metric, anchor, negatives + i * dimension, dimension);
    }
    return count == 0 ? NAN : (double)right / (double)count;
}
