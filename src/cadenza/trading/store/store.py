"""Where the venue's state is kept, as an interface: what a restart needs, and what was.

One process writes. It hands over batches one after another, and keeps what is open in its own
memory: the store is read whole once, when it opens, and afterwards only for what has ended.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from cadenza.trading.accounts.account import Account
from cadenza.trading.accounts.position import Position
from cadenza.trading.batch import Batch
from cadenza.trading.ledger.entry import Balance, Entry, Reservation
from cadenza.trading.order_query import ExecutionPage, ExecutionQuery, OrderPage, OrderQuery
from cadenza.trading.orders.state import OperationDone, OrderState


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """What a store knows when it opens.

    Attributes:
        accounts: All, in the order they were made.
        balances: All that were ever touched, counter-accounts with them.
        reservations: The open ones, by key: the last of each in the ledger entries.
        ledger_seq: Number of the last ledger entry; 0: none.
        open_orders: By number.
        positions: The open ones.
        marks: Last price in ticks by instrument id.
        next_order: The number for the next order.
        next_execution: The number for the next execution.
    """

    accounts: tuple[Account, ...] = ()
    balances: tuple[Balance, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    ledger_seq: int = 0
    open_orders: tuple[OrderState, ...] = ()
    positions: tuple[Position, ...] = ()
    marks: dict[str, int] = {}
    next_order: int = 1
    next_execution: int = 1


class Store(Protocol):
    """The contract of every store; ``tests/trading/store_contract.py`` runs it.

    * `open` comes first and once, then commits one at a time, `close` last; closing twice, or
      without having opened, is harmless.
    * Orders, executions and everything else that is handed out belong to whoever asked: to change
      them changes nothing in the store.
    * Reads find every batch whose commit is done, and may find the one whose commit is under way.
      Whoever shows an answer to the outside lets `Journal.committed` go first.
    * Nothing is ever taken away: orders, executions, entries and operations stay.
    """

    async def open(self) -> Saved:
        """Read what is there, and check that it fits together.

        Raises:
            StoreError: It cannot be used: `StoreLockedError`, `StoreVersionError`,
                `StoreDamagedError`, ...
        """

    async def commit(self, batch: Batch) -> None:
        """Write a batch, all of it or nothing; returns when it is durable.

        The batch is read before the first wait, so the orders in it may change afterwards.

        Raises:
            StoreError: Nothing of the batch can be relied on. What went wrong after writing (the
                disk did not take it in) leaves open whether a later `open` finds the batch.
        """

    def find_key(self, account_id: str, key: str) -> OrderState | None:
        """The newest order of an account with an idempotency key; does not wait.

        A store far away keeps the keys in memory for this.
        """

    def order(self, order_id: str) -> OrderState | None:
        """An order, open or not; does not wait."""

    async def orders(self, query: OrderQuery) -> OrderPage:
        """Orders, newest first unless ascending."""

    async def executions(self, query: ExecutionQuery) -> ExecutionPage:
        """Executions, newest first unless ascending."""

    async def operations(
        self, account_id: str, *, limit: int = 50, offset: int = 0
    ) -> tuple[OperationDone, ...]:
        """The operations on an account, newest first."""

    async def positions(
        self, account_id: str, *, instrument_id: str = "", limit: int = 50, offset: int = 0
    ) -> tuple[Position, ...]:
        """The closed positions of an account, the one closed last first."""

    async def entries(
        self, account_id: str, *, limit: int = 50, before_seq: int | None = None
    ) -> tuple[Entry, ...]:
        """The ledger entries that touch a customer's account, newest first."""

    async def close(self) -> None:
        """Let go of everything; what was committed stays."""
