"""The position payload in its REST and its RPC shape."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.enums import SecurityType
from cadenza.models.enums_trading import PositionSide, PositionStatus
from cadenza.models.instants import Iso
from cadenza.models.scalars import Dec, Millis, Uuid


class PositionEntry(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """A position; both surfaces have the same facts, so this is also the record of them.

    ``quantity`` is never negative: ``position_side`` says which way. Prices and profits are in the
    quote asset of the instrument.
    """

    position_id: Uuid
    security_symbol: str
    trading_account_id: Uuid
    security_type: SecurityType
    status: PositionStatus
    position_side: PositionSide
    quantity: Dec
    created_at: Millis
    updated_at: Millis
    external_position_id: str | UnsetType = UNSET
    instrument_id: str | UnsetType = UNSET
    entry_price: Dec | UnsetType = UNSET
    exit_price: Dec | UnsetType = UNSET
    current_price: Dec | UnsetType = UNSET
    unrealized_pnl: Dec | UnsetType = UNSET
    realized_pnl: Dec | UnsetType = UNSET
    created_at_date_time: Iso | UnsetType = UNSET
    updated_at_date_time: Iso | UnsetType = UNSET
    closed_at: Millis | UnsetType = UNSET
    closed_at_date_time: Iso | UnsetType = UNSET


class RpcPositionEntry(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """A position as RPC and the account channel show it."""

    position_id: Uuid | UnsetType = UNSET
    external_position_id: str | UnsetType = UNSET
    trading_account_id: Uuid | UnsetType = UNSET
    instrument_id: str | UnsetType = UNSET
    security_symbol: str | UnsetType = UNSET
    security_type: SecurityType | UnsetType = UNSET
    status: PositionStatus | UnsetType = UNSET
    position_side: PositionSide | UnsetType = UNSET
    quantity: Dec | UnsetType = UNSET
    entry_price: Dec | UnsetType = UNSET
    exit_price: Dec | UnsetType = UNSET
    current_price: Dec | UnsetType = UNSET
    unrealized_pnl: Dec | UnsetType = UNSET
    realized_pnl: Dec | UnsetType = UNSET
    created_at: Iso | UnsetType = UNSET
    updated_at: Iso | UnsetType = UNSET
