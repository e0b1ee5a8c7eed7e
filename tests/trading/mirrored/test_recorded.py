"""Many random orders on recorded markets: no fill is better than the recording allows."""

from __future__ import annotations

import asyncio

import pytest

from cadenza.clock import LoopClock
from cadenza.market.feeds.replay import MAX_SPEED, ReplayFeed
from cadenza.trading.matching.order import BOOK
from support.trading.recorded_venue import Crowd


@pytest.mark.parametrize(
    ("recording", "every"),
    [
        ("binance/spot_btcusdt_20240808.jsonl.gz", 3),
        ("binance/usdm_btcusdt_20240808.jsonl.gz", 6),
        ("binance/cm_btcusd_perp_20240808.jsonl.gz", 6),
        ("multi-venue/OKX.ws.1.0.gz", 1),
    ],
)
async def test_every_fill_is_covered_by_the_recording(shared, recording, every, monkeypatch):
    """Taken lots were displayed, resting ones traded or displayed, and no lot is given twice."""
    crowd = Crowd(recording, every=every)
    crowd.watch_takes(monkeypatch)
    feed = ReplayFeed(shared / "data" / recording, crowd, LoopClock(), speed=MAX_SPEED)
    async with asyncio.timeout(120):
        await feed.run()
    seen = crowd.witness.seen
    for kind in ("taken", "by trade at", "by trade through", "by display", "killed whole"):
        assert seen[kind] > 0, f"nothing was {kind}: {seen}"
    for engine in crowd.feed.engines.values():
        resting = {name for name, order in engine.orders.items() if order.place is BOOK}
        assert engine._queue.keys() <= resting
