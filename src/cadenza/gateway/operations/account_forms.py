"""The operations that change trading accounts, in their two forms."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from cadenza.gateway.api.operation import Adapter, Handler, Operation, RestForm, RpcForm
from cadenza.gateway.operations.account_reading import (
    AccountWish,
    NamedAccount,
    clone_of,
    update_of_rest,
    update_of_rpc,
    wish_of_rest,
    wish_of_rpc,
)
from cadenza.gateway.operations.accounts import TradingAccounts
from cadenza.models import (
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
)

_RESOURCE: Final = "command.trading_account."
_PATH: Final = "tradingAccount/"


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
            doc="Bring a disconnected account back; without one, make another paper account.",
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


def _rpc(verb: str, params: type[Any], read: Adapter | None = None) -> RpcForm:
    return RpcForm(method=_RESOURCE + verb, params=params, read=read, result=RpcTradingAccount)


def _rest(verb: str, params: type[Any], read: Adapter | None = None) -> RestForm:
    return RestForm(http="POST", path=_PATH + verb, params=params, read=read, result=TradingAccount)
