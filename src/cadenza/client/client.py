"""The client: what a program that talks to a server holds in its hands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple, Self, Unpack
from urllib.parse import urlsplit

from cadenza.client.buffer import Buffer
from cadenza.client.callbacks import Callback, Dispatcher, Tasks
from cadenza.client.errors import ClientError, ClosedError, DisconnectedError, UsageError
from cadenza.client.given import SubscribeGiven, split
from cadenza.client.link import Ending
from cadenza.client.market.channels import MarketChannels
from cadenza.client.market_reads import MarketReads
from cadenza.client.options import ClientOptions, SubscriptionOptions
from cadenza.client.pending_calls import Done
from cadenza.client.requests import Requests
from cadenza.client.routing import Routing
from cadenza.client.session import CONNECT_CALLED, Session
from cadenza.client.states import Event, State
from cadenza.client.subscription import Subscription, SubscriptionCallbacks
from cadenza.client.trading.channels import TradingChannels
from cadenza.client.transport import Dial
from cadenza.client.values import (
    Connected,
    Left,
    ServerPublication,
    decode,
    encode_optional,
)
from cadenza.client.websocket import dial_websocket
from cadenza.protocol.messages import Command, ConnectResult, Push, SubscribeRequest


@dataclass(frozen=True, kw_only=True)
class ClientCallbacks:
    """Functions, plain or async, that a client calls.

    Attributes:
        on_connecting: A connection is being made, and why.
        on_connected: It is there.
        on_disconnected: The client stays disconnected, and why.
        on_error: Something failed and is tried again.
        on_message: The server sent data outside of any channel.
        on_publication: A publication of a server-side subscription.
    """

    on_connecting: Callback[Left] | None = None
    on_connected: Callback[Connected] | None = None
    on_disconnected: Callback[Left] | None = None
    on_error: Callback[ClientError] | None = None
    on_message: Callback[Any] | None = None
    on_publication: Callback[ServerPublication] | None = None


class Stats(NamedTuple):
    """What has happened so far.

    Attributes:
        connects: How many times the client has connected.
        errors: Exceptions of callbacks, each logged by ``cadenza.client``.
        gaps: Server-side subscriptions whose missed publications could not be recovered.
    """

    connects: int
    errors: int
    gaps: int


class Client(Requests, MarketChannels, MarketReads, TradingChannels):
    """A connection that comes back by itself, and its subscriptions.

    Made by ``connect``. Belongs to the event loop in which it connects. Closed clients stay closed.
    """

    def __init__(
        self,
        url: str,
        options: ClientOptions,
        callbacks: ClientCallbacks | None = None,
        dial: Dial = dial_websocket,
    ) -> None:
        if urlsplit(url).scheme not in ("ws", "wss"):
            raise UsageError(f"the address begins with ws:// or wss://, not as {url!r}")
        self.options = options
        self.tasks = Tasks()
        self.events = Dispatcher(self.tasks)
        self._callbacks = callbacks or ClientCallbacks()
        self._subscriptions: dict[str, Subscription] = {}
        self._held: list[Buffer[Any]] = []
        self._routing = Routing(self._subscriptions, self.events, self._callbacks)
        self._session = Session(url, options, self.tasks, self, dial)
        self._client_id = ""
        self._is_closed = False

    @property
    def state(self) -> State:
        """Disconnected, connecting or connected."""
        return self._session.state

    @property
    def client_id(self) -> str:
        """The id of the present connection; empty while there is none."""
        return self._client_id if self.is_connected else ""

    @property
    def subscriptions(self) -> Mapping[str, Subscription]:
        """All subscriptions that have not ended, by channel."""
        return self._subscriptions

    @property
    def stats(self) -> Stats:
        """Counters."""
        return Stats(self._session.connects, self.tasks.errors, self._routing.server_side.gaps)

    async def connect(self) -> None:
        """Connect, and wait until that has succeeded once; later losses are mended by themselves.

        Raises:
            CallTimeoutError: Not within ``start_timeout``; the client goes on trying. The last
                error is the cause.
            DisconnectedError: The server does not want this client.
            ClosedError: The client was closed.
        """
        self._check_open()
        self._session.happen(CONNECT_CALLED)
        try:
            await self._session.gate.wait(self.options.start_timeout)
        except TimeoutError as error:
            raise error from self._session.trouble

    async def disconnect(self) -> None:
        """Disconnect; subscriptions stay, and are resumed by ``connect``."""
        await self._session.stop()

    async def close(self) -> None:
        """Disconnect and end all subscriptions; no task stays behind."""
        self._is_closed = True
        for subscription in list(self._subscriptions.values()):
            subscription.unsubscribe()
        try:
            await self._session.stop()
        finally:
            await self.tasks.close()

    async def __aenter__(self) -> Self:
        try:
            await self.connect()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def subscribe(self, channel: str, **given: Unpack[SubscribeGiven]) -> Subscription:
        """Subscribe to a channel, and wait until that has succeeded.

        Args:
            channel: Its name.
            given: Fields of ``SubscriptionCallbacks`` (``on_publication``, ...) and of
                ``SubscriptionOptions`` (``recoverable``, ``buffer``, ``overflow``, ...).

        Raises:
            UnsubscribedError: The server refused; its code and words are in the error.
            CallTimeoutError: Not within ``start_timeout``. Nothing stays subscribed.
            UsageError: There is a subscription to this channel, or an option is unknown.
        """
        subscription = self.subscription(channel, **given)
        subscription.subscribe()
        try:
            await subscription.ready()
        except BaseException:
            subscription.unsubscribe()
            raise
        return subscription

    def subscription(self, channel: str, **given: Unpack[SubscribeGiven]) -> Subscription:
        """As ``subscribe``, but nothing is sent before ``Subscription.subscribe``."""
        options, callbacks = split("subscribe", given, SubscriptionOptions, SubscriptionCallbacks)
        if not channel:
            raise UsageError("a channel has a name")
        chosen = SubscriptionOptions(**options)
        encode_optional(chosen.data, as_json=self.is_json)
        return Subscription(self, channel, chosen, SubscriptionCallbacks(**callbacks))

    # What its subscriptions and its session need of it.

    @property
    def is_connected(self) -> bool:
        """Whether commands can be sent."""
        return self._session.state is State.CONNECTED

    @property
    def is_json(self) -> bool:
        """Whether payloads have to be JSON."""
        return self._session.codec.is_text

    def start(self, command: Command, what: str, done: Done | None) -> int:
        """Give a command an id and send it; only while connected."""
        return self._session.start(command, what, done)

    def cancel(self, command_id: int) -> None:
        """Nobody waits for this reply any more."""
        if self._session.link is not None:
            self._session.link.calls.forget(command_id)

    async def wait_connected(self) -> None:
        """Wait, at most ``timeout``, until commands can be sent."""
        await self._session.gate.wait(self.options.timeout)

    def adopt(self, subscription: Subscription) -> None:
        """A subscription begins; there is one for each channel."""
        self._check_open()
        if self._subscriptions.setdefault(subscription.channel, subscription) is not subscription:
            raise UsageError(f"already subscribed to {subscription.channel!r}: see subscriptions")

    def forget(self, channel: str) -> None:
        """A subscription has ended."""
        self._subscriptions.pop(channel, None)

    def give_up(self, why: Left) -> None:
        """Replace the connection."""
        if self._session.link is not None:
            self._session.link.end(Ending(Event.UNANSWERED, *why))

    def hold(self, buffer: Buffer[Any]) -> None:
        """Read nothing more until this buffer has room."""
        if buffer not in self._held:
            self._held.append(buffer)

    def is_held(self, calls: bool) -> bool:
        """Whether some buffer has no room; with ``calls``, not even the reserve kept for them."""
        if not self._held:
            return False
        self._held = [buffer for buffer in self._held if buffer.is_over]
        return any(buffer.is_full or not calls for buffer in self._held)

    async def room(self) -> None:
        """Wait until all have."""
        while self._held:
            await self._held[0].room()
            self._held = [buffer for buffer in self._held if buffer.is_over]

    def trouble(self, error: ClientError, callback: Callback[ClientError] | None = None) -> None:
        """Something failed and is tried again."""
        self.events.call(callback or self._callbacks.on_error, error, "on_error")

    def known_subs(self) -> dict[str, SubscribeRequest]:
        """Server-side subscriptions to recover."""
        return self._routing.server_side.requests()

    def on_connecting(self, why: Left) -> None:
        """A connection is being made."""
        self._held.clear()
        self.events.call(self._callbacks.on_connecting, why, "on_connecting")
        self._routing.lost(why)

    def on_established(self, result: ConnectResult) -> None:
        """Connected: everybody subscribes again."""
        self._client_id = result.client
        event = Connected(result.client, result.version, decode(result.data))
        self.events.call(self._callbacks.on_connected, event, "on_connected")
        self._routing.established(result)

    def on_ended(self, why: Left, error: DisconnectedError | None) -> None:
        """Disconnected for good."""
        self._held.clear()
        self._routing.ended(why, error)
        self.events.call(self._callbacks.on_disconnected, why, "on_disconnected")

    @property
    def on_push(self) -> Callable[[Push], None]:
        """A push goes to whom it belongs to."""
        return self._routing.push

    def on_invalidated(self) -> None:
        """All positions are worth nothing."""
        self._routing.invalidate()

    def _check_open(self) -> None:
        if self._is_closed:
            raise ClosedError
        asyncio.get_running_loop()
