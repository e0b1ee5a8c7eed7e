"""The client: one connection that comes back by itself, its requests, and its subscriptions."""

from __future__ import annotations

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
from cadenza.client.market.channels import MarketChannels
from cadenza.client.options import (
    ClientCallbacks,
    ClientOptions,
    SubscribeArguments,
    SubscriptionCallbacks,
    SubscriptionOptions,
    split,
)
from cadenza.client.pending_calls import Done
from cadenza.client.routing import Routing
from cadenza.client.session import CONNECT_CALLED, Session
from cadenza.client.states import ClientEvent, ClientState
from cadenza.client.subscription import Subscription, publication_of
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


class Client(MarketChannels, TradingChannels):
    """A connection that comes back by itself, and its subscriptions.

    Made by ``connect``. It belongs to the event loop in which it connects. A closed client stays
    closed.

    Requests (``publish``, ``history``, ``presence``, ``presence_stats``, ``rpc``, ``send``) wait
    until the client is connected, at most ``timeout`` seconds, then as long again for the answer.
    Each of them raises:

    - ``ReplyError``: The server refused.
    - ``CallTimeoutError``: No connection, or no answer, in time.
    - ``ConnectionLostError``: The connection ended before the answer came.
    - ``DisconnectedError``: The client is disconnected for good.
    - ``UsageError``: The data cannot be encoded.

    Args:
        url: The address of the WebSocket endpoint, ``ws://`` or ``wss://``.
        options: Its options.
        callbacks: Functions that it calls.
        dial: Opens a transport; by default a WebSocket.

    Attributes:
        options: Its options.
        tasks: Its tasks, for its own parts; ``close`` ends them.
        events: Delivers events to callbacks, for its own parts.

    Raises:
        UsageError: The address is not that of a WebSocket.
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
        """Whether it is disconnected, connecting or connected."""
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
        """Counters since the client was made."""
        session, server_side = self._session, self._routing.server_side
        return ClientStats(session.connects, self.tasks.errors, server_side.gaps)

    async def connect(self) -> None:
        """Connect, and wait for the first success; later losses are mended without a call.

        Raises:
            CallTimeoutError: Not connected within ``start_timeout``; the client goes on trying.
                The last error is the cause.
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
        """Disconnect; subscriptions stay, and ``connect`` resumes them."""
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
        """Subscribe to a channel, and wait for success.

        Args:
            channel: The name of the channel.
            given: Fields of ``SubscriptionCallbacks`` (``on_publication``, ...) and of
                ``SubscriptionOptions`` (``recoverable``, ``buffer``, ``overflow``, ...).

        Raises:
            UnsubscribedError: The server refused; its code and words are in the error.
            CallTimeoutError: Not subscribed within ``start_timeout``. Nothing stays subscribed.
            UsageError: The channel has a subscription already, or an option is unknown.
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
        """Make a subscription as ``subscribe`` does; ``Subscription.subscribe`` begins it.

        Raises:
            UsageError: The channel has no name, or an option is unknown.
        """
        options, callbacks = split("subscribe", given, SubscriptionOptions, SubscriptionCallbacks)
        if not channel:
            raise UsageError("a channel has a name")
        chosen = SubscriptionOptions(**options)
        encode_optional(chosen.data, as_json=self.is_json)
        return Subscription(self, channel, chosen, SubscriptionCallbacks(**callbacks))

    # Requests: see the class for what they raise.

    async def publish(self, channel: str, data: Any) -> None:
        """Publish to a channel.

        Args:
            channel: The name of the channel.
            data: The payload: ``bytes`` are sent as they are, everything else as JSON.
        """
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
        """Read the stream of a channel.

        Args:
            channel: The name of the channel.
            limit: The most publications to return; 0 reads the position of the stream alone, a
                negative number as many publications as the server gives.
            since: Start after this position; by default at the oldest publication.
            reverse: Whether to read from the newest to the oldest.
        """
        start = messages.StreamPosition(offset=since.offset, epoch=since.epoch) if since else None
        request = HistoryRequest(channel=channel, limit=limit, since=start, reverse=reverse)
        reply = await self._call("history", Command(history=request))
        result = _result("history", reply.history)
        found = [publication_of(channel, publication) for publication in result.publications]
        return HistoryPage(found, StreamPosition(result.offset, result.epoch))

    async def presence(self, channel: str) -> dict[str, ClientInfo]:
        """The clients in a channel, by client id."""
        reply = await self._call("presence", Command(presence=ChannelRequest(channel=channel)))
        return _result("presence", reply.presence).presence

    async def presence_stats(self, channel: str) -> PresenceStats:
        """The numbers of clients and users in a channel."""
        command = Command(presence_stats=ChannelRequest(channel=channel))
        reply = await self._call("presence_stats", command)
        result = _result("presence_stats", reply.presence_stats)
        return PresenceStats(result.num_clients, result.num_users)

    async def rpc(self, method: str, data: Any = None) -> Any:
        """Call a method of the server's application.

        Args:
            method: The name of the method.
            data: Its parameters: ``bytes`` are sent as they are, everything else as JSON.

        Returns:
            The answer, decoded from JSON.
        """
        request = RPCRequest(method=method, data=encode(data, as_json=self.is_json))
        reply = await self._call("rpc", Command(rpc=request))
        return decode(_result("rpc", reply.rpc).data)

    async def send(self, data: Any) -> None:
        """Send data that has no answer; whether it arrived is never known.

        Args:
            data: ``bytes`` are sent as they are, everything else as JSON.
        """
        request = SendRequest(data=encode(data, as_json=self.is_json))
        await self.wait_connected()
        self.start(Command(send=request), "send", None)

    # For the parts of the client: see ``ClientHost``.

    @property
    def is_connected(self) -> bool:
        """Whether commands can be sent."""
        return self._session.state is ClientState.CONNECTED

    @property
    def is_json(self) -> bool:
        """Whether payloads have to be JSON."""
        return self._session.codec.is_text

    async def wait_connected(self) -> None:
        """Wait, at most ``timeout``, until commands can be sent."""
        await self._session.gate.wait(self.options.timeout)

    def start(self, command: Command, what: str, done: Done | None) -> int:
        """Give a command an id and send it; only while connected. Returns the id."""
        return self._session.start(command, what, done)

    def give_up(self, why: Cause) -> None:
        """Replace the connection, which cannot be trusted any more."""
        if self._session.link is not None:
            self._session.link.end(Ending(ClientEvent.UNANSWERED, *why))

    def hold(self, buffer: Buffer[Any]) -> None:
        """Read nothing more from the server until this buffer has room."""
        if buffer not in self._held:
            self._held.append(buffer)

    def trouble(self, error: ClientError, callback: Callback[ClientError] | None = None) -> None:
        """Report something that failed and will be tried again; by default to ``on_error``."""
        self.events.call(callback or self._callbacks.on_error, error, "on_error")

    def adopt(self, subscription: Subscription) -> None:
        """Add a subscription that begins; a channel has one at most."""
        self._check_open()
        if self._subscriptions.setdefault(subscription.channel, subscription) is not subscription:
            raise UsageError(f"already subscribed to {subscription.channel!r}: see subscriptions")

    def forget(self, channel: str) -> None:
        """Remove the subscription of a channel, which has ended."""
        self._subscriptions.pop(channel, None)

    # For its session: see ``SessionOwner``.

    def on_connecting(self, why: Cause) -> None:
        """A connection is being made."""
        self._held.clear()
        self.events.call(self._callbacks.on_connecting, why, "on_connecting")
        self._routing.lost(why)

    def on_established(self, result: ConnectResult) -> None:
        """Connected: all subscriptions subscribe again."""
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
        """Passes a push to its subscription."""
        return self._routing.push

    def on_invalidated(self) -> None:
        """All positions in streams have become worthless."""
        self._routing.invalidate()

    def known_subs(self) -> dict[str, SubscribeRequest]:
        """Server-side subscriptions to recover."""
        return self._routing.server_side.requests()

    def is_held(self, calls: bool) -> bool:
        """Whether some buffer has no room; with ``calls``, not even the reserve kept for them."""
        if not self._held:
            return False
        self._held = [buffer for buffer in self._held if buffer.is_over]
        return any(buffer.is_full or not calls for buffer in self._held)

    async def room(self) -> None:
        """Wait until all buffers have room."""
        while self._held:
            await self._held[0].room()
            self._held = [buffer for buffer in self._held if buffer.is_over]

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
            self._cancel(number)
            if answered.done() and not answered.cancelled():
                answered.exception()  # retrieved, though the caller is gone
            raise

    def _cancel(self, command_id: int) -> None:
        if self._session.link is not None:
            self._session.link.calls.forget(command_id)

    def _check_open(self) -> None:
        if self._is_closed:
            raise ClosedError
        asyncio.get_running_loop()


def _result(what: str, result: R | None) -> R:
    """The result in a reply, which a faulty server may leave out."""
    if result is None:
        raise ReplyError(what, 0, "the reply has no result", temporary=False)
    return result
