// What a process has used so far.
#ifndef USAGE_H
#define USAGE_H

#include <sys/types.h>

typedef struct {
    double cpu;     // seconds, all threads, user and kernel
    double memory;  // resident, KiB
    double peak;    // the most that was ever resident, KiB
} Usage;

// Ends the program if there is no such process.
Usage usage_of(pid_t pid);

#endif
