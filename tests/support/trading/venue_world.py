"""A paper venue for tests: a clock that stands still, a listener that remembers, a real store."""

from __future__ import annotations

import itertools
from collections import Counter

import msgspec

from cadenza.market.instrument import Listing, make_instrument
from cadenza.market.market import Market
from cadenza.models import OrderSide, OrderType, TimeInForce, Venue
from cadenza.trading.ledger.entry import COUNTER_ACCOUNTS
from cadenza.trading.ledger.fees import FeeSchedule
from cadenza.trading.matching.commands import Submit
from cadenza.trading.orders.request import OrderRequest
from cadenza.trading.store.memory import MemoryStore
from cadenza.trading.venue import PaperVenue, VenueRules

BTC = "PAPER:BTC/USDT"
ETH = "PAPER:ETH/USDT"
BUY, SELL = OrderSide.BUY, OrderSide.SELL
RULES = VenueRules(
    deposit={"USDT": "100000", "BTC": "10", "ETH": "100"},
    fees=FeeSchedule(maker_ppm=200, taker_ppm=1000),
)


class StoppedClock:
    """Time that moves when a test says so."""

    def __init__(self, millis=1_700_000_000_000):
        self.millis = millis

    def time_ms(self):
        return self.millis

    def monotonic(self):
        return self.millis / 1000

    async def sleep(self, seconds):
        raise AssertionError("nobody sleeps here")


class Recorder:
    """An `ExchangeListener` that keeps what it hears, as it was when it heard it."""

    def __init__(self):
        self.orders = []
        self.executions = []
        self.balances = []
        self.accounts = []

    def on_order(self, order):
        self.orders.append((order.order_id, order.status, order.executed))

    def on_execution(self, execution, order):
        self.executions.append(execution)

    def on_balances(self, account_id, assets):
        self.balances.append((account_id, frozenset(assets)))

    def on_account(self, account):
        self.accounts.append(account)


def listing_of(symbol, *, tick="0.01", lot="0.0001", venue=Venue.PAPER):
    base, quote = symbol.split("/")
    instrument = make_instrument(
        venue=venue,
        base=base,
        quote=quote,
        tick=tick,
        lot=lot,
        external_symbol=base + quote,
        description="",
    )
    return Listing(msgspec.structs.replace(instrument, min_notional="0"))


class World:
    """A venue and what is around it.

    Attributes:
        venue: The one under test.
        heard: What its listener heard.
        market: What its books look like from outside.
        engines: Of its instruments.
    """

    def __init__(self, store=None, *, clock=None, rules=RULES, ids=None):
        self.store = store or MemoryStore()
        self.clock = clock or StoppedClock()
        self.heard = Recorder()
        self.market = Market()
        self.ids = ids or itertools.count(1)
        self.rules = rules
        self.venue = PaperVenue(
            self.store, self.clock, self.heard, self.market, rules, new_id=self.new_id
        )
        self.engines = {}
        self.outsiders = itertools.count(1)

    def new_id(self):
        return f"00000000-0000-4000-8000-{next(self.ids):012x}"

    async def open(self):
        await self.venue.open()
        for listing in (listing_of("BTC/USDT"), listing_of("ETH/USDT", lot="0.001")):
            self.engines[str(listing.id)] = self.venue.list_paper(listing)
        return self

    @property
    def exchange(self):
        return self.venue.exchange

    def account(self, owner="ann"):
        return self.venue.accounts.of_owner(owner)[0]

    def submit(self, account=None, **request):
        """Submit; the first order comes back."""
        return self.submit_all(account, **request)[0]

    def submit_all(self, account=None, **request):
        request = {"instrument_id": BTC, "side": BUY, "type": OrderType.LIMIT, **request}
        return self.exchange.submit(account or self.account(), OrderRequest(**request))

    def limit(self, side, price, quantity, account=None, **more):
        return self.submit(account, side=side, limit_price=price, quantity=quantity, **more)

    def outside(self, side, price, lots, instrument_id=BTC, **more):
        """An order of somebody who is no user, in ticks and lots."""
        instrument = self.exchange.instrument(instrument_id)
        more = {"type": OrderType.LIMIT, "time_in_force": TimeInForce.GTC, **more}
        order_id = f"@{next(self.outsiders)}"
        self.exchange.tell(
            instrument,
            Submit(
                now=self.clock.time_ms(),
                order_id=order_id,
                owner=f"@{order_id}",
                side=side,
                lots=lots,
                limit=price,
                **more,
            ),
        )
        return order_id

    def free(self, asset, account=None):
        account = account or self.account()
        balance = self.venue.ledger.balance(account.account_id, asset)
        return self.venue.scales.format(asset, balance.free)

    def locked(self, asset, account=None):
        account = account or self.account()
        balance = self.venue.ledger.balance(account.account_id, asset)
        return self.venue.scales.format(asset, balance.locked)

    def check(self):
        """Everything that must hold at any time between two decisions."""
        state = self.venue.ledger.state()
        totals, locked = Counter(), Counter()
        for balance in state.balances:
            totals[balance.asset] += balance.free + balance.locked
            if balance.account_id not in COUNTER_ACCOUNTS:
                assert balance.free >= 0, balance
                assert balance.locked >= 0, balance
                locked[balance.account_id, balance.asset] += balance.locked
        assert not any(totals.values()), f"money came from nowhere: {totals}"
        reserved = Counter()
        for held in state.reservations:
            reserved[held.account_id, held.asset] += held.amount
        assert +locked == +reserved
        clearing = self.exchange.clearing
        assert {held.order_id for held in state.reservations} <= set(clearing.holders)
        executed = Counter()
        for execution in self.heard.executions:
            executed[execution.order_id] += execution.lots
        for order_id, live in clearing.live.items():
            order = live.instrument.engine.orders[order_id]
            assert order.executed == live.state.executed == executed[order_id]
            assert order.status is live.state.status
            if not live.budget:
                assert order.leaves == live.leaves
            held = self.venue.ledger.reservation(live.state.hold)
            if order.place.value != "held":
                assert held is not None, live
                assert held.amount >= live.need(clearing.fees, held.carry), live
        for engine in self.engines.values():
            assert not engine.book.is_crossed()
            for order_id, order in engine.orders.items():
                assert order.owner.startswith("@") or order_id in clearing.live
