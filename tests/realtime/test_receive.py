"""Bytes that are no commands, or are by accident: answered, or the end of their connection."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.protocol import protobuf_codec
from cadenza.protocol.messages import Command
from cadenza.realtime import Handlers
from cadenza.realtime.states import State
from support.realtime.engine_world import (
    JSON_WIRE,
    PROTOBUF_WIRE,
    MakeWorld,
    World,
    no_errors_logged,
)

REQUESTS: list[dict[str, Any]] = [
    {"subscribe": {"channel": "c", "tf": {"key": "k", "cmp": "eq", "val": "1"}, "offset": 3}},
    {"unsubscribe": {"channel": "c"}},
    {"publish": {"channel": "c", "data": {"a": 1}}},
    {"presence": {"channel": "c"}},
    {"presence_stats": {"channel": "c"}},
    {"history": {"channel": "c", "limit": -1, "since": {"offset": 2, "epoch": "x"}}},
    {"rpc": {"method": "m", "data": [1]}},
    {"connect": {"name": "ann", "subs": {"c": {"recover": True}}}},
    {"ping": {}},
]
requests = st.sampled_from(REQUESTS)
with_channel = st.builds(lambda name: {"channel": name}, st.sampled_from(["a", "none:x", ""]))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
command_like = st.dictionaries(
    st.sampled_from(["id", "connect", "subscribe", "publish", "rpc", "history", "ping", "send"]),
    json_values | st.integers(0, 3) | st.just({}) | with_channel,
    max_size=3,
)
json_frames = st.lists(
    st.one_of(json_values, command_like).map(lambda value: json.dumps(value).encode()), max_size=3
).map(b"\n".join)


def truncated(requests: list[dict[str, Any]], keep: float) -> bytes:
    commands = [
        msgspec.json.decode(json.dumps({"id": 5, **request}), type=Command) for request in requests
    ]
    frame = protobuf_codec.encode_frame(commands)
    return frame[: int(len(frame) * keep)]


protobuf_frames = st.builds(
    truncated, st.lists(requests, min_size=1, max_size=3), st.floats(0.0, 1.0)
)


async def receive(frame: bytes, wire: Any, *, connected: bool) -> None:
    with no_errors_logged():
        world = World(handlers=Handlers(rpc=lambda _: b"1"))
        await world.start()
        other = await world.connected("bob")
        await other.subscribe("a")
        client = await world.connected("ann", wire) if connected else world.open(wire)
        client.connection.receive(frame)
        await world.turn()
        assert client.code in {None, 3501, 3508}
        if client.code is None:
            assert client.connection.state in {State.CONNECTED, State.REFUSED}
        other.news()
        await world.publish("a", "fine")
        assert [one["data"] for one in other.pushes("pub")] == ["fine"]
        await world.end()


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=40), json_frames), st.booleans())
def test_any_bytes_on_a_json_wire_are_answered_or_end_it(frame: bytes, connected: bool):
    asyncio.run(receive(frame, JSON_WIRE, connected=connected))


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=40), protobuf_frames), st.booleans())
def test_any_bytes_on_a_protobuf_wire_are_answered_or_end_it(frame: bytes, connected: bool):
    asyncio.run(receive(frame, PROTOBUF_WIRE, connected=connected))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\n",
        b"{}\n\n{}",
        b"[]",
        b"null",
        b'{"id":"2"}',
        b'{"id":-1,"rpc":{}}',
        b'{"id":4294967296,"rpc":{}}',
        b'{"id":2,"subscribe":{"offset":18446744073709551616}}',
        b"[" * 5000,
        b'{"id":2,"rpc":{"data":' + b"[" * 5000,
        b'{"id":2,"unknown":{}}',
        b"\xff",
    ],
)
async def test_frames_that_are_refused(make_world: MakeWorld, frame: bytes):
    client = await (await make_world()).connected()
    client.connection.receive(frame)
    assert client.code == 3501


async def test_commands_before_the_bad_one_were_run(make_world: MakeWorld):
    client = await (await make_world()).connected()
    client.connection.receive(b'{"id":2,"presence":{"channel":"c"}}\nnonsense\n{"id":3,"rpc":{}}')
    assert [one["id"] for one in client.news()] == [2]
    assert client.code == 3501
