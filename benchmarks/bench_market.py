"""Speed of the market room; run with ``python benchmarks/bench_market.py``.

Absolute figures differ from machine to machine, so the book is measured beside a bare dictionary
and a bare sorted dictionary in the same run. With the recorded data beside the repository
(``../shared/data``) that is what is measured, otherwise a recording made by the simulator.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from sortedcontainers import SortedDict

from cadenza.clock import LoopClock, VirtualClock
from cadenza.market.book_view import BookView
from cadenza.market.feeds.recording import Recording
from cadenza.market.feeds.replay import MAX_SPEED, ReplayFeed
from cadenza.market.feeds.simulated import SimulatedFeed, Simulation
from cadenza.market.instrument import Listing
from cadenza.market.klines import Klines
from cadenza.market.market import Market
from cadenza.market.order_book import OrderBook
from cadenza.market.simulation.spec import DEFAULT_INSTRUMENTS
from cadenza.market.venues.messages import BookDiff, BookSnapshot
from cadenza.models import Instrument, OrderSide, Row, UpdateType

Update = tuple[list[Row], list[Row]]

RECORDED = Path(__file__).parents[1] / "../shared/data/binance/usdm_btcusdt_20240808.jsonl.gz"
SIMULATED_EVENTS = 50_000
TRADES = 50_000


class Counter:
    """A listener that only counts."""

    def __init__(self) -> None:
        self.payloads = 0
        self.size = 0

    def on_book(self, _instrument_id: str, payload: bytes, _update_type: UpdateType) -> None:
        """Count a book payload."""
        self.payloads += 1
        self.size += len(payload)

    def on_trade(self, _instrument_id: str, payload: bytes) -> None:
        """Count a trade payload."""
        self.payloads += 1
        self.size += len(payload)

    def on_book_health(self, _instrument_id: str, fault: object) -> None:
        """Refuse to measure a broken market."""
        if fault:
            raise SystemExit(f"the measured market is broken: {fault}")


def timed(work: Callable[[list[Update]], object], updates: list[Update]) -> float:
    """The best of three runs, in seconds, each on strings never looked at before.

    A string remembers its hash, so a second run over the same ones would be too fast.
    """
    encoded = msgspec.json.encode(updates)
    best = float("inf")
    for _ in range(3):
        fresh = msgspec.json.decode(encoded, type=list[Update])
        start = time.perf_counter()
        work(fresh)
        best = min(best, time.perf_counter() - start)
    return best


def load(path: Path) -> tuple[Instrument, BookSnapshot, list[BookDiff]]:
    """The instrument, the first snapshot and the diffs after it."""
    recording = Recording(path)
    decoder = recording.decoder()
    snapshot, diffs = None, []
    for received in recording.received(decoder, 0):
        for message in decoder.decode(received.time_ns, received.body):
            if isinstance(message, BookSnapshot):
                snapshot = message
            elif isinstance(message, BookDiff) and snapshot and message.last_id > snapshot.last_id:
                diffs.append(message)
    if snapshot is None:
        raise SystemExit(f"{path} has no snapshot")
    return decoder.declarations[0].instrument, snapshot, diffs


def write_simulated(path: Path) -> None:
    """A recording in Binance's format, made by the simulator."""
    simulation = Simulation(DEFAULT_INSTRUMENTS[0], random.Random(1))
    bids, asks = simulation.book()
    now = 1_723_161_253_000_000_000
    with path.open("w") as out:
        snapshot = {"lastUpdateId": 0, "bids": bids, "asks": asks}
        out.write(f"{now} {json.dumps(snapshot, separators=(',', ':'))}\n")
        for number in range(1, SIMULATED_EVENTS + 1):
            step = simulation.step()
            data = {"e": "depthUpdate", "E": now // 1_000_000, "s": "BTCUSDT"}
            data |= {"U": number, "u": number, "b": step.bids, "a": step.asks}
            line = {"stream": "btcusdt@depth@100ms", "data": data}
            out.write(f"{now + number * 1_000_000} {json.dumps(line, separators=(',', ':'))}\n")


def bare_dict(updates: list[Update]) -> None:
    """A dictionary of strings: what the least careful book would cost."""
    book: dict[str, str] = {}
    for update in updates:
        for rows in update:
            for price, quantity in rows:
                if float(quantity):
                    book[price] = quantity
                else:
                    book.pop(price, None)


def bare_sorted(updates: list[Update]) -> None:
    """A sorted dictionary of integer prices, without any check."""
    book: SortedDict[int, str] = SortedDict()
    for update in updates:
        for rows in update:
            for price, quantity in rows:
                key = int(price.replace(".", ""))
                if float(quantity):
                    book[key] = quantity
                else:
                    book.pop(key, None)


def bench_book(instrument: Instrument, snapshot: BookSnapshot, updates: list[Update]) -> None:
    """Levels a second: bare dictionary, bare sorted dictionary, and the book."""

    def order_book(updates: list[Update]) -> None:
        book = OrderBook(Listing(instrument))
        book.replace(snapshot.bids, snapshot.asks)
        for bids, asks in updates:
            book.apply(bids, asks)

    levels = sum(len(bids) + len(asks) for bids, asks in updates)
    seconds = {work: timed(work, updates) for work in (bare_dict, bare_sorted, order_book)}
    for name, work in (
        ("bare dict of strings (unordered, unchecked)", bare_dict),
        ("bare SortedDict of integers (unchecked)", bare_sorted),
        ("OrderBook", order_book),
    ):
        ratio = seconds[bare_sorted] / seconds[work]
        print(f"{name:48} {levels / seconds[work]:12,.0f} levels/s {ratio:6.2f} x SortedDict")


def bench_view(instrument: Instrument, snapshot: BookSnapshot, updates: list[Update]) -> None:
    """Applied and encoded DIFF payloads a second, for several depths."""
    for depth in (0, 20, 1000):

        def publish(updates: list[Update], depth: int = depth) -> int:
            book = OrderBook(Listing(instrument))
            book.replace(snapshot.bids, snapshot.asks)
            view = BookView(book, depth=depth)
            view.publish_snapshot(0)
            for bids, asks in updates:
                view.touch(book.apply(bids, asks), 0)
                view.publish_diff()
            return view.sequence

        name = f"apply + publish, depth {depth or 'full'}"
        rate = len(updates) / timed(publish, updates)
        print(f"{name:48} {rate:12,.0f} updates/s ({publish(updates) - 1:,} DIFFs)")


def bench_replay(path: Path) -> None:
    """Messages a second from the file to the published bytes."""
    counter = Counter()
    market = Market()
    market.add_listener(counter)
    feed = ReplayFeed(path, market, LoopClock(), speed=MAX_SPEED)
    start = time.perf_counter()
    asyncio.run(feed.run())
    seconds = time.perf_counter() - start
    rate = feed.statistics().messages / seconds
    print(f"{'replay at full speed':48} {rate:12,.0f} messages/s ({counter.payloads:,} payloads)")


def bench_simulator() -> None:
    """Simulated events a second in virtual time."""
    counter = Counter()
    market = Market()
    market.add_listener(counter)
    feed = SimulatedFeed(market, VirtualClock(), seed=1, rate=1000, events=SIMULATED_EVENTS)
    start = time.perf_counter()
    asyncio.run(feed.run())
    seconds = time.perf_counter() - start
    print(f"{'simulator':48} {SIMULATED_EVENTS / seconds:12,.0f} events/s")


def seconds_of_trades(instrument: Instrument, gap_ms: int, *, with_klines: bool) -> float:
    """Seconds for one trade, so many milliseconds apart, the best of three runs."""
    best = float("inf")
    for _ in range(3):
        chance, market, now = random.Random(1), Market(), 1_723_161_253_000
        if with_klines:
            market.add_observer(Klines(LoopClock()))
        market.add_listener(Counter())
        market.instrument(instrument)
        ticks = Listing(instrument).ticks
        prices = [ticks.format(100_000 + chance.randrange(500)) for _ in range(TRADES)]
        name, quantity = instrument.instrument_id, instrument.lot_size
        start = time.perf_counter()
        for price in prices:
            now += gap_ms
            market.trade(
                name,
                trade_id="1",
                price=price,
                quantity=quantity,
                side=OrderSide.BUY,
                timestamp_ms=now,
            )
        best = min(best, (time.perf_counter() - start) / TRADES)
    return best


def bench_klines(instrument: Instrument) -> None:
    """What the candles of all 16 intervals add to a trade that is published anyway."""
    for gap_ms in (3, 50, 1000):
        alone = seconds_of_trades(instrument, gap_ms, with_klines=False)
        added = seconds_of_trades(instrument, gap_ms, with_klines=True) - alone
        name = f"klines, a trade every {gap_ms} ms"
        print(f"{name:48} {added * 1e6:12.2f} us/trade {added / alone:6.2f} x publishing it")


def main() -> None:
    """Measure everything."""
    with tempfile.TemporaryDirectory() as folder:
        path = RECORDED
        if not path.exists():
            path = Path(folder) / "simulated.jsonl"
            write_simulated(path)
        instrument, snapshot, diffs = load(path)
        updates = [(list(diff.bids), list(diff.asks)) for diff in diffs]
        print(f"{path.name}: {len(updates):,} updates after the snapshot")
        bench_book(instrument, snapshot, updates)
        bench_view(instrument, snapshot, updates)
        bench_replay(path)
        bench_simulator()
        bench_klines(instrument)


if __name__ == "__main__":
    main()
