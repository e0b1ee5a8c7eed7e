"""Requests about trading accounts and portfolios, over RPC and REST."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.account import RpcTradingAccount
from cadenza.models.enums import Venue
from cadenza.models.enums_trading import OperationType, TradingAccountStatus
from cadenza.models.envelope import PageRequest
from cadenza.models.scalars import Dec, Moment, Offset, PageSize, Uuid


class RpcTradingAccountParams(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A trading account to make, change, connect or check."""

    trading_account: RpcTradingAccount


class TradingAccountIdRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which trading account."""

    trading_account_id: Uuid


class UpdateTradingAccountRequest(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """The body of ``POST tradingAccount/update``: a nickname is all that can change."""

    trading_account_id: Uuid
    nickname: str | UnsetType = UNSET


class ConnectTradingAccountRequest(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """The body of ``POST tradingAccount/connect``.

    ``external_trading_account_id`` names an account that exists and is to be connected again;
    without one another account is made.
    """

    venue: Venue | UnsetType = UNSET
    credential_ids: tuple[Uuid, ...] | UnsetType = UNSET
    external_trading_account_id: str | UnsetType = UNSET
    dealer_account_id: Uuid | UnsetType = UNSET
    nickname: str | UnsetType = UNSET


class FundTradingAccountRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How much of which asset an account gets; an extension."""

    trading_account_id: Uuid
    asset: str
    quantity: Dec


class CloneTradingAccountRequest(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """Which account to clone, and the clone's nickname; an extension."""

    trading_account_id: Uuid
    nickname: str | UnsetType = UNSET


class RpcValidatedTradingAccount(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What ``command.trading_account.validate`` answers."""

    is_valid: bool


class RpcListTradingAccountsParams(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """Trading accounts that fit every filter."""

    trading_account_id: Uuid | UnsetType = UNSET
    venue: Venue | UnsetType = UNSET
    status: TradingAccountStatus | UnsetType = UNSET
    pagination: PageRequest = PageRequest()


class ListTradingAccountsQuery(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """The query of ``GET tradingAccount/list``."""

    trading_account_id: Uuid | UnsetType = UNSET
    venue: Venue | UnsetType = UNSET
    account_status: TradingAccountStatus | UnsetType = UNSET
    user_id: str | UnsetType = UNSET
    tenant_id: str | UnsetType = UNSET
    limit: PageSize = 50
    offset: Offset = 0


class RpcListAccountOperationsParams(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """The operations on one account, newest first."""

    trading_account_id: Uuid
    pagination: PageRequest = PageRequest()


class ListAccountOperationsQuery(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """The query of ``GET tradingAccount/operation/list``; without an account, of all."""

    trading_account_id: Uuid | UnsetType = UNSET
    operation_type: OperationType | UnsetType = UNSET
    start_time: Moment | UnsetType = UNSET
    end_time: Moment | UnsetType = UNSET
    limit: PageSize = 50
    offset: Offset = 0
    cursor: str | UnsetType = UNSET


class RpcListPortfoliosParams(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """Portfolios of accounts that fit, summed up in ``currency``."""

    trading_account_id: Uuid | UnsetType = UNSET
    venue: Venue | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    pagination: PageRequest = PageRequest()


class ListPortfoliosQuery(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """The query of ``GET tradingAccount/portfolio/list``."""

    trading_account_id: Uuid | UnsetType = UNSET
    venue: Venue | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    limit: PageSize = 50
    offset: Offset = 0
