"""Questions about markets to the real server, and answers that do not fit from a peer."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

import cadenza.client
from cadenza.client import ApiError, Candle, MarketInstrument, MarketTicker, ReplyError
from cadenza.models import KlineInterval, Venue
from support.client.peer_world import connected

BTC = "BINANCE:BTC/USDT"
CONFIG = {"market": {"simulated": {"seed": 7, "rate": 100}}}
OPTIONS = ("--feed", "simulated")


@pytest.fixture
async def real(server, token):
    """A client of the real server."""
    async with cadenza.client.connect(server.ws, token=token()) as client:
        yield client


async def test_instruments(real):
    """All, or those of a venue or a symbol; steps are exact decimals."""
    everything = await real.instruments()
    assert {it.venue for it in everything} >= {Venue.BINANCE, Venue.PAPER}
    (found,) = await real.instruments("BINANCE", ["BTC/USDT"])
    assert found in everything
    assert isinstance(found, MarketInstrument)
    assert (found.instrument_id, found.base_asset, found.quote_asset) == (BTC, "BTC", "USDT")
    assert found.pip_size == Decimal("0.01")
    assert isinstance(found.lot_size, Decimal)


async def test_ticker(real):
    """As the channel has it."""
    async with await real.tickers(BTC) as tickers, asyncio.timeout(30):
        async for told in tickers:
            if told.last_price is not None:
                break
    asked = await real.ticker(BTC)
    assert isinstance(asked, MarketTicker)
    assert asked.timestamp >= told.timestamp
    assert asked.bid_price < asked.ask_price


@pytest.mark.parametrize("interval", ["1s", KlineInterval.SECOND_1])
async def test_candles(real, interval):
    """A candle that the channel has told of as closed is among those that are asked for."""
    async with await real.klines(BTC, interval, closed_only=True) as klines, asyncio.timeout(30):
        told = [await anext(klines), await anext(klines)]
    assert all(it.is_closed for it in told)
    first, last = told[0].latest, told[1].latest
    assert last.time - first.time == 1000
    assert await real.candles(BTC, interval, start=first.time, end=last.time) == [first, last]
    newest = await real.candles(BTC, interval, limit=2)
    assert (len(newest), newest[-1].time >= last.time) == (2, True)
    assert all(isinstance(it, Candle) and isinstance(it.close, Decimal) for it in newest)


async def test_what_there_is_not(real):
    """The gateway's own words."""
    with pytest.raises(ApiError, match="20001") as caught:
        await real.ticker("BINANCE:NO/SUCH")
    assert caught.value.errno == 20001
    with pytest.raises(ApiError, match="interval"):
        await real.candles(BTC, "7m")


async def test_answers_that_do_not_fit(client, peer):
    """An error that says what was wrong, and no half-read value."""
    line = await connected(client, peer)
    for call, data in (
        (client.ticker, {"data": {"venue": "BINANCE"}}),
        (client.instruments, {"data": [{"symbol": "BTC/USDT"}]}),
        (lambda it: client.candles(it, "1m"), {"data": []}),
    ):
        asking = asyncio.ensure_future(call(BTC))
        await line.answer("rpc", {"data": data})
        with pytest.raises(ReplyError, match=r"does not fit|not 1"):
            await asking
