"""A model of what a venue tells of one account: events, and the state after each of them."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal

import msgspec

from cadenza.client.trading.account_copy import AccountCopy, Found, read_state
from cadenza.client.trading.order import Order
from cadenza.client.trading.streams import Streams
from cadenza.client.trading.values import execution_of
from cadenza.models import RpcTradeExecution, RpcTradeOrder, iso_of

ACCOUNT = "0b000000-0000-4000-8000-000000000000"
BEGIN = 1_800_000_000_000
OPEN = ("ACCEPTED", "PARTIALLY_FILLED", "REPLACED")


def uuid_of(kind, number):
    return f"{kind:08x}-0000-4000-8000-{number:012x}"


class LooseHost:
    """What an order needs when nothing is sent."""

    trouble = None
    clock = None

    def streams(self, name):
        return Streams(name, lambda _: None, lambda *_: None)

    def notify(self, callback, event):
        callback(event)


def new_copy(ended=1000):
    return AccountCopy(lambda data, raw: Order(LooseHost(), data, raw), ended)


class ModelVenue:
    """Takes operations, and keeps what it would have sent.

    Attributes:
        events: ``(offset, payload)`` of all, the oldest first.
        states: The data of a subscribe result after each offset; the first after none.
        versions: Every snapshot of every order, with the offset of the event that told it.
    """

    def __init__(self):
        self.now = BEGIN
        self.events = []
        self.states = []
        self.versions = []
        self.executions = []
        self._orders = {}
        self._balances = {"USDT": Decimal(1000)}
        self._positions = {}
        self._numbers = itertools.count(1)
        self._keep_state()

    def new(self, quantity):
        order_id = uuid_of(1, next(self._numbers))
        self._orders[order_id] = {
            "tradeOrderId": order_id,
            "tradingAccountId": ACCOUNT,
            "instrumentId": "PAPER:BTC/USDT",
            "orderSide": "BUY",
            "orderType": "LIMIT",
            "status": "ACCEPTED",
            "limitPrice": "100",
            "quantity": str(quantity),
            "executedQuantity": "0",
            "executedPrice": "0",
            "executedCost": "0",
            "fees": [],
            "createdAt": iso_of(self.now),
        }
        self._order(order_id)

    def fill(self, order, quantity):
        left = Decimal(order["quantity"]) - Decimal(order["executedQuantity"])
        part = min(left, quantity)
        if not part:
            return
        executed = Decimal(order["executedQuantity"]) + part
        execution = {
            "executionId": uuid_of(2, next(self._numbers)),
            "tradingAccountId": ACCOUNT,
            "tradeOrderId": order["tradeOrderId"],
            "instrumentId": order["instrumentId"],
            "orderSide": "BUY",
            "executedQuantity": str(part),
            "executedPrice": "100",
            "executedCost": str(part * 100),
            "fees": [],
            "isMaker": True,
            "executedAt": iso_of(self.now),
        }
        self._event("event.trade_execution.created", execution)
        self.executions.append((len(self.events), execution))
        order |= {
            "executedQuantity": str(executed),
            "executedPrice": "100",
            "executedCost": str(executed * 100),
            "status": "FILLED" if part == left else "PARTIALLY_FILLED",
        }
        self._order(order["tradeOrderId"])
        self._holdings(part)

    def amend(self, order, price):
        order |= {"limitPrice": str(price), "status": "REPLACED"}
        self._order(order["tradeOrderId"])

    def cancel(self, order):
        order |= {"status": "CANCELLED", "cancelReason": "BY_OWNER"}
        self._order(order["tradeOrderId"])

    def open_order(self, number):
        """One of the open orders; ``None`` if there is none."""
        opened = [it for it in self._orders.values() if it["status"] in OPEN]
        return opened[number % len(opened)] if opened else None

    def orders_after(self, offset):
        """All orders by id, as the event at ``offset`` or one before it has told them."""
        told = (version for at, version in self.versions if at <= offset)
        return {version["tradeOrderId"]: version for version in told}

    def state(self, offset):
        return read_state(self.states[offset], offset)

    def found(self, offset, order_id):
        """The answer to a query at the time of an offset."""
        raw = self.orders_after(offset)[order_id]
        return Found(order_id, msgspec.convert(raw, RpcTradeOrder), raw)

    def _order(self, order_id):
        order = self._orders[order_id]
        order["updatedAt"] = iso_of(self.now)
        self.versions.append((len(self.events) + 1, dict(order)))
        self._event("event.trade_order.updated", order)

    def _holdings(self, part):
        self._balances["USDT"] -= part * 100
        held = self._positions["PAPER:BTC/USDT"] = self._positions.get("PAPER:BTC/USDT", 0) + part
        self._event(
            "event.portfolio.updated",
            {
                "updateMode": "DELTA",
                "balances": [balance_of("USDT", self._balances["USDT"])],
                "positions": [position_of("PAPER:BTC/USDT", held)],
                "updatedAt": iso_of(self.now),
            },
        )

    def _event(self, kind, data):
        event = {
            "eventType": kind,
            "eventId": uuid_of(3, next(self._numbers)),
            "timestamp": iso_of(self.now),
            "data": data,
        }
        self.events.append((len(self.events) + 1, json.dumps(event).encode()))
        self._keep_state()

    def _keep_state(self):
        """What the stream has told so far; an order shows what its last event told."""
        offset = len(self.events)
        told = self.orders_after(offset)
        state = {
            "orders": [it for it in told.values() if it["status"] in OPEN],
            "portfolio": {
                "balances": [balance_of(*it) for it in self._balances.items()],
                "positions": [position_of(*it) for it in self._positions.items()],
                "updatedAt": iso_of(self.now),
            },
        }
        self.states.append(json.loads(json.dumps(state)))


def balance_of(asset, total):
    amounts = {"free": str(total), "locked": "0", "total": str(total)}
    return {"securitySymbol": asset, **amounts}


def position_of(name, quantity):
    facts = {"status": "OPEN", "positionSide": "LONG", "quantity": str(quantity)}
    return {"instrumentId": name, **facts}


def execution(raw):
    """An execution as a query answers it."""
    return execution_of(msgspec.convert(raw, RpcTradeExecution), raw)
