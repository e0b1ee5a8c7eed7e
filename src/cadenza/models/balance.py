"""The balance payload in its REST and its RPC shape."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.enums import SecurityType
from cadenza.models.enums_trading import BalanceStatus
from cadenza.models.instants import Iso
from cadenza.models.scalars import Dec, Millis, Uuid


class BalanceEntry(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """How much of one asset an account has: ``total`` is ``free`` and ``locked`` together.

    ``net`` is ``total`` less ``borrowed``.
    """

    security_symbol: str
    security_type: SecurityType
    trading_account_id: Uuid
    status: BalanceStatus
    free: Dec
    locked: Dec
    borrowed: Dec
    total: Dec
    net: Dec
    updated_at: Millis
    external_balance_id: str | UnsetType = UNSET
    position_id: Uuid | UnsetType = UNSET
    updated_at_date_time: Iso | UnsetType = UNSET


class BalanceRecord(BalanceEntry, frozen=True, kw_only=True, rename="camel"):
    """A balance with what only RPC shows: the source of both surfaces."""

    balance_id: Uuid | UnsetType = UNSET
    frozen: Dec | UnsetType = UNSET
    interest_owed: Dec | UnsetType = UNSET
    collateral_weight: Dec | UnsetType = UNSET
    collateral_value: Dec | UnsetType = UNSET
    collateral_enabled: bool | UnsetType = UNSET
    cross_margin: Dec | UnsetType = UNSET
    isolated_margin: Dec | UnsetType = UNSET
    margin_ratio: Dec | UnsetType = UNSET
    created_at: Millis | UnsetType = UNSET


class RpcBalanceEntry(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """How much of one asset an account has, as RPC and the account channel show it."""

    balance_id: Uuid | UnsetType = UNSET
    external_balance_id: str | UnsetType = UNSET
    trading_account_id: Uuid | UnsetType = UNSET
    security_symbol: str | UnsetType = UNSET
    security_type: SecurityType | UnsetType = UNSET
    status: BalanceStatus | UnsetType = UNSET
    free: Dec | UnsetType = UNSET
    locked: Dec | UnsetType = UNSET
    frozen: Dec | UnsetType = UNSET
    borrowed: Dec | UnsetType = UNSET
    interest_owed: Dec | UnsetType = UNSET
    total: Dec | UnsetType = UNSET
    net: Dec | UnsetType = UNSET
    collateral_weight: Dec | UnsetType = UNSET
    collateral_value: Dec | UnsetType = UNSET
    collateral_enabled: bool | UnsetType = UNSET
    cross_margin: Dec | UnsetType = UNSET
    isolated_margin: Dec | UnsetType = UNSET
    margin_ratio: Dec | UnsetType = UNSET
    created_at: Iso | UnsetType = UNSET
    updated_at: Iso | UnsetType = UNSET
