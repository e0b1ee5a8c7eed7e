"""Venues, instruments and securities, in REST and RPC shapes."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.enums import (
    InstrumentStatus,
    InstrumentType,
    OrderType,
    SecurityType,
    TimeInForce,
    Venue,
    VenueStatus,
)
from cadenza.models.scalars import Dec, Iso, Millis


class MarketVenue(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A venue, and whether its market moves. RPC lists bare names instead."""

    venue: Venue
    status: VenueStatus


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
    description: str | UnsetType = UNSET
    base_security_type: SecurityType | UnsetType = UNSET
    quote_security_type: SecurityType | UnsetType = UNSET
    max_notional: Dec | UnsetType = UNSET
    order_filters: dict[str, Any] | UnsetType = UNSET
    trading_hours: dict[str, Any] | UnsetType = UNSET
    is_iceberg_allowed: bool | UnsetType = UNSET
    iceberg_min_quantity: Dec | UnsetType = UNSET
    delivery_date: Millis | UnsetType = UNSET
    delivery_date_time: str | UnsetType = UNSET
    exercise_style: Literal["EUROPEAN", "AMERICAN"] | UnsetType = UNSET
    strike_price: Dec | UnsetType = UNSET


class RpcInstrument(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """What can be traded, as RPC shows it: every field optional, times in RFC 3339."""

    instrument_id: str | UnsetType = UNSET
    venue: Venue | UnsetType = UNSET
    symbol: str | UnsetType = UNSET
    external_symbol: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    instrument_type: InstrumentType | UnsetType = UNSET
    status: InstrumentStatus | UnsetType = UNSET
    base_asset: str | UnsetType = UNSET
    quote_asset: str | UnsetType = UNSET
    base_security_type: SecurityType | UnsetType = UNSET
    quote_security_type: SecurityType | UnsetType = UNSET
    base_precision: int | UnsetType = UNSET
    quote_precision: int | UnsetType = UNSET
    lot_size: Dec | UnsetType = UNSET
    pip_size: Dec | UnsetType = UNSET
    min_quantity: Dec | UnsetType = UNSET
    max_quantity: Dec | UnsetType = UNSET
    min_notional: Dec | UnsetType = UNSET
    max_notional: Dec | UnsetType = UNSET
    order_types: tuple[OrderType, ...] | UnsetType = UNSET
    time_in_force_options: tuple[TimeInForce, ...] | UnsetType = UNSET
    is_iceberg_allowed: bool | UnsetType = UNSET
    fee: Dec | UnsetType = UNSET
    contract_size: Dec | UnsetType = UNSET
    created_at: Iso | UnsetType = UNSET
    updated_at: Iso | UnsetType = UNSET


class FinancialSecurity(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """An asset at a venue as REST shows it; ``security_id`` is ``VENUE:ASSET``.

    ``precision`` and ``scale`` are the decimals of its finest quantity or price there;
    ``lot_size`` and ``min_quantity`` the finest among the instruments that trade it.
    """

    security_id: str | UnsetType = UNSET
    symbol: str | UnsetType = UNSET
    venue: Venue | UnsetType = UNSET
    security_type: SecurityType | UnsetType = UNSET
    precision: int | UnsetType = UNSET
    scale: int | UnsetType = UNSET
    min_quantity: Dec | UnsetType = UNSET
    lot_size: Dec | UnsetType = UNSET


class SecurityRecord(FinancialSecurity, frozen=True, kw_only=True, rename="camel"):
    """A security with what only RPC shows: the source of both surfaces."""

    external_symbol: str | UnsetType = UNSET


class RpcSecurity(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """An asset at a venue as RPC shows it."""

    security_id: str | UnsetType = UNSET
    symbol: str | UnsetType = UNSET
    external_symbol: str | UnsetType = UNSET
    venue: Venue | UnsetType = UNSET
