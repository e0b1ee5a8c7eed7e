"""Messages of any venue, decoded: the language between decoders and the replay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cadenza.market.feed import BookCheck
from cadenza.models import Instrument, OrderSide, Row


class Declaration(NamedTuple):
    """An instrument appears for the first time."""

    instrument: Instrument
    depth_limit: int = 0


class BookSnapshot(NamedTuple):
    """A whole book; ``last_id`` is the last update it contains, 0 if the venue does not number."""

    instrument_id: str
    bids: Sequence[Row]
    asks: Sequence[Row]
    timestamp_ms: int
    last_id: int = 0
    check: BookCheck | None = None


class BookDiff(NamedTuple):
    """Absolute quantities of some levels, as updates ``first_id`` to ``last_id`` left them.

    ``previous_id`` is the ``last_id`` of the message before, where the venue says it.
    """

    instrument_id: str
    bids: Sequence[Row]
    asks: Sequence[Row]
    timestamp_ms: int
    first_id: int = 0
    last_id: int = 0
    previous_id: int = 0
    check: BookCheck | None = None


class TradePrint(NamedTuple):
    """A public trade; ``side`` is the aggressor's."""

    instrument_id: str
    trade_id: str
    price: str
    quantity: str
    side: OrderSide
    timestamp_ms: int


Message = Declaration | BookSnapshot | BookDiff | TradePrint
