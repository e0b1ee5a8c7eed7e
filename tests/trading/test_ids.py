"""Ids: UUIDs of version 7 that rise, whatever the clock does."""

from __future__ import annotations

import random
import uuid

import hypothesis.strategies as st
from hypothesis import given

from cadenza.trading.ids import RisingIds


@given(steps=st.lists(st.sampled_from([0, 0, 0, 1, 2, -5, 1000]), min_size=1, max_size=300))
def test_ids_rise_and_are_uuids(steps):
    """Also while the clock stands or is set back."""
    clock = [1_700_000_000_000]
    ids = RisingIds(lambda: clock[0], random.Random(1).randbytes)
    made = []
    for step in steps:
        clock[0] += step
        made.append(ids())
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    for text in made:
        found = uuid.UUID(text)
        assert (str(found), found.version, found.variant) == (text, 7, uuid.RFC_4122)


def test_more_than_a_counter_holds_go_on_in_the_next_millisecond():
    """Twelve bits of them, and still in order."""
    ids = RisingIds(lambda: 1000, random.Random(1).randbytes)
    made = [ids() for _ in range(10_000)]
    assert made == sorted(made)
    assert {int(text[:8] + text[9:13], 16) for text in made} == {1000, 1001, 1002}


def test_an_id_says_when_it_was_made():
    """The first 48 bits are milliseconds."""
    text = RisingIds(lambda: 1_700_000_000_123)()
    assert int(text[:8] + text[9:13], 16) == 1_700_000_000_123
