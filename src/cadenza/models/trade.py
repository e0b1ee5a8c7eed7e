"""The public trade payload."""

from __future__ import annotations

import msgspec

from cadenza.models.enums import OrderSide, Venue
from cadenza.models.scalars import Dec, Millis


class Trade(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One public trade; ``side`` is the side of the aggressor."""

    instrument_id: str
    venue: Venue
    symbol: str
    trade_id: str
    price: Dec
    quantity: Dec
    side: OrderSide
    timestamp: Millis
