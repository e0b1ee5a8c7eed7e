"""What the operations do that change trading accounts.

A paper account needs no credentials: to connect one is to make it, funded, or to bring back one
that was disconnected. Accounts are SPOT and trade at all venues of the gateway.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from cadenza.gateway.api.errors import OperationError
from cadenza.gateway.api.operation import Handler, Reply
from cadenza.gateway.operations.account_access import AccountsAccess
from cadenza.gateway.operations.account_reading import AccountWish, NamedAccount
from cadenza.gateway.operations.caller import Caller
from cadenza.gateway.operations.order_params import invalid
from cadenza.models import (
    AccountType,
    FundTradingAccountRequest,
    OperationType,
    RpcValidatedTradingAccount,
    TradingAccountIdRequest,
    Venue,
)
from cadenza.trading.accounts.account import Account, account_record
from cadenza.trading.accounts.errors import UnknownAccountError
from cadenza.trading.accounts.registry import FIRST_NICKNAME, LONGEST_NICKNAME
from cadenza.trading.ledger.errors import UnknownAssetError
from cadenza.trading.venue import PaperVenue

LONGEST_ASSET: Final = 40
"""Characters; longer texts are not searched for a name that is near."""


class TradingAccounts:
    """Changes accounts. Only their owner may.

    Args:
        venue: Where they are.
        accounts: Whose are whose.
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
        nickname = FIRST_NICKNAME if wanted.nickname is None else wanted.nickname
        return self._shown(
            self._service.create(caller.user, nickname, venues=self._checked(wanted))
        )

    def connect(self, caller: Caller, wanted: AccountWish) -> Awaitable[Reply]:
        """Bring an account back, or make another one."""
        if not wanted.account_id:
            return self.create(caller, wanted)
        self._checked(wanted)
        return self._switched(caller, wanted.account_id, OperationType.CONNECT)

    def validate(self, caller: Caller, wanted: AccountWish) -> Reply:
        """Whether an account can trade, or one like this could be made."""
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
        """Bring money in."""
        self._venue.exchange.check_running()
        account = self._accounts.owned(caller, wanted.trading_account_id)
        if len(wanted.asset) > LONGEST_ASSET:
            raise UnknownAssetError(wanted.asset[:LONGEST_ASSET] + "...", ())
        amount = self._venue.scales.parse(wanted.asset, wanted.quantity)
        return self._shown(
            self._service.fund(caller.user, account.account_id, wanted.asset, amount)
        )

    def reset(self, caller: Caller, wanted: TradingAccountIdRequest) -> Awaitable[Reply]:
        """Begin anew, with the deposit of a new account and no positions."""
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
        """An account as it has become, when that is durable."""
        await self._venue.journal.committed()
        return Reply(account_record(account))

    def _checked(self, wanted: AccountWish) -> tuple[Venue, ...]:
        """Where an account would trade: its main venue first.

        Raises:
            OperationError: There is no such account to be had.
        """
        if wanted.has_credentials:
            problem = "not wanted: paper accounts need no credentials"
            field = f"{wanted.at}credentials" if wanted.at else "credentialIds"
            raise invalid(field, "given", problem)
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
