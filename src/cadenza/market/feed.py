"""The seam between a source of market data and the market it drives.

A feed knows a venue's format, its sequence rules and its pace; a sink knows instruments and books.
Whatever the source (simulated, replayed, live), the sink hears the same five calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from cadenza.market.errors import BookFaultError
from cadenza.market.order_book import OrderBook
from cadenza.models import Instrument, OrderSide, Row

BookCheck = Callable[[OrderBook], None]
"""Looks at a book after an update; raises ``BookFaultError`` when it is not the venue's book."""

Best = tuple[Row | None, Row | None]
"""The best bid and the best ask; ``None`` for a side of which nothing is known."""


class MarketSink(Protocol):
    """Where a feed delivers.

    - Every call returns without waiting; what it causes has been published when it returns.
    - An instrument is declared before anything is said about it. Declaring it again with equal
      properties changes nothing, with others it raises ``InstrumentConflictError``; other calls
      raise ``UnknownInstrumentError`` for an instrument nobody declared.
    - Steps that are only guessed (``is_guessed``) give way: to those of a later declaration, and
      to what the venue sends. The instrument is then declared anew with finer steps.
    - Quantities are absolute and "0" removes a level. Strings are the venue's own, plain decimals.
    - ``book_snapshot`` replaces a book and makes it healthy. ``book_diff`` changes a healthy one.
    - Both raise ``BookFaultError`` when the result cannot be trusted: a level off the instrument's
      steps, a crossed book, a failed ``check``, a diff without a snapshot. The book is then stale:
      subscribers keep what they last got, and nothing is published until the next snapshot.
      The feed goes on, and resynchronises.
    - A book that is crossed, and of which ``is_proven`` or a ``check`` says that it is the
      venue's, is stale too, but goes on to be updated (``CrossedBookError.is_held``): the update
      that uncrosses it makes it healthy again.
    - ``book_best`` says which levels are the best between two updates of a book, where the venue
      sends them apart and sooner. The next update undoes it; its own ``best``, which is later than
      the update, is then shown in its place. Levels that are none raise ``BadLevelError`` and
      change nothing; the book stays as it is.
    - ``trade`` raises ``DecimalError`` for a price or quantity that is none; the book stays as it
      is.
    """

    def instrument(
        self, instrument: Instrument, *, depth_limit: int = 0, is_guessed: bool = False
    ) -> None:
        """Declare an instrument; ``depth_limit`` levels a side are kept up to date (0: all)."""

    def book_snapshot(
        self,
        instrument_id: str,
        bids: Iterable[Row],
        asks: Iterable[Row],
        timestamp_ms: int,
        check: BookCheck | None = None,
        *,
        is_proven: bool = False,
    ) -> None:
        """Replace a book."""

    def book_diff(
        self,
        instrument_id: str,
        bids: Iterable[Row],
        asks: Iterable[Row],
        timestamp_ms: int,
        check: BookCheck | None = None,
        *,
        is_proven: bool = False,
        best: Best | None = None,
    ) -> None:
        """Change a book."""

    def book_best(self, instrument_id: str, best: Best, timestamp_ms: int) -> None:
        """Say which levels are the best now, until the next update."""

    def trade(
        self,
        instrument_id: str,
        *,
        trade_id: str,
        price: str,
        quantity: str,
        side: OrderSide,
        timestamp_ms: int,
    ) -> None:
        """Report a trade; ``side`` is the aggressor's."""

    def book_stale(self, fault: BookFaultError) -> None:
        """Say that the feed has lost track of a book, for example by a gap in its updates."""


class FeedStatistics(NamedTuple):
    """A feed's counters at one moment.

    Attributes:
        messages: Messages read, of every kind, also those that say nothing about book or trade.
        snapshots: Snapshots delivered.
        diffs: Book updates delivered.
        outdated: Book updates left out because the snapshot already held them.
        trades: Trades delivered.
        skipped: Messages that could not be read or were refused; each was logged.
        gaps: Times a book's sequence was broken.
        faults: Times a book could not be trusted for another reason.
        resyncs: Times a stale book became healthy again.
        checks: Checksums verified.
        unchecked: Book updates delivered that neither a number nor a checksum could check.
        crossed: Book updates held back because the venue's book was crossed then.
        bests: Best prices between two updates of a book, delivered.
        loops: Times the feed has begun again.
        lag_ms: How far the feed is behind its own pace.
        finished: Whether the feed has come to its end; its books then stand still.
        stale: Instrument ids whose book waits for a snapshot after a fault.
        unknown: Messages that are not understood, or of no use here, by name.
    """

    messages: int = 0
    snapshots: int = 0
    diffs: int = 0
    outdated: int = 0
    trades: int = 0
    skipped: int = 0
    gaps: int = 0
    faults: int = 0
    resyncs: int = 0
    checks: int = 0
    unchecked: int = 0
    crossed: int = 0
    bests: int = 0
    loops: int = 0
    lag_ms: float = 0.0
    finished: bool = False
    stale: tuple[str, ...] = ()
    unknown: Mapping[str, int] = {}

    @property
    def healthy(self) -> bool:
        """Whether every book can be trusted."""
        return not self.stale


class Feed(Protocol):
    """A source of market data.

    - ``instruments`` is what is known before ``run``; more may be declared to the sink later.
    - ``run`` delivers to the sink given at construction, never holds the event loop for more than a
      few milliseconds, and returns when the source has ended (a live one never does). The market
      then stands still with its final books. ``run`` is called once; cancelling it stops the feed.
    - Errors of single messages are counted and logged; an error that leaves nothing to deliver
      (a missing file) is raised.
    """

    declares_late: bool
    """Whether ``run`` may declare instruments that are not known in advance."""

    def instruments(self) -> Sequence[Instrument]:
        """The instruments known in advance."""

    async def run(self) -> None:
        """Deliver until the source ends."""

    def statistics(self) -> FeedStatistics:
        """The counters now."""
