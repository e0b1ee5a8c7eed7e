#define _GNU_SOURCE
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char HELP[] =
    "usage: generator --port PORT --pid PID [options]\n"
    "  --path PATH         where the WebSockets are (/connection/websocket)\n"
    "  --tokens FILE       connection tokens, one a line\n"
    "  --connections N     subscribers (1000)\n"
    "  --deaf N            subscribers of these that never read (0)\n"
    "  --channels N        channels, bench:0 and so on (1)\n"
    "  --channel NAME      a channel of another name; may be repeated\n"
    "  --payload BYTES     of a publication (200)\n"
    "  --seconds S         how long to measure (4)\n"
    "  --rate R            publications a second; 0: as fast as they are taken (0)\n"
    "  --in-flight N       publications under way when there is no rate (64)\n"
    "  --listen            publish nothing, count what comes\n"
    "  --protobuf          instead of JSON\n";

static void add(char ***list, int *count, char *text) {
    *list = realloc(*list, (size_t)(*count + 1) * sizeof **list);
    (*list)[(*count)++] = text;
}

static void read_lines(const char *path, char ***list, int *count) {
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    if (!file) {
        perror(path);
        exit(2);
    }
    while (getline(&line, &room, file) > 0) {
        line[strcspn(line, "\n")] = 0;
        add(list, count, strdup(line));
    }
    free(line);
    fclose(file);
}

static void name_channels(Options *options, int count) {
    for (int number = 0; number < count; number++) {
        char *name = NULL;
        if (asprintf(&name, "bench:%d", number) < 0) exit(1);
        add(&options->channels, &options->channel_count, name);
    }
}

static void check(const Options *options) {
    bool sane = options->port > 0 && options->pid > 0 && options->connections > 0 &&
                options->deaf >= 0 && options->deaf < options->connections &&
                options->payload >= 0 && options->payload < MESSAGE_MAX - 1000 &&
                options->seconds > 0 && options->rate >= 0 && options->in_flight > 0;
    if (sane) return;
    fputs(HELP, stderr);
    exit(2);
}

Options read_options(int argc, char **argv) {
    enum { PORT, PID, PATH, TOKENS, CONNECTIONS, DEAF, CHANNELS, CHANNEL, PAYLOAD, SECONDS, RATE, IN_FLIGHT };
    enum { LISTEN = IN_FLIGHT + 1, USE_PROTOBUF };
    static const struct option known[] = {
        {"port", required_argument, NULL, PORT},
        {"pid", required_argument, NULL, PID},
        {"path", required_argument, NULL, PATH},
        {"tokens", required_argument, NULL, TOKENS},
        {"connections", required_argument, NULL, CONNECTIONS},
        {"deaf", required_argument, NULL, DEAF},
        {"channels", required_argument, NULL, CHANNELS},
        {"channel", required_argument, NULL, CHANNEL},
        {"payload", required_argument, NULL, PAYLOAD},
        {"seconds", required_argument, NULL, SECONDS},
        {"rate", required_argument, NULL, RATE},
        {"in-flight", required_argument, NULL, IN_FLIGHT},
        {"listen", no_argument, NULL, LISTEN},
        {"protobuf", no_argument, NULL, USE_PROTOBUF},
        {0},
    };
    Options options = {
        .path = "/connection/websocket",
        .connections = 1000,
        .payload = 200,
        .seconds = 4,
        .in_flight = 64,
        .dialect = &JSON,
    };
    int channels = 1;
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) >= 0;) {
        switch (option) {
            case PORT: options.port = atoi(optarg); break;
            case PID: options.pid = atoi(optarg); break;
            case PATH: options.path = optarg; break;
            case TOKENS: read_lines(optarg, &options.tokens, &options.token_count); break;
            case CONNECTIONS: options.connections = atoi(optarg); break;
            case DEAF: options.deaf = atoi(optarg); break;
            case CHANNELS: channels = atoi(optarg); break;
            case CHANNEL: add(&options.channels, &options.channel_count, optarg); break;
            case PAYLOAD: options.payload = atoi(optarg); break;
            case SECONDS: options.seconds = atof(optarg); break;
            case RATE: options.rate = atof(optarg); break;
            case IN_FLIGHT: options.in_flight = atoi(optarg); break;
            case LISTEN: options.listen = true; break;
            case USE_PROTOBUF: options.dialect = &PROTOBUF; break;
            default: fputs(HELP, stderr); exit(2);
        }
    }
    check(&options);
    if (!options.channel_count) name_channels(&options, channels > 0 ? channels : 1);
    return options;
}
