"""The engine as a library: handlers that decide, wait, refuse and fail."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cadenza.protocol import codes
from cadenza.realtime import (
    ChannelOptions,
    ClientOptions,
    CommandError,
    ConnectClaims,
    ConnectEvent,
    ConnectReply,
    Disconnect,
    Disconnected,
    ErrorCode,
    Handlers,
    Node,
    PublishEvent,
    PublishReply,
    RefreshEvent,
    RPCEvent,
    SubscribeEvent,
    SubscribeReply,
    SubscriptionGrant,
    TokenExpired,
    VirtualClock,
)
from cadenza.realtime.duration import Duration
from cadenza.realtime.options import PersonalChannel
from support.realtime.engine_world import UNI_WIRE, FakeVerifier, MakeWorld, namespace, open_rules

MINE = ErrorCode(444, "mine")
OUT = Disconnect(4501, "out")


async def test_a_node_lives_on_its_own_loop():
    """With the real clock, and all defaults."""
    node = Node()
    await node.start()
    assert (await node.publish("news", b"1")).position.offset == 0
    assert (await node.admin.survey())[0].info.num_clients == 0
    await node.shutdown()
    await node.shutdown()


@pytest.mark.parametrize("waiting", [False, True])
async def test_rpc_handlers_may_wait(make_world: MakeWorld, waiting: bool):
    async def later(event: RPCEvent) -> bytes:
        await asyncio.sleep(0)
        return now(event)

    def now(event: RPCEvent) -> bytes:
        return b'{"method":"%s","data":%s}' % (event.method.encode(), event.data)

    world = await make_world(handlers=Handlers(rpc=later if waiting else now))
    client = await world.connected()
    reply = await client.ask(rpc={"method": "m", "data": [1]})
    assert reply == {"rpc": {"data": {"method": "m", "data": [1]}}}


async def test_a_call_that_returns_a_future_lets_the_next_commands_in(make_world: MakeWorld):
    """Answers come as they are ready; beyond ``concurrency`` the next command waits."""
    asked: dict[str, asyncio.Future[bytes]] = {}

    def decided(event: RPCEvent) -> asyncio.Future[bytes]:
        asked[event.method] = asyncio.get_running_loop().create_future()
        return asked[event.method]

    world = await make_world(client=ClientOptions(concurrency=2), handlers=Handlers(rpc=decided))
    client = await world.connected()
    for number, method in enumerate("abcd", start=100):
        client.send({"id": number, "rpc": {"method": method}})
    await world.turn()
    assert list(asked) == ["a", "b", "c"], "c waits before it is answered, d behind it"
    asked["b"].set_result(b"2")
    asked["a"].set_exception(CommandError(MINE))
    await world.turn()
    assert "d" not in asked, "c was beyond the limit, so everything behind it waits"
    asked["c"].set_result(b"3")
    await world.turn()
    asked["d"].set_exception(KeyError("on purpose"))
    await world.turn()
    answers = {m["id"]: m for m in client.messages if m.get("id", 0) >= 100}
    assert list(answers) == [101, 100, 102, 103]
    assert answers[101]["rpc"] == {"data": 2}
    assert answers[100]["error"]["code"] == 444
    assert answers[103]["error"]["code"] == 100


async def test_a_call_that_is_answered_after_the_end_tells_nobody(make_world: MakeWorld):
    """The connection is gone; the decision stands all the same."""
    waiting: list[asyncio.Future[bytes]] = []

    def decided(_: RPCEvent) -> asyncio.Future[bytes]:
        waiting.append(asyncio.get_running_loop().create_future())
        return waiting[0]

    world = await make_world(handlers=Handlers(rpc=decided))
    client = await world.connected()
    client.send({"id": 9, "rpc": {"method": "m"}})
    client.connection.lost()
    waiting[0].set_result(b"1")
    await world.turn()
    assert [m for m in client.messages if m.get("id") == 9] == []


@pytest.mark.parametrize("waiting", [False, True])
@pytest.mark.parametrize(
    ("raised", "answer"),
    [
        (CommandError(MINE), {"code": 444, "message": "mine"}),
        (CommandError(codes.TOO_MANY_REQUESTS), 111),
        (Disconnected(OUT), 4501),
        (KeyError("x"), 100),
    ],
)
@pytest.mark.parametrize("command", ["rpc", "publish", "subscribe", "connect"])
async def test_handlers_refuse(
    make_world: MakeWorld, waiting: bool, raised: Exception, answer: Any, command: str
):
    """With errors and codes of their own; what else they raise is error 100."""

    async def later(_: object) -> None:
        await asyncio.sleep(0)
        raise raised

    def now(_: object) -> None:
        raise raised

    world = await make_world(handlers=Handlers(**{command: later if waiting else now}))
    client = world.open() if command == "connect" else await world.connected()
    client.send({"id": 7, command: {"channel": "c", "data": 1}})
    await world.turn()
    if isinstance(raised, Disconnected):
        assert (client.news(), client.transport.closed) == ([], OUT)
        return
    (reply,) = client.news()
    found = reply["error"] if isinstance(answer, dict) else reply["error"]["code"]
    assert (reply["id"], found) == (7, answer)
    assert client.code is None


async def test_a_slow_handler_keeps_the_order_of_its_connection_only(make_world: MakeWorld):
    gate = asyncio.Event()

    async def rpc(event: RPCEvent) -> bytes:
        if event.method == "slow":
            await gate.wait()
        return b"1"

    world = await make_world(handlers=Handlers(rpc=rpc))
    slow, other = await world.connected(), await world.connected("bob")
    slow.send({"id": 2, "rpc": {"method": "slow"}}, {"id": 3, "rpc": {}})
    slow.send({"id": 4, "rpc": {}})
    await world.turn()
    assert "rpc" in await other.ask(rpc={})
    assert slow.news() == []
    gate.set()
    await world.turn()
    assert [one["id"] for one in slow.news()] == [2, 3, 4]


async def test_the_application_decides_on_subscriptions(make_world: MakeWorld):
    """Also for channels whose namespace is not configured, with options that it brings."""
    seen: list[SubscribeEvent] = []

    def subscribe(event: SubscribeEvent) -> SubscribeReply | None:
        seen.append(event)
        if event.channel == "own:c":
            options = ChannelOptions(presence=True, history_size=1, history_ttl=Duration(9))
            return SubscribeReply(grant=SubscriptionGrant(data=b"[1]"), options=options)
        return None

    world = await make_world(handlers=Handlers(subscribe=subscribe))
    client = await world.connected()
    assert (await client.subscribe("own:c", data={"a": 1}))["data"] == [1]
    assert seen[0].options is None
    assert seen[0].data == b'{"a": 1}'
    assert (await client.ask(subscribe={"channel": "other:c"}))["error"]["code"] == 102
    await client.subscribe("c")
    assert seen[-1].options is not None


async def test_the_application_may_change_what_is_published(make_world: MakeWorld):
    def publish(event: PublishEvent) -> PublishReply:
        return PublishReply(data=b'{"was":%s}' % event.data)

    world = await make_world(handlers=Handlers(publish=publish), rules=open_rules())
    client = await world.connected()
    await client.subscribe("c")
    client.news()
    await client.ask(publish={"channel": "c", "data": 1})
    (found,) = client.pushes("pub")
    assert found["data"] == {"was": 1}
    assert found["info"] == {"user": "ann", "client": client.connection.client}


async def test_messages_are_heard_without_an_answer(make_world: MakeWorld):
    heard: list[bytes] = []
    world = await make_world(handlers=Handlers(message=lambda _, data: heard.append(data)))
    client = await world.connected()
    client.send({"send": {"data": {"a": 1}}})
    assert heard == [b'{"a": 1}']
    assert client.news() == []


async def test_without_a_handler_there_are_no_messages_and_no_methods(make_world: MakeWorld):
    client = await (await make_world()).connected()
    assert (await client.ask(rpc={"method": "m"}))["error"]["code"] == 108
    client.send({"send": {"data": 1}})
    assert client.code == 3508


async def test_the_built_in_ping_method(make_world: MakeWorld):
    client = await (await make_world(ping_method="ping")).connected()
    assert await client.ask(rpc={"method": "ping"}) == {"rpc": {}}
    assert (await client.ask(rpc={"method": "pong"}))["error"]["code"] == 104


async def test_the_events_of_a_connection(make_world: MakeWorld):
    events: list[Any] = []
    handlers = Handlers(
        connected=lambda connection: events.append(("connected", connection.user)),
        unsubscribed=lambda connection, channel, end: events.append((channel, end.code)),
        disconnected=lambda connection, end: events.append(("disconnected", end.code)),
    )
    world = await make_world(handlers=handlers)
    client = await world.connected()
    await client.subscribe("a")
    await client.subscribe("b")
    await client.ask(unsubscribe={"channel": "a"})
    client.connection.lost()
    stranger = world.open()
    stranger.connection.lost()
    assert events == [("connected", "ann"), ("a", 0), ("b", 1), ("disconnected", 3000)]


async def test_connect_shows_what_the_client_said(make_world: MakeWorld):
    seen: list[ConnectEvent] = []

    def connect(event: ConnectEvent) -> ConnectReply:
        seen.append(event)
        return ConnectReply(user="ann", data=b'"hello"', expire_at=0)

    world = await make_world(handlers=Handlers(connect=connect))
    client = world.open(emulated=True)
    request = {"token": "t", "data": [1], "name": "n", "version": "v", "headers": {"h": "x"}}
    result = (await client.ask(connect=request))["connect"]
    (event,) = seen
    assert (event.token, event.data, event.name, event.version) == ("t", b"[1]", "n", "v")
    assert event.headers == {"h": "x"}
    assert result["data"] == "hello"
    assert result["session"] == client.connection.session
    assert result["node"] == world.node.uid


async def test_a_refresh_handler_comes_before_tokens(make_world: MakeWorld):
    now = int(VirtualClock().time())

    def refresh(event: RefreshEvent) -> ConnectReply:
        return ConnectReply(user="ann", expire_at=now + 50)

    world = await make_world(handlers=Handlers(refresh=refresh))
    client = await world.connected()
    reply = await client.ask(refresh={"token": "anything"})
    assert reply == {"refresh": {"expires": True, "ttl": 50}}


@pytest.mark.parametrize(
    ("options", "token", "outcome"),
    [
        ({}, "", 3501),
        ({"allow_anonymous_connect_without_token": True}, "", ""),
        ({"insecure": True}, "", ""),
        ({}, "ann", "ann"),
        ({}, "nobody", ""),
        ({"disallow_anonymous_connection_tokens": True}, "nobody", 3507),
        ({}, "forged", 3500),
        ({"insecure": True}, "forged", 3500),
        ({}, "old", 109),
        ({}, "unknown namespace", 102),
        ({"channel_limit": 1}, "many", 3505),
    ],
)
async def test_who_may_connect(
    make_world: MakeWorld, options: dict[str, Any], token: str, outcome: int | str
):
    """Section 3.2, for replies and for unidirectional clients (5.4)."""
    verifier = FakeVerifier(
        {
            "ann": ConnectClaims(user="ann"),
            "nobody": ConnectClaims(),
            "old": TokenExpired("x"),
            "unknown namespace": ConnectClaims(subs={"none:c": SubscriptionGrant()}),
            "many": ConnectClaims(subs={"a": SubscriptionGrant(), "b": SubscriptionGrant()}),
        }
    )
    world = await make_world(client=ClientOptions(**options), verifier=verifier)
    client, streaming = world.open(), world.open(UNI_WIRE)
    for one in (client, streaming):
        one.send({"id": 1, "connect": {"token": token}})
    await world.turn()
    if isinstance(outcome, str):
        assert client.news()[0]["connect"]["client"] == client.connection.client
        assert client.connection.user == outcome
        assert "connect" in streaming.news()[0]
    elif outcome < 3000:
        assert client.news()[0]["error"]["code"] == outcome
        assert streaming.code == {109: 3005}.get(outcome, 3004)
    else:
        assert client.code == streaming.code == outcome


async def test_without_a_verifier_no_token_is_good(make_world: MakeWorld):
    world = await make_world(handlers=Handlers(connect=lambda _: None))
    client = world.open()
    client.send({"id": 1, "connect": {"token": "x"}})
    assert client.code == 3500


async def test_the_connections_of_a_user_are_limited(make_world: MakeWorld):
    world = await make_world(client=ClientOptions(user_connection_limit=2))
    first, _ = await world.connected(), await world.connected()
    third = world.open()
    third.send({"id": 1, "connect": {"name": "ann"}})
    assert third.code == 3504
    for _ in range(3):
        await world.connected("")
    first.connection.lost()
    await world.connected()
    await world.connected("bob")


async def test_a_users_new_connection_takes_over(make_world: MakeWorld):
    personal = PersonalChannel(
        enabled=True, personal_channel_namespace="me", single_connection=True
    )
    world = await make_world(
        client=ClientOptions(subscribe_to_user_personal_channel=personal),
        rules=open_rules(namespace("me")),
    )
    first, other = await world.connected(), await world.connected("bob")
    second = await world.connected()
    assert (first.code, second.code, other.code) == (3504, None, None)
    assert list(second.connection.subscriptions) == ["me:#ann"]
    await world.publish("me:#ann", 1)
    assert [one["data"] for one in second.pushes("pub")] == [1]


async def test_a_client_may_only_name_channels_that_it_may_have(make_world: MakeWorld):
    """In connect's ``subs``: attempts that fail are left out, an unknown namespace is not."""
    world = await make_world(rules=open_rules(namespace("no", allow_subscribe_for_client=False)))
    client = world.open()
    asked: dict[str, Any] = {"c": {}, "$private": {}, "no:c": {}, "é": {}}
    result = (await client.ask(connect={"name": "ann", "subs": asked}))["connect"]
    assert list(result["subs"]) == ["c"]
    bad = world.open()
    bad.send({"id": 1, "connect": {"subs": {"none:c": {}}}})
    assert bad.code == 3501


async def test_server_side_subscriptions_recover_in_the_connect_result(make_any_world: MakeWorld):
    grants = {"r:c": SubscriptionGrant(), "p:c": SubscriptionGrant()}
    world = await make_any_world(
        handlers=Handlers(connect=lambda event: ConnectReply(user=event.name, subs=grants)),
        rules=open_rules(namespace("r", force_recovery=True), namespace("p")),
    )
    client = world.open()
    first = (await client.ask(connect={"name": "ann"}))["connect"]["subs"]
    assert first["p:c"] == {}
    assert first["r:c"]["recoverable"]
    client.connection.lost()
    for number in (1, 2):
        await world.publish("r:c", number)
    again = world.open()
    position = {"recover": True, "offset": 0, "epoch": first["r:c"]["epoch"]}
    reply = await again.ask(connect={"name": "ann", "subs": {"r:c": position}})
    result = reply["connect"]["subs"]["r:c"]
    assert result["recovered"]
    assert [found["data"] for found in result["publications"]] == [1, 2]
    await world.publish("r:c", 3)
    assert [one["data"] for one in again.pushes("pub")] == [3]
