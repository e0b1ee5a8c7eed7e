"""What a client of the crash test does next, by chance: orders of every kind near the market."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, NamedTuple

from support.gateway.crash.ledger import AccountLedger, Asked

SUBMIT: Final = "command.trade_order.submit"
CANCEL: Final = "command.trade_order.cancel"
AMEND: Final = "command.trade_order.amend"

MANY_OPEN: Final = 100
"""From here on a client rather cancels."""


class Call(NamedTuple):
    """A call of an operation.

    Attributes:
        method: Which.
        params: Its parameters.
        about: Key of a submit, id of the order of an amendment.
    """

    method: str
    params: dict[str, Any]
    about: str = ""


class Chooser:
    """Decides what an account does next.

    Args:
        ledger: Of the account; what is chosen is noted there.
        prices: Where to trade, by instrument id: the price to begin with.
        chance: The source of all decisions.
    """

    def __init__(
        self, ledger: AccountLedger, prices: dict[str, str], chance: random.Random
    ) -> None:
        self.prices = {name: Decimal(price) for name, price in prices.items()}
        self._ledger = ledger
        self._chance = chance
        self._count = 0
        self._kinds: dict[Callable[[], Call | None], int] = {
            self._limit: 46,
            self._post_only: 4,
            self._iceberg: 3,
            self._stop: 3,
            self._market: 7,
            self._quote: 3,
            self._at_once: 7,
            self._list: 6,
            self._again: 5,
            self._cancel: 8,
            self._amend: 12,
        }

    def next(self) -> Call:
        """Something to do."""
        chance = self._chance
        if len(self._ledger.open) > MANY_OPEN and chance.random() < 0.5:
            return self._cancel() or self._limit()
        (kind,) = chance.choices([*self._kinds], [*self._kinds.values()])
        return kind() or self._limit()

    def submit(self, key: str) -> Call:
        """The submit of an order that was asked for, for the first time or once more."""
        asked = self._ledger.asked[key]
        asked.waiting += 1
        params = {"tradingAccountId": self._ledger.account_id, "tradeOrder": asked.order}
        return Call(SUBMIT, params, key)

    def order(self, **terms: str) -> Call:
        """The submit of a new order."""
        self._count += 1
        key = f"{self._ledger.account_id[-6:]}/{len(self._ledger.asked)}"
        self._ledger.asked[key] = Asked({**terms, "clientOrderId": key})
        return self.submit(key)

    # The kinds.

    def _limit(self, **more: str) -> Call:
        name = self._instrument()
        terms = {
            "instrumentId": name,
            **self._side(),
            "orderType": "LIMIT",
            "limitPrice": self._near(name),
            "quantity": self._quantity(),
        }
        return self.order(**{**terms, **more})

    def _post_only(self) -> Call:
        return self._limit(orderType="LIMIT_MAKER")

    def _iceberg(self) -> Call:
        return self._limit(instrumentId="PAPER:BTC/USDT", quantity="0.05", visibleQuantity="0.01")

    def _stop(self) -> Call:
        return self._limit(orderType="STOP_LOSS_LIMIT", stopPrice=self._near(self._instrument()))

    def _at_once(self) -> Call:
        return self._limit(timeInForce=self._chance.choice(("IOC", "FOK")))

    def _market(self) -> Call:
        name = self._instrument()
        return self.order(
            instrumentId=name, **self._side(), orderType="MARKET", quantity=self._quantity()
        )

    def _quote(self) -> Call:
        return self.order(
            instrumentId=self._instrument(),
            orderSide="BUY",
            orderType="MARKET",
            quantity=str(self._chance.randint(100, 3000)),
            quantityType="QUOTE",
        )

    def _list(self) -> Call:
        """A buy with two exits, as near as can be: many of them come to be."""
        price = Decimal(self._near("PAPER:BTC/USDT"))
        profit, loss = (price + sign * self._chance.randint(7, 12) for sign in (1, -1))
        more = {"takeProfitPrice": f"{profit}", "stopLossPrice": f"{loss}"}
        if self._chance.random() < 0.5:
            more |= {"takeProfitLimitPrice": f"{profit - 1}"}
        return self.order(
            instrumentId="PAPER:BTC/USDT",
            orderSide="BUY",
            orderType="LIMIT",
            limitPrice=f"{price}",
            quantity=self._quantity(),
            **more,
        )

    def _again(self) -> Call | None:
        """Something that was asked for lately, whether it was answered or not."""
        keys = [*self._ledger.asked][-40:]
        return self.submit(self._chance.choice(keys)) if keys else None

    def _cancel(self) -> Call | None:
        ledger = self._ledger
        if not ledger.open:
            return None
        order_id = self._chance.choice([*ledger.open])
        params = {"tradingAccountId": ledger.account_id, "tradeOrderId": order_id}
        return Call(CANCEL, params)

    def _amend(self) -> Call | None:
        """New terms for an order: another price, another quantity, or both."""
        ledger, chance = self._ledger, self._chance
        names = [it for it, order in ledger.open.items() if order["orderType"] == "LIMIT"]
        if not names:
            return None
        order_id = chance.choice(names)
        change = {}
        which = chance.choice(("price", "quantity", "both"))
        if which != "quantity":
            change["limitPrice"] = self._near(ledger.open[order_id]["instrumentId"])
        if which != "price":
            change["quantity"] = self._quantity()
        ledger.changes.setdefault(order_id, []).append(change)
        params = {"tradingAccountId": ledger.account_id, "tradeOrderId": order_id, **change}
        return Call(AMEND, params, order_id)

    # Their parts.

    def _instrument(self) -> str:
        return self._chance.choice([*self.prices])

    def _side(self) -> dict[str, str]:
        return {"orderSide": self._chance.choice(("BUY", "SELL"))}

    def _near(self, name: str) -> str:
        return f"{self.prices[name].quantize(Decimal(1)) + self._chance.randint(-6, 6)}"

    def _quantity(self) -> str:
        return f"{Decimal(self._chance.randint(100, 4000)) / 100_000:f}"
