"""The rules of Protobuf decoding, one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from cadenza.protocol import messages as m
from cadenza.protocol.errors import DecodeError
from cadenza.protocol.protobuf_codec import decode_message
from cadenza.protocol.protobuf_read import MAX_DEPTH, read_varint
from cadenza.protocol.protobuf_write import varint


def field(number, body):
    return varint(number << 3 | 2) + varint(len(body)) + body


@given(st.integers(0, 2**64 - 1))
def test_a_varint_is_the_same_after_a_round_trip(number):
    assert read_varint(b"?" + varint(number), 1) == (number, 1 + len(varint(number)))


def test_a_varint_with_needless_bytes_is_read():
    assert read_varint(b"\x81\x80\x00", 0) == (1, 3)


@pytest.mark.parametrize(
    "unknown",
    [
        pytest.param(varint(100 << 3) + varint(2**64 - 1), id="varint"),
        pytest.param(varint(100 << 3 | 1) + b"12345678", id="fixed64"),
        pytest.param(field(100, b"anything \xff"), id="bytes"),
        pytest.param(varint(100 << 3 | 5) + b"1234", id="fixed32"),
        pytest.param(varint((2**29 - 1) << 3) + b"\x01", id="the largest number"),
        pytest.param(varint(3 << 3) + b"\x01", id="a reserved number"),
    ],
)
def test_an_unknown_field_is_skipped(unknown):
    assert decode_message(m.Command, unknown + b"\x08\x05" + unknown) == m.Command(id=5)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b"\x0a\x00", "wrong wire type", id="bytes for a number"),
        pytest.param(b"\x20\x01", "wrong wire type", id="number for a message"),
        pytest.param(b"\x0d1234", "wrong wire type", id="fixed32 for a number"),
        pytest.param(varint(100 << 3 | 3), "never uses", id="start of a group"),
        pytest.param(varint(100 << 3 | 4), "never uses", id="end of a group"),
        pytest.param(varint(100 << 3 | 6), "never uses", id="wire type 6"),
        pytest.param(varint(100 << 3 | 7), "never uses", id="wire type 7"),
        pytest.param(b"\x00\x00", "no field number", id="field number 0"),
        pytest.param(varint(2**29 << 3) + b"\x00", "no field number", id="field number too large"),
        pytest.param(b"\x08" + b"\xff" * 10 + b"\x00", "10 bytes", id="varint of 11 bytes"),
        pytest.param(b"\x08" + b"\xff" * 9 + b"\x02", "64 bits", id="varint of 65 bits"),
        pytest.param(b"\x08", "ends inside", id="no value"),
        pytest.param(b"\x08\x80", "ends inside", id="half a varint"),
        pytest.param(b"\x3a\x05\x0a", "longer than", id="message longer than its parent"),
        pytest.param(b"\x3a\x02\x0a\x05hello", "longer than", id="string beyond its message"),
        pytest.param(b"\x3a\x01\x0a\x01x", "longer than", id="length beyond its message"),
        pytest.param(varint(100 << 3 | 1) + b"123", "longer than", id="short unknown fixed64"),
        pytest.param(field(7, field(1, b"\xff")), "utf-8", id="string that is not UTF-8"),
        pytest.param(field(7, field(1, b"\xed\xa0\x80")), "utf-8", id="a surrogate"),
    ],
)
def test_a_broken_message_is_a_decode_error_that_says_why(body, words):
    with pytest.raises(DecodeError, match=words):
        decode_message(m.Command, body)


def test_the_last_of_several_values_counts():
    assert decode_message(m.Command, b"\x08\x01\x08\x02").id == 2


def test_the_last_of_several_messages_counts_and_is_not_merged():
    body = field(7, field(1, b"a") + field(2, b"1")) + field(7, field(1, b"b"))
    assert decode_message(m.Command, body).publish == m.PublishRequest(channel="b")


@pytest.mark.parametrize(
    ("struct", "body", "expected"),
    [
        (m.Command, b"\x08" + varint(2**32 + 3), m.Command(id=3)),
        (m.Command, b"\x08" + varint(2**64 - 1), m.Command(id=2**32 - 1)),
        (m.HistoryRequest, b"\x38" + varint(2**64 - 2), m.HistoryRequest(limit=-2)),
        (m.HistoryRequest, b"\x38" + varint(2**32 - 2), m.HistoryRequest(limit=-2)),
        (m.ConnectRequest, b"\x38" + varint(2**64 - 1), m.ConnectRequest(flag=-1)),
        (m.Publication, b"\x68\x03", m.Publication(score=-2)),
        (m.Publication, b"\x30" + varint(2**64 - 1), m.Publication(offset=2**64 - 1)),
        (m.Publication, b"\x40\x07", m.Publication(delta=True)),
    ],
)
def test_numbers_are_cut_to_the_width_of_their_type(struct, body, expected):
    assert decode_message(struct, body) == expected


def test_fields_that_json_always_writes_are_zero_when_they_are_left_out():
    assert decode_message(m.ClientInfo, b"") == m.ClientInfo(user="", client="")
    assert decode_message(m.PresenceResult, b"") == m.PresenceResult(presence={})
    stats = m.PresenceStatsResult(num_clients=0, num_users=0)
    assert decode_message(m.PresenceStatsResult, b"") == stats
    history = m.HistoryResult(publications=[], epoch="", offset=0)
    assert decode_message(m.HistoryResult, b"") == history


def test_two_messages_do_not_share_their_containers():
    first = decode_message(m.PresenceResult, b"")
    second = decode_message(m.PresenceResult, b"")
    first.presence["a"] = m.ClientInfo(user="", client="")
    assert second.presence == {}


def test_an_empty_payload_is_no_payload():
    """It is the very object that encoders leave out."""
    assert decode_message(m.PublishRequest, b"\x12\x00").data is m.ABSENT


def test_a_payload_is_kept_byte_by_byte():
    data = bytes(range(256))
    assert decode_message(m.PublishRequest, field(2, data)).data == Raw(data)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (b"", {"": ""}),
        (field(1, b"k"), {"k": ""}),
        (field(2, b"v"), {"": "v"}),
        (field(2, b"v") + field(1, b"k"), {"k": "v"}),
        (field(1, b"k") + field(9, b"unknown") + field(2, b"v"), {"k": "v"}),
    ],
)
def test_a_map_entry_may_leave_out_its_key_or_its_value(entry, expected):
    assert decode_message(m.Publication, field(7, entry)).tags == expected


def test_a_map_of_messages_may_leave_out_a_value():
    body = field(1, field(1, b"id"))
    expected = {"id": m.ClientInfo(user="", client="")}
    assert decode_message(m.PresenceResult, body).presence == expected


def test_messages_that_lie_too_deep_in_each_other_are_refused():
    """The recursion of a filter is the only one, and it is bounded."""

    def nested(levels):
        body = b""
        for _ in range(levels):
            body = field(6, body)
        return body

    assert decode_message(m.FilterNode, nested(MAX_DEPTH)).nodes
    with pytest.raises(DecodeError, match="deep"):
        decode_message(m.FilterNode, nested(MAX_DEPTH + 1))
    with pytest.raises(DecodeError, match="deep"):
        decode_message(m.FilterNode, nested(2000))
