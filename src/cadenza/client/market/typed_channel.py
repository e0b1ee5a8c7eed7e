"""A channel whose payloads are all of one type."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, Generic, NamedTuple, Self, TypeVar

import msgspec

from cadenza.client.callbacks import is_async
from cadenza.client.errors import ClientError, Fault, UsageError
from cadenza.client.host import ClientHost
from cadenza.client.values import Publication

T = TypeVar("T")
OnItem = Callable[[T], Awaitable[None] | None]

_OURS: Final = frozenset({"on_publication"})


class PayloadError(ClientError):
    """A payload is not of the type that its channel carries.

    Attributes:
        channel: The channel.
        publication: The publication, with the payload as it came.
    """

    fault = Fault.SERVER

    def __init__(self, channel: str, detail: str, publication: Publication) -> None:
        super().__init__(f"{channel!r}: a payload that cannot be read: {detail}")
        self.channel = channel
        self.publication = publication


class Item(NamedTuple, Generic[T]):
    """A value, and the publication that carried it."""

    value: T
    publication: Publication


class TypedChannel(Generic[T]):
    """A subscription that gives values of one type, to a callback or to ``async for``.

    A payload that cannot be read goes to ``on_error`` as a ``PayloadError``, is counted, and ends
    nothing. ``items()`` gives values together with their publications, raw payload included.

    Args:
        host: The client.
        channel: The name of the channel.
        kind: The type of its payloads.
        on_item: Called with each value; without it the channel is iterated over.
        given: Options and callbacks of the subscription, as ``Client.subscribe`` takes them.
        wanted: Selects the values to give; by default all.

    Attributes:
        subscription: The subscription itself: position, gaps, dropped, unsubscribe.
        unreadable: How many payloads could not be read.

    Raises:
        UsageError: ``given`` has ``on_publication``, or an option that cannot be right.
    """

    def __init__(
        self,
        host: ClientHost,
        channel: str,
        kind: type[T],
        on_item: OnItem[T] | None,
        given: dict[str, Any],
        *,
        wanted: Callable[[T], bool] | None = None,
    ) -> None:
        if wrong := _OURS & set(given):
            raise UsageError(f"{channel!r} gives typed values: no {', '.join(sorted(wrong))}")
        self.unreadable = 0
        self._host = host
        self._on_error = given.get("on_error")
        self._decode = msgspec.json.Decoder(kind).decode
        self._on_item = on_item
        self._wanted = wanted
        if on_item is not None:
            given["on_publication"] = self._async_item if is_async(on_item) else self._plain_item
        self.subscription = host.subscription(channel, **given)

    async def start(self) -> None:
        """Subscribe, and wait for success; the methods of ``Client`` do.

        Raises:
            UnsubscribedError: The server refused.
            CallTimeoutError: Not subscribed within ``start_timeout``. Nothing stays subscribed.
        """
        self.subscription.subscribe()
        try:
            await self.subscription.ready()
        except BaseException:
            self.subscription.unsubscribe()
            raise

    def close(self) -> None:
        """Unsubscribe; an iteration ends after what has been received."""
        self.subscription.unsubscribe()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __aiter__(self) -> Self:
        aiter(self.subscription)  # raises if there is a callback
        return self

    async def __anext__(self) -> T:
        return (await self._next()).value

    async def items(self) -> AsyncIterator[Item[T]]:
        """Values with their publications, to iterate over."""
        aiter(self.subscription)
        while True:
            try:
                item = await self._next()
            except StopAsyncIteration:
                return
            yield item

    async def _next(self) -> Item[T]:
        while True:
            publication = await anext(self.subscription)
            item = self._read(publication)
            if item is not None:
                return item

    def _read(self, publication: Publication) -> Item[T] | None:
        """The value of a publication; ``None`` if it cannot be read, or is not wanted."""
        try:
            value = self._decode(publication.payload)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self.unreadable += 1
            wrong = PayloadError(self.subscription.channel, str(error), publication)
            self._host.trouble(wrong, self._on_error)
            return None
        if self._wanted is not None and not self._wanted(value):
            return None
        return Item(value, publication)

    def _plain_item(self, publication: Publication) -> None:
        item = self._read(publication)
        if item is not None and self._on_item is not None:
            self._on_item(item.value)

    async def _async_item(self, publication: Publication) -> None:
        item = self._read(publication)
        if item is not None and self._on_item is not None:
            waiting = self._on_item(item.value)
            if waiting is not None:
                await waiting
