"""Speed of the SDK's local book; run with ``python benchmarks/bench_client_book.py``.

The payloads are those that a market publishes of a recording beside the repository
(``../shared/data``), or of the simulator without it. Absolute figures differ from machine to
machine, so applying is measured beside decoding the same payloads, and nothing else, in one run.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from cadenza.client.market.changes import BookState
from cadenza.client.market.order_book import OrderBook
from cadenza.clock import LoopClock, VirtualClock
from cadenza.market.feeds.replay import MAX_SPEED, ReplayFeed
from cadenza.market.feeds.simulated import SimulatedFeed
from cadenza.market.market import Market
from cadenza.models import OrderBook as BookPayload
from cadenza.models import UpdateType

RECORDED = Path(__file__).parents[1] / "../shared/data/binance"
RECORDINGS = ("spot_btcusdt_20240808.jsonl.gz", "usdm_btcusdt_20240808.jsonl.gz")
DEPTHS = (0, 20)
SIMULATED_EVENTS = 50_000
RUNS = 5


class Stream(NamedTuple):
    """The payloads of one instrument: a SNAPSHOT, then DIFFs (and SNAPSHOTs of the feed)."""

    name: str
    instrument_id: str
    payloads: list[bytes]
    levels: int


class Collector:
    """A listener that keeps the book payloads of the first instrument."""

    def __init__(self) -> None:
        self.instrument_id = ""
        self.payloads: list[bytes] = []

    def on_book(self, instrument_id: str, payload: bytes, _update_type: UpdateType) -> None:
        """Keep a book payload."""
        self.instrument_id = self.instrument_id or instrument_id
        if instrument_id == self.instrument_id:
            self.payloads.append(payload)

    def on_trade(self, _instrument_id: str, _payload: bytes) -> None:
        """Trades are not measured here."""

    def on_book_health(self, _instrument_id: str, _fault: object) -> None:
        """A book that becomes stale begins anew with a SNAPSHOT."""

    def stream(self, name: str) -> Stream:
        """What was kept."""
        decoder = msgspec.json.Decoder(BookPayload)
        decoded = [decoder.decode(payload) for payload in self.payloads]
        levels = sum(len(book.bids) + len(book.asks) for book in decoded)
        return Stream(name, self.instrument_id, self.payloads, levels)


def streams() -> list[Stream]:
    """What is there to measure with."""
    found = []
    for depth in DEPTHS:
        for path in (RECORDED / name for name in RECORDINGS):
            if path.exists():
                market, collector = Market(depth=depth), Collector()
                market.add_listener(collector)
                asyncio.run(ReplayFeed(path, market, LoopClock(), speed=MAX_SPEED).run())
                found.append(collector.stream(f"{path.name.split('.')[0]}, depth {depth or 'all'}"))
    if not found:
        market, collector = Market(), Collector()
        market.add_listener(collector)
        feed = SimulatedFeed(market, VirtualClock(), seed=1, rate=1000, events=SIMULATED_EVENTS)
        asyncio.run(feed.run())
        found.append(collector.stream("simulator"))
    return found


def timed(work: Callable[[list[bytes]], object], payloads: list[bytes]) -> float:
    """Seconds of the best of several runs."""
    best = float("inf")
    for _ in range(RUNS):
        gc.collect()
        start = time.perf_counter()
        work(payloads)
        best = min(best, time.perf_counter() - start)
    return best


def bare(payloads: list[bytes]) -> None:
    """Two dictionaries of strings: no order, no check, so no best price and no gap noticed."""
    decode = msgspec.json.Decoder(BookPayload).decode
    bids: dict[str, str] = {}
    asks: dict[str, str] = {}
    for payload in payloads:
        update = decode(payload)
        for side, rows in ((bids, update.bids), (asks, update.asks)):
            for price, quantity in rows:
                if quantity == "0":
                    side.pop(price, None)
                else:
                    side[price] = quantity


def post(stream: Stream) -> float:
    """Seconds to post every payload: levels are put in place when many wait."""

    def work(payloads: list[bytes]) -> None:
        book = OrderBook(stream.instrument_id)
        for payload in payloads:
            book.post(payload)
        if book.best_bid is None:
            raise SystemExit(f"{stream.name}: {book.fault}")

    return timed(work, stream.payloads)


def follow(stream: Stream, ask: Callable[[OrderBook], Any] | None = None) -> float:
    """Seconds to apply every payload, and perhaps to ask something after each."""

    def work(payloads: list[bytes]) -> None:
        book = OrderBook(stream.instrument_id)
        for payload in payloads:
            book.apply(payload)
            if ask:
                ask(book)
        if book.state is not BookState.LIVE:
            raise SystemExit(f"{stream.name}: {book.fault}")

    return timed(work, stream.payloads)


def measure(stream: Stream) -> None:
    """One stream: decoding alone, applying, and applying with questions."""
    decoder = msgspec.json.Decoder(BookPayload)
    count = len(stream.payloads)

    def decode(payloads: list[bytes]) -> None:
        for payload in payloads:
            decoder.decode(payload)

    alone = timed(decode, stream.payloads)
    size = sum(map(len, stream.payloads)) / count
    print(f"{stream.name}: {count:,} payloads of {stream.levels / count:.0f} levels, {size:,.0f} B")
    quantity = Decimal("0.01")
    for name, seconds in (
        ("msgspec decoding alone", alone),
        ("bare dictionaries, unchecked", timed(bare, stream.payloads)),
        ("post, nobody reads", post(stream)),
        ("apply", follow(stream)),
        (
            "apply, best_bid and best_ask",
            follow(stream, lambda book: (book.best_bid, book.best_ask)),
        ),
        ("apply, mid and spread", follow(stream, lambda book: (book.mid, book.spread))),
        ("apply, depth(10)", follow(stream, lambda book: book.depth(10))),
        ("apply, a small vwap", follow(stream, lambda book: book.vwap("BUY", quantity))),
    ):
        print(
            f"  {name:32} {count / seconds:10,.0f} payloads/s {seconds / count * 1e6:8.2f} us each"
            f" {seconds / stream.levels * 1e9:6.0f} ns/level {seconds / alone:6.2f} x decoding"
        )


def main() -> None:
    """Measure everything."""
    for stream in streams():
        measure(stream)


if __name__ == "__main__":
    main()
