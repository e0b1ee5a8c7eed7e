"""Parameters in the query of a URL."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.gateway.api.errors import OperationError
from cadenza.gateway.api.params import query_reader
from cadenza.models import (
    GetKlineQuery,
    KlineInterval,
    ListInstrumentsQuery,
    SubmitTradeOrderRequest,
    SubscribeAccountRequest,
    Venue,
)

instruments = query_reader(ListInstrumentsQuery)


def refusal(query, read=instruments):
    with pytest.raises(OperationError) as caught:
        read(query)
    return caught.value


def test_lists_repeat_the_name():
    """Scalars come once, lists as often as they like; defaults fill the rest."""
    found = instruments("symbols=BTC%2FUSDT&symbols=ETH/USDT&venue=BINANCE&offset=3")
    assert found.symbols == ("BTC/USDT", "ETH/USDT")
    assert (found.venue, found.limit, found.offset) == (Venue.BINANCE, 50, 3)


def test_empty_and_unknown_parameters_are_ignored():
    """Clients send both."""
    assert instruments("venue=&nothing=1&symbols=&=x&&") == ListInstrumentsQuery()


def test_names_of_the_api():
    """``from`` and ``to`` are the API's names."""
    found = query_reader(GetKlineQuery)("interval=1M&instrumentId=X&from=1&to=2")
    assert (found.interval, found.start, found.end) == (KlineInterval.MONTH_1, 1, 2)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=ten", 'limit is "ten", which is not an integer'),
        ("limit=1.0", 'limit is "1.0", which is not an integer'),
        ("limit=%201", 'limit is " 1", which is not an integer'),
        ("limit=1e2", 'limit is "1e2", which is not an integer'),
        ("limit=007", 'limit is "007", which is not an integer'),
        ("limit=+5", 'limit is " 5", which is not an integer'),
        ("limit=\u0661", "limit is"),
        ("limit=0", "limit is 0; it must be at least 1 and at most 1000"),
        ("limit=1001", "limit is 1001; it must be at least 1 and at most 1000"),
        ("offset=-1", "offset is -1; it must be at least 0"),
        ("limit=5&limit=6", "limit is given more than once"),
        ("venue=BINANC", 'venue is "BINANC", which is no Venue; did you mean "BINANCE"?'),
        ("venue=" + "x" * 5000, "xxx..."),
        ("%ff=%ff&limit=%ff", "the query is not in UTF-8"),
        ("&".join(["symbols=a"] * 1001), "the query has more than 1000 fields"),
    ],
)
def test_wrong_values(query, message):
    """The sentence names the parameter."""
    error = refusal(query)
    assert message in error.message
    assert len(error.message) < 600


def test_required_parameters():
    """A missing one is named, and so is an empty one."""
    assert refusal("interval=1m&instrumentId=", query_reader(GetKlineQuery)).message == (
        "instrumentId is missing"
    )


def test_booleans_and_enumerations():
    """Booleans are two words; an enumeration's default stands where nothing is given."""
    read = query_reader(SubmitTradeOrderRequest)
    base = "tradingAccountId=00000000-0000-4000-8000-000000000001&orderSide=BUY"
    rest = f"{base}&orderType=LIMIT&quantity=1"
    assert read(f"{rest}&awaitClosed=true").await_closed is True
    assert refusal(f"{rest}&awaitClosed=1", read).message == (
        'awaitClosed is "1", which is not true or false'
    )
    account = "tradingAccountId=00000000-0000-4000-8000-000000000001"
    kind = query_reader(SubscribeAccountRequest)(account).subscription_type
    assert kind == "TRADING_ACCOUNT.SUBSCRIPTION.USER_DATA"


@settings(max_examples=200)
@given(st.text(max_size=60))
def test_any_query_is_read_or_refused(query):
    """Never anything but a request or a sentence."""
    found = refused = None
    try:
        found = instruments(query)
    except OperationError as error:
        refused = error
    assert len(refused.message) < 600 if refused else 1 <= found.limit <= 1000
