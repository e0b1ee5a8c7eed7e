"""The parts of the trading side that need no server."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cadenza.client import ClientError, UsageError
from cadenza.client.api_calls import Deadline, DeadlineError
from cadenza.client.fields import decimal_text, millis
from cadenza.client.trading import __all__ as names
from cadenza.client.trading import errors
from cadenza.client.trading.order_request import OrderIds, order_wire
from cadenza.clock import LoopClock

BID = {"side": "BUY", "instrument": "PAPER:BTC/USDT", "quantity": 1}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E-8"), "0.00000001"),
        (Decimal("1E+3"), "1000"),
        ("100.50", "100.50"),
        (" 5 ", "5"),
        (".5", "0.5"),
        (-3, "-3"),
    ],
)
def test_numbers_are_written_plainly(value, text):
    """No exponents, and zeros stay."""
    assert decimal_text("price", value) == text


@pytest.mark.parametrize("value", [0.1, True, None, "1,5", "inf", Decimal("sNaN"), b"1"])
def test_what_is_no_number_is_refused(value):
    """With its name."""
    with pytest.raises(UsageError, match="price is"):
        decimal_text("price", value)


@pytest.mark.parametrize(
    ("terms", "wire"),
    [
        ({}, {"orderType": "MARKET"}),
        ({"price": "5"}, {"orderType": "LIMIT", "limitPrice": "5"}),
        ({"price": 5, "post_only": True}, {"orderType": "LIMIT_MAKER", "limitPrice": "5"}),
        (
            {"type": "stop_limit", "price": 5, "stop_price": 6, "post_only": True},
            {"orderType": "STOP_LIMIT", "limitPrice": "5", "stopPrice": "6", "timeInForce": "GTX"},
        ),
        (
            {"type": "TRAILING_STOP", "trailing_distance": Decimal(9)},
            {"orderType": "TRAILING_STOP", "trailingDistance": "9"},
        ),
        (
            {"take_profit": 9, "stop_loss": 1, "stop_loss_price": "0.9", "contingency": "OTOCO"},
            {
                "orderType": "MARKET",
                "takeProfitPrice": "9",
                "stopLossPrice": "1",
                "stopLossLimitPrice": "0.9",
                "contingencyType": "OTOCO",
            },
        ),
        (
            {"price": 5, "expire_at": datetime(2030, 1, 2, tzinfo=UTC), "time_in_force": "gtd"},
            {
                "orderType": "LIMIT",
                "limitPrice": "5",
                "timeInForce": "GTD",
                "expireAt": "2030-01-02T00:00:00.000+00:00",
            },
        ),
        ({"expire_at": 1}, {"orderType": "MARKET", "expireAt": "1970-01-01T00:00:00.001Z"}),
        ({"expire_at": "soon"}, {"orderType": "MARKET", "expireAt": "soon"}),
    ],
)
def test_terms_on_the_wire(terms, wire):
    """What a trader says, in the words of the API."""
    fixed = {"orderSide": "BUY", "instrumentId": "PAPER:BTC/USDT", "quantity": "1"}
    assert order_wire({**BID, **terms}) == {**fixed, **wire}


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"expire_at": datetime(2030, 1, 1)}, "no time zone"),  # noqa: DTZ001 - that is the mistake
        ({"expire_at": 10**20}, "years 1 to 9999"),
        ({"expire_at": 1.5}, "expire_at is a datetime"),
        ({"stop_price": 1}, "an order with a trigger has a type"),
        ({"quantity": None}, "an order has quantity too"),
        (
            {"price": 1, "post_only": True, "time_in_force": "IOC", "type": "STOP_LIMIT"},
            "post_only",
        ),
        ({"type": 5}, "type is 5, which is none of MARKET"),
    ],
)
def test_terms_that_contradict(terms, words):
    """A sentence that names the term."""
    with pytest.raises(UsageError, match=words):
        order_wire({**BID, **terms})


def test_a_quote_knows_its_instrument():
    """Type and instrument come from it."""
    wire = order_wire({"side": "BUY", "quantity": 1, "quote_id": "q"})
    assert wire == {"orderSide": "BUY", "quantity": "1", "quoteId": "q", "orderType": "QUOTED"}


def test_order_ids_come_from_the_source_of_chance():
    """The same bytes make the same id; the prefix is in front."""
    assert OrderIds(bytes, "bot-")() == "bot-" + "00" * 16
    with pytest.raises(UsageError, match="printable"):
        OrderIds(bytes, "a\n")
    with pytest.raises(UsageError, match="at most 64"):
        OrderIds(bytes, "a" * 65)


def test_times_of_the_wire():
    """What is no time is 0."""
    found = [millis(it) for it in (5, "1970-01-01T00:00:01Z", "noon", None)]
    assert found == [5, 1000, 0, 0]


async def test_a_deadline_cuts_off_what_takes_longer():
    """And raises its own error, also at the second use."""
    deadline = Deadline(LoopClock(), 0.01)
    for _ in range(2):
        with pytest.raises(DeadlineError):
            async with deadline:
                await asyncio.Event().wait()
    assert deadline.left <= 0
    assert asyncio.current_task().cancelling() == 0


async def test_a_deadline_lets_what_is_faster_pass():
    """Results and errors are the block's own; no timer stays."""
    deadline = Deadline(LoopClock(), 60)
    async with deadline:
        await asyncio.sleep(0)
    with pytest.raises(KeyError):
        async with deadline:
            raise KeyError
    assert deadline._timer.cancelled()


async def test_cancelling_beats_a_deadline():
    """Whoever cancels the task sees it cancelled, even in the turn in which time runs out."""
    entered = asyncio.Event()

    async def wait():
        async with Deadline(LoopClock(), 0.001):
            entered.set()
            time.sleep(0.01)  # noqa: ASYNC251 - the timer is due when the loop turns again
            await asyncio.Event().wait()

    task = asyncio.ensure_future(wait())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_errors_are_one_tree():
    """Every error of the trading side is a ``ClientError`` and public."""
    found = [
        it for it in vars(errors).values() if isinstance(it, type) and "trading" in it.__module__
    ]
    assert found
    assert all(issubclass(it, ClientError) and it.__name__ in names for it in found)
