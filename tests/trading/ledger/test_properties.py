"""Random trading between accounts: what must hold after every step."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from itertools import count

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cadenza.market.instrument import Listing, make_instrument
from cadenza.models import OrderSide, Venue
from cadenza.trading.accounts.position import PositionBook, PositionFill
from cadenza.trading.ledger.entry import COUNTER_ACCOUNTS, EXTERNAL, FEES, Entry
from cadenza.trading.ledger.errors import InsufficientFundsError
from cadenza.trading.ledger.fees import MILLION, FeeSchedule
from cadenza.trading.ledger.fill import OUTSIDE, Fill, Leg
from cadenza.trading.ledger.ledger import Ledger
from cadenza.trading.ledger.units import AssetScales, InstrumentUnits

LISTING = Listing(
    make_instrument(
        venue=Venue.PAPER,
        base="BTC",
        quote="USDT",
        tick="0.5",
        lot="0.00002",
        external_symbol="BTCUSDT",
        description="for tests",
    )
)
UNITS = InstrumentUnits(LISTING, AssetScales.of([LISTING], {"USDT": 5}))
RATES = FeeSchedule(maker_ppm=-77, taker_ppm=733)
ACCOUNTS = st.sampled_from(["ann", "bob", "carl"])
ASSETS = st.sampled_from(["BTC", "USDT"])
SIDES = st.sampled_from([OrderSide.BUY, OrderSide.SELL])
TICKS = st.integers(1, 40)
LOTS = st.integers(1, 30)
INSTRUMENT = "PAPER:BTC/USDT"


class Order:
    """An order as a naive venue keeps it."""

    def __init__(self, order_id, account_id, side, ticks, lots):
        self.order_id, self.account_id, self.side = order_id, account_id, side
        self.ticks, self.lots, self.leaves = ticks, lots, lots
        self.fills, self.fees, self.closed = [], 0, False

    @property
    def is_buy(self):
        return self.side is OrderSide.BUY

    def need(self, leaves, carry=0):
        """What ``leaves`` lots need reserved."""
        if self.is_buy:
            return RATES.hold(UNITS.cost(self.ticks, leaves), carry) if leaves else 0
        return UNITS.quantity(leaves)


class Trading(RuleBasedStateMachine):
    """Deposits, orders, fills, cancels, amendments and resets, beside naive sums."""

    def __init__(self):
        super().__init__()
        self.ledger, self.journal, self.now = Ledger(), [], 0
        self.orders, self.done = {}, []
        self.brought = Counter()
        self.flows = Counter()
        self.net = Counter()
        self.cash = Counter()
        ids = count(1)
        self.positions = PositionBook(lambda: f"p{next(ids)}")
        self.closed = defaultdict(list)
        self.last_id = count(1)

    def log(self, entry):
        self.now += 1
        self.journal.append(entry)
        return entry

    @rule(account=ACCOUNTS, asset=ASSETS, amount=st.integers(1, 10**7))
    def deposit(self, account, asset, amount):
        self.log(self.ledger.deposit(account, asset, amount, at=self.now))
        self.brought[account, asset] += amount

    @rule(account=ACCOUNTS, asset=ASSETS, amount=st.integers(1, 10**7))
    def withdraw(self, account, asset, amount):
        free, before = self.ledger.balance(account, asset).free, self.ledger.state()
        if amount > free:
            with pytest.raises(InsufficientFundsError) as caught:
                self.ledger.withdraw(account, asset, amount, at=self.now)
            assert (caught.value.needed, caught.value.available) == (amount, free)
            assert self.ledger.state() == before
        else:
            self.log(self.ledger.withdraw(account, asset, amount, at=self.now))
            self.brought[account, asset] -= amount

    @rule(
        account=ACCOUNTS,
        side=SIDES,
        ticks=TICKS,
        lots=LOTS,
    )
    def place(self, account, side, ticks, lots):
        order = Order(f"o{next(self.last_id)}", account, side, ticks, lots)
        asset, needed = ("USDT" if order.is_buy else "BTC"), order.need(lots)
        short = needed - self.ledger.balance(account, asset).free
        if short > 0:
            self.log(self.ledger.deposit(account, asset, short, at=self.now))
            self.brought[account, asset] += short
        self.log(self.ledger.reserve(order.order_id, account, asset, needed, at=self.now))
        self.orders[order.order_id] = order

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def cancel(self, data):
        order = self.orders.pop(data.draw(st.sampled_from(sorted(self.orders))))
        self.log(self.ledger.release(order.order_id, at=self.now))
        self.done.append(order)

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), ticks=TICKS)
    def amend(self, data, ticks):
        order = self.orders[data.draw(st.sampled_from(sorted(self.orders)))]
        if not order.is_buy or self.ledger.balance(order.account_id, "USDT").free < 10**6:
            return
        order.ticks = ticks
        carry = self.ledger.reservation(order.order_id).carry
        self.log(self.ledger.resize(order.order_id, order.need(order.leaves, carry), at=self.now))

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), is_buyer_maker=st.booleans())
    def trade(self, data, is_buyer_maker):
        buys = sorted(key for key, order in self.orders.items() if order.is_buy)
        sells = sorted(key for key, order in self.orders.items() if not order.is_buy)
        buyer = self.orders[data.draw(st.sampled_from(buys))] if buys else None
        seller = self.orders[data.draw(st.sampled_from(sells))] if sells else None
        if buyer and seller and buyer.ticks < seller.ticks:
            buyer = None
        sides = [order for order in (buyer, seller) if order]
        low = seller.ticks if seller else 1
        price = data.draw(st.integers(low, buyer.ticks if buyer else low + 5))
        lots = data.draw(st.integers(1, min(order.leaves for order in sides)))
        self.execute(buyer, seller, price, lots, is_buyer_maker)

    def execute(self, buyer, seller, price, lots, is_buyer_maker):
        cost = UNITS.cost(price, lots)
        entry, settled = self.ledger.settle(
            Fill(
                trade_id=f"t{self.now}",
                at=self.now,
                base_asset="BTC",
                quote_asset="USDT",
                quantity=UNITS.quantity(lots),
                cost=cost,
                buyer=self.leg(buyer, lots, cost, is_maker=is_buyer_maker),
                seller=self.leg(seller, lots, cost, is_maker=not is_buyer_maker),
            )
        )
        self.log(entry)
        for order, fee, is_maker in (
            (buyer, settled.buyer_fee, is_buyer_maker),
            (seller, settled.seller_fee, not is_buyer_maker),
        ):
            if order:
                self.book(order, lots, cost, fee, RATES.rate(is_maker=is_maker))

    def leg(self, order, lots, cost, *, is_maker):
        if order is None:
            return OUTSIDE
        rate = RATES.rate(is_maker=is_maker)
        paid = sum(ppm * part for _, part, ppm in order.fills) + rate * cost
        return Leg(
            account_id=order.account_id,
            order_id=order.order_id,
            rate_ppm=rate,
            keep=order.need(order.leaves - lots, -paid % MILLION),
        )

    def book(self, order, lots, cost, fee, ppm):
        sign = 1 if order.is_buy else -1
        order.leaves -= lots
        order.fees += fee
        order.fills.append((lots, cost, ppm))
        self.flows[order.account_id, "BTC"] += sign * UNITS.quantity(lots)
        self.flows[order.account_id, "USDT"] -= sign * cost + fee
        self.flows[FEES, "USDT"] += fee
        self.net[order.account_id] += sign * lots
        self.cash[order.account_id] -= sign * cost
        changed = self.positions.fill(
            PositionFill(
                account_id=order.account_id,
                instrument_id=INSTRUMENT,
                side=order.side,
                lots=lots,
                cost=cost,
                fee=fee,
                at=self.now,
            )
        )
        self.closed[order.account_id] += [it for it in changed if not it.is_open]
        if not order.leaves:
            del self.orders[order.order_id]
            self.done.append(order)

    @rule(account=ACCOUNTS)
    def reset(self, account):
        if any(order.account_id == account for order in self.orders.values()):
            return
        self.log(self.ledger.reset(account, {"USDT": 10**6}, at=self.now))
        for asset, amount in (("USDT", 10**6), ("BTC", 0)):
            self.brought[account, asset] = amount - self.flows[account, asset]

    @invariant()
    def money_is_conserved(self):
        state = self.ledger.state()
        sums = Counter()
        for balance in state.balances:
            sums[balance.asset] += balance.total
        assert not any(sums.values())
        for asset in ("BTC", "USDT"):
            outside = sum(amount for (_, it), amount in self.brought.items() if it == asset)
            assert self.ledger.balance(EXTERNAL, asset).total == -outside

    @invariant()
    def every_balance_is_what_came_in_and_was_traded(self):
        for account in ("ann", "bob", "carl"):
            for asset in ("BTC", "USDT"):
                expected = self.brought[account, asset] + self.flows[account, asset]
                assert self.ledger.balance(account, asset).total == expected
        assert self.ledger.balance(FEES, "USDT").total == self.flows[FEES, "USDT"]

    @invariant()
    def nothing_is_negative(self):
        for balance in self.ledger.state().balances:
            if balance.account_id not in COUNTER_ACCOUNTS:
                assert min(balance.free, balance.locked) >= 0

    @invariant()
    def locked_is_the_sum_of_the_open_orders_needs(self):
        needs = Counter()
        for order in self.orders.values():
            held = self.ledger.reservation(order.order_id)
            assert held.amount == order.need(order.leaves, held.carry)
            needs[held.account_id, held.asset] += held.amount
        for balance in self.ledger.state().balances:
            assert balance.locked == needs[balance.account_id, balance.asset]
        assert len(self.ledger.state().reservations) == len(self.orders)

    @invariant()
    def executed_is_the_sum_of_executions_and_fees_are_rounded_once(self):
        for order in [*self.orders.values(), *self.done]:
            assert order.lots - order.leaves == sum(lots for lots, _, _ in order.fills)
            exact = sum(ppm * cost for _, cost, ppm in order.fills)
            assert order.fees == -(-exact // MILLION)

    @invariant()
    def profits_add_up(self):
        for account in ("ann", "bob", "carl"):
            mark = 17
            held = self.positions.get(account, INSTRUMENT)
            total = sum(it.realised for it in self.closed[account])
            if held:
                total += held.realised + held.unrealised(UNITS, mark)
            assert total == self.cash[account] + self.net[account] * UNITS.cost(mark, 1)
            assert (held.sign * held.lots if held else 0) == self.net[account]
            if held:
                assert math.copysign(1, held.entry_cost) == 1

    def teardown(self):
        """The journal, through its wire form, makes an equal ledger."""
        raw = msgspec.json.encode(self.journal)
        again = Ledger.replay(msgspec.json.decode(raw, type=list[Entry]))
        assert again.state() == self.ledger.state()


TestTrading = Trading.TestCase
TestTrading.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
