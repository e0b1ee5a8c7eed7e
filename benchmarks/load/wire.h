// Loopback sockets, and the WebSocket frames that go over them (RFC 6455).
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>

enum { TEXT = 1, BINARY = 2, CLOSE = 8 };
enum { HEAD_MAX = 14 };  // of one frame, mask included

typedef struct {
    int opcode;
    unsigned char *payload;
    size_t size;
} Frame;

// Seconds of the monotonic clock.
double seconds_now(void);

// A socket that is connected to a port of this machine, without delay; it still blocks. Ends the
// program if there is nobody there. A `receive_buffer` of 0 leaves the kernel's own size.
int dial(int port, int receive_buffer);

void set_nonblocking(int fd);

// Sends all of it, waiting for a full socket; false if the peer is gone.
bool send_all(int fd, const void *data, size_t size);

// Writes the head of a final frame in front of a payload of `size` bytes; returns its length.
size_t frame_head(unsigned char *head, int opcode, size_t size, const unsigned char *mask);

void apply_mask(unsigned char *payload, size_t size, const unsigned char *mask);

// Reads the frame at the start of `data` and unmasks it in place. Returns the bytes it takes, or
// 0 if it is not all there.
size_t read_frame(unsigned char *data, size_t size, Frame *frame);

#endif
