"""The place in the queue, against a venue that knows it; what may be taken, against arithmetic."""

from __future__ import annotations

from itertools import count

from hypothesis import example, given, settings
from hypothesis import strategies as st

from support.trading.mirrored_venue import Mirrored

PRICE = 100
FAR = [(1, 1)]


class TrueQueue:
    """The queue at one price of a venue, lot by lot, which is told late and in two streams.

    Attributes:
        lots: Names of the lots, first come first.
        traded: For each trade its turn and the lots it took here; ``None`` is one taken lower.
        displays: Turn, time and lots of each update not delivered yet.
        prints: Time, price and number of each trade not delivered yet.
    """

    def __init__(self, lots):
        self.names = count()
        self.turn = self.time = 1
        self.lots = []
        self.traded = []
        self.displays = []
        self.prints = []
        self.join(lots)

    def tick(self, milliseconds):
        self.turn += 1
        self.time += milliseconds

    def join(self, lots):
        self.lots += [next(self.names) for _ in range(lots)]

    def leave(self, lots, where):
        start = where % (len(self.lots) + 1)
        del self.lots[start : start + lots]

    def trade(self, lots):
        """Sell; what this price has not got goes on to a lower one."""
        taken, self.lots = self.lots[:lots], self.lots[lots:]
        lower = lots - len(taken)
        self.traded.append((self.turn, taken + [None] * lower))
        for price, part in ((PRICE, len(taken)), (PRICE - 1, lower)):
            if part:
                self.prints.append((self.time, price, part))

    def display(self):
        self.displays.append((self.turn, self.time, list(self.lots)))

    def reached(self, turn, front):
        """Lots traded after a turn that were not in front: a real order would have got them."""
        return sum(name not in front for when, lots in self.traded if when > turn for name in lots)


class Session:
    """An order of 10 lots at the end of the queue as last displayed."""

    LOTS = 10

    def __init__(self, lots):
        self.queue = TrueQueue(lots)
        self.venue = Mirrored(FAR, [(200, 1)])
        self.shown = 0, set()
        self.place = None
        self.queue.display()
        self.deliver_book()

    def deliver_book(self):
        if self.queue.displays:
            turn, time, lots = self.queue.displays.pop(0)
            self.shown = turn, set(lots)
            self.venue.diff(bids=[(PRICE, len(lots))], at=time)

    def deliver_snapshot(self):
        if self.queue.displays:
            turn, time, lots = self.queue.displays.pop(0)
            self.shown = turn, set(lots)
            self.venue.snapshot([(PRICE, len(lots)), *FAR], [(200, 1)], at=time)

    def deliver_trade(self):
        if self.queue.prints:
            time, price, lots = self.queue.prints.pop(0)
            self.venue.trade("S", price, lots, at=time)

    def submit(self):
        if self.place is None:
            self.place = self.shown
            self.venue.submit("r", "B", self.LOTS, PRICE)

    @property
    def filled(self):
        if self.place is None:
            return 0
        order = self.venue.engine.orders.get("r")
        return self.LOTS if order is None else order.executed

    @property
    def deserved(self):
        return min(self.LOTS, self.queue.reached(*self.place)) if self.place else 0

    def do(self, step, lots, where, milliseconds):
        self.queue.tick(milliseconds)
        if step in ("join", "trade"):
            getattr(self.queue, step)(lots)
        elif step == "leave":
            self.queue.leave(lots, where)
        elif step == "display":
            self.queue.display()
        else:
            getattr(self, step)()


def steps(*names, pause):
    number = st.integers(1, 12)
    return st.lists(st.tuples(st.sampled_from(names), number, st.integers(0, 30), pause))


DELIVERIES = ("display", "deliver_book", "deliver_trade", "deliver_trade", "deliver_snapshot")


@settings(max_examples=300)
@given(
    lots=st.integers(0, 20),
    plan=steps("join", "trade", "trade", "leave", "submit", *DELIVERIES, pause=st.integers(0, 1)),
)
@example(  # the update first, then the trade it is about
    lots=10,
    plan=[
        ("submit", 1, 0, 1),
        ("trade", 6, 0, 1),
        ("display", 1, 0, 0),
        ("deliver_book", 1, 0, 0),
        ("deliver_trade", 1, 0, 0),
        ("trade", 5, 0, 1),
        ("deliver_trade", 1, 0, 0),
    ],
)
@example(  # the order comes between the two
    lots=10,
    plan=[
        ("trade", 9, 0, 1),
        ("join", 9, 0, 0),
        ("display", 1, 0, 0),
        ("deliver_book", 1, 0, 0),
        ("submit", 1, 0, 1),
        ("deliver_trade", 1, 0, 0),
        ("trade", 2, 0, 1),
        ("deliver_trade", 1, 0, 0),
    ],
)
def test_an_order_never_gets_more_than_a_real_one_would_have(lots, plan):
    """Whatever the venue does, and however late its trades and updates come, in either order."""
    session = Session(lots)
    for step in plan:
        session.do(*step)
        assert session.filled <= session.deserved


@settings(max_examples=200)
@given(lots=st.integers(0, 20), plan=steps("join", "trade", "trade", *DELIVERIES, pause=st.just(1)))
def test_an_order_gets_all_a_real_one_would_have_if_nobody_leaves(lots, plan):
    """As soon as everything is told, in whichever order; only those who leave are not seen."""
    session = Session(lots)
    session.submit()
    for step in plan:
        session.do(*step)
    while session.queue.prints:
        session.deliver_trade()
    assert session.filled == session.deserved


@settings(max_examples=200)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("show"), st.integers(0, 15)),
            st.tuples(st.just("take"), st.integers(1, 15)),
            st.tuples(st.just("trade"), st.integers(1, 5)),
        )
    )
)
def test_what_is_taken_at_a_price_was_displayed_there_once(plan):
    """All that users take is at most the first display and every increase since, at any time."""
    venue = Mirrored([(1, 1)], [(100, 9), (200, 1)])
    shown = total = 9
    taken = traded = 0
    for number, (step, lots) in enumerate(plan):
        if step == "show":
            total += max(0, lots - shown)
            shown, traded = lots, 0
            venue.diff(asks=[(100, lots)])
        elif step == "trade":
            traded += lots
            venue.trade("B", 100, lots)
        else:
            told = venue.submit(f"b{number}", "B", lots, 100, time_in_force="IOC")
            got = sum(entry[4] for entry in told if entry[0] == "Trade")
            assert got <= max(0, shown - traded)
            taken += got
            assert taken <= total
