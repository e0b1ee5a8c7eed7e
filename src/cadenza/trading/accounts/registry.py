"""The registry of trading accounts, their owners, and every operation on them.

Every caller names an owner, and reaches that owner's accounts only: someone else's account and one
that does not exist answer alike. Each operation returns an ``AccountChange`` that ``apply`` takes
on another registry, for example after a restart, to the same effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from cadenza.models import AccountType, OperationType, TradingAccountStatus, Venue
from cadenza.trading.accounts.account import Account, AccountChange, is_uuid
from cadenza.trading.accounts.errors import (
    AccountIdError,
    AccountInactiveError,
    NicknameError,
    TooManyAccountsError,
    UnknownAccountError,
)
from cadenza.trading.ledger.entry import Entry
from cadenza.trading.ledger.ledger import Ledger

MOST_ACCOUNTS: Final = 100
"""Accounts one owner may have, unless told otherwise."""

LONGEST_NICKNAME: Final = 64
FIRST_NICKNAME: Final = "Paper"

_STATUS_OF: Final = {
    OperationType.CONNECT: TradingAccountStatus.ACTIVE,
    OperationType.ENABLE: TradingAccountStatus.ACTIVE,
    OperationType.DISABLE: TradingAccountStatus.INACTIVE,
    OperationType.DISCONNECT: TradingAccountStatus.DISCONNECTED,
}
"""The status after an operation."""

_ALLOWED_FROM: Final = {
    OperationType.CONNECT: {
        TradingAccountStatus.ACTIVE,
        TradingAccountStatus.INACTIVE,
        TradingAccountStatus.DISCONNECTED,
    },
    OperationType.ENABLE: {TradingAccountStatus.ACTIVE, TradingAccountStatus.INACTIVE},
    OperationType.DISABLE: {TradingAccountStatus.ACTIVE, TradingAccountStatus.INACTIVE},
    OperationType.DISCONNECT: {
        TradingAccountStatus.ACTIVE,
        TradingAccountStatus.INACTIVE,
        TradingAccountStatus.DISCONNECTED,
    },
}
"""The statuses an operation can start from: a disconnected account must be connected first."""


class AccountRegistry:
    """All trading accounts.

    Args:
        ledger: The ledger of their money.
        new_id: Makes account ids, UUIDs in text form.
        deposit: Funds of a new paper account: minor units by asset.
        venues: Venues that the first account of an owner trades at, the main venue first.
        limit: Accounts one owner may have.
    """

    def __init__(
        self,
        ledger: Ledger,
        new_id: Callable[[], str],
        *,
        deposit: Mapping[str, int],
        venues: tuple[Venue, ...] = (Venue.PAPER,),
        limit: int = MOST_ACCOUNTS,
    ) -> None:
        self.ledger = ledger
        self._new_id = new_id
        self._deposit = dict(deposit)
        self._venues = venues
        self._limit = limit
        self._accounts: dict[str, Account] = {}
        self._by_owner: dict[str, list[str]] = {}

    def __iter__(self) -> Iterator[Account]:
        return iter(self._accounts.values())

    def get(self, owner: str, account_id: str) -> Account:
        """An account of an owner.

        Raises:
            UnknownAccountError: The owner has no such account.
        """
        account = self._accounts.get(account_id)
        if account is None or account.owner != owner:
            raise UnknownAccountError(account_id)
        return account

    def any(self, account_id: str) -> Account | None:
        """An account, whoever has it: for callers whose right to it is known otherwise."""
        return self._accounts.get(account_id)

    def usable(self, owner: str, account_id: str) -> Account:
        """An account of an owner that may trade.

        Raises:
            UnknownAccountError: The owner has no such account.
            AccountInactiveError: It is not ACTIVE.
        """
        account = self.get(owner, account_id)
        if not account.is_active:
            raise AccountInactiveError(account_id, account.status)
        return account

    def owns(self, owner: str, account_id: str) -> bool:
        """Whether the account is the owner's."""
        account = self._accounts.get(account_id)
        return account is not None and account.owner == owner

    def of_owner(self, owner: str) -> tuple[Account, ...]:
        """All accounts of an owner, in the order they were made."""
        return tuple(self._accounts[account_id] for account_id in self._by_owner.get(owner, ()))

    def first_look(self, owner: str, *, at: int) -> AccountChange | None:
        """Make the owner's first account, funded, unless there is one already.

        Returns:
            What was made; ``None`` if nothing was.
        """
        if self._by_owner.get(owner):
            return None
        return self.create(owner, FIRST_NICKNAME, venues=self._venues, at=at)

    def create(
        self,
        owner: str,
        nickname: str,
        *,
        at: int,
        venues: tuple[Venue, ...] = (),
        account_type: AccountType = AccountType.SPOT,
        deposit: Mapping[str, int] | None = None,
    ) -> AccountChange:
        """Make another account.

        Args:
            owner: The user who will own it.
            nickname: A name for people; accounts may share it.
            at: Milliseconds UTC.
            venues: Venues that it trades at, the main venue first; empty: those of first accounts.
            account_type: Its kind, which says what it may borrow.
            deposit: Its funds, minor units by asset; ``None``: those of first accounts.

        Raises:
            NicknameError: The nickname cannot be used.
            TooManyAccountsError: The owner has too many.
            AmountError: An amount is not positive.
        """
        account = self._fresh(owner, nickname, venues or self._venues, account_type, at)
        entries: tuple[Entry, ...] = ()
        funds = self._deposit if deposit is None else deposit
        if funds:
            entries = (self.ledger.reset(account.account_id, funds, at=at, ref="created"),)
        self._put(account)
        return AccountChange(account=account, entries=entries)

    def fund(
        self, owner: str, account_id: str, asset: str, amount: int, *, at: int, ref: str = ""
    ) -> AccountChange:
        """Deposit money.

        Raises:
            UnknownAccountError: The owner has no such account.
            AmountError: The amount is not positive or does not fit.
        """
        account = self.get(owner, account_id)
        entry = self.ledger.deposit(account_id, asset, amount, at=at, ref=ref)
        return self._changed(account, at, entries=(entry,))

    def reset(
        self, owner: str, account_id: str, *, at: int, deposit: Mapping[str, int] | None = None
    ) -> AccountChange:
        """Take all money out, and fund the account like a new one.

        Positions are not the registry's: the caller clears them with the same change.

        Raises:
            UnknownAccountError: The owner has no such account.
            OpenReservationsError: It has open orders.
            AmountError: An amount is not positive.
        """
        account = self.get(owner, account_id)
        funds = self._deposit if deposit is None else deposit
        entry = self.ledger.reset(account_id, funds, at=at, ref="reset")
        return self._changed(account, at, entries=(entry,))

    def clone(self, owner: str, account_id: str, nickname: str, *, at: int) -> AccountChange:
        """Make a new account with the same venues and the same totals, all free.

        Raises:
            UnknownAccountError: The owner has no such account.
            NicknameError: The nickname cannot be used.
            TooManyAccountsError: The owner has too many.
        """
        source = self.get(owner, account_id)
        account = self._fresh(owner, nickname, source.venues, source.account_type, at)
        entry = self.ledger.clone(account_id, account.account_id, at=at)
        self._put(account)
        return AccountChange(account=account, entries=(entry,))

    def rename(self, owner: str, account_id: str, nickname: str, *, at: int) -> AccountChange:
        """Give an account another nickname.

        Raises:
            UnknownAccountError: The owner has no such account.
            NicknameError: The nickname cannot be used.
        """
        account = self.get(owner, account_id)
        _check_nickname(nickname)
        return self._changed(account, at, operation=OperationType.UPDATE, nickname=nickname)

    def switch(
        self, owner: str, account_id: str, operation: OperationType, *, at: int
    ) -> AccountChange:
        """CONNECT, DISCONNECT, ENABLE or DISABLE an account; open orders are the caller's matter.

        Raises:
            UnknownAccountError: The owner has no such account.
            AccountInactiveError: The operation cannot start from its status.
            ValueError: Not one of the four operations.
        """
        account = self.get(owner, account_id)
        if operation not in _STATUS_OF:
            raise ValueError(f"{operation} is not one of {', '.join(_STATUS_OF)}")
        if account.status not in _ALLOWED_FROM[operation]:
            raise AccountInactiveError(account_id, account.status)
        return self._changed(account, at, operation=operation, status=_STATUS_OF[operation])

    def apply(self, change: AccountChange) -> None:
        """Make a change that another registry made, its ledger entries with it.

        Raises:
            LedgerError: An entry does not fit; those before it stay applied.
        """
        for entry in change.entries:
            self.ledger.apply(entry)
        self._put(change.account)

    def _fresh(
        self,
        owner: str,
        nickname: str,
        venues: tuple[Venue, ...],
        account_type: AccountType,
        at: int,
    ) -> Account:
        _check_nickname(nickname)
        if len(self._by_owner.get(owner, ())) >= self._limit:
            raise TooManyAccountsError(owner, self._limit)
        account_id = self._new_id()
        if not is_uuid(account_id):
            raise AccountIdError(account_id, "is no UUID")
        if account_id in self._accounts:
            raise AccountIdError(account_id, "is taken")
        return Account(
            account_id=account_id,
            owner=owner,
            nickname=nickname,
            venues=venues,
            account_type=account_type,
            created_at=at,
            updated_at=at,
        )

    def _changed(
        self,
        account: Account,
        at: int,
        *,
        entries: tuple[Entry, ...] = (),
        operation: OperationType | None = None,
        **fields: str,
    ) -> AccountChange:
        after = msgspec.structs.replace(account, updated_at=at, **fields)
        self._put(after)
        return AccountChange(account=after, entries=entries, operation=operation)

    def _put(self, account: Account) -> None:
        if account.account_id not in self._accounts:
            self._by_owner.setdefault(account.owner, []).append(account.account_id)
        self._accounts[account.account_id] = account


def _check_nickname(nickname: str) -> None:
    if not nickname.strip():
        raise NicknameError(nickname, "is empty")
    if len(nickname) > LONGEST_NICKNAME:
        problem = f"has {len(nickname)} characters; the most is {LONGEST_NICKNAME}"
        raise NicknameError(nickname, problem)
    if not nickname.isprintable():
        raise NicknameError(nickname, "has characters that cannot be printed")
