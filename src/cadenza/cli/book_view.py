"""A local order book on standard output: as a ladder, or as JSON."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from cadenza.cli.lines import clock_text
from cadenza.cli.output import emit, has_colour, is_terminal, json_line, safe
from cadenza.cli.session import Session, opened
from cadenza.cli.target import Target
from cadenza.client import BookState, OrderBook, StaleBookError, SubscriptionState

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

BAR: Final = 20
"""Columns of the longest bar."""
_STYLES: Final = {"bid": "green", "ask": "red"}

Show = Callable[[OrderBook, int], str]
"""Makes the text of a book, to so many levels a side."""


async def show_book(
    target: Target,
    instrument: str,
    depth: int,
    limit: int | None,
    interval: float,
    *,
    show: Show | None,
) -> None:
    """Show a book until the limit.

    Args:
        target: The server and the identity.
        instrument: Id of the instrument.
        depth: Levels a side, at most.
        limit: Ends after so many states; ``None``: never.
        interval: Seconds between two states, at least.
        show: Makes the text of a state; ``None`` for a ladder, in place at a terminal.
    """
    in_place = show is None and limit != 1 and is_terminal(sys.stdout)
    async with opened(target) as session:
        with _live() if in_place else nullcontext() as live:
            count = 0
            async for book in _states(session, instrument, interval):
                if live is not None:
                    live.update(_coloured(ladder(book, depth)), refresh=True)
                else:
                    emit((show or _plain)(book, depth))
                count += 1
                if count == limit:
                    return


async def _states(session: Session, instrument: str, interval: float) -> AsyncIterator[OrderBook]:
    """The book whenever it has changed, and at most once an interval."""
    async with await session.client.order_book(instrument, allow_stale=True) as book:
        changed = asyncio.Event()
        changed.set()
        book.on_change(lambda _: changed.set())
        while True:
            await _changed_or_over(changed, session.over)
            changed.clear()
            if book.subscription.state is SubscriptionState.UNSUBSCRIBED:
                await book.subscription.ready()  # raises what the server has ended it with
            yield book
            await asyncio.sleep(interval)


def ladder(book: OrderBook, depth: int) -> list[tuple[str, str]]:
    """The lines of a ladder, each with its side: asks, the spread, bids."""
    try:
        bids, asks = book.rows(depth)
    except StaleBookError as error:
        return [("note", safe(str(error)))]
    widths = [max((len(row[at]) for row in (*bids, *asks)), default=1) for at in (0, 1)]
    most = max((Decimal(row[1]) for row in (*bids, *asks)), default=Decimal(1))
    lines = [("note", _title(book))]
    lines += [("ask", _level(row, widths, most)) for row in reversed(asks)]
    lines.append(("note", _middle(book)))
    return lines + [("bid", _level(row, widths, most)) for row in bids]


def ladder_json(book: OrderBook, depth: int) -> str:
    """A book as one line of JSON: decimal strings, times in milliseconds UTC."""
    fields: dict[str, Any] = {"instrument": book.instrument_id, "state": book.state.value}
    fields |= {"sequence": book.sequence, "timestamp": book.timestamp}
    if book.fault is not None:
        fields["fault"] = str(book.fault)
    try:
        bids, asks = book.rows(depth)
    except StaleBookError:
        bids, asks = [], []
    return json_line({**fields, "bids": bids, "asks": asks})


def _title(book: OrderBook) -> str:
    at = clock_text(book.timestamp * 10**6)
    state = "" if book.state is BookState.LIVE else f"  {book.state.value}: {book.fault}"
    return safe(f"{book.instrument_id}  {at}{state}")


def _middle(book: OrderBook) -> str:
    if book.mid is None or book.spread is None:
        return "one side is empty"
    basis_points = book.spread / book.mid * 10_000 if book.mid else Decimal()
    return f"spread {book.spread} ({basis_points:.2f} bp), mid {book.mid}"


def _level(row: Sequence[str], widths: Sequence[int], most: Decimal) -> str:
    bar = "#" * int(Decimal(row[1]) / most * BAR) if most else ""
    return safe(f"{row[0]:>{widths[0]}}  {row[1]:>{widths[1]}}  {bar}").rstrip()


def _plain(book: OrderBook, depth: int) -> str:
    lines = ladder(book, depth)
    if has_colour(sys.stdout):
        return _ansi(lines)
    return "\n".join(text for _, text in lines) + "\n"


def _ansi(lines: Sequence[tuple[str, str]]) -> str:
    codes = {"bid": "32", "ask": "31", "note": "2"}
    return "\n".join(f"\x1b[{codes[kind]}m{text}\x1b[0m" for kind, text in lines) + "\n"


def _coloured(lines: Sequence[tuple[str, str]]) -> Text:
    from rich.text import Text  # noqa: PLC0415 - takes long to load

    text = Text(no_wrap=True)
    for kind, line in lines:
        text.append(line + "\n", style=_STYLES.get(kind, "dim"))
    return text


def _live() -> AbstractContextManager[Live]:
    from rich.console import Console  # noqa: PLC0415 - takes long to load
    from rich.live import Live  # noqa: PLC0415 - likewise

    return Live(console=Console(), auto_refresh=False, vertical_overflow="crop")


async def _changed_or_over(changed: asyncio.Event, over: asyncio.Future[None]) -> None:
    """Wait for a change; raise what has ended the client."""
    waiting = asyncio.ensure_future(changed.wait())
    either: set[asyncio.Future[Any]] = {waiting, over}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if over.done():
            over.result()
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
