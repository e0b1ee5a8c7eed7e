"""What can be read of a local order book: prices, depths and averages in exact decimals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, NamedTuple

from cadenza.client.errors import UsageError
from cadenza.client.market.book_side import BookSide, Level, level_of
from cadenza.client.market.changes import BookState
from cadenza.client.market.data_frame import Depth, frame_of
from cadenza.client.market.errors import (
    BookFaultError,
    InsufficientDepthError,
    NoSnapshotError,
    StaleBookError,
)
from cadenza.client.market.price_scale import DIVIDE, EXACT, PriceScale, exact
from cadenza.models import OrderSide, Row

_HALF: Final = Decimal("0.5")


class Totals(NamedTuple):
    """How much stands on each side, in how many levels."""

    bid_quantity: Decimal
    ask_quantity: Decimal
    bid_levels: int
    ask_levels: int


class BookReading:
    """The two sides of a book and every question about them; `OrderBook` keeps it current.

    Args:
        instrument_id: Whose book.
        allow_stale: Whether it may be read while it is STALE.

    Attributes:
        state: Whether it can be trusted.
        fault: Why it is STALE.
    """

    __slots__ = (
        "_allow_stale",
        "_asks",
        "_best",
        "_bids",
        "_posted",
        "_shown",
        "fault",
        "instrument_id",
        "state",
    )

    def __init__(self, instrument_id: str, *, allow_stale: bool = False) -> None:
        scale = PriceScale(instrument_id)
        self._bids = BookSide(scale, 1)
        self._asks = BookSide(scale, -1)
        # The best rows as of the last payload: asked for after nearly each, and compared.
        self._best: tuple[Row | None, Row | None] = (None, None)
        # What was made of them: between two payloads they are mostly the same.
        self._shown: list[tuple[Row, Level] | None] = [None, None]
        self._posted = 0  # payloads that are not in place yet
        self._allow_stale = allow_stale
        self.instrument_id = instrument_id
        self.state = BookState.EMPTY
        self.fault: BookFaultError | None = None

    def __repr__(self) -> str:
        bid, ask = (row[0] if row else "-" for row in self._best)
        levels = f"{len(self._bids)}+{len(self._asks)} levels"
        return f"OrderBook({self.instrument_id}, {self.state.value}, {bid} / {ask}, {levels})"

    @property
    def needs_resync(self) -> bool:
        """Whether the book waits for a SNAPSHOT that does not come by itself."""
        return self.fault is not None and self.fault.is_healed_by_snapshot

    @property
    def best_bid(self) -> Level | None:
        """The highest bid; ``None`` if there is no bid."""
        return self._level(0)

    @property
    def best_ask(self) -> Level | None:
        """The lowest ask; ``None`` if there is no ask."""
        return self._level(1)

    @property
    def spread(self) -> Decimal | None:
        """The best ask less the best bid; ``None`` if a side is empty."""
        bid, ask = self.best_bid, self.best_ask
        return EXACT.subtract(ask.price, bid.price) if bid and ask else None

    @property
    def mid(self) -> Decimal | None:
        """The price half way between the best two, exact; ``None`` if a side is empty."""
        bid, ask = self.best_bid, self.best_ask
        return EXACT.multiply(EXACT.add(bid.price, ask.price), _HALF) if bid and ask else None

    def depth(self, levels: int = 0) -> Depth:
        """The best levels of both sides, best first; 0 means every level."""
        self._check_readable(levels)
        return Depth(self._bids.levels(levels), self._asks.levels(levels))

    def rows(self, levels: int = 0) -> tuple[list[Row], list[Row]]:
        """Bids and asks as `depth` gives them, in the venue's own strings."""
        self._check_readable(levels)
        return list(self._bids.rows(levels)), list(self._asks.rows(levels))

    def vwap(self, side: OrderSide | str, quantity: Decimal | int | str) -> Decimal:
        """The average price at which a market order would be filled by this book.

        Args:
            side: The order's side: BUY takes asks, SELL takes bids.
            quantity: How much, more than 0.

        Returns:
            The price, rounded to 28 significant digits (half to even).

        Raises:
            InsufficientDepthError: If the side has less than that.
        """
        self._check_readable()
        wanted = exact("quantity", quantity)
        if side not in (OrderSide.BUY, OrderSide.SELL):
            raise UsageError(f'side "{side}" is neither "BUY" nor "SELL"')
        if wanted <= 0:
            raise UsageError(f"quantity {wanted} is not more than 0")
        levels = self._asks if side == OrderSide.BUY else self._bids
        cost = levels.cost(wanted)
        if cost is None:
            raise InsufficientDepthError(
                self.instrument_id, OrderSide(side), wanted, levels.total()
            )
        return DIVIDE.divide(cost, wanted)

    def quantity_at(self, price: Decimal | int | str) -> Decimal:
        """How much stands at a price, on either side; 0 if nothing does."""
        self._check_readable()
        wanted = exact("price", price)
        found = self._bids.quantity_at(wanted)
        return (found or self._asks.quantity_at(wanted)) or Decimal()

    def totals(self) -> Totals:
        """The sums of each side."""
        self._check_readable()
        return Totals(self._bids.total(), self._asks.total(), len(self._bids), len(self._asks))

    def to_dataframe(self, levels: int = 0, *, library: str | None = None) -> Any:
        """The book as a data frame: columns side, level (1 is the best), price, quantity.

        Args:
            levels: Levels a side; 0 means every level.
            library: "polars" or "pandas"; by default the first of them that is installed.

        Raises:
            DataFrameLibraryError: If none can be imported.
        """
        return frame_of(self.depth(levels), library)

    def _level(self, side: int) -> Level | None:
        self._check_readable()
        row = self._best[side]
        if row is None:
            return None
        shown = self._shown[side]
        if shown is None or shown[0] != row:
            shown = self._shown[side] = row, level_of(row)
        return shown[1]

    def settle(self) -> None:
        """Put into place what waits; reading does it by itself."""

    def _check_readable(self, levels: int = 0) -> None:
        if self._posted:
            self.settle()
        if self.state is not BookState.LIVE and not (
            self._allow_stale and self.state is BookState.STALE
        ):
            raise StaleBookError(self.fault or NoSnapshotError(self.instrument_id))
        if levels < 0:
            raise UsageError(f"{levels} levels: there cannot be fewer than 0")
