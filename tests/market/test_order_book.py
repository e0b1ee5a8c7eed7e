"""The order book against a naive one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.market.errors import BadLevelError, CrossedBookError
from cadenza.market.instrument import Listing
from cadenza.market.order_book import NO_BOUND, OrderBook

# Bids below 100.00 and asks from there on, so that no update crosses the book.
BIDS = st.tuples(
    st.integers(9900, 9999).map(lambda ticks: f"{ticks / 100:.2f}"),
    st.sampled_from(["0", "0.000", "0.001", "0.5", "12.000"]),
)
ASKS = st.tuples(
    st.integers(10000, 10099).map(lambda ticks: f"{ticks / 100:.2f}"),
    st.sampled_from(["0", "0.000", "0.001", "0.5", "12.000"]),
)
UPDATES = st.lists(st.tuples(st.lists(BIDS, max_size=12), st.lists(ASKS, max_size=12)))


def apply_naively(levels, rows):
    for price, quantity in rows:
        if Decimal(quantity):
            levels[price] = quantity
        else:
            levels.pop(price, None)


def ordered(levels, *, is_bid):
    return sorted(levels.items(), key=lambda level: Decimal(level[0]), reverse=is_bid)


@given(updates=UPDATES, limit=st.sampled_from([0, 1, 5]))
def test_a_book_equals_the_naive_one_after_every_update(instrument, updates, limit):
    book = OrderBook(Listing(instrument), depth_limit=limit)
    bids, asks = {}, {}
    for bid_rows, ask_rows in updates:
        touched = book.apply(bid_rows, ask_rows)
        apply_naively(bids, bid_rows)
        apply_naively(asks, ask_rows)
        if limit:
            bids = dict(ordered(bids, is_bid=True)[:limit])
            asks = dict(ordered(asks, is_bid=False)[:limit])
        assert [row for _, row in book.bids.top()] == ordered(bids, is_bid=True)
        assert [row for _, row in book.asks.top()] == ordered(asks, is_bid=False)
        assert len(touched.bids) >= len(bid_rows)


@pytest.fixture
def book(instrument):
    book = OrderBook(Listing(instrument))
    book.replace(
        [("99.50", "1.000"), ("99.40", "2.000"), ("99.30", "3.000")],
        [("100.00", "0.500"), ("100.10", "0.250")],
    )
    return book


def test_the_best_levels_have_integers_and_the_strings_of_the_venue(book):
    assert book.best_bid() == (9950, 1000, "99.50", "1.000")
    assert book.best_ask() == (10000, 500, "100.00", "0.500")


def test_levels_come_best_first_and_as_many_as_asked_for(book):
    assert [level.price for level in book.bids.levels(2)] == ["99.50", "99.40"]
    assert [level.ticks for level in book.asks.levels()] == [10000, 10010]


def test_an_empty_book_has_no_best_levels(instrument):
    book = OrderBook(Listing(instrument))
    assert book.best_bid() is None
    assert book.best_ask() is None
    assert not book.is_crossed()
    assert book.bids.bound(1) == NO_BOUND


@pytest.mark.parametrize("price", ["100.00", "100.05"])
def test_a_bid_that_reaches_the_asks_is_a_fault_with_both_prices(book, price):
    with pytest.raises(CrossedBookError) as caught:
        book.apply([(price, "1.000")], [])
    assert (caught.value.bid, caught.value.ask) == (price, "100.00")
    assert caught.value.instrument_id == "BINANCE:BTC/USDT"


def test_a_trade_through_is_no_fault_when_the_update_removes_the_other_side(book):
    book.apply([("100.00", "1.000")], [("100.00", "0.000")])
    assert book.best_bid().price == "100.00"


def test_a_price_finer_than_the_tick_is_an_error_that_names_the_nearest(book):
    with pytest.raises(BadLevelError, match=r"price 99\.506 is not a multiple of 0\.01.*99\.51"):
        book.apply([("99.506", "1.000")], [])


def test_a_quantity_finer_than_the_lot_is_an_error(book):
    with pytest.raises(BadLevelError, match=r"quantity 0\.0004"):
        book.apply([], [("100.20", "0.0004")])
