"""The payloads of the Cadenza API as typed structs; no behaviour."""

from __future__ import annotations

from cadenza.models.enums import (
    ContingencyType,
    InstrumentStatus,
    InstrumentType,
    KlineInterval,
    OrderBookType,
    OrderSide,
    OrderStatus,
    OrderType,
    QuantityRounding,
    QuantityType,
    SecurityType,
    TimeInForce,
    UpdateType,
    Venue,
    VenueStatus,
)
from cadenza.models.instrument import Instrument
from cadenza.models.order_book import L2_COLUMNS, OrderBook, Row
from cadenza.models.scalars import Dec, Millis, PositiveDec
from cadenza.models.trade import Trade

__all__ = [
    "L2_COLUMNS",
    "ContingencyType",
    "Dec",
    "Instrument",
    "InstrumentStatus",
    "InstrumentType",
    "KlineInterval",
    "Millis",
    "OrderBook",
    "OrderBookType",
    "OrderSide",
    "OrderStatus",
    "OrderType",
    "PositiveDec",
    "QuantityRounding",
    "QuantityType",
    "Row",
    "SecurityType",
    "TimeInForce",
    "Trade",
    "UpdateType",
    "Venue",
    "VenueStatus",
]
