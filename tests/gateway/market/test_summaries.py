"""Tickers and klines together: which channels there are, and the timer."""

from __future__ import annotations

import pytest

from cadenza.clock import VirtualClock
from cadenza.config import Config
from cadenza.gateway.channels import market_kinds
from cadenza.gateway.market.summaries import MarketSummaries
from cadenza.gateway.outlet import Outlet
from cadenza.market.market import Market
from cadenza.realtime import Node

BTC = "BINANCE:BTC/USDT"
SECONDS = f"market:kline:{BTC}:1s"
TICKER, VENUE = f"market:ticker:{BTC}", "market:ticker:BINANCE"
START = 1_699_999_980_000


@pytest.mark.parametrize(
    "channel",
    [
        f"market:kline:{BTC}:2m",
        f"market:kline:{BTC}:1D",
        f"market:kline:{BTC}",
        "market:kline:BINANCE:NO/NO:1m",
        "market:ticker:OKX",
        "market:ticker:binance",
        "market:ticker:",
        "market:ticker",
        "market:ticker:BINANCE:NO/NO",
    ],
)
async def test_what_there_is_not(desk, client_of, channel):
    """102 for an interval, an instrument or a venue that there is not."""
    client = client_of(desk.gateway)
    assert client.ask("subscribe", channel=channel)["error"]["code"] == 102


async def test_instruments_that_are_declared_late(desk_of, client_of, instrument):
    """Their channels may be subscribed to before, and begin with the first trade."""
    desk = await desk_of(late=True)
    client = client_of(desk.gateway)
    for channel in (SECONDS, TICKER, VENUE):
        assert "subscribe" in client.ask("subscribe", channel=channel)
    assert client.ask("subscribe", channel="market:ticker:NOWHERE")["error"]["code"] == 102
    desk.beat(100)
    desk.gateway.market.instrument(instrument)
    desk.trade()
    desk.trade("101.00", START + 2100)
    desk.beat(100)
    closed = [found["data"]["isClosed"] for found in client.pushed(SECONDS)]
    assert closed == [True, True, False]
    for channel in (TICKER, VENUE):
        assert [found["data"]["lastPrice"] for found in client.pushed(channel)] == ["101.00"]


async def test_the_timer_beats(monkeypatch):
    """Ten times a second, without making up for what it missed."""
    clock = VirtualClock(START)
    config, outlet = Config(), Outlet(Node())
    kinds = market_kinds(config)
    summaries = MarketSummaries(Market(), config.market, clock, outlet, kinds)
    beats = []

    def beat():
        beats.append(round(clock.monotonic(), 3))
        if len(beats) == 3:
            raise KeyError("enough")

    monkeypatch.setattr(summaries, "beat", beat)
    with pytest.raises(KeyError, match="enough"):
        await summaries.run()
    assert beats == [0.1, 0.2, 0.3]
