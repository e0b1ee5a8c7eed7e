// What the generator is told to do.
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "dialect.h"

typedef struct {
    int port;
    pid_t pid;            // the server's
    const char *path;     // where its WebSockets are
    int connections;
    int deaf;             // of them, how many never read what they subscribed to
    int payload;          // bytes of a publication
    double seconds;       // how long to publish
    double rate;          // publications a second; 0: as fast as they are taken
    int in_flight;        // how many publications may be under way without a rate
    bool listen;          // publish nothing, count what the server has to say
    const Dialect *dialect;
    char **channels;      // connection number i has channel number i, modulo their count
    int channel_count;
    char **tokens;        // likewise
    int token_count;
} Options;

// Reads the command line; ends the program with 2 and an explanation if it makes no sense.
Options read_options(int argc, char **argv);

#endif
