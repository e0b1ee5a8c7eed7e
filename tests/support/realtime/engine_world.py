"""A node with a clock that tests move, and clients whose wires they read."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from cadenza.protocol import json_codec, protobuf_codec
from cadenza.protocol.codes import Disconnect
from cadenza.protocol.messages import ABSENT, Command, Publication, Push, Reply
from cadenza.realtime import (
    Access,
    ChannelOptions,
    ChannelRules,
    ClientOptions,
    ConnectClaims,
    ConnectEvent,
    ConnectReply,
    Handlers,
    Namespace,
    Node,
    SubscribeClaims,
    TokenError,
    TokenInvalid,
    VirtualClock,
)
from cadenza.realtime.broker_memory import MemoryBroker
from cadenza.realtime.connection import Connection
from cadenza.realtime.duration import Duration
from cadenza.realtime.presence_memory import MemoryPresence
from cadenza.realtime.wire import JSON, PROTOBUF, Wire

JSON_WIRE = Wire("json", JSON, lambda messages: b"".join([m + b"\n" for m in messages]))
PROTOBUF_WIRE = Wire(
    "protobuf", PROTOBUF, lambda messages: b"".join([protobuf_codec.delimit(m) for m in messages])
)
UNI_WIRE = Wire(
    "uni-json", JSON, lambda messages: b"".join([m + b"\n" for m in messages]), unidirectional=True
)
TURNS = 40

OPEN = ChannelOptions(
    presence=True,
    join_leave=True,
    history_size=10,
    history_ttl=Duration(60),
    allow_positioning=True,
    allow_recovery=True,
    allowed_delta_types=("fossil",),
    allow_tags_filter=True,
    allow_subscribe_for_client=True,
    allow_publish_for_client=True,
    allow_presence_for_client=True,
    allow_history_for_client=True,
)
PLAIN = Namespace(name="plain", allow_subscribe_for_client=True, allow_publish_for_client=True)


def namespace(name: str, **changes: Any) -> Namespace:
    """``OPEN`` under a name, with changes."""
    return Namespace(name=name, **{**msgspec.structs.asdict(OPEN), **changes})


def open_rules(*namespaces: Namespace) -> ChannelRules:
    """Rules under which nearly everything is allowed, and ``plain:`` channels without extras."""
    return ChannelRules(without_namespace=OPEN, namespaces=(PLAIN, *namespaces))


class Transport:
    """Keeps what is written; says what was asked of it."""

    def __init__(self, wire: Wire, *, emulated: bool = False, frame_ping: bool = False) -> None:
        self.name = "test"
        self.wire = wire
        self.emulated = emulated
        self.frame_ping = frame_ping
        self.headers: Mapping[str, str] = {}
        self.written: list[bytes] = []
        self.writes = 0
        self.closed: Disconnect | None = None
        self.aborted = False
        self.reading = True
        self.on_write: Callable[[], None] | None = None

    def write(self, data: bytes) -> None:
        assert self.closed is None, "written after the close"
        assert data, "an empty write"
        self.writes += 1
        self.written.append(data)
        if self.on_write is not None:
            self.on_write()

    def close(self, disconnect: Disconnect) -> None:
        assert self.closed is None, "closed twice"
        self.closed = disconnect

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class FakeVerifier:
    """Knows tokens by heart, and what they claim or why they are refused."""

    def __init__(
        self,
        connections: dict[str, ConnectClaims | TokenError] | None = None,
        subscriptions: dict[str, SubscribeClaims | TokenError] | None = None,
    ) -> None:
        self.connections = connections or {}
        self.subscriptions = subscriptions or {}

    def connect(self, token: str, now: float) -> ConnectClaims:
        return _claims(self.connections, token)

    def subscribe(self, token: str, now: float) -> SubscribeClaims:
        return _claims(self.subscriptions, token)


def _claims(known: dict[str, Any], token: str) -> Any:
    claims = known.get(token, TokenInvalid("nobody made this token"))
    if isinstance(claims, TokenError):
        raise claims
    return claims


class Client:
    """One client's end of a connection."""

    def __init__(self, world: World, transport: Transport, connection: Connection) -> None:
        self.world = world
        self.transport = transport
        self.connection = connection
        self._read = 0
        self._next_id = 0

    def send(self, *commands: dict[str, Any]) -> None:
        """Send commands in one frame, without waiting for anything."""
        lines = [json.dumps(command).encode() for command in commands]
        if self.transport.wire.codec.format == "json":
            self.connection.receive(b"\n".join(lines))
            return
        parsed = [msgspec.json.decode(line, type=Command) for line in lines]
        self.connection.receive(protobuf_codec.encode_frame(parsed))

    async def ask(self, **request: Any) -> dict[str, Any]:
        """Send one command, and return its reply without the id."""
        self._next_id += 1
        command_id = self._next_id
        self.send({"id": command_id, **request})
        await self.world.turn()
        for place in range(self._read, len(self.messages)):
            found = self.messages[place]
            if found.get("id") == command_id:
                return {key: value for key, value in found.items() if key != "id"}
        raise AssertionError(f"no reply to {request}; closed: {self.transport.closed}")

    async def subscribe(self, channel: str, **request: Any) -> dict[str, Any]:
        """Subscribe, and return the result."""
        reply = await self.ask(subscribe={"channel": channel, **request})
        assert "subscribe" in reply, reply
        found: dict[str, Any] = reply["subscribe"]
        return found

    @property
    def replies(self) -> list[Reply]:
        """Everything that came, as messages."""
        frame = b"".join(self.transport.written)
        if not frame:
            return []
        if self.transport.wire.unidirectional:
            pushes = [msgspec.json.decode(line, type=Push) for line in frame.splitlines()]
            return [Reply(push=push) for push in pushes]
        if self.transport.wire.codec.format == "json":
            return list(json_codec.decode_replies(frame))
        return list(protobuf_codec.decode_replies(frame))

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Everything that came, as JSON."""
        if self.transport.wire.codec.format == "json":
            return [json.loads(line) for line in b"".join(self.transport.written).splitlines()]
        return [_as_json(reply) for reply in self.replies]

    def news(self) -> list[dict[str, Any]]:
        """What came since the last call."""
        found = self.messages[self._read :]
        self._read += len(found)
        return found

    def pushes(self, kind: str) -> list[dict[str, Any]]:
        """The news that are pushes of a kind (``pub``, ``join``, ...): their bodies."""
        return [one["push"][kind] for one in self.news() if "push" in one and kind in one["push"]]

    def publications(self, channel: str) -> list[Publication]:
        """All publications of a channel that were ever pushed, as messages."""
        return [
            reply.push.pub
            for reply in self.replies
            if reply.push is not None and reply.push.channel == channel and reply.push.pub
        ]

    @property
    def code(self) -> int | None:
        """Of the disconnect, if the server ended the connection."""
        return None if self.transport.closed is None else self.transport.closed.code


def _as_json(reply: Reply) -> dict[str, Any]:
    """A reply that came as Protobuf, for looking at; patches are no JSON, and left out."""
    result = reply.subscribe
    for publication in [] if result is None else result.publications:
        if publication.delta:
            publication.data = ABSENT
    if reply.push is not None and reply.push.pub is not None and reply.push.pub.delta:
        reply.push.pub.data = ABSENT
    shown: dict[str, Any] = json.loads(json_codec.encode_message(reply))
    return shown


def who_at_once(event: ConnectEvent) -> ConnectReply:
    """A client is who it says it is."""
    return ConnectReply(user=event.name)


@contextmanager
def no_errors_logged() -> Iterator[None]:
    """What the engine catches and logs is a failure here, unless a test's handler raised it."""
    logger, found = logging.getLogger("cadenza.realtime"), list[str]()
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: found.append(  # type: ignore[method-assign]  # a one-line handler
        f"{record.getMessage()}: {record.exc_info[1] if record.exc_info else None!r}"
    )
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
    assert [line for line in found if "on purpose" not in line] == []


class World:
    """A node and all around it."""

    def __init__(
        self,
        *,
        rules: ChannelRules | None = None,
        client: ClientOptions | None = None,
        verifier: FakeVerifier | None = None,
        handlers: Handlers | None = None,
        broker: Callable[..., Any] = MemoryBroker,
        presence: Callable[..., Any] = MemoryPresence,
        seed: int = 1,
        **node: Any,
    ) -> None:
        self.clock = VirtualClock()
        self.chance = random.Random(seed)
        self.broker = broker(self.clock, self.chance)
        self.presence = presence(self.clock)
        self.handlers = handlers or Handlers()
        if self.handlers.connect is None and verifier is None:
            self.handlers.connect = who_at_once
        self.node = Node(
            access=Access(rules or open_rules(), client or ClientOptions(), verifier),
            handlers=self.handlers,
            broker=self.broker,
            presence=self.presence,
            clock=self.clock,
            chance=self.chance,
            version="test",
            **node,
        )
        self.clients: list[Client] = []

    async def start(self) -> None:
        await self.node.start()

    async def turn(self) -> None:
        """Let everything happen that waits for nothing but its turn."""
        for _ in range(TURNS):
            self.clock.advance()
            await asyncio.sleep(0)
        self.clock.advance()

    async def advance(self, seconds: float) -> None:
        """Let time pass, in steps small enough for answers to come in between."""
        await self.turn()
        end = self.clock.monotonic() + seconds
        while (left := end - self.clock.monotonic()) > 0:
            self.clock.advance(min(left, 1.0))
            await self.turn_briefly()
        await self.turn()

    async def turn_briefly(self) -> None:
        for _ in range(4):
            await asyncio.sleep(0)
        self.clock.advance()

    def open(self, wire: Wire = JSON_WIRE, *, preset: Any = None, **transport: bool) -> Client:
        """Open a transport."""
        carrier = Transport(wire, **transport)
        client = Client(self, carrier, self.node.connect(carrier, preset))
        self.clients.append(client)
        return client

    async def connected(
        self, user: str = "ann", wire: Wire = JSON_WIRE, *, transport: Any = None, **connect: Any
    ) -> Client:
        """A client whose connect was answered."""
        client = self.open(wire, **(transport or {}))
        reply = await client.ask(connect={"name": user, **connect})
        assert "connect" in reply, reply
        client.news()
        return client

    async def publish(self, channel: str, data: object, **how: Any) -> None:
        """Publish JSON, and let it arrive."""
        raw = data if isinstance(data, bytes) else json.dumps(data).encode()
        task = asyncio.ensure_future(self.node.publish(channel, raw, **how))
        await self.turn()
        await task

    async def end(self) -> None:
        """Shut down, and check that nothing is left of anybody."""
        for client in self.clients:
            client.transport.on_write = None
        task = asyncio.ensure_future(self.node.shutdown())
        await self.turn()
        await task
        await self.turn()
        self.assert_empty()

    def assert_empty(self) -> None:
        """Nobody is left anywhere."""
        node, hub = self.node, self.node.hub
        assert not node.open_connections
        assert (hub.connections, hub.sessions, hub.users) == ({}, {}, {})
        assert hub.num_subscriptions == 0
        assert [channel for channel in hub.channels.values() if channel.subscriptions] == []
        assert [c.subscriptions for c in self.clients if c.connection.subscriptions] == []
        presence = getattr(self.presence, "memory", self.presence)
        assert presence._channels == {}
        assert len(node.slow_readers) == 0


MakeWorld = Callable[..., Awaitable[World]]
