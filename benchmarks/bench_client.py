"""What a message costs a client; run with ``python benchmarks/bench_client.py``.

Every consumer is a process of its own that gets the same stream over a socket: order book updates
of a market, one publication a frame at a steady pace (each wakes the client up), one a frame with
all of them waiting (a backlog), or 16 a frame as fast as they are read. Counted is the CPU time of
the process, from the first publication to the last.
centrifuge-python hands over decoded JSON; the typed book applies every update besides.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench_client_book import Stream, streams

MESSAGES = 20_000
ROUNDS = 3
RIVAL = "centrifuge-python"
MODES = {"paced": 1, "backlog": 1, "burst": 16}
"""Publications a frame."""


class Meter:
    """CPU time between the first message and the last."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.done = asyncio.Event()
        self._count = count
        self._start = 0.0
        self._seconds = 0.0

    def tick(self, _: object = None) -> None:
        """A message came."""
        if self.left == self._count:
            self._start = time.process_time()
        self.left -= 1
        if not self.left:
            self._seconds = time.process_time() - self._start
            self.done.set()

    @property
    def micros(self) -> float:
        """Microseconds a message."""
        return self._seconds / (self._count - 1) * 1e6


async def sdk_callback(url: str, channel: str, meter: Meter) -> None:
    """The SDK, a plain callback that decodes the payload."""
    from cadenza.client import Publication, connect  # noqa: PLC0415 - measured alone

    def handle(publication: Publication) -> None:
        _ = publication.data
        meter.tick()

    async with connect(url) as client:
        await client.subscribe(channel, on_publication=handle)
        await meter.done.wait()


async def sdk_iteration(url: str, channel: str, meter: Meter) -> None:
    """The SDK, iterated over, payloads decoded."""
    from cadenza.client import Overflow, connect  # noqa: PLC0415 - measured alone

    async with connect(url) as client:
        async for publication in await client.subscribe(channel, overflow=Overflow.BLOCK):
            _ = publication.data
            meter.tick()
            if not meter.left:
                return


async def sdk_payload(url: str, channel: str, meter: Meter) -> None:
    """The SDK, a plain callback that leaves the payload as it is."""
    from cadenza.client import connect  # noqa: PLC0415 - measured alone

    async with connect(url) as client:
        await client.subscribe(channel, on_publication=meter.tick)
        await meter.done.wait()


async def sdk_book(url: str, channel: str, meter: Meter, *, reads: bool = False) -> None:
    """A local book, each update decoded and in place; perhaps its best prices read after each."""
    from cadenza.client import OrderBook, Publication, connect  # noqa: PLC0415 - measured alone

    book = OrderBook(channel.removeprefix("market:orderBook:"))

    def handle(publication: Publication) -> None:
        book.post(publication.payload)
        if reads:
            _ = book.best_bid, book.best_ask
        meter.tick()

    async with connect(url) as client:
        await client.subscribe(channel, on_publication=handle)
        await meter.done.wait()
    if book.best_bid is None:
        raise SystemExit("the book is empty")


async def sdk_read_book(url: str, channel: str, meter: Meter) -> None:
    """The same, read after every update."""
    await sdk_book(url, channel, meter, reads=True)


async def rival(url: str, channel: str, meter: Meter) -> None:
    """centrifuge-python: decoded JSON, no book."""
    from centrifuge import (  # noqa: PLC0415 - measured alone
        Client,
        PublicationContext,
        SubscriptionEventHandler,
    )

    class Handler(SubscriptionEventHandler):  # type: ignore[misc]  # it has no types
        async def on_publication(self, ctx: PublicationContext) -> None:
            _ = ctx.pub.data
            meter.tick()

    client = Client(url)
    await client.connect()
    await client.new_subscription(channel, events=Handler()).subscribe()
    await meter.done.wait()
    await client.disconnect()


CONSUMERS: dict[str, Callable[[str, str, Meter], Awaitable[None]]] = {
    RIVAL: rival,
    "callback": sdk_payload,
    "callback, decoded": sdk_callback,
    "iteration, decoded": sdk_iteration,
    "local book": sdk_book,
    "local book, read": sdk_read_book,
}


@contextmanager
def playing(path: Path, mode: str) -> Iterator[int]:
    """A server of the stream; gives its port."""
    peer = Path(__file__).with_name("stream_peer.py")
    command = [sys.executable, str(peer), str(path), str(MODES[mode]), mode]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise SystemExit("no output of the server")
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def consume(name: str, port: int, channel: str, count: int, loop: str) -> None:
    """Be one consumer, and print what a message cost."""
    url = f"ws://127.0.0.1:{port}/connection/websocket"

    async def work() -> None:
        meter = Meter(count)
        gc.freeze()
        await CONSUMERS[name](url, channel, meter)
        print(meter.micros)

    if loop == "uvloop":
        import uvloop  # noqa: PLC0415 - only where it is asked for

        uvloop.run(work())
    else:
        asyncio.run(work())


def measure(stream: Stream, loop: str) -> None:
    """All consumers of one stream, in turns, so that a slow moment of the machine hits each."""
    payloads = stream.payloads[:MESSAGES]
    size = sum(map(len, payloads)) / len(payloads)
    print(f"\n{stream.name}: {len(payloads):,} updates of {size:,.0f} B, {loop}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stream.jsonl"
        path.write_bytes(b"\n".join(payloads))
        for mode in MODES:
            found: dict[str, list[float]] = {name: [] for name in CONSUMERS}
            for _ in range(ROUNDS):
                for name, figures in found.items():
                    with playing(path, mode) as port:
                        figures.append(_run(name, port, stream.instrument_id, len(payloads), loop))
            _show(mode, found)


def _run(name: str, port: int, instrument_id: str, count: int, loop: str) -> float:
    channel = f"market:orderBook:{instrument_id}"
    options = ["--port", str(port), "--channel", channel, "--count", str(count), "--loop", loop]
    command = [sys.executable, __file__, "--consumer", name, *options]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if result.returncode:
        raise SystemExit(f"{name} failed:\n{result.stderr}")
    return float(result.stdout)


def _show(mode: str, found: dict[str, list[float]]) -> None:
    base = statistics.median(found[RIVAL])
    for name, figures in found.items():
        median = statistics.median(figures)
        spread = f"{min(figures):.2f} to {max(figures):.2f}"
        print(f"  {mode:7} {name:18} {median:6.2f} us a message ({spread})  {base / median:5.2f} x")


def main() -> None:
    """Measure, or be one of the measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loop", default="asyncio", choices=["asyncio", "uvloop"])
    parser.add_argument("--consumer", choices=CONSUMERS)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--channel", default="")
    parser.add_argument("--count", type=int, default=0)
    options = parser.parse_args()
    if options.consumer:
        consume(options.consumer, options.port, options.channel, options.count, options.loop)
        return
    for stream in streams()[-2:]:
        measure(stream, options.loop)


if __name__ == "__main__":
    main()
