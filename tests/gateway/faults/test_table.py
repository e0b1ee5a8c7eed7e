"""Faults are bounded, counted, and end by a call, by their time or by their count."""

from __future__ import annotations

import random

import pytest

from cadenza.config import FaultsConfig
from cadenza.gateway.faults.errors import (
    FaultRequestError,
    TooManyFaultsError,
    UnknownFaultError,
)
from cadenza.gateway.faults.specs import (
    KINDS,
    BookGap,
    Delay,
    Drop,
    Expire,
    FeedUnhealthy,
    NodeUnhealthy,
    Order,
    Stall,
    Target,
    kind_of,
)
from cadenza.gateway.faults.table import ENDED_KEPT, FaultTable
from cadenza.realtime import VirtualClock
from cadenza.realtime.duration import Duration


class Injector:
    """Keeps what the table says."""

    def __init__(self):
        self.acts = []
        self.ends = []

    def check(self, spec):
        if spec.target.instrument == "unknown":
            raise FaultRequestError("target.instrument", "unknown")

    def act(self, fault):
        self.acts.append(fault)

    def ended(self, fault):
        self.ends.append((fault.id, fault.ended))


class World:
    """A table on a clock that tests move."""

    def __init__(self, seed=1, **config):
        self.clock = VirtualClock()
        self.injector = Injector()
        self.table = FaultTable(
            FaultsConfig(enabled=True, **config), self.clock, random.Random(seed)
        )
        self.table.carries(self.injector, KINDS.values())

    def set(self, spec):
        self.table.set(spec)
        return self.injector.acts[-1]

    def strikes(self, spec, times):
        fault = self.set(spec)
        return [fault.strikes() for _ in range(times)]


def test_a_fault_has_an_id_and_times():
    """The report says when it was set and when it will end by itself."""
    world = World()
    report = world.table.set(Delay(ms=5, ttl_ms=2000))
    assert (report.id, report.hits, report.ended) == ("fault-1", 0, "")
    assert report.set_at == 1_700_000_000_000
    assert report.ends_at == 1_700_000_002_000
    assert world.table.set(Delay(ms=5)).id == "fault-2"


def test_a_forgotten_fault_ends():
    """By its own time or by the default's, which is never above the limit."""
    world = World(default_ttl=Duration(300), max_ttl=Duration(10))
    world.set(Delay(ms=5, ttl_ms=2000))
    world.set(Delay(ms=5))
    world.clock.advance(1.9)
    assert len(world.table) == 2
    world.clock.advance(0.2)
    assert world.injector.ends == [("fault-1", "expired")]
    world.clock.advance(10)
    assert len(world.table) == 0
    assert len(world.table.of(Delay)) == 0


def test_the_last_of_its_hits_ends_it():
    """No hit beyond the count, and the end comes when whoever asked is through."""
    world = World()
    assert world.strikes(Delay(ms=5, count=2), 4) == [True, True, False, False]
    assert world.injector.ends == []
    world.clock.advance()
    assert world.injector.ends == [("fault-1", "spent")]
    assert world.table.counts == {"delay": 2}


def test_a_book_gap_hits_once_unless_told_otherwise():
    """A gap of one DIFF is a gap."""
    assert World().strikes(BookGap(), 3) == [True, False, False]
    assert World().strikes(BookGap(count=2), 3) == [True, True, False]


def test_chance_decides_and_repeats_with_its_seed():
    """One in four is about one in four, and the same ones for the same seed."""
    spec = Delay(ms=5, per_mille=250)
    hits = World(seed=3).strikes(spec, 400)
    assert hits == World(seed=3).strikes(spec, 400)
    assert hits != World(seed=4).strikes(spec, 400)
    assert 60 < sum(hits) < 140


def test_what_happens_once_is_over_at_once():
    """A drop without an interval needs no clearing."""
    world = World()
    assert world.table.set(Drop()).ended == "done"
    assert len(world.table) == 0
    assert world.injector.ends == [("fault-1", "done")]


def test_what_repeats_acts_at_its_interval_until_it_ends():
    """Now, and after each interval."""
    world = World()
    world.set(Drop(every_ms=100))
    world.clock.advance(0.35)
    assert len(world.injector.acts) == 4
    assert world.table.clear("fault-1") == ["fault-1"]
    world.clock.advance(1)
    assert len(world.injector.acts) == 4


def test_clearing_ends_one_or_a_kind_or_all():
    """Each tells its injector; an unknown id is said to be."""
    world = World()
    for spec in (Delay(ms=1), Delay(ms=2), Expire(), NodeUnhealthy()):
        world.set(spec)
    assert world.table.clear("fault-2") == ["fault-2"]
    assert world.table.clear(kind=Expire) == ["fault-3"]
    with pytest.raises(UnknownFaultError, match='no active fault has the id "fault-2"; did'):
        world.table.clear("fault-2")
    assert world.table.clear() == ["fault-1", "fault-4"]
    assert world.table.clear() == []
    world.clock.advance(10_000)
    assert world.injector.ends == [(f"fault-{n}", "cleared") for n in (2, 3, 1, 4)]


def test_the_number_of_active_faults_is_bounded():
    """One more is refused, and fits once another has ended."""
    world = World(max_active=2)
    for _ in range(2):
        world.set(Delay(ms=1))
    with pytest.raises(TooManyFaultsError, match="2 faults are active"):
        world.table.set(Delay(ms=1))
    world.table.clear("fault-1")
    world.set(Delay(ms=1))


def test_ended_faults_are_listed_for_a_while():
    """With their hits, and never more than so many."""
    world = World()
    for _ in range(ENDED_KEPT + 5):
        world.set(Delay(ms=1)).strikes()
        world.table.clear()
    active, ended = world.table.reports()
    assert active == []
    assert len(ended) == ENDED_KEPT
    assert {(report.hits, report.ended) for report in ended} == {(1, "cleared")}


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        (Delay(ms=0), "ms"),
        (Delay(ms=60_001), "ms"),
        (Delay(ms=10**400), "ms"),
        (Stall(ms=-1), "ms"),
        (Stall(ms=5, every_ms=9), "every_ms"),
        (Delay(ms=5, per_mille=0), "per_mille"),
        (Delay(ms=5, per_mille=1001), "per_mille"),
        (Delay(ms=5, count=-1), "count"),
        (Delay(ms=5, ttl_ms=3_600_001), "ttl_ms"),
        (Drop(code=1000), "code"),
        (Drop(code=5000), "code"),
        (Drop(reason="why"), "reason"),
        (Drop(code=4000, reason="é" * 61), "reason"),
        (Drop(target=Target(instrument="PAPER:BTC/USDT")), "target.instrument"),
        (Drop(target=Target(user="u" * 256)), "target.user"),
        (Expire(ms=999), "ms"),
        (Expire(target=Target(client="c")), "target.client"),
        (FeedUnhealthy(count=1), "count"),
        (NodeUnhealthy(target=Target(user="ann")), "target.user"),
        (BookGap(target=Target(instrument="unknown")), "target.instrument"),
        (Order(), ""),
        (Order(delay_ms=60_001), "delay_ms"),
        (Order(fill_permille=1001), "fill_permille"),
        (Order(reject="r" * 256), "reject"),
        (Order(reject="r", target=Target(user="ann")), "target.user"),
    ],
)
def test_what_is_out_of_bounds_is_refused(spec, field):
    """With the field, in a short sentence, and nothing is switched on."""
    world = World()
    with pytest.raises(FaultRequestError) as refused:
        world.table.set(spec)
    assert refused.value.field == field
    assert len(str(refused.value)) < 200
    assert len(world.table) == 0
    assert world.injector.acts == []


def test_every_kind_is_known_by_its_name():
    """The names on the wire and the types are the same table."""
    assert {name: kind_of(kind(**REQUIRED.get(name, {}))) for name, kind in KINDS.items()} == {
        name: name for name in KINDS
    }


REQUIRED = {"delay": {"ms": 1}, "stall": {"ms": 1}}
