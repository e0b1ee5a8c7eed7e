"""Operations that change trading accounts.

A paper account needs no credentials: to connect one is to make it, funded, or to bring back one
that was disconnected. An external id is a name that the first to connect it gives to an account;
later it brings the same account back. Accounts are SPOT and trade at all venues of the gateway.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.gateway.api import errors
from cadenza.gateway.api.errors import OperationError
from cadenza.gateway.api.fields import invalid, missing, short_name, text_of
from cadenza.gateway.api.operation import (
    Caller,
    Handler,
    Operation,
    Reader,
    Reply,
    RestForm,
    RpcForm,
)
from cadenza.gateway.operations.account_access import AccountsAccess
from cadenza.gateway.trading.account_payloads import account_record
from cadenza.models import (
    AccountType,
    CloneTradingAccountRequest,
    ConnectTradingAccountRequest,
    FundTradingAccountRequest,
    OperationType,
    RpcTradingAccount,
    RpcTradingAccountParams,
    RpcValidatedTradingAccount,
    TradingAccount,
    TradingAccountIdRequest,
    UpdateTradingAccountRequest,
    Venue,
)
from cadenza.trading.accounts.account import Account
from cadenza.trading.accounts.errors import UnknownAccountError
from cadenza.trading.accounts.registry import FIRST_NICKNAME, LONGEST_NICKNAME
from cadenza.trading.ledger.errors import UnknownAssetError
from cadenza.trading.venue import PaperVenue

LONGEST_ASSET: Final = 40
"""Characters; longer texts are not searched for a name that is near."""

_RESOURCE: Final = "command.trading_account."
_PATH: Final = "tradingAccount/"

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
"""Fields that a client may send back as they are and cannot change, with their wire names."""


class AccountWish(msgspec.Struct, frozen=True, kw_only=True):
    """An account to make, connect or check.

    Attributes:
        account_id: One that exists; empty: a new one.
        external_id: The name it is connected by; empty: none. The id of an account will do.
        nickname: For people; ``None``: not given.
        venue: Its main venue; ``None``: the gateway's choice.
        account_type: Its type; paper accounts are SPOT.
        has_credentials: Whether the client sent some.
        at: Where in the request the fields stood: empty, or ``tradingAccount.``.
    """

    account_id: str = ""
    external_id: str = ""
    nickname: str | None = None
    venue: Venue | None = None
    account_type: AccountType = AccountType.SPOT
    has_credentials: bool = False
    at: str = ""


class NamedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account that exists, and a nickname.

    Attributes:
        account_id: The account's id.
        nickname: The new nickname; ``None``: not given.
        kept: Other fields that the client sent, by name: they must be as they are.
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


class TradingAccounts:
    """Changes accounts. Only their owner may.

    Args:
        venue: Where they are.
        accounts: Knows who owns which account.
    """

    def __init__(self, venue: PaperVenue, accounts: AccountsAccess) -> None:
        self._venue = venue
        self._service = venue.accounts
        self._accounts = accounts

    def create(self, caller: Caller, wanted: AccountWish) -> Awaitable[Reply]:
        """Make another account, funded."""
        if wanted.account_id:
            problem = "not for the client to choose"
            raise invalid(f"{wanted.at}tradingAccountId", wanted.account_id, problem)
        self._venue.exchange.check_running()
        if wanted.external_id and self._by_name(caller, wanted).account_id:
            message = "you have a trading account of this name already"
            raise OperationError(errors.ACCOUNT_TAKEN, message, field="externalAccountId")
        nickname = wanted.nickname
        if nickname is None:
            nickname = wanted.external_id[:LONGEST_NICKNAME] or FIRST_NICKNAME
        return self._shown(
            self._service.create(
                caller.user,
                nickname,
                venues=self._checked(wanted),
                external_id=wanted.external_id,
            )
        )

    def connect(self, caller: Caller, wanted: AccountWish) -> Awaitable[Reply]:
        """Bring an account back, or make another one."""
        if wanted.external_id:
            wanted = self._by_name(caller, wanted)
        if not wanted.account_id:
            return self.create(caller, wanted)
        self._checked(wanted)
        return self._switched(caller, wanted.account_id, OperationType.CONNECT)

    def _by_name(self, caller: Caller, wanted: AccountWish) -> AccountWish:
        """The account that has a name already, or what makes one of this name.

        Raises:
            OperationError: Somebody else has it, or it cannot be a name.
        """
        name = wanted.external_id
        field = f"{wanted.at}{'externalAccountId' if wanted.at else 'externalTradingAccountId'}"
        short_name(name, field)
        if not name.strip():
            raise invalid(field, name, "blank")
        registry = self._venue.registry
        found = registry.any(name.lower()) or registry.named(name)
        if found is None:
            return wanted
        if found.owner != caller.user:
            message = f"{field}: somebody else has a trading account of this name"
            raise OperationError(errors.ACCOUNT_TAKEN, message, field=field)
        return msgspec.structs.replace(wanted, account_id=found.account_id)

    def validate(self, caller: Caller, wanted: AccountWish) -> Reply:
        """Tell whether an account can trade, or one like this could be made."""
        name, registry = wanted.external_id, self._venue.registry
        found = (registry.any(name.lower()) or registry.named(name)) if name else None
        if found:
            wanted = msgspec.structs.replace(wanted, account_id=found.account_id)
        if wanted.account_id:
            try:
                account = self._accounts.owned(caller, wanted.account_id)
            except UnknownAccountError:
                return Reply(RpcValidatedTradingAccount(is_valid=False))
            return Reply(RpcValidatedTradingAccount(is_valid=account.is_active))
        try:
            self._checked(wanted)
        except OperationError:
            return Reply(RpcValidatedTradingAccount(is_valid=False))
        return Reply(RpcValidatedTradingAccount(is_valid=_is_nickname(wanted.nickname)))

    def update(self, caller: Caller, wanted: NamedAccount) -> Awaitable[Reply]:
        """Give an account another nickname."""
        self._venue.exchange.check_running()
        account = self._accounts.owned(caller, wanted.account_id)
        wanted.check_kept(account_record(account))
        nickname = account.nickname if wanted.nickname is None else wanted.nickname
        return self._shown(self._service.rename(caller.user, account.account_id, nickname))

    def switch(self, operation: OperationType) -> Handler:
        """The handler of ``disconnect``, ``enable`` or ``disable``."""

        def run(caller: Caller, wanted: TradingAccountIdRequest) -> Awaitable[Reply]:
            return self._switched(caller, wanted.trading_account_id, operation)

        return run

    def fund(self, caller: Caller, wanted: FundTradingAccountRequest) -> Awaitable[Reply]:
        """Give an account more of an asset."""
        self._venue.exchange.check_running()
        account = self._accounts.owned(caller, wanted.trading_account_id)
        if len(wanted.asset) > LONGEST_ASSET:
            raise UnknownAssetError(wanted.asset[:LONGEST_ASSET] + "...", ())
        amount = self._venue.scales.parse_shown(wanted.asset, wanted.quantity)
        return self._shown(
            self._service.fund(caller.user, account.account_id, wanted.asset, amount)
        )

    def reset(self, caller: Caller, wanted: TradingAccountIdRequest) -> Awaitable[Reply]:
        """Set an account back to the deposit of a new one, without positions."""
        self._venue.exchange.check_running()
        account = self._accounts.owned(caller, wanted.trading_account_id)
        return self._shown(self._service.reset(caller.user, account.account_id))

    def clone(self, caller: Caller, wanted: NamedAccount) -> Awaitable[Reply]:
        """Make another account with the same money, all of it free."""
        self._venue.exchange.check_running()
        account = self._accounts.owned(caller, wanted.account_id)
        nickname = wanted.nickname
        if nickname is None:
            nickname = f"{account.nickname} copy"[:LONGEST_NICKNAME]
        return self._shown(self._service.clone(caller.user, account.account_id, nickname))

    def _switched(
        self, caller: Caller, account_id: str, operation: OperationType
    ) -> Awaitable[Reply]:
        self._venue.exchange.check_running()
        account = self._accounts.owned(caller, account_id)
        return self._shown(self._service.switch(caller.user, account.account_id, operation))

    async def _shown(self, account: Account) -> Reply:
        """An account as it is now, once that is durable."""
        await self._venue.journal.committed()
        return Reply(account_record(account))

    def _checked(self, wanted: AccountWish) -> tuple[Venue, ...]:
        """The venues where an account would trade, its main venue first.

        Raises:
            OperationError: No such account can be made.
        """
        if wanted.has_credentials:
            problem = "not wanted: paper accounts need no credentials"
            field = f"{wanted.at}credentials" if wanted.at else "credentialIds"
            raise OperationError(errors.INVALID_FIELD, f"{field} is {problem}", field=field)
        if wanted.account_type is not AccountType.SPOT:
            problem = "not served: paper accounts are SPOT"
            field = f"{wanted.at}accountType"
            raise invalid(field, wanted.account_type, problem, nearest=AccountType.SPOT)
        venues = self._venue.rules.venues
        if wanted.venue is None:
            return venues
        if wanted.venue not in venues:
            problem = f"not one of {', '.join(venues)}"
            raise invalid(f"{wanted.at}venue", wanted.venue, problem, nearest=venues[0])
        return (wanted.venue, *(venue for venue in venues if venue is not wanted.venue))


def _is_nickname(text: str | None) -> bool:
    return text is None or (0 < len(text.strip()) <= LONGEST_NICKNAME and text.isprintable())


def wish_of_rpc(params: RpcTradingAccountParams) -> AccountWish:
    """The parameters of ``create``, ``connect`` and ``validate``."""
    given = params.trading_account
    account_type = given.account_type
    return AccountWish(
        account_id=text_of(given.trading_account_id),
        external_id="" if given.trading_account_id else text_of(given.external_account_id),
        nickname=None if given.nickname is UNSET else given.nickname,
        venue=None if given.venue is UNSET else given.venue,
        account_type=AccountType.SPOT if account_type is UNSET else account_type,
        has_credentials=bool(given.credentials) and given.credentials is not UNSET,
        at=_AT,
    )


def wish_of_rest(given: ConnectTradingAccountRequest) -> AccountWish:
    """The body of ``POST tradingAccount/connect``.

    Raises:
        OperationError: It names a dealer, or nothing at all: whoever repeats a call without a body
            does not want another account each time.
    """
    if given == ConnectTradingAccountRequest():
        hint = "; name the account to connect, or give the nickname of a new one"
        raise missing("externalTradingAccountId", hint)
    if given.dealer_account_id is not UNSET:
        problem = "not wanted: paper accounts are no dealer's"
        raise invalid("dealerAccountId", given.dealer_account_id, problem)
    return AccountWish(
        external_id=text_of(given.external_trading_account_id),
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


def account_command_operations(accounts: TradingAccounts) -> tuple[Operation, ...]:
    """Everything that changes accounts."""
    return (*_making(accounts), *_switching(accounts), *_extensions(accounts))


def _making(accounts: TradingAccounts) -> tuple[Operation, ...]:
    return (
        Operation(
            name=f"{_RESOURCE}create",
            doc="Make another paper account, funded like the first.",
            run=accounts.create,
            request=AccountWish,
            needs_user=True,
            rpc=_rpc("create", RpcTradingAccountParams, wish_of_rpc),
        ),
        Operation(
            name=f"{_RESOURCE}connect",
            doc="Bring an account back by id or name; a new name makes another one.",
            run=accounts.connect,
            request=AccountWish,
            needs_user=True,
            rpc=_rpc("connect", RpcTradingAccountParams, wish_of_rpc),
            rest=_rest("connect", ConnectTradingAccountRequest, wish_of_rest),
        ),
        Operation(
            name=f"{_RESOURCE}update",
            doc="Give an account another nickname; nothing else of it can be changed.",
            run=accounts.update,
            request=NamedAccount,
            needs_user=True,
            rpc=_rpc("update", RpcTradingAccountParams, update_of_rpc),
            rest=_rest("update", UpdateTradingAccountRequest, update_of_rest),
        ),
        Operation(
            name=f"{_RESOURCE}validate",
            doc="Whether an account of the caller can trade, or such a one could be made.",
            run=accounts.validate,
            request=AccountWish,
            needs_user=True,
            rpc=RpcForm(
                method=f"{_RESOURCE}validate",
                params=RpcTradingAccountParams,
                read=wish_of_rpc,
                result=RpcValidatedTradingAccount,
            ),
        ),
    )


def _switching(accounts: TradingAccounts) -> tuple[Operation, ...]:
    docs = {
        OperationType.DISCONNECT: "Let an account go; it keeps its orders, money and history.",
        OperationType.ENABLE: "Let a disabled account trade again.",
        OperationType.DISABLE: "Keep an account from taking orders; its open ones stay.",
    }
    return tuple(
        _simple(kind.lower(), doc, accounts.switch(kind), TradingAccountIdRequest)
        for kind, doc in docs.items()
    )


def _extensions(accounts: TradingAccounts) -> tuple[Operation, ...]:
    return (
        _simple(
            "fund",
            "Bring more money of an asset in.",
            accounts.fund,
            FundTradingAccountRequest,
            extension=True,
        ),
        _simple(
            "reset",
            "Begin anew: the deposit of a new account, no positions; it must have no open orders.",
            accounts.reset,
            TradingAccountIdRequest,
            extension=True,
        ),
        Operation(
            name=f"{_RESOURCE}clone",
            doc="Make another account with the same money, all of it free, and no orders.",
            run=accounts.clone,
            request=NamedAccount,
            extension=True,
            needs_user=True,
            rpc=_rpc("clone", CloneTradingAccountRequest, clone_of),
            rest=_rest("clone", CloneTradingAccountRequest, clone_of),
        ),
    )


def _simple(
    verb: str, doc: str, run: Handler, request: type[msgspec.Struct], *, extension: bool = False
) -> Operation:
    """An operation whose request is the same over both surfaces."""
    return Operation(
        name=_RESOURCE + verb,
        doc=doc,
        run=run,
        request=request,
        extension=extension,
        needs_user=True,
        rpc=_rpc(verb, request),
        rest=_rest(verb, request),
    )


def _rpc(verb: str, params: type[Any], read: Reader | None = None) -> RpcForm:
    return RpcForm(method=_RESOURCE + verb, params=params, read=read, result=RpcTradingAccount)


def _rest(verb: str, params: type[Any], read: Reader | None = None) -> RestForm:
    return RestForm(http="POST", path=_PATH + verb, params=params, read=read, result=TradingAccount)
