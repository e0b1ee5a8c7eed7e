// The messages of the Centrifugo client protocol that a load needs, in JSON and in Protobuf.
#ifndef DIALECT_H
#define DIALECT_H

#include <stdbool.h>
#include <stddef.h>

enum { MESSAGE_MAX = 70000 };

typedef enum { PING, ANSWER, REFUSAL, PUBLICATION, OTHER } Kind;

typedef struct {
    Kind kind;
    const char *text;  // the whole message, or its payload where that is easy to tell
    size_t size;
    unsigned long long offset;  // of a publication, only if it was asked for; 0 without one
} Message;

typedef struct {
    const char *subprotocol;
    int opcode;
    // Commands, written to `out`, which has room for MESSAGE_MAX bytes; they return their size.
    size_t (*connect)(char *out, unsigned id, const char *token);
    size_t (*subscribe)(char *out, unsigned id, const char *channel);
    size_t (*publish)(char *out, unsigned id, const char *channel, const char *data);
    size_t (*pong)(char *out);
    // Reads the message at `at`; returns where the next one begins.
    const char *(*read)(const char *at, const char *end, bool with_offset, Message *message);
} Dialect;

extern const Dialect JSON;
extern const Dialect PROTOBUF;

#endif
