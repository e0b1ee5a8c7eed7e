"""The client: what a program that talks to a server holds in its hands."""

from __future__ import annotations

import abc
import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack
from urllib.parse import urlsplit

from cadenza.client.buffer import Buffer
from cadenza.client.callbacks import Callback, Dispatcher, Tasks
from cadenza.client.errors import (
    ClientError,
    ClosedError,
    DisconnectedError,
    ReplyError,
    UsageError,
)
from cadenza.client.link import Ending
from cadenza.client.market.channels import MarketChannels, MarketReads
from cadenza.client.options import (
    ClientCallbacks,
    ClientOptions,
    SubscribeArguments,
    SubscriptionOptions,
    split,
)
from cadenza.client.pending_calls import Done
from cadenza.client.routing import Routing
from cadenza.client.session import CONNECT_CALLED, Session
from cadenza.client.states import ClientEvent, ClientState
from cadenza.client.subscription import Subscription, SubscriptionCallbacks, publication_of
from cadenza.client.trading.channels import TradingChannels
from cadenza.client.transport import Dial
from cadenza.client.values import (
    Cause,
    ClientStats,
    Connected,
    HistoryPage,
    PresenceStats,
    StreamPosition,
    decode,
    encode,
    encode_optional,
)
from cadenza.client.websocket import dial_websocket
from cadenza.protocol import messages
from cadenza.protocol.messages import (
    ChannelRequest,
    ClientInfo,
    Command,
    ConnectResult,
    HistoryRequest,
    PublishRequest,
    Push,
    Reply,
    RPCRequest,
    SendRequest,
    SubscribeRequest,
)

R = TypeVar("R")


class Requests(abc.ABC):
    """The commands of a client.

    Each waits until the client is connected, at most ``timeout``, then as long for the answer.

    Raises:
        ReplyError: The server refused.
        CallTimeoutError: No connection, or no answer, in time.
        ConnectionLostError: The connection ended before the answer came.
        DisconnectedError: The client is disconnected for good.
        UsageError: The data cannot be written.
    """

    @property
    @abc.abstractmethod
    def is_json(self) -> bool:
        """Whether payloads have to be JSON."""

    @abc.abstractmethod
    def start(self, command: Command, what: str, done: Done | None) -> int:
        """Send a command; gives its id."""

    @abc.abstractmethod
    def cancel(self, command_id: int) -> None:
        """Nobody waits for this reply any more."""

    @abc.abstractmethod
    async def wait_connected(self) -> None:
        """Wait until commands can be sent."""

    async def publish(self, channel: str, data: Any) -> None:
        """Publish ``data`` (``bytes`` as they stand, all else as JSON)."""
        payload = encode(data, as_json=self.is_json)
        await self._call("publish", Command(publish=PublishRequest(channel=channel, data=payload)))

    async def history(
        self,
        channel: str,
        limit: int = 0,
        *,
        since: StreamPosition | None = None,
        reverse: bool = False,
    ) -> HistoryPage:
        """Read a stream: ``limit`` 0 its position only, below 0 as much as the server gives."""
        start = messages.StreamPosition(offset=since.offset, epoch=since.epoch) if since else None
        request = HistoryRequest(channel=channel, limit=limit, since=start, reverse=reverse)
        reply = await self._call("history", Command(history=request))
        result = _given("history", reply.history)
        found = [publication_of(channel, publication) for publication in result.publications]
        return HistoryPage(found, StreamPosition(result.offset, result.epoch))

    async def presence(self, channel: str) -> dict[str, ClientInfo]:
        """Who is in a channel, by client id."""
        reply = await self._call("presence", Command(presence=ChannelRequest(channel=channel)))
        return _given("presence", reply.presence).presence

    async def presence_stats(self, channel: str) -> PresenceStats:
        """How many are in a channel."""
        command = Command(presence_stats=ChannelRequest(channel=channel))
        reply = await self._call("presence_stats", command)
        result = _given("presence_stats", reply.presence_stats)
        return PresenceStats(result.num_clients, result.num_users)

    async def rpc(self, method: str, data: Any = None) -> Any:
        """Call a method of the server's application and give its answer, decoded from JSON."""
        request = RPCRequest(method=method, data=encode(data, as_json=self.is_json))
        reply = await self._call("rpc", Command(rpc=request))
        return decode(_given("rpc", reply.rpc).data)

    async def send(self, data: Any) -> None:
        """Send data that wants no answer; nobody says whether it arrived."""
        request = SendRequest(data=encode(data, as_json=self.is_json))
        await self.wait_connected()
        self.start(Command(send=request), "send", None)

    async def _call(self, what: str, command: Command) -> Reply:
        await self.wait_connected()
        answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def done(answer: Reply | ClientError) -> None:
            if answered.done():
                return
            if isinstance(answer, ClientError):
                answered.set_exception(answer)
            else:
                answered.set_result(answer)

        number = self.start(command, what, done)
        try:
            return await answered
        except asyncio.CancelledError:
            self.cancel(number)
            if answered.done() and not answered.cancelled():
                answered.exception()  # seen, though nobody waits for it any more
            raise


def _given(what: str, result: R | None) -> R:
    """The result of a reply, which a server could leave out."""
    if result is None:
        raise ReplyError(what, 0, "the reply has no result", temporary=False)
    return result


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
    def state(self) -> ClientState:
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
    def stats(self) -> ClientStats:
        """Counters."""
        return ClientStats(
            self._session.connects, self.tasks.errors, self._routing.server_side.gaps
        )

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

    async def subscribe(self, channel: str, **given: Unpack[SubscribeArguments]) -> Subscription:
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

    def subscription(self, channel: str, **given: Unpack[SubscribeArguments]) -> Subscription:
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
        return self._session.state is ClientState.CONNECTED

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

    def give_up(self, why: Cause) -> None:
        """Replace the connection."""
        if self._session.link is not None:
            self._session.link.end(Ending(ClientEvent.UNANSWERED, *why))

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

    def on_connecting(self, why: Cause) -> None:
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

    def on_ended(self, why: Cause, error: DisconnectedError | None) -> None:
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
