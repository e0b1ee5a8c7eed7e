"""One publication in all forms, each made once."""

from __future__ import annotations

import json

import pytest
from msgspec import Raw

from cadenza.protocol import delta
from cadenza.protocol.errors import PayloadError
from cadenza.protocol.messages import ClientInfo, Publication
from cadenza.realtime.broker import Delivery
from cadenza.realtime.encoding import PublicationEncoder, Variant, make_patch, shown
from cadenza.realtime.wire import CAMEL, JSON, PROTOBUF
from support.realtime.engine_world import JSON_WIRE, PROTOBUF_WIRE, UNI_WIRE

BASE = b'{"text":"the same words again and again","n":1}'
DATA = b'{"text":"the same words again and again","n":2}'
INFO = ClientInfo(user="u", client="c", conn_info=Raw(b'{\n"a":1}'))


def encoder(data: bytes = DATA, *, previous: bytes | None = BASE) -> PublicationEncoder:
    publication = Publication(data=Raw(data), offset=2, tags={"k": "v"}, info=INFO)
    return PublicationEncoder("c", Delivery(publication, "e", delta=True, previous=previous))


def pub(message: bytes) -> dict[str, object]:
    found = json.loads(message)
    push = found.get("push", found)
    body: dict[str, object] = push["pub"]
    return body


def test_each_form_is_made_once():
    one = encoder()
    for variant in Variant:
        assert one.encode(JSON_WIRE, variant) is one.encode(JSON_WIRE, variant)
    assert one.encode(JSON_WIRE, Variant.PLAIN) != one.encode(UNI_WIRE, Variant.PLAIN)


def test_the_plain_form_carries_everything():
    body = pub(encoder().encode(JSON_WIRE, Variant.PLAIN))
    assert body == {
        "data": json.loads(DATA),
        "offset": 2,
        "tags": {"k": "v"},
        "info": {"user": "u", "client": "c", "conn_info": {"a": 1}},
    }


def test_unidirectional_pushes_stand_bare():
    found = json.loads(encoder().encode(UNI_WIRE, Variant.PLAIN))
    assert sorted(found) == ["channel", "pub"]


def test_delta_subscribers_on_json_get_strings():
    full = pub(encoder().encode(JSON_WIRE, Variant.FULL))
    assert (full["data"], full.get("delta")) == (DATA.decode(), None)
    patch = pub(encoder().encode(JSON_WIRE, Variant.PATCH))
    assert patch["delta"] is True
    assert delta.apply(BASE, str(patch["data"]).encode()) == DATA


@pytest.mark.parametrize("previous", [None, b'"nothing in common"'])
def test_without_a_shorter_patch_the_whole_is_sent(previous: bytes | None):
    patch = pub(encoder(b'"zyx"', previous=previous).encode(JSON_WIRE, Variant.PATCH))
    assert (patch["data"], patch.get("delta")) == ('"zyx"', None)


def test_a_delivery_without_delta_is_whole():
    publication = Publication(data=Raw(DATA), offset=2)
    one = PublicationEncoder("c", Delivery(publication, "e", delta=False, previous=BASE))
    assert "delta" not in pub(one.encode(JSON_WIRE, Variant.PATCH))


def test_patches_are_bytes_on_protobuf_and_text_on_json():
    base, data = '"é' + "x" * 40 + '"', '"è' + "x" * 40 + '"'
    for codec in (JSON, PROTOBUF):
        patch = make_patch(codec, base.encode(), data.encode())
        assert patch is not None
        assert delta.apply(base.encode(), patch) == data.encode()
    assert make_patch(JSON, base.encode(), data.encode()).decode()


@pytest.mark.parametrize("variant", list(Variant))
def test_json_cannot_carry_bytes(variant: Variant):
    with pytest.raises(PayloadError):
        encoder(b"\xff\xfe", previous=None).encode(JSON_WIRE, variant)
    encoder(b"\xff\xfe", previous=None).encode(PROTOBUF_WIRE, variant)


def test_what_needs_no_change_is_not_copied():
    publication = Publication(data=Raw(DATA), offset=1, epoch="e")
    for codec in (JSON, CAMEL, PROTOBUF):
        assert shown(publication, codec, Variant.PLAIN) is publication
    changed = Publication(data=Raw(b"[\n1]"), offset=1, epoch="e")
    assert shown(changed, JSON, Variant.PLAIN).epoch == "e"
    assert shown(publication, JSON, Variant.FULL).epoch == ""
