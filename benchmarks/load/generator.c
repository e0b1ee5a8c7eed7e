// generator: subscribers and a publisher for a server of the Centrifugo client protocol.
//
// Opens the subscribers, then publishes on one more connection and counts what arrives where.
// Prints one JSON object: what a connection cost the server, what a delivery cost it, and how long
// a delivery took. Payloads begin with the microsecond at which they were sent.
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dialect.h"
#include "options.h"
#include "samples.h"
#include "usage.h"
#include "wire.h"

enum { DIALS = 128 };               // that may be under way at once
enum { INBOX = 1 << 19, EVENTS = 512 };
enum { SAMPLE_EVERY = 17 };         // a prime, so that every subscriber is sampled
enum { DEAF_BUFFER = 4096 };
static const double READY_SECONDS = 60, DRAIN_SECONDS = 5, SETTLE_SECONDS = 0.3;
static const unsigned char MASK[4] = {0x5a, 0x13, 0xc7, 0x2e};

typedef enum { UPGRADING, CONNECTING, SUBSCRIBING, READY, ENDED } Stage;

typedef struct {
    int fd, number;  // the publisher's number is -1
    Stage stage;
    bool deaf;
    size_t rest_size;
    unsigned char *rest;  // the beginning of a frame whose end has not arrived
    unsigned long long offset;
} Client;

static Options options;
static int epoll_fd;
static Client publisher = {.number = -1};
static int ready;
static uint64_t delivered, bytes, missed, failures;

static void complain(const Client *client, const char *what, const char *text, size_t size) {
    if (failures++ < 3) fprintf(stderr, "connection %d: %s %.*s\n", client->number, what, (int)size, text);
}

// Writes a message as one masked frame.
static void send_frame(Client *client, size_t size, char *text) {
    unsigned char head[HEAD_MAX];
    size_t head_size = frame_head(head, options.dialect->opcode, size, MASK);
    char *start = text - head_size;
    memcpy(start, head, head_size);
    apply_mask((unsigned char *)text, size, MASK);
    if (!send_all(client->fd, start, head_size + size)) complain(client, "is gone", "", 0);
}

static char outbox[HEAD_MAX + MESSAGE_MAX];
static char *const message_out = outbox + HEAD_MAX;

static void open_client(Client *client) {
    char request[512];
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: Y2FkZW56YSBiZW5jaG1hcg==\r\n"
                        "Sec-WebSocket-Protocol: %s\r\n\r\n",
                        options.path, options.port, options.dialect->subprotocol);
    client->fd = dial(options.port, client->deaf ? DEAF_BUFFER : 0);
    send_all(client->fd, request, (size_t)size);
    set_nonblocking(client->fd);
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = client};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client->fd, &interest);
}

static size_t on_upgraded(Client *client, const unsigned char *data, size_t size) {
    const unsigned char *end = memmem(data, size, "\r\n\r\n", 4);
    if (!end) return 0;
    if (memcmp(data, "HTTP/1.1 101", 12)) {
        fprintf(stderr, "no upgrade: %.*s\n", (int)size, data);
        exit(1);
    }
    int who = client->number + 1;
    const char *token = options.token_count ? options.tokens[who % options.token_count] : "";
    client->stage = CONNECTING;
    send_frame(client, options.dialect->connect(message_out, 1, token), message_out);
    return (size_t)(end - data) + 4;
}

static int channel_of(const Client *client) {
    return client->number % options.channel_count;
}

static void on_answer(Client *client) {
    if (client->stage == CONNECTING && client->number < 0) {
        client->stage = READY;
    } else if (client->stage == CONNECTING) {
        const char *channel = options.channels[channel_of(client)];
        client->stage = SUBSCRIBING;
        send_frame(client, options.dialect->subscribe(message_out, 2, channel), message_out);
    } else if (client->stage == SUBSCRIBING) {
        client->stage = READY;
        ready++;
        if (client->deaf) epoll_ctl(epoll_fd, EPOLL_CTL_DEL, client->fd, NULL);
    }
}

static void on_publication(Client *client, const Message *message) {
    if (message->offset) {
        if (client->offset && message->offset > client->offset + 1)
            missed += message->offset - client->offset - 1;
        client->offset = message->offset;
    }
    if (delivered++ % SAMPLE_EVERY || options.listen) return;
    const char *sent_at = memmem(message->text, message->size, "\"t\":", 4);
    if (sent_at) keep_sample(seconds_now() - strtod(sent_at + 4, NULL) * 1e-6);
}

static void on_frame(Client *client, const Frame *frame) {
    const char *at = (const char *)frame->payload, *end = at + frame->size;
    if (frame->opcode == CLOSE) complain(client, "was closed:", at + 2, frame->size > 2 ? frame->size - 2 : 0);
    if (frame->opcode != TEXT && frame->opcode != BINARY) return;
    while (at < end) {
        Message message;
        at = options.dialect->read(at, end, options.listen, &message);
        if (message.kind == PUBLICATION)
            on_publication(client, &message);
        else if (message.kind == PING)
            send_frame(client, options.dialect->pong(message_out), message_out);
        else if (message.kind == ANSWER)
            on_answer(client);
        else if (message.kind == REFUSAL)
            complain(client, "was refused:", message.text, message.size);
    }
}

// Takes all complete frames of an inbox; returns how much it took.
static size_t on_bytes(Client *client, unsigned char *data, size_t size) {
    size_t used = 0, taken;
    Frame frame;
    if (client->stage == UPGRADING && !(used = on_upgraded(client, data, size))) return 0;
    for (; (taken = read_frame(data + used, size - used, &frame)); used += taken)
        on_frame(client, &frame);
    return used;
}

static void on_readable(Client *client) {
    static unsigned char inbox[INBOX];
    size_t size = client->rest_size;
    if (size) memcpy(inbox, client->rest, size);
    ssize_t got = read(client->fd, inbox + size, INBOX - size);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        complain(client, "ended", "", 0);
        client->stage = ENDED;
        close(client->fd);
        return;
    }
    size += (size_t)got;
    bytes += (uint64_t)got;
    size_t used = on_bytes(client, inbox, size);
    client->rest_size = size - used;
    if (client->rest_size) {
        client->rest = realloc(client->rest, client->rest_size);
        memcpy(client->rest, inbox + used, client->rest_size);
    }
}

static void wait_for_events(int milliseconds) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(epoll_fd, events, EVENTS, milliseconds);
    for (int at = 0; at < count; at++) on_readable(events[at].data.ptr);
}

static Client *open_all(void) {
    Client *clients = calloc((size_t)options.connections, sizeof *clients);
    double give_up = seconds_now() + READY_SECONDS;
    for (int opened = 0; ready < options.connections;) {
        for (; opened < options.connections && opened - ready < DIALS; opened++) {
            Client *client = &clients[opened];
            // Those that never read are spread evenly.
            long long turn = (long long)opened * options.deaf % options.connections;
            client->number = opened;
            client->deaf = turn < options.deaf;
            open_client(client);
        }
        wait_for_events(100);
        if (seconds_now() > give_up || failures) {
            fprintf(stderr, "%d of %d subscribers are ready\n", ready, options.connections);
            exit(1);
        }
    }
    open_client(&publisher);
    while (publisher.stage != READY && !failures) wait_for_events(100);
    return clients;
}

static void settle(void) {
    for (double end = seconds_now() + SETTLE_SECONDS; seconds_now() < end;) wait_for_events(10);
}

static void publish(unsigned number, const char *filler) {
    static char data[MESSAGE_MAX];
    const char *channel = options.channels[number % (unsigned)options.channel_count];
    snprintf(data, sizeof data, "{\"t\":%.0f,\"x\":\"%s\"}", seconds_now() * 1e6, filler);
    send_frame(&publisher, options.dialect->publish(message_out, number + 2, channel, data), message_out);
}

// How many subscribers read each channel, by its number.
static int *count_listeners(const Client *clients) {
    int *listeners = calloc((size_t)options.channel_count, sizeof *listeners);
    for (int at = 0; at < options.connections; at++)
        if (!clients[at].deaf) listeners[channel_of(&clients[at])]++;
    return listeners;
}

// Publishes for as long as it was told to, waits for the rest to arrive, and returns how many
// deliveries there should have been.
static uint64_t publish_all(const Client *clients, unsigned *published) {
    int *listeners = count_listeners(clients);
    char *filler = calloc(1, (size_t)options.payload + 1);
    memset(filler, 'x', (size_t)options.payload);
    double fan_out = (double)(options.connections - options.deaf) / options.channel_count;
    double limit = options.in_flight * fan_out, begin = seconds_now(), end = begin + options.seconds;
    uint64_t expected = 0;
    for (double now = begin; now < end && !failures; now = seconds_now()) {
        double due = (now - begin) * options.rate;
        while (options.rate ? *published < due : (double)(expected - delivered) < limit) {
            expected += (uint64_t)listeners[*published % (unsigned)options.channel_count];
            publish((*published)++, filler);
        }
        wait_for_events(options.rate ? 1 : 5);
    }
    for (end = seconds_now() + DRAIN_SECONDS; delivered < expected && seconds_now() < end;)
        wait_for_events(100);
    free(filler);
    free(listeners);
    return expected;
}

static void listen_only(void) {
    for (double end = seconds_now() + options.seconds; seconds_now() < end;) wait_for_events(10);
}

int main(int argc, char **argv) {
    options = read_options(argc, argv);
    epoll_fd = epoll_create1(0);
    Usage before = usage_of(options.pid);
    double start = seconds_now();
    Client *clients = open_all();
    double connect_seconds = seconds_now() - start;
    Usage open = usage_of(options.pid);
    settle();

    delivered = bytes = 0;
    Usage quiet = usage_of(options.pid);
    unsigned published = 0;
    uint64_t expected = 0;
    start = seconds_now();
    if (options.listen)
        listen_only();
    else
        expected = publish_all(clients, &published);
    double elapsed = seconds_now() - start;
    Usage after = usage_of(options.pid);

    double count = options.connections, deliveries = delivered ? (double)delivered : 1;
    printf("{\"connections\":%d,\"connects_per_second\":%.0f,\"connect_us\":%.2f,"
           "\"kib_per_connection\":%.3f,\"published\":%u,\"delivered\":%lu,\"expected\":%lu,"
           "\"missed\":%lu,\"failures\":%lu,\"seconds\":%.3f,\"cpu_percent\":%.1f,"
           "\"us_per_delivery\":%.4f,\"bytes_per_delivery\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
           "\"max_ms\":%.3f,\"grown_kib\":%.0f,\"peak_kib\":%.0f}\n",
           options.connections, count / connect_seconds, (open.cpu - before.cpu) * 1e6 / count,
           (open.memory - before.memory) / count, published, delivered,
           options.listen ? delivered + missed : expected, missed, failures, elapsed,
           (after.cpu - quiet.cpu) / elapsed * 100,
           (after.cpu - quiet.cpu) * 1e6 / deliveries, (double)bytes / deliveries,
           percentile(.5), percentile(.99), percentile(1), after.memory - quiet.memory,
           after.peak - quiet.memory);
    free(clients);
    return failures || (options.listen ? missed > 0 || !delivered : delivered != expected);
}
