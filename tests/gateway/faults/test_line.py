"""A line writes late, in order, everything: on an engine whose clock the tests move."""

from __future__ import annotations

import logging
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.config import FaultsConfig
from cadenza.gateway.faults.injection import FaultInjection
from cadenza.gateway.faults.specs import Delay, Drop, Expire, Stall, Target
from cadenza.gateway.faults.table import FaultTable
from cadenza.market.market import Market
from cadenza.protocol import codes
from cadenza.realtime import ClientOptions, ConnectReply, Handlers, Node, VirtualClock
from cadenza.realtime.duration import Duration
from cadenza.realtime.wire import JSON, Wire

WIRE = Wire("test", JSON, lambda messages: b"".join(message + b"\n" for message in messages))


class Transport:
    """Keeps what is written, and how it ended."""

    name = "test"
    wire = WIRE
    emulated = False
    frame_ping = True
    headers = {}  # noqa: RUF012 - never changed

    def __init__(self):
        self.written = []
        self.ended = None
        self.fails = False

    def write(self, data):
        assert self.ended is None, "written after the end"
        if self.fails:
            raise OSError("broken")
        self.written.append(data)

    def close(self, disconnect):
        self.ended = disconnect

    def abort(self):
        self.ended = "aborted"

    pause_reading = resume_reading = lambda self: None


class World:
    """A node with faults, and connected clients."""

    def __init__(self, **options):
        self.clock = VirtualClock()
        self.ended = []
        handlers = Handlers(
            connect=lambda event: ConnectReply(user=event.token),
            disconnected=lambda connection, end: self.ended.append(end.code),
        )
        table = FaultTable(FaultsConfig(enabled=True), self.clock, random.Random(1))
        self.node = Node(
            client=ClientOptions(presence_update_interval=Duration(0), **options),
            clock=self.clock,
            fault_counts=table.counts,
        )
        self.faults = FaultInjection(table, self.node, Market())
        self.node.handle(self.faults.handlers(handlers))

    def connect(self, user="ann"):
        transport = Transport()
        connection = self.node.connect(transport)
        connection.receive(b'{"id":1,"connect":{"token":"%s"}}' % user.encode())
        self.clock.advance()
        return connection, transport

    @property
    def lines(self):
        return self.faults.connections.lines


def numbers(count):
    return [b"%d" % number for number in range(count)]


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 4)),
        st.tuples(st.just("delay"), st.integers(1, 400)),
        st.tuples(st.just("clear"), st.just(0)),
        st.tuples(st.just("stall"), st.integers(1, 400)),
        st.tuples(st.just("pass"), st.integers(1, 500)),
        st.tuples(st.just("pause"), st.just(0)),
        st.tuples(st.just("resume"), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=100, deadline=None)
@given(OPERATIONS, st.booleans())
def test_everything_is_written_once_and_in_order(operations, ends):
    """Whatever is delayed, stalled or held back by a full transport meanwhile."""
    world = World()
    connection, transport = world.connect()
    transport.written.clear()
    written = 0
    for name, amount in operations:
        if name == "write":
            for _ in range(amount):
                connection.write(b"%d" % written)
                written += 1
        elif name == "delay":
            world.faults.table.set(Delay(ms=amount, per_mille=1 + amount * 2))
        elif name == "clear":
            world.faults.table.clear()
        elif name == "stall":
            world.faults.table.set(Stall(ms=amount))
        elif name == "pass":
            world.clock.advance(amount / 1000)
        elif name == "pause":
            connection.pause_writing()
        else:
            connection.resume_writing()
        assert transport.written == numbers(len(transport.written))
    if ends:
        connection.disconnect(codes.FORCE_RECONNECT)
        assert transport.ended == codes.FORCE_RECONNECT
    else:
        connection.resume_writing()
        world.faults.table.clear()
        world.clock.advance(5)
        assert world.lines == 0
        assert connection.transport is transport
    assert transport.written == numbers(written)


def test_a_delay_is_kept_to_the_millisecond():
    """Not before, and not later."""
    world = World()
    connection, transport = world.connect()
    world.faults.table.set(Delay(ms=200))
    transport.written.clear()
    connection.write(b"one")
    world.clock.advance(0.1)
    connection.write(b"two")
    world.clock.advance(0.099)
    assert transport.written == []
    world.clock.advance(0.001)
    assert transport.written == [b"one"]
    world.clock.advance(0.1)
    assert transport.written == [b"one", b"two"]


def test_who_connects_meanwhile_is_delayed_from_its_answer_on():
    """The connect reply is late as well."""
    world = World()
    world.faults.table.set(Delay(ms=200, target=Target(user="ann")))
    _, late = world.connect("ann")
    _, other = world.connect("bob")
    assert late.written == []
    assert len(other.written) == 1
    world.clock.advance(0.2)
    assert len(late.written) == 1
    assert world.lines == 1


@pytest.mark.parametrize(
    ("target", "hit"),
    [({}, True), ({"user": "ann"}, True), ({"user": "bob"}, False), ({"client": "x"}, False)],
)
def test_only_the_target_is_stalled(target, hit):
    """And the hit is counted for each connection."""
    world = World()
    connection, transport = world.connect()
    transport.written.clear()
    report = world.faults.table.set(Stall(ms=100, target=Target(**target)))
    connection.write(b"x")
    assert (report.hits, transport.written) == ((1, []) if hit else (0, [b"x"]))
    assert world.node.fault_counts == ({"stall": 1} if hit else {})
    world.clock.advance(0.1)
    assert transport.written == [b"x"]
    assert world.lines == 0


def test_a_client_for_which_too_much_waits_is_closed_as_slow():
    """Memory is bounded as for a client that does not read."""
    world = World(queue_max_size=1000)
    connection, transport = world.connect()
    transport.written.clear()
    world.faults.table.set(Stall(ms=1000))
    connection.write(b"x" * 999)
    assert connection.is_open
    connection.write(b"xx")
    assert transport.ended == codes.SLOW
    assert transport.written == []
    assert world.ended == [3008]
    world.clock.advance(2)
    assert transport.written == []
    assert world.lines == 0


def test_who_is_gone_leaves_nothing_waiting():
    """What waited for it is let go of, without a write."""
    world = World()
    connection, transport = world.connect()
    transport.written.clear()
    world.faults.table.set(Delay(ms=50_000))
    connection.write(b"x")
    line = connection.transport
    connection.lost()
    world.clock.advance()
    assert len(line._queue) == 0
    assert world.lines == 0
    world.clock.advance(60)
    assert transport.written == []


def test_one_broken_transport_does_not_stop_the_others(caplog):
    """It alone ends, as 3009."""
    world = World()
    connections = [world.connect() for _ in range(3)]
    world.faults.table.set(Stall(ms=100))
    for connection, transport in connections:
        transport.written.clear()
        connection.write(b"x")
    connections[1][1].fails = True
    with caplog.at_level(logging.ERROR):
        world.clock.advance(0.1)
    assert [transport.written for _, transport in connections] == [[b"x"], [], [b"x"]]
    assert world.ended == [3009]
    assert connections[1][1].ended == "aborted"


def test_a_drop_is_without_a_word_or_with_a_code():
    """0 aborts the transport; a code is told."""
    world = World()
    _, first = world.connect("ann")
    _, second = world.connect("bob")
    world.faults.table.set(Drop(target=Target(user="ann")))
    world.faults.table.set(Drop(code=4001, reason="move", target=Target(user="bob")))
    assert first.ended == "aborted"
    assert second.ended == (4001, "move")


def test_expired_connections_end_or_get_a_lifetime():
    """0 is 3005 now; otherwise the client is told how long it has."""
    world = World(expired_close_delay=Duration(1))
    first, _ = world.connect("ann")
    second, told = world.connect("bob")
    world.faults.table.set(Expire(target=Target(user="ann")))
    assert world.ended == [3005]
    assert not first.is_open
    world.faults.table.set(Expire(ms=2000, target=Target(user="bob")))
    world.clock.advance()
    assert told.written[-1] == b'{"push":{"refresh":{"expires":true,"ttl":2}}}\n'
    world.clock.advance(2.9)
    assert second.is_open
    world.clock.advance(0.2)
    assert world.ended == [3005, 3005]
