#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect.h"
#include "wire.h"

enum { NEAR_START = 48, NEAR_END = 64 };  // where the fields stand that say what a message is

static size_t write_connect(char *out, unsigned id, const char *token) {
    const char *format = "{\"id\":%u,\"connect\":{\"token\":\"%s\",\"name\":\"load\"}}";
    return (size_t)snprintf(out, MESSAGE_MAX, format, id, token);
}

static size_t write_subscribe(char *out, unsigned id, const char *channel) {
    const char *format = "{\"id\":%u,\"subscribe\":{\"channel\":\"%s\"}}";
    return (size_t)snprintf(out, MESSAGE_MAX, format, id, channel);
}

static size_t write_publish(char *out, unsigned id, const char *channel, const char *data) {
    const char *format = "{\"id\":%u,\"publish\":{\"channel\":\"%s\",\"data\":%s}}";
    return (size_t)snprintf(out, MESSAGE_MAX, format, id, channel, data);
}

static size_t write_pong(char *out) {
    memcpy(out, "{}", 2);
    return 2;
}

static bool begins(const char *text, size_t size, const char *with) {
    size_t length = strlen(with);
    return size >= length && !memcmp(text, with, length);
}

static bool has(const char *text, size_t size, const char *what) {
    return memmem(text, size, what, strlen(what)) != NULL;
}

// The offset follows the data, so it is looked for from the end.
static unsigned long long offset_in(const char *text, size_t size) {
    size_t tail = size < NEAR_END ? size : NEAR_END;
    const char *found = memmem(text + size - tail, tail, "\"offset\":", 9);
    return found ? strtoull(found + 9, NULL, 10) : 0;
}

static const char *read_message(const char *at, const char *end, bool with_offset, Message *message) {
    const char *line_end = memchr(at, '\n', (size_t)(end - at));
    size_t size = (size_t)((line_end ? line_end : end) - at);
    size_t start = size < NEAR_START ? size : NEAR_START;
    *message = (Message){.kind = OTHER, .text = at, .size = size};
    if (size == 2)
        message->kind = PING;
    else if (begins(at, size, "{\"id\":"))
        message->kind = has(at, start, "\"error\":") ? REFUSAL : ANSWER;
    else if (begins(at, size, "{\"push\":") && has(at, size, "\"pub\":")) {
        message->kind = PUBLICATION;
        if (with_offset) message->offset = offset_in(at, size);
    }
    return line_end ? line_end + 1 : end;
}

const Dialect JSON = {
    .subprotocol = "centrifuge-json",
    .opcode = TEXT,
    .connect = write_connect,
    .subscribe = write_subscribe,
    .publish = write_publish,
    .pong = write_pong,
    .read = read_message,
};
