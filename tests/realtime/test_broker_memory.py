"""The broker's contract on the memory broker, bare and at the far end of a slow line."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.protocol.messages import Publication, payload
from cadenza.realtime import VirtualClock
from cadenza.realtime.broker import PublishOptions
from cadenza.realtime.broker_memory import MemoryBroker
from cadenza.realtime.eager import settle
from cadenza.realtime.stream import HistoryFilter
from support.realtime.broker_contract import META_TTL, BrokerContract, BrokerLine, Recorder
from support.realtime.slow_services import AsyncBroker


async def make_line(broker_type: type) -> BrokerLine:
    clock, node = VirtualClock(), Recorder()
    broker = broker_type(clock, random.Random(1))

    async def advance(seconds: float) -> None:
        clock.advance(seconds)
        for _ in range(10):
            await asyncio.sleep(0)

    await settle(broker.start(node))
    return BrokerLine(broker, node, advance)


class TestMemoryBroker(BrokerContract):
    @pytest.fixture
    async def line(self) -> BrokerLine:
        return await make_line(MemoryBroker)


class TestAsyncBroker(BrokerContract):
    @pytest.fixture
    async def line(self) -> BrokerLine:
        return await make_line(AsyncBroker)


HOW = PublishOptions(history_size=5, history_ttl=10.0, history_meta_ttl=META_TTL)
KEYED = PublishOptions(
    history_size=5, history_ttl=10.0, history_meta_ttl=META_TTL, idempotency_key="k"
)


def test_the_answer_comes_at_once():
    broker = MemoryBroker(VirtualClock())
    assert broker.publish("c", Publication(data=payload(b"1")), HOW).position.offset == 1


def test_expired_publications_are_released_without_being_read():
    """Also when something that lives much longer was there first."""
    clock = VirtualClock()
    broker = MemoryBroker(clock)
    broker.history("other", HistoryFilter(), 10_000.0)
    clock.advance(5)
    broker.publish("c", Publication(data=payload(b"1")), HOW)
    clock.advance(12)
    assert not broker._streams["c"].publications


def test_expired_idempotency_keys_are_released():
    clock = VirtualClock()
    broker = MemoryBroker(clock)
    broker.history("other", HistoryFilter(), 10_000.0)
    clock.advance(5)
    broker.publish("c", Publication(data=payload(b"1")), KEYED)
    clock.advance(302)
    assert broker._results == {}


def test_everything_is_released_in_the_end():
    clock = VirtualClock()
    broker = MemoryBroker(clock)
    for channel in ("a", "b"):
        broker.publish(channel, Publication(data=payload(b"1")), KEYED)
    broker.history("c", HistoryFilter(), 50.0)
    clock.advance(400)
    assert (broker._streams, broker._results, broker._expiries) == ({}, {}, [])
    assert clock.pending == 0


def test_a_stream_that_is_published_to_for_long_costs_no_more_than_another():
    """What is to be looked at later does not pile up."""
    clock = VirtualClock()
    broker = MemoryBroker(clock)
    for _ in range(200):
        broker.publish("c", Publication(data=payload(b"1")), HOW)
        clock.advance(15)
    assert len(broker._expiries) <= 2


def test_publications_that_are_renewed_are_kept():
    clock = VirtualClock()
    broker = MemoryBroker(clock)
    for _ in range(5):
        broker.publish("c", Publication(data=payload(b"1")), HOW)
        clock.advance(9)
    assert len(broker.history("c", HistoryFilter(-1), META_TTL).publications) == 5


def test_closing_leaves_no_timer():
    clock = VirtualClock()
    broker = MemoryBroker(clock)
    broker.publish("c", Publication(data=payload(b"1")), HOW)
    broker.close()
    assert clock.pending == 0


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("publish"), st.sampled_from([3.0, 10.0, 40.0])),
            st.tuples(st.just("read"), st.just(0.0)),
            st.tuples(st.just("wait"), st.sampled_from([0.5, 2.0, 9.0, 30.0, 120.0])),
        ),
        max_size=30,
    )
)
def test_a_sweep_never_changes_what_is_read(steps: list[tuple[str, float]]):
    """A stream that is swept and a naive one that only remembers times say the same."""
    clock = VirtualClock()
    broker = MemoryBroker(clock, random.Random(1))
    offset, stored, expires, meta_expires = 0, [], 0.0, 0.0
    for step, value in steps:
        now = clock.monotonic()
        if step == "wait":
            clock.advance(value)
            continue
        if meta_expires <= now:
            offset, stored = 0, []
        elif expires <= now:
            stored = []
        meta_expires = now + 60.0
        if step == "publish":
            how = PublishOptions(history_size=3, history_ttl=value, history_meta_ttl=60.0)
            broker.publish("c", Publication(data=payload(b"1")), how)
            offset += 1
            stored = [*stored, offset][-3:]
            expires = now + value
        page = broker.history("c", HistoryFilter(-1), 60.0)
        assert ([found.offset for found in page.publications], page.top.offset) == (stored, offset)
