"""What is committed together: everything that was decided since the last commit."""

from __future__ import annotations

from cadenza.trading.accounts.account import Account
from cadenza.trading.accounts.position import Position
from cadenza.trading.ledger.entry import Balance, Entry
from cadenza.trading.orders.state import Execution, OperationDone, OrderState


class Batch:
    """Records of one commit; of what can change several times, the last value counts.

    Attributes:
        orders: New and changed orders by order id; new ones have larger numbers than all before.
        executions: New ones, by rising number.
        entries: New ledger entries, by rising ``seq`` and without gaps.
        balances: By account and asset, as they are after the batch; every balance that one of
            ``entries`` touches is here.
        positions: New and changed ones by position id; one without lots is closed.
        accounts: New and changed ones by account id.
        operations: New ones.
        marks: Last price in ticks by instrument id.
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
