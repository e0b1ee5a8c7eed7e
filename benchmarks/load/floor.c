// floor: the least that a fan-out server can cost on this machine.
//
// It answers connect, subscribe and publish just well enough for the generator and makes one
// send() a delivery: no tokens, no history, no limits, no JSON parser, no memory of what it could
// not send. CPU per delivery of a server, divided by this one's, says how near the server is to
// one system call a delivery; only a server that joins messages can be below it.
//
//     floor PORT
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "dialect.h"
#include "wire.h"

enum { CHANNELS = 10000, INBOX = 1 << 17, EVENTS = 512 };

typedef struct {
    int fd;
    bool upgraded;
    size_t size;  // of what waits at the start of `inbox`
    unsigned char *inbox;
} Peer;

typedef struct {
    Peer **peers;
    size_t count, room;
} Channel;

static Channel channels[CHANNELS];

static void close_peer(Peer *peer) {
    for (Channel *channel = channels; channel < channels + CHANNELS; channel++)
        for (size_t at = 0; at < channel->count; at++)
            if (channel->peers[at] == peer) channel->peers[at] = channel->peers[--channel->count];
    close(peer->fd);
    free(peer->inbox);
    free(peer);
}

// A peer that cannot take all of it is given up: the read that follows finds it closed.
static void deliver(Peer *peer, const void *data, size_t size) {
    if (send(peer->fd, data, size, MSG_NOSIGNAL) != (ssize_t)size) shutdown(peer->fd, SHUT_RDWR);
}

static void send_message(Peer *peer, const char *text, size_t size) {
    unsigned char out[HEAD_MAX + 256];
    size_t head = frame_head(out, TEXT, size, NULL);
    memcpy(out + head, text, size);
    deliver(peer, out, head + size);
}

static void upgrade(Peer *peer) {
    static const char answer[] =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    if (!memmem(peer->inbox, peer->size, "\r\n\r\n", 4)) return;
    peer->upgraded = true;
    peer->size = 0;
    deliver(peer, answer, sizeof answer - 1);
}

// Channels are known by the number at the end of their name.
static Channel *channel_in(const char *text, size_t size) {
    const char *name = memmem(text, size, "\"channel\":\"", 11);
    if (!name) return channels;
    const char *digits = strchr(name + 11, '"');
    while (digits && digits[-1] >= '0' && digits[-1] <= '9') digits--;
    return &channels[digits ? atoi(digits) % CHANNELS : 0];
}

static void subscribe(Peer *peer, Channel *channel) {
    if (channel->count == channel->room) {
        channel->room = channel->room ? channel->room * 2 : 16;
        channel->peers = realloc(channel->peers, channel->room * sizeof(Peer *));
    }
    channel->peers[channel->count++] = peer;
}

// The command ends with `"data":{...}}}`: all but its last two brackets is wanted.
static void publish(Channel *channel, const char *data, const char *end) {
    static unsigned char out[HEAD_MAX + MESSAGE_MAX];
    static char push[MESSAGE_MAX];
    const char *format = "{\"push\":{\"channel\":\"bench:%d\",\"pub\":{%.*s}}}";
    int number = (int)(channel - channels), size = (int)(end - data) - 2;
    size_t length = (size_t)snprintf(push, sizeof push, format, number, size, data);
    size_t head = frame_head(out, TEXT, length, NULL);
    memcpy(out + head, push, length);
    for (size_t at = 0; at < channel->count; at++) deliver(channel->peers[at], out, head + length);
}

static void on_command(Peer *peer, char *text, size_t size) {
    char answer[128], saved = text[size];
    text[size] = 0;  // the inbox has a byte to spare
    unsigned id = 0;
    sscanf(text, "{\"id\":%u", &id);
    const char *data = strstr(text, "\"data\":"), *name = "connect";
    if (data) {
        name = "publish";
    } else if (strstr(text, "\"subscribe\"")) {
        name = "subscribe";
        subscribe(peer, channel_in(text, size));
    }
    int length = snprintf(answer, sizeof answer, "{\"id\":%u,\"%s\":{}}", id, name);
    send_message(peer, answer, (size_t)length);
    if (data) publish(channel_in(text, size), data, text + size);
    text[size] = saved;
}

static void on_readable(Peer *peer) {
    ssize_t got = read(peer->fd, peer->inbox + peer->size, INBOX - 1 - peer->size);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        close_peer(peer);
        return;
    }
    peer->size += (size_t)got;
    if (!peer->upgraded) {
        upgrade(peer);
        return;
    }
    size_t used = 0, taken;
    Frame frame;
    while ((taken = read_frame(peer->inbox + used, peer->size - used, &frame))) {
        if (frame.opcode == TEXT) on_command(peer, (char *)frame.payload, frame.size);
        used += taken;
    }
    memmove(peer->inbox, peer->inbox + used, peer->size - used);
    peer->size -= used;
}

static void on_connection(int epoll_fd, int listener) {
    int on = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Peer *peer = calloc(1, sizeof *peer);
    peer->fd = fd;
    peer->inbox = malloc(INBOX);
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = peer};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &interest);
}

int main(int argc, char **argv) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1, epoll_fd = epoll_create1(0);
    struct sockaddr_in here = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 0)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&here, sizeof here) || listen(listener, 4096)) {
        perror("floor");
        return 1;
    }
    struct epoll_event events[EVENTS], interest = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &interest);
    for (;;) {
        int count = epoll_wait(epoll_fd, events, EVENTS, -1);
        for (int at = 0; at < count; at++) {
            if (events[at].data.ptr)
                on_readable(events[at].data.ptr);
            else
                on_connection(epoll_fd, listener);
        }
    }
}
