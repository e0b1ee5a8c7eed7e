"""WebSocket framing, byte by byte."""

from __future__ import annotations

import itertools
import os
import struct
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.protocol import frames
from cadenza.protocol.frames import FrameReader, close_code, close_frame, frame, unmask

MASK = b"\x11\x22\x33\x44"
LIMIT = 70_000


def masked(opcode, payload=b"", *, final=True, mask=MASK, rsv=0, size=None):
    """A frame as a client sends it; ``size`` announces another length than the payload's."""
    size = len(payload) if size is None else size
    head = bytes([(0x80 if final else 0) | rsv | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65536:
        head += bytes([0x80 | 126]) + struct.pack(">H", size)
    else:
        head += bytes([0x80 | 127]) + struct.pack(">Q", size)
    return head + mask + naive_mask(payload, mask)


def naive_mask(payload, mask):
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def read(data, limit=LIMIT, **options):
    reader = FrameReader(limit, **options)
    return reader.feed(data), reader.failure


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 65537])
def test_server_frames_have_the_shortest_header(size):
    """5.2: lengths below 126, up to 65535, and above have headers of 2, 4 and 10 bytes."""
    data = frame(frames.BINARY, b"x" * size)
    header = 2 if size < 126 else 4 if size < 65536 else 10
    assert data[0] == 0x82
    assert not data[1] & 0x80
    assert len(data) == header + size
    marks = {4: ">H", 10: ">Q"}
    announced = struct.unpack(marks[header], data[2:header])[0] if header > 2 else data[1]
    assert announced == size


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 65537])
def test_client_frames_of_every_size_are_read(size):
    """The reader takes each form of the length."""
    payload = os.urandom(size)
    assert read(masked(frames.BINARY, payload)) == ([(frames.BINARY, payload)], None)


@given(payload=st.binary(max_size=300), mask=st.binary(min_size=4, max_size=4))
def test_unmask_is_the_bytewise_xor(payload, mask):
    """The big XOR equals the definition of 5.3."""
    assert unmask(payload, mask) == naive_mask(payload, mask)


@given(payload=st.binary(max_size=300), mask=st.binary(min_size=4, max_size=4))
def test_every_mask_is_removed(payload, mask):
    """Zero masks included, which need no work."""
    assert read(masked(frames.BINARY, payload, mask=mask)) == ([(frames.BINARY, payload)], None)


STREAM = (
    masked(frames.TEXT, "grüß".encode(), final=False)
    + masked(frames.PING, b"are you there")
    + masked(frames.CONTINUATION, b" dich", final=False)
    + masked(frames.PONG)
    + masked(frames.CONTINUATION)
    + masked(frames.BINARY, b"b" * 200)
    + masked(frames.TEXT)
    + masked(frames.CLOSE, b"\x03\xe8bye")
)
MESSAGES = [
    (frames.PING, b"are you there"),
    (frames.PONG, b""),
    (frames.TEXT, "grüß dich".encode()),
    (frames.BINARY, b"b" * 200),
    (frames.TEXT, b""),
    (frames.CLOSE, b"\x03\xe8bye"),
]


@pytest.mark.parametrize("at", range(len(STREAM) + 1))
def test_a_stream_may_be_split_anywhere(at):
    """Control frames stand between fragments, and no split changes what is read."""
    reader = FrameReader(LIMIT)
    assert reader.feed(STREAM[:at]) + reader.feed(STREAM[at:]) == MESSAGES
    assert reader.failure is None


def test_a_stream_may_come_byte_by_byte():
    """Nor do many splits."""
    reader = FrameReader(LIMIT)
    assert [found for byte in STREAM for found in reader.feed(bytes([byte]))] == MESSAGES


@given(
    st.lists(
        st.tuples(st.lists(st.binary(max_size=150), min_size=1, max_size=4), st.booleans()),
        max_size=6,
    ),
    st.lists(st.integers(0, 3000), max_size=8),
)
def test_fragments_and_splits_give_back_the_messages(messages, cuts):
    """Any fragmentation in any segmentation is the same messages."""
    data = b""
    for fragments, with_ping in messages:
        for number, fragment in enumerate(fragments):
            opcode = frames.CONTINUATION if number else frames.BINARY
            data += masked(opcode, fragment, final=number == len(fragments) - 1)
            data += masked(frames.PING, b"p") if with_ping else b""
    reader = FrameReader(LIMIT)
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    found = []
    for start, end in itertools.pairwise(edges):
        found += reader.feed(data[start:end])
    whole = [payload for opcode, payload in found if opcode == frames.BINARY]
    assert whole == [b"".join(fragments) for fragments, _ in messages]
    assert reader.failure is None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (masked(frames.TEXT, b"x", rsv=0x40), 1002),
        (masked(frames.TEXT, b"x", rsv=0x20), 1002),
        (masked(frames.TEXT, b"x", rsv=0x10), 1002),
        (masked(0x3, b"x"), 1002),
        (masked(0x7), 1002),
        (masked(0xB), 1002),
        (masked(0xF), 1002),
        (frame(frames.TEXT, b"not masked"), 1002),
        (masked(frames.PING, b"x", final=False), 1002),
        (masked(frames.CLOSE, b"\x03\xe8", final=False), 1002),
        (masked(frames.PING, b"x" * 126), 1002),
        (masked(frames.CLOSE, b"x" * 70_000), 1002),
        (masked(frames.CONTINUATION, b"x"), 1002),
        (masked(frames.CONTINUATION, b"x", final=False), 1002),
        (masked(frames.TEXT, b"a", final=False) + masked(frames.TEXT, b"b"), 1002),
        (masked(frames.BINARY, b"a", final=False) + masked(frames.TEXT, b"b", final=False), 1002),
        (masked(frames.TEXT, b"\xff"), 1007),
        (masked(frames.TEXT, b"\xc3"), 1007),
        (masked(frames.TEXT, b"\xed\xa0\x80"), 1007),
        (masked(frames.TEXT, b"\xc3", final=False) + masked(frames.CONTINUATION, b"("), 1007),
        (masked(frames.TEXT, b"x" * (LIMIT + 1)), 1009),
        (masked(frames.BINARY, size=2**63), 1009),
        (masked(frames.BINARY, size=2**64 - 1), 1009),
    ],
)
def test_violations_have_their_close_codes(data, code):
    """1002 for framing, 1007 for text that is not UTF-8, 1009 for size."""
    messages, failure = read(data)
    assert messages == []
    assert failure is not None
    assert failure.code == code


def test_utf8_may_be_split_between_fragments():
    """Text is checked as a whole: a character may begin in one fragment and end in the next."""
    data = masked(frames.TEXT, b"\xc3", final=False) + masked(frames.CONTINUATION, b"\xbc")
    assert read(data) == ([(frames.TEXT, "ü".encode())], None)


def test_binary_is_no_text():
    """Bytes of a binary message are not checked."""
    assert read(masked(frames.BINARY, b"\xff")) == ([(frames.BINARY, b"\xff")], None)


def test_what_came_before_a_violation_counts():
    """Messages before it are delivered, bytes after it are not looked at."""
    reader = FrameReader(LIMIT)
    data = masked(frames.TEXT, b"good") + masked(0x3) + masked(frames.TEXT, b"late")
    assert reader.feed(data) == [(frames.TEXT, b"good")]
    assert reader.failure.code == 1002
    assert reader.feed(masked(frames.TEXT, b"later")) == []


def test_the_limit_holds_for_fragments_together():
    """A fragment that would exceed the limit is refused by its header."""
    data = masked(frames.TEXT, b"x" * 60, final=False) + masked(frames.CONTINUATION, b"x" * 40)
    assert read(data, limit=100)[0] == [(frames.TEXT, b"x" * 100)]
    data = masked(frames.TEXT, b"x" * 60, final=False) + masked(frames.CONTINUATION, size=41)
    messages, failure = read(data, limit=100)
    assert (messages, failure.code) == ([], 1009)


def test_control_frames_do_not_count_towards_the_limit():
    """A ping between the fragments of a message at the limit is fine."""
    data = masked(frames.TEXT, b"x" * 100, final=False) + masked(frames.PING, b"y" * 125)
    data += masked(frames.CONTINUATION)
    assert [opcode for opcode, _ in read(data, limit=100)[0]] == [frames.PING, frames.TEXT]


def test_endless_empty_fragments_are_refused():
    """Fragments cost memory even when they are empty."""
    reader = FrameReader(LIMIT)
    reader.feed(masked(frames.TEXT, final=False))
    for _ in range(3000):
        reader.feed(masked(frames.CONTINUATION, final=False))
    assert reader.failure.code == 1009


def test_an_announced_size_reserves_nothing():
    """Who announces a gigabyte and sends nothing costs nothing."""
    tracemalloc.start()
    try:
        readers = [FrameReader(2**32) for _ in range(100)]
        for reader in readers:
            assert reader.feed(masked(frames.BINARY, size=2**30)) == []
        assert tracemalloc.get_traced_memory()[0] < 200_000
    finally:
        tracemalloc.stop()


def test_a_failed_reader_keeps_nothing():
    """After a violation further bytes are dropped, however many."""
    reader = FrameReader(LIMIT)
    reader.feed(masked(0x3))
    tracemalloc.start()
    try:
        for _ in range(100):
            reader.feed(b"x" * 10_000)
        assert tracemalloc.get_traced_memory()[0] < 100_000
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(data):
    """Whatever comes in, the reader gives messages or a failure, the same for every split."""
    whole = FrameReader(LIMIT)
    at_once = whole.feed(data)
    apart = FrameReader(LIMIT)
    one_by_one = [found for byte in data for found in apart.feed(bytes([byte]))]
    assert at_once == one_by_one
    assert (whole.failure and whole.failure.code) == (apart.failure and apart.failure.code)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", 1000),
        (b"\x03", 1002),
        (struct.pack(">H", 1000), 1000),
        (struct.pack(">H", 1001) + b"going", 1001),
        (struct.pack(">H", 1003), 1003),
        (struct.pack(">H", 999), 1002),
        (struct.pack(">H", 1004), 1002),
        (struct.pack(">H", 1005), 1002),
        (struct.pack(">H", 1006), 1002),
        (struct.pack(">H", 1015), 1002),
        (struct.pack(">H", 2999), 1002),
        (struct.pack(">H", 3000), 3000),
        (struct.pack(">H", 4999), 4999),
        (struct.pack(">H", 5000), 1002),
    ],
)
def test_close_codes_that_may_be_echoed(payload, code):
    """7.4: codes that must not be on the wire become 1002."""
    assert close_code(payload) == code


@pytest.mark.parametrize("reason", ["", "bye", "x" * 123, "x" * 500, "ü" * 62, "€" * 100])
def test_close_frames_fit(reason):
    """5.5.1: a reason is cut to 123 bytes, between characters."""
    data = close_frame(3500, reason)
    assert data[0] == 0x88
    assert data[1] == len(data) - 2 <= 125
    assert data[2:4] == struct.pack(">H", 3500)
    assert reason.startswith(data[4:].decode())
    assert len(data[4:]) >= min(len(reason.encode()), 121)


def test_compressed_frames_need_an_agreement():
    """RFC 7692: the first reserved bit means something only where it was negotiated."""
    compressor = zlib.compressobj(wbits=-15)
    packed = compressor.compress(b"hello") + compressor.flush(zlib.Z_SYNC_FLUSH)
    data = masked(frames.TEXT, packed[:-4], rsv=0x40)
    assert read(data)[1].code == 1002

    def inflate(payload):
        return zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff")

    assert read(data, inflate=inflate) == ([(frames.TEXT, b"hello")], None)
