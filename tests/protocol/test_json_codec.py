"""The JSON form: rules of sections 1.1, 1.2 and 2, and round trips of every message."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import Raw

from cadenza.protocol import json_codec as codec
from cadenza.protocol import messages as m
from cadenza.protocol.errors import DecodeError, PayloadError
from cadenza.protocol.protobuf_fields import FIELDS


def commands(frame):
    return list(codec.decode_commands(frame))


# Frames.


def test_commands_of_a_frame_are_separated_by_newlines():
    assert commands(b'{"id":1}\n{"id":2}') == [m.Command(id=1), m.Command(id=2)]


def test_a_trailing_newline_is_fine():
    assert commands(b'{"id":1}\n') == [m.Command(id=1)]


def test_an_object_without_fields_is_a_pong():
    assert commands(b"{}") == [m.Command()]


@pytest.mark.parametrize("space", [b" ", b"\t", b"\r"])
def test_space_around_a_command_is_fine(space):
    assert commands(space + b'{"id" : 1}' + space) == [m.Command(id=1)]


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\n", id="newline"),
        pytest.param(b" ", id="space"),
        pytest.param(b'[{"id":1}]', id="array"),
        pytest.param(b"1", id="number"),
        pytest.param(b'{"id":1', id="cut off"),
        pytest.param(b'{"id":1}{"id":2}', id="two without a newline"),
        pytest.param(b'{"id":"2"}', id="id as text"),
        pytest.param(b'{"id":-1}', id="negative id"),
        pytest.param(b'{"id":4294967296}', id="id over 2**32 - 1"),
        pytest.param(b'{"id":1.5}', id="fractional id"),
        pytest.param(b'{"id":1,"subscribe":"a"}', id="text for a request"),
        pytest.param(b'{"id":1,"subscribe":{"channel":1}}', id="number for a channel"),
        pytest.param(b'{"id":1,"subscribe":{"offset":-1}}', id="negative offset"),
        pytest.param(b'{"id":1,"history":{"limit":2147483648}}', id="limit over int32"),
        pytest.param(b'{"id":1,"rpc":{"method":"\xff"}}', id="not UTF-8"),
        pytest.param(b'{"id":1,"rpc":{"data":"\xff"}}', id="a payload that is not UTF-8"),
        pytest.param(b'{"id":1,"rpc":{"data":{]}}}', id="payload that is not JSON"),
        pytest.param(b'{"id":1,"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="too deep"),
    ],
)
def test_what_is_no_command_is_a_decode_error(frame):
    with pytest.raises(DecodeError):
        commands(frame)


@pytest.mark.parametrize("frame", [b'{"id":1}\n\n{"id":2}', b'{"id":1}\n\n', b'{"id":1}\n{oops'])
def test_commands_before_a_bad_line_are_delivered(frame):
    decoder = codec.decode_commands(frame)
    assert next(decoder) == m.Command(id=1)
    with pytest.raises(DecodeError):
        next(decoder)


def test_an_id_has_up_to_32_bits():
    assert commands(b'{"id":4294967295}') == [m.Command(id=2**32 - 1)]


def test_unknown_fields_are_ignored():
    frame = b'{"id":2,"nosuch":{"x":[1]},"subscribe":{"channel":"a","extra":1}}'
    assert commands(frame) == [m.Command(id=2, subscribe=m.SubscribeRequest(channel="a"))]


def test_a_request_that_is_null_is_no_request():
    assert commands(b'{"id":2,"subscribe":null}') == [m.Command(id=2)]


@pytest.mark.parametrize("data", [b"null", b'{"a": 1 }', b'"x"', b"1e5", b"[]", b'"\\u00e9"'])
def test_a_payload_is_kept_byte_by_byte(data):
    """``null`` is a payload; only its absence is none."""
    (command,) = commands(b'{"id":1,"publish":{"channel":"a","data":' + data + b"}}")
    assert command.publish is not None
    assert command.publish.data == Raw(data)
    (command,) = commands(b'{"id":1,"publish":{"channel":"a"}}')
    assert command.publish is not None
    assert command.publish.data == m.ABSENT


def test_replies_are_decoded_by_the_same_rules():
    assert list(codec.decode_replies(b'{}\n{"id":1,"publish":{}}\n')) == [
        m.Reply(),
        m.Reply(id=1, publish=m.Empty()),
    ]
    for frame in (b"", b"{}\n\n{}", b"[]"):
        with pytest.raises(DecodeError):
            list(codec.decode_replies(frame))


# Encoding.


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (m.Reply(), "{}"),
        (m.Reply(id=14, unsubscribe=m.Empty()), '{"id":14,"unsubscribe":{}}'),
        (
            m.Reply(id=1, error=m.Error(code=102, message="unknown channel")),
            '{"id":1,"error":{"code":102,"message":"unknown channel"}}',
        ),
        (
            m.Reply(id=1, presence_stats=m.PresenceStatsResult(num_clients=0, num_users=0)),
            '{"id":1,"presence_stats":{"num_clients":0,"num_users":0}}',
        ),
        (
            m.Reply(id=1, history=m.HistoryResult(publications=[], epoch="", offset=0)),
            '{"id":1,"history":{"publications":[],"epoch":"","offset":0}}',
        ),
        (
            m.Reply(id=1, presence=m.PresenceResult(presence={})),
            '{"id":1,"presence":{"presence":{}}}',
        ),
        (
            m.Push(channel="a", join=m.JoinLeave(info=m.ClientInfo(user="", client="c"))),
            '{"channel":"a","join":{"info":{"user":"","client":"c"}}}',
        ),
        (
            m.Push(channel="a", pub=m.Publication(data=Raw(b'{"a": 1}'), offset=2**63)),
            '{"channel":"a","pub":{"data":{"a": 1},"offset":9223372036854775808}}',
        ),
        (m.Push(channel="é", pub=m.Publication(data=Raw(b"null"))), None),
    ],
)
def test_zero_values_are_left_out_but_for_the_fields_of_section_1_2(message, text):
    encoded = codec.encode_message(message).decode()
    assert encoded == (text or '{"channel":"é","pub":{"data":null}}')


def test_messages_of_a_frame_are_joined_by_newlines_without_a_trailing_one():
    assert codec.encode_frame([m.Reply(), m.Reply(id=1)]) == b'{}\n{"id":1}'


@pytest.mark.parametrize("struct", FIELDS, ids=lambda struct: struct.__name__)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_message_is_the_same_after_a_round_trip(messages, struct, data):
    message = data.draw(messages(struct, "json"))
    encoded = codec.encode_message(message)
    assert b"\n" not in encoded
    assert msgspec.json.decode(encoded, type=struct) == message


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_frames_of_commands_and_of_replies_are_the_same_after_a_round_trip(messages, data):
    for struct, decode in (
        (m.Command, codec.decode_commands),
        (m.Reply, codec.decode_replies),
    ):
        sent = data.draw(st.lists(messages(struct, "json"), min_size=1, max_size=3))
        assert list(decode(codec.encode_frame(sent))) == sent


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*FIELDS[m.Command], *FIELDS[m.Reply]]), inner)
    ),
    max_leaves=10,
)


@given(st.one_of(st.binary(max_size=60), _json.map(lambda value: json.dumps(value).encode())))
@settings(max_examples=400, deadline=None)
@example(b"\xef\xbb\xbf{}")
@example(b'{"id":1e999}')
@example(b'{"id":' + b"9" * 5000 + b"}")
def test_random_frames_raise_nothing_but_decode_errors(frame):
    for decode in (codec.decode_commands, codec.decode_replies):
        decoder = decode(frame)
        try:
            decoded = list(decoder)
        except DecodeError:
            continue
        assert decoded


# Payloads.


@pytest.mark.parametrize(
    ("data", "inlined"),
    [
        (b'{"a": 1}', b'{"a": 1}'),
        (b'{\n"a":\n1}\n', b'{"a":1}'),
        (b"null", b"null"),
        ('"é"'.encode(), '"é"'.encode()),
    ],
)
def test_a_payload_stands_inline_without_its_newlines(data, inlined):
    assert codec.inline(Raw(data)) == Raw(inlined)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"{", b"1 2", b"\x00\xff", b'"\xff"', b'"\xed\xa0\x80"', b"NaN"]
)
def test_a_payload_that_is_not_json_cannot_stand_inline(data):
    with pytest.raises(PayloadError):
        codec.inline(Raw(data))


@given(st.text())
def test_a_quoted_payload_is_a_json_string_of_its_text(text):
    quoted = bytes(codec.quoted(text.encode()))
    assert json.loads(quoted) == text
    assert b"\n" not in quoted


def test_a_payload_that_is_not_text_cannot_be_quoted():
    with pytest.raises(PayloadError):
        codec.quoted(b"\xff")


@given(st.binary(max_size=40))
@settings(max_examples=300)
def test_what_stands_inline_is_valid_json_on_one_line(data):
    try:
        inlined = bytes(codec.inline(Raw(data)))
    except PayloadError:
        return
    json.loads(inlined.decode())
    assert b"\n" not in inlined
