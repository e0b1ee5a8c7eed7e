"""An account as a careful client keeps it: the state it was given, and every event since."""

from __future__ import annotations

from decimal import Decimal

ORDER = "event.trade_order.updated"
EXECUTION = "event.trade_execution.created"
PORTFOLIO = "event.portfolio.updated"
ACCOUNT = "event.trading_account.updated"
ENDED = {"FILLED", "CANCELLED", "REJECTED", "EXPIRED"}
MARKED = ("updatedAt", "currentPrice", "unrealizedPnl", "createdAt")
"""Fields that say when something was shown, or what the market was at that time."""


class AccountCopy:
    """Checks each event against those before it.

    Attributes:
        orders: Open orders by id, in the order they came.
        ended: Orders that ended while this copy was kept, by id.
        executions: Executions that came while this copy was kept, by id.
        events: What came, oldest first.
        offset: Of the newest publication; ``None``: nothing is known yet.
    """

    def __init__(self):
        self.orders = {}
        self.ended = {}
        self.executions = {}
        self.balances = {}
        self.positions = {}
        self.events = []
        self.offset = None
        self.ids = set()
        self._is_ahead = False

    def start(self, subscribed):
        """Begin with the result of a subscribe that asked for the state."""
        state = subscribed["data"]
        assert set(state) == {"orders", "portfolio"}
        self.offset = subscribed.get("offset", 0)
        # The state is of the end of what is recovered, so that this tells of things before it.
        self._is_ahead = subscribed.get("recovered", False)
        self.orders = {order["tradeOrderId"]: order for order in state["orders"]}
        self._portfolio(state["portfolio"])
        assert len(self.positions) == len(state["portfolio"]["positions"]), "one is not open"
        return self

    def apply(self, publication):
        """Take an event in; none may be missing, doubled or out of order."""
        event = publication["data"]
        assert set(event) == {"eventType", "eventId", "timestamp", "data"}
        if self.offset is not None:
            assert publication["offset"] == self.offset + 1, "an event is missing or came twice"
        self.offset = publication["offset"]
        assert event["eventId"] not in self.ids, "an event came twice"
        self.ids.add(event["eventId"])
        self.events.append(event)
        data = event["data"]
        match event["eventType"]:
            case "event.trade_order.updated":
                self._order(data)
            case "event.trade_execution.created":
                assert data["executionId"] not in self.executions
                self.executions[data["executionId"]] = data
            case "event.portfolio.updated":
                assert data["updateMode"] == "DELTA"
                self._portfolio(data)
            case kind:
                assert kind == ACCOUNT

    def apply_all(self, publications):
        """Take many in."""
        for publication in publications:
            self.apply(publication)
        return self

    def of_order(self, order_id):
        """Type, and status or quantity, of the events about one order."""
        found = [event["data"] for event in self.events if "tradeOrderId" in event["data"]]
        return [
            data.get("status") or data["executedQuantity"]
            for data in found
            if data["tradeOrderId"] == order_id
        ]

    def executed(self, order_id):
        """What the executions of an order come to."""
        return sum(
            Decimal(one["executedQuantity"])
            for one in self.executions.values()
            if one["tradeOrderId"] == order_id
        )

    def is_like(self, orders, portfolio):
        """Whether it equals what the queries of either surface answer about the account."""
        assert self.orders == {order["tradeOrderId"]: order for order in orders}
        shown = AccountCopy()
        shown._portfolio(portfolio)
        assert self.balances == shown.balances
        assert self.positions == shown.positions
        return True

    def is_same(self, other):
        """Whether another copy, begun at another time, has come to the same."""
        return (self.offset, self.orders, self.balances, self.positions) == (
            other.offset, other.orders, other.balances, other.positions,
        )  # fmt: skip

    def _order(self, order):
        order_id = order["tradeOrderId"]
        assert order_id not in self.ended, "an order changed after its end"
        before = self.orders.pop(order_id, None)
        if before is not None and not self._is_ahead:
            executed = Decimal(order["executedQuantity"]), Decimal(before["executedQuantity"])
            assert executed[0] >= executed[1], "an order's events are out of order"
            assert order["updatedAt"] >= before["updatedAt"]
        if order["status"] in ENDED:
            self.ended[order_id] = order
        else:
            self.orders[order_id] = order

    def _portfolio(self, portfolio):
        for balance in portfolio["balances"]:
            self.balances[balance["securitySymbol"]] = _unmarked(balance)
        for position in portfolio["positions"]:
            name = position["instrumentId"]
            if position["status"] == "OPEN":
                self.positions[name] = _unmarked(position)
            else:
                self.positions.pop(name, None)


def _unmarked(data):
    return {name: value for name, value in data.items() if name not in MARKED}
