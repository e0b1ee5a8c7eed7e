"""Posting is applying later: whenever both books can be read, they show the same."""

from __future__ import annotations

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cadenza.client.market.changes import BookState
from cadenza.client.market.order_book import OrderBook

BTC = "BINANCE:BTC/USDT"
BIDS = st.sampled_from(["95", "96.0", "96", "97.5", "98", "101"])
ASKS = st.sampled_from(["102", "102.0", "103", "104.25", "105", "99"])
QUANTITIES = st.sampled_from(["0", "0.0", "1", "2.5", "bad"])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["SNAPSHOT", "DIFF", "DIFF", "DIFF", "gap", "read"]),
        st.lists(st.tuples(BIDS, QUANTITIES), max_size=4),
        st.lists(st.tuples(ASKS, QUANTITIES), max_size=4),
    ),
    max_size=30,
)
BAD_BID = ("DIFF", [("98", "bad")], [("103", "9")])
HEALED = [BAD_BID, ("read", [], []), ("SNAPSHOT", [], [("105", "1")]), ("DIFF", [("95", "1")], [])]


def payload(kind, bids, asks, sequence):
    fields = {"updateType": kind, "instrumentId": BTC, "bids": bids, "asks": asks}
    return msgspec.json.encode(fields | {"sequence": sequence, "prevSequence": sequence - 1})


@settings(max_examples=400, deadline=None)
@example(steps=HEALED)
@given(steps=STEPS)
def test_posted_books_are_those_that_are_applied(steps):
    posted, applied = OrderBook(BTC), OrderBook(BTC)
    sequence, begin = 0, ("SNAPSHOT", [("95", "1")], [("105", "1")])
    for kind, bids, asks in [begin, *steps, begin, ("DIFF", [("95", "2")], [("105", "3")])]:
        if kind == "read":
            posted.settle()
            continue
        sequence += 2 if kind == "gap" else 1
        data = payload("DIFF" if kind == "gap" else kind, bids, asks, sequence)
        posted.post(data)
        applied.apply(data)
        if posted.state is applied.state is BookState.LIVE and not posted._posted:
            assert posted.rows() == applied.rows()
    assert posted.rows() == applied.rows()
    assert (posted.best_bid, posted.best_ask) == (applied.best_bid, applied.best_ask)
    assert posted.sequence == applied.sequence
