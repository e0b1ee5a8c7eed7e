#define _GNU_SOURCE
#include "usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

// The process's CPU clock counts nanoseconds; /proc/PID/stat counts hundredths of a second.
static double cpu_of(pid_t pid) {
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &used)) {
        fprintf(stderr, "there is no process %d\n", (int)pid);
        exit(1);
    }
    return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}

Usage usage_of(pid_t pid) {
    Usage usage = {.cpu = cpu_of(pid)};
    char line[256];
    snprintf(line, sizeof line, "/proc/%d/status", (int)pid);
    FILE *status = fopen(line, "r");
    while (status && fgets(line, sizeof line, status)) {
        sscanf(line, "VmRSS: %lf", &usage.memory);
        sscanf(line, "VmHWM: %lf", &usage.peak);
    }
    if (status) fclose(status);
    return usage;
}
