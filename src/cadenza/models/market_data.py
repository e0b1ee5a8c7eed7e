"""The ``OrderBook`` payload, in the new shape that contains the old one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cadenza.models.enums import OrderBookType, UpdateType, Venue
from cadenza.models.scalars import Millis

Row = tuple[str, str]
"""A level as ``(price, quantity)``, both decimal strings as the venue spelled them."""

L2_COLUMNS = ("price", "quantity")


class OrderBook(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A book or a change to one: bids descend, asks ascend, quantities are absolute.

    ``sequence`` and ``prev_sequence`` are Cadenza's additions to the API's model: a DIFF applies to
    exactly the state whose ``sequence`` its ``prev_sequence`` names.
    """

    update_type: UpdateType
    instrument_id: str
    venue: Venue
    symbol: str
    bids: Sequence[Row]
    asks: Sequence[Row]
    timestamp: Millis
    sequence: int
    prev_sequence: int
    order_book_type: OrderBookType = OrderBookType.L2
    columns: tuple[str, ...] = L2_COLUMNS
