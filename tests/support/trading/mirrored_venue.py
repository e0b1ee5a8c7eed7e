"""A mirrored venue for tests: a market driven by hand, and an engine that answers in tuples.

Prices are whole ticks and quantities whole lots, as the instrument's steps are 1.
"""

from __future__ import annotations

import msgspec

from cadenza.market.errors import SequenceGapError
from cadenza.market.instrument import make_instrument
from cadenza.market.market import Market
from cadenza.models import OrderSide, OrderType, TimeInForce, Venue
from cadenza.trading.matching.commands import Amend, Cancel, Submit
from cadenza.trading.matching.events import Cancelled, Refused, Rejected, Trade
from cadenza.trading.mirrored.engine import MirroredEngine
from cadenza.trading.mirrored.feed import MirrorFeed

ID = "MOCK:AAA/BBB"
SIDES = {"B": OrderSide.BUY, "S": OrderSide.SELL, "?": OrderSide.UNKNOWN}


class Mirrored:
    """A market with one instrument and its mirrored engine; time is told by hand."""

    def __init__(self, bids=(), asks=(), **options):
        self.now = 1_000
        self.at = 0
        self.told = []
        self.events = []
        self.market = Market()
        self.market.instrument(
            make_instrument(
                venue=Venue.MOCK,
                base="AAA",
                quote="BBB",
                tick="1",
                lot="1",
                external_symbol="AAABBB",
                description="for tests",
            )
        )
        opener = lambda book: MirroredEngine(book, **options)  # noqa: E731 - one call
        self.feed = MirrorFeed(opener, self.note, lambda: self.now)
        self.market.add_observer(self.feed)
        self.engine = self.feed.engines[ID]
        if bids or asks:
            self.snapshot(bids, asks)

    def note(self, instrument_id, engine, events):
        assert (instrument_id, engine) == (ID, self.engine)
        self.told.extend(events)

    # What the venue says; each answers what happened to users' orders.

    def snapshot(self, bids=(), asks=(), at=None):
        return self._book(self.market.book_snapshot, bids, asks, at)

    def diff(self, bids=(), asks=(), at=None):
        return self._book(self.market.book_diff, bids, asks, at)

    def trade(self, side, price, lots, at=None):
        self._time(at)
        self.market.trade(
            ID,
            trade_id="1",
            price=str(price),
            quantity=str(lots),
            side=SIDES[side],
            timestamp_ms=self.at,
        )
        return self.take()

    def gap(self):
        self.market.book_stale(SequenceGapError(ID, 1, 3))
        return self.take()

    # What users say.

    def order(self, order_id, side, lots, limit=0, **terms):
        kind = "LIMIT" if limit else "MARKET"
        terms = {"now": self.now, "owner": order_id, "type": kind} | terms
        terms["type"] = OrderType(terms["type"])
        if "time_in_force" in terms:
            terms["time_in_force"] = TimeInForce(terms["time_in_force"])
        return Submit(order_id=order_id, side=SIDES[side], lots=lots, limit=limit, **terms)

    def submit(self, *args, **terms):
        return self.apply(self.order(*args, **terms))

    def cancel(self, order_id):
        return self.apply(Cancel(now=self.now, order_id=order_id))

    def amend(self, order_id, **terms):
        return self.apply(Amend(now=self.now, order_id=order_id, **terms))

    def apply(self, command):
        return [tell(event) for event in self.engine.apply(command)]

    def ahead(self, order_id):
        return self.engine.orders[order_id].ahead

    def take(self):
        self.events, self.told = self.told, []
        return [tell(event) for event in self.events]

    def _book(self, deliver, bids, asks, at):
        self._time(at)
        deliver(ID, rows(bids), rows(asks), self.at)
        return self.take()

    def _time(self, at):
        self.at = self.at + 1 if at is None else at


def rows(levels):
    return [(str(price), str(lots)) for price, lots in levels]


def tell(event):
    """The event's name and what matters of it."""
    name = type(event).__name__
    if isinstance(event, Trade):
        return (name, event.maker_id, event.taker_id, event.price, event.lots)
    if isinstance(event, Rejected | Refused):
        return (name, event.order_id, event.reason.value)
    if isinstance(event, Cancelled):
        return (name, event.order_id, event.lots, event.reason.value)
    values = [value for value in msgspec.structs.astuple(event)[1:] if value != ""]
    return (name, *values)
