"""Portfolios with their balances, positions and summaries, in REST and RPC shapes."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.account import AccountRecord, RpcTradingAccount
from cadenza.models.enums import SecurityType, Venue
from cadenza.models.enums_trading import BalanceStatus, PositionSide, PositionStatus, UpdateMode
from cadenza.models.scalars import Dec, Iso, Millis, Uuid


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


class PortfolioSummary(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """What an account is worth in one ``currency``, and how much of that is at risk."""

    trading_account_id: Uuid
    currency: str
    leverage: int | None
    equity: Dec
    margin: Dec
    margin_loan: Dec
    margin_usage: Dec
    margin_requirement: Dec
    margin_level: Dec
    credit: Dec
    risk_exposure: Dec
    max_risk_exposure: Dec | UnsetType = UNSET
    risk_exposure_rate: Dec | UnsetType = UNSET


class SummaryRecord(PortfolioSummary, frozen=True, kw_only=True, rename="camel"):
    """A summary with what only RPC shows: the source of both surfaces."""

    portfolio_summary_id: Uuid | UnsetType = UNSET


class RpcPortfolioSummary(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """A summary as RPC and the account channel show it."""

    portfolio_summary_id: Uuid | UnsetType = UNSET
    trading_account_id: Uuid | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    leverage: int | UnsetType | None = UNSET
    equity: Dec | UnsetType = UNSET
    margin: Dec | UnsetType = UNSET
    margin_loan: Dec | UnsetType = UNSET
    margin_usage: Dec | UnsetType = UNSET
    margin_requirement: Dec | UnsetType = UNSET
    margin_level: Dec | UnsetType = UNSET
    credit: Dec | UnsetType = UNSET
    risk_exposure: Dec | UnsetType = UNSET
    max_risk_exposure: Dec | UnsetType = UNSET
    risk_exposure_rate: Dec | UnsetType = UNSET


class Portfolio(msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True):
    """Positions, balances and summary of an account as REST shows them."""

    trading_account_id: Uuid
    venue: Venue
    positions: tuple[PositionEntry, ...]
    balances: tuple[BalanceEntry, ...]
    summary: PortfolioSummary
    updated_at: Millis
    updated_at_date_time: Iso | UnsetType = UNSET


class PortfolioRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A portfolio with what only RPC shows: the source of both surfaces, itself never sent."""

    trading_account_id: Uuid
    venue: Venue
    positions: tuple[PositionEntry, ...]
    balances: tuple[BalanceRecord, ...]
    summary: SummaryRecord
    updated_at: Millis
    account_info: AccountRecord | UnsetType = UNSET
    update_mode: UpdateMode | UnsetType = UNSET


class RpcPortfolio(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """A portfolio as RPC and the account channel show it.

    With ``update_mode`` DELTA only the balances and positions that changed are there, each with
    its new absolute amounts.
    """

    trading_account_id: Uuid | UnsetType = UNSET
    positions: tuple[RpcPositionEntry, ...] | UnsetType = UNSET
    balances: tuple[RpcBalanceEntry, ...] | UnsetType = UNSET
    summary: RpcPortfolioSummary | UnsetType = UNSET
    account_info: RpcTradingAccount | UnsetType = UNSET
    update_mode: UpdateMode | UnsetType = UNSET
    updated_at: Iso | UnsetType = UNSET
