#define _GNU_SOURCE
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

double seconds_now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

int dial(int port, int receive_buffer) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in server = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (receive_buffer)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (connect(fd, (struct sockaddr *)&server, sizeof server)) {
        perror("connect");
        exit(1);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

void set_nonblocking(int fd) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

bool send_all(int fd, const void *data, size_t size) {
    for (const char *at = data; size;) {
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
        if (sent >= 0) {
            at += sent;
            size -= (size_t)sent;
        } else if (errno == EAGAIN) {
            struct pollfd full = {.fd = fd, .events = POLLOUT};
            poll(&full, 1, 1000);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

static void write_big_endian(unsigned char *out, size_t number, int bytes) {
    for (int at = bytes - 1; at >= 0; at--, number >>= 8) out[at] = number & 255;
}

static size_t read_big_endian(const unsigned char *in, int bytes) {
    size_t number = 0;
    for (int at = 0; at < bytes; at++) number = number << 8 | in[at];
    return number;
}

size_t frame_head(unsigned char *head, int opcode, size_t size, const unsigned char *mask) {
    int extra = size < 126 ? 0 : size < 65536 ? 2 : 8;
    size_t length = 2 + (size_t)extra;
    head[0] = (unsigned char)(0x80 | opcode);
    head[1] = (unsigned char)(extra == 0 ? size : extra == 2 ? 126 : 127);
    write_big_endian(head + 2, size, extra);
    if (mask) {
        head[1] |= 0x80;
        memcpy(head + length, mask, 4);
        length += 4;
    }
    return length;
}

void apply_mask(unsigned char *payload, size_t size, const unsigned char *mask) {
    for (size_t at = 0; at < size; at++) payload[at] ^= mask[at & 3];
}

size_t read_frame(unsigned char *data, size_t size, Frame *frame) {
    if (size < 2) return 0;
    bool masked = data[1] & 0x80;
    size_t length = data[1] & 0x7f;
    int extra = length < 126 ? 0 : length == 126 ? 2 : 8;
    size_t head = 2 + (size_t)extra + (masked ? 4 : 0);
    if (size < head) return 0;
    if (extra) length = read_big_endian(data + 2, extra);
    if (size - head < length) return 0;
    *frame = (Frame){.opcode = data[0] & 15, .payload = data + head, .size = length};
    if (masked) apply_mask(frame->payload, length, data + head - 4);
    return head + length;
}
