"""The local book: which payloads it takes, which it does not trust, and what it tells."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from cadenza.client.errors import ClientError, Fault
from cadenza.client.market.book_side import Level
from cadenza.client.market.changes import BookState
from cadenza.client.market.errors import (
    BadLevelError,
    BadPayloadError,
    BookInterruptedError,
    CrossedBookError,
    NoSnapshotError,
    SequenceGapError,
    StaleBookError,
    UndefinedDeltaError,
    UnsupportedBookError,
    WrongInstrumentError,
)
from cadenza.client.market.order_book import MOST_POSTED, OrderBook
from cadenza.models import OrderBook as BookPayload
from cadenza.models import UpdateType

BTC = "BINANCE:BTC/USDT"
BIDS, ASKS = [["99.5", "1"], ["99.40", "2"]], [["100", "3"], ["100.1", "4"]]


def payload(kind, bids=(), asks=(), *, sequence=1, **more):
    """A payload as the server writes it."""
    fields = {"updateType": kind, "instrumentId": BTC, "venue": "BINANCE", "symbol": "BTC/USDT"}
    fields |= {"bids": bids, "asks": asks, "timestamp": 1000 + sequence}
    fields |= {"sequence": sequence, "prevSequence": sequence - 1, "orderBookType": "L2"}
    return msgspec.json.encode(fields | {"columns": ["price", "quantity"]} | more)


def diff(bids=(), asks=(), *, sequence=2, **more):
    return payload("DIFF", bids, asks, sequence=sequence, **more)


SNAPSHOT = payload("SNAPSHOT", BIDS, ASKS)
GOOD = diff([["99.6", "5"]])
CROSSED = [["100.00", "1"]]
BAD = {
    "a gap": (diff([["99.6", "5"]], sequence=3), SequenceGapError),
    "the same again": (payload("DIFF", sequence=1), SequenceGapError),
    "no number": (diff(prevSequence=None), SequenceGapError),
    "crossed": (diff(CROSSED), CrossedBookError),
    "crossed snapshot": (payload("SNAPSHOT", CROSSED, ASKS, sequence=2), CrossedBookError),
    "price twice": (payload("SNAPSHOT", [["1", "1"], ["1.0", "2"]], sequence=2), BadLevelError),
    "exponent": (diff([["1e2", "1"]]), BadLevelError),
    "no price": (diff([["", "1"]]), BadLevelError),
    "foreign digits": (diff([["\u0669\u0669", "1"]]), BadLevelError),
    "negative quantity": (diff([["99.5", "-1"]]), BadLevelError),
    "no quantity": (diff([["99.5", ""]]), BadLevelError),
    "quantity with exponent": (diff([["99.5", "1E-8"]]), BadLevelError),
    "foreign zero": (diff([["99.5", "\u0660"]]), BadLevelError),
    "two quantities": (diff([["99.5", "1 2"]]), BadLevelError),
    "half a quantity": (diff([["99.5", "1."], ["99.4", ".5"]]), BadLevelError),
    "a delta": (payload("DELTA", sequence=2), UndefinedDeltaError),
    "cut short": (GOOD[:-5], BadPayloadError),
    "not UTF-8": (b'{"bids":[["\xff","1"]],"asks":[]}', BadPayloadError),
    "no levels": (b"{}", BadPayloadError),
    "a number": (diff([["99.5", 1]]), BadPayloadError),
    "rows of three": (diff([["99.5", "1", "7"]]), BadPayloadError),
}
"""What makes a LIVE book STALE, and as which fault."""

ORDERS = {"orderBookType": "L3"}
COUNTED = {"orderBookType": "L2_COUNTED", "columns": ["price", "quantity", "orderCount"]}


def texts(book):
    bids, asks = book.rows()
    return [list(row) for row in bids], [list(row) for row in asks]


@pytest.fixture
def book():
    """A LIVE book."""
    book = OrderBook(BTC)
    book.apply(SNAPSHOT)
    return book


@pytest.fixture
def stale(book):
    """A book that has missed something."""
    book.apply(diff(sequence=9))
    return book


def test_an_empty_book_waits_for_its_snapshot():
    """Before any payload nothing can be read, and nothing is wrong."""
    book = OrderBook(BTC, allow_stale=True)
    assert (book.state, book.needs_resync, book.fault) == (BookState.EMPTY, False, None)
    with pytest.raises(StaleBookError, match="no snapshot yet"):
        _ = book.best_bid
    assert repr(book) == f"OrderBook({BTC}, empty, - / -, 0+0 levels)"


def test_a_diff_before_any_snapshot_makes_an_empty_book_stale():
    """There is nothing that it could change."""
    book = OrderBook(BTC)
    change = book.apply(GOOD)
    assert isinstance(change.fault, NoSnapshotError)
    assert (book.state, book.needs_resync) == (BookState.STALE, True)


@pytest.mark.parametrize("before", ["empty", "live", "stale"])
def test_a_snapshot_makes_any_book_live(before):
    """Whatever was before, it is the state of the market now."""
    book = OrderBook(BTC)
    if before != "empty":
        book.apply(payload("SNAPSHOT", [["1", "1"]], [["2", "1"]], sequence=7))
    if before == "stale":
        book.apply(GOOD)
        assert book.state is BookState.STALE
    change = book.apply(SNAPSHOT)
    assert (change.state, book.state, book.needs_resync) == (BookState.LIVE, BookState.LIVE, False)
    assert texts(book) == (BIDS, ASKS)
    assert (book.sequence, book.timestamp) == (1, 1001)


def test_a_fitting_diff_sets_absolute_quantities_and_zero_removes(book):
    """Also of levels that are not there, or spelled otherwise."""
    change = book.apply(
        diff([["99.50", "7"], ["99.4", "0.000"], ["98", "0"], ["99.45", "1"]], [["100.1", "4"]])
    )
    assert texts(book) == ([["99.5", "7"], ["99.45", "1"]], ASKS)
    assert change.bids == [
        Level(Decimal("99.5"), Decimal(7)),
        Level(Decimal("99.4"), Decimal(0)),
        Level(Decimal("99.45"), Decimal(1)),
    ]
    assert change.asks == []
    assert (change.sequence, change.timestamp, change.fault) == (2, 1002, None)
    assert (change.best_bid_moved, change.best_ask_moved, change.best_moved) == (True, False, True)


def test_a_change_below_the_best_moves_nothing(book):
    """The best level is what it was."""
    change = book.apply(diff([["99.4", "5"]], [["100.1", "0"]]))
    assert not change.best_moved
    assert (len(change.bid_rows), len(change.ask_rows)) == (1, 1)


def test_a_diff_that_changes_nothing_tells_nothing(book):
    """Levels as they are, in whatever spelling, and removals of what is not there."""
    change = book.apply(diff([["99.5", "1"], ["99.4", "2"], ["98", "0"]], [["100.00", "3"]]))
    assert (change.bid_rows, change.ask_rows, change.best_moved) == ([], [], False)
    assert (change.state, book.sequence) == (BookState.LIVE, 2)


def test_a_snapshot_tells_only_what_differs(book):
    """A reader of changes is not told of levels that stayed."""
    change = book.apply(payload("SNAPSHOT", [["99.50", "1"], ["99", "6"]], ASKS, sequence=5))
    assert sorted(change.bid_rows) == [("99", "6"), ("99.40", "0")]
    assert change.ask_rows == []


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_trusted_makes_a_live_book_stale(book, name):
    """The fault is told, nothing may be read, and the next snapshot heals it."""
    message, fault = BAD[name]
    change = book.apply(message)
    assert type(change.fault) is fault is type(book.fault)
    assert change.payload is message
    assert (book.state, book.needs_resync) == (BookState.STALE, True)
    with pytest.raises(StaleBookError) as raised:
        book.depth()
    assert raised.value.reason is book.fault
    assert not book.apply(diff()).best_moved
    assert type(book.fault) is fault
    book.apply(SNAPSHOT)
    assert texts(book) == (BIDS, ASKS)


@pytest.mark.parametrize("name", BAD)
def test_changes_of_a_fault_tell_how_far_it_got(name):
    """Whoever applies the rows of all changes holds what the book holds, also after a fault."""
    copy = {"bids": {}, "asks": {}}

    def follow(change):
        for side, levels in (("bids", change.bids), ("asks", change.asks)):
            for price, quantity in levels:
                copy[side][price] = quantity
                if not quantity:
                    del copy[side][price]

    book = OrderBook(BTC, allow_stale=True)
    book.on_change(follow)
    torn = diff([["99.6", "1"], ["99.5", "0"], ["x", "2"]])
    for message in (SNAPSHOT, torn, SNAPSHOT, BAD[name][0], SNAPSHOT, GOOD):
        book.apply(message)
        bids, asks = book.depth()
        assert (copy["bids"], copy["asks"]) == (dict(bids), dict(asks))


def test_fields_of_faults(book):
    """A program need not read the message."""
    gap = book.apply(diff(sequence=5)).fault
    assert (gap.held, gap.follows, gap.instrument_id, gap.fault) == (1, 4, BTC, Fault.NETWORK)
    assert str(gap) == f"{BTC}: the book is at sequence 1, the update follows 4"
    book.apply(SNAPSHOT)
    crossed = book.apply(diff(CROSSED)).fault
    assert (crossed.bid, crossed.ask, crossed.fault) == ("100.00", "100", Fault.SERVER)
    book.apply(SNAPSHOT)
    level = book.apply(diff([["99.5", "-1"]])).fault
    assert (level.kind, level.text) == ("quantity", "-1")
    assert isinstance(level, ClientError)


@pytest.mark.parametrize("more", [ORDERS, COUNTED])
def test_other_kinds_of_book_are_refused(book, more):
    """Asking for another snapshot would not help, so the book does not."""
    rows = [["99.5", "1", "2"][: len(more.get("columns", "12"))]]
    change = book.apply(payload("SNAPSHOT", rows, sequence=2, **more))
    assert isinstance(change.fault, UnsupportedBookError)
    assert change.fault.order_book_type == more["orderBookType"]
    assert (book.state, book.needs_resync) == (BookState.STALE, False)


def test_a_delta_is_a_diff_where_the_user_says_so():
    """Its sequence is checked all the same."""
    book = OrderBook(BTC, delta_is_diff=True)
    book.apply(SNAPSHOT)
    change = book.apply(payload("DELTA", [["99.5", "0"]], sequence=2))
    assert (change.state, change.update_type) == (BookState.LIVE, UpdateType.DELTA)
    assert book.best_bid == (Decimal("99.40"), Decimal(2))
    gap = book.apply(payload("DELTA", sequence=4)).fault
    assert isinstance(gap, SequenceGapError)


def test_the_old_shape_is_a_whole_book():
    """It has no update type and no numbers; later updates without numbers continue it."""
    book = OrderBook(BTC)
    old = {"venue": "BINANCE", "symbol": "BTC/USDT", "bids": BIDS, "asks": ASKS, "timestamp": 5}
    change = book.apply(msgspec.json.encode(old))
    assert (change.update_type, change.state) == (UpdateType.SNAPSHOT, BookState.LIVE)
    assert (texts(book), book.sequence, book.timestamp) == ((BIDS, ASKS), None, 5)
    book.apply(msgspec.json.encode(old | {"updateType": "DIFF", "bids": [["99.5", "0"]]}))
    assert book.best_bid == (Decimal("99.40"), Decimal(2))
    assert isinstance(book.apply(GOOD).fault, SequenceGapError)


@pytest.mark.parametrize("named", [{"instrumentId": "OKX:BTC/USDT"}, {"instrumentId": None}])
def test_a_payload_of_another_instrument_is_refused(book, named):
    """Somebody has mixed up two books; neither is harmed."""
    with pytest.raises(WrongInstrumentError) as raised:
        book.apply(diff(venue="OKX", **named))
    assert (raised.value.expected, raised.value.received) == (BTC, "OKX:BTC/USDT")
    assert (book.state, texts(book)) == (BookState.LIVE, (BIDS, ASKS))


def test_decoded_payloads_are_taken_too():
    """Bytes and the typed model do the same."""
    book = OrderBook(BTC)
    for message in (SNAPSHOT, GOOD):
        decoded = msgspec.json.decode(message, type=BookPayload)
        assert book.apply(decoded).payload is decoded
    assert book.best_bid == (Decimal("99.6"), Decimal(5))


def test_the_connection_can_make_a_book_stale(book):
    """It knows that updates may be missing before the next one shows it."""
    change = book.invalidate("the subscription came back without recovery")
    assert isinstance(change.fault, BookInterruptedError)
    assert (change.update_type, change.payload, book.needs_resync) == (None, None, True)
    assert isinstance(book.apply(GOOD).fault, BookInterruptedError)


def test_a_stale_book_can_be_read_by_whoever_asks_for_it():
    """It shows what it last held."""
    book = OrderBook(BTC, allow_stale=True)
    book.apply(SNAPSHOT)
    book.apply(diff(sequence=9))
    assert book.state is BookState.STALE
    assert texts(book) == (BIDS, ASKS)


def test_a_fault_keeps_no_frames_alive(book):
    """A fault may be kept for long: it must not hold the payload by its traceback."""
    fault = book.apply(diff([["x", "1"]])).fault
    assert (fault.__traceback__, fault.__context__) == (None, None)


def test_callbacks_hear_every_change_until_they_leave(book):
    """Faults too; leaving twice does nothing, and the same function may come twice."""
    heard = []
    leave = book.on_change(heard.append)
    also = book.on_change(heard.append)
    first = book.apply(GOOD)
    leave()
    leave()
    second = book.apply(diff(sequence=9))
    also()
    book.apply(SNAPSHOT)
    assert heard == [first, first, second]


def test_a_callback_may_leave_while_it_is_called(book):
    """One that was ended by another in the same round is not called any more."""
    heard = []

    def once(change):
        heard.append(change)
        leave()
        leave_other()

    leave = book.on_change(once)
    leave_other = book.on_change(heard.append)
    book.apply(GOOD)
    book.apply(diff(sequence=3))
    assert len(heard) == 1


def test_what_callbacks_raise_is_not_lost(book):
    """All are called, the book has changed, and then the errors come, together."""
    heard = []

    def broken(change):
        raise ValueError("mine")

    book.on_change(broken)
    book.on_change(heard.append)
    with pytest.raises(ExceptionGroup) as raised:
        book.apply(GOOD)
    assert raised.group_contains(ValueError, match="mine")
    assert (len(heard), book.sequence, book.state) == (1, 2, BookState.LIVE)


def test_prices_are_ordered_as_numbers_whatever_their_decimals(book):
    """A finer price than all before rescales both sides."""
    book.apply(diff([["99.50000001", "1"], ["9", "1"]], [["100.000", "8"], ["99.9999999999", "2"]]))
    assert [price for price, _ in book.rows()[0]] == ["99.50000001", "99.5", "99.40", "9"]
    assert texts(book)[1] == [["99.9999999999", "2"], ["100", "8"], ["100.1", "4"]]
    assert book.quantity_at("100.0") == 8


def test_prices_below_zero_are_prices():
    """Those of a spread between two instruments."""
    book = OrderBook(BTC)
    book.apply(payload("SNAPSHOT", [["-1.5", "1"], ["-0.5", "2"]], [["-0.25", "1"], ["0", "1"]]))
    assert texts(book)[0] == [["-0.5", "2"], ["-1.5", "1"]]
    assert (book.mid, book.spread) == (Decimal("-0.375"), Decimal("0.25"))


def test_a_bad_level_that_was_posted_is_noticed_when_the_book_is_read(book):
    """Nothing wrong is shown: reading raises, and says which level it was."""
    assert book.post(diff([["99.5", "nonsense"]])) is None
    with pytest.raises(StaleBookError, match="nonsense"):
        book.rows()
    assert (book.state, book.needs_resync) == (BookState.STALE, True)


@pytest.mark.parametrize("bad", ["bids", "asks"])
def test_what_was_posted_before_a_snapshot_is_not_applied_after_it(book, bad):
    """Of a payload with a bad level the other side had not been put in place; it never is."""
    rows = {"bids": [["99.7", "7"]], "asks": [["99.8", "7"]]} | {bad: [["99.5", "nonsense"]]}
    book.post(diff(rows["bids"], rows["asks"]))
    with pytest.raises(StaleBookError):
        book.rows()
    book.apply(payload("SNAPSHOT", [["99.5", "1"]], [["100", "1"]], sequence=9))
    book.post(diff([["99.4", "1"]], [["100.1", "1"]], sequence=10))
    assert book.rows() == ([("99.5", "1"), ("99.4", "1")], [("100", "1"), ("100.1", "1")])


def test_posted_payloads_are_bounded(book):
    """Nobody has to read: when many levels wait, they are put into place by themselves."""
    rows = [["99.5", "nonsense"]] * 256
    faults = [book.post(diff(rows, sequence=number)) for number in range(2, 6)]
    assert 4 * len(rows) == MOST_POSTED
    assert faults[:-1] == [None] * 3
    assert isinstance(faults[-1], BadLevelError)
