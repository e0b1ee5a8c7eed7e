"""Simulated participants, engines and a driver on a virtual clock, with all that was said.

As a program it prints the digest of a run: ``python participants_world.py SEED EVENTS``.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys

import msgspec

from cadenza.clock import VirtualClock
from cadenza.market.simulation.spec import PAPER_INSTRUMENTS, stream
from cadenza.models import OrderSide, OrderType
from cadenza.trading.matching.commands import Submit
from cadenza.trading.matching.engine import MatchingEngine
from cadenza.trading.matching.events import Trade
from cadenza.trading.participants import Participants, ParticipantsDriver

_encode = msgspec.json.Encoder().encode


class Place:
    """One instrument: its engine, its participants, and users' orders among theirs."""

    def __init__(self, spec=PAPER_INSTRUMENTS[0], seed=1, before=(), **options):
        self.engine = MatchingEngine()
        self.said = []
        self.trades = []
        self.now = 1_700_000_000_000
        self.number = 0
        self.participants = None
        for command in before:
            self.apply(command)
        rng = stream(seed, spec.instrument_id)
        self.participants = Participants(spec, rng, self.engine, **options)
        self.crowd = self.participants.crowd

    @property
    def book(self):
        return self.engine.book

    def apply(self, command):
        """What the venue does with anybody's command."""
        events = self.engine.apply(command)
        self.said.append(_encode(command))
        self.said.append(_encode(events))
        self.trades.extend(event for event in events if isinstance(event, Trade))
        if self.participants:
            self.participants.heard(events)
        return events

    def open(self):
        return [self.apply(command) for command in self.participants.open(self.now)]

    def step(self, count=1):
        for _ in range(count):
            self.now += self.participants.wait() // 1000
            for command in self.participants.next(self.now):
                self.apply(command)

    def order(self, is_buy, lots, limit=0):
        """A user's order: at the market, or with a limit."""
        self.number += 1
        return Submit(
            now=self.now,
            order_id=f"user-{self.number}",
            owner="alice",
            side=OrderSide.BUY if is_buy else OrderSide.SELL,
            type=OrderType.LIMIT if limit else OrderType.MARKET,
            lots=lots,
            limit=limit,
        )

    def mid(self):
        return (self.book.bids.best.ticks + self.book.asks.best.ticks) / 2


def world(seed, events, specs=PAPER_INSTRUMENTS, **options):
    """All places of the paper venue, and the driver and the clock that move them."""
    clock = VirtualClock()
    places = {spec.instrument_id: Place(spec, seed, **options) for spec in specs}
    participants = {name: place.participants for name, place in places.items()}
    driver = ParticipantsDriver(
        lambda name, command: places[name].apply(command), clock, participants, events=events
    )
    return places, driver, clock


async def run(seed, events, **options):
    """Let a world have its events."""
    places, driver, clock = world(seed, events, **options)
    driver.open()
    await driver.run()
    return places, driver, clock


def digest(places):
    """Of everything that was said anywhere."""
    whole = hashlib.sha256()
    for place in places.values():
        for line in place.said:
            whole.update(line)
    return whole.hexdigest()


if __name__ == "__main__":
    seed, events = map(int, sys.argv[1:])
    sys.stdout.write(digest(asyncio.run(run(seed, events))[0]))
