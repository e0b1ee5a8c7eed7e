"""What goes out in a turn: to each exactly what it should get, in the order of all messages."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cadenza.realtime import VirtualClock
from cadenza.realtime.outbox import BATCH_LIMIT, Batch, Group, Outbox
from support.realtime.engine_world import JSON_WIRE

GROUPS, RECIPIENTS = 3, 4


class Recipient:
    """As much of a connection as the outbox sees."""

    def __init__(self) -> None:
        self.wire = JSON_WIRE
        self.parts: list[Batch] = []
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        assert data
        self.written.append(data)

    def read(self) -> list[bytes]:
        return b"".join(self.written).splitlines()


def join(outbox: Outbox, group: Group, recipient: Any) -> None:
    outbox.settle(group)
    group.members[recipient] = None


def leave(outbox: Outbox, group: Group, recipient: Any) -> None:
    if recipient in group.members:
        outbox.settle(group)
        del group.members[recipient]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["post", "post", "send", "send", "join", "join", "leave", "flush", "turn"]),
        st.integers(0, GROUPS - 1),
        st.integers(0, RECIPIENTS - 1),
    ),
    max_size=80,
)


@given(STEPS)
def test_everybody_gets_its_messages_in_the_order_of_all(steps: list[tuple[str, int, int]]):
    """Random posts, sends, joins and leaves over several groups, against a naive log."""
    clock = VirtualClock()
    outbox = Outbox(clock)
    groups = [Group(JSON_WIRE) for _ in range(GROUPS)]
    recipients: list[Any] = [Recipient() for _ in range(RECIPIENTS)]
    wanted: dict[int, list[bytes]] = defaultdict(list)
    sent = 0
    for number, (step, at, to) in enumerate(steps):
        group, recipient, message = groups[at], recipients[to], b"%d" % number
        if step == "post":
            outbox.post(group, message)
            for member in group.members:
                wanted[recipients.index(member)].append(message)
                sent += 1
        elif step == "send":
            outbox.send(recipient, message)
            wanted[to].append(message)
            sent += 1
        elif step == "join":
            join(outbox, group, recipient)
        elif step == "leave":
            leave(outbox, group, recipient)
        elif step == "flush":
            outbox.flush()
        else:
            clock.advance()
    clock.advance()
    assert [recipient.read() for recipient in recipients] == [
        wanted[number] for number in range(RECIPIENTS)
    ]
    assert outbox.messages_sent == sent


def test_one_write_a_turn_and_one_framing_a_group():
    """Members of one group are written the very same bytes."""
    clock = VirtualClock()
    outbox, group = Outbox(clock), Group(JSON_WIRE)
    first, second = Recipient(), Recipient()
    for recipient in (first, second):
        join(outbox, group, recipient)
    for number in range(3):
        outbox.post(group, b"%d" % number)
    assert first.written == []
    clock.advance()
    assert len(first.written) == len(second.written) == 1
    assert first.written[0] is second.written[0]


def test_a_large_batch_does_not_wait_for_the_end_of_the_turn():
    outbox, recipient = Outbox(VirtualClock()), Recipient()
    outbox.send(recipient, b"small")
    outbox.send(recipient, b"x" * BATCH_LIMIT)
    assert recipient.read() == [b"small", b"x" * BATCH_LIMIT]


def test_a_large_group_batch_goes_out_in_order_too():
    clock = VirtualClock()
    outbox, group, recipient = Outbox(clock), Group(JSON_WIRE), Recipient()
    join(outbox, group, recipient)
    outbox.send(recipient, b"reply")
    outbox.post(group, b"x" * (BATCH_LIMIT + 1))
    outbox.send(recipient, b"after")
    clock.advance()
    assert [len(message) for message in recipient.read()] == [5, BATCH_LIMIT + 1, 5]


def test_what_is_sent_while_flushing_goes_out_in_the_next_turn():
    """A write may end a connection, of which others are told."""
    clock = VirtualClock()
    outbox = Outbox(clock)
    first, second = Recipient(), Recipient()
    write = first.write

    def write_and_tell(data: bytes) -> None:
        write(data)
        if len(first.written) == 1:
            outbox.send(second, b"told")
            outbox.send(first, b"again")

    first.write = write_and_tell  # type: ignore[method-assign]  # a connection's is replaced too
    outbox.send(first, b"1")
    outbox.send(second, b"2")
    clock.advance()
    assert first.read() == [b"1", b"again"]
    assert second.read() == [b"2", b"told"]


def test_a_post_to_nobody_is_harmless():
    clock = VirtualClock()
    outbox = Outbox(clock)
    outbox.post(Group(JSON_WIRE), b"x")
    clock.advance()
    assert outbox.messages_sent == 0


def test_a_broken_transport_costs_the_others_nothing() -> None:
    """Who cannot be written to is dropped; everybody else in the turn is written to."""

    class Broken(Recipient):
        client = "broken"
        dropped = 0

        def write(self, data: bytes) -> None:
            raise OSError("no such transport")

        def broken(self) -> None:
            self.dropped += 1

    clock = VirtualClock()
    outbox, group = Outbox(clock), Group(JSON_WIRE)
    before, broken, after = Recipient(), Broken(), Recipient()
    members: list[Any] = [before, broken, after]
    for member in members:
        join(outbox, group, member)
    outbox.post(group, b"1")
    clock.advance()
    outbox.post(group, b"2")
    clock.advance()
    assert before.read() == after.read() == [b"1", b"2"]
    assert broken.dropped == 2, "told each time; a connection ends at the first"
