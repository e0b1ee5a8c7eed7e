"""The money of an account, worked out anew from nothing but its deposit and its executions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final

from support.gateway.crash.orders import exit_key, is_buy, left

MAKER_FEE: Final = "0.000213"
TAKER_FEE: Final = "0.000517"
"""Rates that leave something to be rounded, which the next fill of an order makes up for."""
UNIT: Final = Decimal("1E-10")
"""The smallest amount of any asset in the venue's ledger."""


def fee_of(rate: str, cost: Decimal, carry: Decimal) -> tuple[Decimal, Decimal]:
    """A fee rounded up to `UNIT`, and what was charged too much by that; both as amounts."""
    due = cost * Decimal(rate) - carry
    fee = due.quantize(UNIT, ROUND_CEILING)
    return fee, fee - due


class Money:
    """What an account has.

    Args:
        deposit: What it was given, by asset.

    Attributes:
        totals: What it has now, by asset.
        held: Net quantity bought, by instrument.
        fees: What it has paid so far, by asset.
    """

    def __init__(self, deposit: Mapping[str, Decimal]) -> None:
        self.totals = dict(deposit)
        self.held: dict[str, Decimal] = {}
        self.fees: dict[str, Decimal] = {}
        self._carries: dict[str, Decimal] = {}

    def execute(self, execution: dict[str, Any], hold: str) -> None:
        """Take an execution in; its cost and its fee must be exactly what they have to be.

        Args:
            execution: As RPC shows it.
            hold: Key of the reservation it is paid from, whose fills round their fee up once.
        """
        name = execution["instrumentId"]
        base, quote = name.partition(":")[2].split("/")
        quantity = Decimal(execution["executedQuantity"])
        cost = Decimal(execution["executedCost"])
        assert cost == quantity * Decimal(execution["executedPrice"]), execution
        rate = MAKER_FEE if execution["isMaker"] else TAKER_FEE
        fee, self._carries[hold] = fee_of(rate, cost, self._carries.get(hold, Decimal(0)))
        charged = sum(Decimal(it["quantity"]) for it in execution["fees"])
        assert charged == fee, f"the fee must be {fee}: {execution}"
        sign = 1 if execution["orderSide"] == "BUY" else -1
        self.totals[base] += sign * quantity
        self.totals[quote] -= sign * cost + fee
        self.held[name] = self.held.get(name, Decimal(0)) + sign * quantity
        self.fees[quote] = self.fees.get(quote, Decimal(0)) + fee

    def locked(
        self, open_orders: Iterable[dict[str, Any]], orders: Mapping[str, dict[str, Any]]
    ) -> dict[str, Decimal]:
        """What the open orders need, by asset.

        Args:
            open_orders: As they are.
            orders: All orders of the account by id, the open ones as above.
        """
        needed: dict[str, Decimal] = {}
        lists: set[str] = set()
        for order in open_orders:
            key = exit_key(order)
            if key:
                lists.add(order["orderListId"])
                continue
            asset = order["quoteAsset"] if is_buy(order) else order["baseAsset"]
            needed[asset] = needed.get(asset, Decimal(0)) + self._need(order)
        for order in orders.values():
            if order.get("orderListId") in lists:
                sign = 1 if is_buy(order) else -1
                asset, done = order["baseAsset"], Decimal(order["executedQuantity"])
                needed[asset] = needed.get(asset, Decimal(0)) + sign * done
        return needed

    def check_portfolio(
        self, portfolio: dict[str, Any], locked: Mapping[str, Decimal] | None = None
    ) -> None:
        """Every balance and position shown must be the one worked out.

        Args:
            portfolio: All of it, or what changed.
            locked: What the open orders need; ``None``: unknown.
        """
        for it in portfolio["balances"]:
            asset, total = it["securitySymbol"], Decimal(it["total"])
            assert total == self.totals[asset], f"{self.totals[asset]} {asset} is right: {it}"
            assert total == Decimal(it["free"]) + Decimal(it["locked"]), it
            assert Decimal(it["free"]) >= 0, it
            if locked is not None:
                need = locked.get(asset, Decimal(0))
                assert Decimal(it["locked"]) == need, f"{need} {asset} must be locked: {it}"
        for it in portfolio["positions"]:
            if it["status"] == "CLOSED":
                continue  # one that was opened the other way may stand beside it
            held = self.held.get(it["instrumentId"], Decimal(0))
            assert Decimal(it["quantity"]) == abs(held), f"{held} is held: {it}"
            assert not held or it["positionSide"] == ("LONG" if held > 0 else "SHORT"), it

    def check_whole(self, portfolio: dict[str, Any], locked: Mapping[str, Decimal]) -> None:
        """Nothing is missing from a portfolio, and all of it is right."""
        shown = {it["securitySymbol"] for it in portfolio["balances"]}
        assert shown == set(self.totals), shown
        positions = {it["instrumentId"] for it in portfolio["positions"]}
        assert positions == {name for name, held in self.held.items() if held}, positions
        self.check_portfolio(portfolio, locked)

    def _need(self, order: dict[str, Any]) -> Decimal:
        if not is_buy(order):
            return left(order)
        cost = left(order) * Decimal(order["limitPrice"])
        carry = self._carries.get(order["tradeOrderId"], Decimal(0))
        return cost + max(Decimal(0), fee_of(TAKER_FEE, cost, carry)[0])
