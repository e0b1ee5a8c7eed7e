"""What the engine costs without sockets: publish, encode, outbox, frame, ``write``.

Run ``python benchmarks/bench_engine.py [--profile]``. Each figure is the best of several rounds; a
ratio is to a bare loop that calls ``write`` once for each subscriber, run in between.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import pstats
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cadenza.clock import VirtualClock
from cadenza.protocol import json_codec, protobuf_codec
from cadenza.protocol.codes import Disconnect
from cadenza.protocol.messages import Command, ConnectRequest, PublishRequest, SubscribeRequest
from cadenza.protocol.messages import payload as raw
from cadenza.realtime import ChannelOptions, Connection, Namespace, Node
from cadenza.realtime.duration import Duration
from cadenza.realtime.handlers import ConnectReply, Handlers
from cadenza.realtime.options import ChannelRules
from cadenza.realtime.wire import Wire
from cadenza.server.wires import WEBSOCKET_JSON, WEBSOCKET_PROTOBUF

ROUNDS: Final = 7
ROUND_SECONDS: Final = 0.1
BATCH: Final = 16
"""Publications in one turn of the loop, where more than one is."""


class Sink:
    """A transport that counts."""

    def __init__(self, wire: Wire) -> None:
        self.name = "websocket"
        self.wire = wire
        self.emulated = False
        self.frame_ping = False
        self.headers: Mapping[str, str] = {}
        self.writes = 0
        self.bytes = 0

    def write(self, data: bytes) -> None:
        """See ``Transport``."""
        self.writes += 1
        self.bytes += len(data)

    def close(self, disconnect: Disconnect) -> None:
        """See ``Transport``."""
        raise RuntimeError(f"the engine ended a connection: {disconnect}")

    def abort(self) -> None:
        """See ``Transport``."""

    def pause_reading(self) -> None:
        """See ``Transport``."""

    def resume_reading(self) -> None:
        """See ``Transport``."""


@dataclass(frozen=True)
class Case:
    """A mix of subscribers, and a way of publishing to them.

    Attributes:
        name: For the report.
        subscribers: How many.
        namespace: ``plain`` or ``history``.
        wires: Subscribers have them in turn.
        delta: They take deltas, and publications have them.
        batch: Publications a turn.
        command: Published by a client's command, not by the application.
    """

    name: str
    subscribers: int
    namespace: str = "plain"
    wires: Sequence[Wire] = (WEBSOCKET_JSON,)
    delta: bool = False
    batch: int = 1
    command: bool = False


BOTH: Final = (WEBSOCKET_JSON, WEBSOCKET_PROTOBUF)
CASES: Final = (
    Case("plain", 1),
    Case("plain", 10),
    Case("plain", 1000),
    Case("plain, by command", 1, command=True),
    Case("plain, by command", 10, command=True),
    Case("plain, 16 a turn", 1000, batch=BATCH),
    Case("history", 1, "history"),
    Case("history", 10, "history"),
    Case("history", 1000, "history"),
    Case("history, delta", 10, "history", delta=True),
    Case("history, delta", 1000, "history", delta=True),
    Case("JSON and Protobuf", 10, wires=BOTH),
    Case("JSON and Protobuf", 1000, wires=BOTH),
    Case("all of it", 1000, "history", BOTH, delta=True),
)

ALLOWED: Final[dict[str, Any]] = {
    "allow_subscribe_for_client": True,
    "allow_publish_for_client": True,
}
RULES: Final = ChannelRules(
    namespaces=(
        Namespace(name="plain", **ALLOWED),
        Namespace(
            name="history",
            history_size=100,
            history_ttl=Duration(60),
            force_recovery=True,
            allowed_delta_types=("fossil",),
            **ALLOWED,
        ),
    )
)


def payloads() -> list[bytes]:
    """A book of some 200 bytes, moving a little."""
    chance = random.Random(1)
    rows = [[f"{61800 + at * 0.5:.2f}", f"{chance.random():.4f}"] for at in range(8)]
    books = []
    for _ in range(64):
        rows[chance.randrange(8)][1] = f"{chance.random():.4f}"
        books.append(json.dumps({"bids": rows[:4], "asks": rows[4:]}).encode())
    return books


class World:
    """A node and its subscribers, in virtual time."""

    def __init__(self, case: Case) -> None:
        self.clock = VirtualClock()
        self.node = Node(
            rules=RULES,
            clock=self.clock,
            chance=random.Random(1),
            handlers=Handlers(connect=lambda _: ConnectReply(user="u")),
        )
        self.case = case
        self.channel = f"{case.namespace}:book"
        self.options: ChannelOptions = self.node.access.options(self.channel)
        self.books = payloads()
        self.commands = [
            json_codec.encode_message(
                Command(id=9, publish=PublishRequest(channel=self.channel, data=raw(book)))
            )
            for book in self.books
        ]
        self.number = 0

    async def open(self) -> None:
        """Connect and subscribe everybody."""
        await self.node.start()
        case = self.case
        self.sinks = [Sink(case.wires[at % len(case.wires)]) for at in range(case.subscribers)]
        delta = "fossil" if case.delta else ""
        for sink in self.sinks:
            self._connect(sink, SubscribeRequest(channel=self.channel, delta=delta))
        self.publisher = self._connect(Sink(WEBSOCKET_JSON), None)
        self.turn()  # the first publication gives delta subscribers their base

    def _connect(self, sink: Sink, wanted: SubscribeRequest | None) -> Connection:
        codec = protobuf_codec if sink.wire is WEBSOCKET_PROTOBUF else json_codec
        connection = self.node.connect(sink)
        connection.receive(codec.encode_frame([Command(id=1, connect=ConnectRequest())]))
        if wanted is not None:
            connection.receive(codec.encode_frame([Command(id=2, subscribe=wanted)]))
        self.clock.advance()
        return connection

    def turn(self) -> None:
        """Publish a batch and write it."""
        for _ in range(self.case.batch):
            self.number += 1
            at = self.number % len(self.books)
            if self.case.command:
                self.publisher.receive(self.commands[at])
            else:
                self.node.publish_to(
                    self.channel, self.books[at], options=self.options, delta=self.case.delta
                )
        self.clock.advance()

    def bare(self) -> None:
        """The least: a frame that is there already, written to everybody."""
        data = self.books[0]
        for sink in self.sinks:
            sink.write(data)


def best(call: Callable[[], None]) -> float:
    """Microseconds of one call in the best of a few rounds."""
    start = time.perf_counter()
    call()
    count = max(1, int(ROUND_SECONDS / max(time.perf_counter() - start, 1e-6)))
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(count):
            call()
        rounds.append((time.process_time() - start) / count)
    return min(rounds) * 1e6


async def measure(case: Case) -> None:
    """Print one line."""
    world = World(case)
    await world.open()
    least = best(world.bare)
    before = [sink.writes for sink in world.sinks]
    world.turn()
    if any(sink.writes - was != 1 for sink, was in zip(world.sinks, before, strict=True)):
        raise RuntimeError(f"{case}: a turn is not one write a subscriber")
    turn = best(world.turn) / case.batch
    print(
        f"  {case.name:<22}{case.subscribers:>6}{turn:>12.2f}{turn / case.subscribers:>12.3f}"
        f"{least / case.subscribers:>10.3f}{turn / least:>9.2f}"
    )


async def profile() -> None:
    """Where the time of publications goes, by function."""
    world = World(Case("", 10, command=True))
    await world.open()
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(20_000):
        world.turn()
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(25)


async def run() -> None:
    """Measure every case."""
    print(f"  {'':<22}{'subs':>6}{'µs/publish':>12}{'µs/delivery':>12}{'bare µs':>10}{'ratio':>9}")
    for case in CASES:
        await measure(case)


def main() -> None:
    """Measure or profile."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--profile", action="store_true", help="print the top 25 of cProfile")
    asyncio.run(profile() if parser.parse_args().profile else run())


if __name__ == "__main__":
    main()
