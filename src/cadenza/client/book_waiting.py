"""Waiting until a live book is as one wishes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cadenza.client.book_changes import Changes
from cadenza.client.clock import Clock
from cadenza.client.errors import BufferOverflowError, CallTimeoutError, UnsubscribedError
from cadenza.client.market.errors import StaleBookError
from cadenza.client.market.order_book import OrderBook
from cadenza.client.subscriber import UNSUBSCRIBE_CALLED

if TYPE_CHECKING:
    from cadenza.client.market.live_book import LiveOrderBook


async def until(
    book: LiveOrderBook,
    predicate: Callable[[OrderBook], bool],
    changes: Changes,
    seconds: float,
    clock: Clock,
) -> None:
    """See ``LiveOrderBook.wait_for``; ``changes`` are those of the book."""
    late = CallTimeoutError(f"waiting for the book of {book.instrument_id}", seconds)
    timer = clock.call_later(seconds, lambda: changes.end(late))
    try:
        while not _holds(book, predicate):
            await _next(book, changes)
    finally:
        timer.cancel()


def _holds(book: LiveOrderBook, predicate: Callable[[OrderBook], bool]) -> bool:
    try:
        return predicate(book)
    except StaleBookError:
        return False


async def _next(book: LiveOrderBook, changes: Changes) -> None:
    try:
        await anext(changes)
    except BufferOverflowError:
        return  # the book itself is looked at
    except StopAsyncIteration:
        await book.subscription.ready(0.0)  # raises what has ended it
        raise UnsubscribedError(book.subscription.channel, *UNSUBSCRIBE_CALLED) from None
