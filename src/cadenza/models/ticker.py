"""The ticker payload, and the old one for reading."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.enums import Venue
from cadenza.models.instants import Iso, millis_of
from cadenza.models.scalars import Dec, Millis


class Ticker(msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True):
    """The last trade and the best prices of an instrument; unknown ones are left out."""

    venue: Venue
    symbol: str
    timestamp: Millis
    instrument_id: str | UnsetType = UNSET
    last_price: Dec | UnsetType = UNSET
    last_quantity: Dec | UnsetType = UNSET
    bid_price: Dec | UnsetType = UNSET
    bid_quantity: Dec | UnsetType = UNSET
    ask_price: Dec | UnsetType = UNSET
    ask_quantity: Dec | UnsetType = UNSET
    price_change_percent: Dec | UnsetType = UNSET


class OldTicker(msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True):
    """The ticker of older clients (``RpcTicker``): read, never sent."""

    exchange: Venue
    symbol: str
    time: Iso
    instrument_id: str | UnsetType = UNSET
    exchange_time: Iso | UnsetType = UNSET
    ask: Dec | UnsetType = UNSET
    ask_quantity: Dec | UnsetType = UNSET
    bid: Dec | UnsetType = UNSET
    bid_quantity: Dec | UnsetType = UNSET
    last: Dec | UnsetType = UNSET
    last_quantity: Dec | UnsetType = UNSET

    def renewed(self) -> Ticker:
        """The same facts in today's shape.

        Raises:
            ValueError: ``time`` is no RFC 3339 time.
        """
        return Ticker(
            venue=self.exchange,
            symbol=self.symbol,
            timestamp=millis_of(self.time),
            instrument_id=self.instrument_id,
            last_price=self.last,
            last_quantity=self.last_quantity,
            bid_price=self.bid,
            bid_quantity=self.bid_quantity,
            ask_price=self.ask,
            ask_quantity=self.ask_quantity,
        )
