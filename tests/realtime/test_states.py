"""Every state, and what each input does in it: the table, and a real connection."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from cadenza.protocol.messages import Command
from cadenza.realtime import Handlers, TokenExpired
from cadenza.realtime.states import MOVES, REQUESTS, Input, Move, State, classify
from support.realtime.engine_world import UNI_WIRE, Client, FakeVerifier, MakeWorld, World

CONNECT = {"id": 1, "connect": {"name": "ann"}}
SENT: dict[Input, dict[str, Any]] = {
    Input.CONNECT: CONNECT,
    Input.COMMAND: {"id": 9, "rpc": {"method": "m"}},
    Input.SEND: {"send": {"data": 1}},
    Input.PING: {"id": 9, "ping": {}},
    Input.PONG: {},
    Input.NOTHING: {"id": 9},
}


def test_every_state_and_input_has_a_row():
    assert set(MOVES) == {(state, given) for state in State for given in Input}


@pytest.mark.parametrize("given", list(Input))
def test_the_sent_commands_are_what_they_are_named(given: Input):
    command = msgspec.json.decode(json.dumps(SENT[given]), type=Command)
    assert classify(command)[0] is given


async def in_new(make_world: MakeWorld) -> Client:
    return (await hearing_world(make_world)).open()


async def in_connected(make_world: MakeWorld) -> Client:
    client = await (await hearing_world(make_world)).connected()
    await client.world.advance(25)
    assert {} in client.news()
    return client


async def in_refused(make_world: MakeWorld) -> Client:
    verifier = FakeVerifier({"old": TokenExpired("yesterday")})
    client = (await make_world(verifier=verifier)).open()
    reply = await client.ask(connect={"token": "old"})
    assert reply["error"]["code"] == 109
    client.news()
    return client


async def in_closed(make_world: MakeWorld) -> Client:
    client = await (await hearing_world(make_world)).connected()
    client.connection.lost()
    return client


async def hearing_world(make_world: MakeWorld) -> World:
    return await make_world(handlers=Handlers(rpc=lambda _: b'"answer"', message=lambda *_: None))


INTO: dict[State, Callable[[MakeWorld], Any]] = {
    State.NEW: in_new,
    State.CONNECTED: in_connected,
    State.REFUSED: in_refused,
    State.CLOSED: in_closed,
}


@pytest.mark.parametrize("given", list(Input))
@pytest.mark.parametrize("state", list(State))
async def test_a_connection_does_what_the_table_says(
    make_world: MakeWorld, state: State, given: Input
):
    client = await INTO[state](make_world)
    assert client.connection.state is state
    client.send(SENT[given])
    await client.world.turn()
    news, move = client.news(), MOVES[state, given]
    if move is Move.CLOSE or (move is Move.PING and given is Input.PING):
        assert (news, client.code) == ([], 3501)
        return
    assert client.code is None
    if move is Move.CONNECT:
        assert [one["id"] for one in news] == [1]
        assert client.connection.state is State.CONNECTED
    elif move is Move.RUN and given is Input.COMMAND:
        assert news == [{"id": 9, "rpc": {"data": "answer"}}]
    else:
        assert news == []
        assert client.connection.state is state


async def test_a_ping_beside_another_request_is_not_available(make_world: MakeWorld):
    client = await in_connected(make_world)
    reply = await client.ask(ping={}, rpc={})
    assert reply == {"error": {"code": 108, "message": "not available"}}


@pytest.mark.parametrize("request_name", [name for name in REQUESTS if name != "send"])
async def test_a_request_without_id_is_a_pong(make_world: MakeWorld, request_name: str):
    """Unasked here, so it ends the connection."""
    client = await (await make_world()).connected()
    client.send({request_name: {"channel": "c"}})
    assert client.code == 3501


async def test_the_first_request_in_the_servers_order_is_taken(make_world: MakeWorld):
    client = await (await make_world()).connected()
    reply = await client.ask(history={"channel": "c"}, subscribe={"channel": "c"})
    assert list(reply) == ["subscribe"]


async def test_a_refused_connection_ends_as_stale(make_world: MakeWorld):
    client = await in_refused(make_world)
    client.connection.receive(b"not even JSON")
    await client.world.advance(11)
    assert client.code == 3502


async def test_a_new_connection_ends_as_stale(make_world: MakeWorld):
    client = (await make_world()).open()
    await client.world.advance(9)
    assert client.code is None
    await client.world.advance(2)
    assert client.code == 3502


@pytest.mark.parametrize("connect_id", [0, None])
async def test_connect_needs_an_id(make_world: MakeWorld, connect_id: int | None):
    client = (await make_world()).open()
    client.send({"connect": {}} if connect_id is None else {"id": 0, "connect": {}})
    assert client.code == 3501


async def test_a_connect_whose_handler_fails_is_refused(make_world: MakeWorld):
    """With error 100; nothing more is read then."""

    def fail(_: object) -> None:
        raise RuntimeError("broken")

    world = await make_world(handlers=Handlers(connect=fail))
    client = world.open()
    reply = await client.ask(connect={})
    assert reply["error"] == {"code": 100, "message": "internal server error", "temporary": True}
    assert client.connection.state is State.REFUSED
    streaming = world.open(UNI_WIRE)
    streaming.send({"id": 1, "connect": {}})
    assert streaming.code == 3004
