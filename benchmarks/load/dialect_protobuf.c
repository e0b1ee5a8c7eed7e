#include <string.h>

#include "dialect.h"
#include "wire.h"

// Field numbers of the protocol's definition.
enum { COMMAND_ID = 1, COMMAND_CONNECT = 4, COMMAND_SUBSCRIBE = 5, COMMAND_PUBLISH = 7 };
enum { CONNECT_TOKEN = 1, CONNECT_NAME = 4, REQUEST_CHANNEL = 1, PUBLISH_DATA = 2 };
enum { REPLY_ID = 1, REPLY_ERROR = 2, REPLY_PUSH = 4 };
enum { PUSH_PUB = 4, PUBLICATION_DATA = 4, PUBLICATION_OFFSET = 6 };
enum { VARINT = 0, BYTES = 2 };

static char *write_varint(char *out, unsigned long long number) {
    for (; number > 127; number >>= 7) *out++ = (char)(number | 0x80);
    *out++ = (char)number;
    return out;
}

static size_t varint_size(unsigned long long number) {
    size_t size = 1;
    while (number >>= 7) size++;
    return size;
}

static char *write_text(char *out, int field, const char *text, size_t size) {
    out = write_varint(out, (unsigned)(field << 3 | BYTES));
    out = write_varint(out, size);
    memcpy(out, text, size);
    return out + size;
}

static size_t text_size(size_t size) {
    return 1 + varint_size(size) + size;
}

// A command with one request of up to two texts, behind its length.
static size_t write_command(char *out, unsigned id, int request, int field, const char *text,
                            int second_field, const char *second) {
    size_t sizes[] = {strlen(text), second ? strlen(second) : 0};
    size_t inner = text_size(sizes[0]) + (second ? text_size(sizes[1]) : 0);
    char *at = write_varint(out, 1 + varint_size(id) + text_size(inner));
    at = write_varint(at, COMMAND_ID << 3 | VARINT);
    at = write_varint(at, id);
    at = write_varint(at, (unsigned)(request << 3 | BYTES));
    at = write_varint(at, inner);
    at = write_text(at, field, text, sizes[0]);
    if (second) at = write_text(at, second_field, second, sizes[1]);
    return (size_t)(at - out);
}

static size_t write_connect(char *out, unsigned id, const char *token) {
    return write_command(out, id, COMMAND_CONNECT, CONNECT_TOKEN, token, CONNECT_NAME, "load");
}

static size_t write_subscribe(char *out, unsigned id, const char *channel) {
    return write_command(out, id, COMMAND_SUBSCRIBE, REQUEST_CHANNEL, channel, 0, NULL);
}

static size_t write_publish(char *out, unsigned id, const char *channel, const char *data) {
    return write_command(out, id, COMMAND_PUBLISH, REQUEST_CHANNEL, channel, PUBLISH_DATA, data);
}

static size_t write_pong(char *out) {
    *out = 0;  // an empty command
    return 1;
}

static const char *read_varint(const char *at, const char *end, unsigned long long *number) {
    *number = 0;
    for (int shift = 0; at < end; shift += 7) {
        unsigned char byte = (unsigned char)*at++;
        *number |= (unsigned long long)(byte & 0x7f) << shift;
        if (byte < 0x80) break;
    }
    return at;
}

// The next field of a message: its number, and its value or its bytes. NULL at the end.
static const char *read_field(const char *at, const char *end, int *field,
                              unsigned long long *value, const char **bytes) {
    unsigned long long tag;
    if (at >= end) return NULL;
    at = read_varint(at, end, &tag);
    *field = (int)(tag >> 3);
    at = read_varint(at, end, value);
    *bytes = at;
    return (tag & 7) == BYTES ? at + *value : at;
}

static void read_push(const char *at, const char *end, Message *message) {
    unsigned long long value;
    const char *bytes;
    int field;
    while ((at = read_field(at, end, &field, &value, &bytes))) {
        if (message->kind == OTHER && field == PUSH_PUB) {
            message->kind = PUBLICATION;
            at = bytes;
        } else if (message->kind == PUBLICATION && field == PUBLICATION_DATA) {
            message->text = bytes;
            message->size = value;
        } else if (message->kind == PUBLICATION && field == PUBLICATION_OFFSET) {
            message->offset = value;
        }
    }
}

static const char *read_message(const char *at, const char *end, bool with_offset, Message *message) {
    unsigned long long size, value;
    const char *start = read_varint(at, end, &size), *stop = start + size, *bytes;
    int field;
    (void)with_offset;  // it is always read
    *message = (Message){.kind = size ? OTHER : PING, .text = start, .size = size};
    for (at = start; (at = read_field(at, stop, &field, &value, &bytes));) {
        if (field == REPLY_ID) message->kind = ANSWER;
        if (field == REPLY_ERROR) message->kind = REFUSAL;
        if (field == REPLY_PUSH) read_push(bytes, at, message);
    }
    return stop;
}

const Dialect PROTOBUF = {
    .subprotocol = "centrifuge-protobuf",
    .opcode = BINARY,
    .connect = write_connect,
    .subscribe = write_subscribe,
    .publish = write_publish,
    .pong = write_pong,
    .read = read_message,
};
