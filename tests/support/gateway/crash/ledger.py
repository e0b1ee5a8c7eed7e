"""What the owner of an account has been told, and whether a server stands by it.

Everything that a server said before it was killed is kept here: answers, events, and what was
asked without an answer. A server that has started again on the same folder must fit to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from support.gateway.crash.money import Money
from support.gateway.crash.orders import (
    check_asked,
    check_executed,
    check_follows,
    exit_key,
    is_open,
)

Record = dict[str, Any]


@dataclass
class Asked:
    """An order that was asked for, once or several times with the same key.

    Attributes:
        order: As it was asked for.
        order_id: What all answers must name; empty: no answer named one yet.
        waiting: Calls without an answer.
        refused: Calls that were answered with an error.
    """

    order: dict[str, str]
    order_id: str = ""
    waiting: int = 0
    refused: int = 0


@dataclass
class Told:
    """What a server that has just started says of an account.

    Attributes:
        state: The subscribe result's data: open orders and portfolio.
        orders: All of them, in the order they came.
        executions: All of them, in the order they came.
        events: What was pushed since the subscription.
    """

    state: Record
    orders: list[Record]
    executions: list[Record]
    events: list[Record] = field(default_factory=list)


class AccountLedger:
    """One account, as far as its owner knows.

    Args:
        account_id: Which.
        deposit: What it was given, by asset.

    Attributes:
        orders: As last heard of, by id.
        executions: All that were heard of, by id.
        asked: Submitted orders by client order id.
        changes: Amendments without an answer, by order id.
        ranks: What decides the turn of orders of one price; ``None``: it cannot be known.
        money: Worked out from the executions.
    """

    def __init__(self, account_id: str, deposit: Mapping[str, Decimal]) -> None:
        self.account_id = account_id
        self.orders: dict[str, Record] = {}
        self.open: dict[str, Record] = {}
        self.executions: dict[str, Record] = {}
        self.asked: dict[str, Asked] = {}
        self.changes: dict[str, list[dict[str, str]]] = {}
        self.ranks: dict[str, str | None] = {}
        self.deposit = deposit
        self.money = Money(deposit)
        self._shown: dict[str, list[Record]] = {}
        self._last_event = ""

    # While a server runs.

    def event(self, event: Record) -> None:
        """Something was pushed to the account's channel."""
        assert event["eventId"] > self._last_event, f"an event came twice or too late: {event}"
        self._last_event = event["eventId"]
        data = event["data"]
        match event["eventType"]:
            case "event.trade_order.updated":
                self._changed(data, event["eventId"])
            case "event.trade_execution.created":
                assert data["executionId"] not in self.executions, f"an execution twice: {data}"
                self._executed(data)
            case "event.portfolio.updated":
                self.money.check_portfolio(data)

    def submitted(self, key: str, order: Record) -> None:
        """A submit was answered: the same order each time, as an event has shown it."""
        asked = self.asked[key]
        asked.waiting -= 1
        order_id = order["tradeOrderId"]
        assert asked.order_id in {"", order_id}, f"two orders for {key}: {asked.order_id}, {order}"
        asked.order_id = order_id
        assert order.get("clientOrderId") == key, f"{key} was asked: {order}"
        self.answered(order)

    def refused(self, key: str) -> None:
        """A submit was answered with an error: it must not have made an order."""
        asked = self.asked[key]
        asked.waiting -= 1
        asked.refused += 1
        assert not asked.order_id, f"{key} is {asked.order_id} and cannot be refused"

    def answered(self, order: Record) -> None:
        """An answer shows an order as it was at some decision, which events have told already."""
        shown = self._shown.get(order["tradeOrderId"], ())
        assert order in shown, f"no event showed this: {order}\nbut: {shown}"

    def _changed(self, order: Record, event_id: str) -> None:
        order_id = order["tradeOrderId"]
        before = self.orders.get(order_id)
        if before is None:
            self.ranks[order_id] = None if "visibleQuantity" in order else order_id
        else:
            check_follows(before, order, self.changes.get(order_id, ()))
            if loses_turn(before, order) and "visibleQuantity" not in order:
                self.ranks[order_id] = event_id
        self._shown.setdefault(order_id, []).append(order)
        self._keep(order)

    def _keep(self, order: Record) -> None:
        order_id = order["tradeOrderId"]
        self.orders[order_id] = order
        if is_open(order):
            self.open[order_id] = order
        else:
            self.open.pop(order_id, None)

    def _executed(self, execution: Record) -> None:
        self.executions[execution["executionId"]] = execution
        order = self.orders.get(execution["tradeOrderId"])
        hold = exit_key(order) if order is not None else ""
        self.money.execute(execution, hold or execution["tradeOrderId"])

    # When it has started again.

    def restored(self, told: Told) -> list[str]:
        """Hold what a new server says against all that was heard before.

        Returns:
            Keys of the submits that were not answered.
        """
        orders = unique(told.orders, "tradeOrderId")
        executions = unique(told.executions, "executionId")
        lost = self.orders.keys() - orders.keys()
        assert not lost, f"orders are lost: {[self.orders[it] for it in lost]}"
        pushed = {
            it["data"]["executionId"]
            for it in told.events
            if it["eventType"] == "event.trade_execution.created"
        }
        for key, known in self.executions.items():
            assert executions.get(key) == known, f"{known} is now {executions.get(key)}"
        self._check_asked(orders.values())
        self._begin(told.state, orders)
        self.money, self.executions = Money(self.deposit), {}
        for execution in told.executions:
            assert execution["tradeOrderId"] in orders, f"of no order: {execution}"
            if execution["executionId"] not in pushed:
                self._executed(execution)
        open_orders = told.state["orders"]
        self.money.check_whole(told.state["portfolio"], self.money.locked(open_orders, self.orders))
        self._last_event = ""
        for event in told.events:
            self.event(event)
        for order_id, order in orders.items():
            shown = self._shown[order_id]
            assert order in shown, f"the list says {order}\nbut the stream {shown}"
        self._check_sums()
        self.changes.clear()
        unanswered = [key for key, asked in self.asked.items() if asked.waiting]
        for key in unanswered:
            self.asked[key].waiting = 0
        return unanswered

    def _begin(self, state: Record, orders: dict[str, Record]) -> None:
        """Every order as it was when the account was subscribed to: the beginning of a stream."""
        stands = unique(state["orders"], "tradeOrderId")
        assert stands.keys() <= orders.keys(), "open orders that no list has"
        self._shown = {}
        for order_id, listed in orders.items():
            order = stands.get(order_id, listed)
            known = self.orders.get(order_id)
            assert order_id in stands or not is_open(order), f"open, but not in the state: {order}"
            if known is not None:
                check_follows(known, order, self.changes.get(order_id, ()))
            if known is None or loses_turn(known, order):
                is_new = known is None and "visibleQuantity" not in order
                self.ranks[order_id] = order_id if is_new else None
            self._shown[order_id] = [order]
            self._keep(order)

    def _check_asked(self, orders: Iterable[Record]) -> None:
        """Every order was asked for, once, and is as it was asked for; none is there by half."""
        lists: Counter[str] = Counter()
        counts: Counter[str] = Counter()
        for order in orders:
            lists[order.get("orderListId", "")] += 1
            key = order.get("clientOrderId")
            if key is None:
                assert "orderListId" in order, f"nobody asked for this: {order}"
                continue
            counts[key] += 1
            asked = self.asked[key]
            assert asked.order_id in {"", order["tradeOrderId"]}, f"{asked} is {order}"
            assert asked.order_id or asked.waiting, f"refused, and yet there: {order}"
            asked.order_id = order["tradeOrderId"]
            if order["tradeOrderId"] not in self.orders:
                check_asked(order, asked.order)
            assert ("orderListId" in order) == ("takeProfitPrice" in asked.order), order
        del lists[""]
        assert set(lists.values()) <= {3}, f"lists by half: {lists}"
        assert set(counts.values()) <= {1}, f"orders twice: {counts.most_common(5)}"
        absent = [it for key, it in self.asked.items() if it.order_id and not counts[key]]
        assert not absent, f"lost: {absent}"

    def _check_sums(self) -> None:
        by_order: dict[str, list[Record]] = {}
        for execution in self.executions.values():
            by_order.setdefault(execution["tradeOrderId"], []).append(execution)
        for order_id, order in self.orders.items():
            check_executed(order, by_order.get(order_id, ()))


def loses_turn(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether new terms have put an order at the end of a queue."""
    more = before["quantityType"] == "BASE" and (
        Decimal(after["quantity"]) > Decimal(before["quantity"])
    )
    return more or before.get("limitPrice") != after.get("limitPrice")


def unique(records: Iterable[Record], name: str) -> dict[str, Record]:
    """By id, of which none may be there twice."""
    found: dict[str, Record] = {}
    for record in records:
        assert record[name] not in found, f"twice: {record} and {found[record[name]]}"
        found[record[name]] = record
    return found


def check_trades(ledgers: Iterable[AccountLedger], *, is_closed: bool) -> dict[str, Decimal]:
    """Both sides of every trade tell the same, and no money has come from nowhere.

    Args:
        ledgers: Of all accounts.
        is_closed: Nobody else trades: every trade has two sides here.

    Returns:
        What was given to others, by asset, fees not included.
    """
    every = list(ledgers)
    trades: dict[tuple[str, str], list[Record]] = {}
    for ledger in every:
        for it in ledger.executions.values():
            trades.setdefault((it["instrumentId"], it["externalTradeId"]), []).append(it)
    outside: Counter[str] = Counter()
    for sides in trades.values():
        assert len(sides) == 2 or (len(sides) == 1 and not is_closed), sides
        for name in ("executedQuantity", "executedPrice", "executedCost", "executedAt"):
            assert len({it[name] for it in sides}) == 1, sides
        for name in ("orderSide", "isMaker"):
            assert len({it[name] for it in sides}) == len(sides), sides
        if len(sides) == 1:
            (it,) = sides
            base, quote = it["instrumentId"].partition(":")[2].split("/")
            sign = 1 if it["orderSide"] == "SELL" else -1
            outside[base] += sign * Decimal(it["executedQuantity"])
            outside[quote] -= sign * Decimal(it["executedCost"])
    for asset in every[0].money.totals:
        left = sum(it.money.totals[asset] + it.money.fees.get(asset, 0) for it in every)
        given = sum(it.deposit[asset] for it in every)
        assert left + outside[asset] == given, f"{asset}: {left}, {outside[asset]}, {given}"
    return dict(outside)
