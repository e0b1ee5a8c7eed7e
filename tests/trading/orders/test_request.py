"""The same order again, however it is spelled, is the same order."""

from __future__ import annotations

import msgspec
import pytest

from cadenza.models import ContingencyType, OrderSide, OrderType, QuantityType, TimeInForce
from cadenza.trading.errors import KeyReusedError
from cadenza.trading.orders.request import Exit, OrderRequest, plain
from support.trading.venue_world import BUY, World

ORDER = OrderRequest(
    instrument_id="PAPER:BTC/USDT",
    side=OrderSide.BUY,
    type=OrderType.LIMIT,
    quantity="1",
    limit_price="100",
    client_order_id="mine",
    take_profit=Exit(trigger="120"),
)


@pytest.mark.parametrize(
    "again",
    [
        {"quantity": "1.0"},
        {"quantity": "01.000"},
        {"limit_price": "100.00"},
        {"time_in_force": TimeInForce.GTC},
        {"idempotency_key": "mine"},
        {"contingency": ContingencyType.OTO},
        {"take_profit": Exit(trigger="120.0", time_in_force=TimeInForce.GTC)},
        {"quantity_type": QuantityType.BASE},
    ],
)
def test_other_spellings_are_the_same_order(again):
    assert msgspec.structs.replace(ORDER, **again).digest == ORDER.digest


@pytest.mark.parametrize(
    "other",
    [
        {"quantity": "10"},
        {"limit_price": "100.01"},
        {"time_in_force": TimeInForce.IOC},
        {"take_profit": None},
        {"take_profit": Exit(trigger="120", limit="119")},
        {"contingency": ContingencyType.OCO},
        {"client_order_id": "other"},
        {"side": OrderSide.SELL},
        {"visible_quantity": "0.1"},
    ],
)
def test_other_terms_are_another_order(other):
    assert msgspec.structs.replace(ORDER, **other).digest != ORDER.digest


def test_market_orders_are_usually_ioc():
    market = msgspec.structs.replace(ORDER, type=OrderType.MARKET, limit_price="", take_profit=None)
    assert msgspec.structs.replace(market, time_in_force=TimeInForce.IOC).digest == market.digest
    assert msgspec.structs.replace(market, time_in_force=TimeInForce.GTC).digest != market.digest


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", ""),
        ("0", "0"),
        ("0.00", "0"),
        ("00.10", "0.1"),
        ("10", "10"),
        ("1.", "1."),
        (".5", ".5"),
        ("1e3", "1e3"),
        ("-1.0", "-1.0"),
        ("\uff11", "\uff11"),
    ],
)
def test_only_decimals_are_read(text, meant):
    assert plain(text) == meant


async def test_a_repeated_submit_gets_the_first_order():
    world = await World().open()
    first = world.limit(BUY, "100", "1", client_order_id="a")
    again = world.limit(BUY, "100.00", "1.0", client_order_id="a", time_in_force=TimeInForce.GTC)
    assert again is first
    with pytest.raises(KeyReusedError):
        world.limit(BUY, "100", "1.1", client_order_id="a")


async def test_an_order_of_an_older_store_is_recognised_as_it_was_spelled():
    world = await World().open()
    first = world.limit(BUY, "100.00", "1.0", client_order_id="a")
    request = OrderRequest(
        instrument_id=first.instrument_id,
        side=BUY,
        type=OrderType.LIMIT,
        quantity="1.0",
        limit_price="100.00",
        client_order_id="a",
    )
    first.digest = request.as_spelled
    assert world.exchange.submit(world.account(), request) == (first,)
