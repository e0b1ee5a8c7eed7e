"""JSON from outside: nulls, halves of surrogate pairs, bytes that are no text."""

from __future__ import annotations

import json

import msgspec
import pytest
from msgspec import Raw

from cadenza.protocol import messages as m
from cadenza.protocol.errors import DecodeError
from cadenza.protocol.json_reader import JsonReader, check, compact
from cadenza.server.api.methods import REQUESTS
from cadenza.server.tokens.payload import ConnectPayload, SubscribePayload

COMMAND = JsonReader(m.Command)


def kinds(kind, found=None):
    """A struct and all structs in it."""
    found = {} if found is None else found
    if kind not in found:
        found[kind] = None
        for field in msgspec.structs.fields(kind):
            for inner in _structs(field.type):
                kinds(inner, found)
    return list(found)


def _structs(type_):
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        yield type_
    for inner in getattr(type_, "__args__", ()):
        yield from _structs(inner)


ALL_KINDS = {
    kind
    for root in (
        m.Command,
        m.EmulationRequest,
        ConnectPayload,
        SubscribePayload,
        *REQUESTS.values(),
    )
    for kind in kinds(root)
}


@pytest.mark.parametrize("kind", sorted(ALL_KINDS, key=lambda kind: kind.__name__))
def test_null_is_the_default_of_every_field(kind):
    """proto3's JSON mapping, for each field alone and for all at once; payloads keep it."""
    fields = msgspec.structs.fields(kind)
    optional = [field for field in fields if field.type is not Raw]
    for chosen in ([field] for field in optional):
        text = json.dumps({field.encode_name: None for field in chosen}).encode()
        assert JsonReader(kind).read(text) == kind()
    assert (
        JsonReader(kind).read(json.dumps({f.encode_name: None for f in optional}).encode())
        == kind()
    )
    for field in fields:
        if field.type is Raw:
            read = JsonReader(kind).read(json.dumps({field.encode_name: None, "x": None}).encode())
            assert bytes(getattr(read, field.name)) == b"null"


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("null", m.Command()),
        (
            '{"id":1,"connect":{"subs":{"a":null},"headers":{"b":null}}}',
            m.Command(
                id=1, connect=m.ConnectRequest(subs={"a": m.SubscribeRequest()}, headers={"b": ""})
            ),
        ),
        (
            '{"id":1,"subscribe":{"tf":{"vals":[null,"a"],"nodes":[null]}}}',
            m.Command(
                id=1,
                subscribe=m.SubscribeRequest(
                    tf=m.FilterNode(vals=["", "a"], nodes=[m.FilterNode()])
                ),
            ),
        ),
        (
            '{"id":1,"history":{"since":{"offset":null,"epoch":"e"},"limit":null}}',
            m.Command(id=1, history=m.HistoryRequest(since=m.StreamPosition(epoch="e"))),
        ),
        ('{"id":1,"id":null}', m.Command()),
        (
            '{"x":null,"id":2,"send":{"data": null }}',
            m.Command(id=2, send=m.SendRequest(data=Raw(b"null"))),
        ),
    ],
)
def test_null_inside_maps_and_lists_is_a_zero(text, command):
    """As the reference reads it."""
    assert COMMAND.read(text.encode()) == command


@pytest.mark.parametrize(
    "text",
    [
        '{"id":"2","subscribe":{"token":null}}',
        '{"id":-1,"subscribe":{"token":null}}',
        '{"id":1.5,"subscribe":{"token":null}}',
        '{"id":4294967296,"subscribe":{"token":null}}',
        '{"id":1,"subscribe":{"token":null,"offset":18446744073709551616}}',
        '{"id":1,"subscribe":{"token":null,"channel":5}}',
        '{"id":1,"subscribe":{"token":null}}}',
        '{"id":1,"subscribe":{"token":nul}}',
        "[null]",
        '{"id":1,"connect":{"subs":[null]}}',
        '{"x":null,"y":' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
)
def test_a_null_excuses_nothing_else(text):
    """Types and bounds stay what they are."""
    with pytest.raises(DecodeError):
        COMMAND.read(text.encode())


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (r'{"text":"ok \ud83d"}', None),
        (r'"\uDC00\ud83d\ude00\ud83d"', r'"\udc00\ud83d\ude00\ud83d"'),
        (r'["\\ud83d","\ud83d\\","\ud83d\ud83d\ude00"]', None),
        (r'"\ud83d\ue000"', None),
        (r'"\ud83d\ue000\uE800\uf000"', r'"\ufffd\ue000\uE800\uf000"'),
        ('"\\ud83d\ue001\\ue801"', None),
        (r'{"\udfff":null}', None),
    ],
)
def test_half_a_pair_stays_in_a_payload(data, shown):
    """RFC 8259, 8.2: the grammar allows it, and the payload is somebody else's."""
    text = f'{{"id":1,"publish":{{"channel":"c","data":{data},"key":null}}}}'
    request = COMMAND.read(text.encode()).publish
    # Only a text with characters of all three blocks of private use has none left to stand in.
    assert bytes(request.data) == (data if shown is None else shown).encode()


def test_half_a_pair_in_a_text_is_replaced():
    """Names and tags are texts of our own, which must be UTF-8 wherever they go."""
    read = COMMAND.read(rb'{"id":1,"subscribe":{"channel":"a\ud83d","tf":{"vals":["\udc00"]}}}')
    assert read.subscribe.channel == "a�"
    assert read.subscribe.tf.vals == ["�"]


@pytest.mark.parametrize(
    "data",
    [
        b'{"id":1,"publish":{"channel":"a","data":"Ren\xe9"}}',
        b'{"id":1,"publish":{"channel":"Ren\xe9","data":1}}',
        b'{"id":1,"x":"\xed\xa0\xbd"}',
        b'{"id":1,"x":"\xc0\x80"}',
        b'{"id":1,"x":"\xf4\x90\x80\x80"}',
        b'{"id":1,"x":"\xe2\x82"}',
        '{"id":1}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
    ],
)
def test_bytes_that_are_not_utf_8_are_refused(data):
    """RFC 8259, 8.1; also where nobody looks."""
    with pytest.raises(DecodeError):
        COMMAND.read(data)


@pytest.mark.parametrize(
    ("data", "short"),
    [
        (b' { "a" : 1 }\r\n', b'{"a":1}'),
        (rb'[ "\ud83d" , null ]', rb'["\ud83d",null]'),
        ('"é"'.encode(), '"é"'.encode()),
    ],
)
def test_compact(data, short):
    """What API answers show."""
    check(data)
    assert compact(data) == short


@pytest.mark.parametrize("data", [b"", b"{", b'"\xff"', b"\x00", b"{} {}"])
def test_check_refuses(data):
    """What is not one value in UTF-8."""
    with pytest.raises(DecodeError):
        check(data)
