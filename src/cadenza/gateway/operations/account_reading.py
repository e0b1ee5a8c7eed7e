"""From what clients send about trading accounts to what is asked."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.gateway.operations.order_params import invalid, missing, text_of
from cadenza.models import (
    AccountType,
    CloneTradingAccountRequest,
    ConnectTradingAccountRequest,
    RpcTradingAccount,
    RpcTradingAccountParams,
    UpdateTradingAccountRequest,
    Venue,
)

_AT: Final = "tradingAccount."
_FIXED: Final = {
    "venue": "venue",
    "account_type": "accountType",
    "external_account_type": "externalAccountType",
    "position_mode": "positionMode",
    "collateral_mode": "collateralMode",
    "margin_mode": "marginMode",
    "status": "status",
}
"""What a client may send back as it is, and cannot change; with names on the wire."""


class AccountWish(msgspec.Struct, frozen=True, kw_only=True):
    """An account to make, connect or check.

    Attributes:
        account_id: One that exists; empty: another one.
        nickname: For people; ``None``: not given.
        venue: Its main venue; ``None``: the gateway's choice.
        account_type: What it may borrow.
        has_credentials: The client sent some.
        fields: Where ``account_id``, ``venue`` and ``account_type`` stood, by those names.
    """

    account_id: str = ""
    nickname: str | None = None
    venue: Venue | None = None
    account_type: AccountType = AccountType.SPOT
    has_credentials: bool = False
    at: str = ""


class NamedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account that exists, and a nickname.

    Attributes:
        account_id: Which.
        nickname: The new one; ``None``: not given.
        kept: What the client sent beside it, which must be as it is: values by field.
    """

    account_id: str
    nickname: str | None = None
    kept: dict[str, Any] = {}

    def check_kept(self, account: msgspec.Struct) -> None:
        """Refuse to change what cannot be changed.

        Args:
            account: The account's record.

        Raises:
            OperationError: A field differs from what it is.
        """
        for name, value in self.kept.items():
            now = getattr(account, name)
            if value != now:
                problem = f"not {now}; only the nickname of an account can be changed"
                raise invalid(_AT + _FIXED[name], value, problem, nearest=now)


def wish_of_rpc(params: RpcTradingAccountParams) -> AccountWish:
    """The parameters of ``create``, ``connect`` and ``validate``."""
    given = params.trading_account
    account_type = given.account_type
    return AccountWish(
        account_id=text_of(given.trading_account_id) or text_of(given.external_account_id),
        nickname=None if given.nickname is UNSET else given.nickname,
        venue=None if given.venue is UNSET else given.venue,
        account_type=AccountType.SPOT if account_type is UNSET else account_type,
        has_credentials=bool(given.credentials) and given.credentials is not UNSET,
        at=_AT,
    )


def wish_of_rest(given: ConnectTradingAccountRequest) -> AccountWish:
    """The body of ``POST tradingAccount/connect``.

    Raises:
        OperationError: It names a dealer.
    """
    if given.dealer_account_id is not UNSET:
        problem = "not wanted: paper accounts are no dealer's"
        raise invalid("dealerAccountId", given.dealer_account_id, problem)
    return AccountWish(
        account_id=text_of(given.external_trading_account_id),
        nickname=None if given.nickname is UNSET else given.nickname,
        venue=None if given.venue is UNSET else given.venue,
        has_credentials=given.credential_ids is not UNSET and bool(given.credential_ids),
    )


def update_of_rpc(params: RpcTradingAccountParams) -> NamedAccount:
    """The parameters of ``command.trading_account.update``.

    Raises:
        OperationError: No account is named.
    """
    given = params.trading_account
    if given.trading_account_id is UNSET:
        raise missing(f"{_AT}tradingAccountId")
    return NamedAccount(
        account_id=given.trading_account_id,
        nickname=_nickname(given.nickname, f"{_AT}nickname"),
        kept=_kept(given),
    )


def update_of_rest(given: UpdateTradingAccountRequest) -> NamedAccount:
    """The body of ``POST tradingAccount/update``.

    Raises:
        OperationError: There is nothing to change.
    """
    nickname = _nickname(given.nickname, "nickname")
    return NamedAccount(account_id=given.trading_account_id, nickname=nickname)


def clone_of(given: CloneTradingAccountRequest) -> NamedAccount:
    """The parameters of ``command.trading_account.clone``."""
    nickname = None if given.nickname is UNSET else given.nickname
    return NamedAccount(account_id=given.trading_account_id, nickname=nickname)


def _nickname(given: str | UnsetType, field: str) -> str:
    if given is UNSET:
        raise missing(field, ": it is what can be changed")
    return given


def _kept(given: RpcTradingAccount) -> dict[str, Any]:
    pairs = ((name, getattr(given, name)) for name in _FIXED)
    return {name: value for name, value in pairs if value is not UNSET}
