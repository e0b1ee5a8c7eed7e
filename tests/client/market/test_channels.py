"""Typed trades, tickers and candles, from the real server and from a peer that sends nonsense."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

import cadenza.client
from cadenza.client import Candle, MarketTrade, PayloadError, UnsubscribedError, UsageError
from cadenza.models import KlineInterval, OrderSide, Venue
from support.client.book_peer import BTC, TRADE
from support.client.peer_world import connected, pub

CONFIG = {"market": {"simulated": {"seed": 7, "rate": 100}}}
OPTIONS = ("--feed", "simulated")


@pytest.fixture
async def real(server, token):
    """A client of the real server."""
    async with cadenza.client.connect(server.ws, token=token()) as client:
        yield client


async def first(typed, predicate=lambda _: True):
    async with asyncio.timeout(30):
        async for value in typed:
            if predicate(value):
                return value
    raise AssertionError("the channel ended")


async def test_trades(real):
    """Exact decimals, and the payload at hand."""
    async with await real.trades(BTC) as trades:
        async with asyncio.timeout(30):
            item = await anext(trades.items())
        assert isinstance(item.value, MarketTrade)
        assert isinstance(item.value.price, Decimal)
        assert str(item.value.price) == item.publication.data["price"]
        assert (item.value.instrument_id, item.value.venue) == (BTC, Venue.BINANCE)


@pytest.mark.parametrize("name", ["BINANCE", BTC])
async def test_tickers(real, name):
    """Of a venue, or of one instrument."""
    ticker = await first(await real.tickers(name), lambda it: it.instrument_id == BTC)
    assert ticker.bid_price < ticker.ask_price


@pytest.mark.parametrize("interval", [KlineInterval.SECOND_1, "1s"])
async def test_klines(real, interval):
    """Candles form and close."""
    kline = await first(await real.klines(BTC, interval), lambda it: it.is_closed)
    assert isinstance(kline.latest, Candle)
    assert kline.latest.low <= kline.latest.close <= kline.latest.high
    assert kline.latest.time % 1000 == 0


@pytest.mark.parametrize("is_async", [False, True])
async def test_callbacks(client, peer, is_async):
    """Plain or async; a payload that cannot be read is reported, and the next one comes."""
    line = await connected(client, peer)
    got, errors, done = [], [], asyncio.Event()

    def plain(trade):
        got.append(trade)
        done.set()

    async def later(trade):
        await asyncio.sleep(0)
        plain(trade)

    opening = asyncio.ensure_future(
        client.trades(BTC, later if is_async else plain, on_error=errors.append)
    )
    await line.answer("subscribe", {})
    trades = await opening
    channel = f"market:trade:{BTC}"
    await line.send(pub(channel, TRADE | {"price": "dear"}), pub(channel, {}), pub(channel, TRADE))
    async with asyncio.timeout(10):
        await done.wait()
    assert [(it.price, it.side) for it in got] == [(Decimal("60000.10"), OrderSide.BUY)]
    assert trades.unreadable == 2
    assert all(isinstance(it, PayloadError) for it in errors)
    assert errors[0].publication.data["price"] == "dear"


async def test_what_cannot_be(client, peer):
    """Two consumers, or a channel that is refused."""
    line = await connected(client, peer)
    with pytest.raises(UsageError, match="no on_publication"):
        await client.trades(BTC, on_publication=print)
    opening = asyncio.ensure_future(client.trades(BTC))
    await line.refuse("subscribe", 102, "unknown channel")
    with pytest.raises(UnsubscribedError, match="unknown channel"):
        await opening
    assert client.subscriptions == {}


async def test_several_books_or_none(real):
    """All of them live; when one is refused none stays subscribed."""
    books = await real.order_books([BTC, "BINANCE:ETH/USDT"])
    assert all(book.best_bid is not None for book in books.values())
    for book in books.values():
        book.close()
    with pytest.raises(UnsubscribedError):
        await real.order_books([BTC, "BINANCE:NO/SUCH"])
    assert real.subscriptions == {}
