"""Records for the tests of stores and of the journal."""

from __future__ import annotations

import uuid
from typing import Any

from cadenza.models import (
    OperationType,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    TimeInForce,
    Venue,
)
from cadenza.trading.accounts.account import Account
from cadenza.trading.accounts.position import Position
from cadenza.trading.ledger.entry import EXTERNAL, Entry
from cadenza.trading.ledger.ledger import Ledger
from cadenza.trading.matching.commands import Submit
from cadenza.trading.matching.saved_order import SavedOrder
from cadenza.trading.orders.state import Execution, OperationDone, OrderState
from cadenza.trading.store.store import Batch

INSTRUMENT = "PAPER:BTC/USDT"
OTHER_INSTRUMENT = "PAPER:ETH/USDT"


def uid(number: int, kind: int = 0) -> str:
    """A UUID that is the same in each run."""
    return str(uuid.UUID(int=(kind << 64) + number))


ANN, BOB = uid(1, 9), uid(2, 9)


def order(number: int, **changes: Any) -> OrderState:
    """An accepted order with what a restart needs of it."""
    values: dict[str, Any] = {
        "order_id": uid(number),
        "number": number,
        "account_id": ANN,
        "instrument_id": INSTRUMENT,
        "side": OrderSide.BUY,
        "type": OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "status": OrderStatus.ACCEPTED,
        "lots": 10,
        "limit": 100,
        "created_at": 1000 + number,
        "updated_at": 1000 + number,
        **changes,
    }
    made = OrderState(**values)
    if made.is_open and "saved" not in changes:
        made.saved = saved_order(made)
    return made


def saved_order(made: OrderState) -> SavedOrder:
    """What an engine might write down of it."""
    terms = Submit(
        now=made.created_at,
        order_id=made.order_id,
        owner=made.account_id,
        side=made.side,
        type=made.type,
        lots=made.lots,
        limit=made.limit,
    )
    return SavedOrder(
        terms=terms,
        sequence=made.number,
        queued=made.number,
        status=made.status,
        place="book",
        lots=made.lots,
        leaves=made.lots,
        shown=made.lots,
        limit=made.limit,
    )


def execution(number: int, order_number: int, **changes: Any) -> Execution:
    """One fill of an order."""
    values: dict[str, Any] = {
        "execution_id": uid(number, 1),
        "number": number,
        "order_id": uid(order_number),
        "account_id": ANN,
        "instrument_id": INSTRUMENT,
        "trade_id": str(number),
        "side": OrderSide.BUY,
        "price": 100,
        "lots": 1,
        "cost": 100,
        "at": 2000 + number,
        **changes,
    }
    return Execution(**values)


def position(number: int, **changes: Any) -> Position:
    """An open position."""
    values: dict[str, Any] = {
        "position_id": uid(number, 2),
        "account_id": ANN,
        "instrument_id": INSTRUMENT,
        "side": PositionSide.LONG,
        "lots": 5,
        "entry_cost": 500,
        "entered_lots": 5,
        "entered_cost": 500,
        "created_at": 1000,
        "updated_at": 1000,
        **changes,
    }
    return Position(**values)


def account(number: int, **changes: Any) -> Account:
    """A trading account."""
    values: dict[str, Any] = {
        "account_id": uid(number, 9),
        "owner": "ann",
        "nickname": f"Paper {number}",
        "venues": (Venue.PAPER, Venue.MOCK),
        "created_at": 1,
        "updated_at": 1,
        **changes,
    }
    return Account(**values)


def operation(number: int, **changes: Any) -> OperationDone:
    """An operation on an account."""
    values: dict[str, Any] = {
        "operation_id": uid(number, 3),
        "account_id": ANN,
        "operation": OperationType.UPDATE,
        "at": number,
        **changes,
    }
    return OperationDone(**values)


class Books:
    """A ledger whose every entry goes into a batch, as the exchange does it."""

    def __init__(self, ledger: Ledger | None = None) -> None:
        self.ledger = ledger or Ledger()

    def post(self, batch: Batch, entry: Entry) -> None:
        batch.entries.append(entry)
        for it in entry.postings:
            key = (it.account_id, it.asset)
            batch.balances[key] = self.ledger.balance(*key)

    def fund(self, batch: Batch, account_id: str, amount: int, asset: str = "USDT") -> None:
        self.post(batch, self.ledger.deposit(account_id, asset, amount, at=1))

    def place(self, batch: Batch, made: OrderState, amount: int, asset: str = "USDT") -> None:
        made.hold = made.order_id
        entry = self.ledger.reserve(made.order_id, made.account_id, asset, amount, at=2)
        self.post(batch, entry)
        batch.orders[made.order_id] = made

    def cancel(self, batch: Batch, made: OrderState) -> None:
        made.status, made.saved = OrderStatus.CANCELLED, None
        self.post(batch, self.ledger.release(made.order_id, at=3))
        batch.orders[made.order_id] = made


def batch_of(*orders: OrderState, **records: Any) -> Batch:
    """A batch of some orders, and whatever else is named."""
    batch = Batch()
    batch.orders = {made.order_id: made for made in orders}
    for name, value in records.items():
        setattr(batch, name, value)
    return batch


__all__ = [
    "ANN",
    "BOB",
    "EXTERNAL",
    "INSTRUMENT",
    "OTHER_INSTRUMENT",
    "Books",
    "account",
    "batch_of",
    "execution",
    "operation",
    "order",
    "position",
    "uid",
]
