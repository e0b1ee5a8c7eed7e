"""Whatever clients, applications and transports do: nothing raises, nothing is left behind."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.protocol import codes
from cadenza.realtime import (
    ClientOptions,
    ConnectReply,
    Handlers,
    RPCEvent,
    SubscriptionGrant,
)
from cadenza.realtime.controller import (
    DisconnectUser,
    RefreshUser,
    SubscribeUser,
    Target,
    UnsubscribeUser,
)
from cadenza.realtime.states import State
from support.realtime.engine_world import (
    JSON_WIRE,
    PROTOBUF_WIRE,
    Client,
    FakeVerifier,
    World,
    namespace,
    no_errors_logged,
    open_rules,
)
from support.realtime.slow_services import AsyncBroker, AsyncPresence

USERS = ("ann", "bob", "")
CHANNELS = ("a", "b", "cache:c", "f:d", "$x", "none:x", "")
GATES = ("subscribe", "history", "history_answer", "publish_join", "publish_leave")
ASYNC: dict[str, Any] = {"broker": AsyncBroker, "presence": AsyncPresence}

channels = st.sampled_from(CHANNELS)
position = st.fixed_dictionaries({"offset": st.integers(0, 4), "epoch": st.sampled_from(["", "x"])})
subscribe = st.fixed_dictionaries(
    {"channel": channels},
    optional={
        "positioned": st.booleans(),
        "recoverable": st.booleans(),
        "recover": st.booleans(),
        "offset": st.integers(0, 4),
        "epoch": st.sampled_from(["", "x"]),
        "join_leave": st.booleans(),
        "joinLeave": st.booleans(),
        "delta": st.sampled_from(["", "fossil", "fossil", "y"]),
        "tf": st.just({"key": "k", "cmp": "eq", "val": "1"}),
        "flag": st.sampled_from([0, 1, 2, 3]),
        "token": st.sampled_from(["", "", "x"]),
    },
)
with_channel = st.fixed_dictionaries({"channel": channels})
requests = st.one_of(
    st.builds(lambda value: {"subscribe": value}, subscribe),
    st.builds(lambda value: {"subscribe": value}, subscribe),
    st.builds(lambda value: {"unsubscribe": value}, with_channel),
    st.builds(lambda value: {"presence": value}, with_channel),
    st.builds(lambda value: {"presence_stats": value}, with_channel),
    st.builds(lambda value: {"presenceStats": value}, with_channel),
    st.builds(
        lambda channel, data: {"publish": {"channel": channel, "data": data}},
        channels,
        st.integers(0, 9),
    ),
    st.builds(
        lambda channel, since, limit, reverse: {
            "history": {"channel": channel, "since": since, "limit": limit, "reverse": reverse}
        },
        channels,
        position,
        st.integers(-1, 4),
        st.booleans(),
    ),
    st.sampled_from(
        [
            {"rpc": {"method": "now"}},
            {"rpc": {"method": "later"}},
            {"rpc": {"method": "fail"}},
            {"rpc": {"method": "binary"}},
            {"send": {"data": 1}},
            {"ping": {}},
            {"refresh": {"token": "x"}},
            {"sub_refresh": {"channel": "a", "token": "x"}},
            {"subRefresh": {"channel": "a"}},
            {"connect": {}},
            {},
        ]
    ),
)
at = st.integers(0, 2)
steps = st.lists(
    st.one_of(
        *[st.tuples(st.just("command"), at, requests)] * 6,
        st.tuples(st.just("open"), at, st.booleans()),
        st.tuples(st.just("lost"), at, st.none()),
        st.tuples(st.just("pause"), at, st.none()),
        st.tuples(st.just("resume"), at, st.none()),
        st.tuples(st.just("publish"), at, st.tuples(channels, st.booleans())),
        st.tuples(st.just("server"), at, st.tuples(st.sampled_from("surde"), channels)),
        st.tuples(st.just("gate"), at, st.sampled_from(GATES)),
        st.tuples(st.just("lose"), at, st.none()),
        st.tuples(st.just("time"), at, st.sampled_from([0.5, 3.0, 30.0])),
        st.tuples(st.just("turn"), at, st.none()),
    ),
    max_size=40,
)


async def rpc(event: RPCEvent) -> bytes:
    if event.method == "later":
        await asyncio.sleep(0)
    if event.method == "fail":
        raise KeyError("on purpose")
    return b"\xff" if event.method == "binary" else b"1"


class Play:
    """Three places for clients, and what is done to them."""

    def __init__(self, **services: Any) -> None:
        grants = {"ann": {"s": SubscriptionGrant()}, "bob": {}, "": {}}
        handlers = Handlers(
            connect=lambda event: ConnectReply(
                user=event.name, info=b'{"i":1}', subs=grants.get(event.name, {})
            ),
            rpc=rpc,
            snapshot=lambda channel: (lambda: b'"state"') if channel == "b" else None,
        )
        rules = open_rules(
            namespace("f", force_recovery=True, force_push_join_leave=True, history_size=2),
            namespace("cache", force_recovery_mode="cache", auto_cache_recover=True),
        )
        self.world = World(
            rules=rules,
            handlers=handlers,
            verifier=FakeVerifier(),
            client=ClientOptions(queue_max_size=2000, channel_limit=3),
            **services,
        )
        self.places: list[Client | None] = [None, None, None]
        self.sent: dict[int, list[int]] = {}
        self.next_id = 0

    def open(self, place: int, binary: bool) -> None:
        client = self.places[place]
        if client is None or not client.connection.is_open:
            client = self.world.open(PROTOBUF_WIRE if binary else JSON_WIRE, emulated=place == 1)
            self.places[place] = client
        self.send(client, {"connect": {"name": USERS[place], "subs": {"a": {"recover": True}}}})

    def send(self, client: Client, request: dict[str, Any]) -> None:
        self.next_id += 1
        self.sent.setdefault(id(client), []).append(self.next_id)
        client.send({"id": self.next_id, **request})

    async def do(self, step: str, place: int, value: Any) -> None:
        client, node = self.places[place], self.world.node
        target = Target(user=USERS[place])
        if step == "open":
            self.open(place, value)
        elif step == "turn":
            await self.world.turn()
        elif step == "time":
            await self.world.advance(value)
        elif step == "publish":
            channel, skip = value
            node.in_background(self.publish(channel, skip))
        elif step == "server":
            await self.order(target, *value)
        elif step == "gate" and isinstance(self.world.broker, AsyncBroker):
            gates = self.world.broker.gates
            if value in gates._gates:
                gates.open(value)
            else:
                gates.shut(value)
        elif step == "lose" and isinstance(self.world.broker, AsyncBroker):
            self.world.broker.line.lose = 1
        elif client is not None:
            self.to_client(client, step, value)

    def to_client(self, client: Client, step: str, value: Any) -> None:
        if step == "command":
            if client.connection.state is not State.CLOSED:
                self.send(client, value)
        elif step == "lost":
            client.connection.lost()
        elif step == "pause":
            client.connection.pause_writing()
        elif step == "resume":
            client.connection.resume_writing()

    async def publish(self, channel: str, skip: bool) -> None:
        if self.world.node.access.find_options(channel) is None or not channel:
            return
        await self.world.node.publish(
            channel, b'{"x":1}' * 1, delta=True, skip_history=skip, tags={"k": "1"}
        )

    async def order(self, target: Target, kind: str, channel: str) -> None:
        admin = self.world.node.admin
        if not channel or channel == "none:x":
            return
        if kind == "s":
            await admin.subscribe(SubscribeUser(target=target, channel=channel))
        elif kind == "u":
            await admin.unsubscribe(UnsubscribeUser(target=target, channel=channel))
        elif kind == "r":
            now = int(self.world.clock.time())
            await admin.refresh(RefreshUser(target=target, expire_at=now + 20))
        elif kind == "d":
            await admin.disconnect(DisconnectUser(target=target, disconnect=codes.FORCE_RECONNECT))

    def check(self) -> None:
        """What must hold at any moment."""
        hub = self.world.node.hub
        connections = [client.connection for client in self.world.clients]
        held = sum(len(connection.subscriptions) for connection in connections)
        assert hub.num_subscriptions == held
        assert sum(len(channel.subscriptions) for channel in hub.channels.values()) == held
        for connection in connections:
            if not connection.is_open:
                assert connection.subscriptions == {}
                assert connection.client not in hub.connections
        for name, channel in hub.channels.items():
            for connection, subscription in channel.subscriptions.items():
                assert connection.subscriptions[name] is subscription
            members = [one for group in channel._groups.values() for one in group.members]
            assert len(members) == len(set(members))
            placed = {*members, *channel._singles, *channel._waiting}
            assert placed <= set(channel.subscriptions)
            assert not set(members) & set(channel._singles)
            for group in channel._listeners.values():
                assert set(group.members) <= set(channel.subscriptions)

    async def finish(self) -> None:
        broker = self.world.broker
        if isinstance(broker, AsyncBroker):
            for gate in list(broker.gates._gates):
                broker.gates.open(gate)
        await self.world.turn()
        self.check()
        presence = getattr(self.world.presence, "memory", self.world.presence)
        for name, clients in presence._channels.items():
            for client in clients:
                assert name in self.world.node.hub.connections[client].subscriptions
        for client in self.world.clients:
            answered = [reply.id for reply in client.replies if reply.id]
            wanted = self.sent.get(id(client), [])
            assert answered == [one for one in wanted if one in answered]
            assert len(answered) == len(set(answered))
        await self.world.end()
        await self.world.advance(2)
        assert len(self.world.node.timers) == 0


async def play(script: list[tuple[str, int, Any]], **services: Any) -> None:
    with no_errors_logged():
        game = Play(**services)
        await game.world.start()
        for place in range(3):
            game.open(place, binary=place == 2)
        await game.world.turn()
        for step, place, value in script:
            await game.do(step, place, value)
            game.check()
        await game.finish()


@settings(max_examples=120, deadline=None)
@given(steps)
def test_any_sequence_ends_in_nothing(script: list[tuple[str, int, Any]]):
    asyncio.run(play(script))


@settings(max_examples=120, deadline=None)
@given(steps)
def test_any_sequence_with_slow_services_ends_in_nothing(script: list[tuple[str, int, Any]]):
    asyncio.run(play(script, **ASYNC))
