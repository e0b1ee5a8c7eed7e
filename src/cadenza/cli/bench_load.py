"""A bounded load on a server from the outside, and a measurement of what subscribers get."""

from __future__ import annotations

import asyncio
import sys
import time
from array import array
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any, Final, NamedTuple

import msgspec

from cadenza.cli.exits import Failure
from cadenza.cli.output import emit, is_terminal, json_line, note
from cadenza.cli.session import Session, opened
from cadenza.cli.target import Target
from cadenza.client import ClientError, Publication, Subscribed

AT_ONCE: Final = 32
"""Connections that are being made at a time."""
PERCENTILES: Final = (50, 90, 99, 99.9)


class Load(NamedTuple):
    """The load to put on a server.

    Attributes:
        channels: The channels that each connection subscribes to.
        connections: Connections to open.
        seconds: How long to listen.
        limit: Deliveries to all connections after which it ends sooner.
        rate: Messages to publish to the first channel, a second; 0: none.
    """

    channels: Sequence[str]
    connections: int
    seconds: float
    limit: int
    rate: float


class _Stamp(msgspec.Struct, rename="camel", gc=False):
    """When a message was made: by a bench (ns), or by a market (ms)."""

    bench_time_ns: int = 0
    timestamp: int = 0


_DELIVERIES: Final = (
    "deliveries   {deliveries} in {seconds} s, {deliveries_per_second}/s,"
    " {missing} missing, {repeated} repeated"
)

_decode_stamp: Final = msgspec.json.Decoder(_Stamp).decode


class Tally:
    """A count of what all connections got.

    Args:
        limit: Deliveries after which ``full`` is set.

    Attributes:
        deliveries: Publications that came.
        size: Bytes of their payloads.
        missing: Publications that never came, by their offsets.
        repeated: Publications that came again.
        lost: Connections that were lost.
        failed: A sentence for each failure.
        late_us: Lateness in microseconds of each publication that says when it was made.
        connect_us: Microseconds that each connection took, subscriptions included.
        full: Set when the limit is reached, and when the measurement is over.
    """

    def __init__(self, limit: int) -> None:
        self.deliveries = 0
        self.size = 0
        self.missing = 0
        self.repeated = 0
        self.lost = 0
        self.failed: list[str] = []
        self.late_us = array("q")
        self.connect_us = array("q")
        self.full = asyncio.Event()
        self._limit = limit

    def count(self, publication: Publication, now_ns: int) -> None:
        """A publication came."""
        self.deliveries += 1
        self.size += len(bytes(publication.payload))
        if self.deliveries >= self._limit:
            self.full.set()
        # The state that a new subscriber gets first is as old as it is.
        if not publication.offset and not publication.info:
            return
        try:
            stamp = _decode_stamp(publication.payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        made_ns = stamp.bench_time_ns or stamp.timestamp * 10**6
        if made_ns:
            self.late_us.append((now_ns - made_ns) // 1000)


class _Subscriber:
    """One subscription, whose offsets show what is missing or repeated."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._offset = 0

    def subscribed(self, event: Subscribed) -> None:
        """It begins, or goes on."""
        if event.position is not None and not event.recovered:
            self._offset = event.position.offset

    def take(self, publication: Publication) -> None:
        """A publication came."""
        tally = self._tally
        if tally.full.is_set():
            return
        if publication.offset and self._offset:
            step = publication.offset - self._offset
            tally.missing += max(0, step - 1)
            tally.repeated += step < 1
        self._offset = publication.offset or self._offset
        tally.count(publication, time.time_ns())


async def run_load(target: Target, load: Load, *, as_json: bool) -> None:
    """Put the load on the server, and print what was measured.

    Raises:
        Failure: A connection failed or was lost, or something was missing.
        ClientError: Not even one connection could be made.
    """
    tally = Tally(load.limit)
    async with AsyncExitStack() as stack:
        first = await _join(stack, target, load, tally)
        await _join_others(stack, target, load, tally)
        if is_terminal(sys.stderr):
            note(f"{len(tally.connect_us)} connections listen for {load.seconds:g} s")
        before, cpu, began = tally.deliveries, time.process_time(), time.monotonic()
        publishing = asyncio.ensure_future(_publish(first, load, tally))
        try:
            async with asyncio.timeout(load.seconds):
                await tally.full.wait()
        except TimeoutError:
            pass
        finally:
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)
        elapsed = time.monotonic() - began
        busy = (time.process_time() - cpu) / elapsed
        report = _report(tally, load, elapsed, tally.deliveries - before, busy)
        tally.full.set()
    emit(json_line(report) if as_json else _text(report))
    if tally.failed or tally.lost or tally.missing:
        words = [f"{tally.lost} connections lost"] if tally.lost else []
        words += [f"{tally.missing} publications missing"] if tally.missing else []
        raise Failure("; ".join([*words, *dict.fromkeys(tally.failed)]))


async def _join(stack: AsyncExitStack, target: Target, load: Load, tally: Tally) -> Session:
    """Connect and subscribe; what is opened is closed with the stack."""
    began = time.perf_counter_ns()

    def lost(sentence: str) -> None:
        tally.lost += sentence.startswith("connection lost") and not tally.full.is_set()

    session = await stack.enter_async_context(opened(target, notes=lost))
    for channel in load.channels:
        subscriber = _Subscriber(tally)
        await session.client.subscribe(
            channel,
            recoverable=True,
            on_publication=subscriber.take,
            on_subscribed=subscriber.subscribed,
        )
    tally.connect_us.append((time.perf_counter_ns() - began) // 1000)
    return session


async def _join_others(stack: AsyncExitStack, target: Target, load: Load, tally: Tally) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def join() -> None:
        async with gate:
            try:
                await _join(stack, target, load, tally)
            except ClientError as error:
                tally.failed.append(str(error))

    await asyncio.gather(*(join() for _ in range(load.connections - 1)))


async def _publish(session: Session, load: Load, tally: Tally) -> None:
    """Publish at a steady rate; what is late is not caught up with."""
    if not load.rate:
        return
    due = time.monotonic()
    try:
        while True:
            await session.client.publish(load.channels[0], {"benchTimeNs": time.time_ns()})
            now = time.monotonic()
            due = max(due + 1 / load.rate, now)
            await asyncio.sleep(due - now)
    except ClientError as error:
        tally.failed.append(str(error))


def percentile(ordered: Sequence[int], percent: float) -> int:
    """The smallest value that so many percent do not exceed (nearest rank)."""
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(rank) - 1)]


def _spread(values: array[int]) -> dict[str, float] | None:
    """Percentiles in milliseconds; ``None`` of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    found = {f"p{percent:g}": percentile(ordered, percent) / 1000 for percent in PERCENTILES}
    return {"min": ordered[0] / 1000, **found, "max": ordered[-1] / 1000}


def _report(tally: Tally, load: Load, elapsed: float, heard: int, busy: float) -> dict[str, Any]:
    return {
        "connections": len(tally.connect_us),
        "channels": list(load.channels),
        "failed": len(tally.failed),
        "lost": tally.lost,
        "seconds": round(elapsed, 3),
        "deliveries": heard,
        "deliveries_per_second": round(heard / elapsed, 1),
        "payload_bytes": tally.size,
        "missing": tally.missing,
        "repeated": tally.repeated,
        "late_ms": _spread(tally.late_us),
        "connect_ms": _spread(tally.connect_us),
        "own_cpu_percent": round(busy * 100, 1),
    }


def _text(report: dict[str, Any]) -> str:
    lines = [
        "connections  {connections} open, {failed} failed, {lost} lost".format_map(report),
        _DELIVERIES.format_map(report),
        f"late         {_words(report['late_ms'])}",
        f"connecting   {_words(report['connect_ms'])}",
        f"this program used {report['own_cpu_percent']} % of a core",
    ]
    return "\n".join(lines)


def _words(spread: dict[str, float] | None) -> str:
    if spread is None:
        return "not known: no message says when it was made"
    return ", ".join(f"{name} {value:.2f}" for name, value in spread.items()) + " ms"
