"""The subscription that a user holds: publications by iteration or callback, and requests."""

from __future__ import annotations

from collections.abc import Mapping

from cadenza.client.buffer import Buffer
from cadenza.client.callbacks import call_async, is_async
from cadenza.client.errors import (
    BufferOverflowError,
    ClientError,
    UnsubscribedError,
    UsageError,
)
from cadenza.client.gate import Gate
from cadenza.client.host import ClientHost
from cadenza.client.options import Overflow, SubscriptionCallbacks, SubscriptionOptions
from cadenza.client.states import SubscriptionEvent, SubscriptionState
from cadenza.client.subscriber import UNSUBSCRIBE_CALLED, Subscriber
from cadenza.client.values import (
    Cause,
    HistoryPage,
    PresenceStats,
    Publication,
    StreamPosition,
    Subscribed,
)
from cadenza.protocol import messages
from cadenza.protocol.messages import ClientInfo


class Subscription:
    """A subscription to one channel; made by ``Client.subscribe``.

    ``async for publication in subscription`` gives publications in order. The iteration ends when
    the user unsubscribes or closes the client, and raises ``UnsubscribedError`` when the server
    ends the subscription, ``DisconnectedError`` when it ends the connection for good.

    Args:
        host: The client.
        channel: The name of the channel.
        options: Its options.
        callbacks: Functions that it calls.

    Attributes:
        channel: The name of the channel.
    """

    def __init__(
        self,
        host: ClientHost,
        channel: str,
        options: SubscriptionOptions,
        callbacks: SubscriptionCallbacks,
    ) -> None:
        self.channel = channel
        self._host = host
        self._callbacks = callbacks
        publish = callbacks.on_publication
        self._plain = None if publish is None or is_async(publish) else publish
        usual = Overflow.FAIL if publish is None else Overflow.BLOCK
        self._buffer: Buffer[Publication] = Buffer(
            channel, options.buffer, options.overflow or usual, options.conflate_key
        )
        self._is_working = False
        self._gate = Gate(
            host.options.clock,
            f"subscribing to {channel!r}",
            UnsubscribedError(channel, 0, "not subscribed yet"),
        )
        self._trouble: ClientError | None = None
        self._subscriber = Subscriber(host, channel, options, self)

    @property
    def state(self) -> SubscriptionState:
        """Whether it is unsubscribed, subscribing or subscribed."""
        return self._subscriber.state

    @property
    def position(self) -> StreamPosition | None:
        """The position of the last publication; ``None`` where the server does not watch it."""
        return self._subscriber.position

    @property
    def gaps(self) -> int:
        """How many times publications were missed and could not be recovered."""
        return self._subscriber.gaps

    @property
    def dropped(self) -> int:
        """Publications that the overflow policy dropped."""
        return self._buffer.dropped

    @property
    def conflated(self) -> int:
        """Publications that a later one with the same key has replaced."""
        return self._buffer.conflated

    async def ready(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - on the client's clock
        """Wait until it is subscribed.

        Args:
            timeout: Seconds; by default the client's ``start_timeout``.

        Raises:
            CallTimeoutError: It is not subscribed in time; the last error is the cause.
            UnsubscribedError: It has ended.
            DisconnectedError: The client is disconnected for good.
        """
        limit = self._host.options.start_timeout if timeout is None else timeout
        await self._gate.wait(limit, self._trouble)

    def subscribe(self) -> None:
        """Begin it, or begin it again after it has ended; ``ready`` waits for success.

        Raises:
            UsageError: The channel has another subscription.
            ClosedError: The client was closed.
        """
        self._host.adopt(self)
        self._subscriber.happen(SubscriptionEvent.SUBSCRIBE)

    def unsubscribe(self) -> None:
        """End it. An iteration ends after what has been received."""
        self._subscriber.happen(SubscriptionEvent.UNSUBSCRIBE, UNSUBSCRIBE_CALLED)

    async def publish(self, data: object) -> None:
        """Publish to the channel as ``Client.publish`` does, once it is subscribed."""
        await self._gate.wait(self._host.options.timeout)
        await self._host.publish(self.channel, data)

    async def history(
        self, limit: int = 0, *, since: StreamPosition | None = None, reverse: bool = False
    ) -> HistoryPage:
        """Read the channel's stream as ``Client.history`` does, once it is subscribed."""
        await self._gate.wait(self._host.options.timeout)
        return await self._host.history(self.channel, limit, since=since, reverse=reverse)

    async def presence(self) -> Mapping[str, ClientInfo]:
        """The clients in the channel, by client id, once it is subscribed."""
        await self._gate.wait(self._host.options.timeout)
        return await self._host.presence(self.channel)

    async def presence_stats(self) -> PresenceStats:
        """The numbers of clients and users in the channel, once it is subscribed."""
        await self._gate.wait(self._host.options.timeout)
        return await self._host.presence_stats(self.channel)

    def __aiter__(self) -> Subscription:
        if self._callbacks.on_publication is not None:
            raise UsageError(f"{self.channel!r} has on_publication: it cannot be iterated as well")
        return self

    async def __anext__(self) -> Publication:
        return await self._buffer.take()

    # Called by the client and by the state machine.

    @property
    def subscriber(self) -> Subscriber:
        """The state machine of the subscription."""
        return self._subscriber

    def interrupt(self, error: ClientError | None) -> None:
        """The client is disconnected for good; no error when its user wanted that."""
        self._buffer.end(error)
        self._gate.fail(error or UnsubscribedError(self.channel, 0, "the client is disconnected"))

    def resume(self) -> None:
        """The client connects again."""
        self._buffer.reopen()
        self._gate.shut()
        self._start_worker()

    def on_state(self, state: SubscriptionState, why: Cause) -> None:
        """It is subscribing, or it has ended."""
        events, callbacks = self._host.events, self._callbacks
        if state is SubscriptionState.SUBSCRIBING:
            self.resume()
            events.call(callbacks.on_subscribing, why, "on_subscribing")
            return
        error = UnsubscribedError(self.channel, *why)
        self._buffer.end(None if why == UNSUBSCRIBE_CALLED else error)
        self._gate.fail(error)
        events.call(callbacks.on_unsubscribed, why, "on_unsubscribed")

    def on_welcome(self, event: Subscribed) -> None:
        """It is subscribed."""
        self._trouble = None
        self._gate.open()
        self._host.events.call(self._callbacks.on_subscribed, event, "on_subscribed")

    def on_trouble(self, error: ClientError) -> None:
        """Something failed and is tried again."""
        self._trouble = error
        self._host.trouble(error, self._callbacks.on_error)

    def on_publication(self, publication: messages.Publication) -> None:
        """Pass a publication to the callback, or to the buffer."""
        given = Publication(
            self.channel,
            publication.data,
            publication.offset,
            publication.tags,
            publication.info,
        )
        if self._plain is not None:
            try:
                self._plain(given)
            except Exception as error:  # noqa: BLE001 - a callback's fault is not the connection's
                self._host.tasks.report(f"on_publication of {self.channel!r}", error)
            return
        try:
            self._buffer.put(given)
        except Exception as error:  # noqa: BLE001 - conflate_key is the user's: not the connection's fault
            self._host.tasks.report(f"conflate_key of {self.channel!r}", error)
        if self._buffer.is_over:
            self._host.hold(self._buffer)

    def on_membership(self, push: messages.Push) -> None:
        """Somebody joined or left."""
        events, callbacks = self._host.events, self._callbacks
        if push.join is not None and push.join.info is not None:
            events.call(callbacks.on_join, push.join.info, "on_join")
        elif push.leave is not None and push.leave.info is not None:
            events.call(callbacks.on_leave, push.leave.info, "on_leave")

    def _start_worker(self) -> None:
        if self._callbacks.on_publication is None or self._plain is not None or self._is_working:
            return
        self._is_working = True
        self._host.tasks.spawn(self._work(), f"publications of {self.channel!r}")

    async def _work(self) -> None:
        callback = self._callbacks.on_publication
        where = f"on_publication of {self.channel!r}"
        try:
            while callback is not None:
                try:
                    publication = await self._buffer.take()
                except BufferOverflowError as error:
                    self._host.tasks.report(where, error)
                except (ClientError, StopAsyncIteration):
                    return  # on_unsubscribed or on_disconnected says why
                else:
                    await call_async(self._host.tasks, callback, publication, where)
        finally:
            self._is_working = False


def publication_of(channel: str, given: messages.Publication) -> Publication:
    """A publication of the wire as one for the user."""
    return Publication(channel, given.data, given.offset, given.tags, given.info)
