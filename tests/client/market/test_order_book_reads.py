"""What can be read of a local book, against plain computations with `Decimal`."""

from __future__ import annotations

import importlib.util
import sys
from decimal import Decimal, localcontext

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.client.errors import UsageError
from cadenza.client.market.errors import (
    DataFrameLibraryError,
    InsufficientDepthError,
    StaleBookError,
)
from cadenza.client.market.order_book import OrderBook
from cadenza.models import OrderSide

BTC = "BINANCE:BTC/USDT"

QUANTITIES = st.integers(1, 10**6).map(lambda lots: str(Decimal(lots).scaleb(-3)))
BIDS = st.dictionaries(st.integers(9900, 9999), QUANTITIES, max_size=20)
ASKS = st.dictionaries(st.integers(10000, 10099), QUANTITIES, max_size=20)


def price_of(ticks):
    return str(Decimal(ticks).scaleb(-2))


def book_of(bids, asks):
    """A LIVE book of these levels, by ticks of 0.01, in whatever order."""
    rows = [[[price_of(ticks), held] for ticks, held in side.items()] for side in (bids, asks)]
    book = OrderBook(BTC)
    book.apply(msgspec.json.encode({"instrumentId": BTC, "bids": rows[0], "asks": rows[1]}))
    return book


def naive(side, *, descending):
    """The levels as decimals, best first."""
    return [
        (Decimal(price_of(ticks)), Decimal(side[ticks]))
        for ticks in sorted(side, reverse=descending)
    ]


@pytest.fixture
def book():
    """Two bids and two asks."""
    return book_of({9950: "1", 9940: "2.5"}, {10000: "3", 10010: "4"})


@given(bids=BIDS, asks=ASKS, depth=st.integers(0, 25))
def test_depth_best_and_totals_are_the_naive_ones(bids, asks, depth):
    """Every reading equals what dictionaries, sorting and `Decimal` give."""
    book = book_of(bids, asks)
    all_bids, all_asks = naive(bids, descending=True), naive(asks, descending=False)
    assert book.depth(depth) == (all_bids[: depth or None], all_asks[: depth or None])
    assert book.best_bid == (all_bids[0] if bids else None)
    assert book.best_ask == (all_asks[0] if asks else None)
    if bids and asks:
        assert book.spread == all_asks[0][0] - all_bids[0][0]
        assert book.mid == (all_asks[0][0] + all_bids[0][0]) / 2
    else:
        assert (book.spread, book.mid) == (None, None)
    sums = [sum((quantity for _, quantity in side), Decimal()) for side in (all_bids, all_asks)]
    assert book.totals() == (*sums, len(bids), len(asks))
    for price, quantity in all_bids + all_asks:
        assert book.quantity_at(price) == quantity


@given(bids=BIDS, asks=ASKS, wanted=st.integers(1, 2 * 10**7), side=st.sampled_from(OrderSide))
def test_vwap_is_the_naive_one(bids, asks, wanted, side):
    """Cost of the best levels, divided by the quantity."""
    if side is OrderSide.UNKNOWN:
        side = OrderSide.BUY
    book, quantity = book_of(bids, asks), Decimal(wanted).scaleb(-3)
    levels = naive(bids, descending=True) if side == "SELL" else naive(asks, descending=False)
    left, cost = quantity, Decimal()
    for price, held in levels:
        cost += price * min(held, left)
        left -= min(held, left)
    if left:
        with pytest.raises(InsufficientDepthError) as raised:
            book.vwap(side, quantity)
        assert (raised.value.wanted, raised.value.available) == (quantity, quantity - left)
    else:
        assert book.vwap(side, quantity) == book.vwap(side.value, str(quantity)) == cost / quantity


def test_readings_are_exact_whatever_the_context_of_the_caller():
    """A program that rounds to three digits gets the same prices."""
    book = book_of({}, {})
    rows = [["61837.63000000000000000000000001", "12345678901234567890.123456789"]]
    book.apply(msgspec.json.encode({"bids": rows, "asks": [["61837.64", "1"]]}))
    with localcontext(prec=3):
        assert str(book.best_bid.price) == rows[0][0]
        assert str(book.totals().bid_quantity) == rows[0][1]
        assert str(book.mid) == "61837.635000000000000000000000005"
        assert str(book.spread) == "0.00999999999999999999999999"
        assert book.vwap("SELL", 7) == Decimal("61837.63000000000000000000000")


@pytest.mark.parametrize("price", ["99.45", "99.50000000000001", Decimal("1E+9"), 7])
def test_nothing_stands_at_other_prices(book, price):
    """Also at prices finer than every level."""
    assert book.quantity_at(price) == 0
    assert book.quantity_at("99.500") == 1
    assert book.quantity_at(100) == 3


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda book: book.vwap("BUY", 0.5), "is the float 0.5: write it as text or Decimal"),
        (lambda book: book.vwap("BUY", True), "quantity is a number as Decimal, int or text"),
        (lambda book: book.vwap("BUY", 0), "not more than 0"),
        (lambda book: book.vwap("BUY", "NaN"), "not finite"),
        (lambda book: book.vwap("buy", 1), 'neither "BUY" nor "SELL"'),
        (lambda book: book.quantity_at("much"), "price is no number"),
        (lambda book: book.depth(-1), "fewer than 0"),
        (lambda book: book.to_dataframe(library="panda"), 'did you mean "pandas"'),
    ],
)
def test_wrong_questions_are_refused_in_words(book, call, words):
    """The message says what would be right."""
    with pytest.raises(UsageError, match=words):
        call(book)


def test_a_stale_book_answers_nothing(book):
    """Every reading is refused, none is forgotten."""
    book.invalidate("for the test")
    for read in (
        lambda: book.best_bid,
        lambda: book.best_ask,
        lambda: book.spread,
        lambda: book.mid,
        book.depth,
        book.rows,
        book.totals,
        book.to_dataframe,
        lambda: book.vwap("BUY", 1),
        lambda: book.quantity_at("99.5"),
    ):
        with pytest.raises(StaleBookError, match="for the test"):
            read()


def installed(name):
    return pytest.param(
        name,
        marks=pytest.mark.skipif(
            importlib.util.find_spec(name) is None, reason=f"{name} is not installed"
        ),
    )


@pytest.mark.parametrize("library", [installed("polars"), installed("pandas")])
def test_a_data_frame_holds_the_book(book, library):
    """One row a level, best first, in exact decimals."""
    frame = book.to_dataframe(1, library=library)
    assert type(frame).__module__.startswith(library)
    assert list(frame.columns) == ["side", "level", "price", "quantity"]
    assert list(frame["side"]) == ["bid", "ask"]
    assert list(frame["level"]) == [1, 1]
    assert list(frame["price"]) == [Decimal("99.5"), Decimal(100)]
    assert list(frame["quantity"]) == [Decimal(1), Decimal(3)]
    assert len(book.to_dataframe(library=library)) == 4


class FakeLibrary:
    """As much of a library for data frames as is needed."""

    DataFrame = dict


def test_a_data_frame_is_made_by_what_is_there(book, monkeypatch):
    """The first is polars; what is not installed is passed over."""
    monkeypatch.setitem(sys.modules, "polars", None)
    monkeypatch.setitem(sys.modules, "pandas", FakeLibrary)
    frame = book.to_dataframe()
    assert frame["side"] == ["bid", "bid", "ask", "ask"]
    assert frame["level"] == [1, 2, 1, 2]
    assert frame["price"] == [Decimal(text) for text in ("99.5", "99.4", "100", "100.1")]


def test_without_a_library_the_error_says_what_to_install(book, monkeypatch):
    """It is an ImportError too."""
    monkeypatch.setitem(sys.modules, "polars", None)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(DataFrameLibraryError, match="pip install polars") as raised:
        book.to_dataframe()
    assert isinstance(raised.value, ImportError)
    with pytest.raises(DataFrameLibraryError, match="pip install pandas"):
        book.to_dataframe(library="pandas")
