"""The local book beside the real market: equal at every step, and never wrong in silence."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.client.market.changes import BookState
from cadenza.client.market.order_book import OrderBook
from cadenza.clock import VirtualClock
from cadenza.market.feeds.replay import MAX_SPEED, ReplayFeed
from cadenza.market.instrument import make_instrument
from cadenza.market.market import Market
from cadenza.models import UpdateType, Venue

INSTRUMENT = make_instrument(
    venue=Venue.BINANCE,
    base="BTC",
    quote="USDT",
    tick="0.01",
    lot="0.001",
    external_symbol="BTCUSDT",
    description="for tests",
)
BTC = INSTRUMENT.instrument_id


def spelled(ticks, *, is_short):
    """A price of the instrument, with or without zeros at its end."""
    text = f"{ticks // 100}.{ticks % 100:02}"
    return text.rstrip("0").rstrip(".") if is_short else text


def rows(low, high):
    prices = st.builds(
        lambda ticks, is_short: spelled(ticks, is_short=is_short),
        st.integers(low, high),
        st.booleans(),
    )
    return st.lists(st.tuples(prices, st.sampled_from(["0", "0.001", "0.0020", "5"])), max_size=8)


# Whether it is a snapshot, bids, asks: bids stay below asks, as in every book.
STEPS = st.lists(
    st.tuples(st.sampled_from([False, False, False, True]), rows(9980, 9999), rows(10000, 10019)),
    max_size=25,
)
DEPTHS = st.sampled_from([0, 1, 3])


class Wire:
    """A listener that keeps every payload, with the book that the market then shows."""

    def __init__(self, market):
        self.sent = []
        self._market = market
        market.add_listener(self)

    def on_book(self, instrument_id, payload, update_type):
        shown = msgspec.json.decode(self._market.snapshot(instrument_id))
        state = tuple([tuple(row) for row in shown[side]] for side in ("bids", "asks"))
        self.sent.append((payload, update_type, shown["sequence"], state))

    def on_trade(self, instrument_id, payload):
        pass

    def on_book_health(self, instrument_id, fault):
        assert fault is None


def unique(levels):
    """A snapshot names each price once."""
    return list({f"{float(price):.2f}": (price, held) for price, held in levels}.values())


def play(steps, depth):
    """What a market sends of these steps."""
    market = Market(depth=depth)
    wire = Wire(market)
    market.instrument(INSTRUMENT)
    market.book_snapshot(BTC, [("99.8", "1")], [("100", "1")], 1)
    for number, (is_snapshot, bids, asks) in enumerate(steps, 2):
        if is_snapshot:
            market.book_snapshot(BTC, unique(bids), unique(asks), number)
        else:
            market.book_diff(BTC, bids, asks, number)
    return wire.sent


@settings(max_examples=150)
@given(steps=STEPS, depth=DEPTHS)
def test_the_local_book_is_the_market_at_every_step(steps, depth):
    """Also the changes it tells add up to it, and the best has moved just when it has."""
    book, copy = OrderBook(BTC), ({}, {})
    touch = (None, None)
    for payload, update_type, sequence, state in play(steps, depth):
        change = book.apply(payload)
        assert book.rows() == state
        assert (book.state, book.sequence) == (BookState.LIVE, sequence)
        assert change.update_type is update_type
        for side, changed in zip(copy, (change.bids, change.asks), strict=True):
            for price, quantity in changed:
                # Only what differs is told, and only what is there is removed.
                assert side.get(price) != quantity or update_type is UpdateType.SNAPSHOT
                side[price] = quantity
                if not quantity:
                    del side[price]
        assert copy == (dict(book.depth().bids), dict(book.depth().asks))
        now = tuple(side[0] if side else None for side in state)
        assert (change.best_bid_moved, change.best_ask_moved) == (
            now[0] != touch[0],
            now[1] != touch[1],
        )
        touch = now


@settings(max_examples=200)
@given(steps=STEPS, depth=DEPTHS, reads=st.sets(st.integers(0, 25)))
def test_posted_payloads_are_there_whenever_the_book_is_read(steps, depth, reads):
    """Read at any moments, it shows what a book shows that applies every payload at once."""
    book = OrderBook(BTC)
    for number, (payload, _, sequence, state) in enumerate(play(steps, depth)):
        assert book.post(payload) is None
        assert (book.state, book.sequence) == (BookState.LIVE, sequence)
        if number in reads:
            assert book.rows() == state
    assert book.rows() == state


@settings(max_examples=200)
@given(steps=STEPS, depth=DEPTHS, data=st.data())
def test_no_loss_goes_unnoticed_and_the_next_snapshot_heals(steps, depth, data):
    """Payloads are lost, repeated and swapped: LIVE means equal to the market, always."""
    sent = play(steps, depth)
    order = data.draw(st.lists(st.sampled_from(range(len(sent))), max_size=40), label="arbitrary")
    counts = data.draw(
        st.lists(st.sampled_from([0, 1, 1, 1, 2]), min_size=len(sent), max_size=len(sent)),
        label="times each arrives",
    )
    order += [number for number, times in enumerate(counts) for _ in range(times)]
    book, last, is_synced = OrderBook(BTC), None, False
    posts = data.draw(st.booleans(), label="posted")
    take = book.post if posts else (lambda payload: book.apply(payload).fault)
    for number in order:
        payload, update_type, _, state = sent[number]
        fault = take(payload)
        follows = is_synced and last is not None and number == last + 1
        is_synced = update_type is UpdateType.SNAPSHOT or follows
        assert (book.state is BookState.LIVE) == is_synced == (fault is None)
        assert book.needs_resync == (not is_synced)
        if is_synced:
            last = number
            assert book.rows() == state


class Follower:
    """A listener with a local book for every instrument."""

    def __init__(self):
        self.books = {}
        self.applied = 0

    def on_book(self, instrument_id, payload, update_type):
        book = self.books.setdefault(instrument_id, OrderBook(instrument_id))
        assert book.apply(payload).fault is None
        self.applied += 1

    def on_trade(self, instrument_id, payload):
        pass

    def on_book_health(self, instrument_id, fault):
        pass


@pytest.mark.parametrize("depth", [0, 20])
@pytest.mark.parametrize(
    ("recording", "payloads"),
    [
        ("binance/spot_btcusdt_20240808.jsonl.gz", 2_000),
        ("binance/usdm_btcusdt_20240808.jsonl.gz", 3_000),
        ("multi-venue/KRAKEN.ws.50.0.gz", 100),
    ],
)
async def test_a_recorded_market_is_followed_to_its_end(shared, recording, payloads, depth):
    """Every published payload is applied; the books are equal at the end."""
    market, follower = Market(depth=depth), Follower()
    market.add_listener(follower)
    feed = ReplayFeed(shared / "data" / recording, market, VirtualClock(), speed=MAX_SPEED)
    await feed.run()
    assert follower.applied >= payloads
    for instrument_id, book in follower.books.items():
        shown = msgspec.json.decode(market.snapshot(instrument_id))
        assert [list(row) for row in book.rows()[0]] == shown["bids"]
        assert [list(row) for row in book.rows()[1]] == shown["asks"]
        assert book.sequence == shown["sequence"]
