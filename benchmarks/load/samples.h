// Latencies, kept one by one up to a limit.
#ifndef SAMPLES_H
#define SAMPLES_H

#include <stddef.h>

void keep_sample(double seconds);

// In milliseconds; 0 without samples. `share` is from 0 to 1.
double percentile(double share);

#endif
