"""Public trades from the history of their channel, page by page."""

from __future__ import annotations

import asyncio

from cadenza.client.market import channels
from support.client.peer_world import connected

BTC = "BINANCE:BTC/USDT"
CHANNEL = f"market:trade:{BTC}"


def trade(number):
    data = {
        "instrumentId": BTC,
        "venue": "BINANCE",
        "symbol": "BTC/USDT",
        "tradeId": str(number),
        "price": f"{100 + number}.5",
        "quantity": "0.25",
        "side": "BUY",
        "timestamp": 1_000 + number,
    }
    return {"data": data, "offset": number}


async def test_all_pages(client, peer, monkeypatch):
    """Refused to a stranger: it subscribes, reads page after page, and leaves."""
    monkeypatch.setattr(channels, "PAGE", 2)
    line = await connected(client, peer)
    reading = asyncio.ensure_future(client.public_trades(BTC, since=1_002))
    await line.refuse("history", 103, "permission denied")
    await line.answer("subscribe")
    top = {"epoch": "e", "offset": 3}
    await line.answer("history", {"publications": [trade(1), trade(2)], **top})
    asked = await line.answer("history", {"publications": [trade(3)], **top})
    assert asked["history"]["since"] == {"offset": 2, "epoch": "e"}
    assert (await line.answer("unsubscribe"))["unsubscribe"]["channel"] == CHANNEL
    trades = await reading
    assert [it.trade_id for it in trades] == ["2", "3"]
    frame = trades.to_dataframe("polars")
    assert (frame["price"].sum(), str(frame["timestamp"].dtype)) == (
        206.0,
        "Datetime(time_unit='ms', time_zone='UTC')",
    )
    assert client.subscriptions == {}
