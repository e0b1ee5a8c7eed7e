"""Trading accounts, their credentials and their histories, in REST and RPC shapes."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.enums import Venue
from cadenza.models.enums_trading import (
    AccountType,
    CollateralMode,
    CredentialStatus,
    CredentialType,
    MarginMode,
    OperationStatus,
    OperationType,
    PositionMode,
    TradingAccountOperationType,
    TradingAccountStatus,
)
from cadenza.models.scalars import Iso, Millis, Uuid


class TradingAccountCredential(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """A credential as REST shows it: never with its secret."""

    credential_id: Uuid
    venue: Venue
    credential_type: CredentialType | None
    status: CredentialStatus
    created_at: Millis
    updated_at: Millis
    nickname: str | UnsetType = UNSET
    created_at_date_time: Iso | UnsetType = UNSET
    updated_at_date_time: Iso | UnsetType = UNSET
    revoked_at: Millis | UnsetType = UNSET
    revoked_at_date_time: Iso | UnsetType = UNSET


class RpcTradingAccountCredential(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """A credential as RPC shows it; ``api_key`` stays out of representations."""

    credential_id: Uuid | UnsetType = UNSET
    venue: Venue | UnsetType = UNSET
    credential_type: CredentialType | UnsetType | None = UNSET
    nickname: str | UnsetType = UNSET
    status: CredentialStatus | UnsetType = UNSET
    api_key: str | UnsetType = UNSET
    with_info: bool | UnsetType = UNSET
    with_secret: bool | UnsetType = UNSET
    created_at: Iso | UnsetType = UNSET
    updated_at: Iso | UnsetType = UNSET
    revoked_at: Iso | UnsetType = UNSET

    def __repr__(self) -> str:
        return f"RpcTradingAccountCredential(credential_id={self.credential_id!r})"


class RpcTradingAccountConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Settings of an account."""

    leverage: int | UnsetType = UNSET


class TradingAccount(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """A trading account as REST shows it."""

    trading_account_id: Uuid
    external_trading_account_id: str
    venue: Venue
    nickname: str
    account_type: AccountType
    external_account_type: str
    credentials: tuple[TradingAccountCredential, ...]
    status: TradingAccountStatus
    created_at: Millis
    updated_at: Millis
    position_mode: PositionMode | UnsetType = UNSET
    collateral_mode: CollateralMode | UnsetType = UNSET
    margin_mode: MarginMode | UnsetType = UNSET
    created_at_date_time: Iso | UnsetType = UNSET
    updated_at_date_time: Iso | UnsetType = UNSET


class AccountRecord(TradingAccount, frozen=True, kw_only=True, rename="camel"):
    """A trading account with what only RPC shows: the source of both surfaces.

    ``user_id`` is set only for owners whose id is a UUID, as RPC's clients refuse any other.
    """

    user_id: Uuid | UnsetType = UNSET
    tenant_id: str | UnsetType = UNSET
    config: RpcTradingAccountConfig | UnsetType = UNSET


class RpcTradingAccount(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """A trading account as RPC and the account channel show it."""

    trading_account_id: Uuid | UnsetType = UNSET
    user_id: Uuid | UnsetType = UNSET
    tenant_id: str | UnsetType = UNSET
    external_account_id: str | UnsetType = UNSET
    venue: Venue | UnsetType = UNSET
    nickname: str | UnsetType = UNSET
    account_type: AccountType | UnsetType = UNSET
    external_account_type: str | UnsetType = UNSET
    position_mode: PositionMode | UnsetType = UNSET
    collateral_mode: CollateralMode | UnsetType = UNSET
    margin_mode: MarginMode | UnsetType = UNSET
    credentials: tuple[RpcTradingAccountCredential, ...] | UnsetType = UNSET
    config: RpcTradingAccountConfig | UnsetType = UNSET
    status: TradingAccountStatus | UnsetType = UNSET
    created_at: Iso | UnsetType = UNSET
    updated_at: Iso | UnsetType = UNSET


class AccountOperation(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """A line of an account's history in REST."""

    operation_id: Uuid
    trading_account_id: Uuid
    operation_type: OperationType
    status: OperationStatus
    created_at: Millis
    created_at_date_time: Iso | UnsetType = UNSET


class RpcTradingAccountOperationHistory(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """A line of an account's history in RPC, whose words for the operations are others."""

    trading_account_history_id: Uuid | UnsetType = UNSET
    trading_account_id: Uuid | UnsetType = UNSET
    timestamp: Iso | UnsetType = UNSET
    operation_type: TradingAccountOperationType | UnsetType = UNSET
    operate_by: str | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    previous_values: dict[str, Any] | UnsetType = UNSET
    new_values: dict[str, Any] | UnsetType = UNSET
