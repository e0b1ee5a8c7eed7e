"""The store of a venue, as an interface: the contract, its batches, and the terms of its queries.

One process writes. It hands over batches one after another, and keeps what is open in its own
memory: the store is read whole once, when it opens, and afterwards only for what has ended.
"""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from cadenza.models import OrderSide, OrderStatus, OrderType
from cadenza.trading.accounts.account import Account
from cadenza.trading.accounts.position import Position
from cadenza.trading.ledger.entry import Balance, Entry, Reservation
from cadenza.trading.orders.state import Execution, OperationDone, OrderState

MOST_A_PAGE: Final = 1000
"""The largest ``limit``; a larger one is cut down to it."""


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """The state that a restart begins with, as a store has it when it opens.

    Attributes:
        accounts: All accounts, in the order they were made.
        balances: All balances that were ever touched, those of counter-accounts included.
        reservations: The open reservations, as the ledger entries have them last.
        ledger_seq: Number of the last ledger entry; 0: there is none.
        open_orders: The open orders, by number.
        positions: The open positions.
        marks: The last price in ticks, by instrument id.
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


class Batch:
    """The records of one commit; of what changes several times, the last value counts.

    Attributes:
        orders: New and changed orders by order id; new ones have larger numbers than all before.
        executions: New executions, by rising number.
        entries: New ledger entries, by rising ``seq`` and without gaps.
        balances: By account and asset, as they are after the batch; every balance that one of
            ``entries`` touches is here.
        positions: New and changed positions by id; one without lots is closed.
        accounts: New and changed accounts by id.
        operations: New operations on accounts.
        marks: The last price in ticks, by instrument id.
    """

    __slots__ = (
        "accounts",
        "balances",
        "entries",
        "executions",
        "marks",
        "operations",
        "orders",
        "positions",
    )

    def __init__(self) -> None:
        self.orders: dict[str, OrderState] = {}
        self.executions: list[Execution] = []
        self.entries: list[Entry] = []
        self.balances: dict[tuple[str, str], Balance] = {}
        self.positions: dict[str, Position] = {}
        self.accounts: dict[str, Account] = {}
        self.operations: list[OperationDone] = []
        self.marks: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(
            self.orders
            or self.entries
            or self.executions
            or self.balances
            or self.positions
            or self.accounts
            or self.operations
            or self.marks
        )

    def __len__(self) -> int:
        return (
            len(self.orders)
            + len(self.entries)
            + len(self.executions)
            + len(self.balances)
            + len(self.positions)
            + len(self.accounts)
            + len(self.operations)
            + len(self.marks)
        )

    def clear(self) -> None:
        """Forget everything."""
        self.orders.clear()
        self.executions.clear()
        self.entries.clear()
        self.balances.clear()
        self.positions.clear()
        self.accounts.clear()
        self.operations.clear()
        self.marks.clear()


class OrderQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The conditions of a search for orders; those that are not given let everything pass.

    Attributes:
        account_ids: The accounts the caller may see; orders of others are never found.
        order_id: Only the order of this id.
        client_order_id: Only orders of this client's name; there may be several.
        list_id: Only orders of this order list.
        instrument_id: Only orders of this instrument.
        side: Only BUY or only SELL.
        type: Only orders of this type.
        statuses: Only orders in one of these statuses.
        start_ms: Only orders created at this time or later, milliseconds UTC.
        end_ms: Only orders created at this time or earlier; ``None``: no end.
        cursor: Continue after the order with this number; ``None``: from the beginning.
        offset: The number of orders to skip.
        limit: The size of the page, 1 to ``MOST_A_PAGE``.
        ascending: Oldest first; else newest first.
    """

    account_ids: tuple[str, ...]
    order_id: str = ""
    client_order_id: str = ""
    list_id: str = ""
    instrument_id: str = ""
    side: OrderSide | None = None
    type: OrderType | None = None
    statuses: tuple[OrderStatus, ...] = ()
    start_ms: int = 0
    end_ms: int | None = None
    cursor: int | None = None
    offset: int = 0
    limit: int = 50
    ascending: bool = False


class OrderPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the orders that a query found.

    Attributes:
        orders: The orders as sorted by the query; the caller's own copies.
        total: The number of orders without cursor, offset and limit.
        next_cursor: The ``cursor`` of the next page; ``None``: there is no more.
    """

    orders: tuple[OrderState, ...]
    total: int
    next_cursor: int | None = None


class ExecutionQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The conditions of a search for executions; see ``OrderQuery``.

    Attributes:
        account_ids: The accounts the caller may see; executions of others are never found.
        order_ids: Only executions of these orders; empty: of all.
        instrument_id: Only executions of this instrument.
        start_ms: Only executions at this time or later, milliseconds UTC.
        end_ms: Only executions at this time or earlier; ``None``: no end.
        cursor: Continue after the execution with this number; ``None``: from the beginning.
        limit: The size of the page, 1 to ``MOST_A_PAGE``.
        ascending: Oldest first; else newest first.
    """

    account_ids: tuple[str, ...]
    order_ids: tuple[str, ...] = ()
    instrument_id: str = ""
    start_ms: int = 0
    end_ms: int | None = None
    cursor: int | None = None
    limit: int = 50
    ascending: bool = False


class ExecutionPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the executions that a query found.

    Attributes:
        executions: The executions as sorted by the query.
        next_cursor: The ``cursor`` of the next page; ``None``: there is no more.
    """

    executions: tuple[Execution, ...]
    next_cursor: int | None = None


class Store(Protocol):
    """The contract of every store; ``tests/support/trading/store_contract.py`` runs it.

    * ``open`` comes first and once, then commits one at a time, ``close`` last; closing twice, or
      without having opened, is harmless.
    * Orders, executions and everything else that is handed out belong to whoever asked: to change
      them changes nothing in the store.
    * Reads find every batch whose commit is done, and may find the one whose commit is under way.
      Whoever shows an answer to the outside lets ``Journal.committed`` go first.
    * Nothing is ever taken away: orders, executions, entries and operations stay.
    """

    async def open(self) -> Saved:
        """Read what is there, and check that it fits together.

        Raises:
            StoreError: It cannot be used: ``StoreLockedError``, ``StoreVersionError``,
                ``StoreDamagedError``, ...
        """

    async def commit(self, batch: Batch) -> None:
        """Write a batch, all of it or nothing; returns when it is durable.

        The batch is read before the first wait, so the orders in it may change afterwards.

        Raises:
            StoreError: Nothing of the batch can be relied on. What went wrong after writing (the
                disk did not take it in) leaves open whether a later ``open`` finds the batch.
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


def clamp(limit: int) -> int:
    """The nearest limit that a query may have."""
    return max(1, min(limit, MOST_A_PAGE))
