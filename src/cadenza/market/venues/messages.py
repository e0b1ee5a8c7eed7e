"""What a venue's message says, whatever the venue: the language between decoders and feeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cadenza.market.feed import BookCheck
from cadenza.models import Instrument, OrderSide, Row


class Declaration(NamedTuple):
    """An instrument appears for the first time.

    ``is_guessed`` says that its steps are only those of the numbers seen so far.
    """

    instrument: Instrument
    depth_limit: int = 0
    is_guessed: bool = False


class BookSnapshot(NamedTuple):
    """A whole book.

    Attributes:
        instrument_id: Whose.
        bids: Its bids.
        asks: Its asks.
        timestamp_ms: The venue's time.
        last_id: The last update it contains; 0 if the venue does not number.
        check: Proves it.
        is_image: Whether the venue sends whole books, or the best part of them, again and again
            in place of changes.
        position: Where it stands among ``BestPrices``; 0: its ``last_id``.
    """

    instrument_id: str
    bids: Sequence[Row]
    asks: Sequence[Row]
    timestamp_ms: int
    last_id: int = 0
    check: BookCheck | None = None
    is_image: bool = False
    position: int = 0


class BookDiff(NamedTuple):
    """Absolute quantities of some levels, as updates ``first_id`` to ``last_id`` left them.

    ``previous_id`` is the ``last_id`` of the message before, where the venue says it. ``position``
    is as in ``BookSnapshot``.
    """

    instrument_id: str
    bids: Sequence[Row]
    asks: Sequence[Row]
    timestamp_ms: int
    first_id: int = 0
    last_id: int = 0
    previous_id: int | None = None
    check: BookCheck | None = None
    position: int = 0

    @property
    def is_numbered(self) -> bool:
        """Whether its place in the chain of updates can be told."""
        return self.previous_id is not None or self.first_id > 0


class BestPrices(NamedTuple):
    """The best level of each side after an update (``position``), apart from the book's own."""

    instrument_id: str
    bid: Row | None
    ask: Row | None
    timestamp_ms: int
    position: int


class TradePrint(NamedTuple):
    """A public trade; ``side`` is the aggressor's."""

    instrument_id: str
    trade_id: str
    price: str
    quantity: str
    side: OrderSide
    timestamp_ms: int


class ConnectionGap(NamedTuple):
    """Messages of a connection are missing, of whichever books it carries."""

    instrument_ids: Sequence[str]
    last: int
    first: int


class NotUnderstood(NamedTuple):
    """A message that nothing is known of, or that is of no use here, by its name."""

    name: str


class Unreadable(NamedTuple):
    """A message that is not what its name promises."""

    reason: str


Message = (
    Declaration
    | BookSnapshot
    | BookDiff
    | BestPrices
    | TradePrint
    | ConnectionGap
    | NotUnderstood
    | Unreadable
)
