"""Random orders on a recorded market, and a witness who checks each fill against the recording.

The witness keeps books of its own, from the rows as the venue wrote them, and knows nothing of the
model. Its only look inside is ``on_take``: from which displayed level an order was filled.
"""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal

from cadenza.market.market import Market
from cadenza.models import OrderSide, OrderType, TimeInForce
from cadenza.trading.matching.commands import Amend, Cancel, Submit
from cadenza.trading.matching.events import Cancelled, Rejected, Replaced, Trade
from cadenza.trading.mirrored.engine import MirroredEngine
from cadenza.trading.mirrored.feed import MirrorFeed
from cadenza.trading.mirrored.offers import Offers

BUY, SELL = OrderSide.BUY, OrderSide.SELL
IOC, FOK, GTC = TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTC


class Side:
    """One side of the recorded book, and what orders have taken from it."""

    def __init__(self):
        self.shown = {}
        self.displayed = Counter()  # first display and increases since, by price
        self.taken = Counter()

    def show(self, price, lots):
        self.displayed[price] += max(0, lots - self.shown.get(price, 0))
        if lots:
            self.shown[price] = lots
        else:
            self.shown.pop(price, None)

    def take(self, price, lots):
        assert lots <= self.shown[price], "more than is displayed at the moment"
        self.taken[price] += lots
        assert self.taken[price] <= self.displayed[price], "more than was ever displayed"


class Witness:
    """A ``MarketObserver`` that hears the feed before the engine does."""

    def __init__(self):
        self.sides = {}
        self.trade = None  # the trade being told: price, lots left, aggressor
        self.orders = {}
        self.limits = {}
        self.executed = Counter()
        self.taking = []
        self.seen = Counter()

    # The recording.

    def on_instrument(self, book):
        self.sides[book.listing] = {BUY: Side(), SELL: Side()}

    def on_book_changed(self, book, touched, timestamp_ms):
        self.trade = None
        self.seen["updates"] += 1
        tick, lot = Decimal(book.listing.ticks.step), Decimal(book.listing.lots.step)
        for name, ladder in ((BUY, book.bids), (SELL, book.asks)):
            side = self.sides[book.listing][name]
            rows = ladder.rows
            keys = touched and (touched.bids if name is BUY else touched.asks)
            if touched is None:
                for price in list(side.shown):
                    side.show(price, 0)
                keys = list(rows)
            for key in keys:
                price, quantity = rows.get(key, ("", "0"))
                number = int(Decimal(price) / tick) if price else abs(key)
                side.show(number, int(Decimal(quantity) / lot))

    def on_trade_seen(self, listing, price, lots, side, timestamp_ms):
        self.trade = [price, lots, side]
        self.seen["trades"] += 1

    def on_stale(self, listing, fault):
        raise fault

    # The engine.

    def on_take(self, key, lots):
        """Lots of a displayed level are given to an order."""
        self.taking.append((SELL if key > 0 else BUY, abs(key), lots))

    def check(self, listing, events):
        sides = self.sides[listing]
        for side, price, lots in self.taking:
            sides[side].take(price, lots)
        fills = [event for event in events if isinstance(event, Trade)]
        for event in events:
            self.seen[type(event).__name__] += 1
            if isinstance(event, Rejected):
                self.seen[event.reason.value] += 1
            if isinstance(event, Replaced):
                self.limits[event.order_id] = event.limit
        by_display = [fill for fill in fills if fill.taker_id or self.trade is None]
        given = sum(lots for _, _, lots in self.taking)
        assert sum(fill.lots for fill in by_display) == given, "filled from nowhere"
        for fill in fills:
            self._check_fill(fill)
        assert not self.taking, "given to nobody"
        for event in events:
            if isinstance(event, Cancelled) and self.orders[event.order_id].time_in_force is FOK:
                assert not self.executed[event.order_id], "killed after a fill"
                self.seen["killed whole"] += 1

    def _check_fill(self, fill):
        name = fill.maker_id or fill.taker_id
        order, limit = self.orders[name], self.limits[name]
        is_buy = order.side is BUY
        self.executed[name] += fill.lots
        assert 0 < self.executed[name] <= order.lots, "more than the order is for"
        assert not limit or (fill.price <= limit if is_buy else fill.price >= limit), "off limit"
        if fill.taker_id:
            self._check_taken(fill, is_buy)
        elif self.trade is None:
            assert fill.price == limit
            self._check_displayed(fill, is_buy)
        else:
            assert fill.price == limit
            self._check_traded(fill, is_buy)

    def _draw(self, fill, is_buy):
        """Take a fill's lots off what was last given; it has the price of that level."""
        left = fill.lots
        while left:
            assert self.taking, "nothing was displayed for it"
            side, price, lots = self.taking.pop(0)
            assert side is (SELL if is_buy else BUY), "taken from its own side"
            part = min(left, lots)
            left -= part
            if lots > part:
                self.taking.insert(0, (side, price, lots - part))
        return price

    def _check_taken(self, fill, is_buy):
        assert self._draw(fill, is_buy) == fill.price, "not at the displayed price"
        self.seen["taken"] += 1

    def _check_displayed(self, fill, is_buy):
        price = self._draw(fill, is_buy)
        assert price <= fill.price if is_buy else price >= fill.price, "nobody displayed its price"
        self.seen["by display"] += 1

    def _check_traded(self, fill, is_buy):
        price, left, aggressor = self.trade
        assert aggressor is (SELL if is_buy else BUY), "the trade was on the other side"
        assert price <= fill.price if is_buy else price >= fill.price, "the trade was elsewhere"
        assert fill.lots <= left, "a lot was given twice"
        self.trade[1] -= fill.lots
        self.seen["by trade at" if price == fill.price else "by trade through"] += 1


class Crowd:
    """A feed's sink that passes everything on, and every few messages sends a random command."""

    def __init__(self, seed, *, every):
        self.random = random.Random(seed)
        self.every = every
        self.messages = self.orders = 0
        self.market = Market(is_paced=True)
        self.witness = Witness()
        self.feed = MirrorFeed(MirroredEngine, self.outlet, lambda: self.messages)
        self.market.add_observer(self.witness)
        self.market.add_observer(self.feed)

    def watch_takes(self, monkeypatch):
        """Let the witness hear of every lot that is taken from a displayed level."""
        take = Offers.take

        def spied(offers, key, lots):
            self.witness.on_take(key, lots)
            take(offers, key, lots)

        monkeypatch.setattr(Offers, "take", spied)

    def outlet(self, instrument_id, engine, events):
        self.witness.check(self.market.listing(instrument_id), events)

    def instrument(self, instrument, **options):
        self.market.instrument(instrument, **options)

    def book_snapshot(self, instrument_id, *args, **options):
        self.market.book_snapshot(instrument_id, *args, **options)
        self.market.publish_pending()
        self.act(instrument_id)

    def book_diff(self, instrument_id, *args, **options):
        self.market.book_diff(instrument_id, *args, **options)
        self.act(instrument_id)

    def book_best(self, instrument_id, *args):
        self.market.book_best(instrument_id, *args)
        self.act(instrument_id)

    def trade(self, instrument_id, **told):
        self.market.trade(instrument_id, **told)
        self.act(instrument_id)

    def book_stale(self, fault):
        self.market.book_stale(fault)

    def act(self, instrument_id):
        """Now and then, a command."""
        self.messages += 1
        if self.random.randrange(self.every):
            return
        engine = self.feed.engines[instrument_id]
        if engine.mirror.is_stale:
            return
        command = self.command(instrument_id, engine)
        events = engine.apply(command)
        self.witness.check(self.market.listing(instrument_id), events)

    def command(self, instrument_id, engine):
        draw = self.random
        mine = list(engine.orders.values())
        if mine and (len(mine) > 60 or draw.random() < 0.2):
            order = draw.choice(mine)
            if draw.random() < 0.6:
                return Cancel(now=self.messages, order_id=order.order_id)
            limit = max(1, order.limit + draw.randrange(-2, 3))
            return Amend(now=self.messages, order_id=order.order_id, limit=limit)
        return self.submission(instrument_id)

    def submission(self, instrument_id):
        draw = self.random
        self.orders += 1
        book = self.market.book(instrument_id)
        side = draw.choice((BUY, SELL))
        bid, ask = book.best_bid(), book.best_ask()
        touch = draw.choice((bid, ask))
        lots = 1 + int(draw.paretovariate(0.6)) % (2 * max(bid.lots, ask.lots))
        kind = draw.choice((OrderType.LIMIT,) * 6 + (OrderType.MARKET, OrderType.LIMIT_MAKER))
        time = GTC if kind is OrderType.LIMIT_MAKER else draw.choice((GTC,) * 4 + (IOC, FOK))
        limit = 0 if kind is OrderType.MARKET else touch.ticks + draw.randrange(-5, 6)
        rests = limit and time is GTC
        order = Submit(
            now=self.messages,
            order_id=f"{self.orders}",
            owner=f"user {self.orders % 7}",
            side=side,
            type=kind,
            time_in_force=time,
            lots=lots,
            limit=limit,
            visible=draw.choice((0, 0, 1 + lots // 3)) if rests else 0,
        )
        self.witness.orders[order.order_id] = order
        self.witness.limits[order.order_id] = limit
        return order
