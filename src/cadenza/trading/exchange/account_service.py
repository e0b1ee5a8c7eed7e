"""The operations on accounts, written down: decisions of the registry with money and history."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from cadenza.models import AccountType, OperationType, Venue
from cadenza.trading.accounts.account import Account, AccountChange
from cadenza.trading.accounts.position import Position
from cadenza.trading.accounts.registry import AccountRegistry
from cadenza.trading.exchange.clearing import Clearing
from cadenza.trading.ledger.errors import OpenReservationsError
from cadenza.trading.orders.state import OperationDone


class AccountService:
    """Accounts as users change them. A result is decided when it is returned, and not yet durable.

    Args:
        registry: Decides about accounts.
        clearing: Has the positions, the open orders and the journal.
        new_id: Makes ids of operations.
        now: Milliseconds UTC.

    Attributes:
        registry: As given.
    """

    def __init__(
        self,
        registry: AccountRegistry,
        clearing: Clearing,
        new_id: Callable[[], str],
        now: Callable[[], int],
    ) -> None:
        self.registry = registry
        self._clearing = clearing
        self._new_id = new_id
        self._now = now

    def of_owner(self, owner: str) -> tuple[Account, ...]:
        """All accounts of a user; the first look makes and funds one."""
        change = self.registry.first_look(owner, at=self._now())
        if change is not None:
            self._done(change)
        return self.registry.of_owner(owner)

    def create(
        self,
        owner: str,
        nickname: str,
        *,
        venues: tuple[Venue, ...] = (),
        account_type: AccountType = AccountType.SPOT,
        deposit: Mapping[str, int] | None = None,
    ) -> Account:
        """Make another account; see ``AccountRegistry.create``."""
        return self._done(
            self.registry.create(
                owner,
                nickname,
                venues=venues,
                account_type=account_type,
                deposit=deposit,
                at=self._now(),
            )
        )

    def fund(self, owner: str, account_id: str, asset: str, amount: int) -> Account:
        """Deposit money; see ``AccountRegistry.fund``."""
        return self._done(
            self.registry.fund(owner, account_id, asset, amount, at=self._now(), ref="funded")
        )

    def reset(
        self, owner: str, account_id: str, deposit: Mapping[str, int] | None = None
    ) -> Account:
        """Start an account over, with the deposit of a new one and no positions.

        Raises:
            OpenReservationsError: It has open orders.
        """
        at = self._now()
        open_orders = [
            live.state.order_id
            for live in self._clearing.live.values()
            if live.state.account_id == account_id
        ]
        self.registry.get(owner, account_id)
        if open_orders:
            raise OpenReservationsError(account_id, open_orders)
        change = self.registry.reset(owner, account_id, at=at, deposit=deposit)
        for position in self._clearing.positions.of_account(account_id):
            self._clearing.journal.batch.positions[position.position_id] = _closed(position, at)
        self._clearing.positions.clear(account_id)
        return self._done(change)

    def clone(self, owner: str, account_id: str, nickname: str) -> Account:
        """Make a new account with the same money, all of it free."""
        return self._done(self.registry.clone(owner, account_id, nickname, at=self._now()))

    def rename(self, owner: str, account_id: str, nickname: str) -> Account:
        """Give an account another nickname."""
        return self._done(self.registry.rename(owner, account_id, nickname, at=self._now()))

    def switch(self, owner: str, account_id: str, operation: OperationType) -> Account:
        """CONNECT, DISCONNECT, ENABLE or DISABLE an account; its open orders stay."""
        return self._done(self.registry.switch(owner, account_id, operation, at=self._now()))

    def _done(self, change: AccountChange) -> Account:
        batch = self._clearing.journal.batch
        for entry in change.entries:
            self._clearing.posted(entry)
        account = change.account
        batch.accounts[account.account_id] = account
        if change.operation is not None:
            batch.operations.append(
                OperationDone(
                    operation_id=self._new_id(),
                    account_id=account.account_id,
                    operation=change.operation,
                    at=account.updated_at,
                )
            )
        self._clearing.listener.on_account(account)
        self._clearing.journal.touch()
        return account


def _closed(position: Position, at: int) -> Position:
    """A position that a reset takes away, as if it had been closed at its entry price."""
    return msgspec.structs.replace(
        position,
        lots=0,
        entry_cost=0,
        exited_lots=position.exited_lots + position.lots,
        exited_cost=position.exited_cost + position.entry_cost,
        updated_at=at,
        closed_at=at,
    )
