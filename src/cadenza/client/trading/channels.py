"""The trading methods of a client: ``accounts`` and ``account``."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, TypedDict, Unpack

from cadenza.client.api_calls import ApiCalls, converted
from cadenza.client.callbacks import Callback
from cadenza.client.errors import UsageError
from cadenza.client.host import ClientHost
from cadenza.client.trading.account import Account
from cadenza.client.trading.account_callbacks import AccountCallbacks
from cadenza.client.trading.errors import AccountChoiceError
from cadenza.client.trading.events import (
    AccountEvent,
    AccountUpdated,
    ExecutionReport,
    OrderUpdated,
    PortfolioUpdated,
    Resynced,
)
from cadenza.client.trading.order_request import OrderIds
from cadenza.client.trading.states import AccountState
from cadenza.client.trading.values import AccountInfo, info_of
from cadenza.models import RpcTradingAccount

ACCOUNTS: Final = "query.trading_account.list"


class AccountArguments(TypedDict, total=False):
    """The keyword arguments of ``Client.account`` that are fields of ``AccountCallbacks``."""

    on_event: Callback[AccountEvent] | None
    on_order: Callback[OrderUpdated] | None
    on_execution: Callback[ExecutionReport] | None
    on_portfolio: Callback[PortfolioUpdated] | None
    on_account: Callback[AccountUpdated] | None
    on_resync: Callback[Resynced] | None
    on_state: Callback[AccountState] | None


class TradingChannels:
    """The trading methods of ``Client``."""

    async def accounts(self: ClientHost) -> list[AccountInfo]:
        """The accounts of the user. A venue such as Cadenza makes the first when it is asked.

        Raises:
            ApiError: The venue refused.
            ClientError: As ``Client.rpc``.
        """
        return await _accounts(self)

    async def account(
        self: ClientHost,
        account_id: str | None = None,
        *,
        ended: int = 1_000,
        order_prefix: str = "",
        random_bytes: Callable[[int], bytes] = os.urandom,
        **callbacks: Unpack[AccountArguments],
    ) -> Account:
        """Follow an account: its orders, positions and balances are kept current from now on.

        Args:
            account_id: The venue's id of the account; ``None`` takes the only one of the user.
            ended: The most ended orders to keep, at least 1.
            order_prefix: The beginning of client order ids that are made up.
            random_bytes: The source of chance for them.
            callbacks: Functions that it calls, see ``AccountCallbacks``.

        Raises:
            AccountChoiceError: No account is named, and the user has none or several.
            UnsubscribedError: The server refused, or there is no such account.
            CallTimeoutError: The state of the account has not come within ``start_timeout``.
            UsageError: The account is followed already, or an option is unknown.
        """
        if ended < 1:
            raise UsageError(f"ended must be at least 1, not {ended}")
        try:
            chosen = AccountCallbacks(**callbacks)
        except TypeError as error:
            known = ", ".join(sorted(AccountArguments.__annotations__))
            raise UsageError(f"account has no such option; its callbacks are {known}") from error
        info = None
        if account_id is None:
            found = await _accounts(self)
            if len(found) != 1:
                raise AccountChoiceError([it.account_id for it in found])
            info = found[0]
            account_id = info.account_id
        account = Account(
            self,
            account_id,
            ids=OrderIds(random_bytes, order_prefix),
            callbacks=chosen,
            most_ended=ended,
            info=info,
        )
        return await account.load()


async def _accounts(host: ClientHost) -> list[AccountInfo]:
    found: list[AccountInfo] = []
    async for page in ApiCalls(host).pages(ACCOUNTS):
        raws = converted(ACCOUNTS, page, list[Any])
        found += [info_of(converted(ACCOUNTS, it, RpcTradingAccount), it) for it in raws]
    return found
