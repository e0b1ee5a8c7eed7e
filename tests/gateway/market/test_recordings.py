"""A gateway that replays: names of every alphabet, and what the operator is told of the feed."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from cadenza.gateway.operate.overview import overview
from cadenza.market.instrument import make_instrument
from cadenza.models import Venue
from support.market.captures import capture

NAME = "BINANCE:币安人生/USDT"


@pytest.mark.parametrize(
    "channel",
    [
        f"market:orderBook:{NAME}",
        f"market:orderbook:{NAME}",
        f"market:trade:{NAME}",
        f"market:ticker:{NAME}",
        f"market:kline:{NAME}:1m",
    ],
)
async def test_a_symbol_of_any_alphabet_can_be_subscribed_to(gateway_of, client_of, channel):
    gateway = await gateway_of()
    gateway.market.instrument(
        make_instrument(
            venue=Venue.BINANCE,
            base="币安人生",
            quote="USDT",
            tick="0.01",
            lot="1",
            external_symbol="币安人生USDT",
            description="",
        )
    )
    client = client_of(gateway)
    assert "subscribe" in client.ask("subscribe", channel=channel)
    gateway.market.book_snapshot(NAME, [("1.00", "5")], [("1.01", "5")], 1)
    gateway.node.outbox.flush()
    if "order" in channel:
        assert client.pushed(channel)[-1]["data"]["symbol"] == "币安人生/USDT"


@pytest.mark.parametrize("name", ["BINANCE:币/USDT", "BINANCE:BTC/ USDT", "BINANCE:BTC\x00/USDT"])
async def test_names_that_nobody_declared_are_refused(gateway_of, client_of, name):
    client = client_of(await gateway_of())
    assert client.ask("subscribe", channel=f"market:trade:{name}")["error"]["code"] in {102, 107}


async def test_the_operator_sees_what_was_not_understood(gateway_of, tmp_path):
    path = tmp_path / "a"
    arg = {"channel": "tickers", "instId": "A-B"}
    book = {"bids": [["1.5", "1"]], "asks": [["1.6", "1"]], "ts": "1"}
    path.write_text(
        capture(
            "wss://ws.okx.com",
            {"arg": arg, "data": [{}]},
            {"arg": {**arg, "channel": "books"}, "action": "snapshot", "data": [book]},
            {"arg": {**arg, "channel": "books"}, "action": "update", "data": [book]},
        )
    )
    replay = {"path": str(path), "speed": "max"}
    gateway = await gateway_of(feed=False, market={"feed": "replay", "replay": replay})
    while not gateway.feed.statistics().finished:  # noqa: ASYNC110 - giving way lets the feed run
        await asyncio.sleep(0)
    shown = msgspec.to_builtins((await overview(gateway.parts, 1)).feed)
    assert shown["unknown"] == {"tickers": 1}
    assert (shown["unchecked"], shown["crossed"], shown["bests"]) == (1, 0, 0)
