"""The rules of Protobuf encoding, one by one."""

from __future__ import annotations

import pytest
from msgspec import Raw

from cadenza.protocol import messages as m
from cadenza.protocol.protobuf_codec import encode_message
from cadenza.protocol.protobuf_fields import FIELDS
from cadenza.protocol.protobuf_write import varint


@pytest.mark.parametrize(
    ("number", "encoded"),
    [
        (0, "00"),
        (127, "7f"),
        (128, "8001"),
        (300, "ac02"),
        (2047, "ff0f"),
        (2048, "8010"),
        (2**64 - 1, "ffffffffffffffffff01"),
    ],
)
def test_varints(number, encoded):
    assert varint(number).hex() == encoded


@pytest.mark.parametrize("struct", FIELDS)
def test_zero_values_are_left_out(struct):
    """Also those that JSON always writes."""
    required = struct.__struct_fields__[: -len(struct.__struct_defaults__) or None]
    zeros = {"presence": {}, "publications": [], "user": "", "client": "", "epoch": ""}
    message = struct(**{name: zeros.get(name, 0) for name in required})
    assert encode_message(message) == b""


@pytest.mark.parametrize(
    ("message", "encoded"),
    [
        (m.HistoryRequest(limit=-1), "38ffffffffffffffffff01"),
        (m.ConnectRequest(flag=-1), "38ffffffffffffffffff01"),
        (m.Publication(score=-2), "6803"),
        (m.Publication(score=-(2**63)), "68ffffffffffffffffff01"),
        (m.Publication(offset=2**64), "3000"),
        (m.Command(id=2**32 + 3), "0803"),
        (m.Publication(delta=True), "4001"),
        (m.FilterNode(vals=["", "a"]), "2a002a0161"),
        (m.Publication(tags={"": ""}), "3a040a001200"),
        (m.Command(ping=m.Empty()), "5a00"),
        (m.Publication(data=Raw(b"\x00")), "220100"),
        (m.Reply(id=1, error=m.Error(code=100, message="e", temporary=True)), "080112070864120165"),
    ],
)
def test_known_bytes(message, encoded):
    assert encode_message(message).hex().startswith(encoded)


def test_fields_stand_in_the_order_of_their_numbers():
    """Not in the order in which a struct declares them."""
    push = m.Push(connect=m.ConnectResult(expires=True, data=Raw(b"d")))
    assert encode_message(push).hex() == "5205" + "1a0164" + "2801"
