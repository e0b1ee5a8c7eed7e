"""An instrument as the API describes it, with exact decimals."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from cadenza.models import (
    InstrumentStatus,
    InstrumentType,
    OrderType,
    SecurityType,
    TimeInForce,
    Venue,
)


class MarketInstrument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What can be traded; ``None`` is what the server does not say.

    ``pip_size`` is the step of prices, ``lot_size`` that of quantities.
    """

    instrument_id: str
    venue: Venue
    symbol: str
    external_symbol: str | None = None
    description: str | None = None
    instrument_type: InstrumentType | None = None
    status: InstrumentStatus | None = None
    base_asset: str | None = None
    quote_asset: str | None = None
    base_security_type: SecurityType | None = None
    quote_security_type: SecurityType | None = None
    base_precision: int | None = None
    quote_precision: int | None = None
    lot_size: Decimal | None = None
    pip_size: Decimal | None = None
    min_quantity: Decimal | None = None
    max_quantity: Decimal | None = None
    min_notional: Decimal | None = None
    max_notional: Decimal | None = None
    order_types: tuple[OrderType, ...] = ()
    time_in_force_options: tuple[TimeInForce, ...] = ()
    is_iceberg_allowed: bool | None = None
    fee: Decimal | None = None
    contract_size: Decimal | None = None
