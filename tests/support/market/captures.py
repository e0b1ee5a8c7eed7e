"""Writes recordings of every shape, and replays them into a market."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cadenza.clock import VirtualClock
from cadenza.market.feed import FeedStatistics
from cadenza.market.feeds.replay import MAX_SPEED, ReplayFeed
from cadenza.market.market import Market

START = 1_780_000_000
"""When recordings begin, in seconds since the epoch: 2026-05-28."""


def opened(address: str) -> str:
    """The line of a capture that tells where a socket leads."""
    return f"{address} <-> {START}.0\n"


def received(second: float, message: Any) -> str:
    """A line of a capture; a text is taken as it is."""
    text = message if isinstance(message, str) else json.dumps(message, separators=(",", ":"))
    return f"{START + second:.6f}: {text}\n"


def capture(address: str, *messages: Any, every: float = 0.01) -> str:
    """A capture of one socket."""
    lines = [received(1 + number * every, one) for number, one in enumerate(messages)]
    return opened(address) + "".join(lines)


def write(path: Path, content: str | dict[str, str]) -> None:
    """Write a file, or a folder of files."""
    if isinstance(content, dict):
        path.mkdir()
        for name, text in content.items():
            (path / name).write_text(text)
    else:
        path.write_text(content)


async def replayed(
    path: Path, content: str | dict[str, str], market: Market, **options: Any
) -> FeedStatistics:
    """Write a file, or a folder of them, and replay it flat out."""
    write(path, content)
    feed = ReplayFeed(path, market, VirtualClock(), **({"speed": MAX_SPEED} | options))
    await feed.run()
    return feed.statistics()


def levels(market: Market, instrument_id: str) -> tuple[list[Any], list[Any]]:
    """A book's rows, best first."""
    book = market.book(instrument_id)
    return [row for _, row in book.bids.top()], [row for _, row in book.asks.top()]
