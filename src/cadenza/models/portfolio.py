"""The portfolio payload and its summary, in REST and RPC shapes."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.account import AccountRecord, RpcTradingAccount
from cadenza.models.balance import BalanceEntry, BalanceRecord, RpcBalanceEntry
from cadenza.models.enums import Venue
from cadenza.models.enums_trading import UpdateMode
from cadenza.models.instants import Iso
from cadenza.models.position import PositionEntry, RpcPositionEntry
from cadenza.models.scalars import Dec, Millis, Uuid


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
