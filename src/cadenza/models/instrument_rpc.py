"""The ``Instrument`` payload in its RPC shape."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.enums import (
    InstrumentStatus,
    InstrumentType,
    OrderType,
    SecurityType,
    TimeInForce,
    Venue,
)
from cadenza.models.instants import Iso
from cadenza.models.scalars import Dec


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
