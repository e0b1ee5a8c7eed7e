#include "samples.h"

#include <stdbool.h>
#include <stdlib.h>

enum { SAMPLES_MAX = 2000000 };

static double samples[SAMPLES_MAX];
static size_t count;
static bool sorted;

void keep_sample(double seconds) {
    if (count == SAMPLES_MAX) return;
    samples[count++] = seconds;
    sorted = false;
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double percentile(double share) {
    if (!count) return 0;
    if (!sorted) qsort(samples, count, sizeof *samples, ascending);
    sorted = true;
    return samples[(size_t)((double)(count - 1) * share)] * 1e3;
}
