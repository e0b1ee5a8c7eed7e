"""The ``Instrument`` payload in its REST shape."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from cadenza.models.enums import (
    InstrumentStatus,
    InstrumentType,
    OrderType,
    SecurityType,
    TimeInForce,
    Venue,
)
from cadenza.models.scalars import Dec, Millis


class Instrument(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """What can be traded, in which steps and within which limits.

    ``pip_size`` is the tick size and ``lot_size`` the step of quantities, both decimal strings.
    Fields without a default are always on the wire; a ``None`` among them is sent as ``null``.
    The optional ones are left out while unset.
    """

    instrument_id: str
    venue: Venue
    symbol: str
    external_symbol: str
    instrument_type: InstrumentType
    status: InstrumentStatus
    base_asset: str
    quote_asset: str
    base_precision: int
    quote_precision: int
    base_max_significant: int | None
    quote_max_significant: int | None
    lot_size: Dec
    pip_size: Dec
    base_scale: int | None
    quote_scale: int | None
    min_quantity: Dec
    max_quantity: Dec
    min_notional: Dec
    order_types: tuple[OrderType, ...]
    time_in_force_options: tuple[TimeInForce, ...]
    description: str | msgspec.UnsetType = msgspec.UNSET
    base_security_type: SecurityType | msgspec.UnsetType = msgspec.UNSET
    quote_security_type: SecurityType | msgspec.UnsetType = msgspec.UNSET
    max_notional: Dec | msgspec.UnsetType = msgspec.UNSET
    order_filters: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    trading_hours: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    is_iceberg_allowed: bool | msgspec.UnsetType = msgspec.UNSET
    iceberg_min_quantity: Dec | msgspec.UnsetType = msgspec.UNSET
    delivery_date: Millis | msgspec.UnsetType = msgspec.UNSET
    delivery_date_time: str | msgspec.UnsetType = msgspec.UNSET
    exercise_style: Literal["EUROPEAN", "AMERICAN"] | msgspec.UnsetType = msgspec.UNSET
    strike_price: Dec | msgspec.UnsetType = msgspec.UNSET
