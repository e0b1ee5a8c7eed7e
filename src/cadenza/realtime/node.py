"""A node: the engine as an object that a program embeds.

::

    node = Node(handlers=Handlers(connect=who_is_it))
    await node.start()
    await node.publish("news", b'{"text":"hello"}')
"""

from __future__ import annotations

import asyncio
import logging
import random
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from typing import Final, ParamSpec

import msgspec

from cadenza.clock import Clock, LoopClock
from cadenza.protocol import codes
from cadenza.protocol.codes import Disconnect, ErrorCode, Unsubscribe
from cadenza.protocol.messages import ClientInfo, Publication, payload
from cadenza.realtime import eager
from cadenza.realtime.access import Access
from cadenza.realtime.admin import Admin
from cadenza.realtime.broker import Broker, Delivery, PublishOptions, PublishResult
from cadenza.realtime.broker_memory import MemoryBroker
from cadenza.realtime.claims import ConnectClaims, TokenError
from cadenza.realtime.commands import COMMANDS
from cadenza.realtime.connection import Connection, unsubscribe_push
from cadenza.realtime.controller import Controller, LocalController
from cadenza.realtime.eager import MaybeAwaitable, settle
from cadenza.realtime.handlers import Handlers
from cadenza.realtime.hub import Hub
from cadenza.realtime.membership import Membership
from cadenza.realtime.options import ChannelOptions, ChannelRules, ClientOptions
from cadenza.realtime.outbox import Outbox
from cadenza.realtime.presence import Presence
from cadenza.realtime.presence_memory import MemoryPresence
from cadenza.realtime.slow_readers import SlowReaders
from cadenza.realtime.stream import StreamPosition
from cadenza.realtime.subscription import Subscription
from cadenza.realtime.timers import Timers
from cadenza.realtime.transport import Transport

logger: Final = logging.getLogger("cadenza.realtime")

P = ParamSpec("P")

GOODBYE_SECONDS: Final = 5.0
"""How long a shutdown waits for what is left to be told to broker and presence."""

PUBLISH_OPTIONS_KEPT: Final = 1024
"""Distinct channel options that are remembered; an application may make them up as it goes."""


class Node:
    """Connections, channels and streams of one process.

    Args:
        rules: Channel options and namespaces.
        client: Limits and timers of connections.
        access: Rules and tokens together; made from ``rules`` and ``client`` by default.
        handlers: The application's decisions; they come before the rules. ``handle`` gives them
            later, to programs whose decisions need the node.
        broker: Publications and streams; in memory by default.
        presence: Keeps the clients of each channel; in memory by default.
        controller: Reaches the other nodes; by default there are none.
        clock: The time.
        chance: Random numbers: of ids (so it must not be guessable outside of tests) and delays.
        name: Of the node, for people.
        version: The version in connect results.
        ping_method: Method name of the built-in RPC ping; empty: there is none.
        unidirectional_disconnects: Disconnects that unidirectional clients get in place of errors,
            by the error's code, where they are not the protocol's usual ones.
        fault_counts: A program's own counter of the faults that it injects, for the metrics.

    Attributes:
        unhealthy: Why health checks should fail, for programs to set; empty: they should not.
        fault_counts: How often faults that a program injects have hit, by kind.
    """

    def __init__(
        self,
        *,
        rules: ChannelRules | None = None,
        client: ClientOptions | None = None,
        access: Access | None = None,
        handlers: Handlers | None = None,
        broker: Broker | None = None,
        presence: Presence | None = None,
        controller: Controller | None = None,
        clock: Clock | None = None,
        chance: random.Random | None = None,
        name: str = "cadenza",
        version: str = "",
        ping_method: str = "",
        unidirectional_disconnects: Mapping[int, Disconnect] | None = None,
        fault_counts: Counter[str] | None = None,
    ) -> None:
        self.clock: Final = clock or LoopClock()
        self.chance: Final = chance or random.SystemRandom()
        self.access: Final = access or Access(rules or ChannelRules(), client or ClientOptions())
        self.client_options: Final = self.access.client
        self.handlers = handlers or Handlers()
        self.broker: Final = broker or MemoryBroker(self.clock, self.chance)
        self.presence: Final = presence or MemoryPresence(self.clock)
        self.name = name
        self.version = version
        self.ping_method = ping_method
        self.unidirectional_disconnects: Final = dict(unidirectional_disconnects or {})
        self.uid: Final = self.new_id()
        self.timers: Final = Timers(self.clock)
        self.outbox: Final = Outbox(self.clock)
        self.hub: Final = Hub(self.outbox)
        self.slow_readers: Final = SlowReaders(self)
        self.commands: Final = COMMANDS
        self.membership: Final = Membership(self)
        self.admin: Final = Admin(self, controller or LocalController())
        self._publish_options: dict[int, tuple[ChannelOptions, PublishOptions]] = {}
        self.command_counts: Counter[str] = Counter()
        self.error_counts: Counter[int] = Counter()
        self.disconnect_counts: Counter[int] = Counter()
        self.fault_counts: Final[Counter[str]] = Counter() if fault_counts is None else fault_counts
        self.open_connections: set[Connection] = set()
        self._background: set[asyncio.Task[None]] = set()
        self.started_at = 0.0
        self._has_started = False
        self.closing = False
        self.unhealthy = ""

    # Life.

    def handle(self, handlers: Handlers) -> None:
        """Take the application's decisions from these handlers; before ``start`` only.

        Raises:
            RuntimeError: The node has started.
        """
        if self._has_started:
            raise RuntimeError("handlers are given before the node starts")
        self.handlers = handlers

    async def start(self) -> None:
        """Begin. Call it once, before the first connection."""
        self._has_started = True
        self.started_at = self.clock.monotonic()
        await settle(self.broker.start(self))
        await settle(self.admin.start())

    async def shutdown(self) -> None:
        """Disconnect everybody with 3001, which makes clients reconnect, and stop. Idempotent."""
        self.closing = True
        for connection in list(self.open_connections):
            connection.disconnect(codes.SHUTDOWN)
        self.outbox.flush()
        if self._background:  # presence to remove, leaves to publish
            await asyncio.wait(self._background, timeout=GOODBYE_SECONDS)
        self.timers.close()
        await settle(self.broker.close())
        await settle(self.admin.close())

    def connect(self, transport: Transport, preset: ConnectClaims | None = None) -> Connection:
        """A transport was opened. ``preset``: claims of a token that it verified already."""
        connection = Connection(self, transport, preset)
        self.open_connections.add(connection)
        return connection

    def new_id(self) -> str:
        """A random UUID, version 4."""
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    # Publishing.

    async def publish(
        self,
        channel: str,
        data: bytes,
        *,
        tags: dict[str, str] | None = None,
        info: ClientInfo | None = None,
        options: ChannelOptions | None = None,
        skip_history: bool = False,
        idempotency_key: str = "",
        delta: bool = False,
        version: int = 0,
        version_epoch: str = "",
    ) -> PublishResult:
        """Publish payload bytes to a channel, which need not have subscribers.

        Args:
            channel: Its name.
            data: The payload; JSON unless all subscribers speak Protobuf.
            tags: For subscribers with a tags filter.
            info: The publishing client, if it is one.
            options: Other options than the channel's.
            skip_history: Deliver, but do not store.
            idempotency_key: A repeat within 5 minutes publishes nothing.
            delta: Subscribers may get a delta to the publication before.
            version: Skip what is not newer than the newest version seen.
            version_epoch: Versions of different epochs are not compared.

        Raises:
            CommandError: 102, the channel's namespace is not configured.
        """
        return await settle(
            self.publish_to(
                channel,
                data,
                options=options or self.access.options(channel),
                info=info,
                tags=tags,
                skip_history=skip_history,
                idempotency_key=idempotency_key,
                delta=delta,
                version=version,
                version_epoch=version_epoch,
            )
        )

    def publish_to(
        self,
        channel: str,
        data: bytes,
        *,
        options: ChannelOptions,
        info: ClientInfo | None = None,
        tags: dict[str, str] | None = None,
        skip_history: bool = False,
        idempotency_key: str = "",
        delta: bool = False,
        version: int = 0,
        version_epoch: str = "",
    ) -> MaybeAwaitable[PublishResult]:
        """Like ``publish``, at once where the broker can."""
        publication = Publication(data=payload(data), info=info)
        if tags:
            publication.tags = tags
        if version:
            publication.version = version
        how = self._usual_options(options)
        if skip_history or idempotency_key or delta or version:
            how = msgspec.structs.replace(
                how,
                history_size=0 if skip_history else how.history_size,
                idempotency_key=idempotency_key,
                version=version,
                version_epoch=version_epoch,
                delta=delta or how.delta,
            )
        return self.broker.publish(channel, publication, how)

    def _usual_options(self, options: ChannelOptions) -> PublishOptions:
        """How to publish to a channel with these options; made once for each."""
        known = self._publish_options.get(id(options))
        if known is None or known[0] is not options:
            usual = PublishOptions(
                history_size=options.history_size,
                history_ttl=options.history_ttl,
                history_meta_ttl=self.access.meta_ttl(options),
                delta=options.delta_publish,
            )
            # Keeping the options beside what was made of them keeps their id theirs.
            known = self._publish_options[id(options)] = (options, usual)
            if len(self._publish_options) > PUBLISH_OPTIONS_KEPT:
                self._publish_options.clear()
        return known[1]

    # What the broker delivers.

    def on_publication(self, channel: str, delivery: Delivery) -> None:
        """See ``BrokerEvents``."""
        found = self.hub.channels.get(channel)
        if found is not None:
            found.deliver(delivery)
            found.checked_at = self.clock.monotonic()

    def on_join(self, channel: str, info: ClientInfo) -> None:
        """See ``BrokerEvents``."""
        found = self.hub.channels.get(channel)
        if found is not None:
            found.push_join(info)

    def on_leave(self, channel: str, info: ClientInfo) -> None:
        """See ``BrokerEvents``."""
        found = self.hub.channels.get(channel)
        if found is not None:
            found.push_leave(info)

    # Subscriptions.

    def listen(self, channel: str) -> MaybeAwaitable[None]:
        """Have the broker deliver a channel."""
        return self.broker.subscribe(channel)

    def push_snapshot(self, subscription: Subscription, position: StreamPosition | None) -> bool:
        """See ``Membership``."""
        return self.membership.push_snapshot(subscription, position)

    def end_subscription(self, subscription: Subscription, end: Unsubscribe) -> None:
        """End a subscription from the server's side and tell the client."""
        subscription.connection.push(unsubscribe_push(subscription.channel, end))
        self.in_background(self.leave(subscription, end))

    def leave(self, subscription: Subscription, end: Unsubscribe) -> Coroutine[object, None, None]:
        """See ``Membership``."""
        return self.membership.leave(subscription, end)

    def in_background(self, work: Coroutine[object, None, None]) -> None:
        """Do it now, or as far as it goes now and the rest when it can. Failures are logged."""
        try:
            task = eager.start(work)
        except Exception:
            logger.exception("background work failed")
            return
        if task is not None:
            self._background.add(task)
            task.add_done_callback(self._background.discard)
            task.add_done_callback(_log_failure)

    def notify(self, handler: Callable[P, None], *about: P.args, **more: P.kwargs) -> None:
        """Call a handler that decides nothing, so that its failure changes nothing."""
        try:
            handler(*about, **more)
        except Exception:
            logger.exception("a handler failed")

    # Connections.

    def connection_ended(self, connection: Connection, disconnect: Disconnect) -> None:
        """A connection ended, from whichever side."""
        self.open_connections.discard(connection)
        was_known = connection.client in self.hub.connections
        self.hub.remove(connection)
        self.slow_readers.forget(connection)
        self.disconnect_counts[disconnect.code] += 1
        for subscription in list(connection.subscriptions.values()):
            self.in_background(self.leave(subscription, codes.CLIENT_DISCONNECTED))
        if was_known and self.handlers.disconnected is not None:
            self.notify(self.handlers.disconnected, connection, disconnect)

    # Counting and telling.

    def count_command(self, request: str) -> None:
        """A command was handled."""
        self.command_counts[request] += 1

    def count_error(self, error: ErrorCode) -> None:
        """A command was answered with an error."""
        self.error_counts[error.code] += 1

    def log_token(self, connection: Connection, error: TokenError) -> None:
        """A token was not accepted: say why, never what it was."""
        logger.info("token of client %s refused: %s", connection.client, error)


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("background work failed", exc_info=error)
